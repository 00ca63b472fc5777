//! Any JSON, turned into events by the JSON pointers of a mapping.

use std::borrow::Cow;

use super::access::{ResourceText, access};
use super::batch::{Entries, EntryResult, digest};
use super::context::{self, Actor, Link, Place, Story, words};
use super::lines::{self, Lines};
use super::mapping::{Field, Mapping};
use super::members::Members;
use super::moment::Moment;
use super::told::Told;
use crate::value::Value;

#[derive(Debug)]
pub(super) struct Generic {
    mapping: Mapping,
}

impl Generic {
    pub(super) fn new(mapping: Mapping) -> Self {
        Generic { mapping }
    }

    /// The entries: where the mapping says, else the items of a list, else the body itself or its lines. No more
    /// than `most` of them are looked for.
    pub(super) fn entries<'a>(&self, body: &'a [u8], most: usize) -> Entries<'a> {
        let Some(whole) = lines::json(body) else { return lines::entries(body, most) };
        let mut lines = Lines::of(body);
        let pointer = self.mapping.entries.as_deref();
        let Some(found) = follow(whole.as_bytes(), pointer.unwrap_or_default()) else {
            let pointer = pointer.unwrap_or_default();
            return vec![Err((1, format!("there is nothing at `{pointer}`, where the entries should be")))];
        };
        let items = std::str::from_utf8(found).ok().and_then(|text| lines::items(text, &mut lines, most));
        match items {
            Some(items) => items.into_iter().map(Ok).collect(),
            None => {
                let line = if pointer.is_some() { lines.at(found) } else { 1 };
                vec![Ok(super::batch::Entry { line, bytes: found })]
            }
        }
    }

    /// Reads one entry.
    pub(super) fn read(&self, bytes: &[u8], received_at: i64) -> EntryResult {
        let entry = context::parse(bytes)?;
        let map = &self.mapping;
        let find = |field| find_in(field, &entry);
        let (kind, action) = (needed("kind", &map.kind, &entry)?, needed("action", &map.action, &entry)?);
        let digest = digest(bytes);
        let id = find(&map.id).map_or_else(|| hex::encode(digest), Cow::into_owned);
        let moment = match &map.time {
            None => Moment::received(received_at),
            Some(field) => match value_of(field, &entry) {
                None | Some(Value::Null) => Moment::received(received_at),
                Some(value) => Moment::from_value(&value).ok_or_else(|| {
                    let written = serde_json::to_string(&value).unwrap_or_default();
                    let written: String = written.chars().take(60).collect();
                    format!("`{written}` is no time: give seconds, milliseconds or RFC 3339")
                })?,
            },
        };
        let place = |key, name| {
            let place = Place::keyed(find(key).unwrap_or_default());
            Place { name: find(name).unwrap_or_else(|| place.name.clone()), ..place }
        };
        let project = place(&map.project, &map.project_name);
        let environment = place(&map.environment, &map.environment_name);
        let key = find(&map.key);
        let name = find(&map.name).or_else(|| key.clone()).unwrap_or_else(|| kind.clone());
        let mut actor = Actor::named(find(&map.actor).unwrap_or_default());
        actor.id = find(&map.actor_id).unwrap_or_default();
        actor.email = find(&map.actor_email).unwrap_or_default();
        let resource = match find(&map.resource) {
            Some(resource) => resource.into_owned(),
            None => resource(&kind, &project, &environment, key.as_deref().unwrap_or(&name)),
        };
        let written =
            |text: Cow<'_, str>| if map.markdown { Told::from_markdown(&text) } else { Told::from_plain(&text) };
        let link = find(&map.link);
        let title = match find(&map.title) {
            Some(title) => written(title),
            None => {
                let who = actor.shown().into_owned();
                let told = Told::default().link(&who, actor.mail().as_deref());
                let told = told.text(if who.is_empty() { "" } else { ": " }).text(&words(&action)).text(" ");
                told.link(&name, link.as_deref())
            }
        };
        let story = Story {
            account_id: find(&map.account).unwrap_or_default(),
            tags: map.tags.as_ref().and_then(|field| tags_of(field, &entry)),
            title_verb: Cow::Owned(words(&action)),
            details: find(&map.details).map(written).unwrap_or_default(),
            comment: find(&map.comment),
            base_url: Cow::Borrowed(""),
            links: link.into_iter().map(|link| Link::new("site", link, "text/html")).collect(),
            target_id: key.clone().unwrap_or_default(),
            accesses: vec![access(&*action, resource)],
            extras: map
                .extra
                .iter()
                .filter_map(|(name, field)| Some((name.as_str(), value_of(field, &entry)?)))
                .collect(),
            id,
            kind,
            action,
            name,
            key,
            project,
            environment,
            actor,
            title,
        };
        Ok(story.event(moment, entry, bytes.to_vec(), digest))
    }
}

fn find_in<'a>(field: &'a Option<Field>, entry: &Value<'a>) -> Option<Cow<'a, str>> {
    text_of(field.as_ref()?, entry)
}

fn needed<'a>(name: &str, field: &'a Option<Field>, entry: &Value<'a>) -> Result<Cow<'a, str>, String> {
    find_in(field, entry).ok_or_else(|| {
        let place = field.as_ref().and_then(Field::pointer).unwrap_or_default();
        format!("there is no `{name}`: nothing is at `{place}`")
    })
}

/// Where policies find it, by the levels that are known.
fn resource(kind: &str, project: &Place<'_>, environment: &Place<'_>, key: &str) -> String {
    let base = ResourceText::default().level("proj", &project.key);
    match kind {
        "project" => {
            ResourceText::default().level("proj", if project.key.is_empty() { key } else { &project.key }).finish()
        }
        "environment" => base.level("env", if environment.key.is_empty() { key } else { &environment.key }).finish(),
        kind => base.level("env", &environment.key).level(kind, key).finish(),
    }
}

/// The value that a field finds in an entry, with other words for it where the mapping has some.
fn value_of<'a>(field: &'a Field, entry: &Value<'a>) -> Option<Value<'a>> {
    let found = field.pointer().and_then(|pointer| entry.pointer(pointer)).filter(|value| **value != Value::Null);
    let Field::Rule(rule) = field else { return found.cloned() };
    let Some(found) = found else { return rule.default.as_deref().map(Value::text) };
    let other = scalar(found).and_then(|text| rule.values.get(&*text));
    Some(other.map_or_else(|| found.clone(), |word| Value::text(word)))
}

fn text_of<'a>(field: &'a Field, entry: &Value<'a>) -> Option<Cow<'a, str>> {
    let value = value_of(field, entry)?;
    scalar(&value).filter(|text| !text.is_empty())
}

fn scalar<'a>(value: &Value<'a>) -> Option<Cow<'a, str>> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => serde_json::to_string(number).ok().map(Cow::Owned),
        Value::Bool(flag) => Some(Cow::Borrowed(if *flag { "true" } else { "false" })),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

fn tags_of<'a>(field: &'a Field, entry: &Value<'a>) -> Option<Vec<Cow<'a, str>>> {
    match value_of(field, entry)? {
        Value::Array(items) => Some(items.iter().filter_map(scalar).collect()),
        value => {
            let text = scalar(&value)?;
            let tags = text.split(',').map(str::trim).filter(|tag| !tag.is_empty());
            Some(tags.map(|tag| Cow::Owned(tag.to_owned())).collect())
        }
    }
}

/// Follows a JSON pointer through the text itself, so that what it finds keeps its bytes.
fn follow<'a>(mut text: &'a [u8], pointer: &str) -> Option<&'a [u8]> {
    for token in pointer.split('/').skip(1) {
        let token = token.replace("~1", "/").replace("~0", "~");
        text = if text.starts_with(b"[") {
            let place = token.parse::<usize>().ok()?;
            lines::item(std::str::from_utf8(text).ok()?, place)?
        } else {
            &text[Members::of(text)?.members.into_iter().rfind(|member| member.key == token)?.value]
        };
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use crate::source::{Request, Source, SourceConfiguration};

    fn source(mapping: &str) -> Source {
        let json = format!(r#"{{"key":"any","kind":"generic","mapping":{mapping}}}"#);
        let written: SourceConfiguration = serde_json::from_str(&json).expect("the row has the shape");
        Source::new(&written).expect("the row is right")
    }

    fn receive(mapping: &str, body: &str) -> (Vec<serde_json::Value>, Vec<(usize, String)>) {
        let request = Request { headers: &[], token: None, body: body.as_bytes(), received_at_milliseconds: 7 };
        let batch = source(mapping).receive(&request).expect("it is taken");
        let contexts = batch.events.iter().map(|event| serde_json::from_slice(&event.context).expect("JSON")).collect();
        (contexts, batch.failures.into_iter().map(|failure| (failure.line, failure.reason)).collect())
    }

    const MAPPING: &str = r#"{"entries":"/payload/items","id":"/uuid","kind":{"pointer":"/type","values":{"FEATURE":"flag"},"default":"other"},
        "action":"/what","time":"/at","name":"/title","key":"/key","tags":"/labels","project":{"default":"web"},"environment":"/env",
        "actor":"/by/name","actor_email":"/by/mail","comment":"/note","link":"/url","extra":{"trace":"/trace"}}"#;

    #[test]
    fn a_mapping_makes_events_of_foreign_json() {
        let body = r#"{"payload":{"items":[
            {"uuid":"u1","type":"FEATURE","what":"flag_enabled","at":"2024-06-20T11:21:04.907Z","title":"Nav \"bar\"","key":"nav",
             "labels":["a",1],"env":"prod","by":{"name":"Ana Q","mail":"ana@x.example"},"url":"https://x.example/nav","trace":3895213347334635099},
            {"what":"x"}, {"what":null}, 7]}}"#;
        let (events, failures) = receive(MAPPING, body);
        let event = &events[0];
        assert_eq!(
            (&event["_id"], &event["kind"], &event["verbKind"]),
            (&"u1".into(), &"flag".into(), &"flag_enabled".into())
        );
        assert_eq!(event["timestamp"]["milliseconds"], 1_718_882_464_907_u64);
        assert_eq!(event["title"]["plainText"], "Ana Q: flag enabled Nav \"bar\"");
        assert_eq!(event["accesses"][0]["resource"], "proj/web:env/prod:flag/nav");
        assert_eq!(
            (&event["tags"], &event["trace"]),
            (&serde_json::json!(["a", "1"]), &3_895_213_347_334_635_099_u64.into())
        );
        assert_eq!(event["member"]["emailLocalPart"], "ana");
        assert_eq!((&events[1]["kind"], &events[1]["timestamp"]["milliseconds"]), (&"other".into(), &7.into()));
        assert_eq!(failures.iter().map(|(line, _)| *line).collect::<Vec<_>>(), [4, 4]);
        assert!(failures[0].1.contains("`/what`"), "{failures:?}");
    }

    #[test]
    fn without_a_place_for_entries_a_body_is_one_or_a_list_or_lines() {
        let mapping = r#"{"kind":{"default":"k"},"action":"/a"}"#;
        for (body, count) in [
            (r#"{"a":"x"}"#, 1),
            (r#"[{"a":"x"},{"a":"y"}]"#, 2),
            ("{\"a\":\"x\"}\n{\"a\":\"y\"}\n", 2),
            ("{\n\"a\":\"x\"}", 1),
        ] {
            assert_eq!(receive(mapping, body).0.len(), count, "{body}");
        }
        let (events, failures) = receive(MAPPING, "{}");
        assert_eq!((events.len(), failures.len()), (0, 1));
    }

    #[test]
    fn a_time_that_is_none_is_told() {
        let (_, failures) =
            receive(r#"{"kind":{"default":"k"},"action":{"default":"a"},"time":"/t"}"#, r#"{"t":"soon"}"#);
        assert_eq!(failures[0].1, "`\"soon\"` is no time: give seconds, milliseconds or RFC 3339");
    }

    #[test]
    fn projects_and_environments_are_resources_of_their_own() {
        let mapping = r#"{"kind":"/k","action":{"default":"a"},"project":"/p","environment":"/e","key":"/key"}"#;
        for (body, resource) in [
            (r#"{"k":"project","p":"web"}"#, "proj/web"),
            (r#"{"k":"project","key":"web"}"#, "proj/web"),
            (r#"{"k":"environment","p":"web","key":"test"}"#, "proj/web:env/test"),
            (r#"{"k":"segment","p":"web","e":"test","key":"s"}"#, "proj/web:env/test:segment/s"),
            (r#"{"k":"team","key":"t"}"#, "team/t"),
        ] {
            assert_eq!(receive(mapping, body).0[0]["accesses"][0]["resource"], resource, "{body}");
        }
    }
}
