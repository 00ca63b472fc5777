//! Numbers, and what people take for numbers.

use super::reader::Reader;
use super::tree::{Content, Node};

impl Reader<'_> {
    pub(super) fn number(&mut self) -> Node {
        let start = self.at;
        let rest = &self.text[start..];
        let length = rest
            .find(|letter: char| !(letter.is_alphanumeric() || matches!(letter, '+' | '-' | '.' | '_')))
            .unwrap_or(rest.len());
        let written = rest[..length].to_owned();
        self.take(length);
        let span = start..self.at;
        let is_json = is_json_number(&written);
        if is_json && let Ok(number) = written.parse::<serde_json::Number>() {
            return Node { span, content: Content::Number(number), broken: false };
        }
        let (message, help, content) = if is_json {
            (format!("the number `{written}` is too large"), "write a smaller number".to_owned(), None)
        } else {
            explain(&written)
        };
        self.mistake(span.clone(), message, help);
        let broken = content.is_none();
        Node { span, content: content.unwrap_or_default(), broken }
    }
}

/// What is wrong with `written`, what to write, and what it means as far as that is clear.
fn explain(written: &str) -> (String, String, Option<Content>) {
    let not_a_number = format!("`{written}` is not a number of JSON");
    let unsigned = written.trim_start_matches(['+', '-']);
    let sign = if written.starts_with('-') { "-" } else { "" };
    if unsigned.eq_ignore_ascii_case("infinity")
        || unsigned.eq_ignore_ascii_case("inf")
        || unsigned.eq_ignore_ascii_case("nan")
    {
        return (format!("JSON has no `{written}`"), "write a number, or `null`".to_owned(), None);
    }
    for (prefix, radix, name) in [("0x", 16, "hexadecimal"), ("0o", 8, "octal"), ("0b", 2, "binary")] {
        let digits = unsigned.get(..2).filter(|start| start.eq_ignore_ascii_case(prefix)).map(|_| &unsigned[2..]);
        if let Some(Ok(number)) = digits.map(|digits| u64::from_str_radix(digits, radix)) {
            let (message, help) = (format!("JSON has no {name} numbers"), format!("write `{sign}{number}`"));
            return (message, help, as_number(&format!("{sign}{number}")));
        }
    }
    let plain = unsigned.replace('_', "");
    let (whole, rest) = plain.split_at(plain.find(['.', 'e', 'E']).unwrap_or(plain.len()));
    let whole = match whole.trim_start_matches('0') {
        "" => "0",
        significant => significant,
    };
    let rest = match rest {
        "." => ".0".to_owned(),
        _ => rest.replacen(".e", ".0e", 1).replacen(".E", ".0E", 1),
    };
    let repaired = format!("{sign}{whole}{rest}");
    if plain.starts_with(|first: char| first.is_ascii_digit() || first == '.') && is_json_number(&repaired) {
        let message = if written.starts_with('+') {
            "a number has no plus sign in JSON".to_owned()
        } else if written.contains('_') {
            "a number has no underscores in JSON".to_owned()
        } else if unsigned.starts_with('0')
            && !whole.is_empty()
            && unsigned.len() > 1
            && unsigned.as_bytes()[1].is_ascii_digit()
        {
            "a number has no leading zeros in JSON".to_owned()
        } else {
            not_a_number
        };
        return (message, format!("write `{repaired}`"), as_number(&repaired));
    }
    if unsigned.is_empty() || plain.ends_with(['e', 'E', '+', '-']) {
        return (not_a_number, "write its digits".to_owned(), None);
    }
    (not_a_number, format!("put it in double quotes: `\"{written}\"`"), Some(Content::String(written.to_owned())))
}

fn as_number(text: &str) -> Option<Content> {
    text.parse::<serde_json::Number>().ok().map(Content::Number)
}

/// RFC 8259, section 6.
fn is_json_number(text: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let text = text.strip_prefix('-').unwrap_or(text);
    let (mantissa, exponent) =
        text.split_once(['e', 'E']).map_or((text, None), |(mantissa, exponent)| (mantissa, Some(exponent)));
    let (whole, fraction) =
        mantissa.split_once('.').map_or((mantissa, None), |(whole, fraction)| (whole, Some(fraction)));
    digits(whole)
        && (whole.len() == 1 || !whole.starts_with('0'))
        && fraction.is_none_or(digits)
        && exponent.is_none_or(|exponent| digits(exponent.strip_prefix(['+', '-']).unwrap_or(exponent)))
}

#[cfg(test)]
mod tests {
    use super::{explain, is_json_number};

    #[test]
    fn numbers_are_those_of_the_standard() {
        for right in ["0", "-0", "10", "1.5", "1e9", "1E+9", "-1.25e-3"] {
            assert!(is_json_number(right), "{right}");
        }
        for wrong in ["", "-", "01", "+1", ".5", "5.", "1e", "1e+", "0x1", "1.2.3", "1_000", "--1", "NaN"] {
            assert!(!is_json_number(wrong), "{wrong}");
        }
    }

    #[test]
    fn each_slip_has_its_own_remedy() {
        for (written, help) in [
            ("007", "write `7`"),
            ("-007.5", "write `-7.5`"),
            ("00", "write `0`"),
            ("+1", "write `1`"),
            (".5", "write `0.5`"),
            ("5.", "write `5.0`"),
            ("5.e3", "write `5.0e3`"),
            ("0x1F", "write `31`"),
            ("-0b11", "write `-3`"),
            ("1_000", "write `1000`"),
            ("1.2.3", "put it in double quotes: `\"1.2.3\"`"),
            ("2024-01-01", "put it in double quotes: `\"2024-01-01\"`"),
            ("-Infinity", "write a number, or `null`"),
            ("-", "write its digits"),
            ("1e", "write its digits"),
        ] {
            assert_eq!(explain(written).1, help, "{written}");
        }
    }
}
