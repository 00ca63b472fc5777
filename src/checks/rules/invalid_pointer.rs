//! `invalid-pointer`

use super::prelude::*;
use crate::checks::parts::answer_pointers;

/// A pointer that is none finds nothing: the answer is right, and is read as empty.
pub(super) struct InvalidPointer;

impl Rule for InvalidPointer {
    fn id(&self) -> &'static str {
        "invalid-pointer"
    }

    fn summary(&self) -> &'static str {
        "a JSON pointer is not one by RFC 6901"
    }

    fn check(&self, scene: Scene<'_>, out: &mut Vec<Finding>) {
        for (at, pointer) in answer_pointers(&scene.integration.manifest) {
            if let Some((message, help, grave)) = judge(pointer) {
                let finding = self.finding(scene.value(&at), message).helped(help);
                out.push(if grave { finding } else { finding.mild() });
            }
        }
    }
}

/// What is wrong with a pointer, how to mend it, and whether it surely finds nothing.
fn judge(pointer: &str) -> Option<(String, String, bool)> {
    let message = format!("`{pointer}` is not a JSON pointer");
    if let Some(path) = pointer.strip_prefix('$') {
        let help = format!("this is JSONPath; write `{}`", from_dots(path));
        return Some((message, help, true));
    }
    if let Some(name) = pointer.strip_prefix("{{").and_then(|rest| rest.strip_suffix("}}")) {
        let help = format!(
            "this is a template, and a pointer is none; write `{}`",
            from_dots(name.trim_matches(['{', '}', ' ']))
        );
        return Some((message, help, true));
    }
    if pointer.starts_with("#/") {
        return Some((message, format!("remove the `#`: write `{}`", &pointer[1..]), true));
    }
    if !pointer.starts_with('/') {
        let dotted = pointer.contains(['.', '[']) && !pointer.contains('/');
        let mended = if dotted { from_dots(pointer) } else { format!("/{}", brackets_to_slashes(pointer)) };
        return Some((message, format!("it starts with `/`: write `{mended}`"), true));
    }
    if let Some(at) = pointer.match_indices('~').map(|(at, _)| at).find(|at| !pointer[at + 1..].starts_with(['0', '1']))
    {
        let help = format!("write `~0` for the `~` at character {}, and `~1` for a `/` in a name", at + 1);
        return Some((message, help, true));
    }
    let mended = brackets_to_slashes(pointer);
    if mended != pointer {
        let message = format!("`{pointer}` names a member with brackets in its name, not an element of a list");
        return Some((message, format!("write `{mended}`"), true));
    }
    if pointer.len() > 1 && pointer.ends_with('/') {
        let message = format!("`{pointer}` ends in a member without a name");
        return Some((message, format!("write `{}`", pointer.trim_end_matches('/')), false));
    }
    let padded =
        |token: &str| token.len() > 1 && token.starts_with('0') && token.bytes().all(|byte| byte.is_ascii_digit());
    if let Some(token) = pointer.split('/').find(|token| padded(token)) {
        let message = format!("`{token}` in `{pointer}` is not an index of a list, which has no leading zero");
        return Some((message, format!("write `{}`", token.trim_start_matches('0')), false));
    }
    None
}

/// `/batch[0]/x` to `/batch/0/x`.
fn brackets_to_slashes(pointer: &str) -> String {
    let mut mended = String::with_capacity(pointer.len());
    let mut rest = pointer;
    while let Some(open) = rest.find('[') {
        let inside = &rest[open + 1..];
        let Some(close) = inside.find(']') else { break };
        let index = &inside[..close];
        if index.is_empty() || !index.bytes().all(|byte| byte.is_ascii_digit()) {
            mended.push_str(&rest[..open + close + 2]);
        } else {
            mended.push_str(&rest[..open]);
            if !mended.ends_with('/') {
                mended.push('/');
            }
            mended.push_str(index);
        }
        rest = &inside[close + 1..];
    }
    mended.push_str(rest);
    mended
}

/// `result.items[0].id` to `/result/items/0/id`.
fn from_dots(path: &str) -> String {
    let slashes = brackets_to_slashes(&path.replace('.', "/"));
    if slashes.starts_with('/') { slashes } else { format!("/{slashes}") }
}

#[cfg(test)]
mod tests {
    use super::judge;

    #[test]
    fn pointers_by_the_book_pass() {
        for pointer in ["", "/", "/a/0/b", "/a~1b/~0", "/a b", "/10", "/result/x.y"] {
            if !pointer.is_empty() {
                assert_eq!(judge(pointer).filter(|(_, _, grave)| *grave), None, "{pointer}");
            }
        }
    }

    #[test]
    fn each_slip_is_mended() {
        let rows = [
            ("/batch[0]/x", "`/batch/0/x`"),
            ("$.result.items[0].id", "`/result/items/0/id`"),
            ("result.id", "`/result/id`"),
            ("result/id", "`/result/id`"),
            ("#/result", "`/result`"),
            ("/a/01", "`1`"),
            ("/a~b", "`~0`"),
        ];
        for (pointer, mended) in rows {
            let (_, help, _) = judge(pointer).expect(pointer);
            assert!(help.contains(mended), "{pointer}: {help}");
        }
    }
}
