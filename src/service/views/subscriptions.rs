//! Subscriptions: what was wanted, what is observed, what a test sent.

use serde::Serialize;
use utoipa::ToSchema;

use super::deliveries::HeaderView;
use super::view;
use crate::service::{FieldMistake, MaskedDocument, Timestamp};

view! {
    /// A subscription: what was wanted, and what is observed.
    SubscriptionView {
        /// Its name.
        id: String,
        /// Counts its changes.
        version: u32,
        /// What was asked for, secrets masked.
        #[serde(flatten)]
        #[schema(value_type = Object)]
        document: MaskedDocument,
        /// How it fares.
        status: StatusView,
    }
}

view! {
    /// What a change of a subscription did.
    PutReport {
        /// Whether it is new.
        created: bool,
        /// The subscription as it is now.
        subscription: SubscriptionView,
        /// The test that was asked for.
        test: Option<TestReport>,
    }
}

/// What is observed of a subscription.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Observed {
    /// It is served.
    Active,
    /// Its receiver fails.
    Failing,
    /// It is switched off.
    Paused,
    /// It cannot be served as it is configured.
    Unconfigured,
}

/// Whether a receiver is left alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Breaker {
    /// It is served.
    Closed,
    /// It is left alone for a while.
    Open,
    /// One attempt is made to see whether it is well again.
    HalfOpen,
}

view! {
    /// How a subscription fares.
    StatusView {
        /// Whether it is switched on.
        enabled: bool,
        /// Why it was switched off, if someone said.
        reason: Option<String>,
        /// What is observed.
        observed: Observed,
        /// What keeps it from being served, when it is unconfigured.
        mistakes: Vec<FieldMistake>,
        /// Status of the last answer.
        last_code: Option<u16>,
        /// When the last attempt was made.
        last_attempt: Option<Timestamp>,
        /// When the last successful attempt was made.
        last_success: Option<Timestamp>,
        /// Failed attempts since the last successful one.
        failures_in_a_row: u32,
        /// Deliveries that wait.
        waiting: u64,
        /// Deliveries that arrived.
        delivered: u64,
        /// Dead letters.
        dead: u64,
        /// Deliveries that were called off.
        cancelled: u64,
        /// When the oldest event was received that waits.
        oldest_undelivered: Option<Timestamp>,
        /// How long that is ago, in seconds.
        oldest_undelivered_age: Option<u64>,
        /// When the next attempt is due, as far as known.
        next_attempt: Option<Timestamp>,
        /// Whether the receiver is left alone.
        breaker: Breaker,
        /// How many attempts may be made at once at the moment.
        concurrency: u32,
        /// Digest of the integration version in use.
        integration_version: Option<String>,
        /// Whether that is the newest.
        integration_current: bool,
    }
}

view! {
    /// What a test sent, and what came back.
    TestReport {
        /// Whether the receiver took it.
        succeeded: bool,
        /// What was sent, secrets masked; absent when nothing could be sent.
        sent: Option<SentView>,
        /// The answer's status.
        status: Option<u16>,
        /// The answer's headers, when the integration shows answers.
        headers: Vec<HeaderView>,
        /// The beginning of the answer's body, when the integration shows answers.
        body: Option<String>,
        /// What went wrong.
        error: Option<String>,
        /// What to do about it.
        help: Option<String>,
        /// How long it took, in milliseconds.
        took_ms: f64,
    }
}

view! {
    /// A request, secrets masked.
    SentView {
        /// Method.
        method: String,
        /// Address.
        url: String,
        /// Headers in the order they are sent.
        headers: Vec<HeaderView>,
        /// Body.
        body: String,
    }
}
