//! Deliveries and their attempts.

use serde::Serialize;
use utoipa::ToSchema;

use super::view;
use crate::service::Timestamp;
use crate::store::State;

view! {
    /// A header.
    HeaderView {
        /// Its name.
        name: String,
        /// Its value.
        value: String,
    }
}

view! {
    /// A delivery.
    DeliveryView {
        /// Its number.
        delivery: String,
        /// Its event.
        event: String,
        /// To whom.
        subscription: String,
        /// The subscription's version it is rendered with.
        subscription_version: u32,
        /// The integration's version it is rendered with.
        integration_version: String,
        /// Where it stands.
        #[schema(value_type = String)]
        state: State,
        /// How many attempts were made.
        attempts: u32,
        /// When the next attempt is due.
        next_attempt: Option<Timestamp>,
        /// When it was settled.
        settled: Option<Timestamp>,
        /// Whether it is kept in order with others.
        ordered: bool,
        /// The delivery that this one repeats.
        replay_of: Option<String>,
    }
}

view! {
    /// A delivery with its attempts.
    DeliveryDetail {
        /// As in lists.
        #[serde(flatten)]
        delivery: DeliveryView,
        /// Its attempts, first to last.
        history: Vec<AttemptView>,
    }
}

view! {
    /// One attempt.
    AttemptView {
        /// 1 for the first.
        number: u32,
        /// When it began.
        started: Timestamp,
        /// How long its parts took.
        phases: PhasesView,
        /// The answer's status.
        status: Option<u16>,
        /// The answer's headers.
        headers: Vec<HeaderView>,
        /// The beginning of the answer's body.
        body: String,
        /// What went wrong.
        error: Option<String>,
        /// When another was to follow.
        next: Option<Timestamp>,
    }
}

view! {
    /// How long the parts of an attempt took, in milliseconds. A part that was not needed is null.
    PhasesView {
        /// Looking the name up.
        dns: Option<f64>,
        /// Connecting.
        connect: Option<f64>,
        /// The TLS handshake.
        tls: Option<f64>,
        /// Until the answer's head was there.
        first_byte: Option<f64>,
        /// Everything.
        total: Option<f64>,
    }
}
