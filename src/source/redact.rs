//! Hides what looks like a secret, before anything is kept.
//!
//! It goes by the names of members, wherever they stand, and by a few values that give themselves away. A
//! name too many hides a value that somebody wanted to read; one too few leaks a key: when in doubt, hide.

use std::borrow::Cow;

use serde_json::Value as Json;

use super::context::words;
use crate::value::{Number, Object, Value};

/// What stands where a secret stood.
pub(super) const HIDDEN: &str = "[secret]";

/// Words that name a secret, alone or in a row.
const SECRET: [&str; 26] = [
    "secret",
    "secrets",
    "password",
    "passwords",
    "passwd",
    "pwd",
    "passphrase",
    "passcode",
    "token",
    "tokens",
    "apikey",
    "apikeys",
    "credential",
    "credentials",
    "authorization",
    "bearer",
    "cookie",
    "cookies",
    "otp",
    "pin",
    "jwt",
    "privatekey",
    "secretkey",
    "accesskey",
    "signingkey",
    "clientsecret",
];

/// Pairs of words that name a secret together: `api key`, `webhook url` (whoever knows it can post there).
const PAIRS: [(&str, &str); 22] = [
    ("api", "key"),
    ("api", "keys"),
    ("private", "key"),
    ("private", "keys"),
    ("secret", "key"),
    ("access", "key"),
    ("signing", "key"),
    ("encryption", "key"),
    ("master", "key"),
    ("service", "key"),
    ("account", "key"),
    ("shared", "key"),
    ("sdk", "key"),
    ("license", "key"),
    ("ssh", "key"),
    ("session", "id"),
    ("auth", "header"),
    ("webhook", "url"),
    ("recovery", "code"),
    ("recovery", "codes"),
    ("backup", "codes"),
    ("connection", "string"),
];

/// Last words that say something about a secret without being one: `apiKeyType`, `tokenName`, `token_id`.
const ABOUT: [&str; 22] = [
    "type",
    "types",
    "id",
    "ids",
    "name",
    "names",
    "count",
    "status",
    "state",
    "label",
    "description",
    "enabled",
    "required",
    "expiry",
    "expires",
    "expiration",
    "minutes",
    "days",
    "policy",
    "length",
    "scope",
    "scopes",
];

/// What an object that is a key calls the key itself.
const OWN: [&str; 7] = ["value", "key", "hash", "content", "plaintext", "data", "raw"];

/// Hides the secrets in an entry. `is_key`: the entry is about a key, so that `value` means the key.
pub(super) fn redact(value: Value<'_>, is_key: bool) -> Value<'_> {
    match value {
        Value::Object(object) => {
            let is_key = is_key || describes_key(&object);
            let names_secret = names_secret(&object);
            let members = object.into_members().into_iter().map(|(key, value)| {
                let name = words(&key);
                let own = OWN.contains(&name.as_str());
                let hidden = is_secret_name(&name) || own && (is_key || names_secret);
                let value = if hidden { hide(value) } else { redact(value, is_key) };
                (key, value)
            });
            Value::Object(members.collect())
        }
        Value::Array(items) => Value::Array(items.into_iter().map(|item| redact(item, is_key)).collect()),
        Value::String(text) => Value::String(redact_text(text)),
        other => other,
    }
}

/// Whether a name, in lower-case words, names a secret.
pub(super) fn is_secret_name(name: &str) -> bool {
    let words: Vec<&str> = name.split_whitespace().collect();
    let single = words.iter().any(|word| SECRET.contains(word));
    let pair = words.windows(2).any(|pair| PAIRS.contains(&(pair[0], pair[1])));
    // `session id` and the like are secrets although they end in a harmless word.
    let about = words.last().is_some_and(|last| ABOUT.contains(last)) && !ends_in_pair(&words);
    // Without boundaries: `APIKEY`, `xapikey`, `mysecret`.
    let run_together = name.replace(' ', "");
    let inside = ["apikey", "privatekey", "password", "secretkey", "accesstoken", "authtoken", "clientsecret"];
    (single || pair || inside.iter().any(|inside| run_together.contains(inside))) && !about
}

fn ends_in_pair(words: &[&str]) -> bool {
    words.len() >= 2 && PAIRS.contains(&(words[words.len() - 2], words[words.len() - 1]))
}

/// An object that says of itself that it is a key or a token: `{"type": "api_key", "value": …}`.
fn describes_key(object: &Object<'_>) -> bool {
    ["type", "objectType", "kind"]
        .into_iter()
        .filter_map(|member| object.get(member)?.as_str())
        .any(|kind| is_secret_name(&words(kind)))
}

/// An object that gives a value to a secret's name: `{"name": "Authorization", "value": …}`.
fn names_secret(object: &Object<'_>) -> bool {
    ["name", "key", "header", "field", "property"]
        .into_iter()
        .filter_map(|member| object.get(member)?.as_str())
        .any(|name| is_secret_name(&words(name)))
        && object.get("value").is_some()
}

/// Hides every text and number below; what is not there stays visibly not there.
fn hide(value: Value<'_>) -> Value<'_> {
    match value {
        Value::Null => Value::Null,
        Value::Bool(flag) => Value::Bool(flag),
        Value::String(text) if text.is_empty() => Value::String(text),
        Value::String(_) | Value::Number(Number::Unsigned(_) | Number::Negative(_) | Number::Float(_)) => {
            Value::text(HIDDEN)
        }
        Value::Array(items) => Value::Array(items.into_iter().map(hide).collect()),
        Value::Object(object) => {
            Value::Object(object.into_members().into_iter().map(|(key, value)| (key, hide(value))).collect())
        }
    }
}

/// Texts that give themselves away, and texts that are JSON themselves.
fn redact_text(text: Cow<'_, str>) -> Cow<'_, str> {
    if gives_itself_away(&text) {
        return Cow::Borrowed(HIDDEN);
    }
    if let Some(without) = without_user_info(&text) {
        return Cow::Owned(without);
    }
    let start = text.trim_start();
    if start.starts_with(['{', '['])
        && let Ok(inner) = serde_json::from_str::<Json>(start)
    {
        let inner = Value::from(inner);
        let hidden = redact(inner.clone(), false);
        if hidden != inner {
            return Cow::Owned(serde_json::to_string(&hidden).unwrap_or_else(|_| HIDDEN.to_owned()));
        }
    }
    text
}

fn gives_itself_away(text: &str) -> bool {
    let text = text.trim();
    let credentials = ["Bearer ", "Basic ", "Splunk ", "GenieKey "];
    let header = credentials.iter().any(|scheme| {
        text.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme))
            && text.len() > scheme.len() + 7
            && !text[scheme.len()..].trim().contains(' ')
    });
    let private_key = text.contains("-----BEGIN") && text.contains("PRIVATE KEY");
    let jwt = text.starts_with("eyJ") && text.split('.').count() == 3 && text.len() > 40 && !text.contains(' ');
    let prefixes =
        ["xoxb-", "xoxp-", "ghp_", "github_pat_", "sk_live_", "whsec_", "glpat-", "https://hooks.slack.com/services/"];
    header || private_key || jwt || prefixes.iter().any(|prefix| text.starts_with(prefix))
}

/// An address without the user and password in it.
fn without_user_info(text: &str) -> Option<String> {
    let (scheme, rest) = text.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next()?;
    let (user_info, _) = authority.rsplit_once('@')?;
    let plain = !scheme.is_empty() && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte));
    plain.then(|| format!("{scheme}://{HIDDEN}{}", &rest[user_info.len()..]))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{is_secret_name, redact};
    use crate::source::context::words;
    use crate::value::Value;

    fn check(json: &str, expected: &str) {
        let value = Value::parse(json.as_bytes()).expect("the row is JSON");
        assert_eq!(serde_json::to_string(&redact(value, false)).expect("it prints"), expected, "{json}");
    }

    #[test]
    fn names_of_secrets_are_known_in_every_spelling() {
        for name in [
            "apiKey",
            "api_key",
            "API-Key",
            "APIKEY",
            "xApiKey",
            "token",
            "accessToken",
            "access_token",
            "secret",
            "clientSecret",
            "password",
            "newPassword",
            "private_key",
            "privateKey",
            "authorization",
            "Authorization",
            "webhookUrl",
            "sessionId",
            "refresh_tokens",
            "sdkKey",
            "tokenHash",
            "secretValue",
            "dbpassword",
        ] {
            assert!(is_secret_name(&words(name)), "{name}");
        }
        for name in [
            "apiKeyType",
            "tokenName",
            "token_id",
            "passwordPolicy",
            "name",
            "key",
            "id",
            "twoFactorRequired",
            "sessionTimeoutMinutes",
            "environments",
            "monkey",
            "secretary",
            "keyboard",
            "roles",
            "tokenExpiry",
        ] {
            assert!(!is_secret_name(&words(name)), "{name}");
        }
    }

    #[test]
    fn secrets_are_hidden_at_every_depth_and_shapes_stay() {
        check(
            r#"{"changes":{"apiKey":{"from":"old","to":"new"},"name":{"from":null,"to":"n"}}}"#,
            r#"{"changes":{"apiKey":{"from":"[secret]","to":"[secret]"},"name":{"from":null,"to":"n"}}}"#,
        );
        check(
            r#"{"a":[{"b":{"client_secret":["x",1,null,true]}}],"token":12345}"#,
            r#"{"a":[{"b":{"client_secret":["[secret]","[secret]",null,true]}}],"token":"[secret]"}"#,
        );
    }

    #[test]
    fn objects_that_are_keys_hide_their_value() {
        check(
            r#"{"currentObject":{"type":"api_key","name":"prod","value":"abc","key":"def"},"value":"seen"}"#,
            r#"{"currentObject":{"type":"api_key","name":"prod","value":"[secret]","key":"[secret]"},"value":"seen"}"#,
        );
        check(
            r#"{"headers":[{"name":"Authorization","value":"abc"},{"name":"Accept","value":"json"}]}"#,
            r#"{"headers":[{"name":"Authorization","value":"[secret]"},{"name":"Accept","value":"json"}]}"#,
        );
    }

    #[test]
    fn values_that_give_themselves_away_are_hidden() {
        check(
            r#"["Bearer abcdefghij","https://user:pw@x.example/p","plain","Basic settings were changed","xoxb-1-2"]"#,
            r#"["[secret]","https://[secret]@x.example/p","plain","Basic settings were changed","[secret]"]"#,
        );
        check(r#"{"config":"{\"apiKey\":\"abc\",\"n\":1}"}"#, r#"{"config":"{\"apiKey\":\"[secret]\",\"n\":1}"}"#);
        check(r#"{"config":"{ \"n\": 1 }"}"#, r#"{"config":"{ \"n\": 1 }"}"#);
    }

    proptest! {
        #[test]
        fn whatever_stands_around_it_a_secret_is_gone(
            path in prop::collection::vec("[a-z]{1,6}", 0..6),
            name in prop::sample::select(vec!["apiKey", "api_key", "token", "client-secret", "PASSWORD"]),
            listed in any::<bool>(),
        ) {
            let mut json = format!(r#"{{"{name}":"hunter2hunter2"}}"#);
            for step in path {
                json = if listed { format!(r#"[{{"{step}":{json}}}]"#) } else { format!(r#"{{"{step}":{json}}}"#) };
            }
            let value = Value::parse(json.as_bytes()).expect("it is JSON");
            prop_assert!(!serde_json::to_string(&redact(value, false)).expect("it prints").contains("hunter2"));
        }
    }
}
