//! `--form KEY=VALUE` and `--form-file FILE`.

use std::path::PathBuf;

use super::error::CliError;
use crate::dispatch::{PlanError, read_form};
use crate::form::FormValues;
use crate::manifest::Manifest;

#[derive(Debug, clap::Args)]
pub(super) struct FormArguments {
    /// The value of a form variable; lists are written with commas. An OAuth connection is given as
    /// `oauth.baseURI` and `oauth.accessToken`
    #[arg(long = "form", value_name = "KEY=VALUE", value_parser = pair)]
    pairs: Vec<(String, String)>,

    /// A JSON file with an object of form values, which keeps secrets out of the shell's history; `--form`
    /// outweighs it
    #[arg(long, value_name = "FILE")]
    form_file: Option<PathBuf>,
}

fn pair(text: &str) -> Result<(String, String), String> {
    // The message does not repeat the text: it may be a secret whose key was forgotten.
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err("a form value is written `KEY=VALUE`".to_owned()),
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
        let mut pairs = self.pairs.clone();
        if let Some(file) = &self.form_file {
            let given = |key: &str| self.pairs.iter().any(|(own, _)| own == key);
            let from_file = read_file(file).map_err(FormFailure::Command)?;
            pairs.extend(from_file.into_iter().filter(|(key, _)| !given(key)));
        }
        read_form(manifest, &pairs).map_err(FormFailure::Form)
    }
}

fn read_file(file: &PathBuf) -> Result<Vec<(String, String)>, CliError> {
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
                pairs.extend(inner.into_iter().map(|(name, value)| (format!("{key}.{name}"), text(value))));
            }
            value => pairs.push((key, text(value))),
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
