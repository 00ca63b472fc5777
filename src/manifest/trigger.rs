//! Triggers: another tool's alert turns a flag on or off.

use super::lenient::noun;

noun! {
    /// Takes alerts that another tool pushes.
    pub struct Trigger {
        /// Where the set-up is described.
        pub documentation: String,
        /// `sharedSecret`, or nothing.
        pub auth: Option<String>,
        /// How the pushed body is read.
        pub parser: Option<TriggerParser>,
        /// What an alert without a name is called.
        pub default_event_name: Option<String>,
        /// An alert whose name matches this regular expression changes nothing.
        pub test_event_name_regexp: Option<String>,
    }
}

noun! {
    /// JSON pointers into the pushed body.
    pub struct TriggerParser {
        /// To the alert's name.
        pub event_name: Option<String>,
        /// To the value that set it off.
        pub value: Option<String>,
        /// To the alert's address.
        pub url: Option<String>,
    }
}
