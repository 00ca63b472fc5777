//! Names that an object has twice. Reads right JSON only: what is not has another mistake to be told first.

use std::ops::Range;

/// The bytes of every name, quotes included, that its object has already.
pub(super) fn repeated_names(text: &str) -> Vec<Range<usize>> {
    let bytes = text.as_bytes();
    let mut found = Vec::new();
    // The names of each object that is open; lists have none.
    let mut open: Vec<Vec<&str>> = Vec::new();
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'{' | b'[' => open.push(Vec::new()),
            b'}' | b']' => drop(open.pop()),
            b'"' => {
                let end = string_end(bytes, at);
                let name = text.get(at..end).filter(|_| text[end..].trim_start().starts_with(':'));
                if let (Some(name), Some(names)) = (name, open.last_mut()) {
                    if names.contains(&name) {
                        found.push(at..end);
                    }
                    names.push(name);
                }
                at = end;
                continue;
            }
            _ => {}
        }
        at += 1;
    }
    found
}

fn string_end(bytes: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => return at + 1,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    bytes.len()
}

/// Whether a template writes some name in quotes twice, so that it is worth a look.
pub(super) fn may_repeat(template: &str) -> bool {
    let mut names: Vec<&str> = Vec::new();
    for (colon, _) in template.match_indices(':') {
        let Some(before) = template[..colon].trim_end().strip_suffix('"') else { continue };
        let Some(start) = before.rfind('"') else { continue };
        let name = &before[start + 1..];
        if names.contains(&name) {
            return true;
        }
        names.push(name);
    }
    false
}

#[cfg(test)]
mod tests {
    use super::{may_repeat, repeated_names};

    #[test]
    fn a_name_is_repeated_in_its_own_object_only() {
        for (text, expected) in [
            (r#"{"a":1,"b":{"a":2},"a":"a"}"#, vec!["\"a\""]),
            (r#"[{"a":1},{"a":1}]"#, vec![]),
            (r#"{"a":"a","b":["b","b"],"c\"":1}"#, vec![]),
        ] {
            let found: Vec<&str> = repeated_names(text).into_iter().map(|span| &text[span]).collect();
            assert_eq!(found, expected, "{text}");
        }
        assert!(may_repeat(r#"{"a": 1, "a" : 2}"#) && !may_repeat(r#"{"a": "a", "b": 1}"#));
    }
}
