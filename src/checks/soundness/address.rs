//! Addresses with their values filled in: are they any?

use std::borrow::Cow;

use super::edit::set;
use super::form::{Filling, oauth, value};
use super::stage::Stage;
use super::synthetic;
use crate::catalog::{Integration, TemplateRole};
use crate::checks::names::{Capability, Position, Reading, environment_variables, main_and_own, positions};
use crate::manifest::{FormVariable, FormVariableType};
use crate::render::{Context, Escape, Options};
use crate::value::Value;

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

/// What addresses and headers see: form values by key, `oauth`, and the event of the reference as `context`.
pub(super) fn root<'a>(
    integration: &'a Integration,
    reading: &Reading<'_>,
    stage: &'a Stage<'_>,
    filling: Filling,
) -> Value<'a> {
    let mut root: Value<'a> = synthetic::context(reading);
    let capability = Capability::of(&reading.template.pointer);
    let variables: Vec<&FormVariable> =
        capability.into_iter().flat_map(|capability| main_and_own(&integration.manifest, capability)).collect();
    // Of two with one key the first counts; the second has a finding of its own.
    for variable in variables.into_iter().rev() {
        root = set(&root, &[&variable.key], value(variable, filling));
    }
    if capability == Some(Capability::Approval) {
        for variable in environment_variables(&integration.manifest) {
            root = set(&root, &["environment", &variable.key], value(variable, filling));
        }
    }
    root = set(&root, &["oauth"], Some(oauth()));
    match stage.reference("default").filter(|_| capability == Some(Capability::AuditLogEventsHook)) {
        Some(sample) => set(&root, &["context"], Some(sample.event.clone())),
        None => root,
    }
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
    let mut filled = root(integration, reading, stage, Filling::Filled);
    for (variable, path, position) in &uses {
        if let Some(text) = fitting(variable, *position) {
            filled = set(&filled, path, Some(Value::String(Cow::Owned(text))));
        }
    }
    let mut out = String::new();
    let mut verdict = |root: &Value<'_>, when: Option<String>| {
        out.clear();
        template.render_into(Context::new(root), Options::new(Escape::None), &mut out).ok()?;
        let reason = refusal(&out)?;
        Some(BadAddress { reading: index, address: out.clone(), reason, when })
    };
    if let Some(bad) = verdict(&filled, None) {
        return Some(bad);
    }
    for (variable, path, _) in &uses {
        let mut changed =
            |new: Value<'_>, when: String| verdict(&set(&filled, path, Some(new.into_owned())), Some(when));
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
    let mut found: Vec<(&FormVariable, Vec<&str>, Option<Position>)> = Vec::new();
    for used in &reading.uses {
        let path: Vec<&str> = used.from_root.iter().flatten().map(String::as_str).collect();
        let variable = match path.as_slice() {
            [key] => main_and_own(manifest, capability).find(|variable| variable.key == *key),
            ["environment", key] => environment_variables(manifest).iter().find(|variable| variable.key == *key),
            _ => None,
        };
        let at = used.path.span.start;
        let position = positions.iter().find(|(span, _)| span.contains(&at)).map(|(_, position)| *position);
        if let Some(variable) = variable {
            match found.iter_mut().find(|(_, known, _)| *known == path) {
                // First asked about, then printed.
                Some(known) => known.2 = known.2.or(position),
                None => found.push((variable, path, position)),
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
