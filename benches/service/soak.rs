//! `soak`: the program at a steady pace for as long as it is told to. `scripts/soak` watches it and judges.
//!
//! It is led through its standard input and tells a line of JSON at each step: first where everything is, and posts;
//! at the first line, what became of what was posted; at the second, when the program has ended, how. When the input
//! ends, at whatever step, everything that was started ends too.

use std::fs::File;
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde_json::json;
use tokio::sync::{Semaphore, mpsc};

use crate::engine::Bench;
use crate::feed::{TAKERS, event};
use crate::machine::number;
use crate::program::{Program, client};
use crate::receiver::Receiver;

/// How long the program has to end.
const PATIENCE: Duration = Duration::from_secs(30);
/// Lines of trouble in its log that are told.
const LINES: usize = 20;

pub(crate) async fn soak(receiver: &Receiver) {
    let mut orders = orders();
    let bench = Bench::new();
    let (folder, log) = (bench.folder.path(), bench.folder.path().join("log"));
    let kept = number("FLAGPOST_BENCH_RETENTION_BYTES", 256 << 20).to_string();
    // Those who watch are no load, and many subscriptions are made at once.
    let flags = ["--retention-bytes", &kept, "--requests-per-second", "0"].map(str::to_owned);
    let mut program = Program::start(&bench, &flags, Stdio::from(File::create(&log).expect("a file")));
    let client = client();
    program.subscribe(&client, receiver, number("FLAGPOST_BENCH_SUBSCRIPTIONS", 10)).await;
    let (process, server) = (program.process(), program.base());
    println!("{}", json!({"process": process, "server": server, "receiver": receiver.address, "folder": folder}));

    let told = Arc::new(Told::default());
    let rate = number("FLAGPOST_BENCH_RATE", 300).max(1);
    if post(&client, &program.intake(), rate, &told, &mut orders).await.is_none() {
        return;
    }
    let [posted, accepted, refused, failed] =
        [&told.posted, &told.accepted, &told.refused, &told.failed].map(|count| count.load(Ordering::Relaxed));
    println!("{}", json!({"posted": posted, "accepted": accepted, "refused": refused, "failed": failed}));

    if orders.recv().await.is_none() {
        return;
    }
    let ended = tokio::time::timeout(PATIENCE, async {
        loop {
            if let Some(status) = program.ended() {
                break status;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });
    let code = ended.await.ok().and_then(|status| status.code());
    let (troubles, lines) = trouble(&log);
    println!("{}", json!({"code": code, "troubles": troubles, "lines": lines}));
}

/// The lines of the standard input; none any more when it ends.
fn orders() -> mpsc::UnboundedReceiver<String> {
    let (sender, receiver) = mpsc::unbounded_channel();
    std::thread::spawn(move || {
        for line in std::io::stdin().lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    receiver
}

/// What became of what was posted.
#[derive(Default)]
struct Told {
    posted: AtomicU64,
    accepted: AtomicU64,
    /// Answered with something else.
    refused: AtomicU64,
    /// Not answered.
    failed: AtomicU64,
}

/// Posts at a steady pace until there is an order, and waits for the answers. What comes late is made up for.
async fn post(
    client: &reqwest::Client,
    url: &str,
    rate: u64,
    told: &Arc<Told>,
    orders: &mut mpsc::UnboundedReceiver<String>,
) -> Option<()> {
    let under_way = Arc::new(Semaphore::new(TAKERS));
    let mut every = tokio::time::interval(Duration::from_secs(1) / u32::try_from(rate).unwrap_or(u32::MAX));
    loop {
        tokio::select! {
            biased;
            order = orders.recv() => {
                let all = u32::try_from(TAKERS).unwrap_or(u32::MAX);
                let _ = under_way.acquire_many(all).await;
                return order.map(drop);
            }
            _ = every.tick() => {}
        }
        let permit = Arc::clone(&under_way).acquire_owned().await.ok()?;
        let request = client.post(url).header("content-type", "application/json").timeout(PATIENCE);
        let told = Arc::clone(told);
        tokio::spawn(async move {
            let number = told.posted.fetch_add(1, Ordering::Relaxed);
            let answer = request.body(event(number, "web")).send().await;
            let count = match &answer {
                Ok(answer) if answer.status() == 202 => &told.accepted,
                Ok(_) => &told.refused,
                Err(_) => &told.failed,
            };
            count.fetch_add(1, Ordering::Relaxed);
            if let Ok(answer) = answer {
                let _ = answer.bytes().await;
            }
            drop(permit);
        });
    }
}

/// What the log warns of: how many lines, and the first of them.
fn trouble(log: &Path) -> (usize, Vec<String>) {
    let text = std::fs::read_to_string(log).unwrap_or_default();
    let mut lines = text.lines().filter(|line| line.contains("WARN") || line.contains("ERROR"));
    let first: Vec<String> = lines.by_ref().take(LINES).map(str::to_owned).collect();
    (first.len() + lines.count(), first)
}
