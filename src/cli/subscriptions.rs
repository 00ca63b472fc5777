//! `flagpost subscriptions`: what is wanted and what is observed, of a running server or straight from its store.

use std::io::Write;
use std::path::Path;

use serde_json::Value as Json;

use super::client::{Client, ServerArguments, block_on, segment};
use super::environment::Environment;
use super::error::CliError;
use super::exit::Exit;
use super::shown::visible;
use super::stored::{self, StoreArgument};
use super::table::{self, Table, text};
use crate::service::{stored_subscription, stored_subscriptions};

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

    #[command(flatten)]
    store: StoreArgument,
}

pub(super) fn run(args: &SubscriptionsArgs, environment: &Environment) -> Result<Exit, CliError> {
    if let Some(file) = &args.store.store {
        return from_store(args, file, environment);
    }
    let client = Client::new(&args.server, environment)?;
    block_on(async {
        let mut out = environment.stdout();
        let Some(id) = &args.id else {
            let items = all(&client).await?;
            return table::show(&items, args.json, table, &mut out);
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

fn from_store(args: &SubscriptionsArgs, file: &Path, environment: &Environment) -> Result<Exit, CliError> {
    if args.test {
        return Err(CliError::usage("a test needs a server").help("start it with `flagpost serve`"));
    }
    let store = stored::open(file)?;
    let mut out = environment.stdout();
    block_on(async {
        let Some(id) = &args.id else {
            let items = stored_subscriptions(&store).await.map_err(stored::refused)?;
            let items: Vec<Json> =
                items.into_iter().map(|item| serde_json::to_value(item).unwrap_or_default()).collect();
            return table::show(&items, args.json, table, &mut out);
        };
        let found = stored_subscription(&store, id).await.map_err(stored::refused)?;
        let found = serde_json::to_value(found).unwrap_or_default();
        writeln!(out, "{}", visible(&format!("{found:#}")))?;
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

fn table(items: &[Json]) -> Table {
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
    table
}
