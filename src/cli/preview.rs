//! `flagpost preview`.

use super::environment::Environment;
use super::error::CliError;
use super::exit::Exit;

#[derive(Debug, clap::Args)]
pub(super) struct PreviewArgs {}

pub(super) fn run(_args: &PreviewArgs, _environment: &Environment) -> Result<Exit, CliError> {
    Err(CliError::failed("not built yet"))
}
