//! Events of guarded rollouts and error monitoring.

use super::Endpoint;
use super::lenient::noun;

noun! {
    /// Sends events that are not changes.
    pub struct EventsHook {
        /// Where they go.
        pub endpoint: Option<Endpoint>,
        /// Paths of templates by event.
        pub templates: EventsHookTemplates,
        /// Whether the receiver's answer may be shown to administrators.
        pub include_error_response_body: bool,
    }
}

noun! {
    /// Paths of templates by event.
    pub struct EventsHookTemplates {
        /// A guarded rollout got worse.
        pub measured_rollout_regression_detected: Option<String>,
        /// A guarded rollout was taken back.
        pub measured_rollout_reverted: Option<String>,
        /// Error monitoring saw something new.
        pub error_monitoring_new_issue_found: Option<String>,
    }
}
