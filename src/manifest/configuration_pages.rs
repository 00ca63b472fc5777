//! Configuration that happens on pages of another site.

use super::lenient::noun;

noun! {
    /// Pages where the integration is set up and changed.
    pub struct ExternalConfigurationPages {
        /// Opened to create a configuration.
        pub create_url: String,
        /// Opened to change one.
        pub edit_url: String,
    }
}
