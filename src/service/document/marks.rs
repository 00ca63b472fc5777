//! What stands for secrets where a document is shown, and how it is taken back.
//!
//! A secret is shown as `{"isSet": true}`; one of a list with an `id` as well, because its place says nothing once the list
//! has changed. Whoever sends a mark back keeps the secret.

use serde_json::{Value as Json, json};
use sha2::{Digest as _, Sha256};

use super::passwords;
use super::secrets::{place, sealed_places, sealed_text, walk};
use crate::service::{FieldMistake, SealError, Sealer};

const IS_SET: &str = "isSet";
const ID: &str = "id";
/// The list of secrets.
const LIST: &str = "/signing/secrets";

fn mark(id: Option<&str>) -> Json {
    match id {
        Some(id) => json!({ IS_SET: true, ID: id }),
        None => json!({ IS_SET: true }),
    }
}

/// Whether a value is the mark of a secret that is set.
pub(super) fn is_mark(value: &Json) -> bool {
    read(value).is_some()
}

/// The id of a mark, if it has one.
fn read(value: &Json) -> Option<Option<&str>> {
    let members = value.as_object().filter(|members| members.get(IS_SET) == Some(&Json::Bool(true)))?;
    match members.get(ID) {
        None => (members.len() == 1).then_some(None),
        Some(id) => (members.len() == 2).then_some(Some(id.as_str()?)),
    }
}

/// Tells the secrets of a list apart, and says next to nothing about one.
fn id_of(secret: &str) -> String {
    hex::encode(&Sha256::digest(secret)[..4])
}

/// A document at rest as it may be shown: without what is sealed, without what is a text where a secret belongs, and
/// without the passwords in addresses.
pub(in crate::service) fn shown(sealer: &dyn Sealer, subscription: &str, at_rest: &Json, secrets: &[String]) -> Json {
    let mut shown = at_rest.clone();
    let done: Result<(), SealError> = walk(&mut shown, &mut String::new(), &mut |value, pointer| {
        let listed = pointer.starts_with(LIST);
        let instead = match (sealed_text(value), value.as_str()) {
            (Some(sealed), _) => {
                let opened = if listed { sealer.open(sealed, &place(subscription, pointer)).ok() } else { None };
                Some(mark(opened.map(|secret| id_of(secret.expose())).as_deref()))
            }
            (None, Some(text)) if !text.is_empty() && secrets.iter().any(|secret| secret == pointer) => {
                Some(mark(listed.then(|| id_of(text)).as_deref()))
            }
            (None, Some(text)) if passwords::may_be_at(pointer) => passwords::without_password(text).map(Json::String),
            _ => None,
        };
        let replaced = instead.is_some();
        if let Some(instead) = instead {
            *value = instead;
        }
        Ok(replaced)
    });
    done.map_or(Json::Null, |()| shown)
}

/// What was kept because its mark was sent back, or because it was left out.
#[derive(Debug, Default)]
pub(in crate::service) struct Kept {
    /// Places of secrets that requests carry.
    pub(in crate::service) secrets: Vec<String>,
    /// Places of addresses whose password was kept.
    pub(in crate::service) passwords: Vec<String>,
}

/// Puts what is known in the place of its marks. `known` is the document before, at rest and opened.
pub(in crate::service) fn resolve(
    written: &mut Json,
    known: Option<(&Json, &Json)>,
    secrets: &[String],
    mistakes: &mut Vec<FieldMistake>,
) -> Kept {
    let mut kept = Kept::default();
    let opened = known.map(|(_, opened)| opened);
    let mut places: Vec<String> = secrets.iter().filter(|pointer| !pointer.starts_with(LIST)).cloned().collect();
    for pointer in known.map(|(at_rest, _)| sealed_places(at_rest)).unwrap_or_default() {
        if !pointer.starts_with(LIST) && !places.contains(&pointer) {
            places.push(pointer);
        }
    }
    for pointer in places {
        let Some(value) = written.pointer_mut(&pointer).filter(|value| is_mark(value)) else { continue };
        match opened.and_then(|opened| opened.pointer(&pointer)?.as_str()).filter(|secret| !secret.is_empty()) {
            Some(secret) => {
                *value = Json::String(secret.to_owned());
                kept.secrets.push(pointer);
            }
            None => {
                *value = Json::String(String::new());
                mistakes.push(none_yet(pointer));
            }
        }
    }
    resolve_list(written, opened, mistakes);
    resolve_passwords(written, opened, &mut kept, mistakes);
    kept
}

fn none_yet(pointer: String) -> FieldMistake {
    FieldMistake::new(pointer, "there is no secret yet that could be kept").help("give the secret itself".to_owned())
}

fn resolve_list(written: &mut Json, opened: Option<&Json>, mistakes: &mut Vec<FieldMistake>) {
    let Some(Json::Array(list)) = written.pointer_mut(LIST) else { return };
    let before: Vec<&str> = opened
        .and_then(|opened| opened.pointer(LIST)?.as_array())
        .map(|list| list.iter().filter_map(Json::as_str).collect())
        .unwrap_or_default();
    let length = list.len();
    for (at, value) in list.iter_mut().enumerate() {
        let Some(id) = read(value) else { continue };
        let pointer = format!("{LIST}/{at}");
        let found = match id {
            _ if before.is_empty() => Err(none_yet(pointer)),
            Some(id) => before.iter().find(|secret| id_of(secret) == *id).ok_or_else(|| {
                FieldMistake::new(pointer, format!("no secret that is set has the id `{id}`"))
                    .help("give the secret itself, or the `id` of one as it is shown".to_owned())
            }),
            None if before.len() == length => Ok(&before[at]),
            None => {
                Err(FieldMistake::new(pointer, "the list has another length, so it is not clear which secret is meant")
                    .help("send the mark back with its `id`, as it is shown, or give the secret itself".to_owned()))
            }
        };
        *value = match found {
            Ok(secret) => Json::String((*secret).to_owned()),
            Err(mistake) => {
                mistakes.push(mistake);
                Json::String(String::new())
            }
        };
    }
}

fn resolve_passwords(written: &mut Json, opened: Option<&Json>, kept: &mut Kept, mistakes: &mut Vec<FieldMistake>) {
    let done: Result<(), SealError> = walk(written, &mut String::new(), &mut |value, pointer| {
        let Some(text) = value.as_str().filter(|text| passwords::may_be_at(pointer) && passwords::is_masked(text))
        else {
            return Ok(false);
        };
        let before = opened.and_then(|opened| opened.pointer(pointer)?.as_str());
        match before.filter(|before| passwords::without_password(before).as_deref() == Some(text)) {
            Some(before) => {
                *value = Json::String(before.to_owned());
                kept.passwords.push(pointer.to_owned());
            }
            None => mistakes.push(
                FieldMistake::new(
                    pointer,
                    "a mask stands where its password should be, and the address is another one",
                )
                .help("give the password again".to_owned()),
            ),
        }
        Ok(true)
    });
    debug_assert!(done.is_ok(), "nothing is opened here");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolved(written: &Json, before: &Json) -> (Json, Kept, Vec<String>) {
        let (mut document, mut mistakes) = (written.clone(), Vec::new());
        let secrets = ["/formValues/apiKey".to_owned(), "/oauth/refreshToken".to_owned()];
        let kept = resolve(&mut document, Some((before, before)), &secrets, &mut mistakes);
        (document, kept, mistakes.into_iter().map(|mistake| mistake.pointer).collect())
    }

    #[test]
    fn marks_stand_for_what_is_set_and_nothing_else() {
        let before = json!({"formValues": {"apiKey": "hush-hush"}, "oauth": {"refreshToken": ""}});
        let marks = json!({"formValues": {"apiKey": {"isSet": true}}, "oauth": {"refreshToken": {"isSet": true}}});
        let (document, kept, told) = resolved(&marks, &before);
        assert_eq!(document["formValues"]["apiKey"], json!("hush-hush"));
        assert_eq!(
            (kept.secrets, told),
            (vec!["/formValues/apiKey".to_owned()], vec!["/oauth/refreshToken".to_owned()])
        );
        for none in
            [json!({"isSet": false}), json!({"isSet": true, "x": 1}), json!({"isSet": true, "id": 5}), json!("")]
        {
            assert!(!is_mark(&none), "{none}");
        }
    }

    #[test]
    fn a_secret_of_a_list_is_known_by_its_id() {
        let before = json!({"signing": {"secrets": ["old", "new"]}});
        let list = |marks: Json| {
            let (document, _, told) = resolved(&json!({"signing": {"secrets": marks}}), &before);
            (document["signing"]["secrets"].clone(), told)
        };
        let id = |secret: &str| json!({"isSet": true, "id": id_of(secret)});
        assert_eq!(list(json!([id("new")])), (json!(["new"]), vec![]));
        assert_eq!(list(json!([id("new"), id("old"), "newer"])), (json!(["new", "old", "newer"]), vec![]));
        assert_eq!(list(json!([{"isSet": true}, {"isSet": true}])), (json!(["old", "new"]), vec![]));
        assert_eq!(list(json!([{"isSet": true}])).1, ["/signing/secrets/0"]);
        assert_eq!(list(json!(["x", {"isSet": true, "id": "00000000"}])).1, ["/signing/secrets/1"]);
    }

    #[test]
    fn a_masked_password_stands_for_the_one_of_the_same_address() {
        let before = json!({"formValues": {"url": "https://u:pw@a.example/x"}});
        let (document, kept, told) =
            resolved(&json!({"formValues": {"url": "https://u:[secret]@a.example/x"}}), &before);
        assert_eq!(document, before);
        assert_eq!((kept.passwords, told), (vec!["/formValues/url".to_owned()], vec![]));
        let (_, _, told) = resolved(&json!({"formValues": {"url": "https://u:[secret]@b.example/x"}}), &before);
        assert_eq!(told, ["/formValues/url"]);
    }
}
