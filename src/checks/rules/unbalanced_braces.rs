//! `unbalanced-braces`

use super::prelude::*;
use crate::catalog::TemplateRole;
use crate::render::outline::Part;

/// `{host}}` is plain text: the request goes to a host of that name, and the preview looked right.
pub(super) struct UnbalancedBraces;

impl Rule for UnbalancedBraces {
    fn id(&self) -> &'static str {
        "unbalanced-braces"
    }

    fn summary(&self) -> &'static str {
        "a name stands in single braces, or in braces that do not match"
    }

    fn check(&self, scene: Scene<'_>, out: &mut Vec<Finding>) {
        for reading in scene.readings {
            let single = matches!(reading.template.role, TemplateRole::Url | TemplateRole::HeaderValue);
            each_text(&reading.parts, &mut |span| {
                for slip in slips(&reading.template.text[span.clone()], single) {
                    let at = span.start + slip.start..span.start + slip.end;
                    let before = &reading.template.text[..at.start];
                    // `${name}` and `%{name}` are the signs of other languages, and belong to the slip.
                    let sign = usize::from(before.ends_with(['$', '%', '#']));
                    let at = at.start - sign..at.end;
                    let written = &reading.template.text[at.clone()];
                    let name = written.trim_matches(['{', '}', '$', '%', '#']).trim();
                    let message = format!("`{written}` is no tag: it is sent as it stands");
                    let alone = if sign == 0 { String::new() } else { format!(", without `{}`", &written[..1]) };
                    let help = format!("write `{{{{{name}}}}}`{alone}");
                    out.push(self.finding(scene.within(reading, at), message).helped(help));
                }
            });
        }
    }
}

fn each_text(parts: &[Part], tell: &mut impl FnMut(std::ops::Range<usize>)) {
    for part in parts {
        match part {
            Part::Text(span) => tell(span.clone()),
            Part::Value(_) => {}
            Part::Block(block) => {
                each_text(&block.body, tell);
                each_text(&block.inverse, tell);
            }
        }
    }
}

/// Names in braces that make no tag: `{name}}` anywhere, `{name}` too where no JSON is expected.
fn slips(text: &str, single: bool) -> Vec<std::ops::Range<usize>> {
    let mut slips = Vec::new();
    let mut from = 0;
    while let Some(found) = text[from..].find('{') {
        let open = from + found;
        // Behind a backslash a whole tag is text, on purpose.
        if text[open..].starts_with("{{") {
            from = text[open..].find("}}").map_or(text.len(), |close| open + close + 2);
            continue;
        }
        let inside = &text[open + 1..];
        from = open + 1;
        let Some(close) = inside.find('}') else { break };
        let name = inside[..close].trim();
        let doubled = inside[close + 1..].starts_with('}');
        // In JSON an object's end may follow; but no JSON has a bare name in braces.
        if is_name(name) && (single || doubled) {
            let end = open + 1 + close + 1 + usize::from(doubled);
            slips.push(open..end);
            from = end;
        }
    }
    slips
}

fn is_name(text: &str) -> bool {
    let mut characters = text.chars();
    characters.next().is_some_and(|first| first.is_ascii_alphabetic() || first == '_')
        && characters.all(|character| character.is_ascii_alphanumeric() || matches!(character, '_' | '-' | '.'))
}

#[cfg(test)]
mod tests {
    use super::slips;

    #[test]
    fn names_in_single_braces_are_slips() {
        let rows: [(&str, bool, &[&str]); 8] = [
            ("{{literal}} {x}", true, &["{x}"]),
            ("https://{host}/x", true, &["{host}"]),
            ("{environment.host}}/api", true, &["{environment.host}}"]),
            (r#"{"a": "{ name }}"}"#, false, &["{ name }}"]),
            (r#"{"a": {"b": 1}}"#, false, &[]),
            (r#"{"a": "{name}"}"#, false, &[]),
            ("{}", true, &[]),
            ("{1,2}", true, &[]),
        ];
        for (text, single, expected) in rows {
            let found: Vec<&str> = slips(text, single).into_iter().map(|span| &text[span]).collect();
            assert_eq!(found, expected, "{text}");
        }
    }
}
