//! `flagpost validate`.

use std::io::BufWriter;
use std::path::PathBuf;

use super::environment::Environment;
use super::error::CliError;
use super::exit::Exit;
use super::output::findings::{self, Counts, Format};
use crate::catalog::{Catalog, CatalogError, DEFAULT_FOLDER};
use crate::checks;

#[derive(Debug, clap::Args)]
pub(super) struct ValidateArgs {
    /// Folders of integrations, folders of such folders, or files in one [default: integrations]
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// How findings are printed
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// Report what only flagpost knows, and other engines refuse
    #[arg(long)]
    portable: bool,
    /// Fail on warnings too
    #[arg(long)]
    deny_warnings: bool,
}

pub(super) fn run(args: &ValidateArgs, environment: &Environment) -> Result<Exit, CliError> {
    let catalog = Catalog::open(&args.paths)?;
    let mut found = checks::report(&catalog, args.portable);
    findings::in_order(&mut found);
    let counts = Counts::of(&found, catalog.folders);
    let mut out = BufWriter::new(environment.stdout());
    findings::print(&mut out, args.format, &found, counts, environment)?;
    std::io::Write::flush(&mut out)?;
    let failed = counts.errors > 0 || (args.deny_warnings && counts.warnings > 0);
    Ok(if failed { Exit::Errors } else { Exit::Done })
}

impl From<CatalogError> for CliError {
    fn from(error: CatalogError) -> Self {
        let help = match &error {
            CatalogError::Missing(path) if path.as_os_str() == DEFAULT_FOLDER => {
                "name a folder: `flagpost validate PATH`, or run it where `integrations` is".to_owned()
            }
            CatalogError::Missing(_) => {
                "name a folder that holds a `manifest.json`, or a folder of such folders".to_owned()
            }
            CatalogError::Empty(_) => {
                "an integration is a folder with a `manifest.json`; start one with `flagpost new`".to_owned()
            }
            CatalogError::Unreadable { .. } => return CliError::usage(error.to_string()),
        };
        CliError::usage(error.to_string()).help(help)
    }
}
