//! `flagpost subscriptions`: what is wanted and what is observed, of a running server.

use std::io::Write;

use serde_json::Value as Json;

use super::client::{Client, ServerArguments, block_on, segment};
use super::environment::Environment;
use super::error::CliError;
use super::exit::Exit;
use super::shown::visible;
use super::table::Table;

#[derive(Debug, clap::Args)]
pub(super) struct SubscriptionsArgs {
    /// Show this one alone, with everything about it
    id: Option<String>,

    /// Send a test event to it, and show what was sent and answered
    #[arg(long, requires = "id")]
    test: bool,

    /// Print JSON
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    server: ServerArguments,
}

pub(super) fn run(args: &SubscriptionsArgs, environment: &Environment) -> Result<Exit, CliError> {
    let client = Client::new(&args.server, environment)?;
    block_on(async {
        let mut out = environment.stdout();
        let Some(id) = &args.id else {
            let items = all(&client).await?;
            if args.json {
                writeln!(out, "{:#}", Json::Array(items))?;
            } else {
                write!(out, "{}", table(&items))?;
            }
            return Ok(Exit::Done);
        };
        let path = format!("/v1/subscriptions/{}", segment(id));
        if args.test {
            let report = client.post(&format!("{path}/test"), &Json::Null).await?;
            writeln!(out, "{}", visible(&format!("{report:#}")))?;
            let succeeded = report.get("succeeded").and_then(Json::as_bool).unwrap_or(false);
            return Ok(if succeeded { Exit::Done } else { Exit::Refused });
        }
        let view = client.get(&path, &[]).await?;
        writeln!(out, "{}", visible(&format!("{view:#}")))?;
        Ok(Exit::Done)
    })
}

async fn all(client: &Client) -> Result<Vec<Json>, CliError> {
    let mut items = Vec::new();
    let mut query = vec![("limit", "500".to_owned())];
    loop {
        let page = client.get("/v1/subscriptions", &query).await?;
        items.extend(page.get("items").and_then(Json::as_array).cloned().unwrap_or_default());
        let Some(next) = page.get("next").and_then(Json::as_str) else { return Ok(items) };
        query.truncate(1);
        query.push(("after", next.to_owned()));
    }
}

fn table(items: &[Json]) -> String {
    let mut table = Table::new(&["id", "integration", "observed", "last", "waiting", "dead", "next attempt"]);
    for item in items {
        let status = |name: &str| text(item.pointer(&format!("/status/{name}")));
        table.row([
            text(item.get("id")),
            text(item.get("integration")),
            status("observed"),
            status("lastCode"),
            status("waiting"),
            status("dead"),
            status("nextAttempt"),
        ]);
    }
    table.to_string()
}

/// A value of an answer as a cell shows it.
pub(super) fn text(value: Option<&Json>) -> String {
    match value {
        None | Some(Json::Null) => String::new(),
        Some(Json::String(text)) => visible(text),
        Some(other) => other.to_string(),
    }
}
