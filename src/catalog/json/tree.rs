//! What was read, with the place of every key and value.

use std::ops::Range;

use serde_json::Value;

use super::escapes;
use crate::value::pointer_token;

/// One value and where it stands.
#[derive(Debug, Default)]
pub(in crate::catalog) struct Node {
    pub(in crate::catalog) span: Range<usize>,
    pub(in crate::catalog) content: Content,
    /// Whether the value had to be guessed so far that nothing can be said about it.
    pub(in crate::catalog) broken: bool,
}

/// What kind of value it is.
#[derive(Debug, Default)]
pub(in crate::catalog) enum Content {
    #[default]
    Null,
    Bool(bool),
    Number(serde_json::Number),
    String(String),
    Array(Vec<Node>),
    Object(Vec<Member>),
}

/// A key with its value.
#[derive(Debug)]
pub(in crate::catalog) struct Member {
    /// The key as it was written.
    pub(in crate::catalog) written: String,
    /// The key that was meant, when the written one is a slip.
    pub(in crate::catalog) meant: Option<String>,
    pub(in crate::catalog) key_span: Range<usize>,
    pub(in crate::catalog) value: Node,
}

impl Member {
    pub(in crate::catalog) fn name(&self) -> &str {
        self.meant.as_deref().unwrap_or(&self.written)
    }
}

/// Where a pointer leads.
#[derive(Debug, Clone)]
pub(in crate::catalog) struct Found<'t> {
    pub(in crate::catalog) node: &'t Node,
    /// The key, when the value is a member of an object.
    pub(in crate::catalog) key_span: Option<&'t Range<usize>>,
    /// The pointer in the author's own words.
    pub(in crate::catalog) pointer: String,
    /// Whether everything that the pointer names is there.
    pub(in crate::catalog) whole: bool,
    /// Whether the value, or one around it, had to be guessed.
    pub(in crate::catalog) broken: bool,
}

impl Node {
    /// Follows a pointer as far as it leads.
    pub(in crate::catalog) fn find(&self, pointer: &str) -> Found<'_> {
        let mut found = Found { node: self, key_span: None, pointer: String::new(), whole: true, broken: self.broken };
        for token in pointer.split('/').skip(1) {
            let token = token.replace("~1", "/").replace("~0", "~");
            let step = match &found.node.content {
                // The last of repeated keys is the one that counts.
                Content::Object(members) => members
                    .iter()
                    .rfind(|member| member.name() == token)
                    .or_else(|| members.iter().rfind(|member| member.written == token))
                    .map(|member| (&member.value, Some(&member.key_span), pointer_token(&member.written).into_owned())),
                Content::Array(items) => token
                    .parse::<usize>()
                    .ok()
                    .and_then(|index| items.get(index))
                    .map(|item| (item, None, token.clone())),
                _ => None,
            };
            let Some((node, key_span, written)) = step else {
                found.whole = false;
                break;
            };
            found.pointer.push('/');
            found.pointer.push_str(&written);
            found = Found { node, key_span, broken: found.broken || node.broken, ..found };
        }
        found
    }

    /// Pointer of the innermost value that `offset` touches, in the author's own words.
    pub(in crate::catalog) fn pointer_at(&self, offset: usize) -> String {
        let mut pointer = String::new();
        let mut node = self;
        loop {
            let next = match &node.content {
                Content::Object(members) => members
                    .iter()
                    .find(|member| {
                        touches(&member.key_span, offset)
                            || touches(&(member.key_span.start..member.value.span.end), offset)
                    })
                    .map(|member| (pointer_token(&member.written).into_owned(), &member.value)),
                Content::Array(items) => items
                    .iter()
                    .enumerate()
                    .find(|(_, item)| touches(&item.span, offset))
                    .map(|(index, item)| (index.to_string(), item)),
                _ => None,
            };
            let Some((token, inner)) = next else { return pointer };
            pointer.push('/');
            pointer.push_str(&token);
            node = inner;
        }
    }

    /// The value itself, with every key as it was meant.
    pub(in crate::catalog) fn to_value(&self) -> Value {
        match &self.content {
            Content::Null => Value::Null,
            Content::Bool(flag) => Value::Bool(*flag),
            Content::Number(number) => Value::Number(number.clone()),
            Content::String(text) => Value::String(text.clone()),
            Content::Array(items) => Value::Array(items.iter().map(Node::to_value).collect()),
            Content::Object(members) => Value::Object(
                members.iter().map(|member| (member.name().to_owned(), member.value.to_value())).collect(),
            ),
        }
    }

    /// Where a part of a string stands in the text that the string was read from.
    pub(in crate::catalog) fn part_of_string(&self, text: &str, within: Range<usize>) -> Range<usize> {
        let Some(raw) = text.get(self.span.clone()) else { return self.span.clone() };
        let quote = raw.chars().next().filter(|first| !first.is_alphanumeric()).map_or(0, char::len_utf8);
        let body = &raw[quote..];
        let start = escapes::raw_offset(body, within.start);
        let end = escapes::raw_offset(body, within.end.max(within.start)).max(start);
        let base = self.span.start + quote;
        (base + start).min(self.span.end)..(base + end).min(self.span.end)
    }
}

fn touches(span: &Range<usize>, offset: usize) -> bool {
    span.start <= offset && offset <= span.end
}
