//! Split: the audit webhook for flags. It has no signature, no id, no verb and no project.

use std::borrow::Cow;

use super::access::{ResourceText, access};
use super::batch::{EntryResult, digest};
use super::context::{self, Actor, Link, Place, Story, maybe_told, text, told};
use super::lines;
use super::members::Members;
use super::moment::Moment;
use super::told::Told;
use crate::value::{Object, Value};

/// Reads one flag audit event.
pub(super) fn read(bytes: &[u8], project: &str, received_at: i64) -> EntryResult {
    let entry = parse(bytes)?;
    let needed = |name: &str| {
        maybe_told(&entry, &[name]).ok_or_else(|| format!("this is no flag audit event: it has no `{name}`"))
    };
    let (name, environment, change) = (needed("name")?, needed("environmentName")?, needed("changeNumber")?);
    let moment = entry.get("time").and_then(Moment::from_value).unwrap_or_else(|| Moment::received(received_at));
    let previous = entry.get("previous").filter(|previous| previous.as_object().is_some());
    let action = if previous.is_some() { "updated" } else { "created" };
    let actor = Actor { kind: Cow::Borrowed("user"), ..Actor::named(told(&entry, &["editor"])) };
    let link = maybe_told(&entry, &["link"]);
    let resource =
        ResourceText::default().level("proj", project).level("env", &environment).level("flag", &name).finish();
    let title = Told::default()
        .text(&actor.shown())
        .text(&format!(" {action} the flag "))
        .link(&name, link.as_deref())
        .text(" in ")
        .code(&environment);
    let story = Story {
        id: format!("split:{environment}:{name}:{change}"),
        kind: Cow::Borrowed("flag"),
        action: Cow::Borrowed(action),
        key: Some(name.clone()),
        tags: None,
        project: Place::keyed(project.to_owned()),
        environment: Place::keyed(environment),
        title_verb: Cow::Owned(format!("{action} the flag")),
        title,
        details: Told::from_plain(&told(&entry, &["description"])),
        base_url: Cow::Owned(link.as_deref().map(origin).unwrap_or_default()),
        links: link.iter().flat_map(|link| [link_to("site", link), link_to("details", link)]).collect(),
        target_id: name.clone(),
        accesses: vec![access(action, resource)],
        extras: vec![
            ("definition", text(told(&entry, &["definition"]))),
            ("changeNumber", entry.get("changeNumber").cloned().unwrap_or_default()),
            ("editor", text(told(&entry, &["editor"]))),
            ("changed", Value::Array(changed(&entry, previous).into_iter().map(Value::text).collect())),
            ("previous", previous.cloned().unwrap_or_default()),
        ],
        account_id: Cow::Borrowed(""),
        comment: None,
        actor,
        name,
    };
    Ok(story.event(moment, entry, bytes.to_vec(), digest(bytes)))
}

/// What differs from the version before; everything that a flag has when there is none.
fn changed(entry: &Value<'_>, previous: Option<&Value<'_>>) -> Vec<&'static str> {
    let parts = ["definition", "description", "name", "type"];
    parts.into_iter().filter(|part| previous.is_none_or(|previous| previous.get(part) != entry.get(part))).collect()
}

/// Reads an entry with the version before it, and no version further back: they nest as far as the flag's
/// history goes, which may be deeper than a parser follows.
fn parse(bytes: &[u8]) -> Result<Value<'_>, String> {
    let whole = lines::json(bytes).ok_or("this is not JSON")?;
    let entry = version(whole.as_bytes(), 1).ok_or("this is JSON, but not an object")?;
    context::check(&entry)?;
    Ok(entry)
}

fn version(text: &[u8], levels: usize) -> Option<Value<'_>> {
    let members = Members::of(text)?.members.into_iter().map(|member| {
        let value = &text[member.value];
        let read = match (&*member.key, levels) {
            ("previous", 0) => Value::Null,
            ("previous", _) if value.starts_with(b"{") => version(value, levels - 1)?,
            _ => Value::parse(value).ok()?,
        };
        Some((member.key, read))
    });
    Some(Value::Object(members.collect::<Option<Object<'_>>>()?))
}

fn link_to<'a>(name: &'static str, address: &Cow<'a, str>) -> Link<'a> {
    Link::new(name, address.clone(), "text/html")
}

/// `https://app.split.io`, from any address there.
fn origin(address: &str) -> String {
    url::Url::parse(address)
        .map(|url| url.origin())
        .ok()
        .filter(url::Origin::is_tuple)
        .map_or_else(String::new, |origin| origin.ascii_serialization())
}

#[cfg(test)]
mod tests {
    use super::read;

    fn context(json: &str) -> serde_json::Value {
        let event = read(json.as_bytes(), "web", 7).expect("the row is an event");
        serde_json::from_slice(&event.context).expect("a context is JSON")
    }

    #[test]
    fn nested_versions_are_kept_one_level_deep_and_the_bytes_whole() {
        let mut json = r#"{"name":"f","environmentName":"E","changeNumber":0,"previous":null}"#.to_owned();
        for version in 1..400 {
            json = format!(r#"{{"name":"f","environmentName":"E","changeNumber":{version},"previous":{json}}}"#);
        }
        let event = read(json.as_bytes(), "web", 7).expect("an event");
        assert_eq!(event.raw, json.as_bytes());
        let context: serde_json::Value = serde_json::from_slice(&event.context).expect("JSON");
        for previous in [&context["previous"], &context["raw"]["previous"]] {
            assert_eq!((&previous["changeNumber"], &previous["previous"]), (&398.into(), &serde_json::Value::Null));
        }
    }

    #[test]
    fn what_changed_is_told_from_the_version_before() {
        let event = context(
            r#"{"name":"f","environmentName":"E","changeNumber":2,"definition":"b","description":"same",
                "previous":{"name":"f","definition":"a","description":"same"}}"#,
        );
        assert_eq!((&event["verbKind"], &event["changed"]), (&"updated".into(), &serde_json::json!(["definition"])));
        let event = context(r#"{"name":"f","environmentName":"E","changeNumber":2,"time":1718782000}"#);
        assert_eq!(
            (&event["verbKind"], &event["timestamp"]["milliseconds"]),
            (&"created".into(), &1_718_782_000_000_u64.into())
        );
    }

    #[test]
    fn names_that_look_like_grammar_stay_names() {
        let event = context(r#"{"name":"a:flag/b;x","environmentName":"Prod / EU","changeNumber":2}"#);
        assert_eq!(event["accesses"][0]["resource"], "proj/web:env/Prod %2F EU:flag/a%3Aflag%2Fb%3Bx");
        assert_eq!(event["key"], "a:flag/b;x");
    }

    #[test]
    fn what_is_no_event_is_told() {
        for json in ["", "{}", r#"{"name":"f","environmentName":"E"}"#, r#"{"name":"f","changeNumber":1}"#] {
            assert!(read(json.as_bytes(), "web", 0).is_err(), "{json}");
        }
    }
}
