//! Where a `generic` source finds things: JSON pointers into whatever its sender sends.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::mistake::Mistakes;
use crate::value::pointer_token;

/// Which part of an entry becomes which part of the event. Only `kind` and `action` are needed.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Mapping {
    /// Where the list of entries is; absent: the body is one entry, a list of them, or one a line.
    pub entries: Option<String>,
    /// What stays the same when the same event is sent again; absent: the SHA-256 of the entry.
    pub id: Option<Field>,
    /// `flag`, `project`, …: which template is used.
    pub kind: Option<Field>,
    /// What was done.
    pub action: Option<Field>,
    /// When: seconds or milliseconds since 1970, or RFC 3339; absent: when it came.
    pub time: Option<Field>,
    /// The display name of what was changed.
    pub name: Option<Field>,
    /// Its key.
    pub key: Option<Field>,
    /// Its tags: a list of texts, or one text with commas.
    pub tags: Option<Field>,
    /// The account.
    pub account: Option<Field>,
    /// Key of the project.
    pub project: Option<Field>,
    /// Display name of the project; absent: its key.
    pub project_name: Option<Field>,
    /// Key of the environment.
    pub environment: Option<Field>,
    /// Display name of the environment; absent: its key.
    pub environment_name: Option<Field>,
    /// Display name of who did it.
    pub actor: Option<Field>,
    /// Their id.
    pub actor_id: Option<Field>,
    /// Their mail address.
    pub actor_email: Option<Field>,
    /// The whole sentence; absent: made from actor, action and name.
    pub title: Option<Field>,
    /// What changed exactly.
    pub details: Option<Field>,
    /// Whether `title` and `details` are Markdown.
    pub markdown: bool,
    /// What the actor remarked.
    pub comment: Option<Field>,
    /// Address of what was changed, for people.
    pub link: Option<Field>,
    /// The resource as policies write it; absent: made from project, environment, kind and key.
    pub resource: Option<Field>,
    /// More members of the event, by name.
    pub extra: BTreeMap<String, Field>,
}

/// Where one part comes from: a JSON pointer, or a rule.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum Field {
    /// `/actor/name`
    Pointer(String),
    /// A pointer with what to make of what it finds.
    Rule(FieldRule),
}

/// A pointer with what to make of what it finds.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FieldRule {
    /// Where to look.
    pub pointer: Option<String>,
    /// Other words for what is found there: `{"FEATURE": "flag"}`.
    pub values: BTreeMap<String, String>,
    /// What to take when nothing is found; without `pointer`, what to take always.
    pub default: Option<String>,
}

impl Field {
    pub(super) fn pointer(&self) -> Option<&str> {
        match self {
            Field::Pointer(pointer) => Some(pointer),
            Field::Rule(rule) => rule.pointer.as_deref(),
        }
    }
}

impl Mapping {
    /// Every part with its name, for checks.
    pub(super) fn fields(&self) -> impl Iterator<Item = (String, &Field)> {
        let named = [
            ("id", &self.id),
            ("kind", &self.kind),
            ("action", &self.action),
            ("time", &self.time),
            ("name", &self.name),
            ("key", &self.key),
            ("tags", &self.tags),
            ("account", &self.account),
            ("project", &self.project),
            ("project_name", &self.project_name),
            ("environment", &self.environment),
            ("environment_name", &self.environment_name),
            ("actor", &self.actor),
            ("actor_id", &self.actor_id),
            ("actor_email", &self.actor_email),
            ("title", &self.title),
            ("details", &self.details),
            ("comment", &self.comment),
            ("link", &self.link),
            ("resource", &self.resource),
        ];
        let named = named.into_iter().filter_map(|(name, field)| Some((name.to_owned(), field.as_ref()?)));
        named.chain(self.extra.iter().map(|(name, field)| (format!("extra/{}", pointer_token(name)), field)))
    }

    pub(super) fn check(&self, mistakes: &mut Mistakes) {
        for (name, missing) in [("kind", self.kind.is_none()), ("action", self.action.is_none())] {
            if missing {
                mistakes
                    .add("/mapping", format!("nothing says what the `{name}` of an event is"))
                    .help(format!("point to it, as in `\"{name}\": \"/{name}\"`, or give `{{\"default\": \"…\"}}`"));
            }
        }
        if let Some(pointer) = &self.entries {
            check_pointer("/mapping/entries", pointer, mistakes);
        }
        for (name, field) in self.fields() {
            let place = format!("/mapping/{name}");
            match field.pointer() {
                Some(pointer) => check_pointer(&place, pointer, mistakes),
                None if matches!(field, Field::Rule(rule) if rule.default.is_none()) => {
                    mistakes.add(place, "there is neither a `pointer` nor a `default`");
                }
                None => {}
            }
        }
        for name in self.extra.keys().filter(|name| RESERVED.contains(&name.as_str())) {
            mistakes
                .add(format!("/mapping/extra/{}", pointer_token(name)), format!("every event has a `{name}` already"))
                .help("choose another name");
        }
    }
}

/// Members that every event has.
const RESERVED: &[&str] = &[
    "_links",
    "baseURL",
    "_id",
    "_accountId",
    "timestamp",
    "kind",
    "name",
    "details",
    "comment",
    "project",
    "key",
    "tags",
    "member",
    "titleVerb",
    "verbKind",
    "title",
    "target",
    "accesses",
    "raw",
    "source",
];

fn check_pointer(place: &str, pointer: &str, mistakes: &mut Mistakes) {
    if !pointer.is_empty() && !pointer.starts_with('/') {
        mistakes
            .add(place, format!("`{pointer}` is not a JSON pointer"))
            .help(format!("did you mean `/{}`?", pointer.trim_start_matches("$.").replace('.', "/")));
        return;
    }
    let stray = pointer.split('~').skip(1).any(|rest| !rest.starts_with(['0', '1']));
    if stray {
        mistakes
            .add(place, format!("`{pointer}` holds a `~` that is followed by neither `0` nor `1`"))
            .help("a pointer writes `~0` for `~` and `~1` for `/`");
    }
}
