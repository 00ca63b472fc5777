//! What became of what a source handed in, and the sources themselves.

use serde::Serialize;
use utoipa::ToSchema;

use super::view;

view! {
    /// What became of a request of a source.
    TakeReport {
        /// The entries that were events, in the order they came.
        events: Vec<Taken>,
        /// The entries that could not be used.
        failures: Vec<FailureView>,
    }
}

view! {
    /// What became of one event.
    Taken {
        /// Its number here.
        event: String,
        /// Its id at its source.
        id: String,
        /// `accepted`, `seen` or `conflict`.
        outcome: EventOutcome,
        /// Deliveries that were made for it now.
        deliveries: u32,
    }
}

/// What became of an event that was handed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum EventOutcome {
    /// It is new.
    Accepted,
    /// It came before; nothing was added.
    Seen,
    /// Other bytes came with this id before; it is kept beside them and not delivered.
    Conflict,
}

view! {
    /// An entry that could not be used.
    FailureView {
        /// Which entry, from 0.
        index: usize,
        /// The line it starts on, from 1.
        line: usize,
        /// What is wrong with it.
        reason: String,
    }
}

view! {
    /// A configured source.
    SourceView {
        /// Its name in addresses.
        key: String,
        /// Whose format it takes.
        kind: &'static str,
        /// What it checks of each request; empty: it believes everyone who can reach it.
        verification: Vec<String>,
    }
}
