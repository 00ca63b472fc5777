//! JSON as templates and policies read it: what came in, borrowed where it can be, whole where it matters.
//!
//! A [`Value`] keeps key order as JavaScript's `JSON.parse` does and integers as they were written, up to
//! 64 bits. This room knows nothing of templates, events or files.

mod fast;
mod number;
mod object;
mod parse;
mod scan;

pub use number::Number;
pub use object::Object;
pub use parse::{MAX_DEPTH, ParseError};
pub(crate) use scan::next_special;

use std::borrow::Cow;

/// One JSON value. Strings without escapes borrow from the bytes that were parsed.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Value<'a> {
    /// `null`.
    #[default]
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number; integers up to 64 bits stay whole.
    Number(Number),
    /// A string, unescaped.
    String(Cow<'a, str>),
    /// A list.
    Array(Vec<Value<'a>>),
    /// An object, in JavaScript's key order.
    Object(Object<'a>),
}

impl<'a> Value<'a> {
    /// Reads one JSON document. The result borrows from `bytes`.
    ///
    /// # Errors
    /// Anything that is not exactly one JSON document in UTF-8, or one nested deeper than [`MAX_DEPTH`].
    pub fn parse(bytes: &'a [u8]) -> Result<Self, ParseError> {
        parse::parse(bytes)
    }

    /// The member `key` of an object; `None` for anything that is not an object.
    pub fn get(&self, key: &str) -> Option<&Value<'a>> {
        match self {
            Value::Object(object) => object.get(key),
            _ => None,
        }
    }

    /// Follows keys from object to object: `value.at(&["project", "environment", "key"])`.
    pub fn at(&self, path: &[&str]) -> Option<&Value<'a>> {
        path.iter().try_fold(self, |value, key| value.get(key))
    }

    /// The text of a string; `None` for every other kind.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Value::String(text) => Some(text),
            _ => None,
        }
    }

    /// The members of a list; `None` for every other kind.
    pub fn as_array(&self) -> Option<&[Value<'a>]> {
        match self {
            Value::Array(items) => Some(items),
            _ => None,
        }
    }

    /// The object itself; `None` for every other kind.
    pub fn as_object(&self) -> Option<&Object<'a>> {
        match self {
            Value::Object(object) => Some(object),
            _ => None,
        }
    }

    /// Resolves an RFC 6901 JSON pointer. An empty pointer is the value itself.
    pub fn pointer(&self, pointer: &str) -> Option<&Value<'a>> {
        if pointer.is_empty() {
            return Some(self);
        }
        pointer.strip_prefix('/')?.split('/').try_fold(self, |value, token| {
            let token = token.replace("~1", "/").replace("~0", "~");
            match value {
                Value::Object(object) => object.get(&token),
                Value::Array(items) => {
                    let canonical = token == "0" || !token.starts_with('0');
                    let digits = token.bytes().all(|byte| byte.is_ascii_digit());
                    (canonical && digits).then(|| token.parse::<usize>().ok())??.into_item(items)
                }
                _ => None,
            }
        })
    }

    /// A text value that borrows.
    pub fn text(text: &'a str) -> Self {
        Value::String(Cow::Borrowed(text))
    }

    /// Cuts the tie to the parsed bytes by copying every borrowed string.
    pub fn into_owned(self) -> Value<'static> {
        match self {
            Value::Null => Value::Null,
            Value::Bool(flag) => Value::Bool(flag),
            Value::Number(number) => Value::Number(number),
            Value::String(text) => Value::String(Cow::Owned(text.into_owned())),
            Value::Array(items) => Value::Array(items.into_iter().map(Value::into_owned).collect()),
            Value::Object(object) => Value::Object(object.into_owned()),
        }
    }
}

/// Reading a list by an index that may be too large.
trait IntoItem {
    fn into_item<'v, 'a>(self, items: &'v [Value<'a>]) -> Option<&'v Value<'a>>;
}

impl IntoItem for usize {
    fn into_item<'v, 'a>(self, items: &'v [Value<'a>]) -> Option<&'v Value<'a>> {
        items.get(self)
    }
}

impl From<serde_json::Value> for Value<'static> {
    fn from(value: serde_json::Value) -> Self {
        match value {
            serde_json::Value::Null => Value::Null,
            serde_json::Value::Bool(flag) => Value::Bool(flag),
            serde_json::Value::Number(number) => Value::Number(Number::from(&number)),
            serde_json::Value::String(text) => Value::String(Cow::Owned(text)),
            serde_json::Value::Array(items) => Value::Array(items.into_iter().map(Value::from).collect()),
            serde_json::Value::Object(members) => {
                members.into_iter().map(|(key, value)| (Cow::Owned(key), Value::from(value))).collect::<Object>().into()
            }
        }
    }
}

impl<'a> From<Object<'a>> for Value<'a> {
    fn from(object: Object<'a>) -> Self {
        Value::Object(object)
    }
}

impl serde::Serialize for Value<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Value::Null => serializer.serialize_unit(),
            Value::Bool(flag) => serializer.serialize_bool(*flag),
            Value::Number(number) => number.serialize(serializer),
            Value::String(text) => serializer.serialize_str(text),
            Value::Array(items) => serializer.collect_seq(items),
            Value::Object(object) => serializer.collect_map(object.iter()),
        }
    }
}

/// A key as a token of an RFC 6901 JSON pointer.
pub fn pointer_token(key: &str) -> Cow<'_, str> {
    match key.contains(['~', '/']) {
        true => Cow::Owned(key.replace('~', "~0").replace('/', "~1")),
        false => Cow::Borrowed(key),
    }
}

#[cfg(test)]
mod tests {
    use super::Value;

    fn parsed(text: &str) -> Value<'_> {
        Value::parse(text.as_bytes()).expect("the row is JSON")
    }

    #[test]
    fn integer_like_keys_come_first_as_in_javascript() {
        let value = parsed(r#"{"b":1,"10":2,"a":3,"2":4,"01":5}"#);
        let keys: Vec<&str> = value.as_object().expect("an object").iter().map(|(key, _)| key).collect();
        assert_eq!(keys, ["2", "10", "b", "a", "01"]);
    }

    #[test]
    fn a_repeated_key_keeps_its_first_place_and_its_last_value() {
        let value = parsed(r#"{"a":1,"b":2,"a":3}"#);
        assert_eq!(serde_json::to_string(&value).expect("it prints"), r#"{"a":3,"b":2}"#);
    }

    #[test]
    fn large_objects_find_every_key() {
        let text: String = (0..200).map(|n| format!("\"k{n}\":{n},")).collect();
        let text = format!("{{{text}\"end\":true}}");
        let value = parsed(&text);
        for n in 0..200 {
            assert_eq!(value.get(&format!("k{n}")), Some(&Value::Number(super::Number::Unsigned(n))));
        }
        assert_eq!(value.get("k200"), None);
    }

    #[test]
    fn pointers_follow_rfc_6901() {
        let value = parsed(r#"{"a/b":[{"m~n":1},2],"":3}"#);
        assert_eq!(value.pointer("/a~1b/0/m~0n"), Some(&Value::Number(super::Number::Unsigned(1))));
        assert_eq!(value.pointer("/"), Some(&Value::Number(super::Number::Unsigned(3))));
        for nothing in ["a", "/a~1b/01", "/a~1b/-", "/a~1b/2", "/a~1b/+1"] {
            assert_eq!(value.pointer(nothing), None, "{nothing}");
        }
    }

    #[test]
    fn nineteen_digits_stay_whole() {
        let text = r#"[3895213347334635099,18446744073709551615,-9223372036854775808]"#;
        assert_eq!(serde_json::to_string(&parsed(text)).expect("it prints"), text);
    }

    #[test]
    fn depth_is_bounded_with_an_error() {
        let deep = "[".repeat(100_000);
        assert!(Value::parse(deep.as_bytes()).is_err());
    }
}
