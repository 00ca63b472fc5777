//! Finds the first mistake in a text that should be JSON, and says what kind it is.
//!
//! `serde_json` says "expected value"; an author needs to hear which comma. Builds nothing and allocates only
//! the stack of open brackets, since most texts it reads are right.

use std::ops::Range;

use super::signs::{comment, foreign_quoted, sign};

/// The first mistake of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mistake {
    /// What is wrong.
    pub(super) kind: Kind,
    /// The bytes that are wrong, or the point where something is missing.
    pub(super) span: Range<usize>,
    /// Where the piece before the mistake ends.
    pub(super) after: usize,
    /// The innermost bracket that is open there.
    pub(super) bracket: Option<usize>,
}

/// The kinds of mistakes that templates make.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Kind {
    /// Nothing but white space.
    Blank,
    /// A comma before `]` or `}`.
    TrailingComma,
    /// A comma where a value or a name should be: `[,`, `,,`.
    StrayComma,
    /// Two values or members without a comma between them.
    MissingComma,
    /// A name without a value: `"a": ,`.
    MissingValue,
    /// A name without a colon.
    MissingColon,
    /// A text that is neither in quotes nor a number.
    Unquoted,
    /// A comment of another language.
    Comment,
    /// A comma, bracket or space that is none of JSON's.
    Foreign,
    /// A line break or another control character inside a string.
    ControlCharacter,
    /// A backslash before something that needs none.
    BadEscape,
    /// The text ends inside a string.
    OpenString,
    /// The text ends inside a list or an object.
    OpenBracket,
    /// A closing bracket that fits nothing open.
    WrongBracket,
    /// Something follows the document.
    AfterEnd,
}

/// The first mistake in `text`; `None` when it is one JSON document.
pub(super) fn first_mistake(text: &str) -> Option<Mistake> {
    let mut reader = Reader { text, bytes: text.as_bytes(), at: 0, after: 0, open: Vec::new() };
    reader.document().err()
}

/// The text with one mistake mended, at the same length, so that every place in it stays where it was.
pub(super) fn mend(text: &str, mistake: &Mistake) -> Option<String> {
    let span = mistake.span.clone();
    let (at, length, with) = match mistake.kind {
        Kind::TrailingComma | Kind::StrayComma => (span.start, 1, " "),
        // White space between the two pieces has room for what is missing.
        Kind::MissingComma if mistake.after < span.start => (mistake.after, 1, ","),
        Kind::MissingValue if mistake.after < span.start => (mistake.after, 1, "0"),
        Kind::Comment => (span.start, comment(&text[span.start..])?, ""),
        Kind::Foreign => (span.start, span.len(), sign(&text[span.start..])?.meant),
        Kind::Unquoted if foreign_quoted(&text[span.start..]).is_some() => {
            let (_, length) = foreign_quoted(&text[span.start..])?;
            // A quote that nothing closes says nothing about what follows.
            let opener = text[span.start..].chars().next().map_or(0, char::len_utf8);
            (span.start, (length > opener).then_some(length)?, "\"\"")
        }
        Kind::Unquoted if is_name(text, &span) && span.len() > 1 => (span.start, span.len(), "\"\""),
        Kind::Unquoted if !text[span.clone()].contains(['{', '}', '[', ']', ':', ',']) => {
            let rest = &text[span.start..];
            let length = rest.find([',', '}', ']', '\n']).unwrap_or(rest.len());
            (span.start, length, "0")
        }
        _ => return None,
    };
    Some(replaced(text, at..at + length, with))
}

/// Whether a word without quotes stands before a colon.
fn is_name(text: &str, span: &Range<usize>) -> bool {
    text[span.end..].trim_start().starts_with(':')
}

/// The text with `with` in place of some bytes, at the same length.
pub(super) fn replaced(text: &str, span: Range<usize>, with: &str) -> String {
    let mut out = String::with_capacity(text.len());
    out.push_str(&text[..span.start]);
    out.push_str(with);
    out.extend(std::iter::repeat_n(' ', span.len().saturating_sub(with.len())));
    out.push_str(&text[span.end..]);
    out
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Open {
    List,
    Object,
}

struct Reader<'t> {
    text: &'t str,
    bytes: &'t [u8],
    at: usize,
    /// End of the last piece that was read.
    after: usize,
    open: Vec<(Open, usize)>,
}

impl Reader<'_> {
    fn document(&mut self) -> Result<(), Mistake> {
        if self.peek().is_none() {
            return Err(self.mistake(Kind::Blank, self.at..self.at));
        }
        loop {
            // A value begins here.
            self.value()?;
            // A value has ended; close and go on until the next one begins.
            loop {
                let Some((open, _)) = self.open.last().copied() else {
                    return match self.peek() {
                        None => Ok(()),
                        Some(b',') => Err(self.mistake(Kind::StrayComma, self.at..self.at + 1)),
                        Some(b']' | b'}') => Err(self.mistake(Kind::WrongBracket, self.at..self.at + 1)),
                        Some(_) => Err(self.mistake(Kind::AfterEnd, self.at..self.word_end())),
                    };
                };
                match (self.peek(), open) {
                    (Some(b','), _) => {
                        let comma = self.at;
                        self.take(1);
                        match (self.peek(), open) {
                            (Some(b']' | b'}'), _) => {
                                self.after = comma;
                                return Err(self.mistake(Kind::TrailingComma, comma..comma + 1));
                            }
                            (Some(b','), _) => return Err(self.mistake(Kind::StrayComma, self.at..self.at + 1)),
                            (_, Open::Object) => self.member_name()?,
                            (_, Open::List) => {}
                        }
                        break;
                    }
                    (Some(b']'), Open::List) | (Some(b'}'), Open::Object) => {
                        self.take(1);
                        self.open.pop();
                    }
                    (Some(b']' | b'}'), _) => return Err(self.mistake(Kind::WrongBracket, self.at..self.at + 1)),
                    (Some(b':'), _) => return Err(self.mistake(Kind::Unquoted, self.at..self.at + 1)),
                    (Some(_), _) => return Err(self.mistake(Kind::MissingComma, self.at..self.word_end())),
                    (None, _) => return Err(self.mistake(Kind::OpenBracket, self.at..self.at)),
                }
            }
        }
    }

    /// Reads one value, or opens lists and objects until a value has been read or an empty one closed.
    fn value(&mut self) -> Result<(), Mistake> {
        loop {
            match self.peek() {
                Some(b'[') => {
                    self.open.push((Open::List, self.at));
                    self.take(1);
                    match self.peek() {
                        Some(b']') => {
                            self.take(1);
                            self.open.pop();
                            return Ok(());
                        }
                        Some(b',') => return Err(self.mistake(Kind::StrayComma, self.at..self.at + 1)),
                        _ => {}
                    }
                }
                Some(b'{') => {
                    self.open.push((Open::Object, self.at));
                    self.take(1);
                    match self.peek() {
                        Some(b'}') => {
                            self.take(1);
                            self.open.pop();
                            return Ok(());
                        }
                        Some(b',') => return Err(self.mistake(Kind::StrayComma, self.at..self.at + 1)),
                        _ => self.member_name()?,
                    }
                }
                Some(b'"') => return self.string(),
                Some(b'-' | b'0'..=b'9') => return self.number(),
                Some(b',') => return Err(self.mistake(Kind::MissingValue, self.at..self.at)),
                Some(b']' | b'}') if self.bytes[..self.after].ends_with(b":") => {
                    return Err(self.mistake(Kind::MissingValue, self.at..self.at));
                }
                Some(b']' | b'}') => return Err(self.mistake(Kind::WrongBracket, self.at..self.at + 1)),
                Some(_) => return self.word(),
                None if self.bytes[..self.after].ends_with(b":") => {
                    return Err(self.mistake(Kind::MissingValue, self.at..self.at));
                }
                None => return Err(self.mistake(Kind::OpenBracket, self.at..self.at)),
            }
        }
    }

    /// Reads `"name":`.
    fn member_name(&mut self) -> Result<(), Mistake> {
        match self.peek() {
            Some(b'"') => self.string()?,
            Some(b']') => return Err(self.mistake(Kind::WrongBracket, self.at..self.at + 1)),
            Some(_) => return Err(self.mistake(Kind::Unquoted, self.at..self.word_end())),
            None => return Err(self.mistake(Kind::OpenBracket, self.at..self.at)),
        }
        match self.peek() {
            Some(b':') => {
                self.take(1);
                Ok(())
            }
            // `{"a"}` lacks a value, `{"a" "b"}` a colon.
            Some(b',' | b'}') | None => Err(self.mistake(Kind::MissingValue, self.after..self.after)),
            Some(_) => Err(self.mistake(Kind::MissingColon, self.at..self.word_end())),
        }
    }

    fn string(&mut self) -> Result<(), Mistake> {
        let start = self.at;
        let mut at = start + 1;
        loop {
            while self.bytes.get(at).is_some_and(|byte| PLAIN[usize::from(*byte)]) {
                at += 1;
            }
            match self.bytes.get(at) {
                Some(b'"') => break,
                Some(b'\\') => {
                    let length = match self.bytes.get(at + 1) {
                        Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => 2,
                        Some(b'u') => {
                            let digits = self.bytes.get(at + 2..at + 6);
                            if digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit)) { 6 } else { 0 }
                        }
                        _ => 0,
                    };
                    if length == 0 {
                        let end = at + 1 + self.text[at + 1..].chars().next().map_or(0, char::len_utf8);
                        self.after = at;
                        return Err(self.mistake(Kind::BadEscape, at..end));
                    }
                    at += length;
                }
                Some(_) => {
                    self.after = at;
                    return Err(self.mistake(Kind::ControlCharacter, at..at + 1));
                }
                None => {
                    self.after = self.bytes.len();
                    return Err(self.mistake(Kind::OpenString, start..self.bytes.len()));
                }
            }
        }
        self.take(at + 1 - start);
        Ok(())
    }

    fn number(&mut self) -> Result<(), Mistake> {
        let end = self.word_end();
        let word = &self.bytes[self.at..end];
        if !is_number(word) {
            return Err(self.mistake(Kind::Unquoted, self.at..end));
        }
        self.take(word.len());
        Ok(())
    }

    fn word(&mut self) -> Result<(), Mistake> {
        let end = self.word_end();
        match &self.bytes[self.at..end] {
            b"true" | b"false" | b"null" => {
                self.take(end - self.at);
                Ok(())
            }
            _ => Err(self.mistake(Kind::Unquoted, self.at..end)),
        }
    }

    /// The next byte that is not white space.
    fn peek(&mut self) -> Option<u8> {
        while matches!(self.bytes.get(self.at), Some(b' ' | b'\n' | b'\t' | b'\r')) {
            self.at += 1;
        }
        self.bytes.get(self.at).copied()
    }

    fn take(&mut self, length: usize) {
        self.at += length;
        self.after = self.at;
    }

    /// Where the piece that begins here ends: before white space, a comma, a bracket or a colon.
    fn word_end(&self) -> usize {
        let ends = |character: char| {
            character.is_whitespace()
                || ",[]{}:\"".contains(character)
                || sign(character.encode_utf8(&mut [0; 4])).is_some()
        };
        let rest = &self.text[self.at..];
        let first = rest.chars().next().map_or(0, char::len_utf8);
        rest[first..].find(ends).map_or(self.text.len(), |length| self.at + first + length)
    }

    fn mistake(&self, kind: Kind, mut span: Range<usize>) -> Mistake {
        let rest = &self.text[span.start..];
        let stranger = matches!(kind, Kind::Unquoted | Kind::MissingComma | Kind::MissingColon | Kind::AfterEnd);
        let mut kind = kind;
        if let Some(sign) = sign(rest).filter(|sign| stranger && (kind != Kind::AfterEnd || sign.meant.is_empty())) {
            kind = Kind::Foreign;
            span.end = span.start + sign.letter.len_utf8();
        } else if stranger && comment(rest).is_some() {
            kind = Kind::Comment;
        }
        Mistake { kind, span, after: self.after, bracket: self.open.last().map(|(_, at)| *at) }
    }
}

/// Bytes that may stand in a string as they are.
const PLAIN: [bool; 256] = {
    let mut plain = [true; 256];
    let mut control = 0;
    while control < 0x20 {
        plain[control] = false;
        control += 1;
    }
    plain[b'"' as usize] = false;
    plain[b'\\' as usize] = false;
    plain
};

fn is_number(word: &[u8]) -> bool {
    let word = word.strip_prefix(b"-").unwrap_or(word);
    let digits = |word: &[u8]| word.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let whole = digits(word);
    if whole == 0 || (whole > 1 && word[0] == b'0') {
        return false;
    }
    let mut rest = &word[whole..];
    if let Some(fraction) = rest.strip_prefix(b".") {
        let length = digits(fraction);
        if length == 0 {
            return false;
        }
        rest = &fraction[length..];
    }
    if let Some(exponent) = rest.strip_prefix(b"e").or_else(|| rest.strip_prefix(b"E")) {
        let exponent = exponent.strip_prefix(b"+").or_else(|| exponent.strip_prefix(b"-")).unwrap_or(exponent);
        let length = digits(exponent);
        if length == 0 {
            return false;
        }
        rest = &exponent[length..];
    }
    rest.is_empty()
}

#[cfg(test)]
mod tests {
    use super::{Kind, first_mistake, mend};
    use proptest::prelude::*;

    fn row(text: &str) -> Option<(Kind, &str)> {
        first_mistake(text).map(|mistake| (mistake.kind, &text[mistake.span]))
    }

    #[test]
    fn each_mistake_has_a_name_and_a_place() {
        let rows = [
            (" \n", Kind::Blank, ""),
            (r#"["a","b",]"#, Kind::TrailingComma, ","),
            (r#"{"a":1,}"#, Kind::TrailingComma, ","),
            (r#"[,"a"]"#, Kind::StrayComma, ","),
            (r#"["a",,"b"]"#, Kind::StrayComma, ","),
            (r#"{,"a":1}"#, Kind::StrayComma, ","),
            (r#"{"a":1 "b":2}"#, Kind::MissingComma, "\"b"),
            (r#"["a" "b"]"#, Kind::MissingComma, "\"b"),
            (r#"["a"，"b"]"#, Kind::Foreign, "，"),
            (r#"["a"; "b"]"#, Kind::Foreign, ";"),
            ("{\u{a0}\"a\": 1}", Kind::Foreign, "\u{a0}"),
            ("{“a”: 1}", Kind::Unquoted, "“a”"),
            ("{\"a\": 1 // b\n}", Kind::Comment, "//"),
            (r#"{"a": , "b":2}"#, Kind::MissingValue, ""),
            (r#"{"a": }"#, Kind::MissingValue, ""),
            (r#"{"a"}"#, Kind::MissingValue, ""),
            (r#"{"a" 1}"#, Kind::MissingColon, "1"),
            (r#"{"a": Demo flag}"#, Kind::Unquoted, "Demo"),
            (r#"{"a": 12ab}"#, Kind::Unquoted, "12ab"),
            (r#"{a: 1}"#, Kind::Unquoted, "a"),
            (r#"[01]"#, Kind::Unquoted, "01"),
            ("[\"a\nb\"]", Kind::ControlCharacter, "\n"),
            (r#"["\é"]"#, Kind::BadEscape, "\\é"),
            (r#"["\u12"]"#, Kind::BadEscape, "\\u"),
            (r#"["a"#, Kind::OpenString, "\"a"),
            (r#"["a""#, Kind::OpenBracket, ""),
            (r#"{"a":1]"#, Kind::WrongBracket, "]"),
            (r#"{"a":1}}"#, Kind::WrongBracket, "}"),
            (r#"{"a":1} x"#, Kind::AfterEnd, "x"),
            (r#"{"a":1}{"#, Kind::AfterEnd, "{"),
        ];
        for (text, kind, span) in rows {
            assert_eq!(row(text), Some((kind, span)), "{text}");
        }
    }

    #[test]
    fn json_has_no_mistake() {
        for text in ["1", "-0.5e+3", "\"\u{2028}\\u00ff\"", "[]", "{}", r#" {"a":[{},[1,2,{"b":null}],true]} "#] {
            assert_eq!(row(text), None, "{text}");
        }
    }

    #[test]
    fn a_mended_text_is_as_long_and_right_there() {
        let rows = [
            (r#"{"a":["x",]}"#, r#"{"a":["x" ]}"#),
            (r#"{"a": , "b":1}"#, r#"{"a":0, "b":1}"#),
            (r#"{"b":1 "c":2}"#, r#"{"b":1,"c":2}"#),
            (r#"{"c": Demo flag}"#, r#"{"c": 0        }"#),
            (r#"{"c": 'x, y', "d":1}"#, r#"{"c": ""    , "d":1}"#),
            (r#"{name: 1}"#, r#"{""  : 1}"#),
            ("{\"c\": 1 // x\n}", "{\"c\": 1     \n}"),
            (r#"{"c":1，"d":2}"#, r#"{"c":1,  "d":2}"#),
        ];
        for (text, mended) in rows {
            let mistake = first_mistake(text).expect("the row is wrong");
            assert_eq!(mend(text, &mistake).as_deref(), Some(mended));
        }
    }

    proptest! {
        #[test]
        fn every_place_is_in_the_text(text in r#"[\[\]{},:"\\a-c0-2 .eE\-\né]{0,20}"#) {
            if let Some(mistake) = first_mistake(&text) {
                prop_assert!(text.get(mistake.span.clone()).is_some());
                prop_assert!(mend(&text, &mistake).is_none_or(|mended| mended.len() == text.len()));
            }
        }

        #[test]
        fn agrees_with_serde_json(text in r#"[\[\]{},:"\\a-c0-2 .eE\-\n]{0,14}|(\{("[ab]":(1|"x"|\[(1,?)*\]|),?)*\}?)"#) {
            let judged = first_mistake(&text).is_none();
            let accepted = serde_json::from_str::<serde::de::IgnoredAny>(&text).is_ok();
            prop_assert_eq!(judged, accepted, "{}", text);
        }
    }
}
