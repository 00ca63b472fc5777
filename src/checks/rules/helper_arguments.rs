//! `helper-arguments`

use super::prelude::*;
use crate::checks::names::{Given, HelperUse};
use crate::checks::near::{did_you_mean, listed};

/// A helper that lacks an argument makes something of nothing: `undefined` in an address, a wrong credential.
pub(super) struct HelperArguments;

/// What each helper is given, and whether it opens a block.
const TAKES: [(&str, &[&str], bool); 12] = [
    ("if", &["condition"], true),
    ("unless", &["condition"], true),
    ("each", &["list"], true),
    ("with", &["value"], true),
    ("equal", &["one", "other"], true),
    ("equalWithElse", &["one", "other"], true),
    ("pathEncode", &["text"], false),
    ("queryEncode", &["text"], false),
    ("basicAuthHeaderValue", &["user", "password"], false),
    ("formatWithOffset", &["milliseconds", "seconds to add", "format"], false),
    ("lookup", &["value", "name"], false),
    (
        "edgeGridAuth",
        &[
            "method",
            "path",
            "hostname",
            "network",
            "namespace",
            "group",
            "key",
            "client secret",
            "client token",
            "access token",
        ],
        false,
    ),
];

/// How `formatWithOffset` prints a time. Of any other word it makes milliseconds.
const FORMATS: [&str; 4] = ["rfc3339", "simple", "milliseconds", "seconds"];

impl Rule for HelperArguments {
    fn id(&self) -> &'static str {
        "helper-arguments"
    }

    fn summary(&self) -> &'static str {
        "a helper is called with too few or too many arguments, or as a block that it is not"
    }

    fn check(&self, scene: Scene<'_>, out: &mut Vec<Finding>) {
        for reading in scene.readings {
            for helper in &reading.helpers {
                let Some((name, takes, block)) = TAKES.iter().find(|(name, ..)| *name == helper.name) else { continue };
                let place = || scene.within(reading, helper.span.clone());
                if *block != helper.block {
                    let (message, help) = if *block {
                        (format!("`{name}` opens a block"), format!("write `{{{{#{name} …}}}}…{{{{/{name}}}}}`"))
                    } else {
                        (format!("`{name}` is no block"), format!("write `{{{{{name} …}}}}`"))
                    };
                    out.push(self.finding(place(), message).helped(help));
                } else if let Some(names) = names_without_bars(helper) {
                    let written = names.join(" ");
                    let message = format!("`as {written}` lacks the bars around its names");
                    out.push(self.finding(place(), message).helped(format!("write `as |{written}|`")));
                } else if helper.arguments.len() != takes.len() {
                    let (count, given) = (takes.len(), helper.arguments.len());
                    let message = format!("`{name}` takes {}, not {given}", counted(count));
                    let finding = self.finding(place(), message);
                    let finding = finding.helped(format!("give it {}", listed(takes.iter().copied())));
                    // What is too much is ignored; what lacks is missed.
                    out.push(if given > count { finding.mild() } else { finding });
                } else if let Some((format, span)) = unknown_format(helper) {
                    let message = format!("`formatWithOffset` knows no format `{format}`, and prints milliseconds");
                    let help =
                        did_you_mean(format, FORMATS).unwrap_or_else(|| format!("the formats are {}", listed(FORMATS)));
                    out.push(self.finding(scene.within(reading, span), message).helped(help));
                }
            }
        }
    }
}

/// The names behind `as` in `{{#each tags as tag}}`.
fn names_without_bars(helper: &HelperUse) -> Option<Vec<&str>> {
    let words: Vec<&str> = helper.arguments.iter().skip(1).map(Given::name).collect::<Option<_>>()?;
    match words.as_slice() {
        ["as", names @ ..] if helper.block && !names.is_empty() => Some(names.to_vec()),
        _ => None,
    }
}

fn unknown_format(helper: &HelperUse) -> Option<(&str, std::ops::Range<usize>)> {
    match helper.arguments.get(2)? {
        Given::Literal(format, span) if helper.name == "formatWithOffset" && !FORMATS.contains(&format.as_str()) => {
            Some((format, span.clone()))
        }
        _ => None,
    }
}

fn counted(count: usize) -> String {
    if count == 1 { "one argument".to_owned() } else { format!("{count} arguments") }
}
