//! The integration that a command is about.

use std::io::Write;
use std::path::Path;

use super::environment::Environment;
use super::error::CliError;
use crate::catalog::{self, Integration};
use crate::dispatch::PlanError;
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
    let errors = loaded.findings.iter().filter(|finding| finding.severity == Severity::Error);
    let errors = errors.map(|finding| tell_finding(finding, environment)).collect::<Result<Vec<()>, _>>()?.len();
    loaded.integration.map(|integration| LoadedIntegration { integration, errors }).ok_or_else(|| {
        CliError::failed(format!("`{}` holds no integration that can be read", directory.display()))
            .help(format!("`flagpost validate {}` shows every mistake with its line", directory.display()))
    })
}

fn tell_finding(finding: &Finding, environment: &Environment) -> Result<(), CliError> {
    let text = std::fs::read_to_string(&finding.place.file).unwrap_or_default();
    let before = text.get(..finding.place.span.start).unwrap_or_default();
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    let mut out = environment.stderr();
    writeln!(out, "error[{}]: {}", finding.rule, finding.message)?;
    writeln!(out, "  --> {}:{line}:{column}", finding.place.file.display())?;
    if let Some(help) = &finding.help {
        writeln!(out, "  = help: {help}")?;
    }
    Ok(())
}

/// Tells what keeps a request from being made.
pub(super) fn tell_errors(errors: &[PlanError], environment: &Environment) -> Result<(), CliError> {
    let mut out = environment.stderr();
    for error in errors {
        writeln!(out, "error: {error}")?;
        if let Some(spot) = &error.spot {
            writeln!(out, "  --> {}:{}:{}", spot.place.file.display(), spot.line, spot.column)?;
        }
        if let Some(help) = &error.help {
            writeln!(out, "  = help: {help}")?;
        }
    }
    Ok(())
}
