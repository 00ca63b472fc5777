//! `unknown-helper`

use super::prelude::*;
use crate::checks::names::{ELSE_IF, Given};
use crate::checks::near::{did_you_mean, listed};
use crate::render::helper_names;

/// The set of helpers is closed: a call of any other prints nothing, or fails.
pub(super) struct UnknownHelper;

impl Rule for UnknownHelper {
    fn id(&self) -> &'static str {
        "unknown-helper"
    }

    fn summary(&self) -> &'static str {
        "a template calls a helper that does not exist"
    }

    fn check(&self, scene: Scene<'_>, out: &mut Vec<Finding>) {
        let known: Vec<&str> = helper_names().collect();
        for reading in scene.readings {
            for helper in reading.helpers.iter().filter(|helper| !known.contains(&helper.name.as_str())) {
                let message = format!("no helper is named `{}`", helper.name);
                let chained = match helper.arguments.first() {
                    Some(Given::Name(name)) if ELSE_IF.contains(&helper.name.as_str()) => Some(name.as_str()),
                    _ => None,
                };
                let chained = chained.filter(|name| known.contains(name));
                let help = chained
                    .map(|name| format!("write `{{{{else {name} …}}}}`"))
                    .or_else(|| habit(&helper.name))
                    .or_else(|| did_you_mean(&helper.name, known.iter().copied()))
                    .unwrap_or_else(|| format!("the helpers are {}", listed(known.iter().copied())));
                out.push(self.finding(scene.within(reading, helper.span.clone()), message).helped(help));
            }
        }
    }
}

/// What a helper of other engines is here.
fn habit(name: &str) -> Option<String> {
    let help = match name {
        "eq" | "is" | "ifEquals" | "ifeq" | "ifEq" | "isEqual" | "equals" | "compare" => {
            "two values are compared by the block `{{#equal a b}}…{{else}}…{{/equal}}`"
        }
        "ne" | "neq" | "unlessEquals" | "isnt" | "notEqual" => {
            "write what differs behind `else`: `{{#equal a b}}{{else}}…{{/equal}}`"
        }
        "and" => "put one block into the other: `{{#if a}}{{#if b}}…{{/if}}{{/if}}`",
        "or" => "write a branch for each: `{{#if a}}…{{else if b}}…{{/if}}`",
        "not" => "ask the other way round: `{{#unless a}}…{{/unless}}`",
        name if ELSE_IF.contains(&name) => "write `{{else if …}}`",
        "for" | "foreach" | "forEach" | "loop" => "lists are walked over by `{{#each list}}…{{/each}}`",
        "urlEncode" | "urlencode" | "encodeURIComponent" | "encodeUri" | "uriEncode" | "encode" => {
            "write `{{pathEncode a}}` within a path, `{{queryEncode a}}` behind the question mark"
        }
        "base64" | "basicAuth" => "credentials are written by `{{basicAuthHeaderValue user password}}`",
        "formatDate" | "dateFormat" | "moment" | "date" => {
            "moments are written by `{{formatWithOffset timestamp.milliseconds 0 'simple'}}`"
        }
        "json" | "toJSON" | "toJson" | "stringify" | "JSONstringify" => {
            "values are escaped for JSON by themselves: write `\"{{a}}\"`"
        }
        _ => return None,
    };
    Some(help.to_owned())
}
