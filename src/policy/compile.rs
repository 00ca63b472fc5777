//! From statements as written to a policy that can only decide.

use super::environment::{Environment, spoken_of};
use super::glob::Glob;
use super::mistake::{Mistake, PolicyError, Spot};
use super::specifier::Specifier;
use super::statement::{Effect, List, Statement};

/// What a list of statements means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    pub(super) rules: Box<[Rule]>,
    /// The environments to decide for, one by one, when an event is on all of them.
    pub(super) environments: Box<[Environment]>,
}

/// What one statement means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Rule {
    pub(super) effect: Effect,
    pub(super) resources: Selection<Specifier>,
    pub(super) actions: Selection<Glob>,
}

/// Which of many a statement is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Selection<T> {
    /// Neither list was written: all.
    All,
    /// The ones that an entry covers; of an empty list, none.
    Only(Box<[T]>),
    /// The ones that no entry covers; of an empty list, all.
    Except(Box<[T]>),
}

impl<T> Selection<T> {
    /// The entries of whichever list was written.
    pub(super) fn entries(&self) -> &[T] {
        match self {
            Selection::All => &[],
            Selection::Only(entries) | Selection::Except(entries) => entries,
        }
    }
}

impl Policy {
    /// Compiles statements.
    ///
    /// # Errors
    /// Every mistake in every statement, in the order they are written.
    pub fn compile(statements: &[Statement]) -> Result<Policy, Vec<PolicyError>> {
        let mut errors = Vec::new();
        let rules: Vec<Rule> = statements
            .iter()
            .enumerate()
            .map(|(at, statement)| Rule {
                effect: statement.effect(),
                resources: selection(at, statement, List::Resources, List::NotResources, read_resource, &mut errors),
                actions: selection(at, statement, List::Actions, List::NotActions, read_action, &mut errors),
            })
            .collect();
        if !errors.is_empty() {
            return Err(errors);
        }
        let environments = spoken_of(&rules);
        Ok(Policy { rules: rules.into(), environments })
    }

    /// How many statements it has.
    pub fn len(&self) -> usize {
        self.rules.len()
    }

    /// Whether it has none, and so allows nothing.
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// The policy as statements: with its effects spelled out and repeated stars as one.
    pub fn to_statements(&self) -> Vec<Statement> {
        self.rules.iter().map(Rule::to_statement).collect()
    }
}

impl Rule {
    fn to_statement(&self) -> Statement {
        let (resources, not_resources) = printed(&self.resources);
        let (actions, not_actions) = printed(&self.actions);
        Statement { effect: Some(self.effect), resources, not_resources, actions, not_actions }
    }
}

fn printed<T: ToString>(selection: &Selection<T>) -> (Option<Vec<String>>, Option<Vec<String>>) {
    let print = |entries: &[T]| Some(entries.iter().map(ToString::to_string).collect());
    match selection {
        Selection::All => (None, None),
        Selection::Only(entries) => (print(entries), None),
        Selection::Except(entries) => (None, print(entries)),
    }
}

/// Reads the one of two opposite lists that a statement has.
fn selection<T>(
    at: usize,
    statement: &Statement,
    list: List,
    twin: List,
    read: fn(&str, List, Spot) -> Result<T, Vec<PolicyError>>,
    errors: &mut Vec<PolicyError>,
) -> Selection<T> {
    let mut entries_of = |list: List| -> Option<Box<[T]>> {
        let entries = statement.list(list)?;
        let mut kept = Vec::with_capacity(entries.len());
        for (entry, text) in entries.iter().enumerate() {
            match read(text, list, Spot::entry(at, list, entry)) {
                Ok(entry) => kept.push(entry),
                Err(found) => errors.extend(found),
            }
        }
        Some(kept.into())
    };
    match (entries_of(list), entries_of(twin)) {
        (Some(_), Some(_)) => {
            errors.push(PolicyError { spot: Spot::key(at, twin.key()), mistake: Mistake::Twins(list, twin) });
            Selection::All
        }
        (Some(entries), None) => Selection::Only(entries),
        (None, Some(entries)) => Selection::Except(entries),
        (None, None) => Selection::All,
    }
}

fn read_resource(text: &str, list: List, spot: Spot) -> Result<Specifier, Vec<PolicyError>> {
    Specifier::read(text).map(|read| read.specifier).map_err(|found| {
        let error = |(within, mistake)| PolicyError {
            spot: spot.clone().within(within),
            mistake: if matches!(mistake, Mistake::Empty(_)) { Mistake::Empty(list) } else { mistake },
        };
        found.into_iter().map(error).collect()
    })
}

fn read_action(text: &str, list: List, spot: Spot) -> Result<Glob, Vec<PolicyError>> {
    let mistake = if text.trim().is_empty() {
        Mistake::Empty(list)
    } else if text.trim().len() != text.len() {
        Mistake::Space { word: text.to_owned() }
    } else if text.contains("${") {
        Mistake::Placeholder(text.to_owned())
    } else if text.contains(['/', ':']) {
        Mistake::ResourceAmongActions(text.to_owned())
    } else {
        return Ok(Glob::new(text));
    };
    Err(vec![PolicyError { spot: spot.within(0..text.len()), mistake }])
}
