//! Custom properties of flags that an integration reads.

use super::lenient::noun;

noun! {
    /// A custom property set aside for an integration.
    pub struct ReservedCustomProperty {
        /// What people see.
        pub name: String,
        /// What templates use: `customProperties.<key>.values`.
        pub key: String,
        /// What it is for.
        pub description: Option<String>,
    }
}
