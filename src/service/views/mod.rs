//! What the service answers with: plain values, ready to be shown. No secret is in any of them.

mod deliveries;
mod events;
mod intake;
mod integrations;
mod policy;
mod replays;
mod subscriptions;

pub use deliveries::{AttemptView, DeliveryDetail, DeliveryView, HeaderView, PhasesView};
pub use events::{ConflictView, EventDetail, EventSummaryView, Verdict, VerdictView};
pub use intake::{EventOutcome, FailureView, SourceView, TakeReport, Taken};
pub use integrations::{FindingView, IntegrationView, RefusedIntegration, ReloadReport};
pub use policy::{DryDecision, DryRun, PolicyRange};
pub use replays::{JobProgress, JobState, JobView, RangeOfReplays, RangeView, ReplayKind, Replayed};
pub use subscriptions::{Breaker, Observed, PutReport, SentView, StatusView, SubscriptionView, TestReport};

/// A value of an answer: camel case outside, every field told in the description of the API.
macro_rules! view {
    ($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident: $kind:ty,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
        #[serde(rename_all = "camelCase")]
        pub struct $name {
            $($(#[$field_doc])* pub $field: $kind,)*
        }
    };
}
use view;
