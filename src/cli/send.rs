//! `flagpost send`.

use super::environment::Environment;
use super::error::CliError;
use super::exit::Exit;

#[derive(Debug, clap::Args)]
pub(super) struct SendArgs {}

pub(super) fn run(_args: &SendArgs, _environment: &Environment) -> Result<Exit, CliError> {
    Err(CliError::failed("not built yet"))
}
