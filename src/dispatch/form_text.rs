//! Reads form values from text, as a command line gives them: `apiToken=abc`, `tags=a,b`.

use std::collections::BTreeMap;

use super::error::{PlanError, PlanErrorKind};
use crate::finding::near_miss;
use crate::form::{FormValue, FormValues, OauthConnection};
use crate::manifest::{FormVariable, FormVariableType, Manifest};
use crate::secret::Secret;

const BASE_URI: &str = "oauth.baseURI";
const ACCESS_TOKEN: &str = "oauth.accessToken";

/// Reads pairs of key and text by the types of the manifest's form variables. Whether anything is missing is
/// not judged here.
///
/// # Errors
/// Every key that the manifest does not have or that is given twice, and every value of the wrong type.
pub fn read_form(manifest: &Manifest, pairs: &[(String, String)]) -> Result<FormValues, Vec<PlanError>> {
    let (mut values, mut mistakes) = (BTreeMap::new(), Vec::new());
    let (mut base_uri, mut access_token) = (None, None);
    for (key, text) in pairs {
        let Some(variable) = manifest.form_variables.iter().find(|variable| variable.key == *key) else {
            match key.as_str() {
                BASE_URI => base_uri = Some(text.clone()),
                ACCESS_TOKEN => access_token = Some(text.clone()),
                _ => mistakes.push(unknown(manifest, key)),
            }
            continue;
        };
        match read_value(variable, text) {
            Ok(FormValue::List(items)) => match values.entry(key.clone()).or_insert(FormValue::List(Vec::new())) {
                FormValue::List(list) => list.extend(items),
                other => *other = FormValue::List(items),
            },
            Ok(value) => {
                if values.insert(key.clone(), value).is_some() {
                    mistakes.push(mistake(key, format!("`{key}` is given twice")).help("keep one of them".to_owned()));
                }
            }
            Err(error) => mistakes.push(error),
        }
    }
    let oauth = (base_uri.is_some() || access_token.is_some()).then(|| OauthConnection {
        base_uri: base_uri.unwrap_or_default(),
        access_token: Secret::new(access_token.unwrap_or_default()),
    });
    if mistakes.is_empty() { Ok(FormValues { values, oauth }) } else { Err(mistakes) }
}

fn read_value(variable: &FormVariable, text: &str) -> Result<FormValue, PlanError> {
    Ok(match variable.kind {
        FormVariableType::Boolean => FormValue::Flag(match text.trim().to_ascii_lowercase().as_str() {
            "true" => true,
            "false" => false,
            _ => {
                let message = format!("`{}` is `true` or `false`, not `{text}`", variable.key);
                return Err(mistake(&variable.key, message));
            }
        }),
        FormVariableType::Multiselect | FormVariableType::EnvironmentSelector => FormValue::List(read_list(text)),
        _ if variable.secret() => FormValue::Secret(Secret::new(text)),
        _ => FormValue::Text(text.to_owned()),
    })
}

/// A list is written with commas, or as JSON where a choice has a comma of its own.
fn read_list(text: &str) -> Vec<String> {
    if let Ok(items) = serde_json::from_str::<Vec<String>>(text) {
        return items;
    }
    text.split(',').map(str::trim).filter(|item| !item.is_empty()).map(str::to_owned).collect()
}

pub(super) fn mistake(key: &str, message: String) -> PlanError {
    PlanError::new(PlanErrorKind::Form(vec![key.to_owned()]), message)
}

/// A key that no form variable has.
pub(super) fn unknown(manifest: &Manifest, key: &str) -> PlanError {
    let keys = || manifest.form_variables.iter().map(|variable| variable.key.as_str());
    let oauth = [BASE_URI, ACCESS_TOKEN].into_iter().filter(|_| manifest.requires_oauth);
    let help = match near_miss(key, keys().chain(oauth)) {
        Some(near) => format!("did you mean `{near}`?"),
        None if manifest.form_variables.is_empty() => "this integration has no form".to_owned(),
        None => format!("its form has {}", keys().map(|key| format!("`{key}`")).collect::<Vec<_>>().join(", ")),
    };
    mistake(key, format!("the integration has no form variable `{key}`")).help(help)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::read_form;
    use crate::form::{FormValue, FormValues};
    use crate::manifest::Manifest;
    use crate::secret::Secret;

    fn read(pairs: &[(&str, &str)]) -> Result<FormValues, Vec<String>> {
        let manifest = Manifest::from_json(&json!({"formVariables": [
            {"key": "apiToken", "type": "string", "isSecret": true}, {"key": "site", "type": "string"},
            {"key": "loud", "type": "boolean"}, {"key": "teams", "type": "multiselect"},
        ]}));
        let pairs: Vec<(String, String)> =
            pairs.iter().map(|(key, text)| ((*key).to_owned(), (*text).to_owned())).collect();
        read_form(&manifest, &pairs).map_err(|mistakes| {
            mistakes.iter().map(|error| format!("{error}; {}", error.help.as_deref().unwrap_or_default())).collect()
        })
    }

    #[test]
    fn values_take_the_type_of_their_variable() {
        let form =
            read(&[("apiToken", "a=b"), ("site", ""), ("loud", "TRUE"), ("teams", "a, b,"), ("teams", r#"["c,d"]"#)]);
        let form = form.expect("it is fine");
        assert_eq!(form.values["apiToken"], FormValue::Secret(Secret::new("a=b")));
        assert_eq!(form.values["site"], FormValue::Text(String::new()));
        assert_eq!(form.values["loud"], FormValue::Flag(true));
        assert_eq!(form.values["teams"], FormValue::List(vec!["a".into(), "b".into(), "c,d".into()]));
        assert_eq!(form.oauth, None);
    }

    #[test]
    fn an_oauth_connection_stands_beside_the_form() {
        let form = read(&[("oauth.baseURI", "https://x"), ("oauth.accessToken", "t")]).expect("it is fine");
        let oauth = form.oauth.expect("a connection");
        assert_eq!((oauth.base_uri.as_str(), oauth.access_token.expose()), ("https://x", "t"));
    }

    #[test]
    fn every_mistake_is_told() {
        let mistakes = read(&[("apitoken", "x"), ("colour", "x"), ("loud", "maybe"), ("site", "a"), ("site", "b")]);
        assert_eq!(
            mistakes.expect_err("all wrong"),
            [
                "the integration has no form variable `apitoken`; did you mean `apiToken`?",
                "the integration has no form variable `colour`; its form has `apiToken`, `site`, `loud`, `teams`",
                "`loud` is `true` or `false`, not `maybe`; ",
                "`site` is given twice; keep one of them",
            ]
        );
    }
}
