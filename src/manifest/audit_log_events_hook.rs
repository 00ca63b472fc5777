//! The hook that turns change events into requests.

use super::Endpoint;
use super::lenient::{noun, whole};
use crate::policy::Statement;

whole!(Statement);

noun! {
    /// Sends each event that the policy lets through, rendered by the template of its kind.
    pub struct AuditLogEventsHook {
        /// Where events go.
        pub endpoint: Option<Endpoint>,
        /// Which template renders which kind of event.
        pub templates: HookTemplates,
        /// The policy a new subscription starts with.
        pub default_policy: Option<Vec<Statement>>,
        /// Whether the receiver's answer may be shown to administrators.
        pub include_error_response_body: bool,
        /// `custom` when the platform delivers in its own way.
        pub delivery_method: Option<String>,
        /// Sends the platform's standard webhook payload in place of a template.
        pub use_standard_webhook_payload: bool,
        /// This engine's addition to the format: a retry profile's name, or one spelled out.
        pub delivery: Option<serde_json::Value>,
    }
}

noun! {
    /// Paths of templates by the kind of event they render.
    pub struct HookTemplates {
        /// For flags.
        pub flag: Option<String>,
        /// For projects.
        pub project: Option<String>,
        /// For environments.
        pub environment: Option<String>,
        /// For members.
        pub member: Option<String>,
        /// For every kind without a template of its own.
        pub default: Option<String>,
        /// For the "test connection" button.
        pub validation: Option<String>,
    }
}

impl HookTemplates {
    /// Every template that is named, with its key: `flag`, `project`, …
    pub fn named(&self) -> impl Iterator<Item = (&'static str, &str)> {
        [
            ("flag", &self.flag),
            ("project", &self.project),
            ("environment", &self.environment),
            ("member", &self.member),
            ("default", &self.default),
            ("validation", &self.validation),
        ]
        .into_iter()
        .filter_map(|(key, path)| path.as_deref().map(|path| (key, path)))
    }
}
