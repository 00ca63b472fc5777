//! `helper-arguments`

use super::prelude::*;
use crate::checks::near::listed;

/// A helper that lacks an argument makes something of nothing: `undefined` in an address, a wrong credential.
pub(super) struct HelperArguments;

/// What each helper is given, and whether it opens a block.
const TAKES: [(&str, &[&str], bool); 11] = [
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
];

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
                } else if helper.arguments != takes.len() {
                    let (count, given) = (takes.len(), helper.arguments);
                    let message = format!("`{name}` takes {}, not {given}", counted(count));
                    let finding = self.finding(place(), message);
                    let finding = finding.helped(format!("give it {}", listed(takes.iter().copied())));
                    // What is too much is ignored; what lacks is missed.
                    out.push(if given > count { finding.mild() } else { finding });
                }
            }
        }
    }
}

fn counted(count: usize) -> String {
    if count == 1 { "one argument".to_owned() } else { format!("{count} arguments") }
}
