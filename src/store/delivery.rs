//! Deliveries, their attempts, and how work is handed out and taken back.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::{DeliveryKey, Digest, EventContent, EventKey, Moment, State, SubscriptionId, SubscriptionVersion};

/// What a delivery is rendered with. Both are kept as long as the delivery is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Versions {
    /// The subscription's version.
    pub subscription: SubscriptionVersion,
    /// The integration's version.
    pub integration: Digest,
}

/// A delivery, read back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// Its place.
    pub key: DeliveryKey,
    /// To whom.
    pub subscription: SubscriptionId,
    /// What it is rendered with.
    pub versions: Versions,
    /// Where it stands.
    pub state: State,
    /// How many attempts were made.
    pub attempts: u32,
    /// When it was to be attempted next, while it waits.
    pub due: Option<Moment>,
    /// When it was settled.
    pub settled: Option<Moment>,
    /// Whether it is kept in order with others.
    pub ordered: bool,
    /// The delivery that this one repeats.
    pub replay_of: Option<DeliveryKey>,
}

/// Which deliveries a list shows. Every condition must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DeliveryFilter {
    /// To this subscription.
    pub subscription: Option<SubscriptionId>,
    /// In one of these states; empty for every state.
    pub states: Vec<State>,
    /// Of this event.
    pub event: Option<EventKey>,
    /// Of events that touch this resource, spelled exactly so.
    pub resource: Option<String>,
    /// Of events received at or after this moment.
    pub from: Option<Moment>,
    /// Of events received before this moment.
    pub until: Option<Moment>,
}

impl DeliveryFilter {
    /// Whether a state passes.
    pub(super) fn wants(&self, state: State) -> bool {
        self.states.is_empty() || self.states.contains(&state)
    }
}

/// How long the parts of an attempt took. `None` for a part that was not reached, or not needed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Phases {
    /// Looking the name up.
    pub resolve: Option<Duration>,
    /// Connecting.
    pub connect: Option<Duration>,
    /// The TLS handshake.
    pub tls: Option<Duration>,
    /// From the request's end to the answer's first byte.
    pub first_byte: Option<Duration>,
    /// Everything.
    pub total: Option<Duration>,
}

/// One attempt, as the worker tells it. What should not be stored is to be masked before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// When it began.
    pub started: Moment,
    /// How long its parts took.
    pub phases: Phases,
    /// The answer's status.
    pub status: Option<u16>,
    /// The answer's headers.
    pub headers: Vec<(String, String)>,
    /// The beginning of the answer's body; cut after [`Attempt::LONGEST_BODY`] bytes.
    pub body: Vec<u8>,
    /// What went wrong when there was no answer, or a wrong one.
    pub error: Option<String>,
}

impl Attempt {
    /// Bytes of an answer's body that are kept.
    pub const LONGEST_BODY: usize = 64 * 1024;
}

/// One attempt, read back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttemptRecord {
    /// 1 for the first.
    pub number: u32,
    /// What happened.
    pub attempt: Attempt,
    /// When another was to follow.
    pub next: Option<Moment>,
}

/// How an attempt ended for the delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ended {
    /// The receiver has it.
    Delivered,
    /// Another attempt is to be made.
    Retry {
        /// Not before this moment.
        at: Moment,
    },
    /// No other attempt is to be made: a dead letter.
    Dead,
    /// The receiver wants nothing any more: a dead letter, and the subscription is switched off in the same step.
    Disabled {
        /// Why, for the administrator.
        reason: String,
    },
}

/// The right to attempt a delivery until a moment. Whoever holds it works on the delivery alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Lease {
    /// The delivery.
    pub delivery: DeliveryKey,
    pub(crate) token: u64,
}

/// The result of an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settlement {
    /// The lease under which it was made.
    pub lease: Lease,
    /// What happened.
    pub attempt: Attempt,
    /// What follows.
    pub ended: Ended,
}

/// What became of a result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settled {
    /// It is recorded, and the delivery stands so.
    Recorded(State),
    /// The lease had run out. A success is recorded all the same while the delivery waits, because the receiver has
    /// it; anything else is dropped, because another attempt has taken its place. The delivery stands so.
    Late(State),
    /// The delivery is gone.
    Gone,
}

/// How many deliveries of a subscription may be out at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// For those not in `of`.
    pub others: u32,
    /// By subscription; zero hands out nothing.
    pub of: BTreeMap<SubscriptionId, u32>,
}

impl Limits {
    /// The same limit for all.
    pub fn all(limit: u32) -> Self {
        Limits { others: limit, of: BTreeMap::new() }
    }

    pub(super) fn for_subscription(&self, subscription: &SubscriptionId) -> u32 {
        // Most workers limit few or none by name, and then nothing need be compared.
        if self.of.is_empty() { self.others } else { self.of.get(subscription).copied().unwrap_or(self.others) }
    }
}

/// A request for work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// What is due now.
    pub now: Moment,
    /// How long it is lent: past that it is handed out again.
    pub lease: Duration,
    /// How much at most.
    pub at_most: usize,
    /// How much of each subscription may be out at once, what is out already included.
    pub limits: Limits,
}

/// Work that was handed out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claimed {
    /// The deliveries. Of one subscription, retries come first as they fall due, then what is new in order of arrival.
    pub deliveries: Vec<Leased>,
    /// When there may be more without anything new coming in; at once when work was left over for which there is
    /// room. `None` when nothing waits for a moment.
    pub next: Option<Moment>,
    /// What is wrong with deliveries that could not be handed out because of it. The others go on.
    pub damaged: Vec<String>,
}

/// A delivery that was handed out, with all that is needed to attempt it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leased {
    /// The right to attempt it.
    pub lease: Lease,
    /// The event.
    pub content: Arc<EventContent>,
    /// When the event came in.
    pub received: Moment,
    /// To whom.
    pub subscription: SubscriptionId,
    /// What it is rendered with.
    pub versions: Versions,
    /// The number of the attempt that is to be made: 1 for the first.
    pub attempt: u32,
    /// The delivery that this one repeats.
    pub replay_of: Option<DeliveryKey>,
}

/// A delivery that is to be made once more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Replay {
    /// Which one. It must be settled; a dead letter is taken from the dead letters.
    pub of: DeliveryKey,
    /// What it is rendered with; as before when `None`, and then the bytes are the same.
    pub versions: Option<Versions>,
    /// Not before this moment; at once when `None`.
    pub due: Option<Moment>,
}
