//! Bodies that hold several entries: one a line, or the items of a list.

use std::fmt;

use serde::Deserializer;
use serde::de::{DeserializeSeed, Error as _, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::batch::{Entries, Entry};

/// The lines that hold something, with their numbers from 1. `\r\n` ends a line like `\n`.
pub(super) fn lines(body: &[u8]) -> impl Iterator<Item = Entry<'_>> {
    let body = without_mark(body);
    body.split(|byte| *byte == b'\n').zip(1..).filter_map(|(text, line)| {
        let text = text.strip_suffix(b"\r").unwrap_or(text);
        (!text.trim_ascii().is_empty()).then_some(Entry { line, bytes: text })
    })
}

/// The items of a JSON list, or else the lines; no more than `most` of them are looked for.
pub(super) fn entries(body: &[u8], most: usize) -> Entries<'_> {
    match json(body).and_then(|text| items(text, &mut Lines::of(body), most)) {
        Some(items) => items.into_iter().map(Ok).collect(),
        None => lines(body).take(most).map(Ok).collect(),
    }
}

/// The whole body as the text of one JSON document, untouched.
pub(super) fn json(body: &[u8]) -> Option<&str> {
    serde_json::from_slice::<&RawValue>(without_mark(body)).ok().map(RawValue::get)
}

/// The first items, `most` at most, of the list that `text`, a part of the body, is. A body is small beside what is
/// made of it, so whoever bounds how many there may be asks for one more than that, and never for all.
pub(super) fn items<'a>(text: &'a str, lines: &mut Lines<'a>, most: usize) -> Option<Vec<Entry<'a>>> {
    if !text.trim_start().starts_with('[') {
        return None;
    }
    let mut found = Vec::new();
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let read = UpTo { found: &mut found, most }.deserialize(&mut deserializer).and_then(|()| deserializer.end());
    // What stands behind the last item that was asked for is not read, and so not judged.
    if read.is_err() && found.len() < most {
        return None;
    }
    let entry = |item: &'a RawValue| Entry { line: lines.at(item.get().as_bytes()), bytes: item.get().as_bytes() };
    Some(found.into_iter().map(entry).collect())
}

/// The item at a place of the list that `text` is.
pub(super) fn item(text: &str, place: usize) -> Option<&[u8]> {
    let items = items(text, &mut Lines::of(text.as_bytes()), place.saturating_add(1))?;
    Some(items.get(place)?.bytes)
}

/// Reads the items of a list until there are enough.
struct UpTo<'f, 'a> {
    found: &'f mut Vec<&'a RawValue>,
    most: usize,
}

impl<'a> DeserializeSeed<'a> for UpTo<'_, 'a> {
    type Value = ();

    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'a> Visitor<'a> for UpTo<'_, 'a> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'a>>(self, mut items: A) -> Result<(), A::Error> {
        while self.found.len() < self.most {
            match items.next_element()? {
                Some(item) => self.found.push(item),
                None => return Ok(()),
            }
        }
        Err(A::Error::custom("there are enough"))
    }
}

/// Tells on which line of a body its parts start. Asked from front to back it counts every line once, however many
/// parts there are.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lines<'a> {
    body: &'a [u8],
    line: usize,
    counted: usize,
}

impl<'a> Lines<'a> {
    pub(super) fn of(body: &'a [u8]) -> Self {
        Lines { body, line: 1, counted: 0 }
    }

    /// The line on which `part` starts, from 1.
    pub(super) fn at(&mut self, part: &[u8]) -> usize {
        let at = offset(part, self.body);
        if at < self.counted {
            (self.line, self.counted) = (1, 0);
        }
        self.line += self.body[self.counted..at].iter().filter(|byte| **byte == b'\n').count();
        self.counted = at;
        self.line
    }
}

fn offset(part: &[u8], whole: &[u8]) -> usize {
    (part.as_ptr().addr()).saturating_sub(whole.as_ptr().addr()).min(whole.len())
}

fn without_mark(body: &[u8]) -> &[u8] {
    body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body)
}

#[cfg(test)]
mod tests {
    use super::{entries, lines};

    #[test]
    fn blank_lines_count_as_lines_but_hold_nothing() {
        let body = b"\xef\xbb\xbf\r\none\r\n\n  \ntwo \nthree";
        let read: Vec<_> = lines(body).map(|entry| (entry.line, entry.bytes)).collect();
        assert_eq!(read, [(2, &b"one"[..]), (5, b"two "), (6, b"three")]);
    }

    #[test]
    fn items_of_a_list_keep_their_bytes_and_lines() {
        let read = |body: &'static [u8]| -> Vec<_> {
            entries(body, 9).into_iter().flatten().map(|entry| (entry.line, entry.bytes)).collect()
        };
        assert_eq!(read(b"[ {\"a\": 1} ,\n\n{\"b\":2}]"), [(1, &b"{\"a\": 1}"[..]), (3, b"{\"b\":2}")]);
        assert_eq!(read(b"[]"), []);
        assert_eq!(read(b"[1\n[2]"), [(1, &b"[1"[..]), (2, b"[2]")]);
    }

    #[test]
    fn no_more_entries_are_made_than_are_asked_for() {
        for body in ["x\n".repeat(1000), format!("[{}1]", "1,".repeat(1000)), format!("[{}", "1,\n".repeat(1000))] {
            assert_eq!(entries(body.as_bytes(), 5).len(), 5);
        }
        assert_eq!(entries(b"[1,2,3,4,5]", 5).len(), 5);
        assert_eq!(entries(b"[1,2,3,4]", 5).len(), 4);
    }
}
