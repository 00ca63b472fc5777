//! What an event touches: from its accesses where it has some, else from its fields.

use std::borrow::Cow;

use super::Event;
use crate::policy::{ALL_ENVIRONMENTS, Resource, Segment, Target, UnstatedTags, Vocabulary};
use crate::value::Value;

impl Event<'_> {
    /// Every resource and action of the event, for a policy to decide on.
    ///
    /// Accesses that its source brought come first, then an `accesses` list among its fields, as raw audit log
    /// entries have it; an event without either is about the one resource that its fields tell.
    pub fn targets(&self) -> Vec<Target<'_>> {
        if let Some(accesses) = &self.accesses {
            let pairs = accesses.iter().map(|access| (&*access.action, &*access.resource));
            return pairs.filter_map(|(action, resource)| self.accessed(action, resource)).collect();
        }
        match self.context.get("accesses").and_then(Value::as_array) {
            Some(accesses) if !accesses.is_empty() => accesses
                .iter()
                .filter_map(|access| {
                    let action = access.get("action").and_then(Value::as_str).unwrap_or(self.action());
                    self.accessed(action, access.get("resource").and_then(Value::as_str)?)
                })
                .collect(),
            _ => vec![Target { resource: self.resource(), action: Cow::Borrowed(self.action()) }],
        }
    }

    /// An access as a target; `None` when its resource cannot be read, and so nothing can be allowed for it.
    fn accessed<'t>(&'t self, action: &'t str, resource: &'t str) -> Option<Target<'t>> {
        let mut resource = Resource::parse(resource, UnstatedTags::Unknown).ok()?;
        for segment in resource.segments.iter_mut().filter(|segment| segment.tags.is_none()) {
            segment.tags = self.tags_told_of(segment);
        }
        Some(Target { resource, action: Cow::Borrowed(action) })
    }

    /// The tags that the fields tell of a project or environment, when it is the one the event is in.
    fn tags_told_of(&self, segment: &Segment<'_>) -> Option<Vec<Cow<'_, str>>> {
        let path: &[&str] = match &*segment.kind {
            "proj" => &["project"],
            "env" => &["project", "environment"],
            _ => return None,
        };
        let described = self.context.at(path)?;
        (text_at(described, &["key"]) == segment.name).then(|| tags_of(described))?
    }

    /// The resource that the fields tell. A part that they do not tell has an empty name; without a kind there
    /// is no part at all.
    fn resource(&self) -> Resource<'_> {
        let kind = self.kind();
        let vocabulary = Vocabulary::built_in();
        let known = vocabulary.type_of_kind(kind);
        let lineage = known.map(|name| vocabulary.lineage(name)).unwrap_or_default();
        let (own, parents) = match lineage.split_last() {
            Some((own, parents)) => (*own, parents),
            // Platforms have kinds before the vocabulary does.
            None if !kind.is_empty() => (kind, &[][..]),
            None => return Resource::default(),
        };
        let mut segments: Vec<Segment<'_>> = parents.iter().map(|parent| self.parent(parent)).collect();
        segments.push(self.own_segment(own));
        Resource { segments }
    }

    fn parent<'t>(&'t self, kind: &'t str) -> Segment<'t> {
        let empty = Segment::new(kind, "");
        let described = match kind {
            "proj" => self.context.get("project"),
            "env" => self.context.at(&["project", "environment"]),
            // An access token belongs to the member who acted.
            "member" => return Segment::new(kind, text_at(&self.context, &["member", "_id"])),
            _ => None,
        };
        described
            .map_or(empty, |described| Segment::new(kind, text_at(described, &["key"])).with_tags(tags_of(described)))
    }

    /// The segment of what the event itself is about: named by key, except for what has only an id.
    fn own_segment<'t>(&'t self, kind: &'t str) -> Segment<'t> {
        let vocabulary = Vocabulary::built_in();
        if vocabulary.resource_type(kind).is_some_and(|known| !known.named) {
            return Segment::new(kind, "").with_tags(tags_of(&self.context));
        }
        let key = text_at(&self.context, &["key"]);
        let id = text_at(&self.context, &["target", "_id"]);
        let linked = last_part(text_at(&self.context, &["_links", "canonical", "href"]));
        let name = match kind {
            "member" => first_told([id, key, linked]),
            // A webhook's `target._id` has been seen to name something else.
            "webhook" => first_told([linked, id, key]),
            // These have keys, and their links end in them; an id would be taken for a key.
            "flag" | "segment" | "metric" => first_told([key, linked, ""]),
            "proj" | "env" => key,
            _ => first_told([key, id, linked]),
        };
        let described_elsewhere = name.is_empty() && matches!(kind, "proj" | "env");
        if described_elsewhere { self.parent(kind) } else { Segment::new(kind, name).with_tags(tags_of(&self.context)) }
    }
}

fn text_at<'t>(value: &'t Value<'_>, path: &[&str]) -> &'t str {
    value.at(path).and_then(Value::as_str).unwrap_or_default()
}

/// The tags that an object tells; `None` when they are absent or no list of texts.
///
/// Platforms write an empty list as null, so null is no tags at all. "All environments" has null too, but
/// there it says nothing: each environment has tags of its own.
fn tags_of<'t>(described: &'t Value<'_>) -> Option<Vec<Cow<'t, str>>> {
    if text_at(described, &["key"]) == ALL_ENVIRONMENTS {
        return None;
    }
    match described.get("tags")? {
        Value::Null => Some(Vec::new()),
        Value::Array(tags) => tags.iter().map(|tag| tag.as_str().map(Cow::Borrowed)).collect(),
        _ => None,
    }
}

fn first_told(names: [&str; 3]) -> &str {
    names.into_iter().find(|name| !name.is_empty()).unwrap_or_default()
}

/// The last part of an address's path.
fn last_part(address: &str) -> &str {
    let path = address.split(['?', '#']).next().unwrap_or_default();
    path.trim_end_matches('/').rsplit('/').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use crate::event::{Access, Event};

    #[track_caller]
    fn told(event: &str) -> Vec<String> {
        let event = Event::parse(event.as_bytes()).expect("the row is JSON");
        event.targets().iter().map(|target| format!("{} {}", target.action, target.resource)).collect()
    }

    macro_rules! row {
        ($name:ident: $event:literal touches $target:literal) => {
            #[test]
            fn $name() {
                assert_eq!(told($event), [$target]);
            }
        };
    }

    row!(a_flag_is_in_its_environment:
        r#"{"kind":"flag","verbKind":"updateOn","key":"nav","tags":["a","b"],
            "project":{"key":"web","tags":["p"],"environment":{"key":"test","tags":[]}}}"#
        touches "updateOn proj/web;p:env/test:flag/nav;a,b");
    row!(a_metric_is_in_its_project_only:
        r#"{"kind":"metric","verbKind":"createMetric","key":"m","tags":[],
            "project":{"key":"web","tags":["p"],"environment":{"key":"","tags":null}}}"#
        touches "createMetric proj/web;p:metric/m");
    row!(an_environment_has_the_root_key_and_tags:
        r#"{"kind":"environment","verbKind":"updateName","key":"test","tags":["t"],
            "project":{"key":"web","tags":[],"environment":{"key":"other","tags":["o"]}}}"#
        touches "updateName proj/web:env/test;t");
    row!(a_project_without_root_key_is_the_one_it_is_in:
        r#"{"kind":"project","verbKind":"updateTags","project":{"key":"web","tags":["p"]}}"#
        touches "updateTags proj/web;p");
    row!(a_member_has_an_id:
        r#"{"kind":"member","verbKind":"updateRole","target":{"_id":"5f"},"project":{"key":"","tags":null}}"#
        touches "updateRole member/5f");
    row!(a_webhook_is_named_by_its_link:
        r#"{"kind":"webhook","verbKind":"updateOn","target":{"_id":"x"},
            "_links":{"canonical":{"href":"https://example.com/api/v2/webhooks/5775?a=/b"}}}"#
        touches "updateOn webhook/5775");
    row!(a_webhook_without_link_is_named_by_its_target:
        r#"{"kind":"webhook","verbKind":"updateOn","target":{"_id":"x"}}"#
        touches "updateOn webhook/x");
    row!(an_account_has_no_name:
        r#"{"kind":"account","verbKind":"updateOrganization","key":"k","target":{"_id":"x"}}"#
        touches "updateOrganization acct");
    row!(a_destination_is_in_its_environment:
        r#"{"kind":"destination","verbKind":"updateOn","target":{"_id":"d1"},
            "project":{"key":"web","environment":{"key":"test"}}}"#
        touches "updateOn proj/web:env/test:destination/d1");
    row!(a_token_is_of_a_member:
        r#"{"kind":"token","verbKind":"createAccessToken","target":{"_id":"t"},"member":{"_id":"m"}}"#
        touches "createAccessToken member/m:token/t");
    row!(a_kind_that_nobody_knows_stands_alone:
        r#"{"kind":"gadget","verbKind":"spin","key":"g"}"#
        touches "spin gadget/g");
    row!(nothing_told_is_nothing: r#"[1]"# touches " ");

    #[test]
    fn unknown_tags_are_not_empty_tags() {
        let tags = |event: &str| {
            let event = Event::parse(event.as_bytes()).expect("JSON");
            event.targets()[0].resource.segments[0].tags.as_ref().map(Vec::len)
        };
        assert_eq!(tags(r#"{"kind":"project","key":"web","tags":[]}"#), Some(0));
        assert_eq!(tags(r#"{"kind":"project","key":"web","tags":null}"#), Some(0));
        assert_eq!(tags(r#"{"kind":"project","key":"web"}"#), None);
        assert_eq!(tags(r#"{"kind":"project","key":"web","tags":"ops"}"#), None);
        assert_eq!(tags(r#"{"kind":"project","key":"web","tags":["ops",1]}"#), None);
    }

    #[test]
    fn all_environments_together_have_no_tags_to_tell() {
        for tags in ["null", "[]", r#"["ops"]"#] {
            let event = format!(
                r#"{{"kind":"flag","key":"nav","project":{{"key":"web","environment":{{"key":"~","tags":{tags}}}}}}}"#
            );
            let event = Event::parse(event.as_bytes()).expect("JSON");
            assert_eq!(event.targets()[0].resource.segments[1].tags, None);
        }
    }

    #[test]
    fn accesses_among_the_fields_are_what_it_touches() {
        assert_eq!(
            told(
                r#"{"kind":"flag","verbKind":"createFlag","key":"other","accesses":[
                    {"action":"createFlag","resource":"proj/web:env/test:flag/nav;a"},
                    {"resource":"proj/web:env/production:flag/nav"},{"action":"x"},{"action":"x","resource":"?"}]}"#
            ),
            ["createFlag proj/web:env/test:flag/nav;a", "createFlag proj/web:env/production:flag/nav"]
        );
        assert_eq!(told(r#"{"kind":"project","key":"web","accesses":[]}"#), [" proj/web"]);
    }

    #[test]
    fn an_access_takes_the_tags_that_the_fields_tell_of_its_parents() {
        let event = r#"{"kind":"flag","tags":["f"],"accesses":[{"action":"x","resource":"proj/web:env/test:flag/nav"}],
            "project":{"key":"web","tags":["p"],"environment":{"key":"production","tags":["e"]}}}"#;
        let event = Event::parse(event.as_bytes()).expect("JSON");
        let targets = event.targets();
        let tags: Vec<bool> = targets[0].resource.segments.iter().map(|segment| segment.tags.is_some()).collect();
        assert_eq!(tags, [true, false, false], "the project is the same, the environment another");
    }

    #[test]
    fn accesses_of_a_source_outrank_the_fields() {
        let mut event =
            Event::parse(br#"{"kind":"flag","accesses":[{"action":"x","resource":"proj/a"}]}"#).expect("JSON");
        event.accesses = Some(vec![Access { action: "spin".into(), resource: "gadget/g".into() }]);
        let targets = event.targets();
        assert_eq!(targets.len(), 1);
        assert_eq!(targets[0].resource.to_string(), "gadget/g");
    }
}
