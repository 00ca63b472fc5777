//! A quick reader for JSON that is as it should be. Whatever it does not like, it leaves to `serde_json`, which
//! is the judge of what JSON is and tells what is wrong. Two things that the judge refuses are taken as
//! `JSON.parse` takes them, since platforms send them: half of a surrogate pair, and numbers past any double.

use std::borrow::Cow;

use super::parse::MAX_DEPTH;
use super::scan::next_special;
use super::{Number, Object, Value};

/// The document in `text`, or `None` when someone stricter should look at it.
pub(super) fn parse(text: &str) -> Option<Value<'_>> {
    let mut reader =
        Reader { text, bytes: text.as_bytes(), at: 0, items: Vec::with_capacity(16), members: Vec::with_capacity(32) };
    let value = reader.value(0)?;
    reader.skip_space();
    (reader.at == text.len()).then_some(value)
}

struct Reader<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    /// Items of lists and members of objects that are not complete yet, the innermost last: a list is
    /// allocated once, when its length is known.
    items: Vec<Value<'a>>,
    members: Vec<(Cow<'a, str>, Value<'a>)>,
}

impl<'a> Reader<'a> {
    #[inline]
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    #[inline]
    fn skip_space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\n' | b'\r' | b'\t')) {
            self.at += 1;
        }
    }

    #[inline]
    fn next_after_space(&mut self) -> Option<u8> {
        self.skip_space();
        let byte = self.peek()?;
        self.at += 1;
        Some(byte)
    }

    fn value(&mut self, depth: usize) -> Option<Value<'a>> {
        match self.next_after_space()? {
            b'"' => self.string().map(Value::String),
            b'{' if depth < MAX_DEPTH => self.object(depth),
            b'[' if depth < MAX_DEPTH => self.list(depth),
            b't' => self.word("rue", Value::Bool(true)),
            b'f' => self.word("alse", Value::Bool(false)),
            b'n' => self.word("ull", Value::Null),
            byte @ (b'-' | b'0'..=b'9') => self.number(byte),
            _ => None,
        }
    }

    fn word(&mut self, rest: &str, value: Value<'a>) -> Option<Value<'a>> {
        let end = self.at + rest.len();
        (self.bytes.get(self.at..end)? == rest.as_bytes()).then(|| {
            self.at = end;
            value
        })
    }

    fn object(&mut self, depth: usize) -> Option<Value<'a>> {
        let start = self.members.len();
        let mut next = self.next_after_space()?;
        if next != b'}' {
            loop {
                if next != b'"' {
                    return None;
                }
                let key = self.string()?;
                if self.next_after_space()? != b':' {
                    return None;
                }
                let value = self.value(depth + 1)?;
                self.members.push((key, value));
                match self.next_after_space()? {
                    b',' => next = self.next_after_space()?,
                    b'}' => break,
                    _ => return None,
                }
            }
        }
        Some(Value::Object(Object::from_members(self.members.drain(start..).collect())))
    }

    fn list(&mut self, depth: usize) -> Option<Value<'a>> {
        let start = self.items.len();
        self.skip_space();
        if self.peek()? == b']' {
            self.at += 1;
        } else {
            loop {
                let value = self.value(depth + 1)?;
                self.items.push(value);
                match self.next_after_space()? {
                    b',' => {}
                    b']' => break,
                    _ => return None,
                }
            }
        }
        Some(Value::Array(self.items.drain(start..).collect()))
    }

    /// A string whose opening quote is read.
    #[inline]
    fn string(&mut self) -> Option<Cow<'a, str>> {
        let start = self.at;
        let end = next_special(self.bytes, start);
        if *self.bytes.get(end)? == b'"' {
            self.at = end + 1;
            return Some(Cow::Borrowed(&self.text[start..end]));
        }
        self.escaped_string(start, end)
    }

    fn escaped_string(&mut self, start: usize, first: usize) -> Option<Cow<'a, str>> {
        let (mut from, mut at) = (start, first);
        let mut out = String::new();
        loop {
            out.push_str(&self.text[from..at]);
            match *self.bytes.get(at)? {
                b'"' => {
                    self.at = at + 1;
                    return Some(Cow::Owned(out));
                }
                b'\\' => {}
                _ => return None,
            }
            from = at + 2;
            match *self.bytes.get(at + 1)? {
                b'"' => out.push('"'),
                b'\\' => out.push('\\'),
                b'/' => out.push('/'),
                b'b' => out.push('\u{8}'),
                b'f' => out.push('\u{c}'),
                b'n' => out.push('\n'),
                b'r' => out.push('\r'),
                b't' => out.push('\t'),
                b'u' => {
                    let unit = self.unit(at + 2)?;
                    from = at + 6;
                    let high = unit.checked_sub(0xd800).filter(|high| *high < 0x400);
                    let low = high.and_then(|_| self.low_half(from));
                    let scalar = match (high, low) {
                        (Some(high), Some(low)) => {
                            from += 6;
                            0x10000 + (high << 10) + low
                        }
                        _ => unit,
                    };
                    // Half of a pair alone is text in JavaScript, which sends it as U+FFFD: a title that was cut
                    // within an emoji must not stop the event.
                    out.push(char::from_u32(scalar).unwrap_or(char::REPLACEMENT_CHARACTER));
                }
                _ => return None,
            }
            at = next_special(self.bytes, from);
        }
    }

    /// The second half of a pair, when one is escaped at `at`.
    fn low_half(&self, at: usize) -> Option<u32> {
        let escape = self.bytes.get(at..at + 2)? == b"\\u";
        let unit = escape.then(|| self.unit(at + 2))??;
        unit.checked_sub(0xdc00).filter(|low| *low < 0x400)
    }

    /// Four hexadecimal digits.
    fn unit(&self, at: usize) -> Option<u32> {
        let digits = self.bytes.get(at..at + 4)?;
        digits.iter().try_fold(0, |unit, digit| Some(unit * 16 + char::from(*digit).to_digit(16)?))
    }

    /// A number whose first byte is read.
    fn number(&mut self, first: u8) -> Option<Value<'a>> {
        let start = self.at - 1;
        let negative = first == b'-';
        let digits = start + usize::from(negative);
        self.at = digits;
        let mut whole: Option<u64> = Some(0);
        while let Some(digit @ b'0'..=b'9') = self.peek() {
            whole = whole.and_then(|whole| whole.checked_mul(10)?.checked_add(u64::from(digit - b'0')));
            self.at += 1;
        }
        let count = self.at - digits;
        if count == 0 || (count > 1 && self.bytes[digits] == b'0') {
            return None;
        }
        let number = match (self.peek(), whole) {
            (Some(b'.' | b'e' | b'E'), _) => {
                self.fraction_and_exponent()?;
                self.double(start)?
            }
            (_, Some(whole)) if !negative => Number::Unsigned(whole),
            (_, Some(whole)) if whole > 0 => match 0_i64.checked_sub_unsigned(whole) {
                Some(number) => Number::Negative(number),
                None => self.double(start)?,
            },
            // Minus zero, or more digits than 64 bits hold.
            _ => self.double(start)?,
        };
        Some(Value::Number(number))
    }

    fn fraction_and_exponent(&mut self) -> Option<()> {
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.digits()?;
        }
        Some(())
    }

    fn digits(&mut self) -> Option<()> {
        let start = self.at;
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        (self.at > start).then_some(())
    }

    fn double(&self, start: usize) -> Option<Number> {
        // What no double can hold is infinite, as for `JSON.parse`.
        self.text[start..self.at].parse().ok().map(Number::Float)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::parse;
    use crate::value::{MAX_DEPTH, Value};

    /// What is taken here, `serde_json` takes for the same; and whether it is taken.
    fn agrees(text: &str) -> bool {
        let Some(quick) = parse(text) else { return false };
        let judged: Value<'_> = match serde_json::from_str(text) {
            Ok(judged) => judged,
            Err(error) => {
                let message = error.to_string();
                let stricter = ["surrogate", "end of hex escape", "number out of range"];
                assert!(stricter.iter().any(|words| message.contains(words)), "{text:?} is no JSON: {error}");
                return true;
            }
        };
        let print = |value: &Value<'_>| serde_json::to_string(value).expect("it prints");
        assert_eq!(print(&quick), print(&judged), "{text:?}");
        true
    }

    #[test]
    fn what_is_json_is_taken() {
        for text in [
            "0",
            "-0",
            "-1",
            "1.50",
            "1e3",
            "1E-7",
            "-1.5e+3",
            "18446744073709551615",
            "18446744073709551616",
            "-9223372036854775808",
            "-9223372036854775809",
            "123456789012345678901234567890",
            "5e-324",
            "1e-400",
            "true",
            "false",
            "null",
            r#""""#,
            r#""a\"b""#,
            r#""\u00e9\ud83d\ude00\/\b\f\n\r\t\\""#,
            "[]",
            "{}",
            " [ ] ",
            " { \"a\" : [ 1 , { } ] , \"b\" : null }\r\n",
            r#"{"a":1,"a":2,"10":3,"2":4}"#,
            "\"é\u{2028}\"",
        ] {
            assert!(agrees(text), "{text} is left to the judge");
        }
        assert!(agrees(&format!("{}{}", "[".repeat(MAX_DEPTH), "]".repeat(MAX_DEPTH))));
    }

    #[test]
    fn what_javascript_reads_is_read_as_there() {
        for (text, expected) in [
            (r#""\ud83d""#, "\u{fffd}"),
            (r#""\ude00""#, "\u{fffd}"),
            (r#""a\ud83d b""#, "a\u{fffd} b"),
            (r#""\ud83dA""#, "\u{fffd}A"),
            (r#""\ud83d\u0041""#, "\u{fffd}A"),
            (r#""\ud83d\ud83d\ude00""#, "\u{fffd}😀"),
            (r#""\ud83d\n""#, "\u{fffd}\n"),
        ] {
            assert_eq!(parse(text), Some(Value::text(expected)), "{text}");
        }
        let infinite = |number: f64| Some(Value::Number(crate::value::Number::Float(number)));
        assert_eq!(parse("1e400"), infinite(f64::INFINITY));
        assert_eq!(parse("-1e400"), infinite(f64::NEG_INFINITY));
    }

    #[test]
    fn what_is_not_json_is_left_to_the_judge() {
        for text in [
            "",
            " ",
            "01",
            "-",
            "1.",
            ".5",
            "1e",
            "+1",
            "tru",
            "nul",
            "\"",
            "\"\n\"",
            r#""\x""#,
            r#""\u12""#,
            "[1,]",
            "[,]",
            "[1 2]",
            "{\"a\"}",
            "{\"a\":1,}",
            "{1:2}",
            "{,}",
            "1 2",
            "NaN",
            "\u{feff}1",
            "//",
            "[1",
            "{\"a\":",
        ] {
            assert!(parse(text).is_none(), "{text}");
            assert!(Value::parse(text.as_bytes()).is_err() || text.starts_with('\u{feff}'), "{text}");
        }
        let deep = MAX_DEPTH + 1;
        assert!(parse(&format!("{}{}", "[".repeat(deep), "]".repeat(deep))).is_none());
    }

    proptest! {
        #[test]
        fn any_text_is_taken_for_what_the_judge_takes_it(text in r#"([\[\]{}:,"\\0-9.eE+\- \n]|true|null|"a"|\\u[0-9a-f]{4}|é){0,24}"#) {
            agrees(&text);
        }

        #[test]
        fn any_string_reads_back(text in ".*", ascii in any::<bool>()) {
            let mut json = serde_json::to_string(&text).expect("it prints");
            if ascii {
                json = json.chars().flat_map(|character| {
                    let units = if character.is_ascii() { vec![character.to_string()] } else {
                        character.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("\\u{unit:04X}")).collect()
                    };
                    units.concat().chars().collect::<Vec<_>>()
                }).collect();
            }
            prop_assert_eq!(parse(&json), Some(Value::text(&text)));
        }

        #[test]
        fn any_number_reads_back(number in any::<f64>().prop_filter("JSON has no others", |number| number.is_finite())) {
            let both = agrees(&format!("{number:e}")) && agrees(&format!("{number}"));
            prop_assert!(both);
        }
    }
}
