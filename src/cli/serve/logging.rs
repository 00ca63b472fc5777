//! The log: lines for people or JSON for programs, on standard error.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

use super::settings::{LogFormat, Settings};
use crate::cli::environment::Environment;
use crate::cli::error::CliError;

/// Starts the log.
pub(super) fn start(settings: &Settings, environment: &Environment) -> Result<(), CliError> {
    let filter: EnvFilter =
        settings.log_level.parse().map_err(|_| CliError::usage("`log_level` cannot be read".to_owned()))?;
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let started = match settings.log_format {
        LogFormat::Json => builder.json().flatten_event(true).with_current_span(true).with_span_list(false).try_init(),
        LogFormat::Text => {
            let colour = environment.colour && std::io::stderr().is_terminal();
            builder.with_ansi(colour).with_target(false).try_init()
        }
    };
    started.map_err(|error| CliError::failed(format!("cannot start the log: {error}")))
}
