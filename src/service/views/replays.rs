//! Deliveries that are made once more, one by one or as a job.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::view;
use crate::service::Timestamp;
use crate::store::State;

/// How a delivery is made once more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum ReplayKind {
    /// The same bytes, with a fresh signature.
    Exact,
    /// With today's template and configuration.
    Rerender,
}

view! {
    /// A delivery that is made once more.
    Replayed {
        /// The delivery that is repeated.
        of: String,
        /// The new delivery.
        delivery: String,
        /// For a rerender: how the body differs from what was sent, line by line; empty when it does not.
        diff: Option<String>,
    }
}

/// Which deliveries a replay job is about, as it is asked for and kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RangeOfReplays {
    /// Of this subscription alone.
    #[serde(default)]
    pub subscription: Option<String>,
    /// In these states: `dead`, `delivered`, `cancelled`. Dead letters when empty.
    #[serde(default)]
    pub states: Vec<State>,
    /// Of events received at or after this moment, in milliseconds since 1970.
    #[serde(default)]
    pub from: Option<i64>,
    /// Of events received before this moment.
    #[serde(default)]
    pub until: Option<i64>,
    /// How they are made.
    pub kind: ReplayKind,
    /// Deliveries a second, at most.
    #[serde(default)]
    pub rate: Option<u32>,
    /// Only counts.
    #[serde(default)]
    pub dry_run: bool,
}

/// Where a replay job stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum JobState {
    /// It is written down.
    Accepted,
    /// It is at work.
    Running,
    /// It is through.
    Completed,
    /// It gave up.
    Failed,
}

/// How far a replay job is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct JobProgress {
    /// Deliveries of the range when the job began; unknown until they are counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total: Option<u64>,
    /// Deliveries that were looked at and are of the range.
    pub matched: u64,
    /// Deliveries that are made once more.
    pub replayed: u64,
    /// Deliveries that could not be.
    pub skipped: u64,
}

view! {
    /// Which deliveries a replay job is about.
    RangeView {
        /// Of this subscription alone.
        subscription: Option<String>,
        /// In these states; dead letters when empty.
        #[schema(value_type = Vec<String>)]
        states: Vec<State>,
        /// Of events received at or after this moment.
        from: Option<Timestamp>,
        /// Of events received before this moment.
        until: Option<Timestamp>,
        /// How they are made.
        kind: ReplayKind,
        /// Deliveries a second, at most.
        rate: Option<u32>,
        /// Only counts.
        dry_run: bool,
    }
}

impl From<&RangeOfReplays> for RangeView {
    fn from(range: &RangeOfReplays) -> Self {
        RangeView {
            subscription: range.subscription.clone(),
            states: range.states.clone(),
            from: range.from.map(Timestamp),
            until: range.until.map(Timestamp),
            kind: range.kind,
            rate: range.rate,
            dry_run: range.dry_run,
        }
    }
}

view! {
    /// A replay job.
    JobView {
        /// Its id.
        id: String,
        /// What it is about.
        range: RangeView,
        /// Where it stands.
        state: JobState,
        /// How far it is.
        progress: JobProgress,
        /// When it was asked for.
        created: Timestamp,
        /// Why it gave up.
        error: Option<String>,
    }
}
