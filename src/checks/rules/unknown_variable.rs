//! `unknown-variable`

use std::collections::HashSet;

use super::prelude::*;
use crate::checks::names::{How, Lookup, Member, Reading, Scope, Shape, Use, source_of_field};
use crate::checks::near::{listed, written};
use crate::finding::near_miss;

/// A name that nothing provides prints nothing: the request goes out without its token, and nobody is told.
pub(super) struct UnknownVariable;

impl Rule for UnknownVariable {
    fn id(&self) -> &'static str {
        "unknown-variable"
    }

    fn summary(&self) -> &'static str {
        "a template names something that no form variable, event field or scope provides"
    }

    fn check(&self, scene: Scene<'_>, out: &mut Vec<Finding>) {
        for reading in scene.readings {
            let Some(scope) = &reading.scope else { continue };
            for (text, span) in &reading.texts {
                let written = &reading.template.text[span.clone()];
                if written.starts_with(['"', '\'']) {
                    let message = format!("`{{{{{written}}}}}` looks up a name, and nothing is named so");
                    let place = scene.within(reading, span.clone());
                    out.push(self.finding(place, message).helped(format!("write `{text}` without the braces")));
                }
            }
            let mut told: HashSet<&str> = HashSet::new();
            for found in &reading.uses {
                // The same name is told once for a template, at its first place. Finding a place means reading a long
                // text up to it, so nothing is done for names that are known.
                if matches!(found.found, Lookup::Known(_)) || told.contains(found.path.text.as_str()) {
                    continue;
                }
                if let Some(finding) = self.judge(scene, reading, scope, found) {
                    told.insert(&found.path.text);
                    out.push(finding);
                }
            }
        }
    }
}

impl UnknownVariable {
    fn judge(&self, scene: Scene<'_>, reading: &Reading<'_>, scope: &Scope, found: &Use) -> Option<Finding> {
        let text = &found.path.text;
        let place = scene.within(reading, found.path.span.clone());
        match &found.found {
            Lookup::Known(_) => None,
            Lookup::NoData => Some(self.no_data(place, found)),
            Lookup::Outside { depth } => {
                let message = format!("`{text}` leads out of the template: `if`, `unless` and `equal` are no way out");
                let names = written(&found.path.names);
                let help = depth.map(|depth| format!("write `{}{names}`", "../".repeat(depth)));
                let help = help.unwrap_or_else(|| "take a `../` away".to_owned());
                Some(self.finding(place, message).helped(help))
            }
            Lookup::Missing { at, parent, open } => {
                let name = &found.path.names[*at];
                let at_root = *at == 0 && found.from_root.as_ref().is_some_and(|names| names.first() == Some(name));
                let of_source = source_of_field(name).filter(|_| at_root && is_event(scope));
                if of_source.is_some() && is_asked_for(reading, name) {
                    return None;
                }
                let of_elsewhere = at_root && scope.elsewhere.contains(name);
                let near = near_miss(name, parent.names()).filter(|_| !of_elsewhere);
                // There may be more at an open root than is known, but hardly what nobody has seen.
                let unheard = *open && near.is_none() && !of_elsewhere;
                let knows_its_root = at_root && !scope.elsewhere.is_empty();
                if unheard && !knows_its_root {
                    return None;
                }
                let message = match found.path.names[..*at].split_last() {
                    Some((last, _)) => format!("`{last}` has no `{name}`"),
                    None => format!("nothing provides `{text}`"),
                };
                let is_else = found.how == How::Printed && near_miss(text, ["else"]).is_some();
                let only = |source| format!("only {source} have it: wrap it in `{{{{#if {name}}}}}…{{{{/if}}}}`");
                let help = elsewhere(scope, found, *at)
                    .map(|written| format!("write `{written}`"))
                    .or_else(|| of_source.map(only))
                    .or_else(|| is_else.then(|| "did you mean `{{else}}`?".to_owned()))
                    .or_else(|| near.map(|near| format!("did you mean `{}`?", with_name(found, *at, near))))
                    .unwrap_or_else(|| describe(scope, found, parent));
                let finding = self.finding(place, message).helped(help);
                Some(if unheard { finding.mild() } else { finding })
            }
        }
    }

    fn no_data(&self, place: crate::finding::Place, found: &Use) -> Finding {
        let name = found.path.names.first().map(String::as_str).unwrap_or_default();
        let names = ["index", "key", "first", "last", "root"];
        if names.contains(&name) {
            let message = format!("`@{name}` is set only inside `each`");
            return self.finding(place, message).helped("move it into the block, or remove it");
        }
        let help = near_miss(name, names).map_or_else(
            || "the names with `@` are `@index`, `@key`, `@first`, `@last` and `@root`".to_owned(),
            |near| format!("did you mean `@{near}`?"),
        );
        self.finding(place, format!("nothing sets `@{name}`")).helped(help)
    }
}

/// Whether names at the root are those of an event.
fn is_event(scope: &Scope) -> bool {
    ["kind", "titleVerb"].iter().all(|name| matches!(scope.root.member(name), Member::Known(_)))
}

/// Whether the template asks for a name before it uses what is in it.
fn is_asked_for(reading: &Reading<'_>, name: &str) -> bool {
    reading.uses.iter().any(|one| {
        matches!(one.how, How::Asked | How::Entered)
            && one.from_root.as_ref().and_then(|names| names.first()).is_some_and(|first| first == name)
    })
}

/// The name as written, with another one at `at`.
fn with_name(found: &Use, at: usize, name: &str) -> String {
    let mut names: Vec<&str> = found.path.names.iter().map(String::as_str).collect();
    names[at] = name;
    format!("{}{}", prefix(found), written(&names))
}

fn prefix(found: &Use) -> String {
    if found.path.data { "@".to_owned() } else { "../".repeat(found.path.depth) }
}

/// How the name would have to be written to find what it means in another part of the scope.
fn elsewhere(scope: &Scope, found: &Use, at: usize) -> Option<String> {
    let names: Vec<&str> = found.path.names.iter().map(String::as_str).collect();
    let root = &scope.root;
    if found.path.data || at > 0 && !matches!(names[0], "formVariables" | "context" | "environment") {
        return None;
    }
    let written = written(&names);
    // Right at the root, but asked for inside a block.
    if found.inside.is_some() && root.at(names.iter().copied()).is_some() {
        return Some(format!("@root.{written}"));
    }
    for place in [
        "formVariables",
        "context",
        "environment",
        "metadata",
        "approvalFormVariables",
        "environmentFormVariables",
        "templateVariables",
    ] {
        let inside = root.member(place);
        if let Member::Known(shape) = inside
            && !matches!(shape, Shape::Any)
            && shape.at(names.iter().copied()).is_some_and(|_| matches!(shape.member(names[0]), Member::Known(_)))
        {
            return Some(format!("{place}.{written}"));
        }
    }
    // `formVariables.apiKey` in an address, `context.kind` in a body.
    let (first, rest) = names.split_first()?;
    if matches!(*first, "formVariables" | "context" | "event") && !rest.is_empty() {
        let unwrapped = root.at(rest.iter().copied()).is_some() && matches!(root.member(rest[0]), Member::Known(_));
        if unwrapped {
            return Some(crate::checks::near::written(rest));
        }
    }
    // `environmentFormVariables.x` in an approval's address.
    if *first == "environmentFormVariables" && !rest.is_empty() {
        let names = ["environment"].into_iter().chain(rest.iter().copied());
        let known = root.at(names).is_some() && matches!(root.member("environment"), Member::Known(Shape::Object(_)));
        return known.then(|| format!("environment.{}", rest.join(".")));
    }
    // `environment.x` and `formVariables.x` in an approval's body.
    if matches!(*first, "formVariables" | "environment") && !rest.is_empty() {
        let forms = ["environmentFormVariables", "approvalFormVariables"];
        let holds = |form: &&str| {
            let Member::Known(Shape::Object(_)) = root.member(form) else { return false };
            root.at([*form].into_iter().chain(rest.iter().copied())).is_some()
        };
        return forms.into_iter().find(holds).map(|form| format!("{form}.{}", rest.join(".")));
    }
    None
}

/// What there is instead.
fn describe(scope: &Scope, found: &Use, parent: &Shape) -> String {
    match parent {
        Shape::FreeText | Shape::Text | Shape::Number | Shape::Bool => match &found.inside {
            Some(block) if found.path.depth == 0 => {
                format!(
                    "inside `{block}` names are looked up in the item itself, which is `this`; `../` leads out of the block"
                )
            }
            _ => "it is a plain value and has no members".to_owned(),
        },
        Shape::List(_) => "it is a list: walk over it with `each`, or take one item with `.[0]`".to_owned(),
        _ => {
            let mut names: Vec<&str> = parent.names().collect();
            names.sort_unstable();
            names.dedup();
            if names.is_empty() || (found.path.names.len() == 1 && found.inside.is_none()) {
                format!("this is {}", scope.place)
            } else {
                format!("it has {}", listed(names))
            }
        }
    }
}
