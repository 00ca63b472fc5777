//! What went wrong, as callers read it: `application/problem+json` (RFC 9457), the fields by name.
//!
//! One sentence for the caller; what is for the log alone never gets in here.

use std::borrow::Cow;

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use crate::service::{FieldMistake, ServiceError};
use crate::source::RejectionKind;
use crate::store::{StoreError, Unavailable};

/// An error, as callers read it. Boxed, because every good answer would make room for it otherwise.
#[derive(Debug, Clone)]
pub(super) struct Problem(Box<Told>);

/// An error, as callers read it.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Told {
    /// Names the kind of problem: `urn:flagpost:problem:invalid`.
    #[serde(rename = "type")]
    kind: String,
    /// The kind in words.
    title: &'static str,
    /// The status of the answer.
    status: u16,
    /// What is wrong this time.
    detail: String,
    /// How to mend it.
    #[serde(skip_serializing_if = "Option::is_none")]
    help: Option<String>,
    /// What was asked for; the id of the request stands behind `#`.
    #[serde(skip_serializing_if = "Option::is_none")]
    instance: Option<String>,
    /// Every mistake, by field.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<FieldMistake>,
    /// The same in the words of Kong's management API, where that is spoken.
    #[serde(rename = "invalid_parameters", skip_serializing_if = "Vec::is_empty")]
    invalid_parameters: Vec<InvalidParameter>,
    #[serde(skip)]
    retry_after: Option<u64>,
    #[serde(skip)]
    challenge: bool,
}

/// A mistake in the words of Kong's management API.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(super) struct InvalidParameter {
    /// The field.
    field: String,
    /// What is wrong with it.
    reason: String,
}

impl Problem {
    pub(super) fn new(status: StatusCode, kind: &str, title: &'static str, detail: impl Into<String>) -> Self {
        Problem(Box::new(Told {
            kind: format!("urn:flagpost:problem:{kind}"),
            title,
            status: status.as_u16(),
            detail: detail.into(),
            help: None,
            instance: None,
            errors: Vec::new(),
            invalid_parameters: Vec::new(),
            retry_after: None,
            challenge: false,
        }))
    }

    pub(super) fn invalid(mistakes: Vec<FieldMistake>) -> Self {
        let detail = match mistakes.as_slice() {
            [only] if only.pointer.is_empty() => only.message.clone(),
            [only] => format!("`{}`: {}", only.pointer, only.message),
            _ => format!("{} fields cannot be used", mistakes.len()),
        };
        let help = match mistakes.as_slice() {
            [only] => only.help.clone(),
            _ => None,
        };
        let mut problem = Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid", "not valid", detail);
        (problem.0.errors, problem.0.help) = (mistakes, help);
        problem
    }

    /// What it tells.
    pub(super) fn detail(&self) -> &str {
        &self.0.detail
    }

    pub(super) fn malformed(detail: impl Into<String>) -> Self {
        Problem::new(StatusCode::BAD_REQUEST, "malformed", "cannot be read", detail)
    }

    pub(super) fn parameter(name: &str, message: impl Into<String>) -> Self {
        let mistake = FieldMistake::new(format!("?{name}"), message);
        let mut problem = Problem::invalid(vec![mistake]);
        problem.0.status = 400;
        problem
    }

    pub(super) fn not_found(detail: impl Into<String>) -> Self {
        Problem::new(StatusCode::NOT_FOUND, "not-found", "not found", detail)
    }

    pub(super) fn conflict(detail: impl Into<String>) -> Self {
        Problem::new(StatusCode::CONFLICT, "conflict", "does not go together", detail)
    }

    pub(super) fn unauthenticated(detail: impl Into<String>) -> Self {
        let mut problem =
            Problem::new(StatusCode::UNAUTHORIZED, "unauthenticated", "who is asking is not known", detail);
        problem.0.challenge = true;
        problem
    }

    pub(super) fn forbidden(detail: impl Into<String>) -> Self {
        Problem::new(StatusCode::FORBIDDEN, "forbidden", "not allowed", detail)
    }

    pub(super) fn too_large(limit: usize) -> Self {
        let detail = format!("the body has more than {limit} bytes");
        Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too-large", "too large", detail)
    }

    pub(super) fn too_many(seconds: u64) -> Self {
        let detail = "more requests a second than this server takes of one client";
        let mut problem = Problem::new(StatusCode::TOO_MANY_REQUESTS, "too-many", "too many requests", detail);
        problem.0.retry_after = Some(seconds.max(1));
        problem
    }

    pub(super) fn unavailable(detail: impl Into<String>) -> Self {
        let mut problem = Problem::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", "not at the moment", detail);
        problem.0.retry_after = Some(1);
        problem
    }

    pub(super) fn timed_out() -> Self {
        let detail = "the request took longer than this server gives it";
        Problem::new(StatusCode::REQUEST_TIMEOUT, "timed-out", "took too long", detail)
    }

    pub(super) fn internal() -> Self {
        let detail = "something broke on this side; the log tells more under the id of the request";
        Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "broken", detail)
    }

    pub(super) fn method_not_allowed() -> Self {
        let detail = "this resource does not answer to that method; the header `Allow` names those it does";
        Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method-not-allowed", "method not allowed", detail)
    }

    #[must_use]
    pub(super) fn help(mut self, help: impl Into<String>) -> Self {
        self.0.help = Some(help.into());
        self
    }

    /// Says the mistakes in the words of Kong's management API as well.
    #[must_use]
    pub(super) fn for_kong(mut self) -> Self {
        let named = self.0.errors.iter().map(|mistake| InvalidParameter {
            field: mistake.pointer.trim_start_matches('/').to_owned(),
            reason: mistake.message.clone(),
        });
        self.0.invalid_parameters = named.collect();
        self
    }

    /// As callers read it.
    #[cfg(test)]
    pub(super) fn json(&self) -> serde_json::Value {
        serde_json::to_value(&self.0).expect("a problem is JSON")
    }

    /// Names what was asked for.
    #[must_use]
    pub(super) fn of_request(mut self, path: &str, id: &str) -> Self {
        self.0.instance = Some(format!("{path}#{id}"));
        self
    }
}

impl PartialSchema for Problem {
    fn schema() -> RefOr<Schema> {
        Told::schema()
    }
}

impl ToSchema for Problem {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("Problem")
    }

    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        Told::schemas(schemas);
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.0.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let (retry_after, challenge) = (self.0.retry_after, self.0.challenge);
        let mut response = (status, Json(&self.0)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if let Some(seconds) = retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if challenge {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        // The middleware names the request in it: it knows the path and the id, and the handler need not.
        response.extensions_mut().insert(self);
        response
    }
}

impl From<ServiceError> for Problem {
    fn from(error: ServiceError) -> Self {
        let sentence = error.to_string();
        match error {
            ServiceError::NotFound { help, .. } => {
                let problem = Problem::not_found(sentence);
                match help {
                    Some(near) => problem.help(format!("did you mean `{near}`?")),
                    None => problem,
                }
            }
            ServiceError::Conflict(_) => Problem::conflict(sentence),
            ServiceError::Invalid(mistakes) => Problem::invalid(mistakes),
            ServiceError::Unavailable(error) => Problem::from(error),
            ServiceError::Rejected(rejection) => match rejection.kind() {
                RejectionKind::Unauthenticated => Problem::unauthenticated(sentence),
                RejectionKind::TooLarge => {
                    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too-large", "too large", sentence)
                }
                RejectionKind::Unsupported => {
                    Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported", "cannot be unpacked", sentence)
                }
                RejectionKind::Malformed => Problem::malformed(sentence),
            },
            ServiceError::Refused(_) => Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "refused", "not done", sentence),
            ServiceError::Broken(why) => {
                tracing::error!(error = %why, "the service broke: {why}");
                Problem::internal()
            }
        }
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        if let StoreError::Unavailable { kind, detail } = &error {
            // The request that meets it is told with this sentence, at most once a second.
            tracing::debug!(store.kind = %kind, store.detail = %detail, "the store takes nothing: {kind}: {detail}");
            let problem = Problem::unavailable(error.to_string());
            return match kind {
                Unavailable::Full => problem.help(
                    "make room on the disk of the data folder, shorten retention or raise `store_bytes`; \
                     what was refused can be sent again",
                ),
                Unavailable::ReadOnly => problem.help("let the server write to its data folder; then send it again"),
                Unavailable::Failing => problem.help("look after the disk of the data folder; then send it again"),
                Unavailable::Busy | Unavailable::Overloaded => problem.help("send it again in a moment"),
            };
        }
        match error {
            StoreError::Closed => Problem::unavailable("the server is stopping"),
            error => {
                tracing::error!(error = %error, "the store broke: {error}");
                Problem::internal()
            }
        }
    }
}
