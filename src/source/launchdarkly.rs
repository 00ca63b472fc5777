//! LaunchDarkly: the audit-log webhook, and events that are in the form of templates already.

use std::borrow::Cow;

use super::access::{OwnedAccess, access, segments};
use super::batch::{EntryResult, IncomingEvent, digest};
use super::context::{self, Actor, Link, Place, Story, maybe_told, object, told};
use super::moment::Moment;
use super::told::Told;
use crate::value::Value;

/// What addresses are relative to when nothing else is configured.
const DEFAULT_BASE_URL: &str = "https://app.launchdarkly.com";

/// Members of a body that the context keeps beside what it makes of them.
const KEPT: [&str; 6] = ["token", "app", "subject", "parent", "delta", "triggerBody"];

#[derive(Debug)]
pub(super) struct LaunchDarkly {
    base_url: String,
}

impl LaunchDarkly {
    pub(super) fn new(base_url: Option<&str>) -> Self {
        LaunchDarkly { base_url: base_url.unwrap_or(DEFAULT_BASE_URL).trim_end_matches('/').to_owned() }
    }

    /// Reads a body: an audit-log entry, or an event in the form of templates.
    pub(super) fn read(&self, bytes: &[u8], received_at: i64) -> EntryResult {
        let entry = context::parse(bytes)?;
        let has_form_of_templates = entry.get("timestamp").is_some_and(|timestamp| timestamp.as_object().is_some())
            || entry.get("verbKind").is_some() && entry.get("date").is_none();
        if entry.get("kind").and_then(Value::as_str).is_none_or(str::is_empty) {
            return Err("this is no audit-log entry: it has no `kind`".to_owned());
        }
        if has_form_of_templates {
            return Ok(as_it_is(&entry, bytes, received_at));
        }
        if maybe_told(&entry, &["_id"]).is_none() {
            return Err("this is no audit-log entry: it has no `_id`".to_owned());
        }
        Ok(self.entry(entry, bytes, received_at))
    }

    fn entry(&self, entry: Value<'_>, bytes: &[u8], received_at: i64) -> IncomingEvent {
        let moment = moment_of(&entry, &["date"]).unwrap_or_else(|| Moment::received(received_at));
        let accesses = accesses(&entry);
        let scope = Scope::of(&entry, &accesses);
        let title = told(&entry, &["title"]);
        let mut environment = scope.environment;
        if let Some(name) = environment_named_in(&title).filter(|_| !matches!(&*environment.key, "" | "~")) {
            environment.name = Cow::Owned(name.to_owned());
        }
        let id = told(&entry, &["_id"]).into_owned();
        let mut links = self.links(entry.get("_links"));
        if !links.iter().any(|link| link.name == "details") {
            let address = match (&*scope.project.key, &*environment.key) {
                ("", _) | (_, "" | "~") => format!("{}/settings/history/{id}/details", self.base_url),
                (project, environment) => format!("{}/{project}/{environment}/audit/{id}/details", self.base_url),
            };
            links.push(Link::new("details", address, "text/html"));
        }
        let details = told(&entry, &["description"]);
        let mut extras: Vec<(&str, Value<'_>)> =
            KEPT.iter().filter_map(|name| Some((*name, entry.get(name)?.clone()))).collect();
        extras.extend(custom_properties(&entry).map(|properties| ("customProperties", properties)));
        let story = Story {
            account_id: told(&entry, &["_accountId"]),
            kind: told(&entry, &["kind"]),
            action: accesses.first().map(|first| first.action.clone()).unwrap_or_default(),
            name: told(&entry, &["name"]),
            key: scope.key,
            tags: scope.tags,
            project: scope.project,
            environment,
            actor: self.actor(&entry),
            title_verb: told(&entry, &["titleVerb"]),
            title: Told::from_markdown(&title),
            details: Told::from_markdown(&details),
            comment: maybe_told(&entry, &["comment"]),
            base_url: Cow::Borrowed(&self.base_url),
            target_id: target_id(&entry),
            links,
            accesses,
            extras,
            id,
        };
        story.event(moment, entry, bytes.to_vec(), digest(bytes))
    }

    /// `member`, or the token or app that acted instead of one.
    fn actor<'a>(&self, entry: &Value<'a>) -> Actor<'a> {
        if let Some(member) = entry.get("member").filter(|member| member.as_object().is_some()) {
            return Actor {
                id: told(member, &["_id"]),
                email: told(member, &["email"]),
                first_name: told(member, &["firstName"]),
                last_name: told(member, &["lastName"]),
                display_name: Cow::Borrowed(""),
                links: self.links(member.get("_links")),
                kind: Cow::Borrowed("member"),
            };
        }
        for kind in ["token", "app", "subject"] {
            if let Some(actor) = entry.get(kind).filter(|actor| actor.as_object().is_some()) {
                return Actor {
                    id: told(actor, &["_id"]),
                    links: self.links(actor.get("_links")),
                    kind: Cow::Borrowed(kind),
                    ..Actor::named(told(actor, &["name"]))
                };
            }
        }
        Actor::default()
    }

    /// Links with their addresses made absolute.
    fn links<'a>(&self, links: Option<&Value<'a>>) -> Vec<Link<'a>> {
        let members = links.and_then(Value::as_object).into_iter().flat_map(|links| links.iter());
        members
            .filter_map(|(name, link)| {
                let address = link.get("href")?.as_str()?;
                let address = if address.starts_with('/') && !address.starts_with("//") {
                    format!("{}{address}", self.base_url)
                } else {
                    address.to_owned()
                };
                Some(Link::new(name.to_owned(), address, told(link, &["type"])))
            })
            .collect()
    }
}

/// An event in the form of templates stays byte for byte what it was.
fn as_it_is(entry: &Value<'_>, bytes: &[u8], received_at: i64) -> IncomingEvent {
    let moment = moment_of(entry, &["timestamp", "milliseconds"])
        .or_else(|| moment_of(entry, &["timestamp", "seconds"]))
        .or_else(|| moment_of(entry, &["timestamp", "rfc3339"]))
        .unwrap_or_else(|| Moment::received(received_at));
    let digest = digest(bytes);
    let accesses = accesses(entry);
    IncomingEvent {
        id: maybe_told(entry, &["_id"]).map_or_else(|| hex::encode(digest), Cow::into_owned),
        raw: bytes.to_vec(),
        digest,
        context: bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes).to_vec(),
        targets: (!accesses.is_empty()).then_some(accesses),
        occurred_at_milliseconds: moment.milliseconds(),
    }
}

fn moment_of(entry: &Value<'_>, path: &[&str]) -> Option<Moment> {
    Moment::from_value(entry.at(path)?)
}

/// What the entry says it touched; failing that, the resources of its target, with no action told.
fn accesses(entry: &Value<'_>) -> Vec<OwnedAccess> {
    let list = |path: &[&str]| entry.at(path).and_then(Value::as_array).unwrap_or_default();
    let mut accesses: Vec<OwnedAccess> = list(&["accesses"])
        .iter()
        .filter_map(|told_one| Some(access(told(told_one, &["action"]), told_one.get("resource")?.as_str()?)))
        .collect();
    // A version of the object tells its tags, also that there are none, where the resource is silent.
    if let Some(tags) = version_tags(entry) {
        for access in &mut accesses {
            let last = access.resource.rsplit(':').next().unwrap_or_default();
            if last.contains('/') && !last.contains(';') {
                access.resource = Cow::Owned(format!("{};{}", access.resource, tags.join(",")));
            }
        }
    }
    if accesses.is_empty() {
        let resources = list(&["target", "resources"]);
        accesses.extend(resources.iter().filter_map(|resource| Some(access("", resource.as_str()?))));
    }
    accesses
}

fn version_tags<'e>(entry: &'e Value<'_>) -> Option<Vec<&'e str>> {
    let tags = entry
        .at(&["currentVersion", "tags"])
        .or_else(|| entry.at(&["previousVersion", "tags"]))
        .and_then(Value::as_array)?;
    let plain = |tag: &&str| !tag.contains([':', ';', ',']);
    Some(tags.iter().filter_map(Value::as_str).filter(plain).collect())
}

/// Where the event happened and what it is about, read from the resources it names.
#[derive(Default)]
struct Scope<'a> {
    project: Place<'a>,
    environment: Place<'a>,
    key: Option<Cow<'a, str>>,
    tags: Option<Vec<Cow<'a, str>>>,
}

impl<'a> Scope<'a> {
    fn of(entry: &Value<'a>, accesses: &[OwnedAccess]) -> Scope<'a> {
        let kind = told(entry, &["kind"]);
        let name = told(entry, &["name"]);
        let mut scope = Scope::default();
        let owned = |tags: Option<Vec<&str>>| -> Option<Vec<Cow<'a, str>>> {
            tags.map(|tags| tags.into_iter().map(|tag| Cow::Owned(tag.to_owned())).collect())
        };
        for (at, access) in accesses.iter().enumerate() {
            let mut last = None;
            for segment in segments(&access.resource) {
                let place = Place {
                    key: Cow::Owned(segment.name.to_owned()),
                    name: Cow::Owned(segment.name.to_owned()),
                    tags: owned(segment.tags()),
                };
                match segment.kind {
                    "proj" if at == 0 => scope.project = place,
                    "env" if at == 0 => scope.environment = place,
                    "env" if scope.environment.key != segment.name => {
                        scope.environment = Place { key: "~".into(), name: "All environments".into(), tags: None };
                    }
                    _ => {}
                }
                last = Some(segment);
            }
            if let Some(segment) = last.filter(|_| at == 0) {
                // Members and webhooks have an id, no key.
                if !matches!(&*kind, "member" | "webhook") && !segment.name.is_empty() {
                    scope.key = Some(Cow::Owned(segment.name.to_owned()));
                }
                scope.tags = owned(segment.tags());
            }
        }
        if matches!(&*scope.environment.key, "*" | "~") {
            scope.environment = Place { key: "~".into(), name: "All environments".into(), tags: None };
        }
        match &*kind {
            "project" => scope.project.name = name,
            "environment" => scope.environment.name = name,
            _ => {}
        }
        scope
    }
}

/// ``… in `Production` ``, the end of a title about one environment, is the only place that has its name.
fn environment_named_in(title: &str) -> Option<&str> {
    let (_, name) = title.strip_suffix('`')?.rsplit_once(" in `")?;
    (!name.is_empty() && !name.contains('`')).then_some(name)
}

/// The last part of the canonical address is the id that other requests use.
fn target_id<'a>(entry: &Value<'a>) -> Cow<'a, str> {
    if let Some(id) = maybe_told(entry, &["target", "_id"]) {
        return id;
    }
    let address = told(entry, &["target", "_links", "canonical", "href"]);
    Cow::Owned(address.rsplit('/').next().unwrap_or_default().to_owned())
}

/// A flag's custom properties in the form of templates: `value`, a list, is called `values` there.
fn custom_properties<'a>(entry: &Value<'a>) -> Option<Value<'a>> {
    let version = entry.get("currentVersion").or_else(|| entry.get("previousVersion"))?;
    let properties = version.get("customProperties")?.as_object()?;
    let members = properties.iter().map(|(key, property)| {
        let values = property.get("value").or_else(|| property.get("values")).cloned();
        let value = object(vec![
            ("name", context::text(told(property, &["name"]))),
            ("values", values.unwrap_or_else(|| Value::Array(Vec::new()))),
        ]);
        (Cow::Owned(key.to_owned()), value)
    });
    Some(Value::Object(members.collect()))
}

#[cfg(test)]
mod tests {
    use super::LaunchDarkly;

    fn read(json: &str) -> serde_json::Value {
        let event = LaunchDarkly::new(None).read(json.as_bytes(), 7).expect("the row is an event");
        serde_json::from_slice(&event.context).expect("a context is JSON")
    }

    fn entry(accesses: &str, kind: &str, title: &str) -> serde_json::Value {
        read(&format!(
            r#"{{"_id":"e1","date":1718882658114,"kind":"{kind}","name":"Nav","accesses":[{accesses}],"title":"{title}"}}"#
        ))
    }

    #[test]
    fn one_access_tells_project_environment_key_and_tags() {
        let access = r#"{"action":"updateOn","resource":"proj/web;p:env/prod;critical:flag/nav;a,b"}"#;
        let event = entry(access, "flag", "Ana turned on [Nav](https://x.example) in `Production`");
        assert_eq!(event["project"]["key"], "web");
        assert_eq!(event["project"]["tags"], serde_json::json!(["p"]));
        assert_eq!(event["project"]["environment"]["key"], "prod");
        assert_eq!(event["project"]["environment"]["name"], "Production");
        assert_eq!(event["project"]["environment"]["tags"], serde_json::json!(["critical"]));
        assert_eq!((&event["key"], &event["tags"]), (&"nav".into(), &serde_json::json!(["a", "b"])));
        assert_eq!(event["verbKind"], "updateOn");
        assert_eq!(event["title"]["plainText"], "Ana turned on Nav in 'Production'");
        assert_eq!(event["_links"]["details"]["href"], "https://app.launchdarkly.com/web/prod/audit/e1/details");
    }

    #[test]
    fn accesses_in_several_environments_are_all_environments() {
        let accesses = r#"{"action":"createFlag","resource":"proj/web:env/test:flag/nav"},
            {"action":"createFlag","resource":"proj/web:env/prod:flag/nav"}"#;
        let event = entry(accesses, "flag", "");
        assert_eq!(event["project"]["environment"]["key"], "~");
        assert_eq!(event["project"]["environment"]["name"], "All environments");
        assert_eq!(event["project"]["environment"]["tags"], serde_json::Value::Null);
        assert_eq!(event["accesses"].as_array().map(Vec::len), Some(2));
        assert_eq!(event["_links"]["details"]["href"], "https://app.launchdarkly.com/settings/history/e1/details");
    }

    #[test]
    fn a_member_has_no_key_and_an_environment_has_its_own() {
        let event = entry(r#"{"action":"updateRole","resource":"member/5f"}"#, "member", "");
        assert_eq!(event.get("key"), None);
        assert_eq!(event["project"]["key"], "");
        let event = entry(r#"{"action":"updateName","resource":"proj/web:env/test;x"}"#, "environment", "");
        assert_eq!((&event["key"], &event["project"]["environment"]["name"]), (&"test".into(), &"Nav".into()));
    }

    #[test]
    fn tags_that_only_a_version_tells_are_told() {
        let entry = |tags: &str| {
            read(&format!(
                r#"{{"_id":"e","kind":"flag","accesses":[{{"action":"a","resource":"proj/w:env/p:flag/f"}}],"currentVersion":{{"tags":{tags}}}}}"#
            ))
        };
        let (none, two, unknown) = (entry("[]"), entry(r#"["x","y"]"#), entry("null"));
        assert_eq!(
            (&none["tags"], &none["accesses"][0]["resource"]),
            (&serde_json::json!([]), &"proj/w:env/p:flag/f;".into())
        );
        assert_eq!(
            (&two["tags"], &two["accesses"][0]["resource"]),
            (&serde_json::json!(["x", "y"]), &"proj/w:env/p:flag/f;x,y".into())
        );
        assert_eq!(
            (&unknown["tags"], &unknown["accesses"][0]["resource"]),
            (&serde_json::Value::Null, &"proj/w:env/p:flag/f".into())
        );
    }

    #[test]
    fn machines_act_too() {
        let event = read(
            r#"{"_id":"e","kind":"flag","token":{"_id":"t1","name":"ci deploy","ending":"9f"},"accesses":[],
                "target":{"resources":["proj/web:env/prod:flag/nav"]}}"#,
        );
        assert_eq!((&event["member"]["displayName"], &event["member"]["kind"]), (&"ci deploy".into(), &"token".into()));
        assert_eq!(event["token"]["ending"], "9f");
        assert_eq!(event["timestamp"]["milliseconds"], 7);
        assert_eq!(event["accesses"][0]["resource"], "proj/web:env/prod:flag/nav");
    }

    #[test]
    fn the_form_of_templates_is_kept_byte_for_byte() {
        let json = r#"{ "kind":"flag","verbKind":"updateOn","_id":"a","timestamp":{"milliseconds":1580777319650},"big":3895213347334635099 }"#;
        let event = LaunchDarkly::new(None).read(json.as_bytes(), 7).expect("an event");
        assert_eq!((event.context.as_slice(), event.raw.as_slice()), (json.as_bytes(), json.as_bytes()));
        assert_eq!((event.id.as_str(), event.occurred_at_milliseconds, event.targets), ("a", 1_580_777_319_650, None));
    }

    #[test]
    fn custom_properties_have_the_form_that_templates_know() {
        let event = read(
            r#"{"_id":"e","kind":"flag","currentVersion":{"customProperties":{"jira":{"name":"Jira","value":["A-1"]}}}}"#,
        );
        assert_eq!(event["customProperties"], serde_json::json!({"jira": {"name": "Jira", "values": ["A-1"]}}));
    }

    #[test]
    fn what_is_no_entry_is_told() {
        for json in [
            "",
            "[]",
            "{}",
            r#"{"kind":"flag"}"#,
            r#"{"_id":"x"}"#,
            r#"{"kind":7,"_id":null}"#,
            r#"{"kind":7,"verbKind":"a"}"#,
            "nope",
        ] {
            assert!(LaunchDarkly::new(None).read(json.as_bytes(), 0).is_err(), "{json}");
        }
    }
}
