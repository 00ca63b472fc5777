//! What a name may hold, as far as it is known.

use std::borrow::Cow;
use std::sync::Arc;

use crate::value::Value;

/// What kind of value stands behind a name.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) enum Shape {
    /// Not known; every member of it may exist.
    #[default]
    Any,
    /// A text that people type: it may hold anything.
    FreeText,
    /// A text that a program made: a key, an id, a time.
    Text,
    /// A number.
    Number,
    /// `true` or `false`.
    Bool,
    /// A list of such values.
    List(Arc<Shape>),
    /// Such values by names that nobody can know beforehand.
    Map(Arc<Shape>),
    /// Values by name.
    Object(Arc<Fields>),
}

/// Values by name.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Fields {
    members: Vec<(Cow<'static, str>, Shape)>,
    /// Whether there may be more than these: then only a near miss is worth a word.
    open: bool,
}

/// What looking up a member gave.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Member {
    /// It is there.
    Known(Shape),
    /// It is not among those that are known; there may be more.
    Unheard,
    /// It is surely not there.
    Missing,
}

impl Shape {
    /// An object with exactly these members.
    pub(crate) fn object(members: impl IntoIterator<Item = (impl Into<Cow<'static, str>>, Shape)>) -> Shape {
        let members = members.into_iter().map(|(name, shape)| (name.into(), shape)).collect();
        Shape::Object(Arc::new(Fields { members, open: false }))
    }

    /// An object with at least these members.
    pub(crate) fn open(members: impl IntoIterator<Item = (impl Into<Cow<'static, str>>, Shape)>) -> Shape {
        let members = members.into_iter().map(|(name, shape)| (name.into(), shape)).collect();
        Shape::Object(Arc::new(Fields { members, open: true }))
    }

    /// A list of such values.
    pub(crate) fn list(items: Shape) -> Shape {
        Shape::List(Arc::new(items))
    }

    /// The shape of one value. Texts count as free: nobody said where they come from.
    pub(crate) fn of(value: &Value<'_>) -> Shape {
        match value {
            Value::Null => Shape::Any,
            Value::Bool(_) => Shape::Bool,
            Value::Number(_) => Shape::Number,
            Value::String(_) => Shape::FreeText,
            Value::Array(items) => Shape::list(items.first().map(Shape::of).unwrap_or_default()),
            Value::Object(object) => {
                Shape::object(object.iter().map(|(name, value)| (name.to_owned(), Shape::of(value))))
            }
        }
    }

    /// Adds members that `value` has and this shape has not heard of.
    pub(crate) fn learn(&mut self, value: &Value<'_>) {
        let (Shape::Object(fields), Value::Object(object)) = (&mut *self, value) else { return };
        for (name, value) in object.iter() {
            match fields.members.iter().position(|(known, _)| known == name) {
                Some(at) if is_nested(value) => Arc::make_mut(fields).members[at].1.learn(value),
                Some(_) => {}
                None => Arc::make_mut(fields).members.push((Cow::Owned(name.to_owned()), Shape::of(value))),
            }
        }
    }

    /// With these members in front of its own.
    pub(crate) fn with(&self, members: impl IntoIterator<Item = (Cow<'static, str>, Shape)>) -> Shape {
        let Shape::Object(fields) = self else { return self.clone() };
        let mut all: Vec<(Cow<'static, str>, Shape)> = members.into_iter().collect();
        all.extend(fields.members.iter().cloned());
        Shape::Object(Arc::new(Fields { members: all, open: fields.open }))
    }

    /// Looks a member up as JavaScript does: lists have elements and a length, texts a length.
    pub(crate) fn member(&self, name: &str) -> Member {
        let is_index = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_digit());
        match self {
            Shape::Any => Member::Known(Shape::Any),
            Shape::List(items) if is_index => Member::Known(Shape::clone(items)),
            Shape::List(_) | Shape::FreeText | Shape::Text if name == "length" => Member::Known(Shape::Number),
            Shape::Map(values) => Member::Known(Shape::clone(values)),
            Shape::Object(fields) => match fields.members.iter().find(|(known, _)| known == name) {
                Some((_, shape)) => Member::Known(shape.clone()),
                None if fields.open => Member::Unheard,
                None => Member::Missing,
            },
            _ => Member::Missing,
        }
    }

    /// Follows names; nothing when one of them is not known.
    pub(crate) fn at<'n>(&self, names: impl IntoIterator<Item = &'n str>) -> Option<Shape> {
        names.into_iter().try_fold(self.clone(), |shape, name| match shape.member(name) {
            Member::Known(shape) => Some(shape),
            _ => None,
        })
    }

    /// The names that are known in it.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.members().map(|(name, _)| name)
    }

    /// The names that are known in it, each with what stands behind it.
    pub(crate) fn members(&self) -> impl Iterator<Item = (&str, &Shape)> {
        let members = match self {
            Shape::Object(fields) => fields.members.as_slice(),
            _ => &[],
        };
        members.iter().map(|(name, shape)| (name.as_ref(), shape))
    }

    /// What `each` walks over.
    pub(crate) fn item(&self) -> Shape {
        match self {
            Shape::List(items) | Shape::Map(items) => Shape::clone(items),
            _ => Shape::Any,
        }
    }
}

fn is_nested(value: &Value<'_>) -> bool {
    matches!(value, Value::Object(_))
}
