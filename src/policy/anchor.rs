//! Where a policy could allow anything at all: for finding, among very many policies, the few to ask about an event.
//!
//! An anchor may promise too much, never too little: a policy none of whose anchors fit a target does not allow it.

use super::compile::{Policy, Selection};
use super::glob::Glob;
use super::resource::{ALL_ENVIRONMENTS, ENVIRONMENT, Resource};
use super::specifier::Specifier;
use super::statement::Effect;

/// A place where a policy may allow something.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Anchor {
    /// Anywhere.
    Everywhere,
    /// On resources of this type.
    Type(String),
    /// On resources of a type, where one of their segments has this type and name.
    Named {
        /// Type of the resource.
        resource_type: String,
        /// Type of the segment.
        kind: String,
        /// Its name.
        name: String,
    },
}

impl Policy {
    /// Where it may allow anything; empty when it allows nothing.
    pub fn anchors(&self) -> Vec<Anchor> {
        let mut anchors = Vec::new();
        for rule in self.rules.iter().filter(|rule| rule.effect == Effect::Allow) {
            match &rule.resources {
                Selection::All | Selection::Except(_) => anchors.push(Anchor::Everywhere),
                Selection::Only(entries) => anchors.extend(entries.iter().map(Specifier::anchor)),
            }
        }
        anchors.sort();
        anchors.dedup();
        if anchors.contains(&Anchor::Everywhere) { vec![Anchor::Everywhere] } else { anchors }
    }
}

impl Specifier {
    /// The innermost segment that is named without a star tells most. Environments come last: an event may be in all
    /// of them at once.
    fn anchor(&self) -> Anchor {
        let Some(resource_type) = self.kind().map(str::to_owned) else { return Anchor::Everywhere };
        let named = |environments: bool| {
            self.segments()
                .iter()
                .rev()
                .filter(move |segment| (*segment.kind == *ENVIRONMENT) == environments)
                .find_map(|segment| match &segment.name {
                    Some(Glob::Exact(name)) => Some((segment.kind.to_string(), name.to_string())),
                    _ => None,
                })
        };
        match named(false).or_else(|| named(true)) {
            Some((kind, name)) => Anchor::Named { resource_type, kind, name },
            None => Anchor::Type(resource_type),
        }
    }
}

impl Resource<'_> {
    /// Calls `found` for each anchor that may fit, as type, kind and name: a type alone has neither kind nor name,
    /// and an environment without a name means that any fits.
    pub fn anchors<'r>(&'r self, mut found: impl FnMut(&'r str, Option<(&'r str, Option<&'r str>)>)) {
        let Some(last) = self.segments.last() else { return };
        let resource_type = &*last.kind;
        found(resource_type, None);
        for segment in &self.segments {
            let any = segment.kind == ENVIRONMENT && (segment.name == ALL_ENVIRONMENTS || segment.name == "*");
            found(resource_type, Some((&segment.kind, (!any).then_some(&segment.name))));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::UnstatedTags;

    fn anchors(policy: &str) -> Vec<Anchor> {
        let statements: Vec<serde_json::Value> = serde_json::from_str(policy).expect("the row is JSON");
        Policy::from_json(&statements).expect("the row is a policy").anchors()
    }

    fn named(resource_type: &str, kind: &str, name: &str) -> Anchor {
        Anchor::Named { resource_type: resource_type.into(), kind: kind.into(), name: name.into() }
    }

    #[test]
    fn the_most_telling_name_is_taken() {
        let allow = |resource: &str| anchors(&format!(r#"[{{"resources": ["{resource}"], "actions": ["*"]}}]"#));
        assert_eq!(allow("proj/web:env/*:flag/nav"), [named("flag", "flag", "nav")]);
        assert_eq!(allow("proj/web:env/test:flag/*"), [named("flag", "proj", "web")]);
        assert_eq!(allow("proj/*:env/test:flag/n*v"), [named("flag", "env", "test")]);
        assert_eq!(allow("proj/*:env/*;prod:flag/*"), [Anchor::Type("flag".into())]);
        assert_eq!(allow("*"), [Anchor::Everywhere]);
    }

    #[test]
    fn what_denies_anchors_nothing_and_what_excepts_everything() {
        assert_eq!(anchors(r#"[{"effect": "deny", "resources": ["*"]}]"#), []);
        assert_eq!(anchors(r#"[{"notResources": ["proj/a"]}, {"resources": ["proj/b"]}]"#), [Anchor::Everywhere]);
        assert_eq!(anchors("[]"), []);
    }

    #[test]
    fn a_resource_names_each_of_its_segments() {
        let resource = Resource::parse("proj/web:env/~:flag/nav", UnstatedTags::Unknown).expect("a resource");
        let mut seen = Vec::new();
        resource.anchors(|kind, segment| seen.push((kind, segment)));
        let expected = [
            ("flag", None),
            ("flag", Some(("proj", Some("web")))),
            ("flag", Some(("env", None))),
            ("flag", Some(("flag", Some("nav")))),
        ];
        assert_eq!(seen, expected);
    }
}
