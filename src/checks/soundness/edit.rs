//! Changed copies of values.

use std::borrow::Cow;
use std::collections::HashMap;
use std::collections::hash_map::Entry;

use super::thin::Lists;
use crate::value::{Object, Value};

/// A copy with the member at `path` replaced, added or, with `None`, taken out. A path that leads through
/// something that is no object changes nothing.
pub(super) fn set<'a>(value: &Value<'a>, path: &[&str], new: Option<Value<'a>>) -> Value<'a> {
    let (Value::Object(object), Some((first, rest))) = (value, path.split_first()) else { return value.clone() };
    let mut new = Some(new);
    let mut members: Vec<(Cow<'a, str>, Value<'a>)> = Vec::with_capacity(object.len() + 1);
    let mut seen = false;
    for (key, member) in object.iter() {
        if key != *first {
            members.push((Cow::Owned(key.to_owned()), member.clone()));
            continue;
        }
        seen = true;
        let changed =
            if rest.is_empty() { new.take().flatten() } else { Some(set(member, rest, new.take().flatten())) };
        members.extend(changed.map(|changed| (Cow::Owned(key.to_owned()), changed)));
    }
    if !seen && let Some(new) = new.flatten() {
        let inner = if rest.is_empty() { new } else { set(&Value::Object(Object::default()), rest, Some(new)) };
        members.push((Cow::Owned((*first).to_owned()), inner));
    }
    Value::Object(Object::from_members(members))
}

/// A copy with each text replaced by what `change` says for its path.
pub(super) fn map_texts<'a>(
    value: &Value<'a>,
    change: &mut dyn FnMut(&[&str], &str) -> Option<Value<'a>>,
) -> Value<'a> {
    fn walk<'v, 'a>(
        value: &'v Value<'a>,
        path: &mut Vec<&'v str>,
        change: &mut dyn FnMut(&[&str], &str) -> Option<Value<'a>>,
    ) -> Value<'a> {
        match value {
            Value::String(text) => change(path, text).unwrap_or_else(|| value.clone()),
            Value::Array(items) => {
                path.push("0");
                let items = items.iter().map(|item| walk(item, path, change)).collect();
                path.pop();
                Value::Array(items)
            }
            Value::Object(object) => {
                let members = object.iter().map(|(key, member)| {
                    path.push(key);
                    let member = walk(member, path, change);
                    path.pop();
                    (Cow::Owned(key.to_owned()), member)
                });
                Value::Object(Object::from_members(members.collect()))
            }
            other => other.clone(),
        }
    }
    walk(value, &mut Vec::new(), change)
}

/// A copy with every list made so long; the members that there are stay.
pub(super) fn map_lists<'a>(value: &Value<'a>, lists: Lists) -> Value<'a> {
    match value {
        Value::Array(items) => match lists {
            Lists::Empty => Value::Array(Vec::new()),
            Lists::Null => Value::Null,
            Lists::One => Value::Array(items.iter().take(1).cloned().collect()),
            Lists::Two => {
                let twice = items.iter().cycle().take(2).cloned().collect::<Vec<_>>();
                if twice.is_empty() { lists.value() } else { Value::Array(twice) }
            }
        },
        Value::Object(object) => {
            let members = object.iter().map(|(key, member)| (Cow::Owned(key.to_owned()), map_lists(member, lists)));
            Value::Object(Object::from_members(members.collect()))
        }
        other => other.clone(),
    }
}

/// The paths at which two values differ: the smallest parts that one would have to change.
pub(super) fn differences(one: &Value<'_>, other: &Value<'_>) -> Vec<Vec<String>> {
    fn walk(one: &Value<'_>, other: &Value<'_>, path: &mut Vec<String>, found: &mut Vec<Vec<String>>) {
        match (one, other) {
            (Value::Object(left), Value::Object(right)) => {
                for (key, value) in left.iter() {
                    path.push(key.to_owned());
                    match right.get(key) {
                        Some(there) => walk(value, there, path, found),
                        None => found.push(path.clone()),
                    }
                    path.pop();
                }
                for (key, _) in right.iter().filter(|(key, _)| left.get(key).is_none()) {
                    path.push(key.to_owned());
                    found.push(path.clone());
                    path.pop();
                }
            }
            _ if one == other => {}
            _ => found.push(path.clone()),
        }
    }
    let mut found = Vec::new();
    walk(one, other, &mut Vec::new(), &mut found);
    found
}

/// A copy of an object with some of its members replaced, added or, with `None`, taken out, in one go. Of two
/// changes of one member the first counts.
pub(super) fn set_all<'a>(value: &Value<'a>, changes: Vec<(&'a str, Option<Value<'a>>)>) -> Value<'a> {
    let Value::Object(object) = value else { return value.clone() };
    let mut order: Vec<&'a str> = Vec::with_capacity(changes.len());
    let mut left: HashMap<&'a str, Option<Value<'a>>> = HashMap::with_capacity(changes.len());
    for (key, new) in changes {
        if let Entry::Vacant(entry) = left.entry(key) {
            entry.insert(new);
            order.push(key);
        }
    }
    let mut members: Vec<(Cow<'a, str>, Value<'a>)> = Vec::with_capacity(object.len() + order.len());
    for (key, member) in object.iter() {
        match left.remove(key) {
            Some(new) => members.extend(new.map(|new| (Cow::Owned(key.to_owned()), new))),
            None => members.push((Cow::Owned(key.to_owned()), member.clone())),
        }
    }
    for key in order {
        members.extend(left.remove(key).flatten().map(|new| (Cow::Borrowed(key), new)));
    }
    Value::Object(Object::from_members(members))
}

#[cfg(test)]
mod tests {
    use super::{differences, set, set_all};
    use crate::value::Value;

    fn parsed(text: &str) -> Value<'_> {
        Value::parse(text.as_bytes()).expect("the row is JSON")
    }

    #[test]
    fn members_are_replaced_added_and_taken_out() {
        let value = parsed(r#"{"a":{"b":1,"c":2}}"#);
        assert_eq!(set(&value, &["a", "b"], Some(Value::Null)), parsed(r#"{"a":{"b":null,"c":2}}"#));
        assert_eq!(set(&value, &["a", "b"], None), parsed(r#"{"a":{"c":2}}"#));
        assert_eq!(set(&value, &["x", "y"], Some(Value::Bool(true))), parsed(r#"{"a":{"b":1,"c":2},"x":{"y":true}}"#));
        assert_eq!(set(&value, &["x"], None), value);
        assert_eq!(set(&value, &["a", "b", "d"], Some(Value::Null)), value);
    }

    #[test]
    fn many_members_are_set_at_once() {
        let value = parsed(r#"{"a":1,"b":2,"c":3}"#);
        let changes = vec![("b", None), ("d", Some(Value::Null)), ("a", Some(Value::Bool(true))), ("a", None)];
        assert_eq!(set_all(&value, changes), parsed(r#"{"a":true,"c":3,"d":null}"#));
    }

    #[test]
    fn differences_are_the_smallest_parts() {
        let (one, other) =
            (parsed(r#"{"a":{"b":1,"c":2},"d":[1]}"#), parsed(r#"{"a":{"b":1,"c":3},"e":null,"d":[1,2]}"#));
        assert_eq!(differences(&one, &other), [vec!["a", "c"], vec!["d"], vec!["e"]]);
        assert!(differences(&one, &one).is_empty());
    }
}
