//! The secrets of a document: where they are, sealed at rest, never shown.

use serde_json::{Map, Value as Json, json};

use super::Written;
use crate::manifest::Manifest;
use crate::secret::Secret;
use crate::service::{FieldMistake, SealError, Sealer};

const SEALED: &str = "sealed";
const IS_SET: &str = "isSet";

/// Where a document for an integration of this manifest may hold secrets. Only texts there are secrets: anything else
/// is a mistake, and told as one.
pub(in crate::service) fn pointers(written: &Written, manifest: &Manifest) -> Vec<String> {
    let variables = manifest.form_variables.iter().filter(|variable| variable.secret());
    let mut pointers: Vec<String> =
        variables.map(|variable| format!("/formValues/{}", escaped(&variable.key))).collect();
    let signing = written.get("signing").and_then(|signing| signing.get("secrets")).and_then(Json::as_array);
    pointers.extend((0..signing.map_or(0, Vec::len)).map(|at| format!("/signing/secrets/{at}")));
    pointers.extend(["/oauth/clientSecret", "/oauth/refreshToken"].map(str::to_owned));
    pointers
}

fn escaped(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

/// Whether a value is the mark of a secret that is set.
pub(super) fn is_mark(value: &Json) -> bool {
    value.as_object().is_some_and(|mark| mark.len() == 1 && mark.get(IS_SET) == Some(&Json::Bool(true)))
}

/// Puts the secrets of `before` in the place of their marks.
pub(in crate::service) fn resolve(
    written: &mut Json,
    before: Option<&Json>,
    pointers: &[String],
    mistakes: &mut Vec<FieldMistake>,
) {
    for pointer in pointers {
        let Some(value) = written.pointer_mut(pointer).filter(|value| is_mark(value)) else { continue };
        match before.and_then(|before| before.pointer(pointer)).filter(|secret| secret.is_string()) {
            Some(secret) => *value = secret.clone(),
            None => {
                *value = Json::String(String::new());
                mistakes.push(
                    FieldMistake::new(pointer.clone(), "there is no secret yet that could be kept")
                        .help("give the secret itself".to_owned()),
                );
            }
        }
    }
}

fn place(subscription: &str, pointer: &str) -> String {
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
        let Json::String(text) = &*value else { continue };
        let kept = before.and_then(|(at_rest, opened)| {
            let same = opened.pointer(pointer)?.as_str()? == text;
            at_rest.pointer(pointer).filter(|rest| same && rest.get(SEALED).is_some()).cloned()
        });
        *value = match kept {
            Some(kept) => kept,
            None => json!({ SEALED: sealer.seal(&Secret::new(text.clone()), &place(subscription, pointer))? }),
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

/// A document at rest as it may be shown.
pub(in crate::service) fn masked(at_rest: &Json) -> Json {
    let mut shown = at_rest.clone();
    let done: Result<(), SealError> = walk(&mut shown, &mut String::new(), &mut |value, _| {
        let sealed = sealed_text(value).is_some();
        if sealed {
            *value = json!({ IS_SET: true });
        }
        Ok(sealed)
    });
    done.map_or(Json::Null, |()| shown)
}

fn sealed_text(value: &Json) -> Option<&str> {
    value.as_object().filter(|members| members.len() == 1)?.get(SEALED)?.as_str()
}

type Visit<'v> = dyn FnMut(&mut Json, &str) -> Result<bool, SealError> + 'v;

/// Visits every value, outer ones first, with its pointer; a visitor that says yes is shown nothing inside.
fn walk(value: &mut Json, pointer: &mut String, visit: &mut Visit<'_>) -> Result<(), SealError> {
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
            members.iter_mut().try_for_each(|(key, value)| inside(&escaped(key), value, visit))
        }
        Json::Array(items) => {
            items.iter_mut().enumerate().try_for_each(|(at, value)| inside(&at.to_string(), value, visit))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
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
            assert!(!masked(&at_rest).to_string().contains(secret));
        }
        assert_eq!(open(&vault, "s", &at_rest).expect("it opens"), written);
        assert!(open(&vault, "t", &at_rest).is_err(), "a document of another subscription");
        let shown = masked(&at_rest);
        assert_eq!(shown["formValues"], json!({"api/Key": {"isSet": true}, "url": "https://a.example"}));
        assert_eq!(shown["signing"]["secrets"], json!([{"isSet": true}, {"isSet": true}]));
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

    #[test]
    fn marks_stand_for_what_is_set_and_nothing_else() {
        let before = written();
        let mut shown = json!({"formValues": {"api/Key": {"isSet": true}}, "oauth": {"refreshToken": {"isSet": true}}});
        let mut mistakes = Vec::new();
        let places = places(&shown);
        resolve(&mut shown, Some(&before), &places, &mut mistakes);
        assert_eq!(shown["formValues"]["api/Key"], json!("hush-hush"));
        let told: Vec<&str> = mistakes.iter().map(|mistake| mistake.pointer.as_str()).collect();
        assert_eq!(told, ["/oauth/refreshToken"]);
    }
}
