//! The Common Event Format: a header with bars, then `key=value` pairs whose values may hold anything.

use std::borrow::Cow;
use std::ops::Range;

/// One entry, taken apart. Values are unescaped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct CefEntry<'a> {
    /// What stands before `CEF:`, usually a time and a host.
    pub(super) prefix: &'a str,
    /// Version, vendor, product, product version, class, name, severity.
    pub(super) header: [Cow<'a, str>; 7],
    /// Keys and values in the order they stand.
    pub(super) extension: Vec<(&'a str, Cow<'a, str>)>,
}

/// Reads one entry. `None`: it is not in this format.
pub(super) fn parse(text: &str) -> Option<CefEntry<'_>> {
    let at = text.find("CEF:")?;
    let (prefix, mut rest) = (text[..at].trim(), &text[at + "CEF:".len()..]);
    let mut header = <[Cow<'_, str>; 7]>::default();
    for field in &mut header {
        let end = unescaped_bar(rest)?;
        *field = unescape(&rest[..end]);
        rest = &rest[end + 1..];
    }
    let start = rest.len() - rest.trim_start().len();
    let rest = rest[start..].trim_end();
    let pairs = pairs(rest.as_bytes());
    // Text that no key stands before is not an extension.
    if pairs.is_empty() && !rest.is_empty() || pairs.first().is_some_and(|pair| pair.key.start != 0) {
        return None;
    }
    let extension = pairs.into_iter().map(|pair| (&rest[pair.key], unescape(&rest[pair.value]))).collect();
    Some(CefEntry { prefix, header, extension })
}

/// Each ` sig=…` that could be the signature: what to cut, and the signature's own place. Several only if a
/// value holds text that looks like one, and then only one of them verifies.
pub(super) fn signatures(line: &[u8]) -> Vec<(Range<usize>, Range<usize>)> {
    let mut found = Vec::new();
    for at in 1..line.len() {
        if !line[at].eq(&b's') || !line[at..].starts_with(b"sig=") || !line[at - 1].is_ascii_whitespace() {
            continue;
        }
        let start = at + "sig=".len();
        let length = line[start..].iter().take_while(|byte| !byte.is_ascii_whitespace()).count();
        let before = line[..at].iter().rposition(|byte| !byte.is_ascii_whitespace()).map_or(0, |last| last + 1);
        found.push((before..start + length, start..start + length));
        if found.len() == MOST_SIGNATURES {
            break;
        }
    }
    found
}

/// Each candidate costs a verification, so a hostile value gets no more of them.
const MOST_SIGNATURES: usize = 4;

struct Pair {
    key: Range<usize>,
    value: Range<usize>,
}

/// A key is letters, digits, `_`, `.` or `-`, at the start or after a space, with an equals sign behind it.
/// A key that was there already is text of the value: nobody can overrule a field from within another.
fn pairs(text: &[u8]) -> Vec<Pair> {
    let mut pairs: Vec<Pair> = Vec::new();
    let mut at = 0;
    while at < text.len() {
        let length = text[at..].iter().take_while(|byte| is_key(**byte)).count();
        let equals = at + length;
        if length > 0 && text.get(equals) == Some(&b'=') {
            let key = &text[at..equals];
            if !pairs.iter().any(|pair| &text[pair.key.clone()] == key) && pairs.len() < MOST_PAIRS {
                if let Some(last) = pairs.last_mut() {
                    last.value.end = (at - 1).max(last.value.start);
                }
                pairs.push(Pair { key: at..equals, value: equals + 1..text.len() });
            }
        }
        // On to the letter behind the next space, unless a value's text is empty and its next key follows.
        let from = equals.max(at);
        match text[from..].iter().position(|byte| *byte == b' ') {
            Some(space) => at = from + space + 1,
            None => break,
        }
    }
    pairs
}

/// Far more than the format's users send; each pair is compared with those before it.
const MOST_PAIRS: usize = 256;

fn is_key(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-')
}

fn unescaped_bar(text: &str) -> Option<usize> {
    let mut escaped = false;
    text.bytes().position(|byte| {
        let found = byte == b'|' && !escaped;
        escaped = byte == b'\\' && !escaped;
        found
    })
}

fn unescape(text: &str) -> Cow<'_, str> {
    if !text.contains('\\') {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        if letter != '\\' {
            out.push(letter);
            continue;
        }
        match letters.next() {
            Some('n') => out.push('\n'),
            Some('r') => out.push('\r'),
            Some(letter @ ('=' | '\\' | '|')) => out.push(letter),
            // Not an escape of this format: both letters were meant.
            Some(letter) => out.extend(['\\', letter]),
            None => out.push('\\'),
        }
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{parse, signatures};

    fn extension(text: &str) -> Vec<(String, String)> {
        let line = format!("2024-06-20T11:24:01Z konghq.com CEF:0|KongInc|Konnect|1.0|class|name|1|{text}");
        let entry = parse(&line).expect("the row is CEF");
        entry.extension.into_iter().map(|(key, value)| (key.to_owned(), value.into_owned())).collect()
    }

    fn check(text: &str, expected: &[(&str, &str)]) {
        let expected: Vec<_> = expected.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        assert_eq!(extension(text), expected, "{text}");
    }

    #[test]
    fn values_hold_spaces_and_may_be_empty() {
        check("a=one two b= c=;()", &[("a", "one two"), ("b", ""), ("c", ";()")]);
        check("a= b=", &[("a", ""), ("b", "")]);
        check("", &[]);
        check("a=x  b=y", &[("a", "x "), ("b", "y")]);
    }

    #[test]
    fn escapes_are_undone() {
        check(
            r"a=x\=y b=c:\\d e=1\|2 f=one\ntwo g=\q\",
            &[("a", "x=y"), ("b", r"c:\d"), ("e", "1|2"), ("f", "one\ntwo"), ("g", r"\q\")],
        );
        check(r"a=x b\=y c=z", &[("a", r"x b=y"), ("c", "z")]);
    }

    #[test]
    fn a_value_cannot_overrule_a_field() {
        check(
            "granted=false user_agent=evil granted=true x=1",
            &[("granted", "false"), ("user_agent", "evil granted=true"), ("x", "1")],
        );
    }

    #[test]
    fn the_header_knows_its_escapes() {
        let entry = parse(r"t h CEF:0|a\|b|c\\|1|class|a name|6|k=v").expect("it is CEF");
        assert_eq!(entry.header, ["0", "a|b", r"c\", "1", "class", "a name", "6"]);
        assert_eq!(entry.prefix, "t h");
    }

    #[test]
    fn what_is_not_cef_is_none() {
        for text in ["", "CEF:", "CEF:0|a|b|c|d|e", "no", "CEF:0|a|b|c|d|e|1|junk before=1"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_signature_is_cut_with_the_space_before_it() {
        let line = b"CEF:0 a=b  sig=XYZ c=d";
        let found = signatures(line);
        assert_eq!(found, [(9..18, 15..18)]);
        assert!(signatures(b"a=b notsig=x").is_empty());
        assert!(signatures(b"sig=").is_empty());
        assert_eq!(signatures(&b" sig=a".repeat(100)).len(), 4);
    }

    fn escaped(value: &str) -> String {
        value.replace('\\', "\\\\").replace('=', "\\=").replace('|', "\\|").replace('\n', "\\n").replace('\r', "\\r")
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(
            keys in prop::collection::btree_set("[a-z_][a-zA-Z0-9_.]{0,8}", 0..8),
            values in prop::collection::vec("[ -~äß\n\r]{0,30}", 8),
        ) {
            // The format cannot tell space at the end of a line, so the last value has none.
            let pairs: Vec<_> = keys.into_iter().zip(values.iter().map(|value| value.trim())).collect();
            let text: Vec<_> = pairs.iter().map(|(key, value)| format!("{key}={}", escaped(value))).collect();
            let expected: Vec<_> = pairs.iter().map(|(key, value)| (key.clone(), (*value).to_owned())).collect();
            prop_assert_eq!(extension(&text.join(" ")), expected);
        }

        #[test]
        fn no_text_makes_it_panic(text in "\\PC{0,200}") {
            let _ = parse(&text);
            let _ = parse(&format!("CEF:0|a|b|c|d|e|f|{text}"));
            let _ = signatures(text.as_bytes());
        }
    }
}
