//! The platform's standard webhook payload, for integrations that ask for it in place of a template.
//!
//! An event that came as an audit log entry is sent as it came. One in the form that templates see is turned
//! back into an entry as far as it tells.

use std::borrow::Cow;

use crate::event::Event;
use crate::value::{Object, Value};

/// What templates see and entries have alike.
const KEPT: [&str; 9] =
    ["token", "app", "subject", "parent", "delta", "triggerBody", "merge", "previousVersion", "currentVersion"];

type Members<'a> = Vec<(Cow<'a, str>, Value<'a>)>;

/// The body for `event`.
pub(super) fn body(event: &Event<'_>) -> String {
    match event.raw.map(std::str::from_utf8) {
        Some(Ok(raw)) => raw.strip_prefix('\u{feff}').unwrap_or(raw).to_owned(),
        _ => serde_json::to_string(&entry(event)).unwrap_or_default(),
    }
}

fn entry<'a>(event: &'a Event<'_>) -> Value<'a> {
    let context = &event.context;
    let base = context.get("baseURL").and_then(Value::as_str).unwrap_or_default();
    let mut members: Members<'a> = Vec::with_capacity(24);
    put(&mut members, "_links", context.get("_links").map(|links| relative(links, base, &["details"])));
    put(&mut members, "_id", context.get("_id").cloned());
    put(&mut members, "_accountId", context.get("_accountId").cloned());
    put(&mut members, "date", context.at(&["timestamp", "milliseconds"]).cloned());
    let targets = event.targets();
    let resources: Vec<String> = targets
        .iter()
        .map(|target| {
            let resource = target.resource.to_string();
            // Entries know no `~`: every environment is a star.
            if target.resource.in_all_environments() { resource.replacen("env/~", "env/*", 1) } else { resource }
        })
        .collect();
    let accesses = targets.iter().zip(&resources).map(|(target, resource)| {
        object(vec![("action", text(target.action.to_string())), ("resource", text(resource.clone()))])
    });
    put(&mut members, "accesses", Some(Value::Array(accesses.collect())));
    put(&mut members, "kind", context.get("kind").cloned());
    put(&mut members, "name", context.get("name").cloned());
    put(&mut members, "description", Some(context.at(&["details", "markdown"]).cloned().unwrap_or(Value::text(""))));
    put(&mut members, "shortDescription", Some(Value::text("")));
    put(&mut members, "comment", context.get("comment").cloned());
    put(&mut members, "member", context.get("member").map(|member| person(member, base)));
    for key in KEPT {
        put(&mut members, key, context.get(key).cloned());
    }
    put(&mut members, "titleVerb", context.get("titleVerb").cloned());
    put(&mut members, "title", context.at(&["title", "markdown"]).cloned());
    put(&mut members, "target", context.get("target").map(|target| target_of(target, base, &resources)));
    put(&mut members, "subentries", context.get("subentries").cloned());
    Object::from_members(members).into()
}

/// Adds a member, unless there is nothing to add: what an event does not tell, its entry leaves out.
fn put<'a>(members: &mut Members<'a>, key: &'static str, value: Option<Value<'a>>) {
    members.extend(value.map(|value| (Cow::Borrowed(key), value)));
}

fn object<'a>(members: Vec<(&'static str, Value<'a>)>) -> Value<'a> {
    Object::from_members(members.into_iter().map(|(key, value)| (Cow::Borrowed(key), value)).collect()).into()
}

fn text<'a>(text: String) -> Value<'a> {
    Value::String(Cow::Owned(text))
}

/// Who acted, without what is only there for templates.
fn person<'a>(member: &'a Value<'_>, base: &str) -> Value<'a> {
    rebuilt(member, |key, value| match key {
        "_links" => Some(relative(value, base, &[])),
        "emailLocalPart" | "displayName" => None,
        _ => Some(value.clone()),
    })
}

/// What was acted on, with the resources that a policy sees.
fn target_of<'a>(target: &'a Value<'_>, base: &str, resources: &[String]) -> Value<'a> {
    let mut members: Members<'a> = Vec::new();
    put(&mut members, "_links", target.get("_links").map(|links| relative(links, base, &[])));
    put(&mut members, "name", target.get("name").cloned());
    let resources = resources.iter().map(|resource| text(resource.clone())).collect();
    put(&mut members, "resources", Some(Value::Array(resources)));
    Object::from_members(members).into()
}

/// Links without `dropped` ones, their addresses relative to the platform's own.
fn relative<'a>(links: &'a Value<'_>, base: &str, dropped: &[&str]) -> Value<'a> {
    rebuilt(links, |name, link| {
        (!dropped.contains(&name)).then(|| {
            rebuilt(link, |key, value| match (key, value.as_str()) {
                ("href", Some(href)) => Some(Value::text(relative_to(href, base))),
                _ => Some(value.clone()),
            })
        })
    })
}

fn relative_to<'h>(href: &'h str, base: &str) -> &'h str {
    let rest = (!base.is_empty()).then(|| href.strip_prefix(base.trim_end_matches('/'))).flatten();
    rest.filter(|rest| rest.starts_with('/')).unwrap_or(href)
}

fn rebuilt<'a>(value: &'a Value<'_>, each: impl Fn(&str, &'a Value<'_>) -> Option<Value<'a>>) -> Value<'a> {
    match value.as_object() {
        Some(object) => {
            let members = object.iter().filter_map(|(key, value)| Some((Cow::Borrowed(key), each(key, value)?)));
            Object::from_members(members.collect()).into()
        }
        None => value.clone(),
    }
}
