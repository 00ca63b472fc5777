//! What a value becomes on its way out, by where it lands.

use std::borrow::Cow;

use crate::value::{Value, next_special};

/// What a template's values are escaped for.
///
/// The reference's own preview escapes otherwise: every string of the event for JSON when the template's file
/// is JSON, form values not at all, and then everything in `{{}}` for HTML. To render as it does, give
/// [`json_escaped`] of the event as the root (for JSON files only), form values as an overlay, and
/// [`Escape::Html`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Escape {
    /// The inside of a JSON string, as `JSON.stringify` writes it. `{{x}}`, `{{{x}}}` and what helpers make
    /// are escaped alike; numbers and booleans have nothing to escape.
    Json,
    /// HTML text, as handlebars.js escapes; `{{{x}}}` is left alone.
    Html,
    /// Nothing is escaped.
    None,
}

impl Escape {
    /// By what a template's file makes: JSON for `*.json` and `*.json.hbs`, HTML for `*.html` and
    /// `*.html.hbs` (and `.htm`), nothing for every other name. Case does not matter.
    pub fn for_file_name(name: &str) -> Escape {
        let name = name.to_ascii_lowercase();
        let made = [".hbs", ".handlebars"].iter().find_map(|ending| name.strip_suffix(ending)).unwrap_or(&name);
        if made.ends_with(".json") {
            Escape::Json
        } else if made.ends_with(".html") || made.ends_with(".htm") {
            Escape::Html
        } else {
            Escape::None
        }
    }
}

/// A copy of `value` with every string, but no key, escaped for the inside of a JSON string.
pub fn json_escaped<'v>(value: &'v Value<'_>) -> Value<'v> {
    match value {
        Value::Null => Value::Null,
        Value::Bool(flag) => Value::Bool(*flag),
        Value::Number(number) => Value::Number(*number),
        Value::String(text) if next_special(text.as_bytes(), 0) == text.len() => Value::text(text),
        Value::String(text) => {
            let mut escaped = String::with_capacity(text.len() + 16);
            push_json(&mut escaped, text);
            Value::String(Cow::Owned(escaped))
        }
        Value::Array(items) => Value::Array(items.iter().map(json_escaped).collect()),
        Value::Object(object) => {
            Value::Object(object.iter().map(|(key, value)| (Cow::Borrowed(key), json_escaped(value))).collect())
        }
    }
}

/// Appends `text` as `JSON.stringify` writes it between the quotes.
pub(super) fn push_json(out: &mut String, text: &str) {
    let bytes = text.as_bytes();
    let mut from = 0;
    loop {
        let at = next_special(bytes, from);
        out.push_str(&text[from..at]);
        let Some(byte) = bytes.get(at) else { return };
        match byte {
            b'"' => out.push_str("\\\""),
            b'\\' => out.push_str("\\\\"),
            b'\n' => out.push_str("\\n"),
            b'\r' => out.push_str("\\r"),
            b'\t' => out.push_str("\\t"),
            0x08 => out.push_str("\\b"),
            0x0c => out.push_str("\\f"),
            control => {
                const DIGITS: &[u8; 16] = b"0123456789abcdef";
                out.push_str("\\u00");
                out.push(char::from(DIGITS[usize::from(control >> 4)]));
                out.push(char::from(DIGITS[usize::from(control & 15)]));
            }
        }
        from = at + 1;
    }
}

/// Appends `text` as handlebars.js escapes it for HTML.
pub(super) fn push_html(out: &mut String, text: &str) {
    let mut from = 0;
    for (at, byte) in text.bytes().enumerate() {
        let entity = match byte {
            b'&' => "&amp;",
            b'<' => "&lt;",
            b'>' => "&gt;",
            b'"' => "&quot;",
            b'\'' => "&#x27;",
            b'`' => "&#x60;",
            b'=' => "&#x3D;",
            _ => continue,
        };
        out.push_str(&text[from..at]);
        out.push_str(entity);
        from = at + 1;
    }
    out.push_str(&text[from..]);
}

#[cfg(test)]
mod tests {
    use super::{Escape, json_escaped, push_html, push_json};
    use crate::value::Value;

    fn json(text: &str) -> String {
        let mut out = String::new();
        push_json(&mut out, text);
        out
    }

    #[test]
    fn json_is_escaped_as_json_stringify_does() {
        assert_eq!(json("a\"b\\c/d"), r#"a\"b\\c/d"#);
        assert_eq!(json("\u{8}\u{c}\n\r\t\0\u{1f}\u{7f}"), "\\b\\f\\n\\r\\t\\u0000\\u001f\u{7f}");
        assert_eq!(json("\u{2028}<>&'é😀"), "\u{2028}<>&'é😀");
        assert_eq!(json("eight characters and then a \" quote"), "eight characters and then a \\\" quote");
    }

    #[test]
    fn what_json_escapes_reads_back_at_every_offset() {
        for offset in 0..20 {
            for character in ["\"", "\\", "\n", "\u{1}", "é", "\u{2028}", ""] {
                let text = format!("{}{character}{}", "x".repeat(offset), "y".repeat(20 - offset));
                let read: String = serde_json::from_str(&format!("\"{}\"", json(&text))).expect("valid JSON");
                assert_eq!(read, text);
            }
        }
    }

    #[test]
    fn html_escapes_seven_characters() {
        let mut out = String::new();
        push_html(&mut out, "a&b<c>d\"e'f`g=h/é");
        assert_eq!(out, "a&amp;b&lt;c&gt;d&quot;e&#x27;f&#x60;g&#x3D;h/é");
    }

    #[test]
    fn the_file_name_decides() {
        for (name, escape) in [
            ("flag.json.hbs", Escape::Json),
            ("templates/Flag.JSON", Escape::Json),
            ("flag.html.hbs", Escape::Html),
            ("flag.html", Escape::Html),
            ("flag.txt.hbs", Escape::None),
            ("flag.hbs", Escape::None),
            ("json", Escape::None),
            ("flag.json.txt", Escape::None),
        ] {
            assert_eq!(Escape::for_file_name(name), escape, "{name}");
        }
    }

    #[test]
    fn every_string_of_a_value_is_escaped_and_no_key() {
        let value = Value::parse(br#"{"a\"b":["x\"",{"c":"\n"},1.5,null]}"#).expect("JSON");
        let escaped = serde_json::to_string(&json_escaped(&value)).expect("it prints");
        assert_eq!(escaped, r#"{"a\"b":["x\\\"",{"c":"\\n"},1.5,null]}"#);
    }
}
