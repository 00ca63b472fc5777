//! Form variables: what an administrator fills in when switching an integration on.

use serde::Deserialize;

use super::Endpoint;
use super::lenient::{noun, whole};

noun! {
    /// One field of a form.
    pub struct FormVariable {
        /// The name templates use.
        pub key: String,
        /// The label administrators see.
        pub name: String,
        /// What kind of value it takes.
        #[serde(rename = "type")]
        pub kind: FormVariableType,
        /// Help in Markdown.
        pub description: String,
        /// Grey text in the empty field.
        pub placeholder: Option<String>,
        /// Whether the value is masked and encrypted.
        pub is_secret: Option<bool>,
        /// Whether the field is never shown.
        pub is_hidden: Option<bool>,
        /// Whether it may stay empty.
        pub is_optional: Option<bool>,
        /// The value it has when left empty: a text, or a flag for `boolean`.
        pub default_value: Option<serde_json::Value>,
        /// The choices of an `enum`.
        pub allowed_values: Option<Vec<String>>,
        /// Where the choices of a `dynamicEnum` come from.
        pub dynamic_options: Option<DynamicOptions>,
        /// When the field is shown or hidden.
        pub depends_on: Option<Vec<DependsOn>>,
        /// The choices of a `multiselect`.
        pub multiselect_options: Option<Vec<MultiselectOption>>,
        /// The choices of a `multiselect` that are ticked at first.
        pub multiselect_default_options: Option<Vec<String>>,
        /// Whether the value is frozen once saved.
        pub disable_after_saving: Option<bool>,
        /// Whether the field is hidden while it is empty.
        pub hide_empty: Option<bool>,
    }
}

impl FormVariable {
    /// Whether the value must never be shown.
    pub fn secret(&self) -> bool {
        self.is_secret == Some(true)
    }

    /// Whether the value may stay empty.
    pub fn optional(&self) -> bool {
        self.is_optional == Some(true)
    }
}

/// The ten types of form variables.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum FormVariableType {
    /// Any text.
    String,
    /// A tick box.
    Boolean,
    /// A web address.
    Uri,
    /// One of `allowedValues`.
    Enum,
    /// Filled by an OAuth connection.
    Oauth,
    /// One of the choices that `dynamicOptions` fetches.
    DynamicEnum,
    /// Made by the platform.
    Generated,
    /// A choice of environments.
    EnvironmentSelector,
    /// Any of `multiselectOptions`.
    Multiselect,
    /// A key pair made by the platform, of which the public half is shown.
    PublicKey,
    /// A name that the format does not have; the schema check reports it.
    #[default]
    #[serde(other)]
    Unknown,
}
whole!(FormVariableType);

noun! {
    /// Fetches the choices of a `dynamicEnum`.
    pub struct DynamicOptions {
        /// Where they are fetched.
        pub endpoint: Endpoint,
        /// How the answer is read.
        pub parser: OptionsParser,
    }
}

noun! {
    /// Reads choices out of a JSON answer.
    pub struct OptionsParser {
        /// JSON pointer to the list.
        pub options_path: String,
        /// JSON pointers within each member of the list.
        pub options_items: OptionsItems,
    }
}

noun! {
    /// JSON pointers within one choice.
    pub struct OptionsItems {
        /// What the administrator sees.
        pub label: String,
        /// What the template gets.
        pub value: String,
    }
}

noun! {
    /// Shows or hides a field by the value of another.
    pub struct DependsOn {
        /// The other field's key.
        pub variable_key: String,
        /// Which form the other field is in.
        pub variable_location: String,
        /// All of these must hold.
        pub conditions: Vec<Condition>,
        /// `hideField` or `showField`.
        pub action: String,
    }
}

noun! {
    /// One comparison with the other field's value.
    pub struct Condition {
        /// `equalTo`, `contains`, `lessThan`, …
        pub operator: String,
        /// What it is compared with, as text.
        pub value: String,
    }
}

noun! {
    /// One choice of a `multiselect`.
    pub struct MultiselectOption {
        /// What the administrator sees.
        pub label: String,
        /// What the template gets.
        pub value: String,
    }
}
