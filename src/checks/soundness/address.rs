//! Addresses with their values filled in: are they any?

use std::borrow::Cow;
use std::collections::HashMap;
use std::collections::hash_map::Entry;

use super::edit::{set, set_all};
use super::form::{Filling, members, oauth, value};
use super::stage::Stage;
use super::synthetic;
use crate::catalog::{Integration, TemplateRole};
use crate::checks::names::{
    Capability, Position, Reading, environment_variables, main_and_own, position_at, positions,
};
use crate::manifest::{FormVariable, FormVariableType};
use crate::render::{Context, Escape, Options};
use crate::value::{Object, Value};

/// An address that is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BadAddress {
    /// Which reading.
    pub(crate) reading: usize,
    /// What it becomes.
    pub(crate) address: String,
    /// Why it is no address.
    pub(crate) reason: String,
    /// For which value of which variable, when not for all.
    pub(crate) when: Option<String>,
}

/// So many fields of one address are tried otherwise.
const ENOUGH: usize = 200;

/// What addresses and headers see: form values by key, `oauth`, and the event of the reference as `context`.
pub(super) fn root<'a>(
    integration: &'a Integration,
    reading: &Reading<'_>,
    stage: &'a Stage<'_>,
    filling: Filling,
) -> Value<'a> {
    let capability = Capability::of(&reading.template.pointer);
    let mut changes: Vec<(&'a str, Option<Value<'a>>)> = vec![("oauth", Some(oauth()))];
    if let Some(sample) = stage.reference("default").filter(|_| capability == Some(Capability::AuditLogEventsHook)) {
        changes.push(("context", Some(sample.event.clone())));
    }
    if capability == Some(Capability::Approval) {
        let variables = members(environment_variables(&integration.manifest), filling);
        changes.push(("environment", Some(Value::Object(Object::from_members(variables)))));
    }
    // Of two with one key the first counts; the second has a finding of its own.
    for variable in capability.into_iter().flat_map(|capability| main_and_own(&integration.manifest, capability)) {
        changes.push((&variable.key, value(variable, filling)));
    }
    set_all(&synthetic::context(reading), changes)
}

/// Tries an address with every field filled in, then with one field otherwise.
pub(super) fn judge(
    integration: &Integration,
    reading: &Reading<'_>,
    index: usize,
    stage: &Stage<'_>,
) -> Option<BadAddress> {
    let endpoint = reading.template.role == TemplateRole::Url;
    let template = reading.template.compiled.as_ref().ok().filter(|_| endpoint)?;
    let uses: Vec<(&FormVariable, Vec<&str>, Option<Position>)> = used(integration, reading);
    let filled = root(integration, reading, stage, Filling::Filled);
    let mut changes = Vec::new();
    let mut environment = filled.get("environment").cloned().unwrap_or_default();
    for (variable, path, position) in &uses {
        let text = fitting(variable, *position).map(|text| Value::String(Cow::Owned(text)));
        match (text, path.as_slice()) {
            (Some(text), [key]) => changes.push((*key, Some(text))),
            (Some(text), [_, key]) => environment = set(&environment, &[key], Some(text)),
            _ => {}
        }
    }
    if uses.iter().any(|(_, path, _)| path.len() > 1) {
        changes.push(("environment", Some(environment.clone())));
    }
    let filled = set_all(&filled, changes);
    let mut out = String::new();
    let mut verdict = |changed: Option<(&str, &Value<'_>)>, when: Option<String>| {
        out.clear();
        let context = Context { root: &filled, overlay: changed.as_slice() };
        template.render_into(context, Options::new(Escape::None), &mut out).ok()?;
        let reason = refusal(&out)?;
        Some(BadAddress { reading: index, address: out.clone(), reason, when })
    };
    if let Some(bad) = verdict(None, None) {
        return Some(bad);
    }
    // What lands behind the host makes no address invalid.
    let decides =
        |position: &Option<Position>| !matches!(position, Some(Position::Path | Position::Query | Position::Fragment));
    for (variable, path, _) in uses.iter().filter(|(.., position)| decides(position)).take(ENOUGH) {
        let mut changed = |new: Value<'_>, when: String| match path.as_slice() {
            [key] => verdict(Some((key, &new)), Some(when)),
            [first, key] => verdict(Some((first, &set(&environment, &[key], Some(new.into_owned())))), Some(when)),
            _ => None,
        };
        for choice in variable.allowed_values.iter().flatten().filter(|_| variable.kind == FormVariableType::Enum) {
            if let Some(bad) = changed(Value::text(choice), format!("`{}` is `{choice}`", variable.key)) {
                return Some(bad);
            }
        }
        let empty = value(variable, Filling::LeftEmpty).filter(|_| variable.optional());
        if let Some(bad) = empty.and_then(|empty| changed(empty, format!("`{}` is left empty", variable.key))) {
            return Some(bad);
        }
    }
    None
}

/// The form variables that an address prints, with their paths and where they land.
fn used<'a>(
    integration: &'a Integration,
    reading: &'a Reading<'_>,
) -> Vec<(&'a FormVariable, Vec<&'a str>, Option<Position>)> {
    let positions = positions(&reading.template.text, &reading.parts);
    let Some(capability) = Capability::of(&reading.template.pointer) else { return Vec::new() };
    let manifest = &integration.manifest;
    let mut main: HashMap<&str, &FormVariable> = HashMap::new();
    for variable in main_and_own(manifest, capability) {
        main.entry(&variable.key).or_insert(variable);
    }
    let mut environment: HashMap<&str, &FormVariable> = HashMap::new();
    for variable in environment_variables(manifest) {
        environment.entry(&variable.key).or_insert(variable);
    }
    let mut found: Vec<(&FormVariable, Vec<&str>, Option<Position>)> = Vec::new();
    let mut known: HashMap<Vec<&str>, usize> = HashMap::new();
    for used in &reading.uses {
        let path: Vec<&str> = used.from_root.iter().flatten().map(String::as_str).collect();
        let variable = match path.as_slice() {
            [key] => main.get(key),
            ["environment", key] => environment.get(key),
            _ => None,
        };
        let Some(variable) = variable else { continue };
        let position = position_at(&positions, used.path.span.start);
        match known.entry(path) {
            // First asked about, then printed.
            Entry::Occupied(at) => found[*at.get()].2 = found[*at.get()].2.or(position),
            Entry::Vacant(entry) => {
                found.push((variable, entry.key().clone(), position));
                entry.insert(found.len() - 1);
            }
        }
    }
    found
}

/// A text that an administrator would type there.
fn fitting(variable: &FormVariable, position: Option<Position>) -> Option<String> {
    let typed =
        matches!(variable.kind, FormVariableType::String | FormVariableType::DynamicEnum | FormVariableType::Generated);
    let label: String = variable.key.chars().filter(char::is_ascii_alphanumeric).collect();
    match position? {
        Position::Front if typed => Some(format!("https://{label}.example.com")),
        Position::Host if typed => Some(label.to_ascii_lowercase()),
        _ => None,
    }
}

/// Why a text is no address that a request can go to.
fn refusal(address: &str) -> Option<String> {
    if address.trim().is_empty() {
        return Some("it is empty".to_owned());
    }
    // The parser reads past missing and extra slashes: `https:///x` would go to a host named `x`.
    let after_scheme = address.trim().split_once(':').map_or("", |(_, rest)| rest);
    let host = after_scheme.strip_prefix("//").unwrap_or_default();
    match url::Url::parse(address) {
        Err(url::ParseError::RelativeUrlWithoutBase) => Some("it has no scheme and host".to_owned()),
        Err(error) => Some(error.to_string()),
        Ok(url) if !matches!(url.scheme(), "http" | "https") => Some(format!("`{}` is no web address", url.scheme())),
        Ok(_) if host.is_empty() || host.starts_with(['/', '\\', '?', '#']) => Some("it has no host".to_owned()),
        Ok(_) => None,
    }
}
