//! What is odd about a policy that can be used as it stands.

use std::fmt;

use super::glob::Glob;
use super::mistake::Spot;
use super::near::with_article;
use super::specifier::{Filter, Specifier};
use super::statement::{Effect, List, Statement};
use super::vocabulary::Vocabulary;

/// Something that probably does not do what its author meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyWarning {
    /// Where it is.
    pub spot: Spot,
    /// What it is.
    pub remark: Remark,
}

/// What is odd.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Remark {
    /// An action, or a pattern of actions, that nothing has. The list of known ones may be behind.
    UnknownAction {
        /// The action.
        action: String,
        /// The action that was probably meant.
        near: Option<String>,
    },
    /// An action that none of the statement's resources has.
    ActionElsewhere {
        /// The action.
        action: String,
        /// What people call the resources of the statement.
        here: Vec<String>,
        /// The specifier of all resources that do have it.
        form: String,
    },
    /// A list that covers nothing.
    EmptyList(List),
    /// A slash after a colon.
    StraySlash,
    /// A property that no event tells.
    UntoldProperty {
        /// The filter.
        filter: String,
        /// What follows from it: an allow never matches, a deny always does.
        effect: Effect,
    },
}

impl fmt::Display for PolicyWarning {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.remark {
            Remark::UnknownAction { action, .. } if action.contains('*') => {
                write!(formatter, "no known action looks like `{action}`")
            }
            Remark::UnknownAction { action, .. } => write!(formatter, "no action is named `{action}`"),
            Remark::ActionElsewhere { action, here, .. } => {
                let here: Vec<String> = here.iter().map(|noun| with_article(noun)).collect();
                write!(formatter, "`{action}` is no action on {}", super::near::joined(&here, "or"))
            }
            Remark::EmptyList(list) => write!(formatter, "an empty `{}` covers nothing", list.key()),
            Remark::StraySlash => write!(formatter, "the slash after the `:` is passed over"),
            Remark::UntoldProperty { filter, effect: Effect::Allow } => {
                write!(formatter, "events do not tell `{filter}`, so this never allows anything")
            }
            Remark::UntoldProperty { filter, effect: Effect::Deny } => {
                write!(formatter, "events do not tell `{filter}`, so this denies as if it always held")
            }
        }
    }
}

impl PolicyWarning {
    /// What to do about it.
    pub fn help(&self) -> Option<String> {
        Some(match &self.remark {
            Remark::UnknownAction { near: Some(near), .. } => format!("did you mean `{near}`?"),
            Remark::UnknownAction { near: None, .. } => return None,
            Remark::ActionElsewhere { action, form, .. } => format!("`{action}` is an action on `{form}`"),
            Remark::EmptyList(list) => format!("remove `{}` to cover everything, or fill it", list.key()),
            Remark::StraySlash => "remove the slash".to_owned(),
            Remark::UntoldProperty { .. } => "filter by a tag instead".to_owned(),
        })
    }
}

/// Everything odd about `statements`, in the order they are written. Entries that are plainly wrong are left to
/// [`super::Policy::compile`].
pub fn warnings(statements: &[Statement]) -> Vec<PolicyWarning> {
    let mut found = Vec::new();
    for (at, statement) in statements.iter().enumerate() {
        for list in [List::Resources, List::Actions] {
            if statement.list(list).is_some_and(<[String]>::is_empty) {
                found.push(PolicyWarning { spot: Spot::key(at, list.key()), remark: Remark::EmptyList(list) });
            }
        }
        for list in [List::Resources, List::NotResources] {
            for (entry, text) in statement.list(list).unwrap_or_default().iter().enumerate() {
                about_resource(Spot::entry(at, list, entry), text, statement.effect(), list, &mut found);
            }
        }
        let types = types_of(statement);
        for list in [List::Actions, List::NotActions] {
            for (entry, text) in statement.list(list).unwrap_or_default().iter().enumerate() {
                let types = types.as_deref().filter(|_| list == List::Actions);
                if let Some(remark) = about_action(text, types) {
                    let spot = Spot::entry(at, list, entry).within(0..text.len());
                    found.push(PolicyWarning { spot, remark });
                }
            }
        }
    }
    found
}

fn about_resource(spot: Spot, text: &str, effect: Effect, list: List, found: &mut Vec<PolicyWarning>) {
    let Ok(read) = Specifier::read(text) else { return };
    for within in read.stray_slashes {
        found.push(PolicyWarning { spot: spot.clone().within(within), remark: Remark::StraySlash });
    }
    // In a `notResources`, the property decides nothing by itself.
    let filters = read.specifier.segments().iter().flat_map(|segment| &segment.filters);
    for filter in filters.filter(|_| list == List::Resources) {
        if let Filter::Property(filter) = filter {
            let at = text.find(&**filter).unwrap_or_default();
            let spot = spot.clone().within(at..at + filter.len());
            found.push(PolicyWarning { spot, remark: Remark::UntoldProperty { filter: filter.to_string(), effect } });
        }
    }
}

/// The types that a statement is about, when they are few and known.
fn types_of(statement: &Statement) -> Option<Vec<String>> {
    let mut types = Vec::new();
    for text in statement.list(List::Resources)? {
        let read = Specifier::read(text).ok()?;
        let kind = read.specifier.kind()?.to_owned();
        if !types.contains(&kind) {
            types.push(kind);
        }
    }
    (!types.is_empty()).then_some(types)
}

fn about_action(text: &str, types: Option<&[String]>) -> Option<Remark> {
    let vocabulary = Vocabulary::built_in();
    // What compiling complains about needs no second word.
    if text.is_empty() || text.contains(['/', ':', '$']) || text.trim().len() != text.len() {
        return None;
    }
    let pattern = Glob::new(text);
    let action = match &pattern {
        Glob::Any => return None,
        Glob::Exact(action) => action,
        Glob::Stars { .. } if vocabulary.actions().any(|action| pattern.covers(action)) => return None,
        Glob::Stars { .. } => {
            // `updateFallThrough*` is near to whatever it covers but for case.
            let any_case = Glob::new(&text.to_lowercase());
            let near = vocabulary.actions().find(|action| any_case.covers(&action.to_lowercase()));
            return Some(Remark::UnknownAction { action: text.to_owned(), near: near.map(str::to_owned) });
        }
    };
    if !vocabulary.knows_action(action) {
        let near = vocabulary.nearest_action(action).map(str::to_owned);
        return Some(Remark::UnknownAction { action: action.to_string(), near });
    }
    let types = types?;
    let documented = vocabulary.documented_action(action);
    let known: Vec<_> = types.iter().filter_map(|name| vocabulary.resource_type(name)).collect();
    if known.iter().any(|known| !known.whole || known.has_action(action) || known.has_action(documented)) {
        return None;
    }
    let (elsewhere, _) = vocabulary.resource_types().find(|(_, known)| known.has_action(documented))?;
    Some(Remark::ActionElsewhere {
        action: action.to_string(),
        here: known.iter().map(|known| known.noun.clone()).collect(),
        form: vocabulary.form(elsewhere),
    })
}

#[cfg(test)]
mod tests {
    use super::warnings;
    use crate::policy::Statement;

    #[track_caller]
    fn told(statement: &str) -> Vec<String> {
        let statement: Statement = serde_json::from_str(statement).expect("the row is a statement");
        warnings(&[statement])
            .into_iter()
            .map(|warning| format!("{}: {warning} ({})", warning.spot.pointer(), warning.help().unwrap_or_default()))
            .collect()
    }

    #[test]
    fn an_action_that_nothing_has_is_told_with_the_one_that_was_meant() {
        let statement = r#"{"resources":["proj/*:env/*:flag/*"],"actions":["updateOn","updateFallThrough","xyz"]}"#;
        assert_eq!(
            told(statement),
            [
                "/0/actions/1: no action is named `updateFallThrough` (did you mean `updateFallthrough`?)",
                "/0/actions/2: no action is named `xyz` ()",
            ]
        );
        assert_eq!(
            told(r#"{"notActions":["updateFallThrough*"]}"#),
            ["/0/notActions/0: no known action looks like `updateFallThrough*` (did you mean `updateFallthrough`?)"]
        );
    }

    #[test]
    fn names_that_events_use_and_retired_ones_are_known() {
        let flag = r#"{"resources":["proj/*:env/*:flag/*"],"actions":
            ["updateTag","updateArchived","updateAttachedGoals","updateExperimentActive","*","update*","*Flag"]}"#;
        assert_eq!(told(flag), [""; 0]);
    }

    #[test]
    fn an_action_on_the_wrong_type_is_told_with_the_right_one() {
        assert_eq!(
            told(r#"{"resources":["proj/*:env/production","proj/*"],"actions":["createFlag"]}"#),
            ["/0/actions/0: `createFlag` is no action on an environment or a project (`createFlag` is an action on \
              `proj/*:env/*:flag/*`)"]
        );
        for fine in [
            r#"{"resources":["proj/*:env/production","proj/*:env/*:flag/*"],"actions":["createFlag"]}"#,
            r#"{"resources":["*"],"actions":["createFlag"]}"#,
            r#"{"notResources":["proj/*"],"actions":["createFlag"]}"#,
            r#"{"resources":["proj/*"],"notActions":["createFlag"]}"#,
            r#"{"resources":["proj/*:view/*"],"actions":["createFlag"]}"#,
            r#"{"resources":["proj/*:metric/*"],"actions":["updateArchived"]}"#,
        ] {
            assert_eq!(told(fine), [""; 0], "{fine}");
        }
    }

    #[test]
    fn lists_and_filters_without_effect_are_told() {
        assert_eq!(
            told(r#"{"resources":[],"actions":[]}"#),
            [
                "/0/resources: an empty `resources` covers nothing (remove `resources` to cover everything, or fill it)",
                "/0/actions: an empty `actions` covers nothing (remove `actions` to cover everything, or fill it)",
            ]
        );
        assert_eq!(
            told(r#"{"resources":["proj/*:env/*;{critical:true}:/flag/*;view:frontend"]}"#),
            [
                "/0/resources/0: the slash after the `:` is passed over (remove the slash)",
                "/0/resources/0: events do not tell `{critical:true}`, so this never allows anything (filter by a tag \
                 instead)",
                "/0/resources/0: events do not tell `view:frontend`, so this never allows anything (filter by a tag \
                 instead)",
            ]
        );
    }
}
