//! What to write in place of a word or sign that is none of JSON: its own spelling of it, where it has one.

use crate::checks::soundness::{foreign_quoted, quotes, sign};

/// Message and help for a sign of another language that `rest` begins with.
pub(super) fn of_sign(rest: &str) -> (String, String) {
    let Some(sign) = sign(rest) else { return of_word(rest) };
    let number = u32::from(sign.letter);
    match (sign.meant, sign.letter) {
        ("", _) => (format!("U+{number:04X} is no white space to JSON"), "use a plain space".to_owned()),
        (meant, ';') => ("`;` separates nothing in JSON".to_owned(), format!("write `{meant}`")),
        (meant, letter) => (format!("`{letter}` (U+{number:04X}) is no sign of JSON"), format!("write `{meant}`")),
    }
}

/// Message and help for a word outside of quotes that `rest` begins with.
pub(super) fn of_word(rest: &str) -> (String, String) {
    if let Some((inside, length)) = foreign_quoted(rest) {
        let closed = length > rest.chars().next().map_or(0, char::len_utf8);
        let help = if closed && inside.chars().count() <= 40 && !inside.contains('"') {
            format!("write `\"{inside}\"`")
        } else {
            "write `\"` on both sides".to_owned()
        };
        let message = format!("a string in {}: JSON knows straight double quotes only", quotes(rest));
        return (message, help);
    }
    let word = whole_word(rest);
    let message = format!("`{word}` stands outside of quotes");
    let quoted = format!("\"{word}\"");
    let help = match word.to_ascii_lowercase().as_str() {
        "" => "put it in quotes".to_owned(),
        "true" | "yes" | "on" => "write `true`".to_owned(),
        "false" | "no" | "off" => "write `false`".to_owned(),
        "null" | "none" | "nil" | "undefined" => "write `null`".to_owned(),
        "nan" | "infinity" | "+infinity" | "-infinity" => {
            return (format!("JSON has no number `{word}`"), format!("write `null`, or `{quoted}` as a text"));
        }
        _ => match number(word) {
            Some(number) => {
                return (
                    format!("`{word}` is no number of JSON"),
                    format!("write `{number}`, or `{quoted}` as a text"),
                );
            }
            None => format!("write `{quoted}`"),
        },
    };
    (message, help)
}

/// The word with the tags in it, up to white space or a sign of JSON.
fn whole_word(rest: &str) -> &str {
    let mut at = 0;
    while let Some(letter) = rest[at..].chars().next() {
        if rest[at..].starts_with("{{") {
            let Some(end) = rest[at..].find("}}") else { break };
            // A block is no part of a word.
            if rest[at + 2..].starts_with(['#', '/', '^', '!', '~']) || rest[at + 2..].starts_with("else") {
                break;
            }
            at += end + 2;
            continue;
        }
        if letter.is_whitespace() || ",[]{}:\"".contains(letter) {
            break;
        }
        at += letter.len_utf8();
    }
    &rest[..at]
}

/// How JSON writes a number that other languages write otherwise: `01`, `+1`, `.5`, `1.`, `1_000`.
fn number(word: &str) -> Option<String> {
    let (sign, digits) = match word.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", word.strip_prefix('+').unwrap_or(word)),
    };
    if let Some(hexadecimal) = digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X")) {
        return u64::from_str_radix(hexadecimal, 16).ok().map(|number| format!("{sign}{number}"));
    }
    let plain = digits.replace('_', "");
    let (whole, fraction) = plain.split_once('.').unwrap_or((&plain, ""));
    let all_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if !all_digits(whole) || !all_digits(fraction) || whole.len() + fraction.len() == 0 {
        return None;
    }
    let whole = whole.trim_start_matches('0');
    let whole = if whole.is_empty() { "0" } else { whole };
    let point = if fraction.is_empty() { "" } else { "." };
    Some(format!("{sign}{whole}{point}{fraction}"))
}

#[cfg(test)]
mod tests {
    use super::{of_sign, of_word};

    #[test]
    fn words_are_told_as_json_spells_them() {
        for (rest, message, help) in [
            ("True,", "`True` stands outside of quotes", "write `true`"),
            ("None}", "`None` stands outside of quotes", "write `null`"),
            ("NaN", "JSON has no number `NaN`", "write `null`, or `\"NaN\"` as a text"),
            ("01 }", "`01` is no number of JSON", "write `1`, or `\"01\"` as a text"),
            ("-.50,", "`-.50` is no number of JSON", "write `-0.50`, or `\"-.50\"` as a text"),
            ("0x1F", "`0x1F` is no number of JSON", "write `31`, or `\"0x1F\"` as a text"),
            ("v{{a}}-{{b}} ", "`v{{a}}-{{b}}` stands outside of quotes", "write `\"v{{a}}-{{b}}\"`"),
            (
                "'{{kind}}' }",
                "a string in single quotes: JSON knows straight double quotes only",
                "write `\"{{kind}}\"`",
            ),
            ("“a", "a string in curly quotes: JSON knows straight double quotes only", "write `\"` on both sides"),
        ] {
            assert_eq!(of_word(rest), (message.to_owned(), help.to_owned()), "{rest}");
        }
    }

    #[test]
    fn signs_are_told_by_number() {
        assert_eq!(of_sign("\u{a0}").0, "U+00A0 is no white space to JSON");
        assert_eq!(of_sign("，"), ("`，` (U+FF0C) is no sign of JSON".to_owned(), "write `,`".to_owned()));
    }
}
