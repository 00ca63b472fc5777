//! Kong Konnect: audit log batches as JSON, CEF or CPS, an entry a line, each signed on its own.
//!
//! A signature covers the exact bytes of its entry without the signature itself, so that is cut out of the
//! text. Numbers keep all their digits: a trace id has 19 of them.

use std::borrow::Cow;

use super::access::{ResourceText, access};
use super::batch::{EntryResult, digest};
use super::cef;
use super::context::{self, Actor, Place, Story, maybe_told, object, text, told, words};
use super::jwks::Keys;
use super::members::Members;
use super::moment::Moment;
use super::told::Told;
use crate::value::{Number, Object, Value};

#[derive(Debug)]
pub(super) struct Konnect {
    keys: Option<Keys>,
}

/// An entry that was taken apart: its fields, and the bytes that its signature is over.
struct Taken<'a> {
    fields: Value<'a>,
    unsigned: Cow<'a, [u8]>,
    format: &'static str,
}

impl Konnect {
    pub(super) fn new(keys: Option<Keys>) -> Self {
        Konnect { keys }
    }

    pub(super) fn verifies(&self) -> bool {
        self.keys.is_some()
    }

    /// Reads one entry, in whichever of the three formats it is.
    pub(super) fn read(&self, bytes: &[u8], received_at: i64) -> EntryResult {
        let text = bytes.trim_ascii_end();
        let taken = if text.trim_ascii_start().starts_with(b"{") { self.json(text)? } else { self.cef(text)? };
        context::check(&taken.fields)?;
        Ok(event(&taken, bytes, received_at))
    }

    fn json<'a>(&self, line: &'a [u8]) -> Result<Taken<'a>, String> {
        let outer = Members::of(line).ok_or("this is not a JSON object")?;
        match &outer.members[..] {
            // CPS puts the entry into `event`. Whether the entry or the line is signed is not documented.
            [wrapper] if wrapper.key == "event" && line[wrapper.value.clone()].starts_with(b"{") => {
                let inner_text = &line[wrapper.value.clone()];
                let inner = Members::of(inner_text).ok_or("the value of `event` is not a JSON object")?;
                let around = [&line[..wrapper.value.start], &line[wrapper.value.end..]];
                let (fields, unsigned) = self.excise(inner_text, &inner, Some(around))?;
                Ok(Taken { fields, unsigned, format: "cps" })
            }
            _ => {
                let (fields, unsigned) = self.excise(line, &outer, None)?;
                Ok(Taken { fields, unsigned, format: "json" })
            }
        }
    }

    /// The fields of an object, and its text without the signature, which has been verified if there are keys.
    fn excise<'a>(
        &self,
        text: &'a [u8],
        members: &Members<'a>,
        around: Option<[&[u8]; 2]>,
    ) -> Result<(Value<'a>, Cow<'a, [u8]>), String> {
        let fields = fields(text, members)?;
        if members.count("sig") > 1 {
            return Err("there is more than one `sig`".to_owned());
        }
        let Some(member) = members.only("sig") else {
            return if self.verifies() { Err(NOT_SIGNED.to_owned()) } else { Ok((fields, Cow::Borrowed(text))) };
        };
        let signature: String =
            serde_json::from_slice(&text[member.value.clone()]).map_err(|_| "`sig` is not a text")?;
        let cut = members.cut(text, member);
        let mut candidates = Vec::new();
        // Published examples have a comma behind a `sig` at the end; it goes with the signature.
        if let Some(comma) = members.trailing_comma.filter(|comma| *comma >= cut.end) {
            candidates.push([&text[..cut.start], &text[cut.end..comma], &text[comma + 1..]].concat());
        }
        candidates.push([&text[..cut.start], &text[cut.end..]].concat());
        let Some(keys) = &self.keys else {
            return Ok((fields, Cow::Owned(candidates.swap_remove(0))));
        };
        let fits = |candidate: &Vec<u8>| {
            keys.verify(candidate, signature.as_bytes())
                || around.is_some_and(|[before, after]| {
                    keys.verify(&[before, candidate.as_slice(), after].concat(), signature.as_bytes())
                })
        };
        match candidates.into_iter().find(fits) {
            Some(unsigned) => Ok((fields, Cow::Owned(unsigned))),
            None => Err(WRONG_SIGNATURE.to_owned()),
        }
    }

    fn cef<'a>(&self, line: &'a [u8]) -> Result<Taken<'a>, String> {
        let signatures = cef::signatures(line);
        let without = |cut: &std::ops::Range<usize>| [&line[..cut.start], &line[cut.end..]].concat();
        let found = match &self.keys {
            Some(keys) => {
                if signatures.is_empty() {
                    return Err(NOT_SIGNED.to_owned());
                }
                let fits = |(cut, signature): &&(_, std::ops::Range<usize>)| {
                    keys.verify(&without(cut), &line[signature.clone()])
                };
                Some(signatures.iter().find(fits).ok_or(WRONG_SIGNATURE)?)
            }
            None => signatures.last(),
        };
        let unsigned = found.map_or(Cow::Borrowed(line), |(cut, _)| Cow::Owned(without(cut)));
        let signature = found.map(|(_, signature)| String::from_utf8_lossy(&line[signature.clone()]).into_owned());
        // Bytes that are no UTF-8, in a user agent perhaps, stay in `raw` and in what is signed.
        let readable = String::from_utf8_lossy(&unsigned).into_owned();
        let entry = cef::parse(&readable).ok_or("this is neither JSON nor CEF")?;
        let time = entry.prefix.split_whitespace().next().unwrap_or_default();
        let names =
            ["cef_version", "event_vendor", "event_product", "event_version", "event_class_id", "name", "severity"];
        let owned = |text: &str| Value::String(Cow::Owned(text.to_owned()));
        let mut members: Vec<(Cow<'static, str>, Value<'static>)> = vec![("event_ts".into(), owned(time))];
        members.extend(names.into_iter().zip(&entry.header).map(|(name, value)| (name.into(), owned(value))));
        for (key, value) in &entry.extension {
            // The header has been said already, and comes first: an extension does not overrule it.
            if !members.iter().any(|(name, _)| name == key) {
                members.push((Cow::Owned((*key).to_owned()), owned(value)));
            }
        }
        members.extend(signature.map(|signature| (Cow::Borrowed("sig"), Value::String(Cow::Owned(signature)))));
        Ok(Taken { fields: Value::Object(Object::from_members(members)), unsigned, format: "cef" })
    }
}

const NOT_SIGNED: &str = "this is not signed: it has no `sig`";
const WRONG_SIGNATURE: &str = "the signature in `sig` was made by none of the keys over these bytes";

/// The members of an object, integers past 64 bits as texts: they are ids, and keep their digits.
fn fields<'a>(text: &'a [u8], members: &Members<'a>) -> Result<Value<'a>, String> {
    let read = |member: &super::members::Member<'a>| {
        let token = &text[member.value.clone()];
        let value = Value::parse(token).map_err(|error| format!("`{}` is not JSON: {}", member.key, error.message))?;
        let digits = token.strip_prefix(b"-").unwrap_or(token);
        let value = match value {
            Value::Number(Number::Float(_)) if digits.iter().all(u8::is_ascii_digit) => {
                Value::String(String::from_utf8_lossy(token))
            }
            value => value,
        };
        Ok((member.key.clone(), value))
    };
    Ok(Value::Object(members.members.iter().map(read).collect::<Result<Object<'_>, String>>()?))
}

/// What an entry is about, told apart by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Authentication,
    Authorization,
    Access,
    Other,
}

impl Kind {
    fn of(name: &str, fields: &Value<'_>) -> Kind {
        if name.starts_with(OUTCOME) {
            Kind::Authentication
        } else if name.starts_with(RESOURCE) || fields.get("granted").is_some() {
            Kind::Authorization
        } else if name == "Ingress" || fields.get("act").is_some() {
            Kind::Access
        } else {
            Kind::Other
        }
    }

    fn name(self) -> &'static str {
        match self {
            Kind::Authentication => "authentication",
            Kind::Authorization => "authorization",
            Kind::Access => "access",
            Kind::Other => "audit",
        }
    }
}

const OUTCOME: &str = "AUTHENTICATION_OUTCOME_";
const RESOURCE: &str = "Authz.";
const METHOD: &str = "AUTHENTICATION_TYPE_";

fn event(taken: &Taken<'_>, raw: &[u8], received_at: i64) -> super::batch::IncomingEvent {
    let fields = &taken.fields;
    let field = |name: &str| told(fields, &[name]).into_owned();
    let name = field("name");
    let kind = Kind::of(&name, fields);
    let moment = ["rt", "event_ts"]
        .into_iter()
        .find_map(|name| Moment::from_value(fields.get(name)?))
        .unwrap_or_else(|| Moment::received(received_at));
    let organization = field("org_id");
    let (action, about, about_id) = match kind {
        Kind::Authentication => (name[OUTCOME.len()..].to_owned(), "principal".to_owned(), field("principal_id")),
        Kind::Authorization => {
            let resource = name.strip_prefix(RESOURCE).unwrap_or(&name);
            let (about, id) = resource.split_once('/').unwrap_or((resource, ""));
            // A resource without an id is the organization's own.
            let id = if id.is_empty() { &organization } else { id };
            (field("action"), about.to_owned(), id.to_owned())
        }
        Kind::Access => (field("act"), "request".to_owned(), field("request").trim_start_matches('/').to_owned()),
        Kind::Other => (field("action"), "event".to_owned(), name.clone()),
    };
    let scope = ResourceText::default().level("org", &organization);
    let resource = if about == "organization" && about_id == organization && !organization.is_empty() {
        scope
    } else {
        scope.level(&about, &about_id)
    };
    let principal = maybe_told(fields, &["principal_name"]).map_or_else(|| field("principal_id"), Cow::into_owned);
    let actor =
        Actor { id: Cow::Owned(field("principal_id")), kind: Cow::Borrowed("principal"), ..Actor::named(principal) };
    let digest = digest(&taken.unsigned);
    let shown_name = match kind {
        Kind::Authentication => actor.shown().into_owned(),
        Kind::Access => format!("{} {}", action, field("request")),
        Kind::Authorization | Kind::Other => name.strip_prefix(RESOURCE).unwrap_or(&name).to_owned(),
    };
    let story = Story {
        id: hex::encode(digest),
        account_id: Cow::Owned(organization.clone()),
        kind: Cow::Borrowed(kind.name()),
        action: Cow::Owned(action.clone()),
        name: Cow::Owned(shown_name),
        key: Some(about_id.clone()).filter(|id| !id.is_empty()).map(Cow::Owned),
        project: Place::keyed(organization),
        title_verb: Cow::Owned(words(&action)),
        title: title(kind, fields, &actor, &action, &about, &about_id),
        details: details(fields),
        target_id: Cow::Owned(about_id),
        accesses: Some(resource.finish())
            .filter(|resource| !resource.is_empty())
            .map(|resource| access(action, resource))
            .into_iter()
            .collect(),
        extras: extras(fields, taken.format),
        actor,
        ..Story::default()
    };
    story.event(moment, fields.clone(), raw.to_vec(), digest)
}

fn title(kind: Kind, fields: &Value<'_>, actor: &Actor<'_>, action: &str, about: &str, id: &str) -> Told {
    let field = |name: &str| told(fields, &[name]).into_owned();
    let shown = actor.shown();
    let who = Told::default().text(if shown.is_empty() { "somebody unknown" } else { &shown });
    match kind {
        Kind::Authentication => {
            let class = field("event_class_id");
            let method = class.strip_prefix(METHOD).unwrap_or(&class);
            let who = if truth(fields, "success") == Some(true) || action == "SUCCESS" {
                who.text(" signed in with ").code(method)
            } else {
                who.text(" failed to sign in with ").code(method).text(": ").code(action)
            };
            who.text(&from(fields))
        }
        Kind::Authorization => {
            let verdict = if truth(fields, "granted") == Some(true) { " was granted " } else { " was denied " };
            who.text(verdict).code(action).text(" on ").code(about).text(" ").code(id)
        }
        Kind::Access => {
            who.text(" called ").code(&format!("{action} {}", field("request"))).text(": ").code(&field("status"))
        }
        Kind::Other => who.text(": ").text(&field("name")),
    }
}

fn from(fields: &Value<'_>) -> String {
    maybe_told(fields, &["src"]).map_or_else(String::new, |address| format!(" from {address}"))
}

/// A line for each field that has something to say, but the signature.
fn details(fields: &Value<'_>) -> Told {
    let mut lines = Told::default();
    let members = fields.as_object().into_iter().flat_map(|object| object.iter());
    for (name, value) in members.filter(|(name, _)| *name != "sig") {
        let shown = match value {
            Value::String(text) => text.to_string(),
            other => serde_json::to_string(other).unwrap_or_default(),
        };
        if shown.is_empty() {
            continue;
        }
        if !lines.plain.is_empty() {
            lines.plain.push('\n');
            lines.markdown.push_str("  \n");
            lines.html.push_str("<br/>\n");
        }
        lines = lines.text(name).text(": ").text(&shown);
    }
    lines
}

/// The entry's fields under names of their own and in their documented types, since published entries
/// disagree about quotes. Ids are texts: a receiver's JSON parser would round a number of 19 digits.
fn extras<'a>(fields: &Value<'a>, format: &'static str) -> Vec<(&'static str, Value<'a>)> {
    let whole = |name: &str| {
        let number = match fields.get(name)? {
            Value::Number(number) => number.as_i64()?,
            Value::String(text) => text.trim().parse().ok()?,
            _ => return None,
        };
        Some(Value::Number(Number::from(number)))
    };
    let mut audit = vec![("format", Value::text(format))];
    for name in ["severity", "status", "rt"] {
        audit.extend(whole(name).map(|value| (name, value)));
    }
    for name in ["success", "granted", "kong_initiated"] {
        audit.extend(truth(fields, name).map(|value| (name, Value::Bool(value))));
    }
    for name in [
        "trace_id",
        "src",
        "org_id",
        "portal_id",
        "principal_id",
        "principal_name",
        "actor_id",
        "user_agent",
        "request",
        "query",
        "act",
        "action",
        "event_class_id",
        "event_product",
    ] {
        audit.extend(maybe_told(fields, &[name]).map(|value| (name, text(value))));
    }
    vec![("audit", object(audit))]
}

fn truth(fields: &Value<'_>, name: &str) -> Option<bool> {
    match fields.get(name)? {
        Value::Bool(flag) => Some(*flag),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use ring::signature::{Ed25519KeyPair, KeyPair};

    use super::{Keys, Konnect};
    use crate::value::Value;

    fn pair() -> Ed25519KeyPair {
        Ed25519KeyPair::from_seed_unchecked(&[7; 32]).expect("32 bytes are a seed")
    }

    fn konnect() -> Konnect {
        let x = URL_SAFE_NO_PAD.encode(pair().public_key().as_ref());
        let set = format!(r#"{{"keys":[{{"kty":"OKP","crv":"Ed25519","x":"{x}"}}]}}"#);
        Konnect::new(Some(Keys::read(&Value::parse(set.as_bytes()).expect("JSON")).expect("a key set")))
    }

    fn sign(text: &str) -> String {
        URL_SAFE_NO_PAD.encode(pair().sign(text.as_bytes()).as_ref())
    }

    fn context(line: &str) -> serde_json::Value {
        let event = konnect().read(line.as_bytes(), 7).expect("the row is an entry");
        assert_eq!(event.raw, line.as_bytes());
        serde_json::from_slice(&event.context).expect("a context is JSON")
    }

    #[test]
    fn a_signature_may_stand_anywhere() {
        let unsigned = r#"{"name":"Ingress","trace_id":3895213347334635099}"#;
        let sig = sign(unsigned);
        for line in [
            format!(r#"{{"name":"Ingress","trace_id":3895213347334635099,"sig":"{sig}"}}"#),
            format!(r#"{{"name":"Ingress","sig":"{sig}","trace_id":3895213347334635099}}"#),
            format!(r#"{{"sig":"{sig}","name":"Ingress","trace_id":3895213347334635099}}"#),
            format!(r#"{{"name":"Ingress","trace_id":3895213347334635099,"sig":"{sig}",}}"#),
            format!(r#"{{"event":{{"name":"Ingress","trace_id":3895213347334635099,"sig":"{sig}"}}}}"#),
        ] {
            assert_eq!(context(&line)["raw"]["trace_id"], 3_895_213_347_334_635_099_u64, "{line}");
        }
    }

    #[test]
    fn a_wrapped_line_may_be_what_is_signed() {
        let sig = sign(r#"{"event":{"name":"Ingress"}}"#);
        assert_eq!(context(&format!(r#"{{"event":{{"name":"Ingress","sig":"{sig}"}}}}"#))["audit"]["format"], "cps");
    }

    #[test]
    fn entries_keep_their_id_whatever_signed_them_and_whatever_wraps_them() {
        let unsigned = r#"{"name":"Ingress"}"#;
        let signed = format!(r#"{{"name":"Ingress","sig":"{}"}}"#, sign(unsigned));
        let wrapped = format!(r#"{{"event":{signed}}}"#);
        let verified = konnect().read(signed.as_bytes(), 0).expect("an entry");
        let bare = Konnect::new(None).read(unsigned.as_bytes(), 0).expect("an entry");
        let in_cps = konnect().read(wrapped.as_bytes(), 0).expect("an entry");
        assert_eq!((&verified.id, verified.digest), (&bare.id, bare.digest));
        assert_eq!((&verified.id, verified.digest), (&in_cps.id, in_cps.digest));
    }

    #[test]
    fn unsigned_and_doubly_signed_entries_are_refused() {
        let sig = sign(r#"{"name":"Ingress"}"#);
        for line in [
            r#"{"name":"Ingress"}"#.to_owned(),
            format!(r#"{{"name":"Ingress","sig":"{sig}","sig":"{sig}"}}"#),
            format!(r#"{{"name":"Ingress","sig":["{sig}"]}}"#),
            format!(r#"{{"name":"ingress","sig":"{sig}"}}"#),
            "CEF:0|a|b|c|d|e|1|a=b".to_owned(),
            "nothing at all".to_owned(),
        ] {
            assert!(konnect().read(line.as_bytes(), 0).is_err(), "{line}");
        }
    }

    #[test]
    fn a_value_that_looks_like_a_signature_does_not_hide_the_real_one() {
        let before = "t h CEF:0|KongInc|Konnect|1.0|KongGateway|Ingress|6|act=GET";
        let after = " user_agent=evil sig=AAAA";
        let line = format!("{before} sig={}{after}", sign(&format!("{before}{after}")));
        let context = context(&line);
        assert_eq!(context["audit"]["act"], "GET");
        let line = format!("{before}{after} sig={}", sign(&format!("{before}{after}")));
        assert!(konnect().read(line.as_bytes(), 0).is_ok());
    }

    #[test]
    fn quoted_and_bare_values_are_one_in_the_typed_form() {
        let bare = r#"{"name":"AUTHENTICATION_OUTCOME_LOCKED","rt":1718882641318,"success":false,"severity":6,"trace_id":3895213347334635099}"#;
        let quoted = r#"{"name":"AUTHENTICATION_OUTCOME_LOCKED","rt":"1718882641318","success":"false","severity":"6","trace_id":"3895213347334635099"}"#;
        let read = |line: &str| -> serde_json::Value {
            let event = Konnect::new(None).read(line.as_bytes(), 0).expect("an entry");
            serde_json::from_slice(&event.context).expect("JSON")
        };
        assert_eq!(read(bare)["audit"], read(quoted)["audit"]);
        assert_eq!(read(bare)["timestamp"], read(quoted)["timestamp"]);
        assert_eq!(read(bare)["audit"]["trace_id"], "3895213347334635099");
    }

    #[test]
    fn more_digits_than_64_bits_stay_too() {
        let line = r#"{"name":"Ingress","trace_id":340282366920938463463374607431768211455}"#;
        let event = Konnect::new(None).read(line.as_bytes(), 0).expect("an entry");
        let context = String::from_utf8(event.context).expect("JSON is text");
        assert_eq!(context.matches("\"340282366920938463463374607431768211455\"").count(), 2, "{context}");
    }
}
