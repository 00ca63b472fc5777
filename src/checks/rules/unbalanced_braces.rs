//! `unbalanced-braces`

use super::prelude::*;
use std::ops::Range;

use crate::catalog::TemplateRole;
use crate::checks::names::{Reading, Shape};
use crate::render::helper_names;
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
            let known = |name: &str| {
                let root = reading.scope.as_ref().map(|scope| &scope.root);
                root.and_then(|root| root.at(name.split('.'))).is_some_and(|shape| shape != Shape::Any)
            };
            each_text(&reading.parts, &mut |span| {
                if single {
                    out.extend(self.sign_before_tag(scene, reading, &span));
                }
                let text = &reading.template.text[span.clone()];
                for slip in slips(text, single, &known) {
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
                    let finding = self.finding(scene.within(reading, at), message).helped(help);
                    // In a text that people read, a name in braces may be meant as one.
                    out.push(if single || written.ends_with("}}") { finding } else { finding.mild() });
                }
            });
        }
    }
}

impl UnbalancedBraces {
    /// `${{name}}` in an address or header: the sign is sent along.
    fn sign_before_tag(&self, scene: Scene<'_>, reading: &Reading<'_>, span: &Range<usize>) -> Option<Finding> {
        let (before, behind) = (&reading.template.text[..span.end], &reading.template.text[span.end..]);
        let tag = &behind[..behind.find("}}")? + 2];
        if !before.ends_with('$') || !tag.starts_with("{{") || tag.starts_with("{{#") || tag.starts_with("{{/") {
            return None;
        }
        let message = format!("the `$` before `{tag}` is no part of the tag: it is sent as it stands");
        let place = scene.within(reading, span.end - 1..span.end + tag.len());
        let finding = self.finding(place, message).helped(format!("write `{tag}`, without `$`"));
        Some(if before.ends_with("://$") { finding } else { finding.mild() })
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

/// Names in braces that make no tag: `{name}}` anywhere, `{name}` too where no JSON is expected, and elsewhere when
/// there is such a name.
fn slips(text: &str, single: bool, known: &dyn Fn(&str) -> bool) -> Vec<std::ops::Range<usize>> {
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
        // `{pathEncode name}` is no less a tag that was meant.
        let argument = name.split_once(' ').filter(|(helper, _)| helper_names().any(|known| known == *helper));
        let bare = argument.map_or(name, |(_, argument)| argument.trim());
        if is_name(bare) && (single || doubled || known(bare)) {
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
        let rows: [(&str, bool, &[&str]); 11] = [
            ("{{literal}} {x}", true, &["{x}"]),
            ("https://{host}/x", true, &["{host}"]),
            ("{environment.host}}/api", true, &["{environment.host}}"]),
            (r#"{"a": "{ name }}"}"#, false, &["{ name }}"]),
            (r#"{"a": {"b": 1}}"#, false, &[]),
            (r#"{"a": "{name}"}"#, false, &[]),
            ("{}", true, &[]),
            ("/{pathEncode name}/x", true, &["{pathEncode name}"]),
            (r#"{"a": "{known.name} {key}"}"#, false, &["{known.name}"]),
            (r#"{"a": {known: 1}}"#, false, &[]),
            ("{1,2}", true, &[]),
        ];
        for (text, single, expected) in rows {
            let found: Vec<&str> =
                slips(text, single, &|name| name == "known.name").into_iter().map(|span| &text[span]).collect();
            assert_eq!(found, expected, "{text}");
        }
    }
}
