//! Statements out of JSON that somebody wrote by hand: every slip of shape told, none passed over.

use serde_json::Value;

use super::Policy;
use super::mistake::{Mistake, PolicyError, Spot};
use super::near::nearest;
use super::statement::{Effect, List, Statement};

impl Policy {
    /// Compiles statements that are still JSON.
    ///
    /// # Errors
    /// Every mistake: those of shape and those that [`Policy::compile`] finds, in the order of statements.
    pub fn from_json(statements: &[Value]) -> Result<Policy, Vec<PolicyError>> {
        let (statements, mut errors) = Statement::read_all(statements);
        match Policy::compile(&statements) {
            Ok(policy) if errors.is_empty() => Ok(policy),
            Ok(_) => Err(errors),
            Err(others) => {
                errors.extend(others);
                errors.sort_by_key(|error| error.spot.statement);
                Err(errors)
            }
        }
    }
}

impl Statement {
    /// Reads statements as far as they can be read, with everything that is not a statement's.
    ///
    /// What could not be read is left out of its statement, which may then cover more than was meant: use the
    /// statements only when there are no errors.
    pub fn read_all(statements: &[Value]) -> (Vec<Statement>, Vec<PolicyError>) {
        let mut errors = Vec::new();
        let read = statements.iter().enumerate().map(|(at, json)| read_one(at, json, &mut errors)).collect();
        (read, errors)
    }
}

fn read_one(at: usize, json: &Value, errors: &mut Vec<PolicyError>) -> Statement {
    let mut statement = Statement::default();
    let Value::Object(members) = json else {
        errors.push(PolicyError { spot: Spot::statement(at), mistake: Mistake::NotAStatement });
        return statement;
    };
    for (key, value) in members {
        match key.as_str() {
            "effect" => match value.as_str() {
                Some("allow") => statement.effect = Some(Effect::Allow),
                Some("deny") => statement.effect = Some(Effect::Deny),
                _ => {
                    let written = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                    let mistake = Mistake::UnknownEffect(written);
                    errors.push(PolicyError { spot: Spot::key(at, "effect"), mistake });
                }
            },
            "resources" => statement.resources = read_list(at, List::Resources, value, errors),
            "notResources" => statement.not_resources = read_list(at, List::NotResources, value, errors),
            "actions" => statement.actions = read_list(at, List::Actions, value, errors),
            "notActions" => statement.not_actions = read_list(at, List::NotActions, value, errors),
            _ => {
                let near = nearest(key, ["effect", "resources", "notResources", "actions", "notActions"]);
                let mistake = Mistake::UnknownKey { key: key.clone(), near };
                errors.push(PolicyError { spot: Spot::key(at, key.clone()), mistake });
            }
        }
    }
    statement
}

fn read_list(at: usize, list: List, value: &Value, errors: &mut Vec<PolicyError>) -> Option<Vec<String>> {
    let Value::Array(entries) = value else {
        errors.push(PolicyError { spot: Spot::key(at, list.key()), mistake: Mistake::NotAList(list) });
        return None;
    };
    let mut read = Vec::with_capacity(entries.len());
    for (entry, value) in entries.iter().enumerate() {
        match value {
            Value::String(text) => read.push(text.clone()),
            _ => {
                errors.push(PolicyError { spot: Spot::entry(at, list, entry), mistake: Mistake::NotAString(list) });
                // A star has no mistake of its own, and keeps the other entries at their positions.
                read.push("*".to_owned());
            }
        }
    }
    Some(read)
}
