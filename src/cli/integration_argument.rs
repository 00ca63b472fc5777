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
