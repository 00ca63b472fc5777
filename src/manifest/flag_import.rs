//! Flags read out of another platform.

use super::lenient::noun;

noun! {
    /// Reads flags out of another platform.
    pub struct FlagImport {
        /// Paths of templates by platform.
        pub templates: Option<FlagImportTemplates>,
        /// Whether the platform's answer may be shown to administrators.
        pub include_error_response_body: Option<bool>,
    }
}

noun! {
    /// Paths of templates by platform.
    pub struct FlagImportTemplates {
        /// Split's list of flags.
        pub split_overview: Option<String>,
        /// One flag of Split's.
        pub split_details: Option<String>,
        /// Statsig's gates.
        pub statsig: Option<String>,
    }
}
