//! The environments that a policy speaks of, and one that it does not.
//!
//! An event on all environments is decided once for each of them. A policy names infinitely many when it has
//! stars, so each pattern is represented by witnesses: environments so plain that they are covered by as
//! little else as any environment that the pattern covers. Whatever decision some environment could get, a
//! witness gets.

use std::collections::BTreeSet;

use super::compile::{Rule, Selection};
use super::glob::Glob;
use super::resource::{ALL_ENVIRONMENTS, ENVIRONMENT};
use super::specifier::Specifier;
use super::statement::Effect;

/// An environment that stands for those of its sort.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Environment {
    pub(super) name: Box<str>,
    pub(super) spoken: Spoken,
}

/// How a policy speaks of an environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Spoken {
    /// By its key.
    ByName,
    /// By a pattern, as printed here.
    Like(Box<str>),
    /// Not at all, or only as one of any.
    Other,
}

impl Environment {
    /// How the policy speaks of it.
    pub fn spoken(&self) -> &Spoken {
        &self.spoken
    }

    /// The name to show: a key, a pattern, or the sign for all environments.
    pub fn shown(&self) -> &str {
        match &self.spoken {
            Spoken::ByName => &self.name,
            Spoken::Like(pattern) => pattern,
            Spoken::Other => ALL_ENVIRONMENTS,
        }
    }
}

/// Patterns are intersected up to this many. Past it, an allow that holds only where very many patterns meet
/// may be missed: the event then stays.
const MOST_PATTERNS: usize = 256;

/// Witnesses for every pattern of an environment in `rules`, in the order they are written; the environment
/// that no rule speaks of comes last.
pub(super) fn spoken_of(rules: &[Rule]) -> Box<[Environment]> {
    let mut patterns: Vec<&Glob> = Vec::new();
    for specifier in rules.iter().flat_map(|rule| rule.resources.entries()) {
        for segment in specifier.segments().iter().filter(|segment| &*segment.kind == ENVIRONMENT) {
            if let Some(pattern) = &segment.name
                && !patterns.contains(&pattern)
            {
                patterns.push(pattern);
            }
        }
    }
    let filler = filler(&patterns);
    let mut environments = Vec::new();
    let mut starred = Vec::new();
    for pattern in patterns {
        match pattern {
            Glob::Any => {}
            Glob::Exact(name) => environments.push(Environment { name: name.clone(), spoken: Spoken::ByName }),
            Glob::Stars { .. } => {
                environments.push(witness(pattern, filler));
                starred.push(pattern.clone());
            }
        }
    }
    environments.extend(meetings(starred, rules).iter().map(|pattern| witness(pattern, filler)));
    environments.push(Environment { name: filler.to_string().into(), spoken: Spoken::Other });
    environments.into()
}

/// The plainest environment that `pattern` covers: a letter that no pattern has, for each star. Another
/// pattern can cover it only by stars of its own, and so covers all that this one covers.
fn witness(pattern: &Glob, filler: char) -> Environment {
    let shown = pattern.to_string();
    Environment { name: shown.replace('*', filler.encode_utf8(&mut [0; 4])).into(), spoken: Spoken::Like(shown.into()) }
}

/// A letter that stands in no pattern.
fn filler(patterns: &[&Glob]) -> char {
    let used: BTreeSet<char> =
        patterns.iter().flat_map(|pattern| pattern.to_string().chars().collect::<Vec<_>>()).collect();
    let mut letters = ('a'..='z').rev().chain('\u{e000}'..=char::MAX);
    letters.find(|letter| !used.contains(letter)).unwrap_or(char::REPLACEMENT_CHARACTER)
}

/// The patterns of what several starred patterns cover at once.
///
/// They matter only to a deny with `notResources`, which leaves alone what is covered by one of its entries:
/// there, being allowed takes being covered more than once. One deny more is one pattern more that must meet.
fn meetings(starred: Vec<Glob>, rules: &[Rule]) -> Vec<Glob> {
    let inverted = |rule: &&Rule| rule.effect == Effect::Deny && has_starred_exception(rule);
    let rounds = rules.iter().filter(inverted).count();
    let own = starred.len();
    let mut known = starred;
    let mut fresh = 0..own;
    for _ in 0..rounds {
        let end = known.len();
        for newer in fresh {
            for older in 0..own {
                for pattern in intersection(&known[newer], &known[older]) {
                    if known.len() >= MOST_PATTERNS {
                        return known.split_off(own);
                    }
                    if !known.contains(&pattern) {
                        known.push(pattern);
                    }
                }
            }
        }
        fresh = end..known.len();
    }
    known.split_off(own)
}

fn has_starred_exception(rule: &Rule) -> bool {
    let starred = |specifier: &Specifier| {
        let mut segments = specifier.segments().iter();
        segments.any(|segment| &*segment.kind == ENVIRONMENT && matches!(segment.name, Some(Glob::Stars { .. })))
    };
    matches!(&rule.resources, Selection::Except(entries) if entries.iter().any(starred))
}

/// How many steps one intersection may take.
const MOST_STEPS: usize = 50_000;

/// Patterns that together cover exactly what both cover; some of them, when there are very many.
fn intersection(left: &Glob, right: &Glob) -> Vec<Glob> {
    let left: Vec<char> = left.to_string().chars().collect();
    let right: Vec<char> = right.to_string().chars().collect();
    let mut found = BTreeSet::new();
    let mut open = vec![(0, 0, String::new())];
    for _ in 0..MOST_STEPS {
        let Some((at_left, at_right, mut text)) = open.pop() else { break };
        match (left.get(at_left), right.get(at_right)) {
            (None, None) => {
                found.insert(text);
                if found.len() >= MOST_PATTERNS {
                    break;
                }
            }
            // One of the stars ends before the other.
            (Some('*'), Some('*')) => {
                if !text.ends_with('*') {
                    text.push('*');
                }
                open.push((at_left + 1, at_right, text.clone()));
                open.push((at_left, at_right + 1, text));
            }
            // A star covers nothing more, or the letter on the other side.
            (Some('*'), letter) => {
                open.push((at_left + 1, at_right, text.clone()));
                if let Some(letter) = letter {
                    text.push(*letter);
                    open.push((at_left, at_right + 1, text));
                }
            }
            (letter, Some('*')) => {
                open.push((at_left, at_right + 1, text.clone()));
                if let Some(letter) = letter {
                    text.push(*letter);
                    open.push((at_left + 1, at_right, text));
                }
            }
            (Some(letter), Some(same)) if letter == same => {
                text.push(*letter);
                open.push((at_left + 1, at_right + 1, text));
            }
            _ => {}
        }
    }
    found.iter().map(|text| Glob::new(text)).collect()
}

#[cfg(test)]
mod tests {
    use super::{Environment, intersection};
    use crate::policy::glob::Glob;
    use crate::policy::{Policy, Statement};

    fn texts(length: usize) -> Vec<String> {
        let mut texts = vec![String::new()];
        let mut last = texts.clone();
        for _ in 0..length {
            last = last.iter().flat_map(|text| ["a", "b"].map(|letter| format!("{text}{letter}"))).collect();
            texts.extend(last.iter().cloned());
        }
        texts
    }

    proptest::proptest! {
        #[test]
        fn an_intersection_covers_what_both_cover(left in "[ab*]{1,5}", right in "[ab*]{1,5}") {
            let (left, right) = (Glob::new(&left), Glob::new(&right));
            let both = intersection(&left, &right);
            for text in texts(8) {
                let meant = left.covers(&text) && right.covers(&text);
                proptest::prop_assert_eq!(both.iter().any(|pattern| pattern.covers(&text)), meant, "{}", text);
            }
        }
    }

    #[test]
    fn a_policy_speaks_of_keys_patterns_and_others() {
        let resources = ["proj/*:env/test", "proj/*:env/prod*:flag/*", "proj/*:env/*", "proj/*:env/test:flag/*"];
        let statement = Statement { resources: Some(resources.map(str::to_owned).to_vec()), ..Statement::default() };
        let policy = Policy::compile(&[statement]).expect("a right policy");
        let shown: Vec<&str> = policy.environments.iter().map(Environment::shown).collect();
        assert_eq!(shown, ["test", "prod*", "~"]);
    }

    #[test]
    fn very_many_meeting_patterns_take_no_time() {
        let entries: Vec<String> = ('a'..='z').map(|letter| format!("proj/*:env/*{letter}*{letter}*")).collect();
        let statement = Statement {
            effect: Some(crate::policy::Effect::Deny),
            not_resources: Some(entries),
            ..Statement::default()
        };
        let policy = Policy::compile(&vec![statement; 8]).expect("a right policy");
        assert!(policy.environments.len() <= super::MOST_PATTERNS + 1);
    }
}
