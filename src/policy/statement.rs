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

/// The four lists of a statement, by the names that authors write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum List {
    /// `resources`
    Resources,
    /// `notResources`
    NotResources,
    /// `actions`
    Actions,
    /// `notActions`
    NotActions,
}

impl List {
    /// Every list, in the order statements are usually written.
    pub const ALL: [List; 4] = [List::Resources, List::NotResources, List::Actions, List::NotActions];

    /// Its key in a statement.
    pub fn key(self) -> &'static str {
        match self {
            List::Resources => "resources",
            List::NotResources => "notResources",
            List::Actions => "actions",
            List::NotActions => "notActions",
        }
    }
}

impl Statement {
    /// What the statement does; absent means allow.
    pub fn effect(&self) -> Effect {
        self.effect.unwrap_or_default()
    }

    /// The entries of one of its lists, when it has that list.
    pub fn list(&self, list: List) -> Option<&[String]> {
        match list {
            List::Resources => self.resources.as_deref(),
            List::NotResources => self.not_resources.as_deref(),
            List::Actions => self.actions.as_deref(),
            List::NotActions => self.not_actions.as_deref(),
        }
    }
}
