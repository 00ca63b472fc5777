//! The resource types and actions that are known: data, because the list grows every month.
//!
//! It ships as `schemas/vocabulary.json`:
//!
//! - `asOf`: year and month the list was last compared with the documentation.
//! - `eventActions`: action names that only events use, each with the documented name it stands for.
//! - `resourceTypes`: by the name that specifiers write (`flag`), each with
//!   - `noun`: what people call one of them;
//!   - `parent`: the type it lives in, absent at the top (`flag` lives in `env`, `env` in `proj`);
//!   - `kinds`: what events call it, when not by the type's own name (`env` is `environment`);
//!   - `named`: `false` for the few that are written without a name (`acct`);
//!   - `actions`: what can be done to it; `retired`: what could be done once;
//!   - `open`: `true` where anything may stand below it, known or not: the tops of other platforms' resources;
//!   - `foreign`: `true` for types of other platforms, which stand alone or below a project;
//!   - `whole`: `false` where the list of actions is known to have gaps.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

use super::near::nearest;

/// Known resource types and actions.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Vocabulary {
    /// Year and month the list was last compared with the documentation.
    pub as_of: String,
    event_actions: BTreeMap<String, String>,
    resource_types: BTreeMap<String, ResourceType>,
}

/// One type of resource.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ResourceType {
    /// What people call one of them: `environment`.
    pub noun: String,
    /// The type it lives in.
    pub parent: Option<String>,
    #[serde(default)]
    kinds: Vec<String>,
    /// Whether its specifiers carry a name.
    #[serde(default = "yes")]
    pub named: bool,
    /// Whether anything may stand below it, known or not.
    #[serde(default)]
    pub open: bool,
    /// Whether another platform has it, alone or below a project.
    #[serde(default)]
    pub foreign: bool,
    /// Whether every action on it is listed.
    #[serde(default = "yes")]
    pub whole: bool,
    /// What can be done to it.
    pub actions: Vec<String>,
    /// What could be done to it once.
    #[serde(default)]
    pub retired: Vec<String>,
}

fn yes() -> bool {
    true
}

impl ResourceType {
    /// Whether `action` is, or was, one of its actions.
    pub fn has_action(&self, action: &str) -> bool {
        self.actions.iter().chain(&self.retired).any(|known| known == action)
    }
}

impl Vocabulary {
    /// Reads a vocabulary from JSON in the shape that this module's documentation gives.
    ///
    /// # Errors
    /// JSON of another shape.
    pub fn parse(text: &str) -> Result<Vocabulary, serde_json::Error> {
        serde_json::from_str(text)
    }

    /// The vocabulary that the program was built with.
    pub fn built_in() -> &'static Vocabulary {
        static BUILT_IN: LazyLock<Vocabulary> = LazyLock::new(|| {
            Vocabulary::parse(include_str!("../../schemas/vocabulary.json")).expect("the built-in vocabulary is JSON")
        });
        &BUILT_IN
    }

    /// The type that specifiers call `name`.
    pub fn resource_type(&self, name: &str) -> Option<&ResourceType> {
        self.resource_types.get(name)
    }

    /// Every type by the name that specifiers write.
    pub fn resource_types(&self) -> impl Iterator<Item = (&str, &ResourceType)> {
        self.resource_types.iter().map(|(name, resource_type)| (name.as_str(), resource_type))
    }

    /// The name that specifiers write for what events of `kind` are about: `env` for `environment`.
    pub fn type_of_kind(&self, kind: &str) -> Option<&str> {
        let listed = |resource_type: &ResourceType| resource_type.kinds.iter().any(|known| known == kind);
        match self.resource_types.get_key_value(kind) {
            Some((name, _)) => Some(name),
            None => self.resource_types().find(|(_, resource_type)| listed(resource_type)).map(|(name, _)| name),
        }
    }

    /// What people call a resource of type `name`; the name itself when it is not known.
    pub fn noun<'a>(&'a self, name: &'a str) -> &'a str {
        self.resource_type(name).map_or(name, |resource_type| &resource_type.noun)
    }

    /// The types that a specifier of type `name` must name, outermost first; empty when `name` is not known.
    pub fn lineage<'a>(&'a self, name: &'a str) -> Vec<&'a str> {
        let mut lineage = Vec::new();
        let mut next = self.resource_types.get_key_value(name);
        while let Some((name, resource_type)) = next {
            // A type that is its own ancestor would be a slip in the data; it must not hang anybody.
            if lineage.contains(&name.as_str()) {
                break;
            }
            lineage.push(name.as_str());
            next = resource_type.parent.as_ref().and_then(|parent| self.resource_types.get_key_value(parent));
        }
        lineage.reverse();
        lineage
    }

    /// The specifier of every resource of type `name`: `proj/*:env/*:flag/*`.
    pub fn form(&self, name: &str) -> String {
        let lineage = self.lineage(name);
        lineage.into_iter().map(|name| self.any_of(name)).collect::<Vec<_>>().join(":")
    }

    /// The one segment for any resource of type `name`, without its parents.
    pub(super) fn any_of(&self, name: &str) -> String {
        let named = self.resource_type(name).is_none_or(|resource_type| resource_type.named);
        if named { format!("{name}/*") } else { name.to_owned() }
    }

    /// Whether any resource has, or had, this action, or events use the name.
    pub fn knows_action(&self, action: &str) -> bool {
        self.event_actions.contains_key(action)
            || self.resource_types.values().any(|resource_type| resource_type.has_action(action))
    }

    /// The documented name of an action that events call otherwise.
    pub fn documented_action<'a>(&'a self, action: &'a str) -> &'a str {
        self.event_actions.get(action).map_or(action, String::as_str)
    }

    /// Every action name, some more than once.
    pub fn actions(&self) -> impl Iterator<Item = &str> {
        let documented = self.resource_types.values().flat_map(|known| known.actions.iter().chain(&known.retired));
        documented.chain(self.event_actions.keys()).map(String::as_str)
    }

    /// The action that somebody who wrote `action` probably meant.
    pub fn nearest_action(&self, action: &str) -> Option<&str> {
        nearest(action, self.actions())
    }

    /// The type that somebody who wrote `name` probably meant: `env` for `environment`, `flag` for `flags`.
    pub fn nearest_type(&self, name: &str) -> Option<&str> {
        let spoken = name.to_lowercase().replace(['_', ' '], "-");
        let called = |resource_type: &ResourceType| resource_type.noun.to_lowercase().replace(' ', "-") == spoken;
        self.type_of_kind(&spoken)
            .or_else(|| self.resource_types().find(|(_, known)| called(known)).map(|(name, _)| name))
            .or_else(|| nearest(name, self.resource_types.keys().map(String::as_str)))
            .or_else(|| {
                let kinds = self.resource_types.values().flat_map(|known| &known.kinds);
                nearest(name, kinds.map(String::as_str)).and_then(|kind| self.type_of_kind(kind))
            })
    }
}

#[cfg(test)]
mod tests {
    use super::Vocabulary;

    #[test]
    fn every_parent_is_a_type_and_no_type_is_its_own_ancestor() {
        let vocabulary = Vocabulary::built_in();
        for (name, resource_type) in vocabulary.resource_types() {
            if let Some(parent) = &resource_type.parent {
                assert!(vocabulary.resource_type(parent).is_some(), "`{name}` lives in `{parent}`, which is no type");
            }
            let outermost = vocabulary.lineage(name)[0];
            assert!(vocabulary.resource_type(outermost).expect("a type").parent.is_none(), "`{name}` has no top");
        }
    }

    #[test]
    fn no_kind_means_two_types() {
        let vocabulary = Vocabulary::built_in();
        let mut seen = std::collections::BTreeMap::new();
        for (name, resource_type) in vocabulary.resource_types() {
            for kind in resource_type.kinds.iter().map(String::as_str).filter(|kind| *kind != name) {
                assert!(vocabulary.resource_type(kind).is_none(), "`{kind}` is a type and a kind of `{name}`");
                assert_eq!(seen.insert(kind, name), None, "`{kind}` is two types");
            }
        }
    }

    #[test]
    fn names_that_only_events_use_stand_for_documented_ones() {
        let vocabulary = Vocabulary::built_in();
        for (event_action, documented) in &vocabulary.event_actions {
            let mut owners = vocabulary.resource_types.values().filter(|known| known.has_action(documented)).peekable();
            assert!(owners.peek().is_some(), "`{event_action}` stands for `{documented}`, which nothing has");
            assert!(owners.all(|known| !known.has_action(event_action)), "`{event_action}` is documented");
        }
    }

    #[test]
    fn a_specifier_names_every_parent() {
        let vocabulary = Vocabulary::built_in();
        for (name, form) in [
            ("flag", "proj/*:env/*:flag/*"),
            ("metric", "proj/*:metric/*"),
            ("token", "member/*:token/*"),
            ("acct", "acct"),
        ] {
            assert_eq!(vocabulary.form(name), form);
        }
    }

    #[test]
    fn near_misses_are_named() {
        let vocabulary = Vocabulary::built_in();
        for (written, meant) in [
            ("environment", "env"),
            ("Project", "proj"),
            ("flags", "flag"),
            ("metric_group", "metric-group"),
            ("prj", "proj"),
            ("projct", "proj"),
        ] {
            assert_eq!(vocabulary.nearest_type(written), Some(meant), "{written}");
        }
        assert_eq!(vocabulary.nearest_type("gadget"), None);
        assert_eq!(vocabulary.nearest_action("updateFallThrough"), Some("updateFallthrough"));
        assert_eq!(vocabulary.nearest_action("paint"), None);
        assert_eq!(vocabulary.nearest_action("createFlg"), Some("createFlag"));
    }
}
