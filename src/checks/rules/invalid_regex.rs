//! `invalid-regex`

mod javascript;

use javascript::read;

use super::prelude::*;
use crate::checks::parts::{empty_expressions, regular_expressions};

/// A matcher that does not compile never matches: approvals wait for ever. An empty one matches every answer.
pub(super) struct InvalidRegex;

impl Rule for InvalidRegex {
    fn id(&self) -> &'static str {
        "invalid-regex"
    }

    fn summary(&self) -> &'static str {
        "a regular expression does not compile, or does not mean what it seems to"
    }

    fn check(&self, scene: Scene<'_>, out: &mut Vec<Finding>) {
        let manifest = &scene.integration.manifest;
        for (at, pattern) in regular_expressions(manifest) {
            if let Err(mistake) = read(pattern) {
                let message = format!("`{pattern}` is not a regular expression: {}", mistake.reason());
                let help = match slashed(pattern) {
                    Some(help) => help,
                    None => mistake.help().to_owned(),
                };
                out.push(self.finding(scene.value(&at), message).helped(help));
            } else if let Some(help) = slashed(pattern) {
                let message = format!("the slashes of `{pattern}` are part of the expression");
                out.push(self.finding(scene.value(&at), message).helped(help).mild());
            }
        }
        for at in empty_expressions(manifest).into_iter().filter(|at| scene.has(at)) {
            let message = "an empty expression matches every text".to_owned();
            let help = "write what the text has to hold, as `^approved$`; `x^` matches nothing";
            out.push(self.finding(scene.value(&at), message).helped(help).mild());
        }
    }
}

/// What to write for an expression with the slashes and flags of JavaScript's own notation around it.
fn slashed(pattern: &str) -> Option<String> {
    let (inner, flags) = pattern.strip_prefix('/')?.rsplit_once('/')?;
    let is_flag = |character: char| "dgimsuvy".contains(character);
    if inner.is_empty() || !flags.chars().all(is_flag) {
        return None;
    }
    let case = match (flags.contains('i'), inner.chars().next().filter(char::is_ascii_alphabetic)) {
        (true, Some(first)) => {
            let (upper, lower) = (first.to_ascii_uppercase(), first.to_ascii_lowercase());
            format!("; flags cannot be given: `[{upper}{lower}]{}` takes both cases of its first letter", &inner[1..])
        }
        (true, None) => "; flags cannot be given, so spell both cases out".to_owned(),
        (false, _) => String::new(),
    };
    Some(format!("write `{inner}`, without the slashes{case}"))
}

#[cfg(test)]
mod tests {
    use super::slashed;

    #[test]
    fn slashes_around_an_expression_are_told_from_slashes_in_it() {
        for (pattern, with) in [("/approved/i", "`[Aa]pproved`"), ("/a.b/", "`a.b`"), ("/^a/gi", "`^a`")] {
            assert!(slashed(pattern).is_some_and(|help| help.contains(with)), "{pattern}");
        }
        for pattern in ["/", "//", "/approved", "a/b", "/a/b", "/a/zz"] {
            assert_eq!(slashed(pattern), None, "{pattern}");
        }
    }
}
