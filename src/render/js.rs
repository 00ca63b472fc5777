//! Values as JavaScript sees them: what is truthy, what equals what, what a member is, how it prints.

use std::borrow::Cow;
use std::rc::Rc;
use std::sync::atomic::AtomicU32;

use super::number_text::push_number;
use super::options::Context;
use crate::value::{Number, Object, Value};

/// A value during a render. It borrows from the context and the template; only texts that helpers make are
/// owned.
#[derive(Debug, Clone)]
pub(super) enum Js<'a> {
    Undefined,
    Null,
    Bool(bool),
    Number(Number),
    Text(&'a str),
    Made(Rc<str>),
    Array(&'a Vec<Value<'a>>),
    Object(&'a Object<'a>),
    /// The root with the overlay's names laid over it.
    Root,
    /// The empty object that stands for a null context inside a helper's block.
    Nothing,
}

impl<'a> From<&'a Value<'a>> for Js<'a> {
    fn from(value: &'a Value<'a>) -> Self {
        match value {
            Value::Null => Js::Null,
            Value::Bool(flag) => Js::Bool(*flag),
            Value::Number(number) => Js::Number(*number),
            Value::String(text) => Js::Text(text),
            Value::Array(items) => Js::Array(items),
            Value::Object(object) => Js::Object(object),
        }
    }
}

/// What questions about a value may need to know besides it: the root, when names are laid over it.
#[derive(Debug, Clone, Copy)]
pub(super) struct World<'a> {
    pub(super) context: Context<'a>,
    /// Whether the root is no object, so that nothing can be laid over it as its member.
    pub(super) plain: bool,
}

impl<'a> World<'a> {
    pub(super) fn new(context: Context<'a>) -> Self {
        World { context, plain: context.root.as_object().is_none() }
    }

    /// A member of the root, or the name laid over it. `guess` is where the root had it the last time.
    #[inline]
    pub(super) fn root_member(self, name: &str, guess: &AtomicU32) -> Option<&'a Value<'a>> {
        match self.context.overlay.iter().find(|(over, _)| *over == name) {
            Some((_, value)) => Some(value),
            None => self.context.root.as_object()?.get_near(name, guess),
        }
    }

    /// The root as a value.
    pub(super) fn root(self) -> Js<'a> {
        if self.context.overlay.is_empty() { Js::from(self.context.root) } else { Js::Root }
    }

    /// The members of the root with the overlay laid over them.
    pub(super) fn root_members(self) -> impl Iterator<Item = (&'a str, &'a Value<'a>)> {
        let Context { root, overlay } = self.context;
        let own = root.as_object().into_iter().flat_map(Object::iter);
        let laid_over = move |name: &str| overlay.iter().find(|(over, _)| *over == name).map(|(_, value)| *value);
        let known = move |name: &str| root.as_object().is_some_and(|object| object.get(name).is_some());
        own.map(move |(name, value)| (name, laid_over(name).unwrap_or(value)))
            .chain(overlay.iter().filter(move |(name, _)| !known(name)).map(|(name, value)| (*name, *value)))
    }

    /// The root when it is no object, so that nothing can be laid over it.
    fn plain_root(self) -> Option<Js<'a>> {
        self.plain.then(|| Js::from(self.context.root))
    }

    /// The own member `name` of a value; `Undefined` when there is none. What is inherited is never reached.
    pub(super) fn member(self, value: &Js<'a>, name: &str) -> Js<'a> {
        match value {
            Js::Object(object) => object.get(name).map_or(Js::Undefined, Js::from),
            Js::Root => match self.context.overlay.iter().find(|(over, _)| *over == name) {
                Some((_, value)) => Js::from(*value),
                None => self.member(&Js::from(self.context.root), name),
            },
            Js::Array(items) if name == "length" => length(items.len()),
            Js::Array(items) => index(name).and_then(|index| items.get(index)).map_or(Js::Undefined, Js::from),
            Js::Text(text) => text_member(text, name),
            Js::Made(text) => text_member(text, name),
            _ => Js::Undefined,
        }
    }

    /// Whether `name in value` holds, inherited names included; `None` when `value` is no object.
    pub(super) fn has(self, value: &Js<'a>, name: &str) -> Option<bool> {
        match value {
            Js::Object(_) | Js::Nothing => {}
            Js::Array(_) if ARRAY_PROTOTYPE.contains(&name) => return Some(true),
            Js::Array(_) => {}
            Js::Root => {
                if let Some(plain) = self.plain_root()
                    && !self.context.overlay.iter().any(|(over, _)| *over == name)
                {
                    return self.has(&plain, name);
                }
            }
            _ => return None,
        }
        Some(!matches!(self.member(value, name), Js::Undefined) || OBJECT_PROTOTYPE.contains(&name))
    }

    /// Whether a condition would hold.
    pub(super) fn truthy(self, value: &Js<'a>) -> bool {
        match value {
            Js::Undefined | Js::Null => false,
            Js::Bool(flag) => *flag,
            Js::Number(number) => !zero(*number),
            Js::Text(text) => !text.is_empty(),
            Js::Made(text) => !text.is_empty(),
            Js::Array(_) | Js::Object(_) | Js::Nothing => true,
            Js::Root => self.plain_root().is_none_or(|plain| self.truthy(&plain)),
        }
    }

    /// What `if`, `each` and `with` take for empty: all that is not truthy but zero, and the empty list.
    pub(super) fn empty(self, value: &Js<'a>) -> bool {
        match value {
            Js::Array(items) => items.is_empty(),
            Js::Number(_) => false,
            Js::Root => self.plain_root().is_some_and(|plain| self.empty(&plain)),
            _ => !self.truthy(value),
        }
    }

    /// `===`.
    pub(super) fn strictly_equal(self, left: &Js<'a>, right: &Js<'a>) -> bool {
        if let Some(same) = same_object(left, right) {
            return same;
        }
        match (left, right) {
            (Js::Undefined, Js::Undefined) | (Js::Null, Js::Null) => true,
            (Js::Bool(left), Js::Bool(right)) => left == right,
            (Js::Number(left), Js::Number(right)) => same_number(*left, *right),
            _ => matches!((string(left), string(right)), (Some(left), Some(right)) if left == right),
        }
    }

    /// `==`, which decides whether a context is a new one.
    pub(super) fn loosely_equal(self, left: &Js<'a>, right: &Js<'a>) -> bool {
        if let Some(same) = same_object(left, right) {
            return same;
        }
        let nothing = |value: &Js<'_>| matches!(value, Js::Undefined | Js::Null);
        if nothing(left) || nothing(right) {
            return nothing(left) && nothing(right);
        }
        let primitive = |value: &Js<'a>| match value {
            Js::Array(_) | Js::Object(_) | Js::Root | Js::Nothing => Js::Made(self.text(value).into()),
            Js::Bool(flag) => Js::Number(Number::Unsigned(u64::from(*flag))),
            other => other.clone(),
        };
        let (left, right) = (primitive(left), primitive(right));
        match (string(&left), string(&right)) {
            (Some(left), Some(right)) => left == right,
            _ => matches!((to_number(&left), to_number(&right)), (Some(left), Some(right)) if left == right),
        }
    }

    /// `String(value)`.
    pub(super) fn text(self, value: &Js<'a>) -> Cow<'a, str> {
        match value {
            Js::Undefined => Cow::Borrowed("undefined"),
            Js::Null => Cow::Borrowed("null"),
            Js::Text(text) => Cow::Borrowed(text),
            _ => {
                let mut out = String::new();
                self.push_text(&mut out, value);
                Cow::Owned(out)
            }
        }
    }

    /// Appends `value` as it prints; null and undefined print nothing.
    fn push_text(self, out: &mut String, value: &Js<'a>) {
        match value {
            Js::Undefined | Js::Null => {}
            Js::Bool(flag) => out.push_str(if *flag { "true" } else { "false" }),
            Js::Number(number) => push_number(out, *number),
            Js::Text(text) => out.push_str(text),
            Js::Made(text) => out.push_str(text),
            Js::Array(items) => {
                for (at, item) in items.iter().enumerate() {
                    if at > 0 {
                        out.push(',');
                    }
                    self.push_text(out, &Js::from(item));
                }
            }
            Js::Root => match self.plain_root() {
                Some(plain) => self.push_text(out, &plain),
                None => out.push_str(OBJECT_TEXT),
            },
            Js::Object(_) | Js::Nothing => out.push_str(OBJECT_TEXT),
        }
    }
}

/// What an object prints as.
pub(super) const OBJECT_TEXT: &str = "[object Object]";

/// Names that every object has by inheritance: `in` finds them, a look-up does not.
const OBJECT_PROTOTYPE: [&str; 12] = [
    "constructor",
    "toString",
    "valueOf",
    "hasOwnProperty",
    "isPrototypeOf",
    "propertyIsEnumerable",
    "toLocaleString",
    "__proto__",
    "__defineGetter__",
    "__defineSetter__",
    "__lookupGetter__",
    "__lookupSetter__",
];

const ARRAY_PROTOTYPE: [&str; 37] = [
    "at",
    "concat",
    "copyWithin",
    "entries",
    "every",
    "fill",
    "filter",
    "find",
    "findIndex",
    "findLast",
    "findLastIndex",
    "flat",
    "flatMap",
    "forEach",
    "includes",
    "indexOf",
    "join",
    "keys",
    "lastIndexOf",
    "length",
    "map",
    "pop",
    "push",
    "reduce",
    "reduceRight",
    "reverse",
    "shift",
    "slice",
    "some",
    "sort",
    "splice",
    "toReversed",
    "toSorted",
    "toSpliced",
    "unshift",
    "values",
    "with",
];

/// Identity, when either side is an object; `None` when neither is, or when they must be compared as texts.
fn same_object(left: &Js<'_>, right: &Js<'_>) -> Option<bool> {
    match (left, right) {
        (Js::Array(left), Js::Array(right)) => Some(std::ptr::eq(*left, *right)),
        (Js::Object(left), Js::Object(right)) => Some(std::ptr::eq(*left, *right)),
        (Js::Root, Js::Root) | (Js::Nothing, Js::Nothing) => Some(true),
        (
            Js::Array(_) | Js::Object(_) | Js::Root | Js::Nothing,
            Js::Array(_) | Js::Object(_) | Js::Root | Js::Nothing,
        ) => Some(false),
        _ => None,
    }
}

fn string<'v>(value: &'v Js<'_>) -> Option<&'v str> {
    match value {
        Js::Text(text) => Some(text),
        Js::Made(text) => Some(text),
        _ => None,
    }
}

fn length(length: usize) -> Js<'static> {
    Js::Number(Number::Unsigned(u64::try_from(length).unwrap_or(u64::MAX)))
}

/// The index that a name spells, as JavaScript would: no sign, no leading zero.
pub(super) fn index(name: &str) -> Option<usize> {
    let canonical = name == "0" || (!name.starts_with('0') && !name.is_empty());
    (canonical && name.bytes().all(|byte| byte.is_ascii_digit())).then(|| name.parse().ok())?
}

/// A text's length and characters, counted in UTF-16.
fn text_member<'a>(text: &str, name: &str) -> Js<'a> {
    if name == "length" {
        return length(text.encode_utf16().count());
    }
    match index(name).and_then(|index| text.encode_utf16().nth(index)) {
        // Half of a pair cannot be said in UTF-8; what prints it writes the replacement character.
        Some(unit) => Js::Made(String::from_utf16_lossy(&[unit]).into()),
        None => Js::Undefined,
    }
}

fn zero(number: Number) -> bool {
    match number {
        Number::Unsigned(number) => number == 0,
        Number::Negative(number) => number == 0,
        Number::Float(number) => number == 0.0 || number.is_nan(),
    }
}

fn same_number(left: Number, right: Number) -> bool {
    match (left, right) {
        (Number::Unsigned(left), Number::Unsigned(right)) => left == right,
        (Number::Negative(left), Number::Negative(right)) => left == right,
        (Number::Unsigned(_), Number::Negative(_)) | (Number::Negative(_), Number::Unsigned(_)) => false,
        #[expect(clippy::float_cmp, reason = "this is what `===` asks")]
        _ => left.as_f64() == right.as_f64(),
    }
}

/// `Number(value)` of a primitive; `None` for NaN.
pub(super) fn to_number(value: &Js<'_>) -> Option<f64> {
    match value {
        Js::Null => Some(0.0),
        Js::Bool(flag) => Some(f64::from(u8::from(*flag))),
        Js::Number(number) => Some(number.as_f64()).filter(|number| !number.is_nan()),
        Js::Text(text) => text_to_number(text),
        Js::Made(text) => text_to_number(text),
        _ => None,
    }
}

fn text_to_number(text: &str) -> Option<f64> {
    let text = text.trim_matches(super::syntax::is_space);
    if text.is_empty() {
        return Some(0.0);
    }
    for (prefix, radix) in [("0x", 16), ("0X", 16), ("0o", 8), ("0O", 8), ("0b", 2), ("0B", 2)] {
        if let Some(digits) = text.strip_prefix(prefix) {
            let valid = !digits.is_empty() && digits.chars().all(|digit| digit.is_digit(radix));
            return valid.then(|| {
                digits
                    .chars()
                    .filter_map(|digit| digit.to_digit(radix))
                    .fold(0.0, |sum, digit| sum * f64::from(radix) + f64::from(digit))
            });
        }
    }
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    if unsigned == "Infinity" {
        return Some(if text.starts_with('-') { f64::NEG_INFINITY } else { f64::INFINITY });
    }
    // Rust also reads `inf`, `nan` and their like.
    unsigned.starts_with(|first: char| first.is_ascii_digit() || first == '.').then(|| text.parse().ok())?
}
