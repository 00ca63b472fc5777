//! JSON merge patches (RFC 7396).

use serde_json::{Map, Value as Json};

/// What `target` is after `patch`: null removes, objects go member by member, anything else replaces.
///
/// The mark of a secret that is set, `{"isSet": true}`, stands for the secret and changes nothing.
pub(in crate::service) fn merge(target: &mut Json, patch: &Json) {
    let Json::Object(changes) = patch else {
        *target = patch.clone();
        return;
    };
    if super::marks::is_mark(patch) && target.is_string() {
        return;
    }
    if !target.is_object() {
        *target = Json::Object(Map::new());
    }
    let Json::Object(members) = target else { return };
    for (key, change) in changes {
        if change.is_null() {
            members.remove(key);
        } else {
            merge(members.entry(key.clone()).or_insert(Json::Null), change);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};

    fn merged(target: &Json, patch: &Json) -> Json {
        let mut target = target.clone();
        super::merge(&mut target, patch);
        target
    }

    #[test]
    fn the_rows_of_the_standard_hold() {
        for (target, patch, expected) in [
            (json!({"a": "b"}), json!({"a": "c"}), json!({"a": "c"})),
            (json!({"a": "b"}), json!({"b": "c"}), json!({"a": "b", "b": "c"})),
            (json!({"a": "b", "b": "c"}), json!({"a": null}), json!({"b": "c"})),
            (json!({"a": ["b"]}), json!({"a": "c"}), json!({"a": "c"})),
            (json!({"a": {"b": "c"}}), json!({"a": {"b": "d", "c": null}}), json!({"a": {"b": "d"}})),
            (json!({"a": [{"b": "c"}]}), json!({"a": [1]}), json!({"a": [1]})),
            (json!([1, 2]), json!({"a": "b", "c": null}), json!({"a": "b"})),
            (json!({}), json!({"a": {"bb": {"ccc": null}}}), json!({"a": {"bb": {}}})),
        ] {
            assert_eq!(merged(&target, &patch), expected);
        }
    }

    #[test]
    fn the_mark_of_a_secret_keeps_it() {
        let target = json!({"formValues": {"apiKey": "hush", "url": "https://a.example"}});
        let patch = json!({"formValues": {"apiKey": {"isSet": true}, "url": "https://b.example"}});
        assert_eq!(merged(&target, &patch), json!({"formValues": {"apiKey": "hush", "url": "https://b.example"}}));
    }
}
