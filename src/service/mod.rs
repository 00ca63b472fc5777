//! The running engine: events in, every delivery accounted for.
//!
//! [`Service`] is what a server or a program holds: it takes events, plans a delivery for every subscription, carries
//! each out under its own rules, and says at any time what became of every event. This room speaks HTTP only through
//! `delivery`, opens no file but through `catalog`, prints nothing, and is handed its time, its chance and its store.

mod bodies;
mod clock;
mod core;
mod diff;
mod document;
mod engine;
mod error;
mod happening;
mod intake;
mod integrations;
mod sealer;
mod settings;
mod stored;
mod subscriptions;
mod views;
mod worker;

pub use clock::{Chance, Clock, Timestamp};
pub use document::{MaskedDocument, Ordering, Rate};
pub use engine::{Parts, Service};
pub use error::{FieldMistake, ServiceError};
pub use happening::{Happening, Hearer};
pub use sealer::{SealError, Sealer};
pub use settings::Settings;
pub use stored::{
    StoredStatus, StoredSubscription, can_be_replayed, stored_deliveries, stored_delivery, stored_replay,
    stored_subscription, stored_subscriptions,
};
pub use views::{
    AttemptView, Breaker, ConflictView, DeliveryDetail, DeliveryView, DryDecision, DryRun, EventDetail, EventOutcome,
    EventSummaryView, FailureView, FindingView, HeaderView, IntegrationView, JobProgress, JobState, JobView, Observed,
    PhasesView, PolicyRange, PutReport, RangeOfReplays, RangeView, RefusedIntegration, ReloadReport, ReplayKind,
    Replayed, SentView, SourceView, StatusView, SubscriptionView, TakeReport, Taken, TestReport, Verdict, VerdictView,
};
