//! Words without quotes: JSON's own three, other languages', and text whose quotes were forgotten.

use super::half_quoted::closing_quote;
use super::reader::Reader;
use super::tree::{Content, Node};
use crate::finding::near_miss;

impl<'t> Reader<'t> {
    /// Whether a template begins here whose quotes were forgotten.
    pub(super) fn is_bare_template(&self) -> bool {
        if !self.text[self.at..].starts_with("{{") {
            return false;
        }
        let line = self.rest_of_line();
        line.find("}}").is_some_and(|end| !line[2..end].contains(['"', '{', '[', ',']))
    }

    /// A word that stands here without quotes.
    pub(super) fn bare_text(&mut self) -> Node {
        let start = self.at;
        let rest = &self.text[start..];
        let length =
            rest.find(|letter: char| !(letter.is_alphanumeric() || matches!(letter, '_' | '$'))).unwrap_or(rest.len());
        let content = match &rest[..length] {
            "true" => Some(Content::Bool(true)),
            "false" => Some(Content::Bool(false)),
            "null" => Some(Content::Null),
            _ => None,
        };
        if let Some(content) = content {
            self.take(length);
            return Node { span: start..self.at, content, broken: false };
        }
        let phrase = self.sentence().unwrap_or_else(|| self.phrase());
        if let Some((message, help, content)) = foreign(phrase) {
            self.take(phrase.len());
            self.mistake(start..self.at, message, help);
            let broken = content.is_none();
            return Node { span: start..self.at, content: content.unwrap_or_default(), broken };
        }
        // Text may end with the quote that it should have begun with too.
        let closed = self.text[start + phrase.len()..].starts_with('"');
        let length = phrase.len() + usize::from(closed);
        self.take(length);
        if closed {
            self.mistake(start..start + length, "this string has no opening quote", "add `\"` before it");
        } else {
            let help = if phrase.chars().count() <= 40 {
                format!("put it in double quotes: `{}`", serde_json::Value::from(phrase))
            } else {
                "put it in double quotes".to_owned()
            };
            self.mistake(start..start + length, format!("text without quotes: `{}`", shortened(phrase)), help);
        }
        Node { span: start..start + length, content: Content::String(phrase.to_owned()), broken: false }
    }

    /// The text up to the one quote of the line that is not escaped, when that is where the line ends.
    fn sentence(&self) -> Option<&'t str> {
        let line = self.rest_of_line();
        let quote = closing_quote(line)?;
        let (text, behind) = (&line[..quote], &line[quote + 1..]);
        let ends = |letter: char| letter.is_whitespace() || matches!(letter, ',' | '}' | ']');
        (behind.trim_matches(ends).is_empty() && !text.is_empty()).then_some(text)
    }

    /// The text up to what can only be JSON again.
    fn phrase(&self) -> &'t str {
        let line = self.rest_of_line();
        let mut end = line.len();
        let mut braces = 0usize;
        for (at, letter) in line.char_indices() {
            match letter {
                '{' => braces += 1,
                '}' if braces > 0 => braces -= 1,
                ',' | '}' | ']' | '"' => {
                    end = at;
                    break;
                }
                _ => {}
            }
        }
        let phrase = line[..end].trim_end();
        // At least one character, so that the reader moves on.
        if phrase.is_empty() { &line[..line.chars().next().map_or(0, char::len_utf8)] } else { phrase }
    }
}

/// What a word of another language, or a slip of one of JSON's own, was meant to be.
fn foreign(word: &str) -> Option<(String, String, Option<Content>)> {
    let lower = word.to_ascii_lowercase();
    let no_such = |message: &str| format!("JSON has no `{message}`");
    match lower.as_str() {
        "true" | "yes" | "on" => Some((no_such(word), "write `true`".to_owned(), Some(Content::Bool(true)))),
        "false" | "no" | "off" => Some((no_such(word), "write `false`".to_owned(), Some(Content::Bool(false)))),
        "none" | "nil" | "undefined" | "null" => {
            Some((no_such(word), "write `null`, or leave the key out".to_owned(), None))
        }
        "nan" | "infinity" | "inf" => Some((no_such(word), "write a number, or `null`".to_owned(), None)),
        _ => {
            let meant = near_miss(word, ["true", "false", "null"])?;
            let content = match meant {
                "true" => Some(Content::Bool(true)),
                "false" => Some(Content::Bool(false)),
                _ => None,
            };
            Some((no_such(word), format!("did you mean `{meant}`?"), content))
        }
    }
}

fn shortened(text: &str) -> String {
    if text.chars().count() <= 40 { text.to_owned() } else { text.chars().take(39).chain(['…']).collect() }
}
