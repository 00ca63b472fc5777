//! Why the service did not do what it was asked.

use serde::Serialize;

use crate::source::Rejection;
use crate::store::StoreError;

/// One mistake in what was handed in, with the field that holds it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct FieldMistake {
    /// JSON pointer of the field, as in `/formValues/apiToken`; empty for the whole.
    pub pointer: String,
    /// What is wrong: lower case, no full stop, the user's words in backticks.
    pub message: String,
    /// How to mend it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
}

impl FieldMistake {
    /// A mistake without a remedy.
    pub fn new(pointer: impl Into<String>, message: impl Into<String>) -> Self {
        FieldMistake { pointer: pointer.into(), message: message.into(), help: None }
    }

    /// Adds the remedy.
    #[must_use]
    pub fn help(self, help: impl Into<Option<String>>) -> Self {
        FieldMistake { help: help.into(), ..self }
    }
}

/// Why the service did not do what it was asked. Nothing of the request has happened then.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ServiceError {
    /// There is nothing of that name.
    #[error("there is no {what} `{name}`")]
    NotFound {
        /// `subscription`, `event`, `delivery`, `source`, `job`.
        what: &'static str,
        /// What was asked for.
        name: String,
        /// The name that was probably meant.
        help: Option<String>,
    },
    /// It does not go together with what is there.
    #[error("{0}")]
    Conflict(String),
    /// What was handed in is wrong: every mistake.
    #[error("{} of what was handed in cannot be used", count(.0.len()))]
    Invalid(Vec<FieldMistake>),
    /// The store takes nothing at the moment; the same may succeed later.
    #[error("{0}")]
    Unavailable(StoreError),
    /// A source refuses the request.
    #[error("{0}")]
    Rejected(Rejection),
    /// It is not done, for the reason given: a receiver that refused a test, a service that stops.
    #[error("{0}")]
    Refused(String),
    /// What is kept cannot be read: a fault of this program, of the disk or of the key.
    #[error("{0}")]
    Broken(String),
}

fn count(mistakes: usize) -> String {
    if mistakes == 1 { "a field".to_owned() } else { format!("{mistakes} fields") }
}

impl ServiceError {
    pub(super) fn not_found(what: &'static str, name: impl ToString) -> Self {
        ServiceError::NotFound { what, name: name.to_string(), help: None }
    }
}

impl From<StoreError> for ServiceError {
    fn from(error: StoreError) -> Self {
        match &error {
            StoreError::Unavailable { .. } | StoreError::Closed => ServiceError::Unavailable(error),
            StoreError::UnknownSubscription(id) => ServiceError::not_found("subscription", id),
            StoreError::UnknownDelivery(key) => ServiceError::not_found("delivery", key.number()),
            StoreError::StillWaiting(_) | StoreError::Changed { .. } | StoreError::TooManyDeliveries(_) => {
                ServiceError::Conflict(error.to_string())
            }
            _ => ServiceError::Broken(error.to_string()),
        }
    }
}

impl From<Rejection> for ServiceError {
    fn from(rejection: Rejection) -> Self {
        ServiceError::Rejected(rejection)
    }
}
