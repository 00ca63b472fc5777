//! Passwords in addresses: `https://user:password@host`. The address may be shown, its password may not.

use std::ops::Range;

/// What stands where a password stood.
const MASK: &str = "[secret]";

/// Whether the value at this place may be an address with a password.
pub(super) fn may_be_at(pointer: &str) -> bool {
    let of_form = pointer.strip_prefix("/formValues/").is_some_and(|key| !key.contains('/'));
    of_form || matches!(pointer, "/oauth/baseUri" | "/oauth/tokenUrl")
}

fn password(text: &str) -> Option<Range<usize>> {
    let start = text.find("://")? + 3;
    let rest = &text[start..];
    let authority = &rest[..rest.find(['/', '?', '#', '\\']).unwrap_or(rest.len())];
    let end = authority.rfind('@')?;
    let colon = authority[..end].find(':')?;
    (colon + 1 < end).then(|| start + colon + 1..start + end)
}

/// The address without its password; `None` when it has none.
pub(in crate::service) fn without_password(text: &str) -> Option<String> {
    let password = password(text)?;
    Some(format!("{}{MASK}{}", &text[..password.start], &text[password.end..]))
}

/// Whether a mask stands in the place of the password.
pub(super) fn is_masked(text: &str) -> bool {
    password(text).is_some_and(|password| text[password] == *MASK)
}

#[cfg(test)]
mod tests {
    use super::{is_masked, without_password};

    #[test]
    fn a_password_is_masked_and_nothing_else() {
        for (text, shown) in [
            ("https://user:pass@host.example/a?b=c:d@e", Some("https://user:[secret]@host.example/a?b=c:d@e")),
            ("https://:pass@host.example", Some("https://:[secret]@host.example")),
            ("https://a:b@c@host.example/", Some("https://a:[secret]@host.example/")),
            ("https://user@host.example:8080/", None),
            ("https://host.example:8080/@x:y", None),
            ("https://user:@host.example/", None),
            ("mail me: a:b@c", None),
        ] {
            assert_eq!(without_password(text).as_deref(), shown, "{text}");
            assert!(shown.is_none_or(is_masked) && !is_masked(text), "{text}");
        }
    }
}
