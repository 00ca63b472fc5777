//! `flagpost validate`.

use std::io::BufWriter;
use std::path::PathBuf;

use super::environment::Environment;
use super::error::CliError;
use super::exit::Exit;
use super::output::findings::{self, Counts, Format};
use crate::catalog::{self, Catalog, CatalogError, DEFAULT_FOLDER, Sample, schema};
use crate::checks::{self, Stage};
use crate::finding::Place;

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
    let mut found = catalog.findings.clone();
    let mut refused = Vec::new();
    let mut stages: Vec<(&[Sample], Stage<'_>)> = Vec::new();
    for integration in &catalog.integrations {
        // Integrations of one tree share their samples, which are read once for all of them.
        let samples = catalog.samples(integration);
        let at = stages.iter().position(|(of, _)| std::ptr::eq(*of, samples)).unwrap_or_else(|| {
            stages.push((samples, Stage::set(samples)));
            stages.len() - 1
        });
        found.append(&mut checks::review(integration, &catalog.integrations, &stages[at].1, args.portable));
        refused.append(&mut checks::refused_values(&integration.source));
    }
    // Of a value that the schema refuses no rule says more: mending it comes first.
    let stays = |rule: &str| rule == schema::SCHEMA || catalog::is_about_writing(rule);
    found.retain(|finding| stays(finding.rule) || !refused.iter().any(|place| is_within(&finding.place, place)));
    findings::in_order(&mut found);
    let counts = Counts::of(&found, catalog.folders);
    let mut out = BufWriter::new(environment.stdout());
    findings::print(&mut out, args.format, &found, counts, environment)?;
    std::io::Write::flush(&mut out)?;
    let failed = counts.errors > 0 || (args.deny_warnings && counts.warnings > 0);
    Ok(if failed { Exit::Errors } else { Exit::Done })
}

/// Whether `place` is the value at `value`, or inside of it.
fn is_within(place: &Place, value: &Place) -> bool {
    let (Some(pointer), Some(around)) = (&place.pointer, &value.pointer) else { return false };
    let inside = pointer.strip_prefix(around.as_str());
    place.file == value.file && inside.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
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
