//! `reserved-form-key`

use super::prelude::*;
use crate::checks::parts::{Form, MAIN_FORM, forms};
use crate::render::helper_names;

/// Addresses and headers name form variables by their keys alone: one that is called like something else there
/// can never be read.
pub(super) struct ReservedFormKey;

/// What stands beside form variables in addresses and headers.
const PROVIDED: [&str; 2] = ["context", "oauth"];

/// Words that templates read as something other than a name.
const WORDS: [&str; 7] = ["true", "false", "null", "undefined", "this", "else", "as"];

impl Rule for ReservedFormKey {
    fn id(&self) -> &'static str {
        "reserved-form-key"
    }

    fn summary(&self) -> &'static str {
        "a form variable's key is empty, or means something else in templates"
    }

    fn check(&self, scene: Scene<'_>, out: &mut Vec<Finding>) {
        for form in forms(&scene.integration.manifest) {
            for (pointer, variable) in form.placed() {
                let (key, at) = (variable.key.as_str(), format!("{pointer}/key"));
                if !scene.has(&at) {
                    continue;
                }
                let (message, help) = if key.trim().is_empty() {
                    ("a form variable has an empty key".to_owned(), "give it a name that templates can use")
                } else if let Some(taken) = taken(form, key) {
                    (format!("`{key}` is {taken}, so that no address or header can read this variable"), RENAME)
                } else {
                    continue;
                };
                out.push(self.finding(scene.value(&at), message).helped(help));
            }
        }
    }
}

const RENAME: &str = "give it another key";

/// What else the key means, where form variables stand at the root.
fn taken(form: Form<'_>, key: &str) -> Option<&'static str> {
    let store = form.pointer == "/capabilities/featureStore/formVariables";
    if form.pointer != MAIN_FORM && !store {
        return None;
    }
    match key {
        _ if helper_names().any(|helper| helper == key) => Some("the name of a helper"),
        _ if WORDS.contains(&key) => Some("a word of the template language"),
        _ if PROVIDED.contains(&key) => Some("what addresses and headers call something else"),
        "_featureStoreKey" | "envId" if store => Some("what a feature store's requests call something else"),
        _ => None,
    }
}
