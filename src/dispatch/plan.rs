//! What planning gives.

use crate::outbound::OutboundRequest;
use crate::policy::Verdict;

/// What an integration does with an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Plan {
    /// Sends this.
    Send(OutboundRequest),
    /// Sends nothing, for this reason.
    Skip(SkipReason),
}

/// A body, or why there is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Body {
    /// This is sent.
    Text(String),
    /// Nothing is sent, for this reason.
    Skip(SkipReason),
}

/// Why nothing is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SkipReason {
    /// The integration sends no change events at all.
    NoHook,
    /// The platform delivers its events in a way of its own, without a request that could be described.
    CustomDelivery,
    /// The manifest does not say where events go.
    NoEndpoint,
    /// The policy holds the event back: a statement denies it.
    Denied,
    /// The policy holds the event back: no statement allows it.
    NotAllowed,
    /// Neither a template for the event's kind nor one for every kind.
    NoTemplate {
        /// The event's kind.
        kind: String,
    },
    /// The template made nothing but white space, which is how an author says "not this one".
    EmptyBody {
        /// The template that made it: `flag`, `default`, …
        template: &'static str,
    },
}

impl SkipReason {
    /// A name for programs.
    pub fn code(&self) -> &'static str {
        match self {
            SkipReason::NoHook => "no-hook",
            SkipReason::CustomDelivery => "custom-delivery",
            SkipReason::NoEndpoint => "no-endpoint",
            SkipReason::Denied => "denied",
            SkipReason::NotAllowed => "not-allowed",
            SkipReason::NoTemplate { .. } => "no-template",
            SkipReason::EmptyBody { .. } => "empty-body",
        }
    }
}

impl std::fmt::Display for SkipReason {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            SkipReason::NoHook => formatter.write_str("the integration has no `auditLogEventsHook`"),
            SkipReason::CustomDelivery => {
                formatter.write_str("its `deliveryMethod` is `custom`: the platform delivers in its own way")
            }
            SkipReason::NoEndpoint => formatter.write_str("its `auditLogEventsHook` has no `endpoint`"),
            SkipReason::Denied => formatter.write_str("the policy denies the event"),
            SkipReason::NotAllowed => formatter.write_str("no statement of the policy allows the event"),
            SkipReason::NoTemplate { kind } => {
                write!(formatter, "no template serves events of kind `{kind}`, and there is no `default`")
            }
            SkipReason::EmptyBody { template } => {
                write!(formatter, "the `{template}` template renders nothing but white space for this event")
            }
        }
    }
}

/// What the policy says about an event, with its reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ruling {
    /// What was decided.
    pub verdict: Verdict,
    /// The statement that decided, from 0.
    pub statement: Option<usize>,
    /// The resource that decided.
    pub target: String,
    /// The action that was decided on.
    pub action: String,
    /// Why: the statement, or the nearest miss. One sentence without its full stop.
    pub reason: String,
}
