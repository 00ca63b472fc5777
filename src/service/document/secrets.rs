//! The secrets of a document: where they are, sealed at rest, never shown.

use serde_json::{Map, Value as Json, json};

use super::Written;
use crate::manifest::Manifest;
use crate::secret::Secret;
use crate::service::{SealError, Sealer};
use crate::value::pointer_token;

const SEALED: &str = "sealed";

/// Where a document for an integration of this manifest may hold secrets. Only texts there are secrets: anything else
/// is a mistake, and told as one.
pub(in crate::service) fn pointers(written: &Written, manifest: &Manifest) -> Vec<String> {
    let variables = manifest.form_variables.iter().filter(|variable| variable.secret());
    let mut pointers: Vec<String> =
        variables.map(|variable| format!("/formValues/{}", pointer_token(&variable.key))).collect();
    let signing = written.get("signing").and_then(|signing| signing.get("secrets")).and_then(Json::as_array);
    pointers.extend((0..signing.map_or(0, Vec::len)).map(|at| format!("/signing/secrets/{at}")));
    pointers.extend(["/oauth/clientSecret", "/oauth/refreshToken"].map(str::to_owned));
    pointers
}

pub(super) fn place(subscription: &str, pointer: &str) -> String {
    format!("subscription/{subscription}{pointer}")
}

/// Seals the secrets of a document. What is the same as before stays sealed as it was, so that a document that does
/// not change does not look changed.
pub(in crate::service) fn seal(
    sealer: &dyn Sealer,
    subscription: &str,
    written: &Json,
    pointers: &[String],
    before: Option<(&Json, &Json)>,
) -> Result<Json, SealError> {
    let mut sealed = written.clone();
    for pointer in pointers {
        let Some(value) = sealed.pointer_mut(pointer) else { continue };
        // An empty text is no secret that is set.
        let Some(text) = value.as_str().filter(|text| !text.is_empty()) else { continue };
        let kept = before.and_then(|(at_rest, opened)| {
            let same = opened.pointer(pointer)?.as_str()? == text;
            at_rest.pointer(pointer).filter(|rest| same && rest.get(SEALED).is_some()).cloned()
        });
        *value = match kept {
            Some(kept) => kept,
            None => json!({ SEALED: sealer.seal(&Secret::new(text), &place(subscription, pointer))? }),
        };
    }
    Ok(sealed)
}

/// Opens whatever is sealed in a document at rest.
pub(in crate::service) fn open(sealer: &dyn Sealer, subscription: &str, at_rest: &Json) -> Result<Json, SealError> {
    let mut opened = at_rest.clone();
    walk(&mut opened, &mut String::new(), &mut |value, pointer| {
        let Some(sealed) = sealed_text(value) else { return Ok(false) };
        let secret = sealer.open(sealed, &place(subscription, pointer))?;
        *value = Json::String(secret.expose().to_owned());
        Ok(true)
    })?;
    Ok(opened)
}

/// Where a document at rest holds something sealed.
pub(in crate::service) fn sealed_places(at_rest: &Json) -> Vec<String> {
    let mut places = Vec::new();
    let done: Result<(), SealError> = walk(&mut at_rest.clone(), &mut String::new(), &mut |value, pointer| {
        let sealed = sealed_text(value).is_some();
        if sealed {
            places.push(pointer.to_owned());
        }
        Ok(sealed)
    });
    debug_assert!(done.is_ok(), "nothing is opened here");
    places
}

pub(super) fn sealed_text(value: &Json) -> Option<&str> {
    value.as_object().filter(|members| members.len() == 1)?.get(SEALED)?.as_str()
}

pub(super) type Visit<'v> = dyn FnMut(&mut Json, &str) -> Result<bool, SealError> + 'v;

/// Visits every value, outer ones first, with its pointer; a visitor that says yes is shown nothing inside.
pub(super) fn walk(value: &mut Json, pointer: &mut String, visit: &mut Visit<'_>) -> Result<(), SealError> {
    if visit(value, pointer)? {
        return Ok(());
    }
    let length = pointer.len();
    let mut inside = |key: &str, value: &mut Json, visit: &mut Visit<'_>| {
        pointer.push('/');
        pointer.push_str(key);
        let walked = walk(value, pointer, visit);
        pointer.truncate(length);
        walked
    };
    match value {
        Json::Object(members) => {
            let members: &mut Map<String, Json> = members;
            members.iter_mut().try_for_each(|(key, value)| inside(&pointer_token(key), value, visit))
        }
        Json::Array(items) => {
            items.iter_mut().enumerate().try_for_each(|(at, value)| inside(&at.to_string(), value, visit))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::marks::shown;
    use super::*;
    use crate::vault::{MasterKey, Vault};

    fn vault() -> Vault {
        Vault::new(&MasterKey::new([7; 32])).expect("a key")
    }

    fn manifest() -> Manifest {
        Manifest::from_json(&json!({"formVariables": [
            {"key": "api/Key", "type": "string", "isSecret": true}, {"key": "url", "type": "uri"},
        ]}))
    }

    fn written() -> Json {
        json!({"formValues": {"api/Key": "hush-hush", "url": "https://a.example"},
            "signing": {"secrets": ["whsec_AAAA", "words"]}, "oauth": {"clientSecret": "deep"}})
    }

    fn places(written: &Json) -> Vec<String> {
        pointers(written.as_object().expect("an object"), &manifest())
    }

    #[test]
    fn what_is_at_rest_tells_no_secret_and_opens_again() {
        let (vault, written) = (vault(), written());
        let at_rest = seal(&vault, "s", &written, &places(&written), None).expect("it seals");
        for secret in ["hush-hush", "whsec_AAAA", "words", "deep"] {
            assert!(!at_rest.to_string().contains(secret));
            assert!(!shown(&vault, "s", &at_rest, &[]).to_string().contains(secret));
        }
        assert_eq!(open(&vault, "s", &at_rest).expect("it opens"), written);
        assert!(open(&vault, "t", &at_rest).is_err(), "a document of another subscription");
        let shown = shown(&vault, "s", &at_rest, &[]);
        assert_eq!(shown["formValues"], json!({"api/Key": {"isSet": true}, "url": "https://a.example"}));
        let ids: Vec<&Json> = (0..2).map(|at| &shown["signing"]["secrets"][at]["id"]).collect();
        // The beginnings of SHA-256 of `whsec_AAAA` and of `words`.
        assert_eq!(ids, ["f602ccce", "dba36bff"]);
    }

    #[test]
    fn an_empty_text_is_not_set() {
        let vault = vault();
        let written = json!({"oauth": {"refreshToken": ""}});
        let at_rest = seal(&vault, "s", &written, &places(&written), None).expect("it seals");
        assert_eq!((&at_rest, &shown(&vault, "s", &at_rest, &places(&written))), (&written, &written));
    }

    #[test]
    fn a_text_where_a_secret_belongs_and_a_password_are_not_shown() {
        let at_rest = json!({"formValues": {"api/Key": "hush-hush", "url": "https://u:pw@a.example"}});
        let shown = shown(&vault(), "s", &at_rest, &places(&at_rest));
        assert_eq!(shown["formValues"], json!({"api/Key": {"isSet": true}, "url": "https://u:[secret]@a.example"}));
    }

    #[test]
    fn what_does_not_change_is_not_sealed_anew() {
        let (vault, first) = (vault(), written());
        let at_rest = seal(&vault, "s", &first, &places(&first), None).expect("it seals");
        let again = seal(&vault, "s", &first, &places(&first), Some((&at_rest, &first))).expect("it seals");
        assert_eq!(again, at_rest);
        let mut other = first.clone();
        other["oauth"]["clientSecret"] = json!("deeper");
        let changed = seal(&vault, "s", &other, &places(&other), Some((&at_rest, &first))).expect("it seals");
        assert_ne!(changed["oauth"], at_rest["oauth"]);
        assert_eq!(changed["formValues"], at_rest["formValues"]);
    }
}
