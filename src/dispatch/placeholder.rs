//! Placeholders for what nobody filled in, and masks for what must not be shown: both are `$API_TOKEN`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::form::required;
use super::visibility::is_shown;
use crate::form::{FormValue, FormValues, OauthConnection};
use crate::manifest::{FormVariableType, Manifest};
use crate::secret::Secret;

const BASE_URI: &str = "$OAUTH_BASE_URI";
const ACCESS_TOKEN: &str = "$OAUTH_ACCESS_TOKEN";

/// What stands for the value of a form variable: `apiToken` is `$API_TOKEN`, `base-url` is `$BASE_URL`.
pub fn placeholder(key: &str) -> String {
    let letters: Vec<char> = key.chars().collect();
    let mut name = String::from("$");
    for (at, letter) in letters.iter().enumerate() {
        let before = at.checked_sub(1).map(|before| letters[before]);
        let after = letters.get(at + 1);
        // A word starts at a capital after a small letter, and at the last capital of several: `hostURLPath`.
        let starts = letter.is_uppercase()
            && before.is_some_and(|before| {
                before.is_lowercase()
                    || before.is_ascii_digit()
                    || (before.is_uppercase() && after.is_some_and(|after| after.is_lowercase()))
            });
        if starts && !name.ends_with('_') {
            name.push('_');
        }
        if letter.is_alphanumeric() {
            name.extend(letter.to_uppercase());
        } else if !name.ends_with('_') && at > 0 {
            name.push('_');
        }
    }
    name
}

/// Fills what an administrator must give, and has not given, with placeholders.
pub fn fill_in(manifest: &Manifest, form: &FormValues) -> FormValues {
    let mut filled = form.clone();
    for variable in manifest.form_variables.iter().filter(|variable| required(variable)) {
        // Nobody fills in a field that is not there.
        if !is_shown(variable, &manifest.form_variables, &filled) {
            continue;
        }
        let value = match variable.kind {
            FormVariableType::Multiselect | FormVariableType::EnvironmentSelector => {
                let options = variable.multiselect_options.iter().flatten().map(|option| option.value.clone());
                let options: Vec<String> = options.collect();
                FormValue::List(if options.is_empty() { vec![placeholder(&variable.key)] } else { options })
            }
            _ => FormValue::Text(placeholder(&variable.key)),
        };
        filled.values.entry(variable.key.clone()).or_insert(value);
    }
    if manifest.requires_oauth {
        let oauth = filled
            .oauth
            .get_or_insert_with(|| OauthConnection { base_uri: String::new(), access_token: Secret::new("") });
        if oauth.base_uri.is_empty() {
            BASE_URI.clone_into(&mut oauth.base_uri);
        }
        if oauth.access_token.expose().is_empty() {
            oauth.access_token = Secret::new(ACCESS_TOKEN);
        }
    }
    filled
}

/// The same form with a placeholder for every secret in it, for plans that are shown.
pub fn masked(manifest: &Manifest, form: &FormValues) -> FormValues {
    let mut shown = form.clone();
    for variable in manifest.form_variables.iter().filter(|variable| variable.secret()) {
        if let Some(value) = shown.values.get_mut(&variable.key) {
            let empty = match value {
                FormValue::Text(text) => text.is_empty(),
                FormValue::Secret(secret) => secret.expose().is_empty(),
                FormValue::Flag(_) | FormValue::List(_) => true,
            };
            // An empty secret hides nothing, and `{{#if secret}}` must go the way that it really goes.
            if !empty {
                *value = FormValue::Text(placeholder(&variable.key));
            }
        }
    }
    if let Some(oauth) = shown.oauth.as_mut().filter(|oauth| !oauth.access_token.expose().is_empty()) {
        oauth.access_token = Secret::new(ACCESS_TOKEN);
    }
    shown
}

/// The placeholders among the values of `form` that `given` does not have, the longest first.
pub fn placeholders(form: &FormValues, given: &FormValues) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for (key, value) in &form.values {
        let name = placeholder(key);
        let stands_in = match value {
            FormValue::Text(text) => *text == name,
            FormValue::List(items) => items.as_slice() == [name.as_str()],
            FormValue::Secret(_) | FormValue::Flag(_) => false,
        };
        if stands_in && given.values.get(key) != Some(value) {
            names.push(name);
        }
    }
    if let Some(oauth) = &form.oauth {
        let known = given.oauth.as_ref();
        if oauth.base_uri == BASE_URI && known.is_none_or(|known| known.base_uri != BASE_URI) {
            names.push(BASE_URI.to_owned());
        }
        let token = oauth.access_token.expose();
        if token == ACCESS_TOKEN && known.is_none_or(|known| known.access_token.expose() != ACCESS_TOKEN) {
            names.push(ACCESS_TOKEN.to_owned());
        }
    }
    names.sort_by_key(|name| std::cmp::Reverse(name.len()));
    names
}

/// A text in which no placeholder is percent-encoded: `%24API_TOKEN` is `$API_TOKEN` again.
pub fn with_plain_placeholders(text: &str, placeholders: &[String]) -> String {
    placeholders.iter().fold(text.to_owned(), |text, name| text.replace(&format!("%24{}", &name[1..]), name))
}

/// The value of a header in which credentials are encoded, with their placeholders to be seen: `Basic base64($USER:$TOKEN)`.
pub fn with_plain_credentials(value: &str, placeholders: &[String]) -> String {
    let plain = || {
        let encoded = value.strip_prefix("Basic ")?;
        let pair = String::from_utf8(STANDARD.decode(encoded).ok()?).ok()?;
        placeholders.iter().any(|name| pair.contains(name.as_str())).then(|| format!("{ENCODED}{pair})"))
    };
    plain().unwrap_or_else(|| value.to_owned())
}

/// The credentials that [`with_plain_credentials`] wrote into a value.
pub fn plain_credentials(value: &str) -> Option<&str> {
    value.strip_prefix(ENCODED)?.strip_suffix(')')
}

const ENCODED: &str = "Basic base64(";

#[cfg(test)]
mod tests {
    use super::placeholder;

    #[test]
    fn keys_become_names_of_shell_variables() {
        for (key, expected) in [
            ("apiToken", "$API_TOKEN"),
            ("base-url", "$BASE_URL"),
            ("hostURL", "$HOST_URL"),
            ("URL", "$URL"),
            ("applicationID", "$APPLICATION_ID"),
            ("skip-ca-verification", "$SKIP_CA_VERIFICATION"),
            ("key2", "$KEY2"),
            ("oauth2Token", "$OAUTH2_TOKEN"),
            ("hostURLPath", "$HOST_URL_PATH"),
            ("_x", "$X"),
            ("a__b", "$A_B"),
            ("token", "$TOKEN"),
            ("API_TOKEN", "$API_TOKEN"),
            ("straße", "$STRASSE"),
        ] {
            assert_eq!(placeholder(key), expected, "{key}");
        }
    }
}
