//! `--form KEY=VALUE` and `--form-file FILE`.

use std::path::PathBuf;

use super::error::CliError;
use crate::dispatch::{PlanError, read_form};
use crate::form::FormValues;
use crate::manifest::{FormVariableType, Manifest};

#[derive(Debug, clap::Args)]
pub(super) struct FormArguments {
    /// The value of a form variable; lists are written with commas. An OAuth connection is given as
    /// `oauth.baseURI` and `oauth.accessToken`
    #[arg(long = "form", value_name = "KEY=VALUE")]
    pairs: Vec<String>,

    /// A JSON file with an object of form values, which keeps secrets out of the shell's history; `--form`
    /// outweighs it
    #[arg(long, value_name = "FILE")]
    form_file: Option<PathBuf>,
}

// Not a value parser of clap's: its message repeats the argument, which may be a secret without its key.
fn pair(text: &str) -> Result<(String, String), CliError> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err(CliError::usage("a `--form` has no `=`").help("write it as `--form KEY=VALUE`")),
    }
}

/// What can be wrong with the arguments of a form.
pub(super) enum FormFailure {
    /// The file cannot be used.
    Command(CliError),
    /// The values do not fit the manifest.
    Form(Vec<PlanError>),
}

impl FormArguments {
    /// Reads the values by the types that the manifest gives them.
    pub(super) fn read(&self, manifest: &Manifest) -> Result<FormValues, FormFailure> {
        let own = self.pairs.iter().map(|text| pair(text)).collect::<Result<Vec<_>, _>>();
        let mut pairs = own.map_err(FormFailure::Command)?;
        if let Some(file) = &self.form_file {
            let named: Vec<String> = pairs.iter().map(|(key, _)| key.clone()).collect();
            let given = |key: &String| named.contains(key);
            let from_file = read_file(file).map_err(FormFailure::Command)?;
            for (key, value) in from_file.into_iter().filter(|(key, _)| !given(key)) {
                let variable = manifest.form_variables.iter().find(|variable| variable.key == key);
                if let Some(variable) = variable.filter(|variable| value.is_array() && !takes_list(variable.kind)) {
                    let message = format!("`{}` is no list, and `{}` gives it one", variable.key, file.display());
                    let error = CliError::usage(message).help("take the value out of the list");
                    return Err(FormFailure::Command(error));
                }
                pairs.push((key, text(value)));
            }
        }
        read_form(manifest, &pairs).map_err(FormFailure::Form)
    }
}

fn takes_list(kind: FormVariableType) -> bool {
    matches!(kind, FormVariableType::Multiselect | FormVariableType::EnvironmentSelector)
}

fn read_file(file: &PathBuf) -> Result<Vec<(String, serde_json::Value)>, CliError> {
    let shown = file.display();
    let bytes = std::fs::read(file).map_err(|error| CliError::usage(format!("cannot read `{shown}`: {error}")))?;
    let json =
        serde_json::from_slice(&bytes).map_err(|error| CliError::usage(format!("`{shown}` is not JSON: {error}")))?;
    let serde_json::Value::Object(members) = json else {
        return Err(CliError::usage(format!("`{shown}` is not a JSON object of form values")));
    };
    let mut pairs = Vec::new();
    for (key, value) in members {
        match value {
            serde_json::Value::Object(inner) => {
                pairs.extend(inner.into_iter().map(|(name, value)| (format!("{key}.{name}"), value)));
            }
            value => pairs.push((key, value)),
        }
    }
    Ok(pairs)
}

fn text(value: serde_json::Value) -> String {
    match value {
        serde_json::Value::String(text) => text,
        serde_json::Value::Null => String::new(),
        other => other.to_string(),
    }
}
