//! Whether a policy can let through anything of a kind at all.

use super::compile::{Policy, Rule, Selection};
use super::glob::Glob;
use super::specifier::{Filter, Specifier};
use super::statement::Effect;
use super::vocabulary::Vocabulary;

impl Policy {
    /// Whether some event of `kind` (as events say it: `flag`, `environment`) could be allowed.
    ///
    /// Sound, so that a "no" may be told to the author as a mistake: it is given only when no event of this
    /// kind gets through, whatever its names, tags and action. A "yes" may be too kind: several denies that
    /// leave nothing only together are not noticed. It speaks of what the event itself is about; a source may
    /// bring along other resources that the same change touched.
    pub fn may_allow(&self, kind: &str) -> bool {
        // A kind that is not known is derived as a resource of a type by its own name.
        let resource_type = Vocabulary::built_in().type_of_kind(kind).unwrap_or(kind);
        let denied = |rule: &Rule| rule.effect == Effect::Deny && rule.surely_covers_all(resource_type);
        let allowed = |rule: &Rule| rule.effect == Effect::Allow && rule.may_cover_some(resource_type);
        !self.rules.iter().any(denied) && self.rules.iter().any(allowed)
    }

    /// Whether it could allow any event at all.
    pub fn may_allow_anything(&self) -> bool {
        let kinds = Vocabulary::built_in().resource_types().map(|(name, _)| name);
        // Any kind that nobody knows yet stands for all of those.
        kinds.chain(["?"]).any(|kind| self.may_allow(kind))
    }
}

impl Rule {
    fn may_cover_some(&self, resource_type: &str) -> bool {
        let resources = match &self.resources {
            Selection::All => true,
            Selection::Only(entries) => entries.iter().any(|entry| entry.may_cover_some(resource_type)),
            Selection::Except(entries) => !entries.iter().any(|entry| entry.covers_all_of(resource_type)),
        };
        let actions = match &self.actions {
            Selection::All => true,
            Selection::Only(entries) => entries.iter().any(|entry| may_be_done_to(entry, resource_type)),
            Selection::Except(entries) => !entries.contains(&Glob::Any),
        };
        resources && actions
    }

    fn surely_covers_all(&self, resource_type: &str) -> bool {
        let resources = match &self.resources {
            Selection::All => true,
            Selection::Only(entries) => entries.iter().any(|entry| entry.covers_all_of(resource_type)),
            Selection::Except(entries) => !entries.iter().any(|entry| entry.is_about(resource_type)),
        };
        let actions = match &self.actions {
            Selection::All => true,
            Selection::Only(entries) => entries.contains(&Glob::Any),
            Selection::Except(entries) => entries.is_empty(),
        };
        resources && actions
    }
}

/// Whether the action may be one on resources of this type. What nobody has heard of may be new, and so may an
/// action on a type whose list has gaps; what is known elsewhere only is not.
fn may_be_done_to(action: &Glob, resource_type: &str) -> bool {
    let vocabulary = Vocabulary::built_in();
    match action {
        Glob::Exact(action) if vocabulary.knows_action(action) => {
            let documented = vocabulary.documented_action(action);
            vocabulary
                .resource_type(resource_type)
                .is_none_or(|known| !known.whole || known.has_action(action) || known.has_action(documented))
        }
        _ => true,
    }
}

impl Specifier {
    fn is_about(&self, resource_type: &str) -> bool {
        self.kind().is_none_or(|kind| kind == resource_type)
    }

    /// Events tell no properties, so a specifier that asks for one never surely covers anything.
    fn may_cover_some(&self, resource_type: &str) -> bool {
        let asks_for_property = |filter: &Filter| matches!(filter, Filter::Property(_));
        let tellable =
            self.segments().iter().flat_map(|segment| &segment.filters).all(|filter| !asks_for_property(filter));
        self.is_about(resource_type) && tellable
    }

    fn covers_all_of(&self, resource_type: &str) -> bool {
        self.is_about(resource_type) && self.covers_all_of_its_kind()
    }
}

#[cfg(test)]
mod tests {
    use crate::policy::{Policy, Statement};

    fn policy(statements: &str) -> Policy {
        let statements: Vec<Statement> = serde_json::from_str(statements).expect("the row is statements");
        Policy::compile(&statements).expect("the row is a right policy")
    }

    #[test]
    fn only_kinds_that_some_allow_is_about_may_be_allowed() {
        let policy = policy(r#"[{"resources":["proj/*:env/production:flag/*","proj/*:env/*"],"actions":["*"]}]"#);
        for (kind, may) in
            [("flag", true), ("environment", true), ("project", false), ("segment", false), ("member", false)]
        {
            assert_eq!(policy.may_allow(kind), may, "{kind}");
        }
    }

    #[test]
    fn an_action_of_another_kind_allows_nothing() {
        let policy = policy(r#"[{"resources":["proj/*:env/*:flag/*"],"actions":["updateProjectName"]}]"#);
        assert!(!policy.may_allow("flag"));
        assert!(!policy.may_allow_anything());
        let policy = self::policy(r#"[{"resources":["*"],"actions":["updateProjectName"]}]"#);
        assert!(!policy.may_allow("flag"));
        assert!(policy.may_allow("project"));
        let policy = self::policy(r#"[{"resources":["proj/*:env/*:flag/*"],"actions":["aNewOne","updateTag"]}]"#);
        assert!(policy.may_allow("flag"));
    }

    #[test]
    fn a_deny_of_all_leaves_nothing_of_its_kind() {
        let policy = policy(
            r#"[{"resources":["*"]},{"effect":"deny","resources":["proj/*:env/*:flag/*"],"actions":["*"]},
                {"effect":"deny","resources":["proj/*"],"actions":["update*"]}]"#,
        );
        assert!(!policy.may_allow("flag"));
        assert!(policy.may_allow("project"), "creating one is left");
        assert!(policy.may_allow("something new"));
        assert!(policy.may_allow_anything());
    }

    #[test]
    fn inverted_lists_are_negated() {
        let allowed = policy(r#"[{"notResources":["proj/*:env/*:flag/*","proj/*:metric/m*"]}]"#);
        assert!(!allowed.may_allow("flag"));
        assert!(allowed.may_allow("metric"));
        assert!(allowed.may_allow("member"));
        let denied = policy(r#"[{},{"effect":"deny","notResources":["proj/*:env/*:flag/x"]}]"#);
        assert!(denied.may_allow("flag"));
        assert!(!denied.may_allow("project"));
    }

    #[test]
    fn what_matches_nothing_allows_nothing() {
        for nothing in [
            "[]",
            r#"[{"effect":"deny"}]"#,
            r#"[{"resources":[]}]"#,
            r#"[{"actions":[]}]"#,
            r#"[{"notActions":["*"]}]"#,
            r#"[{"notResources":["*"]}]"#,
            r#"[{},{"effect":"deny"}]"#,
            r#"[{"resources":["proj/*:env/*;{critical:true}:flag/*"]}]"#,
        ] {
            assert!(!policy(nothing).may_allow_anything(), "{nothing}");
        }
    }
}
