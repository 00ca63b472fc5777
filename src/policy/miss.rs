//! The allow that came nearest to matching, and what was in the way.

use std::fmt;

use serde::ser::{Serialize, SerializeStruct, Serializer};

use super::compile::{Policy, Rule, Selection};
use super::decide::covers_action;
use super::environment::Environment;
use super::near::{joined, nearest, with_article};
use super::resource::{Resource, Segment, Target};
use super::specifier::{Filter, SegmentPattern, Specifier};
use super::statement::{Effect, List};
use super::truth::Truth;
use super::vocabulary::Vocabulary;

/// An allow that nearly matched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Miss<'a> {
    /// The statement, from 0.
    pub statement: usize,
    /// The target it nearly matched.
    pub target: &'a Target<'a>,
    /// For a target in all environments, the one meant.
    pub environment: Option<&'a Environment>,
    /// Everything that kept it from matching.
    pub differences: Vec<Difference>,
}

/// One thing that kept an allow from matching.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Difference {
    /// A list that covers nothing.
    EmptyList(List),
    /// The statement is about other types of resources.
    Type {
        /// Nouns of what it is about.
        asked: Vec<String>,
        /// Noun of what the event is about; empty when it does not tell.
        found: String,
    },
    /// The event's resource has other levels than resources of its type.
    Depth {
        /// The specifier of all resources of the type.
        form: String,
    },
    /// A name at one level of the resource.
    Name {
        /// The level: `environment`.
        noun: String,
        /// The pattern.
        asked: String,
        /// The event's name; empty when it does not tell.
        found: String,
    },
    /// A tag at one level of the resource.
    Tag {
        /// The level.
        noun: String,
        /// The pattern.
        asked: String,
        /// The event's tags; `None` when it does not tell.
        found: Option<Vec<String>>,
    },
    /// A property at one level of the resource, which events do not tell.
    Property {
        /// The level.
        noun: String,
        /// The filter.
        asked: String,
    },
    /// The statement's actions.
    Action {
        /// The patterns.
        asked: Vec<String>,
        /// The event's action; empty when it does not tell.
        found: String,
    },
    /// An entry of `notResources` or `notActions` that covers the target, or may.
    Excepted {
        /// Which list.
        list: List,
        /// The entry.
        entry: String,
        /// Whether it surely covers.
        surely: bool,
    },
}

impl Policy {
    /// The allow that is nearest to matching any of the targets; the first of several as near.
    pub(super) fn nearest_miss<'a>(&'a self, targets: &'a [Target<'a>]) -> Option<Miss<'a>> {
        let mut best: Option<(u32, Miss<'a>)> = None;
        for (statement, rule) in self.rules.iter().enumerate().filter(|(_, rule)| rule.effect == Effect::Allow) {
            for target in targets {
                let everywhere = target.resource.in_all_environments();
                let environments = self.environments.iter().filter(|_| everywhere).map(Some);
                for environment in environments.chain((!everywhere).then_some(None)) {
                    let differences = differences(rule, target, environment.map(|known| &*known.name));
                    let distance = differences.iter().map(Difference::distance).sum();
                    if best.as_ref().is_none_or(|(least, _)| distance < *least) {
                        best = Some((distance, Miss { statement, target, environment, differences }));
                    }
                }
            }
        }
        best.map(|(_, miss)| miss)
    }
}

fn noun(kind: &str) -> String {
    Vocabulary::built_in().noun(kind).to_owned()
}

/// Everything that keeps `rule` from surely covering the target.
pub(super) fn differences(rule: &Rule, target: &Target<'_>, environment: Option<&str>) -> Vec<Difference> {
    let mut differences = resource_differences(&rule.resources, &target.resource, environment);
    let action = &*target.action;
    match &rule.actions {
        _ if rule.covers_action(action) == Truth::Yes => {}
        Selection::All => {}
        Selection::Only(entries) if entries.is_empty() => differences.push(Difference::EmptyList(List::Actions)),
        Selection::Only(entries) => differences.push(Difference::Action {
            asked: entries.iter().map(ToString::to_string).collect(),
            found: action.to_owned(),
        }),
        Selection::Except(entries) => {
            differences.extend(excepted(List::NotActions, entries, |pattern| covers_action(pattern, action)));
        }
    }
    differences
}

fn resource_differences(
    resources: &Selection<Specifier>,
    resource: &Resource<'_>,
    environment: Option<&str>,
) -> Vec<Difference> {
    let of_type = |entries: &[Specifier]| -> Option<Vec<Difference>> {
        let same_type = entries.iter().filter(|entry| entry.has_types_of(resource));
        let all = same_type.map(|entry| specifier_differences(entry, resource, environment));
        all.min_by_key(|differences| differences.iter().map(Difference::distance).sum::<u32>())
    };
    match resources {
        Selection::All => Vec::new(),
        Selection::Only(entries) if entries.is_empty() => vec![Difference::EmptyList(List::Resources)],
        Selection::Only(entries) => of_type(entries).unwrap_or_else(|| {
            let types: Vec<&str> = entries.iter().filter_map(Specifier::kind).collect();
            let found = resource.segments.last().map(|segment| &*segment.kind).unwrap_or_default();
            if types.contains(&found) {
                return vec![Difference::Depth { form: Vocabulary::built_in().form(found) }];
            }
            let mut asked: Vec<String> = types.into_iter().map(noun).collect();
            asked.dedup();
            vec![Difference::Type { asked, found: noun(found) }]
        }),
        Selection::Except(entries) => {
            excepted(List::NotResources, entries, |entry| entry.covers(resource, environment)).into_iter().collect()
        }
    }
}

fn specifier_differences(specifier: &Specifier, resource: &Resource<'_>, environment: Option<&str>) -> Vec<Difference> {
    let pairs = specifier.segments().iter().zip(&resource.segments);
    pairs.flat_map(|(pattern, segment)| segment_differences(pattern, segment, environment)).collect()
}

fn segment_differences(pattern: &SegmentPattern, segment: &Segment<'_>, environment: Option<&str>) -> Vec<Difference> {
    let noun = || noun(&pattern.kind);
    let mut differences = Vec::new();
    let name = pattern.name_of(segment, environment);
    if pattern.covers_name(name) != Truth::Yes {
        let asked = pattern.name.as_ref().map(ToString::to_string).unwrap_or_default();
        differences.push(Difference::Name { noun: noun(), asked, found: name.to_owned() });
    }
    for filter in pattern.filters.iter().filter(|filter| filter.holds_for(segment) != Truth::Yes) {
        differences.push(match filter {
            Filter::Property(text) => Difference::Property { noun: noun(), asked: text.to_string() },
            Filter::Tag(tag) => {
                let found = segment.tags.as_ref().map(|tags| tags.iter().map(ToString::to_string).collect());
                Difference::Tag { noun: noun(), asked: tag.to_string(), found }
            }
        });
    }
    differences
}

/// The entry of an inverted list that covers the target most surely.
fn excepted<T: ToString>(list: List, entries: &[T], covers: impl Fn(&T) -> Truth) -> Option<Difference> {
    let (truth, entry) = entries.iter().map(|entry| (covers(entry), entry)).rev().max_by_key(|(truth, _)| *truth)?;
    let surely = truth == Truth::Yes;
    (truth != Truth::No).then(|| Difference::Excepted { list, entry: entry.to_string(), surely })
}

impl Difference {
    /// How far this keeps a statement from matching. Another type of resource is farther than everything else
    /// together, because nothing about the event could bring it nearer.
    fn distance(&self) -> u32 {
        match self {
            Difference::Type { .. } | Difference::Depth { .. } | Difference::EmptyList(_) => 1_000,
            Difference::Excepted { .. } => 3,
            Difference::Name { found, .. } | Difference::Action { found, .. } => 1 + u32::from(!found.is_empty()),
            Difference::Tag { found, .. } => 1 + u32::from(found.is_some()),
            Difference::Property { .. } => 1,
        }
    }
}

impl fmt::Display for Difference {
    /// A clause about "it", the statement.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Difference::EmptyList(list) => write!(formatter, "its `{}` is empty", list.key()),
            Difference::Type { asked, found } => {
                let asked: Vec<String> = asked.iter().map(|noun| with_article(noun)).collect();
                let found = match found.as_str() {
                    "" => "the event does not tell what it is about".to_owned(),
                    found => format!("the event about {}", with_article(found)),
                };
                write!(formatter, "it is about {} and {found}", joined(&asked, "or"))
            }
            Difference::Depth { form } => {
                write!(formatter, "the event's resource does not have the levels of `{form}`")
            }
            Difference::Name { noun, asked, found } if found.is_empty() => {
                write!(formatter, "its {noun} is `{asked}` and the event does not tell its own")
            }
            Difference::Name { noun, asked, found } => {
                write!(formatter, "its {noun} is `{asked}` and the event's is `{found}`")
            }
            Difference::Tag { noun, asked, found } => {
                let found = match found.as_deref() {
                    None => format!("the event does not tell the {noun}'s tags"),
                    Some([]) => format!("the event's {noun} has no tags"),
                    Some([tag]) => format!("the event's {noun} has only `{tag}`"),
                    Some(tags) => format!("the event's {noun} has {}", joined(&quoted(tags), "and")),
                };
                write!(formatter, "it asks for the {noun} tag `{asked}` and {found}")
            }
            Difference::Property { noun, asked } => {
                write!(formatter, "it asks for `{asked}` of the {noun}, which events do not tell")
            }
            Difference::Action { asked, found } => action_difference(formatter, asked, found),
            Difference::Excepted { list, entry, surely } => {
                let covers = if *surely { "covers" } else { "may cover" };
                let what = if *list == List::NotActions { "the event's action" } else { "the event" };
                write!(formatter, "its `{}` has `{entry}`, which {covers} {what}", list.key())
            }
        }
    }
}

/// Actions beyond this many are counted, not named.
const NAMED_ACTIONS: usize = 3;

fn action_difference(formatter: &mut fmt::Formatter<'_>, asked: &[String], found: &str) -> fmt::Result {
    let found_clause = match found {
        "" => "the event does not tell its own".to_owned(),
        found => format!("the event's is `{found}`"),
    };
    if let [only] = asked {
        return write!(formatter, "its action is `{only}` and {found_clause}");
    }
    if let Some(near) = nearest(found, asked.iter().map(String::as_str)) {
        return write!(formatter, "of its {} actions the nearest is `{near}` and {found_clause}", asked.len());
    }
    let (named, more) = asked.split_at(asked.len().min(NAMED_ACTIONS));
    let mut named = quoted(named);
    if !more.is_empty() {
        named.push(format!("{} more", more.len()));
    }
    write!(formatter, "its actions are {} and {found_clause}", joined(&named, "and"))
}

fn quoted(words: &[String]) -> Vec<String> {
    words.iter().map(|word| format!("`{word}`")).collect()
}

impl fmt::Display for Miss<'_> {
    /// A sentence without its full stop. The statement is counted from 1, as people do.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "statement {} would match, but ", self.statement + 1)?;
        let differences: Vec<String> = self.differences.iter().map(ToString::to_string).collect();
        formatter.write_str(&differences.join(", and "))
    }
}

impl Serialize for Miss<'_> {
    /// The form for programs. `statement` counts from 0, as JSON pointers do.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let environment = self.environment.map(Environment::shown);
        let because: Vec<String> = self.differences.iter().map(ToString::to_string).collect();
        let mut object = serializer.serialize_struct("Miss", 4)?;
        object.serialize_field("statement", &self.statement)?;
        object.serialize_field("target", &self.target.resource.display_in(environment).to_string())?;
        object.serialize_field("action", &self.target.action)?;
        object.serialize_field("because", &because)?;
        object.end()
    }
}
