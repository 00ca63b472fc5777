//! The integration that a command is about.

use std::io::Write;
use std::path::Path;

use super::environment::Environment;
use super::error::CliError;
use super::output::findings::print_for_people;
use crate::catalog::{self, Integration};
use crate::dispatch::{PlanError, PlanErrorKind};
use crate::finding::{Finding, Severity};

/// An integration, and how many errors loading found in it.
pub(super) struct LoadedIntegration {
    pub(super) integration: Integration,
    pub(super) errors: usize,
}

/// Loads the integration in `directory`. Errors that loading found are told; without an integration they
/// end the command.
pub(super) fn load(directory: &Path, environment: &Environment) -> Result<LoadedIntegration, CliError> {
    if !directory.is_dir() {
        let message = format!("`{}` is no folder of an integration", directory.display());
        return Err(CliError::usage(message).help("name a folder that holds a `manifest.json`"));
    }
    if !directory.join("manifest.json").exists() {
        let inside = integrations_in(directory);
        if !inside.is_empty() {
            let message = format!("`{}` holds integrations, and is none itself", directory.display());
            return Err(
                CliError::usage(message).help(format!("name one of the integrations in it: {}", inside.join(", ")))
            );
        }
    }
    let loaded = catalog::load(directory);
    let errors: Vec<Finding> =
        loaded.findings.into_iter().filter(|finding| finding.severity == Severity::Error).collect();
    print_for_people(&mut environment.stderr(), &errors, environment)?;
    let errors = errors.len();
    loaded.integration.map(|integration| LoadedIntegration { integration, errors }).ok_or_else(|| {
        CliError::failed(format!("`{}` holds no integration that can be read", directory.display()))
            .help(format!("`flagpost validate {}` shows every mistake with its line", directory.display()))
    })
}

/// The folders in `directory` that hold integrations, by name; of many the first few.
fn integrations_in(directory: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(directory).into_iter().flatten().flatten();
    let mut names: Vec<String> = entries
        .filter(|entry| entry.path().join("manifest.json").is_file())
        .map(|entry| format!("`{}`", entry.path().display()))
        .collect();
    names.sort();
    if names.len() > 3 {
        names.truncate(3);
        names.push("…".to_owned());
    }
    names
}

/// Tells what keeps a request from being made.
pub(super) fn tell_errors(errors: &[PlanError], environment: &Environment) -> Result<(), CliError> {
    let mut out = environment.stderr();
    for error in errors {
        match &error.spot {
            Some(spot) => {
                let finding = Finding {
                    rule: rule(&error.kind),
                    severity: Severity::Error,
                    place: spot.place.clone(),
                    message: error.message.clone(),
                    help: error.help.clone(),
                };
                print_for_people(&mut out, &[finding], environment)?;
            }
            None => {
                writeln!(out, "error: {error}")?;
                if let Some(help) = &error.help {
                    writeln!(out, "  = help: {help}")?;
                }
            }
        }
    }
    Ok(())
}

/// What kind of mistake it is, as findings name theirs.
fn rule(kind: &PlanErrorKind) -> &'static str {
    match kind {
        PlanErrorKind::Form(_) => "form",
        PlanErrorKind::Policy => "policy",
        PlanErrorKind::Profile => "delivery",
        PlanErrorKind::Template => "template",
        PlanErrorKind::Render => "render",
        PlanErrorKind::Address => "address",
        PlanErrorKind::Header => "header",
        PlanErrorKind::Method => "method",
    }
}
