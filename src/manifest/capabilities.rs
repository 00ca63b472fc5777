//! The sixteen capabilities, by name.

use super::lenient::noun;
use super::{
    Approval, AuditLogEventsHook, ButtonAction, EventsHook, ExternalConfigurationPages, FeatureStore, FlagImport,
    FlagLink, FormVariable, ReservedCustomProperty, SyncedSegment, Trigger,
};

noun! {
    /// What an integration can do; each field is there only when the manifest names it.
    pub struct Capabilities {
        /// Sends change events to another tool.
        pub audit_log_events_hook: Option<AuditLogEventsHook>,
        /// Asks another tool to approve a change.
        pub approval: Option<Approval>,
        /// Lets another tool's alert turn a flag on or off.
        pub trigger: Option<Trigger>,
        /// Keeps flag data in an edge store.
        pub feature_store: Option<FeatureStore>,
        /// Takes cohorts from another tool as segments.
        pub synced_segment: Option<SyncedSegment>,
        /// Shows another tool's links beside a flag.
        pub flag_link: Option<FlagLink>,
        /// Sends guarded-rollout and error-monitoring events.
        pub events_hook: Option<EventsHook>,
        /// Sends a request when a member presses a button.
        pub button_action: Option<ButtonAction>,
        /// Reads flags out of another platform.
        pub flag_import: Option<FlagImport>,
        /// Finds flags that can go.
        pub flag_cleanup: Option<FlagCleanup>,
        /// Keeps large segments in a database of the customer's.
        pub big_segment_store: Option<BigSegmentStore>,
        /// Custom properties of flags that the integration reads.
        pub reserved_custom_properties: Option<Vec<ReservedCustomProperty>>,
        /// Whether the configuration form is hidden.
        pub hide_configuration: Option<bool>,
        /// Where it is configured instead, outside the platform.
        #[serde(rename = "externalConfigurationURL")]
        pub external_configuration_url: Option<String>,
        /// Pages outside the platform, one to create and one to edit.
        pub external_configuration_pages: Option<ExternalConfigurationPages>,
        /// Where it is configured instead, inside the platform: a path.
        #[serde(rename = "internalConfigurationURL")]
        pub internal_configuration_url: Option<String>,
    }
}

noun! {
    /// A store for segments too large to send along.
    pub struct BigSegmentStore {
        /// `redis` or `dynamoDB`.
        pub db_style: String,
    }
}

noun! {
    /// Settings of the flag clean-up capability.
    pub struct FlagCleanup {
        /// Form variables of its own.
        pub form_variables: Vec<FormVariable>,
    }
}
