//! Events, and what was decided about each of them.

use std::sync::Arc;

use super::{Digest, EventKey, Moment, SourceId, SubscriptionId, SubscriptionVersion};

/// What came in. Shared, because it goes to the disk and to the worker without being copied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventContent {
    /// The source that took it.
    pub source: SourceId,
    /// Its id at that source: the same id with the same bytes is the same event.
    pub id: String,
    /// When it happened, if it says.
    pub occurred: Option<Moment>,
    /// The SHA-256 of `raw`.
    pub digest: Digest,
    /// The bytes as they came in.
    pub raw: Vec<u8>,
    /// The event as templates see it; `None` when that is `raw` itself.
    pub context: Option<Vec<u8>>,
}

impl EventContent {
    /// An event whose raw bytes are what templates see.
    pub fn new(source: SourceId, id: impl Into<String>, raw: Vec<u8>) -> Self {
        EventContent { source, id: id.into(), occurred: None, digest: Digest::of(&raw), raw, context: None }
    }

    /// The bytes that templates see.
    pub fn context(&self) -> &[u8] {
        self.context.as_deref().unwrap_or(&self.raw)
    }
}

/// An event together with everything that was decided about it: stored in one step or not at all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewEvent {
    /// The event.
    pub content: Arc<EventContent>,
    /// What it touches, for finding it again.
    pub resources: Vec<String>,
    /// What was decided, by subscription.
    pub decided: Vec<Decided>,
    /// How many subscriptions besides those in `decided` were asked, and have nothing that allows the event. A
    /// thousand subscriptions that an index ruled out need no thousand rows.
    pub unlisted: u32,
}

/// What was decided for one subscription.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decided {
    /// The subscription.
    pub subscription: SubscriptionId,
    /// Its version at that moment.
    pub version: SubscriptionVersion,
    /// The decision.
    pub outcome: Outcome,
}

/// Send it, or why not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// A delivery is to be made.
    Send(Planned),
    /// Nothing is sent.
    Skip(Skip),
}

/// A delivery that is to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Planned {
    /// The integration version that renders it.
    pub integration: Digest,
    /// Deliveries of one subscription with the same key are made in order of arrival.
    pub ordering: Option<String>,
    /// Not before this moment; at once when `None`.
    pub due: Option<Moment>,
}

/// Why nothing is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Skip {
    /// A statement denies it.
    Denied {
        /// Place of the statement in the policy, from zero.
        statement: u32,
    },
    /// No statement allows it.
    NoAllow,
    /// The integration has no template for it.
    NoTemplate,
    /// The template gave white space only.
    EmptyBody,
    /// The template failed.
    RenderError {
        /// What the template engine said; cut after [`Skip::LONGEST_MESSAGE`] bytes.
        message: String,
    },
    /// The subscription was switched off, and nothing is queued for it meanwhile.
    Paused,
}

impl Skip {
    /// Bytes of a render error that are kept.
    pub const LONGEST_MESSAGE: usize = 1024;

    /// The kind of the reason.
    pub fn kind(&self) -> VerdictKind {
        match self {
            Skip::Denied { .. } => VerdictKind::Denied,
            Skip::NoAllow => VerdictKind::NoAllow,
            Skip::NoTemplate => VerdictKind::NoTemplate,
            Skip::EmptyBody => VerdictKind::EmptyBody,
            Skip::RenderError { .. } => VerdictKind::RenderError,
            Skip::Paused => VerdictKind::Paused,
        }
    }

    /// The reason as it is kept: a long message is cut, at a character.
    pub(super) fn kept(&self) -> Skip {
        match self {
            Skip::RenderError { message } => {
                let cut = message.floor_char_boundary(Skip::LONGEST_MESSAGE);
                Skip::RenderError { message: message[..cut].to_owned() }
            }
            other => other.clone(),
        }
    }
}

/// The kinds of verdicts, for filters and accounts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum VerdictKind {
    /// A delivery was made for it.
    Sent,
    /// See [`Skip::Denied`].
    Denied,
    /// See [`Skip::NoAllow`].
    NoAllow,
    /// See [`Skip::NoTemplate`].
    NoTemplate,
    /// See [`Skip::EmptyBody`].
    EmptyBody,
    /// See [`Skip::RenderError`].
    RenderError,
    /// See [`Skip::Paused`].
    Paused,
}

impl VerdictKind {
    /// Every kind.
    pub const ALL: [VerdictKind; 7] = [
        VerdictKind::Sent,
        VerdictKind::Denied,
        VerdictKind::NoAllow,
        VerdictKind::NoTemplate,
        VerdictKind::EmptyBody,
        VerdictKind::RenderError,
        VerdictKind::Paused,
    ];
}

/// What was decided for one subscription, read back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// The subscription.
    pub subscription: SubscriptionId,
    /// Its version at that moment.
    pub version: SubscriptionVersion,
    /// Why nothing was sent; `None` when a delivery was made.
    pub skip: Option<Skip>,
}

impl Verdict {
    /// The kind of the verdict.
    pub fn kind(&self) -> VerdictKind {
        self.skip.as_ref().map_or(VerdictKind::Sent, Skip::kind)
    }
}

/// What became of an event that was handed in. Every one of them is durable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Receipt {
    /// It is new.
    Accepted {
        /// Its place.
        event: EventKey,
        /// How many deliveries were made for it.
        deliveries: u32,
    },
    /// The same bytes came with this id before; nothing was added.
    Seen {
        /// The earlier event.
        event: EventKey,
    },
    /// Other bytes came with this id before. The newcomer is kept beside the earlier event and not delivered.
    Conflict {
        /// The earlier event.
        event: EventKey,
    },
}

/// Bytes that came with an id that other bytes had taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conflict {
    /// When they came first.
    pub received: Moment,
    /// Their SHA-256.
    pub digest: Digest,
    /// The bytes.
    pub raw: Vec<u8>,
}

impl Conflict {
    /// How many different contents are kept beside one event. More are counted and told, but not kept: a sender
    /// that cannot keep its ids apart must not fill the disk.
    pub const KEPT: usize = 16;
}

/// An event with all that is known about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventRecord {
    /// Its place.
    pub key: EventKey,
    /// When it came in.
    pub received: Moment,
    /// The event.
    pub content: Arc<EventContent>,
    /// What was decided, by subscription.
    pub verdicts: Vec<Verdict>,
    /// How many other subscriptions were asked, and have nothing that allows it.
    pub unlisted: u32,
    /// What came later with the same id and other bytes.
    pub conflicts: Vec<Conflict>,
}

/// An event as a list shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventSummary {
    /// Its place.
    pub key: EventKey,
    /// The source that took it.
    pub source: SourceId,
    /// Its id at that source.
    pub id: String,
    /// When it came in.
    pub received: Moment,
    /// When it happened, if it says.
    pub occurred: Option<Moment>,
    /// What was decided, by subscription.
    pub verdicts: Vec<Verdict>,
    /// How many other subscriptions were asked, and have nothing that allows it.
    pub unlisted: u32,
}

/// Which events a list shows. Every condition must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EventFilter {
    /// Taken by this source.
    pub source: Option<SourceId>,
    /// With a verdict for this subscription.
    pub subscription: Option<SubscriptionId>,
    /// With a verdict of this kind, for `subscription` when that is given.
    pub verdict: Option<VerdictKind>,
    /// Touching this resource, spelled exactly so.
    pub resource: Option<String>,
    /// Received at or after this moment.
    pub from: Option<Moment>,
    /// Received before this moment.
    pub until: Option<Moment>,
}

impl EventFilter {
    /// Whether an event passes, apart from its resources.
    pub(super) fn matches(&self, event: &EventSummary) -> bool {
        self.source.as_ref().is_none_or(|source| *source == event.source)
            && self.from.is_none_or(|from| event.received >= from)
            && self.until.is_none_or(|until| event.received < until)
            && ((self.subscription.is_none() && self.verdict.is_none())
                || event.verdicts.iter().any(|verdict| {
                    self.subscription.as_ref().is_none_or(|subscription| *subscription == verdict.subscription)
                        && self.verdict.is_none_or(|kind| kind == verdict.kind())
                }))
    }
}
