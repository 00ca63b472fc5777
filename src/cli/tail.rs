//! `flagpost tail`: what happens on a running server, as it happens.

use std::collections::HashMap;
use std::io::{IsTerminal, Write};

use indicatif::{MultiProgress, ProgressBar};
use serde_json::Value as Json;

use super::arguments;
use super::client::{Client, ServerArguments, block_on};
use super::environment::Environment;
use super::error::CliError;
use super::exit::Exit;
use super::progress::{Progress, bar};
use super::table::text;

/// Longer lines are no lines of ours.
const LONGEST_LINE: usize = 1 << 20;

#[derive(Debug, clap::Args)]
pub(super) struct TailArgs {
    /// What happens with this subscription alone
    #[arg(long, value_name = "ID")]
    subscription: Option<String>,

    /// End after so many lines
    #[arg(long, value_name = "N", value_parser = arguments::count)]
    lines: Option<usize>,

    /// Print each line as JSON
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    server: ServerArguments,
}

pub(super) fn run(args: &TailArgs, environment: &Environment) -> Result<Exit, CliError> {
    let client = Client::new(&args.server, environment)?;
    block_on(async {
        let query: Vec<(&str, String)> = args.subscription.iter().map(|id| ("subscription", id.clone())).collect();
        let mut answer = client.follow("/v1/tail", &query).await?;
        let mut out = environment.stdout();
        let mut waiting = Vec::new();
        // A bar for each replay job that is under way, below the lines; where nobody looks the lines tell it.
        let looked_at = std::io::stdout().is_terminal() && std::io::stderr().is_terminal();
        let mut bars = (!args.json && looked_at).then(Bars::default);
        let mut told = 0;
        loop {
            let chunk = tokio::select! {
                chunk = answer.chunk() => chunk.map_err(|_| CliError::failed("the connection broke"))?,
                _ = tokio::signal::ctrl_c() => return Ok(Exit::Done),
            };
            let Some(chunk) = chunk else { return Ok(Exit::Done) };
            waiting.extend_from_slice(&chunk);
            while let Some(end) = waiting.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = waiting.drain(..=end).collect();
                let Ok(happening) = serde_json::from_slice::<Json>(&line) else { continue };
                if bars.as_mut().is_some_and(|bars| bars.took(&happening)) {
                    continue;
                }
                let line = if args.json { happening.to_string() } else { sentence(&happening, environment.colour) };
                match &bars {
                    Some(bars) => bars.all.suspend(|| writeln!(out, "{line}"))?,
                    None => writeln!(out, "{line}")?,
                }
                out.flush()?;
                told += 1;
                if args.lines.is_some_and(|lines| told >= lines) {
                    return Ok(Exit::Done);
                }
            }
            if waiting.len() > LONGEST_LINE {
                return Err(CliError::failed("the answer is not of a flagpost server"));
            }
        }
    })
}

/// The bars of the replay jobs that are under way.
#[derive(Default)]
struct Bars {
    all: MultiProgress,
    by_job: HashMap<String, ProgressBar>,
}

impl Bars {
    /// Whether a happening is a step of a job and is shown by its bar; its end is told by a line.
    fn took(&mut self, happening: &Json) -> bool {
        if happening.get("happening").and_then(Json::as_str) != Some("job") {
            return false;
        }
        let job = text(happening.get("job"));
        let progress = Progress::of(happening);
        if progress.ended {
            if let Some(bar) = self.by_job.remove(&job) {
                progress.show(&bar);
                self.all.remove(&bar);
            }
            return false;
        }
        let bar = self.by_job.entry(job).or_insert_with_key(|job| self.all.add(bar(&format!("{job} "))));
        progress.show(bar);
        true
    }
}

/// A happening as a line; its first word says what colour says too.
fn sentence(happening: &Json, colour: bool) -> String {
    let part = |name: &str| text(happening.get(name));
    let milliseconds = |name: &str| happening.get(name).and_then(Json::as_f64);
    let is = |name: &str| happening.get(name).and_then(Json::as_bool).unwrap_or(false);
    let kind = part("happening");
    let (word, rest) = match kind.as_str() {
        "attempted" => {
            let answer = match (part("status"), part("error")) {
                (status, error) if status.is_empty() => error,
                (status, _) => status,
            };
            let next = milliseconds("nextInMs").map(|ms| format!("; next in {:.1} s", ms / 1000.0));
            let took = milliseconds("tookMs").unwrap_or_default();
            let (delivery, subscription, attempt) = (part("delivery"), part("subscription"), part("attempt"));
            let rest = format!(
                "{delivery} to `{subscription}`: {answer} in {took:.1} ms, attempt {attempt}{}",
                next.unwrap_or_default()
            );
            (part("ended"), rest)
        }
        "accepted" => {
            (kind, format!("event {} of `{}`: {} to send", part("event"), part("source"), part("deliveries")))
        }
        "taken" => {
            let (new, seen, conflicts, failed) = (part("accepted"), part("seen"), part("conflicts"), part("failed"));
            let reason = if part("reason").is_empty() { String::new() } else { format!(": {}", part("reason")) };
            let source = part("source");
            (kind, format!("by `{source}`: {new} new, {seen} seen, {conflicts} in conflict, {failed} unusable{reason}"))
        }
        "refused" => (kind, format!("a request to `{}`: {}", part("source"), part("reason"))),
        "breaker" if is("open") => {
            let pause = milliseconds("pauseMs").unwrap_or_default() / 1000.0;
            (kind, format!("`{}` keeps failing and is left alone for {pause:.1} s", part("subscription")))
        }
        "breaker" => (kind, format!("`{}` answers again", part("subscription"))),
        "disabled" => (kind, format!("`{}` was switched off: {}", part("subscription"), part("reason"))),
        "job" => {
            let count = |name: &str| text(happening.pointer(&format!("/progress/{name}")));
            let of = if count("total").is_empty() { count("matched") } else { count("total") };
            let (job, state, made, skipped) = (part("job"), part("state"), count("replayed"), count("skipped"));
            (kind, format!("{job} is {state}: {made} of {of} made once more, {skipped} could not be"))
        }
        "swapped" => {
            (kind, format!("the integration `{}` is in use, version {}", part("integration"), part("version")))
        }
        "integrationRefused" => {
            let findings = happening.get("findings").and_then(Json::as_array).map_or(&[][..], Vec::as_slice);
            let stays = if is("inUse") { "the old version stays" } else { "it takes no new subscriptions" };
            let first = text(findings.first());
            (kind, format!("`{}`, and {stays}; findings: {}, the first: {first}", part("integration"), findings.len()))
        }
        "integrationRemoved" => {
            (kind, format!("the folder of `{}`; subscriptions keep the version they have", part("integration")))
        }
        "folder" if is("works") => (kind, "the integrations are in use again".to_owned()),
        "folder" => (kind, format!("the integrations cannot be used, and what is in use stays: {}", part("reason"))),
        "store" if is("works") => (kind, "it takes everything again".to_owned()),
        "store" => (kind, format!("it takes nothing: {}", part("reason"))),
        "missed" => (kind, format!("{} happenings: more came than could be told here", part("count"))),
        _ => {
            let members = happening.as_object().into_iter().flatten().filter(|(name, _)| *name != "happening");
            let members: Vec<String> = members.map(|(name, value)| format!("{name} {}", text(Some(value)))).collect();
            (kind, members.join(", "))
        }
    };
    let paint = match word.as_str() {
        "delivered" => "32",
        "retry" | "missed" | "breaker" => "33",
        "dead" | "disabled" | "refused" | "integrationRefused" | "folder" => "31",
        _ => "2",
    };
    if colour { format!("\u{1b}[{paint}m{word:<9}\u{1b}[0m {rest}") } else { format!("{word:<9} {rest}") }
}

#[cfg(test)]
mod tests {
    use super::{Bars, sentence};

    #[test]
    fn steps_of_a_job_move_its_bar_and_its_end_is_a_line() {
        let mut bars = Bars::default();
        let step = |state: &str, replayed: u64| {
            let progress = serde_json::json!({"matched": 40, "total": 80, "replayed": replayed, "skipped": 1});
            serde_json::json!({"happening": "job", "job": "job_1", "state": state, "progress": progress})
        };
        assert!(!bars.took(&serde_json::json!({"happening": "taken", "source": "ld"})));
        assert!(bars.took(&step("running", 3)) && bars.took(&step("running", 20)));
        let bar = bars.by_job.get("job_1").expect("it is drawn").clone();
        assert_eq!((bar.position(), bar.length()), (21, Some(80)));
        assert!(!bars.took(&step("completed", 79)), "the end is told by a line");
        assert!(bar.is_finished() && bars.by_job.is_empty());
    }

    #[test]
    fn each_happening_reads_alone() {
        let row = |json: serde_json::Value| sentence(&json, false);
        let attempted = serde_json::json!({"happening": "attempted", "delivery": "7", "subscription": "s",
            "attempt": 2, "status": 503, "tookMs": 3.04, "ended": "retry", "nextInMs": 2000.0, "error": null});
        assert_eq!(row(attempted), "retry     7 to `s`: 503 in 3.0 ms, attempt 2; next in 2.0 s");
        let progress = serde_json::json!({"matched": 21, "total": 80, "replayed": 20, "skipped": 1});
        for (happening, told) in [
            (
                serde_json::json!({"happening": "missed", "count": 3}),
                "missed    3 happenings: more came than could be told here",
            ),
            (
                serde_json::json!({"happening": "breaker", "subscription": "s", "open": true, "pauseMs": 30000.0}),
                "breaker   `s` keeps failing and is left alone for 30.0 s",
            ),
            (
                serde_json::json!({"happening": "breaker", "subscription": "s", "open": false, "pauseMs": null}),
                "breaker   `s` answers again",
            ),
            (
                serde_json::json!({"happening": "job", "job": "job_1", "state": "running", "progress": progress}),
                "job       job_1 is running: 20 of 80 made once more, 1 could not be",
            ),
            (
                serde_json::json!({"happening": "taken", "source": "ld", "accepted": 0, "seen": 0, "conflicts": 0,
                    "failed": 1, "reason": "it has no `kind`", "deliveries": 0}),
                "taken     by `ld`: 0 new, 0 seen, 0 in conflict, 1 unusable: it has no `kind`",
            ),
        ] {
            assert_eq!(row(happening), told);
        }
        let hostile = serde_json::json!({"happening": "disabled", "subscription": "s", "reason": "\u{1b}[2J"});
        assert!(!row(hostile).contains('\u{1b}'));
    }
}
