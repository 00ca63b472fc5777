//! The event as templates see it, put together the same way for every platform.

use std::borrow::Cow;

use super::access::{self, OwnedAccess};
use super::batch::IncomingEvent;
use super::moment::Moment;
use super::told::Told;
use crate::value::{Object, Value};

/// How deep an entry may nest: the context holds it one level down and must still be read by everyone.
pub(super) const DEEPEST: usize = 100;

/// What an adapter tells of one event. What it leaves out, the context holds as nothing: an empty text or
/// `null`, as the platforms' own contexts do.
#[derive(Debug, Default)]
pub(super) struct Story<'a> {
    pub(super) id: String,
    pub(super) account_id: Cow<'a, str>,
    pub(super) kind: Cow<'a, str>,
    pub(super) action: Cow<'a, str>,
    pub(super) name: Cow<'a, str>,
    pub(super) key: Option<Cow<'a, str>>,
    pub(super) tags: Option<Vec<Cow<'a, str>>>,
    pub(super) project: Place<'a>,
    pub(super) environment: Place<'a>,
    pub(super) actor: Actor<'a>,
    pub(super) title_verb: Cow<'a, str>,
    pub(super) title: Told,
    pub(super) details: Told,
    pub(super) comment: Option<Cow<'a, str>>,
    pub(super) base_url: Cow<'a, str>,
    /// Name, address, media type.
    pub(super) links: Vec<Link<'a>>,
    pub(super) target_id: Cow<'a, str>,
    pub(super) accesses: Vec<OwnedAccess>,
    /// What only this platform tells.
    pub(super) extras: Vec<(&'a str, Value<'a>)>,
}

/// A project or an environment.
#[derive(Debug, Default, Clone)]
pub(super) struct Place<'a> {
    pub(super) key: Cow<'a, str>,
    pub(super) name: Cow<'a, str>,
    /// `None`: not told.
    pub(super) tags: Option<Vec<Cow<'a, str>>>,
}

impl<'a> Place<'a> {
    /// A place whose name is its key, as far as anybody told.
    pub(super) fn keyed(key: impl Into<Cow<'a, str>>) -> Self {
        let key = key.into();
        Place { name: key.clone(), key, tags: None }
    }
}

/// Who did it.
#[derive(Debug, Default, Clone)]
pub(super) struct Actor<'a> {
    pub(super) id: Cow<'a, str>,
    pub(super) email: Cow<'a, str>,
    pub(super) first_name: Cow<'a, str>,
    pub(super) last_name: Cow<'a, str>,
    pub(super) display_name: Cow<'a, str>,
    pub(super) links: Vec<Link<'a>>,
    /// `user`, `token`, `app`: what kind of actor it is.
    pub(super) kind: Cow<'a, str>,
}

impl<'a> Actor<'a> {
    /// An actor of whom one name is known. The first word serves as first name, the rest as last name, since
    /// templates write the two side by side.
    pub(super) fn named(name: impl Into<Cow<'a, str>>) -> Self {
        let name = name.into();
        let (first, last) = match name.trim().split_once(char::is_whitespace) {
            Some((first, last)) if !name.contains('@') => (first.to_owned(), last.trim().to_owned()),
            _ => (name.trim().to_owned(), String::new()),
        };
        Actor { first_name: first.into(), last_name: last.into(), display_name: name, ..Actor::default() }
    }

    /// The name to show: what is known, in the order in which people want to read it.
    pub(super) fn shown(&self) -> Cow<'a, str> {
        if !self.display_name.trim().is_empty() {
            return self.display_name.clone();
        }
        let full = format!("{} {}", self.first_name, self.last_name);
        match (full.trim(), &self.email, &self.id) {
            ("", email, id) if email.is_empty() => id.clone(),
            ("", email, _) => email.clone(),
            (full, ..) => Cow::Owned(full.to_owned()),
        }
    }

    /// The address that a title may link to.
    pub(super) fn mail(&self) -> Option<String> {
        (self.email.contains('@')).then(|| format!("mailto:{}", self.email))
    }

    fn value(self) -> Value<'a> {
        let shown = self.shown();
        let local_part = match &self.email {
            Cow::Borrowed(email) => Cow::Borrowed(email.split('@').next().unwrap_or_default()),
            Cow::Owned(email) => Cow::Owned(email.split('@').next().unwrap_or_default().to_owned()),
        };
        object(vec![
            ("_links", links(self.links)),
            ("_id", text(self.id)),
            ("email", text(self.email)),
            ("emailLocalPart", text(local_part)),
            ("firstName", text(self.first_name)),
            ("lastName", text(self.last_name)),
            ("displayName", text(shown)),
            ("kind", text(self.kind)),
        ])
    }
}

/// A named link.
#[derive(Debug, Clone)]
pub(super) struct Link<'a> {
    pub(super) name: Cow<'a, str>,
    pub(super) address: Cow<'a, str>,
    pub(super) media_type: Cow<'a, str>,
}

impl<'a> Link<'a> {
    pub(super) fn new(
        name: impl Into<Cow<'a, str>>,
        address: impl Into<Cow<'a, str>>,
        media_type: impl Into<Cow<'a, str>>,
    ) -> Self {
        Link { name: name.into(), address: address.into(), media_type: media_type.into() }
    }
}

impl<'a> Story<'a> {
    /// The event, with `raw` as its last member.
    pub(super) fn event(self, moment: Moment, raw: Value<'a>, raw_bytes: Vec<u8>, digest: [u8; 32]) -> IncomingEvent {
        let id = self.id.clone();
        let targets = (!self.accesses.is_empty()).then(|| self.accesses.clone());
        // A `Value` always prints: its keys are text and memory takes everything.
        let context = serde_json::to_vec(&self.context(moment, raw)).unwrap_or_default();
        IncomingEvent { id, raw: raw_bytes, digest, context, targets, occurred_at_milliseconds: moment.milliseconds() }
    }

    fn context(self, moment: Moment, raw: Value<'a>) -> Value<'a> {
        let site_links: Vec<Link<'a>> =
            self.links.iter().filter(|link| matches!(&*link.name, "canonical" | "site")).cloned().collect();
        let environment = place(self.environment, None);
        let mut members = vec![
            ("_links", links(self.links)),
            ("baseURL", text(self.base_url)),
            ("_id", text(self.id)),
            ("_accountId", text(self.account_id)),
            ("timestamp", moment.value()),
            ("kind", text(self.kind)),
            ("name", text(self.name.clone())),
            ("details", self.details.value()),
        ];
        // Absent, not empty, when nobody commented: templates ask with `#if`, strict ones see the difference.
        members.extend(self.comment.map(|comment| ("comment", text(comment))));
        members.push(("project", place(self.project, Some(environment))));
        members.extend(self.key.map(|key| ("key", text(key))));
        members.extend([
            ("tags", tags(self.tags)),
            ("member", self.actor.value()),
            ("titleVerb", text(self.title_verb)),
            ("verbKind", text(self.action)),
            ("title", self.title.value()),
            (
                "target",
                object(vec![("_links", links(site_links)), ("name", text(self.name)), ("_id", text(self.target_id))]),
            ),
            ("accesses", Value::Array(self.accesses.iter().map(access::value).collect())),
        ]);
        for (name, value) in self.extras {
            // What a platform tells on the side never takes the place of what every event has.
            if !members.iter().any(|(taken, _)| *taken == name) {
                members.push((name, value));
            }
        }
        members.push(("raw", raw));
        object(members)
    }
}

fn place<'a>(told: Place<'a>, environment: Option<Value<'a>>) -> Value<'a> {
    let mut members = vec![("name", text(told.name)), ("key", text(told.key)), ("tags", tags(told.tags))];
    members.extend(environment.map(|environment| ("environment", environment)));
    object(members)
}

fn links<'a>(links: Vec<Link<'a>>) -> Value<'a> {
    let value = |link: Link<'a>| {
        let members = vec![("href", text(link.address)), ("type", text(link.media_type))];
        (link.name, object(members))
    };
    Value::Object(links.into_iter().map(value).collect())
}

fn tags<'a>(tags: Option<Vec<Cow<'a, str>>>) -> Value<'a> {
    tags.map_or(Value::Null, |tags| Value::Array(tags.into_iter().map(Value::String).collect()))
}

pub(super) fn object<'a>(members: Vec<(&'a str, Value<'a>)>) -> Value<'a> {
    Value::Object(members.into_iter().map(|(name, value)| (Cow::Borrowed(name), value)).collect::<Object<'a>>())
}

pub(super) fn text<'a>(text: impl Into<Cow<'a, str>>) -> Value<'a> {
    Value::String(text.into())
}

/// The text of a member, copied out; empty when there is none.
pub(super) fn told<'a>(value: &Value<'a>, path: &[&str]) -> Cow<'a, str> {
    match value.at(path) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Number(number)) => Cow::Owned(serde_json::to_string(number).unwrap_or_default()),
        _ => Cow::Borrowed(""),
    }
}

/// The text of a member that may be absent or `null`.
pub(super) fn maybe_told<'a>(value: &Value<'a>, path: &[&str]) -> Option<Cow<'a, str>> {
    Some(told(value, path)).filter(|text| !text.is_empty())
}

/// A lower-case, spaced form of a name that programs chose: `user_added_to_group`, `twoFactorRequired`.
pub(super) fn words(name: &str) -> String {
    let mut out = String::with_capacity(name.len() + 4);
    let mut before = ' ';
    for letter in name.chars() {
        if matches!(letter, '_' | '-' | '.' | ' ') {
            out.push(' ');
        } else {
            if letter.is_uppercase() && before.is_lowercase() {
                out.push(' ');
            }
            out.extend(letter.to_lowercase());
        }
        before = letter;
    }
    out
}

/// Reads one entry as an object that is not nested too deep.
pub(super) fn parse(bytes: &[u8]) -> Result<Value<'_>, String> {
    let value = Value::parse(bytes).map_err(|error| format!("this is not JSON: {}", error.message))?;
    check(&value)?;
    Ok(value)
}

/// Whether a value is an object that is not nested too deep.
pub(super) fn check(value: &Value<'_>) -> Result<(), String> {
    if value.as_object().is_none() {
        return Err("this is JSON, but not an object".to_owned());
    }
    if is_deeper(value, DEEPEST) {
        return Err(format!("this nests deeper than {DEEPEST} levels"));
    }
    Ok(())
}

fn is_deeper(value: &Value<'_>, levels: usize) -> bool {
    match value {
        Value::Array(items) => levels == 0 || items.iter().any(|item| is_deeper(item, levels - 1)),
        Value::Object(object) => levels == 0 || object.iter().any(|(_, value)| is_deeper(value, levels - 1)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::{Actor, DEEPEST, parse, words};

    #[test]
    fn names_are_shown_as_far_as_they_are_known() {
        let actor = Actor::named("Mara van den Berg");
        assert_eq!((&*actor.first_name, &*actor.last_name), ("Mara", "van den Berg"));
        assert_eq!(actor.shown(), "Mara van den Berg");
        let mail = Actor { email: "a@x.example".into(), id: "7".into(), ..Actor::default() };
        assert_eq!(mail.shown(), "a@x.example");
        assert_eq!(Actor { id: "7".into(), ..Actor::default() }.shown(), "7");
    }

    #[test]
    fn program_names_become_words() {
        assert_eq!(words("user_added_to_group"), "user added to group");
        assert_eq!(words("twoFactorRequired"), "two factor required");
        assert_eq!(words("api-tokens"), "api tokens");
    }

    #[test]
    fn depth_is_bounded_below_what_a_reader_can_take() {
        let nested = |levels: usize| format!("{{\"a\":{}{}}}", "[".repeat(levels), "]".repeat(levels));
        assert!(parse(nested(DEEPEST - 1).as_bytes()).is_ok());
        assert!(parse(nested(DEEPEST).as_bytes()).is_err());
        assert!(parse(nested(100_000).as_bytes()).is_err());
        assert!(parse(b"[]").is_err());
    }
}
