//! What an event touches, as audit logs write it.

use std::borrow::Cow;
use std::fmt::Write;

use crate::event::Access;
use crate::value::{Object, Value};

/// An access that owns its text: it outlives the bytes it was read from.
pub(super) type OwnedAccess = Access<'static>;

pub(super) fn access(action: impl Into<String>, resource: impl Into<String>) -> OwnedAccess {
    Access { action: Cow::Owned(action.into()), resource: Cow::Owned(resource.into()) }
}

/// The access as templates see it.
pub(super) fn value(access: &OwnedAccess) -> Value<'static> {
    let member = |name: &'static str, text: &Cow<'static, str>| (Cow::Borrowed(name), Value::String(text.clone()));
    Value::Object(Object::from_members(vec![member("action", &access.action), member("resource", &access.resource)]))
}

/// Builds a resource level by level from names that a platform's users chose.
#[derive(Debug, Default)]
pub(super) struct ResourceText(String);

impl ResourceText {
    /// Adds `kind/name`; nothing when there is no name.
    pub(super) fn level(mut self, kind: &str, name: &str) -> Self {
        if name.is_empty() {
            return self;
        }
        if !self.0.is_empty() {
            self.0.push(':');
        }
        encode(kind, &mut self.0);
        self.0.push('/');
        encode(name, &mut self.0);
        self
    }

    pub(super) fn finish(self) -> String {
        self.0
    }
}

/// Writes a name so that nothing in it reads as the grammar of resources: a name with a colon must not make
/// one resource look like another. What policies cannot write is percent-encoded, the rest stays readable.
fn encode(name: &str, out: &mut String) {
    let trimmed = name.trim();
    let (start, end) = name.find(trimmed).map_or((0, name.len()), |at| (at, at + trimmed.len()));
    for (at, letter) in name.char_indices() {
        let at_edge = at < start || at >= end;
        let hex = |index: usize| name.as_bytes().get(index).is_some_and(u8::is_ascii_hexdigit);
        let looks_encoded = letter == '%' && hex(at + 1) && hex(at + 2);
        let grammar = matches!(letter, ':' | '/' | ';' | ',' | '*' | '{' | '}');
        // A lone `~` is the platform's word for all environments.
        if at_edge || looks_encoded || grammar || letter.is_control() || name == "~" {
            let mut bytes = [0; 4];
            for byte in letter.encode_utf8(&mut bytes).bytes() {
                // Writing to a `String` cannot fail.
                let _ = write!(out, "%{byte:02X}");
            }
        } else {
            out.push(letter);
        }
    }
}

/// The segments of a written resource: type, name, tags where some are written.
pub(super) fn segments(resource: &str) -> impl Iterator<Item = Segment<'_>> {
    resource.split(':').map(|segment| {
        let (head, tags) = match segment.split_once(';') {
            Some((head, tags)) => (head, Some(tags)),
            None => (segment, None),
        };
        let (kind, name) = head.strip_prefix('/').unwrap_or(head).split_once('/').unwrap_or((head, ""));
        Segment { kind, name, tags }
    })
}

/// One level of a written resource.
#[derive(Debug, Clone, Copy)]
pub(super) struct Segment<'a> {
    pub(super) kind: &'a str,
    pub(super) name: &'a str,
    tags: Option<&'a str>,
}

impl<'a> Segment<'a> {
    /// Its tags; `None` when none are written, which does not say that there are none.
    pub(super) fn tags(&self) -> Option<Vec<&'a str>> {
        self.tags.map(|tags| tags.split(',').filter(|tag| !tag.is_empty()).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::{ResourceText, segments};

    fn level(name: &str) -> String {
        ResourceText::default().level("flag", name).finish()
    }

    #[test]
    fn names_cannot_pretend_to_be_grammar() {
        assert_eq!(level("a:env/production"), "flag/a%3Aenv%2Fproduction");
        assert_eq!(level("x;ops,y*{z}"), "flag/x%3Bops%2Cy%2A%7Bz%7D");
        assert_eq!(level("~"), "flag/%7E");
        assert_eq!(level(" edge "), "flag/%20edge%20");
        assert_eq!(level("a\nb"), "flag/a%0Ab");
    }

    #[test]
    fn ordinary_names_stay_as_they_are() {
        for name in ["checkout-redesign", "Prod Default", "a.b_c@d", "100%", "Größe", "a~b"] {
            assert_eq!(level(name), format!("flag/{name}"));
        }
    }

    #[test]
    fn two_names_never_encode_alike() {
        assert_ne!(level("a:b"), level("a%3Ab"));
        assert_eq!(level("a%3Ab"), "flag/a%253Ab");
    }

    #[test]
    fn segments_have_type_name_and_tags() {
        let read: Vec<_> = segments("proj/web:env/test;:flag/nav;a,b").map(|s| (s.kind, s.name, s.tags())).collect();
        assert_eq!(read, [("proj", "web", None), ("env", "test", Some(vec![])), ("flag", "nav", Some(vec!["a", "b"]))]);
    }
}
