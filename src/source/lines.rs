//! Bodies that hold several entries: one a line, or the items of a list.

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

/// The items of a JSON list, or else the lines.
pub(super) fn entries(body: &[u8]) -> Entries<'_> {
    match json(body).and_then(|text| items(text, body)) {
        Some(items) => items.into_iter().map(Ok).collect(),
        None => lines(body).map(Ok).collect(),
    }
}

/// The whole body as the text of one JSON document, untouched.
pub(super) fn json(body: &[u8]) -> Option<&str> {
    serde_json::from_slice::<&RawValue>(without_mark(body)).ok().map(RawValue::get)
}

/// The items of the list that `text`, a part of `body`, is.
pub(super) fn items<'a>(text: &'a str, body: &'a [u8]) -> Option<Vec<Entry<'a>>> {
    if !text.trim_start().starts_with('[') {
        return None;
    }
    let items: Vec<&RawValue> = serde_json::from_str(text).ok()?;
    // Lines are counted once from item to item, not from the start for each.
    let (mut line, mut counted) = (1, 0);
    Some(
        items
            .into_iter()
            .map(|item| {
                let bytes = item.get().as_bytes();
                let at = offset(bytes, body);
                line += body[counted.min(at)..at].iter().filter(|byte| **byte == b'\n').count();
                counted = at;
                Entry { line, bytes }
            })
            .collect(),
    )
}

/// On which line of `body` its part `text` starts, from 1.
pub(super) fn line_of(text: &[u8], body: &[u8]) -> usize {
    1 + body[..offset(text, body)].iter().filter(|byte| **byte == b'\n').count()
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
            entries(body).into_iter().flatten().map(|entry| (entry.line, entry.bytes)).collect()
        };
        assert_eq!(read(b"[ {\"a\": 1} ,\n\n{\"b\":2}]"), [(1, &b"{\"a\": 1}"[..]), (3, b"{\"b\":2}")]);
        assert_eq!(read(b"[]"), []);
        assert_eq!(read(b"[1\n[2]"), [(1, &b"[1"[..]), (2, b"[2]")]);
    }
}
