//! The log: lines for people or JSON for programs, on standard error. And the traces, if somebody wants them.

use std::io::IsTerminal;

use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, fmt};

use super::otlp::Exporter;
use super::settings::{LogFormat, Settings};
use super::traces;
use crate::cli::environment::Environment;
use crate::cli::error::CliError;

/// Starts the log; gives what sends traces on, once there is a runtime.
pub(super) fn start(settings: &Settings, environment: &Environment) -> Result<Option<Exporter>, CliError> {
    let filter: EnvFilter =
        settings.log_level.parse().map_err(|_| CliError::usage("`log_level` cannot be read".to_owned()))?;
    let colour = environment.colour && std::io::stderr().is_terminal();
    let (started, exporter) = match settings.otlp_endpoint.clone() {
        None => {
            let lines = lines(settings.log_format, colour);
            (tracing_subscriber::registry().with(filter).with(lines).try_init(), None)
        }
        Some(endpoint) => {
            // What the log shows does not decide about the traces.
            let (collector, collected) = traces::collect();
            let lines = lines(settings.log_format, colour).with_filter(filter);
            let collector = collector.with_filter(filter_fn(traces::is_ours));
            let started = tracing_subscriber::registry().with(lines).with(collector).try_init();
            (started, Some(Exporter { endpoint, collected }))
        }
    };
    started.map_err(|error| CliError::failed(format!("cannot start the log: {error}")))?;
    Ok(exporter)
}

fn lines<S>(format: LogFormat, colour: bool) -> Box<dyn Layer<S> + Send + Sync>
where
    S: tracing::Subscriber + for<'a> LookupSpan<'a>,
{
    let lines = fmt::layer().with_writer(std::io::stderr);
    match format {
        LogFormat::Json => {
            lines.json().flatten_event(true).with_current_span(true).with_span_list(false).with_ansi(false).boxed()
        }
        LogFormat::Text => lines.with_ansi(colour).with_target(false).boxed(),
    }
}
