//! From what was written to what it means; every mistake by its field.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::{ClientAuth, Document, Oauth, Ordering, Rate, Written};
use crate::delivery::SigningKey;
use crate::dispatch::check_header_name;
use crate::finding::near_miss;
use crate::form::{FormValue, FormValues, OauthConnection};
use crate::manifest::{FormVariable, FormVariableType, Manifest};
use crate::secret::Secret;
use crate::service::FieldMistake;
use crate::value::pointer_token;

const SETTINGS: &[&str] = &[
    "integration",
    "name",
    "formValues",
    "policy",
    "enabled",
    "profile",
    "concurrency",
    "rate",
    "ordering",
    "signing",
    "idHeader",
    "oauth",
];
const OAUTH: &[&str] = &["baseUri", "tokenUrl", "clientId", "clientSecret", "scopes", "refreshToken", "clientAuth"];
/// Attempts of one subscription at once, at most.
const MOST_AT_ONCE: u64 = 1024;
/// Live keys of each kind.
const LIVE_KEYS: usize = 2;
/// The longest name that is kept.
const LONGEST_NAME: usize = 200;

/// Tells every setting that no subscription has.
pub(in crate::service) fn known_settings(written: &Written, mistakes: &mut Vec<FieldMistake>) {
    unknown(written, SETTINGS, "", mistakes);
}

fn unknown(members: &Written, known: &[&str], place: &str, mistakes: &mut Vec<FieldMistake>) {
    for key in members.keys().filter(|key| !known.contains(&key.as_str())) {
        let pointer = format!("{place}/{}", pointer_token(key));
        let help = match near_miss(key, known.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("there are {}", quoted(known.iter().copied())),
        };
        mistakes.push(FieldMistake::new(pointer, format!("nothing is named `{key}` here")).help(help));
    }
}

fn quoted<'w>(words: impl Iterator<Item = &'w str>) -> String {
    words.map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}

/// Reads a document for an integration. What it could not read it leaves out, and tells.
pub(in crate::service) fn read(written: &Written, manifest: &Manifest, mistakes: &mut Vec<FieldMistake>) -> Document {
    let mut reader = Reader { written, mistakes };
    let oauth = reader.oauth(manifest);
    let mut form = reader.form(manifest);
    // The token is fetched when something is sent; until then something has to stand for it.
    form.oauth = oauth.as_ref().map(|oauth| OauthConnection {
        base_uri: oauth.base_uri.clone(),
        access_token: Secret::new("access-token-to-come"),
    });
    reader.text("integration");
    let name = reader.text("name");
    if name.is_some_and(|name| name.chars().count() > LONGEST_NAME) {
        reader.wrong("/name", format!("a name has up to {LONGEST_NAME} characters"));
    }
    if name.is_some_and(|name| name.chars().any(char::is_control)) {
        reader.wrong("/name", "a name has no control characters and no line breaks");
    }
    Document {
        form,
        policy: reader.policy(),
        enabled: reader.get("enabled", Json::as_bool, "`enabled` is `true` or `false`").unwrap_or(true),
        profile: written.get("profile").filter(|profile| !profile.is_null()).cloned(),
        concurrency: reader.concurrency(),
        rate: reader.rate(),
        ordering: reader.ordering(),
        signing: reader.signing(),
        id_header: reader.id_header(),
        oauth,
    }
}

struct Reader<'r> {
    written: &'r Written,
    mistakes: &'r mut Vec<FieldMistake>,
}

impl<'r> Reader<'r> {
    fn wrong(&mut self, pointer: impl Into<String>, message: impl Into<String>) -> &mut FieldMistake {
        self.mistakes.push(FieldMistake::new(pointer, message));
        let last = self.mistakes.len() - 1;
        &mut self.mistakes[last]
    }

    fn member(&self, key: &str) -> Option<&'r Json> {
        self.written.get(key).filter(|value| !value.is_null())
    }

    fn get<T>(&mut self, key: &str, read: impl Fn(&'r Json) -> Option<T>, otherwise: &str) -> Option<T> {
        let value = self.member(key)?;
        let read = read(value);
        if read.is_none() {
            self.wrong(format!("/{key}"), otherwise);
        }
        read
    }

    fn text(&mut self, key: &str) -> Option<&'r str> {
        self.get(key, Json::as_str, &format!("`{key}` is a text"))
    }

    fn policy(&mut self) -> Option<Vec<Json>> {
        self.get("policy", |value| value.as_array().cloned(), "a policy is a list of statements")
    }

    fn concurrency(&mut self) -> Option<u32> {
        let within = |value: &Json| value.as_u64().filter(|count| (1..=MOST_AT_ONCE).contains(count));
        let count = self.get("concurrency", within, &format!("`concurrency` is between 1 and {MOST_AT_ONCE}"))?;
        u32::try_from(count).ok()
    }

    fn rate(&mut self) -> Option<Rate> {
        let value = self.member("rate")?;
        match serde_json::from_value::<Rate>(value.clone()) {
            Err(_) => {
                self.wrong(
                    "/rate",
                    "a rate has `perSecond`, a number, and `burst`, a whole number, or `perSecond` alone",
                )
                .help = Some("write `{\"perSecond\": 10}`".to_owned());
                None
            }
            Ok(rate) if !(rate.per_second.is_finite() && (0.001..=1_000_000.0).contains(&rate.per_second)) => {
                self.wrong("/rate/perSecond", "`perSecond` is between 0.001 and 1,000,000");
                None
            }
            Ok(rate) if rate.burst == Some(0) => {
                self.wrong("/rate/burst", "a burst of none lets nothing through");
                None
            }
            Ok(rate) => Some(rate),
        }
    }

    fn ordering(&mut self) -> Ordering {
        let read = |value: &Json| serde_json::from_value(value.clone()).ok();
        self.get("ordering", read, "`ordering` is `none` or `per-key`").unwrap_or_default()
    }

    fn id_header(&mut self) -> Option<String> {
        let name = self.text("idHeader")?;
        match check_header_name(name) {
            Ok(()) => Some(name.to_owned()),
            Err((message, help)) => {
                self.wrong("/idHeader", message).help = Some(help);
                None
            }
        }
    }

    fn signing(&mut self) -> Vec<Secret> {
        let Some(signing) = self.member("signing") else { return Vec::new() };
        let Some(members) = signing.as_object() else {
            self.wrong("/signing", "`signing` is an object").help = Some("write `{\"secrets\": […]}`".to_owned());
            return Vec::new();
        };
        unknown(members, &["secrets"], "/signing", self.mistakes);
        let Some(secrets) = members.get("secrets").and_then(Json::as_array) else {
            self.wrong("/signing/secrets", "`secrets` is a list of texts");
            return Vec::new();
        };
        let (mut kept, mut private) = (Vec::new(), 0);
        for (at, secret) in secrets.iter().enumerate() {
            let pointer = format!("/signing/secrets/{at}");
            let Some(text) = secret.as_str() else {
                self.wrong(pointer, "a secret is a text");
                continue;
            };
            let secret = Secret::new(text);
            match SigningKey::read(&secret) {
                Err(error) => {
                    let help = "use `whsec_` and base64, or `whsk_` and the base64 of an Ed25519 key".to_owned();
                    self.wrong(pointer, error.to_string()).help = Some(help);
                }
                Ok(key) => {
                    private += usize::from(key.public_half().is_some());
                    kept.push(secret);
                }
            }
        }
        if private > LIVE_KEYS || kept.len() - private > LIVE_KEYS {
            self.wrong("/signing/secrets", format!("up to {LIVE_KEYS} keys of a kind are live at once"));
        }
        kept
    }

    fn oauth(&mut self, manifest: &Manifest) -> Option<Oauth> {
        let Some(written) = self.member("oauth") else {
            if manifest.requires_oauth {
                let help = format!("give {}", quoted(OAUTH[..4].iter().copied()));
                self.wrong("/oauth", "the integration asks for an OAuth connection").help = Some(help);
            }
            return None;
        };
        let Some(members) = written.as_object() else {
            self.wrong("/oauth", "`oauth` is an object");
            return None;
        };
        if !manifest.requires_oauth {
            self.wrong("/oauth", "the integration has no use for an OAuth connection");
        }
        unknown(members, OAUTH, "/oauth", self.mistakes);
        let mut text = |key: &str, required: bool| -> Option<String> {
            match members.get(key).filter(|value| !value.is_null()) {
                Some(Json::String(text)) if !text.is_empty() || !required => Some(text.clone()),
                Some(Json::String(_)) => {
                    self.wrong(format!("/oauth/{key}"), format!("`{key}` is empty"));
                    None
                }
                Some(_) => {
                    self.wrong(format!("/oauth/{key}"), format!("`{key}` is a text"));
                    None
                }
                None if required => {
                    self.wrong(format!("/oauth/{key}"), format!("`{key}` is missing"));
                    None
                }
                None => None,
            }
        };
        let (base_uri, token_url) = (text("baseUri", true), text("tokenUrl", true));
        let (client_id, client_secret) = (text("clientId", true), text("clientSecret", true));
        let refresh_token = text("refreshToken", false).filter(|token| !token.is_empty());
        for (key, address) in [("baseUri", &base_uri), ("tokenUrl", &token_url)] {
            let web = |text: &str| {
                url::Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
            };
            if let Some(address) = address.as_deref().filter(|address| !web(address)) {
                self.wrong(format!("/oauth/{key}"), format!("`{address}` is not an absolute web address"));
            }
        }
        let scopes = members.get("scopes").filter(|value| !value.is_null());
        let scopes =
            scopes.map_or(Some(Vec::new()), |scopes| serde_json::from_value::<Vec<String>>(scopes.clone()).ok());
        if scopes.is_none() {
            self.wrong("/oauth/scopes", "`scopes` is a list of texts");
        }
        let client_auth = members.get("clientAuth").filter(|value| !value.is_null());
        let client_auth = client_auth
            .map_or(Some(ClientAuth::default()), |written| serde_json::from_value::<ClientAuth>(written.clone()).ok());
        if client_auth.is_none() {
            self.wrong("/oauth/clientAuth", "`clientAuth` is `body` or `basic`");
        }
        Some(Oauth {
            client_auth: client_auth?,
            base_uri: base_uri?,
            token_url: token_url?,
            client_id: client_id?,
            client_secret: Secret::new(client_secret?),
            scopes: scopes?,
            refresh_token: refresh_token.map(Secret::new),
        })
    }

    fn form(&mut self, manifest: &Manifest) -> FormValues {
        let mut values = BTreeMap::new();
        let written = match self.member("formValues") {
            None => return FormValues::default(),
            Some(Json::Object(members)) => members,
            Some(_) => {
                self.wrong("/formValues", "`formValues` is an object");
                return FormValues::default();
            }
        };
        for (key, value) in written.iter().filter(|(_, value)| !value.is_null()) {
            let pointer = format!("/formValues/{}", pointer_token(key));
            let Some(variable) = manifest.form_variables.iter().find(|variable| variable.key == *key) else {
                let keys = || manifest.form_variables.iter().map(|variable| variable.key.as_str());
                let help = match near_miss(key, keys()) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None if manifest.form_variables.is_empty() => "this integration has no form".to_owned(),
                    None => format!("its form has {}", quoted(keys())),
                };
                self.wrong(pointer, format!("the integration has no form variable `{key}`")).help = Some(help);
                continue;
            };
            match form_value(variable, value) {
                Ok(value) => {
                    values.insert(key.clone(), value);
                }
                Err(message) => {
                    self.wrong(pointer, message);
                }
            }
        }
        FormValues { values, oauth: None }
    }
}

fn form_value(variable: &FormVariable, value: &Json) -> Result<FormValue, String> {
    let key = &variable.key;
    match (variable.kind, value) {
        (FormVariableType::Boolean, Json::Bool(flag)) => Ok(FormValue::Flag(*flag)),
        (FormVariableType::Boolean, _) => Err(format!("`{key}` is `true` or `false`")),
        (FormVariableType::Multiselect | FormVariableType::EnvironmentSelector, value) => {
            let items = serde_json::from_value::<Vec<String>>(value.clone());
            items.map(FormValue::List).map_err(|_| format!("`{key}` is a list of texts"))
        }
        (_, Json::String(text)) if variable.secret() => Ok(FormValue::Secret(Secret::new(text.clone()))),
        (_, Json::String(text)) => Ok(FormValue::Text(text.clone())),
        _ => Err(format!("`{key}` is a text")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn manifest(oauth: bool) -> Manifest {
        Manifest::from_json(&json!({"requiresOAuth": oauth, "formVariables": [
            {"key": "apiKey", "type": "string", "isSecret": true}, {"key": "on", "type": "boolean"},
            {"key": "teams", "type": "multiselect", "multiselectOptions": [{"value": "a"}]},
        ]}))
    }

    fn told(written: &Json, oauth: bool) -> Vec<String> {
        let mut mistakes = Vec::new();
        let written = written.as_object().expect("an object");
        known_settings(written, &mut mistakes);
        read(written, &manifest(oauth), &mut mistakes);
        mistakes.into_iter().map(|mistake| format!("{} {}", mistake.pointer, mistake.message)).collect()
    }

    #[test]
    fn a_document_without_mistakes_has_none() {
        let written = json!({"integration": "x", "name": "n", "enabled": false, "policy": [], "concurrency": 8,
            "rate": {"perSecond": 2.5}, "ordering": "per-key", "idHeader": "X-Id",
            "signing": {"secrets": ["whsec_AAAA", "words"]}, "formValues": {"apiKey": "k", "on": true, "teams": ["a"]}});
        assert_eq!(told(&written, false), Vec::<String>::new());
    }

    #[test]
    fn every_mistake_is_told_by_its_field() {
        let written = json!({"integration": 5, "polcy": [], "policy": {}, "enabled": "yes", "concurrency": 0,
            "rate": {"perSecond": 0}, "ordering": "always", "idHeader": "Host",
            "signing": {"secrets": ["whsec_!", 5]},
            "formValues": {"apiKye": "k", "apiKey": 5, "on": "true", "teams": "a"}});
        let told = told(&written, true);
        for pointer in [
            "/integration",
            "/polcy",
            "/policy",
            "/enabled",
            "/concurrency",
            "/rate/perSecond",
            "/ordering",
            "/idHeader",
            "/signing/secrets/0",
            "/signing/secrets/1",
            "/formValues/apiKye",
            "/formValues/apiKey",
            "/formValues/on",
            "/formValues/teams",
            "/oauth",
        ] {
            assert!(told.iter().any(|line| line.starts_with(&format!("{pointer} "))), "{pointer}: {told:?}");
        }
        assert_eq!(told.len(), 15, "{told:?}");
    }

    #[test]
    fn an_oauth_connection_is_read_whole() {
        let written = json!({"oauth": {"baseUri": "https://a.example", "tokenUrl": "nowhere", "clientId": "c",
            "scopes": "all", "secret": "s"}});
        let told = told(&written, true);
        let places: Vec<&str> = told.iter().map(|line| line.split(' ').next().unwrap_or_default()).collect();
        assert_eq!(places, ["/oauth/secret", "/oauth/clientSecret", "/oauth/tokenUrl", "/oauth/scopes"]);
    }
}
