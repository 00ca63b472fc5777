//! Why a policy decided as it did. Worked out only when somebody asks: deciding itself stays cheap.

use serde::ser::{Serialize, SerializeStruct, Serializer};

use super::compile::{Policy, Rule, Selection};
use super::decide::{Decision, Verdict};
use super::environment::Spoken;
use super::glob::Glob;
use super::miss::{Difference, Miss, differences};
use super::near::joined;
use super::resource::Target;
use super::truth::Truth;

/// A decision, and what led to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation<'a> {
    /// The decision.
    pub decision: Decision<'a>,
    /// For a verdict of a statement: how the statement covers the target, a clause each.
    pub because: Vec<String>,
    /// For a deny that only may cover the target: what the event does not tell.
    pub undecided: Vec<Difference>,
    /// For a deny: a statement that would have allowed the same target, from 0.
    pub outweighed: Option<usize>,
    /// For no verdict: the allow that came nearest, and what kept it from matching.
    pub nearest: Option<Miss<'a>>,
}

impl Policy {
    /// Decides as [`Policy::decide_any`] does, and says why.
    pub fn explain<'a>(&'a self, targets: &'a [Target<'a>]) -> Explanation<'a> {
        let decision = self.decide_any(targets);
        let mut explanation =
            Explanation { decision, because: Vec::new(), undecided: Vec::new(), outweighed: None, nearest: None };
        match (decision.statement.and_then(|at| self.rules.get(at)), decision.target) {
            (Some(rule), Some(target)) => {
                let environment = decision.environment.map(|known| &*known.name);
                explanation.because = grounds(rule, target, environment);
                if rule.covers(target, decision.environment) == Truth::Unknown {
                    explanation.undecided = differences(rule, target, environment);
                }
                if decision.verdict == Verdict::Deny {
                    explanation.outweighed = self.outweighed(target, &decision);
                }
            }
            _ => explanation.nearest = self.nearest_miss(targets),
        }
        explanation
    }

    /// A statement that would have allowed what was denied.
    fn outweighed(&self, target: &Target<'_>, decision: &Decision<'_>) -> Option<usize> {
        let allows = |rule: &Rule| {
            rule.effect == super::Effect::Allow && rule.covers(target, decision.environment) == Truth::Yes
        };
        self.rules.iter().position(allows)
    }
}

/// How `rule` covers the target, in clauses about "it": the statement, then the target.
fn grounds(rule: &Rule, target: &Target<'_>, environment: Option<&str>) -> Vec<String> {
    let mut clauses = Vec::new();
    let surely = rule.covers_resource(&target.resource, environment) == Truth::Yes;
    match &rule.resources {
        Selection::All => clauses.push("it covers every resource".to_owned()),
        Selection::Only(entries) => {
            let mut entries = entries.iter().map(|entry| (entry.covers(&target.resource, environment), entry));
            let least = if surely { Truth::Yes } else { Truth::Unknown };
            let may = if surely { "covers" } else { "may cover" };
            let entry = entries.find(|(covers, _)| *covers >= least);
            clauses.extend(entry.map(|(_, entry)| format!("its resource `{entry}` {may} the target")));
        }
        Selection::Except(_) => {
            let may = if surely { "does" } else { "may" };
            clauses.push(format!("its `notResources` {may} not cover the target"));
        }
    }
    let action = &target.action;
    match &rule.actions {
        Selection::All => clauses.push("it covers every action".to_owned()),
        // What the event does not tell is said apart.
        Selection::Only(entries) if action.is_empty() && !entries.contains(&Glob::Any) => {}
        Selection::Only(entries) => {
            let pattern = entries.iter().find(|pattern| super::decide::covers_action(pattern, action) != Truth::No);
            clauses.extend(pattern.map(|pattern| match pattern {
                Glob::Exact(_) => format!("its action is `{pattern}`"),
                Glob::Any | Glob::Stars { .. } => format!("its action `{pattern}` covers `{action}`"),
            }));
        }
        Selection::Except(_) if action.is_empty() => {
            clauses.push("its `notActions` may not cover the action".to_owned());
        }
        Selection::Except(_) => clauses.push(format!("its `notActions` does not cover `{action}`")),
    }
    clauses
}

impl Explanation<'_> {
    /// The reason in one sentence without its full stop. Statements are counted from 1, as people do.
    pub fn reason(&self) -> String {
        let decision = &self.decision;
        match (decision.verdict, decision.statement) {
            (Verdict::None, _) | (_, None) => match &self.nearest {
                Some(miss) => miss.to_string(),
                None if decision.target.is_none() => "the event does not tell what it is about".to_owned(),
                None => "no statement allows anything".to_owned(),
            },
            (verdict, Some(statement)) => {
                let verb = if verdict == Verdict::Allow { "allows" } else { "denies" };
                let place = self.place().map(|place| format!(" {place}")).unwrap_or_default();
                format!("statement {} {verb} it{place}: {}", statement + 1, joined(&self.because, "and"))
            }
        }
    }

    /// The reason with what the event does not tell, for where there is one sentence only.
    pub fn whole_reason(&self) -> String {
        self.undecided.iter().fold(self.reason(), |reason, difference| {
            format!("{reason}; {difference}: what cannot be decided does not leave")
        })
    }

    /// For an event on all environments: in which one it was decided.
    fn place(&self) -> Option<String> {
        let environment = self.decision.environment?;
        Some(match environment.spoken() {
            Spoken::ByName => format!("in the environment `{}`", environment.shown()),
            Spoken::Like(pattern) => format!("in environments like `{pattern}`"),
            Spoken::Other => "in environments that the policy does not name".to_owned(),
        })
    }
}

impl Serialize for Explanation<'_> {
    /// The form for programs. `statement` counts from 0, as JSON pointers do.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = serializer.serialize_struct("Explanation", 6)?;
        object.serialize_field("decision", &self.decision.verdict)?;
        object.serialize_field("statement", &self.decision.statement)?;
        object.serialize_field("target", &self.decision.resource())?;
        object.serialize_field("action", self.decision.action())?;
        object.serialize_field("reason", &self.reason())?;
        object.serialize_field("nearest", &self.nearest)?;
        object.end()
    }
}
