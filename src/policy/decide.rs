//! The decision: which statement lets a target through, holds it back, or that none does either.

use super::compile::{Policy, Rule, Selection};
use super::environment::Environment;
use super::glob::Glob;
use super::resource::{Resource, Target};
use super::statement::Effect;
use super::truth::Truth;

/// What a policy decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Some statement allows it, and none denies.
    Allow,
    /// Some statement denies it.
    Deny,
    /// No statement speaks of it, which means no.
    None,
}

/// A verdict with its reason: the statement and the target that decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decision<'a> {
    /// What was decided.
    pub verdict: Verdict,
    /// The statement that decided, from 0.
    pub statement: Option<usize>,
    /// The target that decided; without a verdict of a statement, the first one.
    pub target: Option<&'a Target<'a>>,
    /// For a target in all environments, the one that decided.
    pub environment: Option<&'a Environment>,
}

impl Decision<'_> {
    /// Whether the event may leave.
    pub fn allows(&self) -> bool {
        self.verdict == Verdict::Allow
    }

    /// The resource that decided, as text; empty when the event does not tell what it touches.
    pub fn resource(&self) -> String {
        let environment = self.environment.map(Environment::shown);
        self.target.map(|target| target.resource.display_in(environment).to_string()).unwrap_or_default()
    }

    /// The action that was decided on.
    pub fn action(&self) -> &str {
        self.target.map(|target| &*target.action).unwrap_or_default()
    }
}

impl Policy {
    /// Decides one target. One deny outweighs any number of allows; silence means no.
    ///
    /// A target in all environments is decided once for each environment that the policy speaks of and once
    /// for one that it does not, and goes through where any of them does.
    pub fn decide<'a>(&'a self, target: &'a Target<'a>) -> Decision<'a> {
        if !target.resource.in_all_environments() {
            return self.decide_in(target, None);
        }
        let mut decided = Decision { verdict: Verdict::None, statement: None, target: Some(target), environment: None };
        for environment in &self.environments {
            let decision = self.decide_in(target, Some(environment));
            match decision.verdict {
                Verdict::Allow => return decision,
                Verdict::Deny if decided.verdict == Verdict::None => decided = decision,
                Verdict::Deny | Verdict::None => {}
            }
        }
        decided
    }

    /// Decides an event with all its targets: it goes through where any one of them does.
    pub fn decide_any<'a>(&'a self, targets: &'a [Target<'a>]) -> Decision<'a> {
        let mut decided =
            Decision { verdict: Verdict::None, statement: None, target: targets.first(), environment: None };
        for target in targets {
            let decision = self.decide(target);
            match decision.verdict {
                Verdict::Allow => return decision,
                Verdict::Deny if decided.verdict == Verdict::None => decided = decision,
                Verdict::Deny | Verdict::None => {}
            }
        }
        decided
    }

    pub(super) fn decide_in<'a>(
        &'a self,
        target: &'a Target<'a>,
        environment: Option<&'a Environment>,
    ) -> Decision<'a> {
        let mut decided = Decision { verdict: Verdict::None, statement: None, target: Some(target), environment };
        for (at, rule) in self.rules.iter().enumerate() {
            let covers = rule.covers(target, environment);
            match rule.effect {
                // What cannot be decided does not leave.
                Effect::Deny if covers != Truth::No => {
                    return Decision { verdict: Verdict::Deny, statement: Some(at), ..decided };
                }
                Effect::Allow if covers == Truth::Yes && decided.verdict == Verdict::None => {
                    decided.verdict = Verdict::Allow;
                    decided.statement = Some(at);
                }
                Effect::Deny | Effect::Allow => {}
            }
        }
        if decided.verdict == Verdict::None {
            decided.environment = None;
        }
        decided
    }
}

impl Rule {
    pub(super) fn covers(&self, target: &Target<'_>, environment: Option<&Environment>) -> Truth {
        // The action first: it is one comparison, and settles most statements.
        match self.covers_action(&target.action) {
            Truth::No => Truth::No,
            action => action.and(self.covers_resource(&target.resource, environment.map(|known| &*known.name))),
        }
    }

    pub(super) fn covers_resource(&self, resource: &Resource<'_>, environment: Option<&str>) -> Truth {
        self.resources.covers(|specifier| specifier.covers(resource, environment))
    }

    pub(super) fn covers_action(&self, action: &str) -> Truth {
        self.actions.covers(|pattern| covers_action(pattern, action))
    }
}

/// An empty action is one that the event does not tell.
pub(super) fn covers_action(pattern: &Glob, action: &str) -> Truth {
    match pattern {
        Glob::Any => Truth::Yes,
        _ if action.is_empty() => Truth::Unknown,
        _ => pattern.covers(action).into(),
    }
}

impl<T> Selection<T> {
    fn covers(&self, entry: impl Fn(&T) -> Truth) -> Truth {
        match self {
            Selection::All => Truth::Yes,
            Selection::Only(entries) => Truth::any(entries.iter().map(entry)),
            Selection::Except(entries) => Truth::any(entries.iter().map(entry)).negated(),
        }
    }
}
