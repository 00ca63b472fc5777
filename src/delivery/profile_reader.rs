//! Reads profiles from JSON, the ones that ship and the ones that manifests spell out.
//!
//! An object starts from the profile that its `profile` names, else from the engine's default, and each
//! other key replaces what that one says. Every mistake is reported, all of them at once.

use std::num::NonZeroU32;
use std::time::Duration;

use serde_json::Value;

use super::profile::{Profile, RetryAfterRule};
use super::schedule::{Curve, Schedule};
use super::signature::Scheme;
use super::stamp::Stamp;
use super::status_set::StatusSet;
use crate::finding::near_miss;
use crate::value::pointer_token;

/// The longest that one attempt may take: what is lent to it is lent for no more than ten minutes, half of which it may
/// have waited for its turn.
const LONGEST_ATTEMPT: Duration = Duration::from_secs(240);

const KEYS: [&str; 16] = [
    "profile",
    "summary",
    "success",
    "disable",
    "giveUp",
    "retry",
    "slowDown",
    "attempts",
    "pauses",
    "backoff",
    "jitter",
    "retryAfter",
    "timeout",
    "idHeader",
    "timestampHeader",
    "signature",
];

/// A mistake in a profile.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ProfileMistake {
    /// JSON pointer from the profile to the value that is meant.
    pub pointer: String,
    /// What is wrong.
    pub message: String,
    /// How to mend it.
    pub help: Option<String>,
}

/// Reads a name or an object.
pub(super) fn read(value: &Value) -> Result<Profile, Vec<ProfileMistake>> {
    let mut reader = Reader::default();
    let profile = match value {
        Value::String(name) => reader.named("", name),
        Value::Object(members) => {
            let base = match members.get("profile") {
                None => Some(Profile::engine_default()),
                Some(Value::String(name)) => reader.named("/profile", name),
                Some(_) => reader.wrong("/profile", "`profile` is the name of a profile", None),
            };
            // What else is wrong is told even where the base is not known.
            let start = base.clone().unwrap_or_else(Profile::engine_default);
            let profile = reader.object(Profile { name: "custom".to_owned(), ..start }, members);
            base.map(|_| profile)
        }
        _ => reader.wrong("", "`delivery` is the name of a profile, or an object", None),
    };
    match profile {
        Some(profile) if reader.mistakes.is_empty() => Ok(profile),
        _ => Err(reader.mistakes),
    }
}

/// Reads the file that ships, the default profile first. A unit test reads it as well, so that a mistake in
/// it never ships.
pub(super) fn shipped(text: &str) -> Vec<Profile> {
    let json: Value = serde_json::from_str(text).unwrap_or_default();
    let default = json.get("default").and_then(Value::as_str).unwrap_or_default();
    let members = json.get("profiles").and_then(Value::as_object);
    let mut profiles: Vec<Profile> = members
        .into_iter()
        .flatten()
        .filter_map(|(name, value)| Some(Reader::default().object(blank(name), value.as_object()?)))
        .collect();
    profiles.sort_by_key(|profile| profile.name != default);
    profiles
}

fn blank(name: &str) -> Profile {
    Profile {
        name: name.to_owned(),
        success: StatusSet::default(),
        disable: StatusSet::default(),
        give_up: StatusSet::default(),
        retry: StatusSet::default(),
        retry_transport: false,
        slow_down: StatusSet::default(),
        schedule: Schedule { attempts: NonZeroU32::MIN, curve: Curve::Listed(Vec::new()), jitter: 0.0 },
        retry_after: None,
        timeout: Duration::from_secs(15),
        stamp: Stamp::default(),
    }
}

#[derive(Default)]
struct Reader {
    mistakes: Vec<ProfileMistake>,
}

impl Reader {
    fn wrong<T>(&mut self, pointer: &str, message: impl Into<String>, help: Option<String>) -> Option<T> {
        self.mistakes.push(ProfileMistake { pointer: pointer.to_owned(), message: message.into(), help });
        None
    }

    fn named(&mut self, pointer: &str, name: &str) -> Option<Profile> {
        if let Some(found) = Profile::named(name) {
            return Some(found);
        }
        let help = nearest(name, Profile::names()).unwrap_or_else(|| {
            format!(
                "the profiles are {}",
                Profile::names().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
            )
        });
        self.wrong(pointer, format!("no delivery profile is named `{name}`"), Some(help))
    }

    fn object(&mut self, mut profile: Profile, members: &serde_json::Map<String, Value>) -> Profile {
        for key in members.keys().filter(|key| !KEYS.contains(&key.as_str())) {
            let help = nearest(key, KEYS);
            let _: Option<()> =
                self.wrong(&format!("/{}", pointer_token(key)), format!("a profile has no `{key}`"), help);
        }
        for (key, set) in [
            ("success", &mut profile.success),
            ("disable", &mut profile.disable),
            ("giveUp", &mut profile.give_up),
            ("slowDown", &mut profile.slow_down),
        ] {
            if let Some(value) = members.get(key) {
                *set = self.statuses(&format!("/{key}"), value).0;
            }
        }
        if members.contains_key("success") && profile.success.is_empty() && self.mistakes.is_empty() {
            let _: Option<()> =
                self.wrong("/success", "without a status that is success, nothing is ever delivered", None);
        }
        if let Some(value) = members.get("retry") {
            (profile.retry, profile.retry_transport) = self.statuses("/retry", value);
        }
        self.schedule(&mut profile.schedule, members);
        if let Some(value) = members.get("retryAfter") {
            profile.retry_after = self.retry_after(value);
        }
        if let Some(timeout) = members.get("timeout").and_then(|value| self.duration("/timeout", value)) {
            if timeout.is_zero() {
                let _: Option<()> = self.wrong("/timeout", "no receiver answers in no time", None);
            } else if timeout > LONGEST_ATTEMPT {
                let help = "an attempt that takes longer has failed; what a receiver does for minutes, it should do after it has answered";
                let _: Option<()> = self.wrong("/timeout", "an attempt takes four minutes at most", Some(help.into()));
            }
            profile.timeout = timeout;
        }
        self.stamp(&mut profile.stamp, members);
        profile
    }

    fn schedule(&mut self, schedule: &mut Schedule, members: &serde_json::Map<String, Value>) {
        match (members.get("pauses"), members.get("backoff")) {
            (Some(_), Some(_)) => {
                let _: Option<()> = self.wrong(
                    "/backoff",
                    "`pauses` and `backoff` both say when to try again",
                    Some("keep one of them".into()),
                );
            }
            (Some(value), None) => {
                let pauses: Vec<Duration> = match value.as_array() {
                    Some(items) => items
                        .iter()
                        .enumerate()
                        .filter_map(|(at, item)| self.duration(&format!("/pauses/{at}"), item))
                        .collect(),
                    None => self.wrong("/pauses", "`pauses` is a list of durations", None).unwrap_or_default(),
                };
                // A list of pauses says how many attempts there are, unless `attempts` says it.
                let attempts = u32::try_from(pauses.len()).unwrap_or(u32::MAX).saturating_add(1);
                schedule.attempts = NonZeroU32::new(attempts).unwrap_or(NonZeroU32::MIN);
                schedule.curve = Curve::Listed(pauses);
            }
            (None, Some(value)) => {
                let first = value.get("first").and_then(|first| self.duration("/backoff/first", first));
                let cap = value.get("cap").and_then(|cap| self.duration("/backoff/cap", cap));
                let factor = value.get("factor").map_or(Some(2.0), Value::as_f64).filter(|factor| *factor >= 1.0);
                match (first, cap, factor) {
                    (Some(first), Some(cap), Some(factor)) => schedule.curve = Curve::Growing { first, factor, cap },
                    _ if self.mistakes.is_empty() => {
                        let help = r#"as in `{"first": "1s", "factor": 2, "cap": "30s"}`"#;
                        let message = "`backoff` takes `first`, `cap` and a `factor` of at least 1";
                        let _: Option<()> = self.wrong("/backoff", message, Some(help.into()));
                    }
                    _ => {}
                }
            }
            (None, None) => {}
        }
        if let Some(value) = members.get("attempts") {
            let attempts = value.as_u64().and_then(|count| u32::try_from(count).ok()).filter(|count| *count <= 100);
            match attempts.and_then(NonZeroU32::new) {
                Some(attempts) => schedule.attempts = attempts,
                None => {
                    let _: Option<()> = self.wrong("/attempts", "`attempts` is a number from 1 to 100", None);
                }
            }
        }
        if let Some(value) = members.get("jitter") {
            match value.as_f64().filter(|jitter| (0.0..=1.0).contains(jitter)) {
                Some(jitter) => schedule.jitter = jitter,
                None => {
                    let _: Option<()> = self.wrong("/jitter", "`jitter` is a number from 0 to 1", None);
                }
            }
        }
    }

    fn retry_after(&mut self, value: &Value) -> Option<RetryAfterRule> {
        match value {
            Value::Bool(false) => None,
            Value::Object(members) => {
                let on =
                    members.get("on").map_or((StatusSet::all(), false), |on| self.statuses("/retryAfter/on", on)).0;
                let cap = match members.get("cap") {
                    Some(cap) => self.duration("/retryAfter/cap", cap)?,
                    None => Duration::from_secs(24 * 3600),
                };
                Some(RetryAfterRule { on, cap })
            }
            _ => self.wrong("/retryAfter", "`retryAfter` is `false`, or an object with `on` and `cap`", None),
        }
    }

    fn stamp(&mut self, stamp: &mut Stamp, members: &serde_json::Map<String, Value>) {
        for (key, header) in [("idHeader", &mut stamp.id_header), ("timestampHeader", &mut stamp.timestamp_header)] {
            match members.get(key) {
                None => {}
                Some(Value::Bool(false)) => *header = None,
                Some(value) => *header = self.header_name(&format!("/{key}"), value),
            }
        }
        match members.get("signature") {
            None => {}
            Some(Value::Bool(false)) => stamp.signature = None,
            Some(value) => {
                let scheme = value.get("scheme").and_then(Value::as_str).and_then(Scheme::named);
                match (scheme, value.get("header")) {
                    (Some(scheme), Some(header)) => {
                        let header = self.header_name("/signature/header", header);
                        stamp.signature = header.map(|header| (scheme, header));
                    }
                    _ => {
                        let help = "the schemes are `hex`, `github`, `stripe` and `standard-webhooks`";
                        let message = "`signature` is `false`, or an object with a `scheme` and a `header`";
                        stamp.signature = self.wrong("/signature", message, Some(help.into()));
                    }
                }
            }
        }
    }

    fn header_name(&mut self, pointer: &str, value: &Value) -> Option<String> {
        match value.as_str() {
            Some(name) if hyper::header::HeaderName::from_bytes(name.as_bytes()).is_ok() => Some(name.to_owned()),
            _ => self.wrong(pointer, "this is no name of a header", None),
        }
    }

    /// The statuses of a list, and whether it names `transport`.
    fn statuses(&mut self, pointer: &str, value: &Value) -> (StatusSet, bool) {
        let (mut set, mut transport) = (StatusSet::default(), false);
        let single = std::slice::from_ref(value);
        for (at, entry) in value.as_array().map_or(single, Vec::as_slice).iter().enumerate() {
            match entry.as_str() {
                Some("rest") => set = StatusSet::all(),
                Some("transport") if pointer == "/retry" => transport = true,
                _ if set.add(entry) => {}
                _ => {
                    let help = "write a status as `429`, a class as `\"5xx\"`, a range as `\"500-503\"`, all others as `\"rest\"`";
                    let _: Option<()> = self.wrong(
                        &format!("{pointer}/{at}"),
                        format!("`{entry}` is no HTTP status"),
                        Some(help.into()),
                    );
                }
            }
        }
        (set, transport)
    }

    fn duration(&mut self, pointer: &str, value: &Value) -> Option<Duration> {
        match value.as_str().and_then(duration) {
            Some(duration) => Some(duration),
            None => {
                let help = "write it as `\"300ms\"`, `\"5s\"`, `\"30m\"` or `\"2h\"`, up to thirty days";
                self.wrong(pointer, format!("`{value}` is no duration"), Some(help.into()))
            }
        }
    }
}

/// Reads `300ms`, `5s`, `30m`, `2h`, `3d`.
fn duration(text: &str) -> Option<Duration> {
    let digits = text.len() - text.trim_start_matches(|letter: char| letter.is_ascii_digit()).len();
    let (count, unit) = text.split_at(digits);
    let count: u64 = count.parse().ok()?;
    let milliseconds = match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return None,
    };
    let duration = Duration::from_millis(count.checked_mul(milliseconds)?);
    (duration <= Duration::from_secs(30 * 86_400)).then_some(duration)
}

fn nearest<'n>(word: &str, names: impl IntoIterator<Item = &'n str>) -> Option<String> {
    near_miss(word, names).map(|name| format!("did you mean `{name}`?"))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::{Value, json};

    use super::{Reader, blank, duration};
    use crate::delivery::{Profile, Scheme, Verdict};

    #[test]
    fn what_ships_has_no_mistake() {
        let json: Value =
            serde_json::from_str(include_str!("../../schemas/delivery-profiles.json")).expect("it is JSON");
        for (name, value) in json["profiles"].as_object().expect("an object") {
            let mut reader = Reader::default();
            reader.object(blank(name), value.as_object().expect("an object"));
            assert_eq!(reader.mistakes, [], "{name}");
        }
        assert!(Profile::named(json["default"].as_str().expect("a name")).is_some());
    }

    #[test]
    fn an_object_changes_the_profile_it_starts_from() {
        let profile = Profile::from_json(&json!({
            "profile": "kong", "success": [200, "202"], "retry": ["5xx"], "pauses": ["10ms", "1d"], "jitter": 0.5,
            "retryAfter": false, "timeout": "3s", "signature": {"scheme": "stripe", "header": "X-Sig"}, "idHeader": "X-Id",
        }))
        .expect("it is fine");
        assert_eq!(profile.name, "custom");
        assert_eq!(profile.schedule.attempts.get(), 3);
        assert_eq!((profile.verdict(202), profile.verdict(204)), (Verdict::Delivered, Verdict::GiveUp));
        assert_eq!(profile.verdict(501), Verdict::GiveUp, "kong's own word stays");
        assert_eq!(profile.verdict_without_answer(), Verdict::GiveUp, "`retry` no longer names `transport`");
        assert_eq!(profile.retry_after, None);
        assert_eq!(profile.timeout, Duration::from_secs(3));
        assert_eq!(profile.stamp.signature, Some((Scheme::Stripe, "X-Sig".to_owned())));
        assert_eq!(Profile::from_json(&json!("split")).map(|profile| profile.name), Ok("split".to_owned()));
        let same = Profile::from_json(&json!({})).expect("it is fine");
        assert_eq!(Profile { name: "standard-webhooks".into(), ..same }, Profile::engine_default());
    }

    #[test]
    fn every_mistake_is_told_with_its_place() {
        let mistakes = Profile::from_json(&json!({
            "sucess": [200], "retry": [700, "transport", "soon"], "pauses": ["5 s", 5], "attempts": 0, "jitter": 2,
            "retryAfter": {"cap": "forever"}, "idHeader": "a b", "signature": {"scheme": "md5", "header": "X"}, "timeout": "0s",
        }))
        .expect_err("it is full of mistakes");
        let places: Vec<&str> = mistakes.iter().map(|mistake| mistake.pointer.as_str()).collect();
        assert_eq!(
            places,
            [
                "/sucess",
                "/retry/0",
                "/retry/2",
                "/pauses/0",
                "/pauses/1",
                "/attempts",
                "/jitter",
                "/retryAfter/cap",
                "/timeout",
                "/idHeader",
                "/signature"
            ]
        );
        assert_eq!(mistakes[0].help.as_deref(), Some("did you mean `success`?"));
    }

    #[test]
    fn a_name_that_is_no_profile_suggests_the_nearest() {
        for (value, help) in [
            (json!("launchdarkl"), "did you mean `launchdarkly`?"),
            (json!({"profile": "splt"}), "did you mean `split`?"),
        ] {
            let mistakes = Profile::from_json(&value).expect_err("no such profile");
            assert_eq!(mistakes[0].help.as_deref(), Some(help));
        }
        for value in [json!(null), json!(3), json!(["split"]), json!({"profile": 7})] {
            assert_eq!(Profile::from_json(&value).expect_err("no profile").len(), 1, "{value}");
        }
    }

    #[test]
    fn an_attempt_ends_within_minutes() {
        for (timeout, fine) in
            [("0s", false), ("1ms", true), ("240s", true), ("4m", true), ("241s", false), ("1h", false)]
        {
            assert_eq!(Profile::from_json(&json!({"timeout": timeout})).is_ok(), fine, "{timeout}");
        }
    }

    #[test]
    fn durations_have_a_unit_and_an_end() {
        assert_eq!(duration("300ms"), Some(Duration::from_millis(300)));
        assert_eq!(duration("30d"), Some(Duration::from_secs(30 * 86_400)));
        for text in ["", "5", "s", "-5s", "5 s", "1.5s", "31d", "99999999999999999999h", "5S"] {
            assert_eq!(duration(text), None, "{text}");
        }
    }
}
