//! `broken-json`

mod spelling;

use super::prelude::*;
use super::when;
use crate::catalog::DUPLICATE_KEY;
use crate::checks::names::Reading;
use crate::checks::soundness::{Break, Kind, sign};

/// A body that is not JSON is refused by whoever expects JSON: the event is lost.
pub(super) struct BrokenJson;

impl Rule for BrokenJson {
    fn id(&self) -> &'static str {
        "broken-json"
    }

    fn summary(&self) -> &'static str {
        "a JSON template makes something that is not JSON"
    }

    fn check(&self, scene: Scene<'_>, out: &mut Vec<Finding>) {
        let breaks = &scene.rehearsal.breaks;
        let mut spaces: Vec<(usize, char)> = Vec::new();
        for broken in breaks {
            let reading = &scene.readings[broken.reading];
            let same_tag =
                |other: &&Break| broken.tag.is_some() && (other.reading, &other.tag) == (broken.reading, &broken.tag);
            let other = |kind: Kind| breaks.iter().filter(same_tag).find(|other| other.kind == kind);
            if broken.kind == Kind::MissingValue && other(Kind::Unquoted).is_some() {
                // Told with what it prints when there is something to print.
                continue;
            }
            let nothing = other(Kind::MissingValue).filter(|_| broken.kind == Kind::Unquoted);
            if let (Some(nothing), Some(tag)) = (nothing, &broken.tag) {
                let tag = &reading.template.text[tag.clone()];
                let name = tag.trim_matches(['{', '}', '~', '&', ' ']);
                let message = format!(
                    "`{tag}` prints a text outside of quotes, and nothing where a value has to be{}",
                    when(nothing)
                );
                // Of a helper's call it is an argument that has to be asked about.
                let asked = if name.contains(char::is_whitespace) { "…" } else { name };
                let guarded = format!("`{{{{#if {asked}}}}}\"{tag}\"{{{{else}}}}null{{{{/if}}}}`");
                let help = format!("write `\"{tag}\"`, or {guarded}");
                out.push(self.finding(scene.within(reading, broken.span.clone()), message).helped(help));
                continue;
            }
            // An editor that makes odd spaces makes many of them.
            let text = &reading.template.text;
            let odd = text.get(broken.span.start..).and_then(sign).filter(|sign| sign.meant.is_empty());
            if let Some(odd) = odd.filter(|_| broken.kind == Kind::Foreign) {
                if spaces.contains(&(broken.reading, odd.letter)) {
                    continue;
                }
                spaces.push((broken.reading, odd.letter));
            }
            if let Some((message, help)) = describe(reading, broken) {
                let place = scene.within(reading, broken.span.clone());
                out.push(self.finding(place, format!("{message}{}", when(broken))).helped(help));
            }
        }
        for (reading, span) in &scene.rehearsal.repeated {
            let reading = &scene.readings[*reading];
            let name = reading.template.text.get(span.clone()).unwrap_or_default().trim_matches('"');
            let message = format!("the template writes `{name}` twice into one object");
            let help = "remove one of them: programs keep one of the two values, and not all keep the same";
            let place = scene.within(reading, span.clone());
            let finding = Finding { rule: DUPLICATE_KEY, ..self.finding(place, message) };
            out.push(finding.helped(help));
        }
        for (reading, kind) in &scene.rehearsal.payloads {
            let place = scene.value(&scene.readings[*reading].template.pointer);
            let what = match kind {
                Kind::OpenBracket => "a bracket is never closed",
                Kind::WrongBracket => "a bracket closes nothing that is open",
                Kind::AfterEnd => "something stands beside it",
                Kind::TrailingComma | Kind::StrayComma => "a comma is too many",
                Kind::MissingComma => "a comma is missing",
                Kind::MissingColon => "a colon is missing",
                Kind::OpenString => "a string is never closed",
                _ => "something stands outside of quotes",
            };
            let message = format!("prefix and suffix make no JSON around the flag data: {what}");
            let help = "they stand right before and behind one JSON object, as `{\"items\":[` and `]}`";
            out.push(self.finding(place, message).helped(help));
        }
    }
}

fn describe(reading: &Reading<'_>, broken: &Break) -> Option<(String, String)> {
    let tag = broken.tag.as_ref().map(|tag| reading.template.text[tag.clone()].to_owned());
    let rest = reading.template.text.get(broken.span.start..).unwrap_or_default();
    let (message, help) = match (broken.kind, tag) {
        (Kind::TrailingComma | Kind::StrayComma | Kind::Blank, _) => return None,
        (Kind::MissingValue, Some(tag)) => (
            format!("`{tag}` prints nothing where a value has to be"),
            format!("put it in quotes, or write `{{{{#if …}}}}{tag}{{{{else}}}}null{{{{/if}}}}`"),
        ),
        (Kind::MissingValue, None) if !reading.template.text[..broken.span.start].trim_end().ends_with(':') => (
            "a value is missing".to_owned(),
            "write `:` and a value behind the name, or open the list that it belongs to with `[`".to_owned(),
        ),
        (Kind::MissingValue, None) => {
            ("a value is missing".to_owned(), "print one in every case, `null` if there is none".to_owned())
        }
        (Kind::Unquoted, Some(tag)) => {
            (format!("`{tag}` prints a text outside of quotes"), format!("write `\"{tag}\"`"))
        }
        (Kind::Comment, _) => {
            ("JSON has no comments".to_owned(), "write it as `{{! … }}`, which prints nothing".to_owned())
        }
        (Kind::Foreign, _) => spelling::of_sign(rest),
        (Kind::Unquoted, None) => spelling::of_word(rest),
        (Kind::MissingComma, _) => {
            let help = if super::is_in_loop(reading, broken.span.start) {
                "print one between items: `{{#unless @last}},{{/unless}}`"
            } else {
                "add a comma; if what follows is not always there, put the comma into its block"
            };
            ("a comma is missing".to_owned(), help.to_owned())
        }
        (Kind::MissingColon, _) => {
            ("a colon is missing".to_owned(), "add one between the name and its value".to_owned())
        }
        (Kind::ControlCharacter, _) => (
            "a line break or tab stands inside a string".to_owned(),
            "write `\\n` or `\\t` instead, or close the string before it".to_owned(),
        ),
        (Kind::BadEscape, _) => (
            "a backslash stands before something that needs none".to_owned(),
            "write `\\\\` for a backslash".to_owned(),
        ),
        (Kind::OpenString, _) => ("a string is never closed".to_owned(), "add the closing quote".to_owned()),
        (Kind::OpenBracket, _) => {
            ("a bracket is never closed".to_owned(), "add the closing bracket, in every case".to_owned())
        }
        (Kind::WrongBracket, _) => (
            "a bracket closes nothing that is open".to_owned(),
            "remove it, or mend the one that it should close".to_owned(),
        ),
        (Kind::AfterEnd, _) => {
            ("something follows the end of the JSON".to_owned(), "remove it, or wrap everything in one list".to_owned())
        }
    };
    Some((message, help))
}
