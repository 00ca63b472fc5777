//! Contexts for templates that no sample event fits: made from what is known of their names, and from what they
//! ask for.

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::checks::names::{How, Reading, Shape};
use crate::value::{Number, Object, Value};

/// What a template asks for below one name.
#[derive(Debug, Default)]
struct Asked {
    below: BTreeMap<String, Asked>,
    walked: bool,
}

/// A context with a value for every name that is known or asked for.
pub(super) fn context(reading: &Reading<'_>) -> Value<'static> {
    let mut asked = Asked::default();
    for found in &reading.uses {
        let Some(names) = &found.from_root else { continue };
        let mut at = &mut asked;
        for name in names {
            at = at.below.entry(name.clone()).or_default();
        }
        at.walked |= found.how == How::Entered;
    }
    let root = reading.scope.as_ref().map_or(Shape::Any, |scope| scope.root.clone());
    match value(&root, &asked, "value") {
        object @ Value::Object(_) => object,
        _ => Value::Object(Object::default()),
    }
}

/// The paths whose presence the template asks about, each once.
pub(super) fn asked_about<'r>(reading: &'r Reading<'_>) -> Vec<&'r [String]> {
    let mut paths: Vec<&'r [String]> = Vec::new();
    for found in &reading.uses {
        if let (How::Asked, Some(names)) = (&found.how, &found.from_root)
            && !names.is_empty()
            && !paths.contains(&names.as_slice())
        {
            paths.push(names);
        }
    }
    paths
}

fn value(shape: &Shape, asked: &Asked, name: &str) -> Value<'static> {
    let text = || Value::String(Cow::Owned(name.to_owned()));
    let below = |known: &dyn Fn(&str) -> Shape| {
        asked.below.iter().map(|(name, asked)| (Cow::Owned(name.clone()), value(&known(name), asked, name))).collect()
    };
    match shape {
        Shape::FreeText | Shape::Text => text(),
        Shape::Number => Value::Number(Number::Unsigned(1_580_777_319)),
        Shape::Bool => Value::Bool(true),
        Shape::List(items) => {
            let item = value(items, &Asked::default(), name);
            Value::Array(vec![item.clone(), item])
        }
        Shape::Map(values) => Value::Object(Object::from_members(below(&|_| Shape::clone(values)))),
        Shape::Any if asked.below.keys().any(|name| name != "length" && !is_index(name)) => {
            Value::Object(Object::from_members(below(&|_| Shape::Any)))
        }
        Shape::Any if asked.walked || !asked.below.is_empty() => Value::Array(vec![text(), text()]),
        Shape::Any => text(),
        Shape::Object(_) => {
            let nothing = Asked::default();
            let mut members: Vec<(Cow<'static, str>, Value<'static>)> = Vec::new();
            for (name, member) in shape.members() {
                let asked = asked.below.get(name).unwrap_or(&nothing);
                members.push((Cow::Owned(name.to_owned()), value(member, asked, name)));
            }
            Value::Object(Object::from_members(members))
        }
    }
}

fn is_index(name: &str) -> bool {
    name.bytes().all(|byte| byte.is_ascii_digit())
}
