//! `flagpost deliveries`: what was sent to whom, of a running server or straight from its store.

use std::io::Write;
use std::path::Path;

use serde_json::Value as Json;

use super::arguments::{self, STATES};
use super::client::{Client, ServerArguments, block_on, segment};
use super::environment::Environment;
use super::error::CliError;
use super::exit::Exit;
use super::shown::visible;
use super::stored::{self, StoreArgument};
use super::table::{self, Table, text};
use crate::service::{stored_deliveries, stored_delivery, stored_subscription};
use crate::store::{DeliveryFilter, EventKey, PageRequest};

#[derive(Debug, clap::Args)]
pub(super) struct DeliveriesArgs {
    /// Show this one alone, with every attempt
    delivery: Option<String>,

    #[command(flatten)]
    filter: FilterArguments,

    /// Of this event
    #[arg(long, value_name = "N", value_parser = arguments::event)]
    event: Option<u64>,

    /// Of events that touch this resource, all of it; tags do not matter
    #[arg(long, value_name = "RESOURCE")]
    resource: Option<String>,

    /// How many, newest first
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = arguments::count)]
    limit: usize,

    /// Print JSON
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    server: ServerArguments,

    #[command(flatten)]
    store: StoreArgument,
}

/// Which deliveries; `replay` has the same.
#[derive(Debug, clap::Args)]
pub(super) struct FilterArguments {
    /// To this subscription
    #[arg(long, value_name = "ID")]
    pub(super) subscription: Option<String>,

    /// In these states; `waiting` is the first three of the others
    #[arg(long = "state", value_name = "STATE", value_delimiter = ',', value_parser = STATES)]
    pub(super) states: Vec<String>,

    /// Of events received at or after this moment, as in `2026-01-31T12:00:00Z`
    #[arg(long, value_name = "TIME", value_parser = arguments::moment)]
    pub(super) from: Option<String>,

    /// Of events received before this moment
    #[arg(long, value_name = "TIME", value_parser = arguments::moment)]
    pub(super) until: Option<String>,
}

pub(super) fn run(args: &DeliveriesArgs, environment: &Environment) -> Result<Exit, CliError> {
    if let Some(file) = &args.store.store {
        return from_store(args, file, environment);
    }
    let client = Client::new(&args.server, environment)?;
    block_on(async {
        let mut out = environment.stdout();
        if let Some(delivery) = &args.delivery {
            let detail = client.get(&format!("/v1/deliveries/{}", segment(delivery)), &[]).await?;
            writeln!(out, "{}", visible(&format!("{detail:#}")))?;
            return Ok(Exit::Done);
        }
        let items = list(args, &client).await?;
        if let Some(id) = args.filter.subscription.as_ref().filter(|_| items.is_empty()) {
            // None of a subscription, or no such subscription: the name may be a slip.
            client.get(&format!("/v1/subscriptions/{}", segment(id)), &[]).await?;
        }
        table::show(&items, args.json, table, &mut out)
    })
}

fn from_store(args: &DeliveriesArgs, file: &Path, environment: &Environment) -> Result<Exit, CliError> {
    let event = args.event.map(EventKey::new);
    let filter = DeliveryFilter { event, resource: args.resource.clone(), ..stored::filter(&args.filter)? };
    let delivery = args.delivery.as_deref().map(stored::number).transpose()?;
    let store = stored::open(file)?;
    let mut out = environment.stdout();
    block_on(async {
        if let Some(delivery) = delivery {
            let detail = stored_delivery(&store, delivery).await.map_err(stored::refused)?;
            let detail = serde_json::to_value(detail).unwrap_or_default();
            writeln!(out, "{}", visible(&format!("{detail:#}")))?;
            return Ok(Exit::Done);
        }
        let mut items = Vec::new();
        let mut after = None;
        while items.len() < args.limit {
            let limit = (args.limit - items.len()).clamp(1, PageRequest::MOST);
            let page = PageRequest { after, limit };
            let page = stored_deliveries(&store, filter.clone(), page).await.map_err(stored::refused)?;
            items.extend(page.items.into_iter().map(|item| serde_json::to_value(item).unwrap_or_default()));
            match page.next {
                Some(next) => after = Some(next),
                None => break,
            }
        }
        items.truncate(args.limit);
        if let Some(id) = args.filter.subscription.as_ref().filter(|_| items.is_empty()) {
            stored_subscription(&store, id).await.map_err(stored::refused)?;
        }
        table::show(&items, args.json, table, &mut out)
    })
}

async fn list(args: &DeliveriesArgs, client: &Client) -> Result<Vec<Json>, CliError> {
    let filter = &args.filter;
    let states = (!filter.states.is_empty()).then(|| filter.states.join(","));
    let given = [
        ("subscription", filter.subscription.clone()),
        ("state", states),
        ("event", args.event.map(|event| event.to_string())),
        ("resource", args.resource.clone()),
        ("from", filter.from.clone()),
        ("until", filter.until.clone()),
    ];
    let given: Vec<(&str, String)> = given.into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
    let mut items: Vec<Json> = Vec::new();
    let mut after: Option<String> = None;
    loop {
        let mut query = given.clone();
        query.push(("limit", (args.limit - items.len()).clamp(1, 1000).to_string()));
        query.extend(after.take().map(|cursor| ("after", cursor)));
        let page = client.get("/v1/deliveries", &query).await?;
        items.extend(page.get("items").and_then(Json::as_array).cloned().unwrap_or_default());
        after = page.get("next").and_then(Json::as_str).map(str::to_owned);
        if items.len() >= args.limit || after.is_none() {
            items.truncate(args.limit);
            return Ok(items);
        }
    }
}

fn table(items: &[Json]) -> Table {
    let mut table = Table::new(&["delivery", "event", "subscription", "state", "attempts", "next attempt", "settled"]);
    for item in items {
        let names = ["delivery", "event", "subscription", "state", "attempts", "nextAttempt", "settled"];
        table.row(names.map(|name| text(item.get(name))));
    }
    table
}
