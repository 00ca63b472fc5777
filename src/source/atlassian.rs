//! Atlassian: the organization audit log webhook. It is not signed; the configured `Authorization` must match.
//!
//! The wrapper around events is not documented, and several are seen: each of them is opened.

use std::borrow::Cow;

use super::access::{OwnedAccess, ResourceText, access};
use super::batch::{Entries, EntryResult, digest};
use super::context::{self, Actor, Link, Place, Story, maybe_told, text, told, words};
use super::lines::{self, Lines};
use super::members::Members;
use super::moment::Moment;
use super::told::Told;
use crate::value::Value;

/// How many wrappers may lie around one another: `data` around `record` and one to spare.
const MOST_WRAPPERS: usize = 4;

/// The events of a body: bare, in `record` or `data` or both, in a list, in a page, or one a line. No more than
/// `most` of them are looked for.
pub(super) fn entries(body: &[u8], most: usize) -> Entries<'_> {
    let mut opening = Opening { lines: Lines::of(body), most, found: Vec::new() };
    match lines::json(body) {
        Some(whole) => opening.unwrap(whole.as_bytes(), MOST_WRAPPERS),
        None => {
            for line in lines::lines(body) {
                if opening.left() == 0 {
                    break;
                }
                match lines::json(line.bytes) {
                    Some(text) => opening.unwrap(text.as_bytes(), MOST_WRAPPERS),
                    None => opening.found.push(Err((line.line, "this is not JSON".to_owned()))),
                }
            }
        }
    }
    opening.found
}

/// Opens wrappers, from the front of a body to its end.
struct Opening<'a> {
    lines: Lines<'a>,
    most: usize,
    found: Entries<'a>,
}

impl<'a> Opening<'a> {
    fn left(&self) -> usize {
        self.most - self.found.len()
    }

    fn unwrap(&mut self, text: &'a [u8], wrappers: usize) {
        let line = self.lines.at(text);
        let utf8 = std::str::from_utf8(text).ok().filter(|_| wrappers > 0);
        // A second count goes ahead over the items; this one follows as they are opened.
        let (mut ahead, most) = (self.lines, self.left());
        let Some(items) = utf8.and_then(|text| lines::items(text, &mut ahead, most)) else {
            return self.open(text, wrappers, line);
        };
        for item in items {
            if self.left() == 0 {
                return;
            }
            if item.bytes.starts_with(b"{") {
                self.open(item.bytes, wrappers, item.line);
            } else {
                self.found.push(Err((item.line, "this is JSON, but not an object".to_owned())));
            }
        }
    }

    /// An object is an event, or a wrapper with nothing of an event beside the wrapped.
    fn open(&mut self, text: &'a [u8], wrappers: usize, line: usize) {
        let members = Members::of(text).filter(|members| wrappers > 0 && members.count("attributes") == 0);
        if let Some(members) = members {
            for wrapper in ["record", "data"] {
                let Some(wrapped) = members.only(wrapper) else { continue };
                let wrapped = &text[wrapped.value.clone()];
                // A page of nothing, or nothing: there is no event in it, and nothing is wrong.
                if wrapped == b"null" {
                    return;
                }
                if wrapped.starts_with(b"{") || wrapped.starts_with(b"[") {
                    return self.unwrap(wrapped, wrappers - 1);
                }
            }
        }
        self.found.push(Ok(super::batch::Entry { line, bytes: text }));
    }
}

/// Reads one event.
pub(super) fn read(bytes: &[u8], organization: &str, received_at: i64) -> EntryResult {
    let entry = context::parse(bytes)?;
    let told_of = |path: &[&str]| maybe_told(&entry, path);
    if entry.get("attributes").is_none_or(|attributes| attributes.as_object().is_none())
        && told_of(&["action"]).is_none()
        && entry.get("message").is_none()
    {
        return Err("this is no audit event: it has neither `attributes` nor a message".to_owned());
    }
    let digest = digest(bytes);
    let moment = [&["attributes", "time"][..], &["attributes", "processedAt"], &["time"]]
        .iter()
        .find_map(|path| Moment::from_value(entry.at(path)?))
        .unwrap_or_else(|| Moment::received(received_at));
    let action = told_of(&["attributes", "action"]).or_else(|| told_of(&["action"])).unwrap_or_default();
    let objects = list(&entry, "context");
    let containers = list(&entry, "container");
    let organization = organization_of(&entry).unwrap_or(Cow::Borrowed(organization));
    let site = containers.first().map(site_name).unwrap_or_default();
    let actor = actor(&entry);
    let first = objects.first();
    let kind = first.and_then(|object| maybe_told(object, &["type"])).unwrap_or(Cow::Borrowed("organization"));
    let object_id = first.map(|object| told(object, &["id"])).unwrap_or_default();
    let name = first.map(object_name).filter(|name| !name.is_empty()).unwrap_or_else(|| organization.clone());
    let scope = || ResourceText::default().level("org", &organization).level("site", &site);
    let mut accesses: Vec<OwnedAccess> = objects
        .iter()
        .map(|object| {
            let kind = maybe_told(object, &["type"]).unwrap_or(Cow::Borrowed("object"));
            access(&*action, scope().level(&kind, &told(object, &["id"])).finish())
        })
        .filter(|access| !access.resource.is_empty())
        .collect();
    if accesses.is_empty() {
        let resource = scope().finish();
        accesses.extend((!resource.is_empty()).then(|| access(&*action, resource)));
    }
    accesses.dedup();
    let site_link = first.and_then(|object| maybe_told(object, &["links", "alt"]));
    let own_link = told_of(&["links", "self"]);
    let mut links = Vec::new();
    links.extend(own_link.map(|link| Link::new("self", link, "application/json")));
    links.extend(site_link.iter().map(|link| Link::new("site", link.clone(), "text/html")));
    let canonical = first.and_then(|object| maybe_told(object, &["links", "self"]));
    links.extend(canonical.map(|link| Link::new("canonical", link, "application/json")));
    let title = match message(&entry) {
        Some(message) => Told::from_plain(&message),
        None => Told::default()
            .text(&actor.shown())
            .text(": ")
            .text(&words(&action))
            .text(" ")
            .link(&name, site_link.as_deref()),
    };
    let story = Story {
        id: told_of(&["id"]).map_or_else(|| hex::encode(digest), Cow::into_owned),
        account_id: organization.clone(),
        title_verb: Cow::Owned(words(&action)),
        kind,
        key: Some(object_id.clone()).filter(|id| !id.is_empty()),
        environment: Place::keyed(site),
        project: Place::keyed(organization),
        details: details(&objects, &containers),
        target_id: object_id,
        extras: vec![
            ("actor", entry.at(&["attributes", "actor"]).cloned().unwrap_or_default()),
            ("objects", Value::Array(objects.clone())),
            ("container", Value::Array(containers.clone())),
            ("location", entry.at(&["attributes", "location"]).cloned().unwrap_or_default()),
            (
                "site",
                text(containers.first().map(|site| told(site, &["attributes", "siteHostName"])).unwrap_or_default()),
            ),
        ],
        action,
        name,
        actor,
        title,
        links,
        accesses,
        ..Story::default()
    };
    Ok(story.event(moment, entry, bytes.to_vec(), digest))
}

fn list<'a>(entry: &Value<'a>, name: &str) -> Vec<Value<'a>> {
    match entry.at(&["attributes", name]) {
        Some(Value::Array(items)) => items.clone(),
        Some(object @ Value::Object(_)) => vec![object.clone()],
        _ => Vec::new(),
    }
}

fn message<'a>(entry: &Value<'a>) -> Option<Cow<'a, str>> {
    let paths: [&[&str]; 4] =
        [&["message", "content"], &["attributes", "message", "content"], &["message"], &["attributes", "message"]];
    paths.iter().find_map(|path| maybe_told(entry, path))
}

fn actor<'a>(entry: &Value<'a>) -> Actor<'a> {
    let Some(actor) = entry.at(&["attributes", "actor"]) else { return Actor::default() };
    let links = [("self", "application/json"), ("alt", "text/html")];
    Actor {
        id: told(actor, &["id"]),
        email: told(actor, &["email"]),
        links: links
            .into_iter()
            .filter_map(|(name, media_type)| Some(Link::new(name, maybe_told(actor, &["links", name])?, media_type)))
            .collect(),
        kind: maybe_told(actor, &["auth", "authType"])
            .map_or(Cow::Borrowed("user"), |kind| Cow::Owned(kind.to_lowercase())),
        ..Actor::named(told(actor, &["name"]))
    }
}

/// The name of an object, whatever its type calls it.
fn object_name<'a>(object: &Value<'a>) -> Cow<'a, str> {
    ["name", "displayName", "label", "title", "key", "email", "siteName", "siteHostName"]
        .into_iter()
        .find_map(|member| maybe_told(object, &["attributes", member]))
        .unwrap_or_else(|| told(object, &["id"]))
}

/// The name people know a site by; its id is a path of its own.
fn site_name<'a>(site: &Value<'a>) -> Cow<'a, str> {
    maybe_told(site, &["attributes", "siteName"])
        .or_else(|| maybe_told(site, &["attributes", "siteHostName"]))
        .unwrap_or_else(|| Cow::Owned(told(site, &["id"]).rsplit('/').next().unwrap_or_default().to_owned()))
}

/// `…/orgs/{id}/…` in the event's own address, `…/o/{id}/…` in that of its actor.
fn organization_of<'a>(entry: &Value<'a>) -> Option<Cow<'a, str>> {
    let addresses: [(&[&str], &str); 3] = [
        (&["links", "self"], "orgs"),
        (&["attributes", "actor", "links", "self"], "orgs"),
        (&["attributes", "actor", "links", "alt"], "o"),
    ];
    addresses.into_iter().find_map(|(path, before)| {
        let address = entry.at(path)?.as_str()?;
        let mut parts = address.split('/').skip_while(|part| *part != before).skip(1);
        parts.next().filter(|id| !id.is_empty()).map(|id| Cow::Owned(id.to_owned()))
    })
}

/// A line for each thing that took part, with where it happened.
fn details(objects: &[Value<'_>], containers: &[Value<'_>]) -> Told {
    let mut told_of = Told::default();
    let sites = containers.iter().map(|site| ("site".to_owned(), site_name(site).into_owned(), site));
    let objects =
        objects.iter().map(|object| (words(&told(object, &["type"])), object_name(object).into_owned(), object));
    for (at, (kind, name, object)) in objects.chain(sites).enumerate() {
        if at > 0 {
            told_of.plain.push('\n');
            told_of.markdown.push_str("  \n");
            told_of.html.push_str("<br/>\n");
        }
        told_of = told_of.text(&kind).text(": ").link(&name, maybe_told(object, &["links", "alt"]).as_deref());
    }
    told_of
}

#[cfg(test)]
mod tests {
    use super::{entries, read};

    const EVENT: &str = r#"{"id":"e1","attributes":{"action":"a"}}"#;

    fn check(body: &str, expected: &[(usize, &str)]) {
        let found: Vec<_> = entries(body.as_bytes(), 9)
            .into_iter()
            .map(|entry| entry.map(|entry| (entry.line, String::from_utf8_lossy(entry.bytes).into_owned())))
            .collect::<Result<_, _>>()
            .expect("every entry of the row can be told apart");
        let expected: Vec<_> = expected.iter().map(|(line, text)| (*line, (*text).to_owned())).collect();
        assert_eq!(found, expected, "{body}");
    }

    #[test]
    fn every_wrapper_is_opened() {
        for body in [
            "{}",
            r#"{"record":{}}"#,
            r#"{"data":{}}"#,
            r#"{"data":{"record":{}}}"#,
            "[{}]",
            r#"{"data":[{}],"meta":{},"links":{}}"#,
            r#"[{"record":{}}]"#,
            r#"{"data":[{"record":{}}]}"#,
            r#" {"data" : {} } "#,
        ] {
            check(&body.replacen("{}", EVENT, 1), &[(1, EVENT)]);
        }
        check(&format!("{EVENT}\r\n\n{EVENT}"), &[(1, EVENT), (3, EVENT)]);
        check(&format!("{{\"data\":[\n{EVENT},\n{EVENT}]}}"), &[(2, EVENT), (3, EVENT)]);
        check(r#"{"data":[]}"#, &[]);
        check("[]", &[]);
        check("", &[]);
    }

    #[test]
    fn an_event_that_has_data_of_its_own_is_not_a_wrapper() {
        let event = r#"{"id":"e","data":{"x":1},"attributes":{}}"#;
        check(event, &[(1, event)]);
    }

    #[test]
    fn entries_that_are_no_events_are_told_with_their_lines() {
        let found = entries(b"[1,\n{}]", 9);
        assert!(matches!(&found[..], [Err((1, _)), Ok(entry)] if entry.line == 2), "{found:?}");
        let found = entries(b"{\"id\":1,\"attributes\":{}}\nnope\n", 9);
        assert!(matches!(&found[..], [Ok(_), Err((2, _))]), "{found:?}");
        for event in ["{}", r#"{"id":"x"}"#, r#"{"attributes":7}"#] {
            assert!(read(event.as_bytes(), "", 0).is_err(), "{event}");
        }
    }

    #[test]
    fn lines_are_counted_once_however_many_entries_there_are() {
        // Counted from the start for each of them, these would be read for minutes.
        const COUNT: usize = 10_000;
        let filled = EVENT.replacen('{', &format!("{{\"pad\":\"{}\",", "x".repeat(1500)), 1);
        let wrapped = format!("{{\"data\":{filled}}}");
        let one_a_line = vec![wrapped.as_str(); COUNT].join("\n");
        let in_a_list = format!("[\n{}]", vec![wrapped.as_str(); COUNT].join(",\n"));
        for (body, first) in [(one_a_line, 1), (in_a_list, 2)] {
            let found: Vec<usize> = entries(body.as_bytes(), COUNT).into_iter().flatten().map(|one| one.line).collect();
            assert!(found.into_iter().eq(first..first + COUNT));
        }
    }

    #[test]
    fn no_more_entries_are_made_than_are_asked_for() {
        let nested = format!("{{\"data\":[{}{{}}]}}\n", "{\"data\":[1,2,3]},".repeat(100));
        for body in [nested.repeat(2), "x\n".repeat(100), format!("[{}1]", "1,".repeat(100))] {
            assert_eq!(entries(body.as_bytes(), 5).len(), 5, "{body}");
        }
    }

    #[test]
    fn what_is_missing_is_made_up_for() {
        let event = read(
            br#"{"attributes":{"action":"user_logged_in","actor":{"id":"u1"},"message":{"content":"hi <b>"}}}"#,
            "o-1",
            7,
        )
        .expect("an event");
        let context: serde_json::Value = serde_json::from_slice(&event.context).expect("JSON");
        assert_eq!((event.id.len(), event.occurred_at_milliseconds), (64, 7));
        assert_eq!(context["title"]["html"], "hi &lt;b&gt;");
        assert_eq!(context["accesses"], serde_json::json!([{"action": "user_logged_in", "resource": "org/o-1"}]));
    }
}
