//! Integrations in use, and what a reload did to them.

use serde::Serialize;
use utoipa::ToSchema;

use super::view;

view! {
    /// An integration that is in use, or was refused.
    IntegrationView {
        /// Name of its folder.
        key: String,
        /// Its display name; its key when no version is in use.
        name: String,
        /// The version its manifest tells; empty when no version is in use.
        version: String,
        /// Digest of its content; `null` when no version is in use.
        digest: Option<String>,
        /// One sentence about it.
        overview: String,
        /// How many subscriptions it has.
        subscriptions: usize,
        /// What is wrong with the newest state of its folder, when that was refused.
        refused: Vec<FindingView>,
    }
}

view! {
    /// Something an author should mend.
    FindingView {
        /// Name of the rule.
        rule: String,
        /// `error` or `warning`.
        #[schema(value_type = String)]
        severity: crate::finding::Severity,
        /// The file.
        file: String,
        /// JSON pointer, for places in a manifest.
        pointer: Option<String>,
        /// What is wrong.
        message: String,
        /// What to do about it.
        help: Option<String>,
    }
}

view! {
    /// What a reload did.
    ReloadReport {
        /// Integrations that are new or have a new version in use.
        swapped: Vec<String>,
        /// Integrations whose change was refused.
        refused: Vec<RefusedIntegration>,
        /// Integrations whose folder is gone.
        removed: Vec<String>,
        /// How many stayed as they were.
        unchanged: usize,
    }
}

view! {
    /// An integration that is not taken in use.
    RefusedIntegration {
        /// Name of its folder.
        key: String,
        /// Why.
        findings: Vec<FindingView>,
    }
}
