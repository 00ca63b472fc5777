//! Events, and what was decided about each.

use serde::Serialize;
use utoipa::ToSchema;

use super::deliveries::DeliveryView;
use super::view;
use crate::service::Timestamp;
use crate::store::VerdictKind;

view! {
    /// An event in a list.
    EventSummaryView {
        /// Its number.
        event: String,
        /// Its source.
        source: String,
        /// Its id there.
        id: String,
        /// When it came in.
        received: Timestamp,
        /// When it happened, if it says.
        occurred: Option<Timestamp>,
        /// What was decided, by subscription.
        verdicts: Vec<VerdictView>,
        /// How many other subscriptions were asked, and have nothing that allows it.
        unlisted: u32,
    }
}

view! {
    /// An event with all that is known about it.
    EventDetail {
        /// As in lists, with a verdict for every subscription that was there: `unlisted` are those that are gone.
        #[serde(flatten)]
        summary: EventSummaryView,
        /// SHA-256 of what makes it what it is.
        digest: String,
        /// Its bytes as they came, as text.
        raw: String,
        /// The event as templates see it.
        #[schema(value_type = Object)]
        context: serde_json::Value,
        /// Its deliveries, replays included.
        deliveries: Vec<DeliveryView>,
        /// Whether it has more deliveries than are listed here; `/v1/deliveries?event=` pages through all.
        deliveries_truncated: bool,
        /// What came later with the same id and other bytes.
        conflicts: Vec<ConflictView>,
    }
}

view! {
    /// What was decided for one subscription.
    VerdictView {
        /// The subscription.
        subscription: String,
        /// Its version at that moment.
        version: u32,
        /// The decision.
        #[schema(value_type = String)]
        verdict: Verdict,
        /// The statement that denied it, counted from 1.
        statement: Option<u32>,
        /// What the template engine said.
        message: Option<String>,
    }
}

/// A verdict that prints its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verdict(pub VerdictKind);

impl Verdict {
    /// `sent`, `denied`, `no-allow`, `no-template`, `empty-body`, `render-error`, `paused`.
    pub fn name(self) -> &'static str {
        match self.0 {
            VerdictKind::Sent => "sent",
            VerdictKind::Denied => "denied",
            VerdictKind::NoAllow => "no-allow",
            VerdictKind::NoTemplate => "no-template",
            VerdictKind::EmptyBody => "empty-body",
            VerdictKind::RenderError => "render-error",
            VerdictKind::Paused => "paused",
        }
    }
}

impl Serialize for Verdict {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

view! {
    /// Bytes that came with an id that other bytes had taken.
    ConflictView {
        /// When they came first.
        received: Timestamp,
        /// Their SHA-256.
        digest: String,
        /// The bytes, as text.
        raw: String,
    }
}
