//! What an author writes in `manifest.json`, as plain data: a file a noun.
//!
//! A manifest may be wrong and need not know it; `checks` judges it. Names and meanings follow the public
//! LaunchDarkly integration framework; `delivery` under the audit log hook is this engine's one addition.

mod approval;
mod audit_log_events_hook;
mod button_action;
mod capabilities;
mod configuration_pages;
mod endpoint;
mod events_hook;
mod feature_store;
mod flag_import;
mod flag_link;
mod form_variable;
mod lenient;
mod reserved_custom_property;
mod synced_segment;
mod trigger;

pub use approval::{Approval, ApprovalParser, ApprovalRequest, MemberItems, MemberListParser, MemberListRequest};
pub use audit_log_events_hook::{AuditLogEventsHook, HookTemplates};
pub use button_action::{ActionRequest, ButtonAction, RequestBodyTemplate};
pub use capabilities::{BigSegmentStore, Capabilities, FlagCleanup};
pub use configuration_pages::ExternalConfigurationPages;
pub use endpoint::{Endpoint, Header, HmacSignature};
pub use events_hook::{EventsHook, EventsHookTemplates};
pub use feature_store::{FeatureStore, FeatureStoreRequest, ValidationParser, ValidationRequest};
pub use flag_import::{FlagImport, FlagImportTemplates};
pub use flag_link::{EmptyState, FlagLink, LinkContext, LinkImage, LinkTitle, MetadataField, UiBlockElement, UiBlocks};
pub use form_variable::{
    Condition, DependsOn, DynamicOptions, FormVariable, FormVariableType, MultiselectOption, OptionsItems,
    OptionsParser,
};
pub use reserved_custom_property::ReservedCustomProperty;
pub use synced_segment::{ArrayInclusion, MemberArrayParser, RequestParser, SyncedSegment};
pub use trigger::{Trigger, TriggerParser};

use lenient::noun;

noun! {
    /// A whole `manifest.json`.
    pub struct Manifest {
        /// Display name of the integration.
        pub name: String,
        /// Semantic version of the manifest.
        pub version: String,
        /// One sentence for cards in a list.
        pub overview: String,
        /// A paragraph in Markdown.
        pub description: String,
        /// More Markdown, shown on the integration's own page.
        pub details: Option<String>,
        /// Who maintains the integration.
        pub author: String,
        /// Where users write when it does not work.
        pub support_email: String,
        /// Web addresses about the integration.
        pub links: Links,
        /// One to three categories it is listed under.
        pub categories: Vec<String>,
        /// Paths of its two icons, relative to its folder.
        pub icons: Icons,
        /// What an administrator fills in.
        pub form_variables: Vec<FormVariable>,
        /// What the integration can do here.
        pub capabilities: Option<Capabilities>,
        /// What it does outside this framework.
        pub other_capabilities: Vec<String>,
        /// Which older integration it replaces.
        pub legacy: Option<Legacy>,
        /// Whether an OAuth connection comes before the form.
        #[serde(rename = "requiresOAuth")]
        pub requires_oauth: bool,
        /// Names the OAuth client when it is not the integration's own key.
        pub oauth_integration_key: Option<String>,
        /// Whether it is left out of lists.
        pub hide_on_integrations_page: bool,
        /// Whether several named configurations may exist side by side.
        pub allow_integration_configurations: bool,
    }
}

noun! {
    /// Web addresses about an integration.
    pub struct Links {
        /// The product's site.
        pub site: String,
        /// LaunchDarkly's own page about it.
        pub launchdarkly_docs: Option<String>,
        /// The vendor's privacy policy.
        pub privacy_policy: String,
        /// Where help is found.
        pub support_website: Option<String>,
    }
}

noun! {
    /// Paths of the icons, relative to the integration's folder.
    pub struct Icons {
        /// For tiles.
        pub square: String,
        /// For headings.
        pub horizontal: String,
    }
}

noun! {
    /// Marks the successor of an integration from before this framework.
    pub struct Legacy {
        /// Which one.
        pub kind: String,
    }
}

impl Manifest {
    /// Reads a manifest from JSON, taking what cannot be read as absent.
    pub fn from_json(json: &serde_json::Value) -> Manifest {
        lenient::read_whole(json.clone()).unwrap_or_default()
    }

    /// The audit log hook, when the manifest has one.
    pub fn hook(&self) -> Option<&AuditLogEventsHook> {
        self.capabilities.as_ref()?.audit_log_events_hook.as_ref()
    }
}
