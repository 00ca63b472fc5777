//! Configurations as people write them: words that mean nothing are told with the word that was meant.

use serde_json::{Map, Value as Json};

use super::configuration::{SourceConfiguration, SourceKind};
use super::mistake::{ConfigurationError, Mistakes};
use super::reading::Source;
use crate::value::pointer_token;

const SETTINGS: &[&str] = &[
    "key",
    "kind",
    "secrets",
    "authorization",
    "tokens",
    "jwks",
    "project",
    "organization",
    "base_url",
    "mapping",
    "signature",
    "limits",
];
const LIMITS: &[&str] = &["body_bytes", "inflated_bytes", "entry_bytes", "entries"];
const SIGNATURE: &[&str] = &["header", "prefix", "encoding"];
const RULE: &[&str] = &["pointer", "values", "default"];
const MAPPING: &[&str] = &[
    "entries",
    "id",
    "kind",
    "action",
    "time",
    "name",
    "key",
    "tags",
    "account",
    "project",
    "project_name",
    "environment",
    "environment_name",
    "actor",
    "actor_id",
    "actor_email",
    "title",
    "details",
    "markdown",
    "comment",
    "link",
    "resource",
    "extra",
];

impl Source {
    /// Reads and understands a configuration in JSON.
    ///
    /// # Errors
    /// Every mistake in it: words that no setting has, values of the wrong shape, and all that
    /// [`Source::new`] tells.
    pub fn read(mut written: Json) -> Result<Source, ConfigurationError> {
        let mut mistakes = Mistakes::default();
        let Some(settings) = written.as_object_mut() else {
            mistakes.add("", "the configuration of a source is an object");
            return Err(ConfigurationError { mistakes: mistakes.0 });
        };
        drop_unknown(settings, SETTINGS, "", &mut mistakes);
        for (name, known) in [("limits", LIMITS), ("signature", SIGNATURE), ("mapping", MAPPING)] {
            let Some(inner) = settings.get_mut(name).and_then(Json::as_object_mut) else { continue };
            drop_unknown(inner, known, &format!("/{name}"), &mut mistakes);
            if name == "mapping" {
                drop_unknown_in_rules(inner, "/mapping", &mut mistakes);
                if let Some(extra) = inner.get_mut("extra").and_then(Json::as_object_mut) {
                    drop_unknown_in_rules(extra, "/mapping/extra", &mut mistakes);
                }
            }
        }
        if let Some(Err(error)) = settings.get("kind").and_then(Json::as_str).map(str::parse::<SourceKind>) {
            mistakes.0.extend(error.mistakes);
            return Err(ConfigurationError { mistakes: mistakes.0 });
        }
        match serde_json::from_value::<SourceConfiguration>(written) {
            Err(error) => {
                mistakes.add("", error.to_string());
            }
            Ok(written) => match Source::new(&written) {
                Ok(source) => return mistakes.settle(source),
                Err(error) => mistakes.0.extend(error.mistakes),
            },
        }
        Err(ConfigurationError { mistakes: mistakes.0 })
    }
}

fn drop_unknown_in_rules(fields: &mut Map<String, Json>, place: &str, mistakes: &mut Mistakes) {
    for (name, field) in fields.iter_mut().filter(|(name, _)| *name != "extra") {
        if let Some(rule) = field.as_object_mut() {
            drop_unknown(rule, RULE, &format!("{place}/{name}"), mistakes);
        }
    }
}

/// Tells every member that is not known, and takes it out so that the rest can be read.
fn drop_unknown(object: &mut Map<String, Json>, known: &[&str], place: &str, mistakes: &mut Mistakes) {
    let unknown: Vec<String> = object.keys().filter(|name| !known.contains(&name.as_str())).cloned().collect();
    for name in unknown {
        object.remove(&name);
        let near = known.iter().min_by_key(|known| strsim::damerau_levenshtein(known, &name));
        let near = near.filter(|known| strsim::damerau_levenshtein(known, &name) <= 1 + name.len() / 4);
        let token = pointer_token(&name);
        let mistake = mistakes.add(format!("{place}/{token}"), format!("no setting is named `{name}`"));
        match near {
            Some(near) => mistake.help(format!("did you mean `{near}`?")),
            None => mistake.help(format!("there are {}", quoted(known))),
        }
    }
}

/// A list of words for a sentence.
fn quoted(words: &[&str]) -> String {
    words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::{LIMITS, MAPPING, SETTINGS, SIGNATURE};
    use crate::source::{Source, SourceConfiguration};

    #[test]
    fn unknown_words_are_told_together_with_everything_else() {
        let written = serde_json::json!({"key": "Bad Key", "kind": "generic", "secert": "x", "limits": {"entires": 1},
            "mapping": {"kind": {"pointre": "/x"}, "actoin": "/a", "colour": "/c"}});
        let error = Source::read(written).expect_err("it is full of mistakes");
        let told: Vec<_> =
            error.mistakes.iter().map(|mistake| (mistake.pointer.as_str(), mistake.help.as_deref())).collect();
        for expected in [
            ("/secert", Some("did you mean `secrets`?")),
            ("/limits/entires", Some("did you mean `entries`?")),
            ("/mapping/actoin", Some("did you mean `action`?")),
            ("/mapping/kind/pointre", Some("did you mean `pointer`?")),
        ] {
            assert!(told.contains(&expected), "{expected:?} is not in {told:?}");
        }
        assert!(
            told.iter().any(|(pointer, help)| *pointer == "/mapping/colour"
                && help.is_some_and(|help| help.starts_with("there are")))
        );
        assert!(told.iter().any(|(pointer, _)| *pointer == "/key"));
    }

    #[test]
    fn a_wrong_kind_and_a_wrong_shape_are_told() {
        for written in [
            serde_json::json!({"key": "a", "kind": "konect"}),
            serde_json::json!({"key": "a"}),
            serde_json::json!({"key": 7, "kind": "split"}),
            serde_json::json!([]),
        ] {
            assert!(Source::read(written.clone()).is_err(), "{written}");
        }
    }

    #[test]
    fn every_setting_that_is_known_here_is_one_that_is_read() {
        // serde names every member it knows in its message about one that it does not.
        let message = |json: &str| serde_json::from_str::<SourceConfiguration>(json).expect_err("unknown").to_string();
        for (json, known) in [
            (r#"{"?":1}"#, SETTINGS),
            (r#"{"limits":{"?":1}}"#, LIMITS),
            (r#"{"signature":{"?":1}}"#, SIGNATURE),
            (r#"{"mapping":{"?":1}}"#, MAPPING),
        ] {
            let message = message(json);
            let named: Vec<&str> = message.split('`').skip(3).step_by(2).collect();
            assert_eq!(named, known, "{message}");
        }
    }
}
