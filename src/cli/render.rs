//! `flagpost render`.

use super::environment::Environment;
use super::error::CliError;
use super::exit::Exit;

#[derive(Debug, clap::Args)]
pub(super) struct RenderArgs {}

pub(super) fn run(_args: &RenderArgs, _environment: &Environment) -> Result<Exit, CliError> {
    Err(CliError::failed("not built yet"))
}
