//! Checks a form against the manifest and gives what templates see of it.

use std::borrow::Cow;
use std::collections::HashSet;

use super::error::{PlanError, PlanErrorKind};
use super::form_text::{mistake, unknown};
use super::placeholder::placeholder;
use super::visibility::is_shown;
use crate::catalog::Integration;
use crate::finding::near_miss;
use crate::form::{FormValue, FormValues, OauthConnection};
use crate::manifest::{FormVariable, FormVariableType, Manifest};
use crate::value::{Object, Value};

/// What templates see of a form.
#[derive(Debug)]
pub(super) struct FormScope {
    /// Every form variable by key, as addresses and headers see them: at the root.
    pub(super) variables: Value<'static>,
    /// The same with `oauth` among them, as bodies see them: under `formVariables`.
    pub(super) for_bodies: Value<'static>,
    /// The OAuth connection; `null` without one.
    pub(super) oauth: Value<'static>,
}

/// Checks every value of `form`, takes defaults for what is left out, and builds the scope. With
/// `placeholders`, a variable's own placeholder passes for a value of it.
///
/// # Errors
/// Every mistake of the form; all that is missing in one.
pub(super) fn settle(
    integration: &Integration,
    form: &FormValues,
    placeholders: bool,
) -> Result<FormScope, Vec<PlanError>> {
    // Most services have one address for everybody: then no account brings its own.
    let reads_base_uri = integration.templates.iter().any(|template| template.text.contains("oauth.baseURI"));
    settle_form(&integration.manifest, reads_base_uri, form, placeholders)
}

fn settle_form(
    manifest: &Manifest,
    reads_base_uri: bool,
    form: &FormValues,
    placeholders: bool,
) -> Result<FormScope, Vec<PlanError>> {
    let known: HashSet<&str> = manifest.form_variables.iter().map(|variable| variable.key.as_str()).collect();
    let mut mistakes: Vec<PlanError> =
        form.values.keys().filter(|key| !known.contains(key.as_str())).map(|key| unknown(manifest, key)).collect();
    let (mut members, mut missing) = (Vec::new(), Vec::new());
    for variable in &manifest.form_variables {
        let given = form.values.get(&variable.key).filter(|value| !is_empty(value));
        let value = match given {
            Some(value) if placeholders && is_placeholder(variable, value) => shown(value),
            Some(value) => match check(variable, value) {
                Ok(()) => shown(value),
                Err(error) => {
                    mistakes.push(error);
                    continue;
                }
            },
            None => {
                if required(variable) && is_shown(variable, &manifest.form_variables, form) {
                    missing.push(variable.key.clone());
                }
                left_out(variable)
            }
        };
        members.push((Cow::Owned(variable.key.clone()), value));
    }
    if manifest.requires_oauth {
        let connection = form.oauth.as_ref();
        let blank = |read: fn(&OauthConnection) -> &str| connection.is_none_or(|oauth| read(oauth).is_empty());
        missing.extend((reads_base_uri && blank(|oauth| &oauth.base_uri)).then(|| "oauth.baseURI".to_owned()));
        missing.extend(blank(|oauth| oauth.access_token.expose()).then(|| "oauth.accessToken".to_owned()));
    }
    if !missing.is_empty() {
        let names: Vec<String> = missing.iter().map(|key| format!("`{key}`")).collect();
        let message = format!("the form lacks {}", names.join(", "));
        let first = &missing[0];
        mistakes.push(
            PlanError::new(PlanErrorKind::Form(missing.clone()), message)
                .help(format!("give each a value, as in `--form {first}=VALUE`")),
        );
    }
    if !mistakes.is_empty() {
        return Err(mistakes);
    }
    let oauth = form.oauth.as_ref().map_or(Value::Null, oauth_value);
    let mut with_oauth = members.clone();
    if form.oauth.is_some() {
        with_oauth.push((Cow::Borrowed("oauth"), oauth.clone()));
    }
    Ok(FormScope {
        variables: Object::from_members(members).into(),
        for_bodies: Object::from_members(with_oauth).into(),
        oauth,
    })
}

fn oauth_value(oauth: &OauthConnection) -> Value<'static> {
    let members = vec![
        (Cow::Borrowed("baseURI"), Value::String(Cow::Owned(oauth.base_uri.clone()))),
        (Cow::Borrowed("accessToken"), Value::String(Cow::Owned(oauth.access_token.expose().to_owned()))),
    ];
    Object::from_members(members).into()
}

fn is_empty(value: &FormValue) -> bool {
    match value {
        FormValue::Text(text) => text.is_empty(),
        FormValue::Secret(secret) => secret.expose().is_empty(),
        FormValue::List(items) => items.is_empty(),
        FormValue::Flag(_) => false,
    }
}

/// Whether an administrator must fill it in. An empty tick box is an answer, and what the platform makes
/// itself nobody can be asked for.
pub(super) fn required(variable: &FormVariable) -> bool {
    use FormVariableType::{Boolean, Oauth, PublicKey};
    let has_default = variable.default_value.is_some() || variable.multiselect_default_options.is_some();
    !variable.optional() && !has_default && !matches!(variable.kind, Boolean | Oauth | PublicKey)
}

/// The value of a variable that was left empty: its default, else the empty value of its type.
fn left_out(variable: &FormVariable) -> Value<'static> {
    match variable.kind {
        FormVariableType::Multiselect | FormVariableType::EnvironmentSelector => {
            texts(variable.multiselect_default_options.as_deref().unwrap_or_default())
        }
        FormVariableType::Boolean => {
            Value::Bool(variable.default_value.as_ref().and_then(serde_json::Value::as_bool).unwrap_or(false))
        }
        _ => match &variable.default_value {
            Some(default) => Value::from(default.clone()),
            None => Value::text(""),
        },
    }
}

fn texts(items: &[String]) -> Value<'static> {
    Value::Array(items.iter().map(|item| Value::String(Cow::Owned(item.clone()))).collect())
}

fn shown(value: &FormValue) -> Value<'static> {
    match value {
        FormValue::Text(text) => Value::String(Cow::Owned(text.clone())),
        FormValue::Secret(secret) => Value::String(Cow::Owned(secret.expose().to_owned())),
        FormValue::Flag(flag) => Value::Bool(*flag),
        FormValue::List(items) => texts(items),
    }
}

fn is_placeholder(variable: &FormVariable, value: &FormValue) -> bool {
    let expected = placeholder(&variable.key);
    match value {
        FormValue::Text(text) => *text == expected,
        FormValue::List(items) => *items == [expected],
        FormValue::Secret(_) | FormValue::Flag(_) => false,
    }
}

fn check(variable: &FormVariable, value: &FormValue) -> Result<(), PlanError> {
    use FormVariableType::{Boolean, Enum, EnvironmentSelector, Multiselect, Uri};
    let key = &variable.key;
    match (variable.kind, value) {
        (Boolean, FormValue::Flag(_)) | (EnvironmentSelector, FormValue::List(_)) => Ok(()),
        (Multiselect, FormValue::List(items)) => {
            let options = || variable.multiselect_options.iter().flatten().map(|option| option.value.as_str());
            match items.iter().find(|item| !options().any(|option| option == item.as_str())) {
                None => Ok(()),
                Some(item) => Err(not_a_choice(key, item, options())),
            }
        }
        (Boolean, _) => Err(mistake(key, format!("`{key}` is `true` or `false`"))),
        (EnvironmentSelector | Multiselect, _) => Err(mistake(key, format!("`{key}` is a list"))),
        (Enum, FormValue::Text(text)) => match &variable.allowed_values {
            Some(allowed) if !allowed.contains(text) => {
                Err(not_a_choice(key, text, allowed.iter().map(String::as_str)))
            }
            _ => Ok(()),
        },
        (Uri, FormValue::Text(text)) => {
            let web = url::Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
            if web {
                Ok(())
            } else {
                let help = "write it in full, as in `https://example.com`".to_owned();
                Err(mistake(key, format!("`{key}` is a web address, which `{text}` is not")).help(help))
            }
        }
        (_, FormValue::Text(_) | FormValue::Secret(_)) => Ok(()),
        (_, FormValue::Flag(_) | FormValue::List(_)) => Err(mistake(key, format!("`{key}` is a text"))),
    }
}

fn not_a_choice<'c>(key: &str, given: &str, choices: impl Iterator<Item = &'c str> + Clone) -> PlanError {
    let help = match near_miss(given, choices.clone()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => {
            format!("the choices are {}", choices.map(|choice| format!("`{choice}`")).collect::<Vec<_>>().join(", "))
        }
    };
    mistake(key, format!("`{given}` is none of the choices of `{key}`")).help(help)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};

    use super::settle_form;
    use crate::dispatch::read_form;
    use crate::manifest::Manifest;

    fn manifest() -> Manifest {
        Manifest::from_json(&json!({"formVariables": [
            {"key": "apiToken", "type": "string", "isSecret": true},
            {"key": "site", "type": "enum", "allowedValues": ["eu", "us"]},
            {"key": "home", "type": "uri"},
            {"key": "note", "type": "string", "isOptional": true, "defaultValue": "hello"},
            {"key": "team", "type": "string", "isOptional": true},
            {"key": "loud", "type": "boolean"},
            {"key": "quiet", "type": "boolean", "isOptional": true, "defaultValue": true},
            {"key": "kinds", "type": "multiselect", "isOptional": true,
             "multiselectOptions": [{"label": "A", "value": "alpha"}, {"label": "B", "value": "beta"}]},
        ]}))
    }

    fn settled(pairs: &[(&str, &str)]) -> Result<Json, Vec<String>> {
        let pairs: Vec<(String, String)> =
            pairs.iter().map(|(key, text)| ((*key).to_owned(), (*text).to_owned())).collect();
        let form = read_form(&manifest(), &pairs).map_err(|errors| vec![format!("{errors:?}")])?;
        match settle_form(&manifest(), true, &form, false) {
            Ok(scope) => Ok(serde_json::to_value(&scope.variables).expect("it prints")),
            Err(mistakes) => Err(mistakes
                .iter()
                .map(|error| format!("{error}; {}", error.help.as_deref().unwrap_or_default()))
                .collect()),
        }
    }

    #[test]
    fn what_is_left_out_takes_its_default_else_the_empty_value() {
        let scope = settled(&[("apiToken", "t"), ("site", "eu"), ("home", "https://x.example"), ("kinds", "beta")]);
        let expected = json!({
            "apiToken": "t", "site": "eu", "home": "https://x.example", "note": "hello", "team": "", "loud": false,
            "quiet": true, "kinds": ["beta"],
        });
        assert_eq!(scope, Ok(expected));
    }

    #[test]
    fn all_that_is_missing_is_told_in_one_sentence() {
        let mistakes = settled(&[("apiToken", ""), ("team", "x")]).expect_err("it lacks three");
        assert_eq!(
            mistakes,
            ["the form lacks `apiToken`, `site`, `home`; give each a value, as in `--form apiToken=VALUE`"]
        );
    }

    #[test]
    fn every_wrong_value_is_told_by_its_field() {
        let mistakes = settled(&[("apiToken", "t"), ("site", "EU"), ("home", "x.example"), ("kinds", "alpha,gamma")]);
        assert_eq!(
            mistakes.expect_err("three are wrong"),
            [
                "`EU` is none of the choices of `site`; did you mean `eu`?",
                "`home` is a web address, which `x.example` is not; write it in full, as in `https://example.com`",
                "`gamma` is none of the choices of `kinds`; the choices are `alpha`, `beta`",
            ]
        );
    }

    #[test]
    fn an_integration_behind_oauth_needs_its_connection() {
        let manifest = Manifest::from_json(&json!({"requiresOAuth": true}));
        let form = read_form(&manifest, &[("oauth.baseURI".into(), "https://x".into())]).expect("it is read");
        let mistakes = settle_form(&manifest, true, &form, false).expect_err("the token is missing");
        assert_eq!(mistakes[0].message, "the form lacks `oauth.accessToken`");
    }

    #[test]
    fn the_address_of_an_account_is_asked_for_where_a_template_reads_it() {
        let manifest = Manifest::from_json(&json!({"requiresOAuth": true}));
        let form = read_form(&manifest, &[("oauth.accessToken".into(), "t".into())]).expect("it is read");
        assert!(settle_form(&manifest, false, &form, false).is_ok());
        let mistakes = settle_form(&manifest, true, &form, false).expect_err("the address is missing");
        assert_eq!(mistakes[0].message, "the form lacks `oauth.baseURI`");
    }
}
