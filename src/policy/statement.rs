//! Statements as they are written.

use serde::{Deserialize, Serialize};

/// What a statement does to the targets it covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Effect {
    /// Lets them through, unless another statement denies.
    #[default]
    Allow,
    /// Holds them back, whatever else allows them.
    Deny,
}

/// One statement of a policy, as written. It may be wrong; compiling a policy says so.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Statement {
    /// Absent means allow.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effect: Option<Effect>,
    /// Resource specifiers it covers. Absent, together with `notResources`, means all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resources: Option<Vec<String>>,
    /// Covers every resource but these.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_resources: Option<Vec<String>>,
    /// Actions it covers. Absent, together with `notActions`, means all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actions: Option<Vec<String>>,
    /// Covers every action but these.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_actions: Option<Vec<String>>,
}
