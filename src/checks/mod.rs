//! One rule a file over a loaded integration; findings out.
//!
//! Rules are sync, pure and offline, and never stop at the first mistake. They judge what was loaded: they
//! read no files, and leave to the schema check what a schema can say.

mod near;
mod parts;
mod rules;
mod soundness;

use crate::catalog::{Integration, Sample};
use crate::finding::{Finding, Place, Severity};

pub use rules::rules;

/// What a rule may look at.
#[derive(Debug, Clone, Copy)]
pub struct Scene<'a> {
    /// The integration under review.
    pub integration: &'a Integration,
    /// Every other integration of the same tree, for rules that compare.
    pub neighbours: &'a [Integration],
    /// The sample events it is rendered with.
    pub samples: &'a [Sample],
    /// Whether this engine's own additions to the format are reported.
    pub portable: bool,
}

impl<'a> Scene<'a> {
    /// The integrations of the tree that are not the one under review, also when `neighbours` holds it.
    fn others(self) -> impl Iterator<Item = &'a Integration> {
        self.neighbours.iter().filter(move |other| other.directory != self.integration.directory)
    }

    /// Where a value of the manifest stands.
    fn value(self, pointer: &str) -> Place {
        self.integration.source.value_place(pointer)
    }

    /// Where a key of the manifest stands.
    fn key(self, pointer: &str) -> Place {
        self.integration.source.key_place(pointer)
    }

    /// Whether the manifest has anything at `pointer`.
    fn has(self, pointer: &str) -> bool {
        self.integration.source.json.pointer(pointer).is_some_and(|value| !value.is_null())
    }
}

/// One thing that can be wrong with an integration.
pub trait Rule: Sync {
    /// The name users look up: `unknown-helper`.
    fn id(&self) -> &'static str;

    /// What is wrong when it is broken, in one line.
    fn summary(&self) -> &'static str;

    /// How bad that is. A rule that knows milder or graver cases says so in the finding.
    fn severity(&self) -> Severity {
        Severity::Error
    }

    /// Reports every place where it is broken.
    fn check(&self, scene: Scene<'_>, out: &mut Vec<Finding>);

    /// A finding of this rule, with the rule's own severity and no help yet.
    fn finding(&self, place: Place, message: String) -> Finding {
        Finding { rule: self.id(), severity: self.severity(), place, message, help: None }
    }
}

/// What rules add to a finding in the sentence that makes it.
trait FindingExt: Sized {
    /// Adds the remedy.
    fn helped(self, help: impl Into<String>) -> Self;
    /// Adds the remedy, when there is one.
    fn maybe_helped(self, help: Option<String>) -> Self;
    /// Makes it a warning: the request may still be right.
    fn mild(self) -> Self;
}

impl FindingExt for Finding {
    fn helped(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    fn maybe_helped(mut self, help: Option<String>) -> Self {
        self.help = help;
        self
    }

    fn mild(mut self) -> Self {
        self.severity = Severity::Warning;
        self
    }
}
