//! `invalid-regex`

use super::prelude::*;
use crate::checks::parts::regular_expressions;

/// A matcher that does not compile never matches: approvals wait for ever.
pub(super) struct InvalidRegex;

impl Rule for InvalidRegex {
    fn id(&self) -> &'static str {
        "invalid-regex"
    }

    fn summary(&self) -> &'static str {
        "a regular expression does not compile"
    }

    fn check(&self, scene: Scene<'_>, out: &mut Vec<Finding>) {
        for (at, pattern) in regular_expressions(&scene.integration.manifest) {
            if let Err(error) = fancy_regex::Regex::new(&from_javascript(pattern)) {
                let message = format!("`{pattern}` is not a regular expression: {}", reason(&error));
                out.push(self.finding(scene.value(&at), message).maybe_helped(help(pattern)));
            }
        }
    }
}

/// JavaScript's spelling in the one that the engine understands: `\/`, `\d`, `(?<name>…)` are shared, a lone
/// `]` or `{` is a plain character there.
fn from_javascript(pattern: &str) -> String {
    let mut out = String::with_capacity(pattern.len());
    let mut characters = pattern.char_indices().peekable();
    let mut in_class = false;
    while let Some((at, character)) = characters.next() {
        match character {
            '\\' => match characters.next() {
                // Outside Unicode mode JavaScript takes a needless escape as the character itself.
                Some((_, escaped)) if needless(escaped) => out.push(escaped),
                Some((_, '/')) => out.push('/'),
                Some((_, escaped)) => out.extend(['\\', escaped]),
                None => out.push('\\'),
            },
            '[' if in_class => out.push_str("\\["),
            '[' => {
                in_class = true;
                out.push('[');
            }
            ']' if in_class => {
                in_class = false;
                out.push(']');
            }
            ']' => out.push_str("\\]"),
            '{' if !in_class && !is_quantifier(&pattern[at..]) => out.push_str("\\{"),
            '}' if !in_class && !closes_quantifier(&pattern[..at]) => out.push_str("\\}"),
            other => out.push(other),
        }
    }
    out
}

fn needless(escaped: char) -> bool {
    matches!(escaped, '"' | '\'' | '<' | '>' | '=' | '!' | ':' | ';' | ',' | '@' | '%' | '_' | '`' | ' ')
}

/// Whether the text starts with `{2}`, `{2,}` or `{2,3}`.
fn is_quantifier(text: &str) -> bool {
    let Some(inside) = text.strip_prefix('{').and_then(|rest| rest.split_once('}')).map(|(inside, _)| inside) else {
        return false;
    };
    let mut halves = inside.splitn(2, ',');
    let first = halves.next().unwrap_or_default();
    let second = halves.next().unwrap_or_default();
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    !first.is_empty() && digits(first) && digits(second)
}

fn closes_quantifier(before: &str) -> bool {
    before.rfind('{').is_some_and(|open| is_quantifier(&format!("{}}}", &before[open..])))
}

fn reason(error: &fancy_regex::Error) -> String {
    let text = error.to_string();
    // The last line of a long report is the reason; the others draw the pattern.
    let line = text.lines().last().unwrap_or_default();
    let line = line.trim_start_matches("error: ").trim_end_matches('.');
    let mut characters = line.chars();
    characters.next().map_or_else(String::new, |first| first.to_lowercase().chain(characters).collect())
}

fn help(pattern: &str) -> Option<String> {
    if pattern.len() > 1 && pattern.starts_with('/') && pattern.ends_with('/') {
        return Some("write the expression without the slashes around it".to_owned());
    }
    if pattern.starts_with("*") {
        return Some(format!("did you mean `.{pattern}`? `*` repeats what stands before it"));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::from_javascript;

    fn compiles(pattern: &str) -> bool {
        fancy_regex::Regex::new(&from_javascript(pattern)).is_ok()
    }

    #[test]
    fn what_javascript_takes_compiles() {
        for pattern in [
            "^approved$",
            r"^(?!re)x",
            r"(?<=a)b",
            r"a\/b",
            "]",
            "a{",
            "{a}",
            "a{2,3}",
            r"[[\]]",
            r"\d+\.\d",
            r"(?<y>a)\k<y>",
        ] {
            assert!(compiles(pattern), "{pattern} became {}", from_javascript(pattern));
        }
    }

    #[test]
    fn what_javascript_refuses_does_not_compile() {
        for pattern in ["(", "*a", "a**", "[a", r"(?<n", "a)", "[b-a]"] {
            assert!(!compiles(pattern), "{pattern}");
        }
    }
}
