//! One rule a file over a loaded integration; findings out.
//!
//! Rules are sync, pure and offline, and never stop at the first mistake. They judge what was loaded: they
//! read no files, and leave to the schema check what a schema can say.

mod echoes;
mod names;
mod near;
mod parts;
mod rules;
mod schema;
mod soundness;

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::ops::Range;
use std::path::PathBuf;

use crate::catalog::schema::SCHEMA;
use crate::catalog::{self, Catalog, Integration, JSON_SYNTAX, Sample};
use crate::finding::{Finding, Place, Severity};
use crate::manifest::FormVariable;
use crate::render::helper_names;
use echoes::Doubts;
use names::{Capability, Reading, Use};

pub use rules::rules;
pub use schema::refused_values;
use soundness::Rehearsal;
pub use soundness::Stage;

/// What a rule may look at.
#[derive(Debug, Clone, Copy)]
pub struct Scene<'a> {
    /// The integration under review.
    pub integration: &'a Integration,
    /// Every other integration of the same tree, for rules that compare.
    pub neighbours: &'a [Integration],
    /// The events it is rendered with.
    pub stage: &'a Stage<'a>,
    /// Whether this engine's own additions to the format are reported.
    pub portable: bool,
    /// Its templates, read once.
    readings: &'a [Reading<'a>],
    /// What rendering them showed.
    rehearsal: &'a Rehearsal,
}

/// Everything that is wrong with the integrations of a catalog, with what loading them found.
pub fn report(catalog: &Catalog, portable: bool) -> Vec<Finding> {
    // Usually all of a tree share their samples, and a stage is worth setting once.
    let mut stages: Vec<(&[Sample], Stage<'_>)> = Vec::new();
    let mut findings = catalog.findings.clone();
    let mut refused = Vec::new();
    for integration in &catalog.integrations {
        let samples = catalog.samples(integration);
        let at = stages.iter().position(|(known, _)| std::ptr::eq(*known, samples)).unwrap_or_else(|| {
            stages.push((samples, Stage::set(samples)));
            stages.len() - 1
        });
        findings.extend(review(integration, &catalog.integrations, &stages[at].1, portable));
        refused.append(&mut refused_values(&integration.source));
    }
    // Of a value that the schema refuses no rule says more: mending it comes first.
    let stays = |rule: &str| rule == SCHEMA || catalog::is_about_writing(rule);
    // What another language's word was to be is told there; a number is a number, however it is written.
    let is_word = |finding: &&Finding| finding.rule == JSON_SYNTAX && finding.message.starts_with("JSON has no `");
    let words: Vec<Place> = findings.iter().filter(is_word).map(|finding| finding.place.clone()).collect();
    let is_told = |place: &Place| words.iter().any(|word| (&word.file, &word.span) == (&place.file, &place.span));
    findings.retain(|finding| finding.rule != SCHEMA || !is_told(&finding.place));
    findings.retain(|finding| stays(finding.rule) || !refused.iter().any(|place| is_within(&finding.place, place)));
    findings
}

/// Whether `place` is the value at `value`, or inside of it.
fn is_within(place: &Place, value: &Place) -> bool {
    let (Some(pointer), Some(around)) = (&place.pointer, &value.pointer) else { return false };
    let inside = pointer.strip_prefix(around.as_str());
    place.file == value.file && inside.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Everything that is wrong with an integration, rule by rule. `neighbours` may hold the integration itself.
pub fn review(
    integration: &Integration,
    neighbours: &[Integration],
    stage: &Stage<'_>,
    portable: bool,
) -> Vec<Finding> {
    let helpers: Vec<&str> = helper_names().collect();
    let doubts = Doubts::of(&integration.source, schema::refused_pointers(&integration.source));
    let readings: Vec<Reading<'_>> = integration
        .templates
        .iter()
        .map(|template| {
            let mut reading = Reading::new(template, names::scope(integration, template, &stage.fields), &helpers);
            doubts.trust(&mut reading);
            reading
        })
        .collect();
    let rehearsal = Rehearsal::of(integration, &readings, stage);
    let scene = Scene { integration, neighbours, stage, portable, readings: &readings, rehearsal: &rehearsal };
    let mut findings: Vec<Finding> = Vec::new();
    for rule in rules() {
        let first = findings.len();
        rule.check(scene, &mut findings);
        // Of a value that could only be guessed nothing can be said.
        let mut at = 0;
        findings.retain(|finding| {
            at += 1;
            at <= first
                || !finding.place.pointer.as_deref().is_some_and(|pointer| integration.source.is_guessed(pointer))
        });
    }
    echoes::silenced(told_once(findings), &doubts, integration, &readings)
}

/// Drops what was told already: two templates may be one file.
fn told_once(findings: Vec<Finding>) -> Vec<Finding> {
    let mut told: Vec<Finding> = Vec::with_capacity(findings.len());
    let mut known: HashMap<(&'static str, PathBuf, Range<usize>, String), usize> = HashMap::new();
    for finding in findings {
        let place = &finding.place;
        let key = (finding.rule, place.file.clone(), place.span.clone(), finding.message.clone());
        match known.entry(key) {
            Entry::Occupied(at) => {
                let other = &mut told[*at.get()];
                other.severity = other.severity.max(finding.severity);
            }
            Entry::Vacant(at) => {
                at.insert(told.len());
                told.push(finding);
            }
        }
    }
    told
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

    /// Where a part of a template stands.
    fn within(self, reading: &Reading<'_>, span: Range<usize>) -> Place {
        reading.template.place(&self.integration.source, span)
    }

    /// Whether the manifest has anything at `pointer`.
    fn has(self, pointer: &str) -> bool {
        self.integration.source.json.pointer(pointer).is_some_and(|value| !value.is_null())
    }

    /// Whether a template reads a secret there: a secret form variable, or a token.
    fn is_secret(self, reading: &Reading<'_>, found: &Use) -> bool {
        let manifest = &self.integration.manifest;
        let Some(capability) = Capability::of(&reading.template.pointer) else { return false };
        let Some(names) = &found.from_root else { return false };
        match names.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
            ["oauth", "accessToken"] | ["formVariables", "oauth", "accessToken"] => true,
            [key] => any_secret(names::main_and_own(manifest, capability), key),
            ["formVariables", key] => any_secret(&manifest.form_variables, key),
            ["environment" | "environmentFormVariables", key] => {
                any_secret(names::environment_variables(manifest), key)
            }
            _ => false,
        }
    }
}

/// Whether the variable named `key` is a secret.
fn any_secret<'a>(variables: impl IntoIterator<Item = &'a FormVariable>, key: &str) -> bool {
    variables.into_iter().any(|variable| variable.key == key && variable.secret())
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
