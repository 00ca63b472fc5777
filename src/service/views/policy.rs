//! What a policy would have done.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::view;
use crate::service::Timestamp;

/// Which past events a policy is tried on.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PolicyRange {
    /// Of this source alone.
    #[serde(default)]
    pub source: Option<String>,
    /// Received at or after this moment, in milliseconds since 1970.
    #[serde(default)]
    pub from: Option<i64>,
    /// Received before this moment.
    #[serde(default)]
    pub until: Option<i64>,
    /// The newest so many; 1,000 when absent, 10,000 at most.
    #[serde(default)]
    pub limit: Option<usize>,
}

view! {
    /// What a policy would have done.
    DryRun {
        /// Events that it was tried on.
        events: usize,
        /// Those it allows.
        allowed: usize,
        /// Those it denies.
        denied: usize,
        /// Those that no statement allows.
        unmatched: usize,
        /// What it decides on each, newest first.
        decisions: Vec<DryDecision>,
    }
}

view! {
    /// What a policy would have decided on one event.
    DryDecision {
        /// The event.
        event: String,
        /// When it came in.
        received: Timestamp,
        /// What would have been decided.
        #[schema(value_type = String)]
        verdict: crate::policy::Verdict,
        /// The statement that decided, counted from 1.
        statement: Option<usize>,
        /// The resource that decided.
        resource: String,
        /// The action that was decided on.
        action: String,
        /// Why, in one sentence.
        reason: String,
    }
}
