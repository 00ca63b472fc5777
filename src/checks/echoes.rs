//! One mistake, told once: what other rules say only because of a mistake that is told already.
//!
//! Nothing is judged here. A form variable whose type the schema refuses is no variable of a free host; an address
//! that lacks a misspelt name is no other mistake than the name.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use serde_json::Value;

use super::names::{Capability, Lookup, Reading, Shape, Use};
use super::rules::POLICY;
use crate::catalog::{Integration, ManifestSource};
use crate::finding::Finding;

/// A finding of the first rule is an echo where one of the others is told inside of its place.
const AROUND: [(&str, &[&str]); 4] = [
    ("invalid-url", &["unknown-variable", "unbalanced-braces", "unknown-helper", "helper-arguments"]),
    ("failing-template", &["helper-arguments", "unknown-helper"]),
    ("broken-json", &["unknown-variable", "unknown-helper", "helper-arguments"]),
    ("unguarded-variable", &["unknown-variable"]),
];

/// A finding of the first rule is an echo where one of the others is told around it.
const WITHIN: [(&str, &[&str]); 1] = [("unguarded-variable", &["broken-json"])];

/// A finding of the first rule may be an echo of the others for reasons of their own.
const OTHERWISE: [(&str, &[&str]); 3] = [
    ("broken-json", &["broken-json", "unknown-variable"]),
    ("optional-without-default", &["invalid-url"]),
    ("never-matching-policy", &["idle-statement"]),
];

/// What rules say of a form variable, and the properties that they conclude it from.
const OF_VARIABLES: [(&str, &[&str]); 7] = [
    ("default-not-allowed", &["type", "defaultValue", "allowedValues"]),
    ("default-type", &["type", "defaultValue"]),
    ("default-without-optional", &["isOptional", "defaultValue"]),
    ("enum-without-values", &["type", "allowedValues"]),
    ("optional-without-default", &["type", "isOptional", "defaultValue"]),
    ("property-of-another-type", &["type"]),
    ("secret-not-string", &["type", "isSecret"]),
];

/// What rules make of a form variable where a template uses it.
const OF_USES: [&str; 4] = ["error-body-with-free-host", "invalid-url", "insecure-url", "unguarded-variable"];

/// What rules conclude from a whole part of the manifest, told elsewhere.
const OF_PARTS: [(&str, &[&str]); 4] = [
    ("/capabilities", &["no-capabilities"]),
    ("/capabilities/auditLogEventsHook/defaultPolicy", &["unserved-kind", "never-matching-policy"]),
    (
        "/capabilities/auditLogEventsHook/useStandardWebhookPayload",
        &["hook-without-templates", "standard-payload-with-templates"],
    ),
    (
        "/capabilities/auditLogEventsHook/templates",
        &["hook-without-templates", "unserved-kind", "never-matching-policy"],
    ),
];

/// What rules miss among the form variables.
const OF_FORMS: [&str; 2] = ["hmac-secret", "unknown-dependency"];

/// The lists of form variables that a manifest may have.
const FORMS: [&str; 5] = [
    "/formVariables",
    "/capabilities/approval/environmentFormVariables",
    "/capabilities/approval/approvalFormVariables",
    "/capabilities/featureStore/formVariables",
    "/capabilities/flagCleanup/formVariables",
];

/// What is known to be wrong with a manifest, so that nothing can be concluded from it.
#[derive(Debug, Default)]
pub(super) struct Doubts {
    /// Pointers of the values that the schema refuses.
    refused: Vec<String>,
    /// Whether a form variable has no key, so that any name may be one.
    forms: bool,
    /// Whether a flag link does not say what its links carry.
    metadata: bool,
    /// Keys of form variables that are wrong in what other rules build upon, and in which property.
    variables: Vec<(String, &'static str)>,
}

impl Doubts {
    pub(super) fn of(source: &ManifestSource, refused: Vec<String>) -> Self {
        let mut doubts = Doubts { refused, ..Doubts::default() };
        for form in FORMS {
            match source.json.pointer(form) {
                None => {}
                Some(Value::Array(items)) => {
                    for (index, item) in items.iter().enumerate() {
                        doubts.weigh(item, &format!("{form}/{index}"), source);
                    }
                }
                Some(_) => doubts.forms = true,
            }
        }
        let link = source.json.pointer("/capabilities/flagLink");
        doubts.metadata = link.is_some_and(|link| link.get("metadata").is_none_or(|metadata| !metadata.is_object()));
        doubts
    }

    fn weigh(&mut self, variable: &Value, pointer: &str, source: &ManifestSource) {
        let Some(key) = variable.get("key").and_then(Value::as_str).filter(|_| !source.is_guessed(pointer)) else {
            self.forms = true;
            return;
        };
        for property in ["type", "isOptional", "isSecret", "defaultValue", "allowedValues"] {
            let member = format!("{pointer}/{property}");
            let guessed = source.json.pointer(&member).is_some() && source.is_guessed(&member);
            let missing = property == "type" && variable.get("type").is_none();
            if guessed || missing || self.is_refused(&member) {
                self.variables.push((key.to_owned(), property));
            }
        }
    }

    fn is_refused(&self, pointer: &str) -> bool {
        self.refused.iter().any(|refused| refused == pointer)
    }

    fn doubts(&self, key: &str) -> bool {
        self.variables.iter().any(|(variable, _)| variable == key)
    }

    /// Takes names that may be there for names that are.
    pub(super) fn trust(&self, reading: &mut Reading<'_>) {
        let capability = Capability::of(&reading.template.pointer);
        for found in &mut reading.uses {
            let Lookup::Missing { at, .. } = found.found else { continue };
            let first = found.from_root.iter().flatten().next().map(String::as_str).unwrap_or_default();
            let of_form = first.ends_with("ormVariables") || first == "environment" || at == 0;
            let in_doubt = self.forms && of_form
                || self.metadata && capability == Some(Capability::FlagLink) && first == "metadata";
            if in_doubt {
                found.found = Lookup::Known(Shape::Any);
            }
        }
    }

    /// Whether a template reads a form variable there that nothing can be concluded from.
    fn touches(&self, found: &Use) -> bool {
        match found.from_root.as_deref() {
            Some([key]) => self.forms || self.doubts(key),
            Some([place, key]) if place.ends_with("ormVariables") || place == "environment" => {
                self.forms || self.doubts(key)
            }
            _ => false,
        }
    }

    fn explains(&self, finding: &Finding, integration: &Integration, readings: &[Reading<'_>]) -> bool {
        let pointer = finding.place.pointer.as_deref().unwrap_or_default();
        let refuses = |part: &str| self.refused.iter().any(|refused| refused.starts_with(part));
        let whole = |part: &str| part != "/capabilities" || self.is_refused(part);
        if OF_PARTS.iter().any(|(part, rules)| rules.contains(&finding.rule) && refuses(part) && whole(part)) {
            return true;
        }
        if self.forms && OF_FORMS.contains(&finding.rule) {
            return true;
        }
        if let Some((_, properties)) = OF_VARIABLES.iter().find(|(rule, _)| *rule == finding.rule) {
            let written = integration.source.json.pointer(&item(pointer));
            let key = written.and_then(|item| item.get("key")).and_then(Value::as_str);
            let wrong = |key| self.variables.iter().any(|(own, property)| own == key && properties.contains(property));
            return key.is_some_and(wrong);
        }
        if finding.rule == "error-body-with-free-host" {
            let named = |(variable, _): &(String, &str)| finding.message.contains(&format!("`{variable}`"));
            return self.forms || self.variables.iter().any(named);
        }
        // A name that events lack is lacked whatever the form holds.
        let told = |found: &Use| {
            finding.rule != "unguarded-variable" || finding.message.contains(&format!("`{}`", found.path.text))
        };
        let here = readings.iter().filter(|reading| reading.template.pointer == pointer);
        let mut uses = here.flat_map(|reading| &reading.uses);
        let any = self.forms || !self.variables.is_empty();
        any && OF_USES.contains(&finding.rule) && uses.any(|found| self.touches(found) && told(found))
    }
}

/// The item of a form that a pointer leads to or into.
fn item(pointer: &str) -> String {
    let form = FORMS.iter().find(|form| pointer.starts_with(**form)).copied().unwrap_or_default();
    let index = pointer[form.len()..].split('/').nth(1).unwrap_or_default();
    format!("{form}/{index}")
}

/// The findings without those that only echo another one. What stays is as grave as what it stands for.
pub(super) fn silenced(
    findings: Vec<Finding>,
    doubts: &Doubts,
    integration: &Integration,
    readings: &[Reading<'_>],
) -> Vec<Finding> {
    let mut causes: Vec<(usize, usize)> = Vec::new();
    let mut dropped: Vec<bool> =
        findings.iter().map(|finding| doubts.explains(finding, integration, readings)).collect();
    // What is not told itself explains nothing.
    let told = Told::of(&findings, (0..findings.len()).filter(|at| !dropped[*at]));
    for (at, finding) in findings.iter().enumerate() {
        if let Some(cause) = told.cause_of(finding, integration) {
            causes.push((cause, at));
            dropped[at] = true;
        }
    }
    let mut findings = findings;
    for slips in misspelt_keys(&findings, integration, readings) {
        let Some((first, others)) = slips.split_first().filter(|(_, others)| !others.is_empty()) else { continue };
        let help = findings[*first].help.take().unwrap_or_default();
        let count = slips.len();
        findings[*first].help =
            Some(format!("{help} {count} templates ask for it, so the variable's key may be the slip"));
        others.iter().for_each(|other| dropped[*other] = true);
    }
    let doubled = |finding: &Finding| {
        finding.rule == "duplicate-form-key"
            && finding.place.pointer.as_deref().is_some_and(|at| at.starts_with(FORMS[0]))
    };
    if let Some(at) = findings.iter().position(doubled)
        && let Some((name, lost)) = lost_key(&findings, integration)
    {
        let meant = format!("; templates ask for `{name}`, which may be its name");
        lost.into_iter().for_each(|other| dropped[other] = true);
        findings[at].help = findings[at].help.take().map(|help| format!("{help}{meant}"));
    }
    for (cause, echo) in causes {
        findings[cause].severity = findings[cause].severity.max(findings[echo].severity);
    }
    let mut dropped = dropped.into_iter();
    findings.retain(|_| !dropped.next().unwrap_or(false));
    findings
}

/// Findings that may be causes, found by what they are and where: thousands of names may be misspelt in one file.
struct Told<'f> {
    findings: &'f [Finding],
    /// In the order in which they are told.
    by_rule: HashMap<&'static str, Vec<usize>>,
    /// With where they begin, the first in the file first.
    by_start: HashMap<(&'static str, &'f Path), Vec<(usize, usize)>>,
}

impl<'f> Told<'f> {
    fn of(findings: &'f [Finding], told: impl Iterator<Item = usize>) -> Self {
        let (mut by_rule, mut by_start) = (HashMap::<_, Vec<usize>>::new(), HashMap::<_, Vec<_>>::new());
        for at in told {
            let Finding { rule, place, .. } = &findings[at];
            by_rule.entry(*rule).or_default().push(at);
            by_start.entry((*rule, place.file.as_path())).or_default().push((place.span.start, at));
        }
        by_start.values_mut().for_each(|starts| starts.sort_unstable());
        Told { findings, by_rule, by_start }
    }

    /// The first finding of which `echo` is only an echo.
    fn cause_of(&self, echo: &Finding, integration: &Integration) -> Option<usize> {
        let causes = |pairs: &'static [(&str, &[&'static str])]| {
            pairs.iter().filter(|(rule, _)| *rule == echo.rule).flat_map(|(_, causes)| causes.iter().copied())
        };
        let inside = causes(&AROUND).filter_map(|rule| self.inside(rule, echo));
        let is_cause = |at: &usize| is_cause(&self.findings[*at], echo, integration);
        let otherwise = causes(&WITHIN).chain(causes(&OTHERWISE));
        let otherwise = otherwise.filter_map(|rule| self.by_rule.get(rule)?.iter().copied().find(is_cause));
        inside.chain(otherwise).min()
    }

    /// The first finding of a rule inside of the place of `echo`.
    fn inside(&self, rule: &'static str, echo: &Finding) -> Option<usize> {
        let around = &echo.place.span;
        let starts = self.by_start.get(&(rule, echo.place.file.as_path()))?;
        let begin = starts.partition_point(|(start, _)| *start < around.start);
        let within = starts[begin..].iter().take_while(|(start, _)| *start <= around.end).map(|(_, at)| *at);
        within.filter(|at| self.findings[*at].place.span.end <= around.end).min()
    }
}

/// Findings that miss the same name, which no template finds under the key that was probably meant: then it is the key
/// that is misspelt, once.
fn misspelt_keys(findings: &[Finding], integration: &Integration, readings: &[Reading<'_>]) -> Vec<Vec<usize>> {
    let keys: HashSet<&str> =
        integration.manifest.form_variables.iter().map(|variable| variable.key.as_str()).collect();
    let names = readings.iter().flat_map(|reading| &reading.uses).filter_map(|found| found.from_root.as_ref());
    let read: HashSet<&str> = names.flatten().map(String::as_str).collect();
    let mut slips: Vec<Vec<usize>> = Vec::new();
    let mut known: HashMap<(&str, Option<&str>), usize> = HashMap::new();
    for (at, finding) in findings.iter().enumerate() {
        let Some(key) = suggested(finding).filter(|key| keys.contains(key) && !read.contains(key)) else { continue };
        let slip = *known.entry((key, missed(finding))).or_insert_with(|| {
            slips.push(Vec::new());
            slips.len() - 1
        });
        slips[slip].push(at);
    }
    slips
}

/// The form variable that an unknown name was probably meant to be.
fn suggested(finding: &Finding) -> Option<&str> {
    let help = finding.help.as_deref().filter(|_| finding.rule == "unknown-variable")?;
    let name = help.strip_prefix("did you mean `")?.strip_suffix("`?")?;
    Some(name.strip_prefix("formVariables.").unwrap_or(name))
}

/// The name that nothing provides, as a form variable's key.
fn missed(finding: &Finding) -> Option<&str> {
    let name = finding.message.rsplit('`').nth(1).filter(|_| finding.rule == "unknown-variable")?;
    Some(name.strip_prefix("formVariables.").unwrap_or(name))
}

/// Of two form variables with one key, the name that the second was meant to have: every template misses it.
fn lost_key<'f>(findings: &'f [Finding], integration: &Integration) -> Option<(&'f str, Vec<usize>)> {
    let hint = |finding: &Finding| {
        let help = finding.help.as_deref().unwrap_or_default();
        ["did you mean", "write "].iter().any(|start| help.starts_with(start))
    };
    let alone = |finding: &Finding| finding.rule == "unknown-variable" && !hint(finding);
    let lost: Vec<usize> = (0..findings.len()).filter(|at| alone(&findings[*at])).collect();
    let name = missed(&findings[*lost.first()?])?;
    let known = integration.manifest.form_variables.iter().any(|variable| variable.key == name);
    (!known && lost.iter().all(|at| missed(&findings[*at]) == Some(name))).then_some((name, lost))
}

/// Whether `echo` is told only because of what `cause` tells, elsewhere than inside of its place.
fn is_cause(cause: &Finding, echo: &Finding, integration: &Integration) -> bool {
    let (one, other) = (&cause.place, &echo.place);
    let paired = |pairs: &[(&str, &[&str])]| {
        pairs.iter().any(|(rule, causes)| *rule == echo.rule && causes.contains(&cause.rule))
    };
    // A bracket that is missing leaves every value behind it without a place, and each event shows another first.
    if cause.rule == "broken-json" && echo.rule == "broken-json" {
        let lacks = |finding: &Finding| {
            ["a value is missing", "a colon is missing"].iter().any(|words| finding.message.starts_with(words))
        };
        return one.file == other.file && one.span.start < other.span.start && lacks(cause) && lacks(echo);
    }
    // Without its `{{else}}` a block prints both of its branches.
    if cause.rule == "unknown-variable" && echo.rule == "broken-json" {
        let is_else = cause.help.as_deref().is_some_and(|help| help.contains("`{{else}}`"));
        if is_else && one.file == other.file {
            return true;
        }
    }
    if paired(&WITHIN) {
        let around = one.span.start <= other.span.start && other.span.end <= one.span.end;
        return one.file == other.file && around;
    }
    match (cause.rule, echo.rule) {
        // An address that is none because a variable is left empty: a default of any sort would not do.
        ("invalid-url", "optional-without-default") => {
            let pointer = item(other.pointer.as_deref().unwrap_or_default());
            let key = integration.source.json.pointer(&pointer).and_then(|item| item.get("key"));
            key.and_then(Value::as_str)
                .is_some_and(|key| cause.message.contains(&format!(" when `{key}` is left empty, ")))
        }
        // A statement that should allow something, and covers nothing.
        ("idle-statement", "never-matching-policy") => {
            let rest = one.pointer.as_deref().and_then(|pointer| pointer.strip_prefix(POLICY)).unwrap_or_default();
            let index = rest.split('/').nth(1).unwrap_or_default();
            let effect = integration.source.json.pointer(&format!("{POLICY}/{index}/effect"));
            effect.and_then(Value::as_str) == Some("allow")
        }
        _ => false,
    }
}
