//! `flagpost replay`: makes settled deliveries once more, by name or by range, of a running server or straight in its
//! store, for the next one to send.

use std::io::Write;
use std::path::Path;
use std::time::Duration;

use serde_json::{Value as Json, json};

use super::chance::Chance;
use super::client::{Client, ServerArguments, block_on, segment};
use super::deliveries::FilterArguments;
use super::environment::Environment;
use super::error::CliError;
use super::exit::Exit;
use super::progress::{Progress, bar};
use super::serve::store_error;
use super::shown::visible;
use super::stored::{self, StoreArgument};
use crate::service::{can_be_replayed, stored_replay, stored_subscription};
use crate::store::{DeliveryFilter, Moment, Page, PageRequest, State, Store};

/// Between one look at a job and the next.
const LOOK_EVERY: Duration = Duration::from_millis(250);

#[derive(Debug, clap::Args)]
pub(super) struct ReplayArgs {
    /// Deliveries by number; without any, a job over all that fit
    deliveries: Vec<String>,

    /// Render with today's template and configuration in place of sending the same bytes
    #[arg(long)]
    rerender: bool,

    #[command(flatten)]
    filter: FilterArguments,

    /// Deliveries a second, at most
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    rate: Option<u32>,

    /// Only count
    #[arg(long)]
    dry_run: bool,

    #[command(flatten)]
    server: ServerArguments,

    #[command(flatten)]
    store: StoreArgument,
}

pub(super) fn run(args: &ReplayArgs, environment: &Environment) -> Result<Exit, CliError> {
    let kind = if args.rerender { "rerender" } else { "exact" };
    let ranged = args.filter.subscription.is_some()
        || !args.filter.states.is_empty()
        || args.filter.from.is_some()
        || args.filter.until.is_some();
    if !args.deliveries.is_empty() {
        if ranged || args.dry_run || args.rate.is_some() {
            return Err(CliError::usage("name deliveries or a range, not both"));
        }
    } else if !ranged {
        // Everything there ever was is rarely what is meant.
        return Err(CliError::usage("say which deliveries")
            .help("name them by number, or by `--subscription`, `--state`, `--from` or `--until`"));
    }
    let mut filter = stored::filter(&args.filter)?;
    if !filter.states.iter().all(|state| can_be_replayed(*state)) {
        return Err(CliError::usage("`--state`: only what is settled can be made once more")
            .help("the states are `dead`, `delivered` and `cancelled`"));
    }
    if let (Some(from), Some(until)) = (filter.from, filter.until)
        && from >= until
    {
        return Err(CliError::usage("`--until`: this is not after `--from`"));
    }
    if let Some(file) = &args.store.store {
        if filter.states.is_empty() {
            filter.states.push(State::Dead);
        }
        return in_store(args, filter, file, environment);
    }
    let client = Client::new(&args.server, environment)?;
    if args.deliveries.is_empty() {
        block_on(job(args, kind, &client, environment))
    } else {
        block_on(one_by_one(&args.deliveries, kind, &client, environment))
    }
}

/// Deliveries that are asked for in one step.
const STEP: usize = 200;

fn in_store(
    args: &ReplayArgs,
    filter: DeliveryFilter,
    file: &Path,
    environment: &Environment,
) -> Result<Exit, CliError> {
    if args.rerender || args.rate.is_some() {
        return Err(CliError::usage("without a server a replay is exact, and as fast as its receiver takes it")
            .help("leave out `--rerender` and `--rate`, or ask a server"));
    }
    let named = args.deliveries.iter().map(|text| stored::number(text)).collect::<Result<Vec<u64>, _>>()?;
    let store = stored::open(file)?;
    let now = Moment::from_millis(Chance.moment().milliseconds);
    let mut out = environment.stdout();
    block_on(async {
        if !named.is_empty() {
            let made = stored_replay(&store, &named, now).await.map_err(stored::refused)?;
            for (of, delivery) in named.iter().zip(made) {
                writeln!(out, "{of} is made once more as {delivery}")?;
            }
            return Ok(Exit::Done);
        }
        // All are found before the first is made, so that none that is made is found.
        let mut found = Vec::new();
        let mut page = PageRequest::first(PageRequest::MOST);
        loop {
            let Page { items, next } =
                store.deliveries(filter.clone(), page).await.map_err(|error| store_error(&error))?;
            found.extend(items.into_iter().map(|delivery| delivery.key.number()));
            match next {
                Some(next) => page.after = Some(next),
                None => break,
            }
        }
        if let Some(id) = args.filter.subscription.as_ref().filter(|_| found.is_empty()) {
            stored_subscription(&store, id).await.map_err(stored::refused)?;
        }
        if args.dry_run {
            writeln!(out, "{} deliveries would be made once more", found.len())?;
            return Ok(Exit::Done);
        }
        for step in found.chunks(STEP) {
            stored_replay(&store, step, now).await.map_err(stored::refused)?;
        }
        writeln!(out, "{} deliveries are made once more, as soon as a server runs", found.len())?;
        Ok(Exit::Done)
    })
}

async fn one_by_one(
    deliveries: &[String],
    kind: &str,
    client: &Client,
    environment: &Environment,
) -> Result<Exit, CliError> {
    let mut out = environment.stdout();
    for delivery in deliveries {
        let path = format!("/v1/deliveries/{}/replay", segment(delivery));
        let made = client.post(&path, &json!({"kind": kind})).await?;
        let text = |name: &str| made.get(name).and_then(Json::as_str).unwrap_or_default().to_owned();
        writeln!(out, "{} is made once more as {}", visible(&text("of")), visible(&text("delivery")))?;
        let diff = text("diff");
        if !diff.is_empty() {
            writeln!(out, "{}", visible(diff.trim_end()))?;
        }
    }
    Ok(Exit::Done)
}

async fn job(args: &ReplayArgs, kind: &str, client: &Client, environment: &Environment) -> Result<Exit, CliError> {
    let filter = &args.filter;
    let body = json!({
        "kind": kind,
        "subscription": filter.subscription,
        "states": (!filter.states.is_empty()).then_some(&filter.states),
        "from": filter.from,
        "until": filter.until,
        "rate": args.rate,
        "dryRun": args.dry_run,
    });
    let mut job = client.post("/v1/replay-jobs", &body).await?;
    let count = |job: &Json, name: &str| job.pointer(&format!("/progress/{name}")).and_then(Json::as_u64).unwrap_or(0);
    let mut out = environment.stdout();
    if args.dry_run {
        writeln!(out, "{} deliveries would be made once more", count(&job, "matched"))?;
        return Ok(Exit::Done);
    }
    let id = job.get("id").and_then(Json::as_str).unwrap_or_default().to_owned();
    writeln!(out, "job {}", visible(&id))?;
    let bar = bar("");
    loop {
        let state = job.get("state").and_then(Json::as_str).unwrap_or_default().to_owned();
        let progress = Progress::of(&job);
        progress.show(&bar);
        if progress.ended {
            let (replayed, skipped) = (count(&job, "replayed"), count(&job, "skipped"));
            writeln!(out, "{state}: {replayed} made once more, {skipped} could not be")?;
            if let Some(error) = job.get("error").and_then(Json::as_str) {
                return Err(CliError::failed(error.to_owned()));
            }
            return Ok(if state == "completed" { Exit::Done } else { Exit::Errors });
        }
        tokio::time::sleep(LOOK_EVERY).await;
        job = client.get(&format!("/v1/replay-jobs/{}", segment(&id)), &[]).await?;
    }
}
