//! `flagpost schema`.

use std::io::Write;

use super::environment::Environment;
use super::error::CliError;
use super::exit::Exit;
use crate::catalog::schema;

#[derive(Debug, clap::Args)]
pub(super) struct SchemaArgs {
    /// Leave out what only flagpost knows, and other engines refuse
    #[arg(long)]
    portable: bool,
}

pub(super) fn run(args: &SchemaArgs, environment: &Environment) -> Result<Exit, CliError> {
    let text = if args.portable {
        serde_json::to_string_pretty(&schema::portable())
    } else {
        serde_json::to_string_pretty(schema::bundled())
    };
    let text = text.map_err(std::io::Error::from)?;
    writeln!(environment.stdout(), "{text}")?;
    Ok(Exit::Done)
}
