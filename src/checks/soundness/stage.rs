//! The events that templates are tried with, made ready once for a whole tree.

use std::borrow::Cow;

use super::edit::set;
use super::hostile::{hostile, long, long_text};
use super::thin::{LISTS, Lists, MAY_BE_EMPTY, OPTIONAL, full, thin, with_lists};
use crate::catalog::Sample;
use crate::checks::names::{Shape, event_fields};
use crate::value::{Object, Value};

/// The sample events of a tree, read once and used for every integration in it.
#[derive(Debug)]
pub struct Stage<'a> {
    /// Each sample that is an event.
    pub(crate) samples: Vec<SampleEvent<'a>>,
    /// The fields that events have.
    pub(crate) fields: Shape,
    /// A text that is far too long.
    long: String,
}

/// One sample event, and what was made of it.
#[derive(Debug)]
pub(crate) struct SampleEvent<'a> {
    /// Its name, for messages: `flag/toggle.json`.
    pub(crate) name: &'a str,
    /// Its fields.
    pub(crate) event: Value<'a>,
    /// The same with hostile texts, and with as little in it as events have.
    pub(super) derived: Vec<Derived<'a>>,
    /// More of these, for the fullest sample of its kind.
    pub(super) more: Vec<Derived<'a>>,
}

/// An event made from a sample.
#[derive(Debug)]
pub(super) struct Derived<'a> {
    pub(super) event: Value<'a>,
    /// What custom properties it has: the template decides on their names.
    pub(super) properties: Properties,
}

/// The custom properties of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Properties {
    /// Those of the sample, or none.
    AsTheyAre,
    /// Every property that the template asks for, with a list so long.
    Asked(Lists),
    /// The same with hostile texts.
    Hostile,
}

impl<'a> Stage<'a> {
    /// Reads the samples. One that is no JSON object is passed over; loading reports it.
    pub fn set(samples: &'a [Sample]) -> Self {
        let mut samples: Vec<SampleEvent<'a>> = samples
            .iter()
            .filter_map(|sample| {
                let event = Value::parse(&sample.bytes).ok().filter(|event| event.as_object().is_some())?;
                let derived = vec![
                    Derived {
                        event: hostile(&full(&event, &properties(&[], Lists::Two))),
                        properties: Properties::Hostile,
                    },
                    Derived { event: thin(&event), properties: Properties::AsTheyAre },
                ];
                Some(SampleEvent { name: &sample.name, event, derived, more: Vec::new() })
            })
            .collect();
        let fields = event_fields(samples.iter().map(|sample| &sample.event));
        for index in 0..samples.len() {
            if is_fullest_of_its_kind(&samples, index) {
                samples[index].more = more(&samples[index].event);
            }
        }
        Stage { samples, fields, long: long_text() }
    }

    /// The event with texts that are far too long.
    pub(super) fn long<'s>(&'s self, event: &Value<'s>) -> Value<'s> {
        long(event, &self.long)
    }

    /// The event that the reference renders a hook's template of this kind with.
    pub(super) fn reference(&self, template: &str) -> Option<&SampleEvent<'a>> {
        let kind = match template {
            "flag" | "default" => "flag",
            "project" => "project",
            "member" => "member",
            _ => "environment",
        };
        // Known by what they are, since every tree names its files as it likes.
        let score = |event: &Value<'_>| {
            let updates = text(event, &["verbKind"]).starts_with("update");
            let everywhere = text(event, &["project", "environment", "key"]) == "~";
            let told = event.get("comment").is_some();
            (kind != "flag" || everywhere, updates, told)
        };
        let of_kind = self.samples.iter().filter(|sample| text(&sample.event, &["kind"]) == kind);
        // The first of equals.
        of_kind.rev().max_by_key(|sample| score(&sample.event))
    }
}

/// The text at a path; empty when there is none.
pub(super) fn text<'v>(event: &'v Value<'_>, path: &[&str]) -> &'v str {
    event.at(path).and_then(Value::as_str).unwrap_or_default()
}

/// Custom properties of these names.
pub(super) fn properties<'a>(names: &[String], lists: Lists) -> Value<'a> {
    let one = |name: &str| {
        let members = [("name", Value::String(Cow::Owned(name.to_owned()))), ("values", lists.value())];
        let property = members.into_iter().map(|(key, value)| (Cow::Borrowed(key), value)).collect::<Object<'a>>();
        (Cow::Owned(name.to_owned()), Value::Object(property))
    };
    let names = names.iter().map(String::as_str).chain(["another"]);
    Value::Object(Object::from_members(names.map(one).collect()))
}

fn is_fullest_of_its_kind(samples: &[SampleEvent<'_>], index: usize) -> bool {
    let kind = |at: usize| text(&samples[at].event, &["kind"]);
    let fullness = |at: usize| samples[at].event.as_object().map_or(0, Object::len);
    let better =
        |other: usize| (fullness(other), std::cmp::Reverse(other)) > (fullness(index), std::cmp::Reverse(index));
    !(0..samples.len()).any(|other| kind(other) == kind(index) && better(other))
}

/// Everything there and then one thing missing, nothing there and then one thing added, lists of every length.
fn more<'a>(event: &Value<'a>) -> Vec<Derived<'a>> {
    let full = full(event, &properties(&[], Lists::Two));
    let thin = thin(event);
    let mut more = Vec::new();
    let mut add = |event: Value<'a>, properties: Properties| more.push(Derived { event, properties });
    add(full.clone(), Properties::Asked(Lists::Two));
    // Custom properties, but none that the template asks for.
    add(full.clone(), Properties::AsTheyAre);
    for lists in [Lists::Empty, Lists::Null, Lists::One] {
        add(with_lists(&full, lists), Properties::Asked(lists));
    }
    let bare = OPTIONAL.iter().fold(full.clone(), |event, path| set(&event, path, None));
    add(bare, Properties::AsTheyAre);
    for path in OPTIONAL {
        let properties =
            if path == ["customProperties"] { Properties::AsTheyAre } else { Properties::Asked(Lists::Two) };
        add(set(&full, path, None), properties);
    }
    for path in MAY_BE_EMPTY {
        add(set(&full, path, Some(Value::text(""))), Properties::Asked(Lists::Two));
        add(set(&thin, path, full.at(path).cloned()), Properties::AsTheyAre);
    }
    for path in LISTS {
        add(set(&full, path, Some(Lists::Empty.value())), Properties::Asked(Lists::Two));
        add(set(&thin, path, Some(Lists::Two.value())), Properties::AsTheyAre);
    }
    add(set(&thin, &["comment"], full.get("comment").cloned()), Properties::AsTheyAre);
    add(thin, Properties::Asked(Lists::Two));
    more
}
