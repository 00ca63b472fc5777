//! `flagpost completions`.

use std::io::Write;

use clap::CommandFactory;

use super::environment::Environment;
use super::error::CliError;
use super::exit::Exit;

#[derive(Debug, clap::Args)]
pub(super) struct CompletionsArgs {
    /// The shell to print them for
    shell: clap_complete::Shell,
}

pub(super) fn run(args: &CompletionsArgs, environment: &Environment) -> Result<Exit, CliError> {
    // The generator panics on a closed pipe, so it writes to memory first.
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut super::Cli::command(), "flagpost", &mut script);
    environment.stdout().write_all(&script)?;
    Ok(Exit::Done)
}
