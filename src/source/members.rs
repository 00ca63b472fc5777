//! Where the members of a JSON object stand in its text.
//!
//! A signature is taken over exact bytes, so the signature's own member has to be cut out of the text, not
//! out of a parsed value. This walk finds the places; values are judged by the parser afterwards.

use std::borrow::Cow;
use std::ops::Range;

/// One member: where its key's quote starts, its key, and where its value stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Member<'a> {
    pub(super) start: usize,
    pub(super) key: Cow<'a, str>,
    pub(super) value: Range<usize>,
}

/// The members of the object that `text` is. A comma after the last member is let pass: it is published
/// that way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Members<'a> {
    pub(super) members: Vec<Member<'a>>,
    pub(super) trailing_comma: Option<usize>,
}

/// No platform's object has near so many members, and each takes many times the bytes that it stands in.
const MOST: usize = 100_000;

impl<'a> Members<'a> {
    /// Walks over an object that fills `text` but for white space. One with more members than any platform sends is
    /// taken for none.
    pub(super) fn of(text: &'a [u8]) -> Option<Members<'a>> {
        let mut members = Vec::new();
        let mut trailing_comma = None;
        let mut at = expect(text, 0, b'{')?;
        loop {
            at = skip_space(text, at);
            match *text.get(at)? {
                b'}' => break,
                b'"' if members.is_empty() || trailing_comma.is_some() => {}
                _ => return None,
            }
            if members.len() == MOST {
                return None;
            }
            let start = at;
            let key_end = string_end(text, at)?;
            let key = decode(&text[start..key_end])?;
            let value_start = skip_space(text, expect(text, key_end, b':')?);
            let value_end = value_end(text, value_start)?;
            members.push(Member { start, key, value: value_start..value_end });
            at = skip_space(text, value_end);
            trailing_comma = None;
            if text.get(at) == Some(&b',') {
                trailing_comma = Some(at);
                at += 1;
            }
        }
        let at = skip_space(text, at + 1);
        // `{,}` has a comma and nothing before it.
        (at == text.len()).then_some(Members { members, trailing_comma })
    }

    /// The value's place of the only member `key`.
    pub(super) fn only(&self, key: &str) -> Option<&Member<'a>> {
        let mut found = self.members.iter().filter(|member| member.key == key);
        found.next().filter(|_| found.next().is_none())
    }

    /// How many members have this key.
    pub(super) fn count(&self, key: &str) -> usize {
        self.members.iter().filter(|member| member.key == key).count()
    }

    /// What to cut so that `member` is gone and no other byte is touched: from the comma before it, or, for
    /// the first one, to the comma after it.
    pub(super) fn cut(&self, text: &[u8], member: &Member<'a>) -> Range<usize> {
        let comma_before = text[..member.start].iter().rposition(|byte| !byte.is_ascii_whitespace());
        match comma_before.filter(|at| text[*at] == b',') {
            Some(comma) => comma..member.value.end,
            None => {
                let after = skip_space(text, member.value.end);
                let end = if text.get(after) == Some(&b',') { after + 1 } else { member.value.end };
                member.start..end
            }
        }
    }
}

fn skip_space(text: &[u8], mut at: usize) -> usize {
    while matches!(text.get(at), Some(b' ' | b'\t' | b'\n' | b'\r')) {
        at += 1;
    }
    at
}

fn expect(text: &[u8], at: usize, byte: u8) -> Option<usize> {
    let at = skip_space(text, at);
    (text.get(at) == Some(&byte)).then_some(at + 1)
}

/// The index behind the closing quote of the string that starts at `at`.
fn string_end(text: &[u8], at: usize) -> Option<usize> {
    let mut at = at + 1;
    loop {
        match text.get(at)? {
            b'"' => return Some(at + 1),
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
}

/// The index behind a value. Brackets are only counted; the parser sees later whether they fit.
fn value_end(text: &[u8], start: usize) -> Option<usize> {
    let mut at = start;
    let mut open = 0_usize;
    loop {
        match text.get(at)? {
            b'"' => at = string_end(text, at)?,
            b'{' | b'[' => {
                open += 1;
                at += 1;
            }
            b'}' | b']' if open > 0 => {
                open -= 1;
                at += 1;
            }
            b',' | b'}' | b']' | b' ' | b'\t' | b'\n' | b'\r' if open == 0 => break,
            _ => at += 1,
        }
        if open == 0 && matches!(text[at - 1], b'"' | b'}' | b']') {
            break;
        }
    }
    (at > start).then_some(at)
}

fn decode(quoted: &[u8]) -> Option<Cow<'_, str>> {
    if quoted.contains(&b'\\') {
        return serde_json::from_slice(quoted).ok().map(Cow::Owned);
    }
    std::str::from_utf8(&quoted[1..quoted.len() - 1]).ok().map(Cow::Borrowed)
}

#[cfg(test)]
mod tests {
    use super::Members;

    fn without(text: &str, key: &str) -> Option<String> {
        let members = Members::of(text.as_bytes())?;
        let cut = members.cut(text.as_bytes(), members.only(key)?);
        Some(format!("{}{}", &text[..cut.start], &text[cut.end..]))
    }

    #[test]
    fn a_member_is_cut_with_one_comma_wherever_it_stands() {
        for (text, left) in [
            (r#"{"a":1,"sig":"x","b":2}"#, r#"{"a":1,"b":2}"#),
            (r#"{"a":1,"sig":"x"}"#, r#"{"a":1}"#),
            (r#"{"sig":"x","a":1}"#, r#"{"a":1}"#),
            (r#"{"sig":"x"}"#, "{}"),
            (r#"{ "a" : 1 , "sig" : "x" , "b" : 2 }"#, r#"{ "a" : 1  , "b" : 2 }"#),
            (r#"{"a":{"sig":"no"},"sig":"x","b":[",\"sig\":"]}"#, r#"{"a":{"sig":"no"},"b":[",\"sig\":"]}"#),
            (r#"{"a":1,"\u0073ig":"x"}"#, r#"{"a":1}"#),
            (r#"{"a":1,"sig":"x",}"#, r#"{"a":1,}"#),
        ] {
            assert_eq!(without(text, "sig").as_deref(), Some(left), "{text}");
        }
    }

    #[test]
    fn what_is_no_object_has_no_members() {
        for text in [
            "",
            "{",
            "[]",
            r#"{"a"}"#,
            r#"{"a":}"#,
            r#"{"a":1 "b":2}"#,
            r#"{"a":1}x"#,
            r#"{,"a":1}"#,
            r#"{"a":1,,}"#,
            "{\"a",
            "{\"a\\",
            "{,}",
            r#"{"a":1"#,
            "\"a\"",
        ] {
            assert_eq!(Members::of(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn a_repeated_key_is_not_the_only_one() {
        let members = Members::of(br#"{"sig":"a","sig":"b"}"#).expect("an object");
        assert_eq!(members.only("sig"), None);
        assert_eq!(members.count("sig"), 2);
    }

    #[test]
    fn an_object_of_very_many_members_is_taken_for_none() {
        let object = |count: usize| format!("{{{}}}", vec!["\"\":1"; count].join(","));
        assert!(Members::of(object(super::MOST).as_bytes()).is_some());
        assert!(Members::of(object(super::MOST + 1).as_bytes()).is_none());
    }
}
