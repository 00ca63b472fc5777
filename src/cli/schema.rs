//! `flagpost schema`.

use super::environment::Environment;
use super::error::CliError;
use super::exit::Exit;

#[derive(Debug, clap::Args)]
pub(super) struct SchemaArgs {}

pub(super) fn run(_args: &SchemaArgs, _environment: &Environment) -> Result<Exit, CliError> {
    Err(CliError::failed("not built yet"))
}
