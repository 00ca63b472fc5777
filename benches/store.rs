//! What the store takes: whole cycles of a delivery, accepts at a slow pace, lists over many events, a start with much
//! waiting.
//!
//! `cargo bench --bench store [-- quick] [-- only=cycle] [-- folder=PATH]` prints a table. Every accept and every
//! result is flushed to disk. CPU seconds are those of this whole process, the load's own included.
#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a benchmark prints, and stops when something is wrong")]

use std::cell::Cell;
use std::collections::VecDeque;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use flagpost::store::{
    Account, Attempt, Claim, Decided, DeliveryFilter, Digest, Ended, EventContent, EventFilter, Leased, Limits, Moment,
    NewEvent, NewVersion, Options, Outcome, PageRequest, Phases, Planned, Settlement, SourceId, SqliteStore, State,
    Store, SubscriptionId, SubscriptionVersion,
};

const NOW: i64 = 1_700_000_000_000;

/// Milliseconds since then that the clock shows.
static LATEST: AtomicI64 = AtomicI64::new(0);

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let quick = arguments.iter().any(|argument| argument == "quick" || argument == "--test");
    let folder = arguments.iter().find_map(|argument| argument.strip_prefix("folder="));
    let folder = folder.map_or_else(|| PathBuf::from(env!("CARGO_TARGET_TMPDIR")), PathBuf::from);
    let only = arguments.iter().find_map(|argument| argument.strip_prefix("only="));
    let wanted = |name: &str| only.is_none_or(|only| only == name);
    let scale = if quick { 20 } else { 1 };

    if wanted("cycle") {
        println!("| accepted, claimed, settled | events/s | deliveries/s | CPU s per 1,000 deliveries | memory, MB |");
        println!("|---|---|---|---|---|");
        cycle(&folder, 1, 1, 200_000 / scale);
        cycle(&folder, 10, 1, 50_000 / scale);
        cycle(&folder, 1, 16, 200_000 / scale);
    }
    if wanted("pace") {
        pace(&folder, 200, 4_000 / scale);
    }
    if wanted("many") {
        many(&folder, 2_000_000 / scale);
    }
    if wanted("start") {
        start(&folder, 1_000_000 / scale);
    }
}

/// Events in, claimed, settled, all at once, until everything is delivered.
fn cycle(folder: &Path, subscriptions: usize, batch: usize, events: usize) {
    let file = fresh(folder);
    let store = open(&file);
    let digest = configure(&store, subscriptions);
    let (wall, cpu) = run(&store, digest, subscriptions, batch, 0..events);
    let deliveries = events * subscriptions;
    println!(
        "| {subscriptions} subscription(s), 256 callers, {batch} a request | {:.0} | {:.0} | {:.4} | {:.0} |",
        events as f64 / wall,
        deliveries as f64 / wall,
        cpu / deliveries as f64 * 1000.0,
        memory(),
    );
}

/// Wall and CPU seconds for some events, from accepting the first to having settled the last.
fn run(
    store: &Arc<SqliteStore>,
    digest: Digest,
    subscriptions: usize,
    batch: usize,
    events: Range<usize>,
) -> (f64, f64) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let tasks = tokio::task::LocalSet::new();
    LATEST.store(n_millis(events.start), Ordering::Relaxed);
    let (started, cpu) = (Instant::now(), cpu_seconds());
    let total = events.len() * subscriptions;
    tasks.block_on(&runtime, async {
        let next = Rc::new(Cell::new(events.start));
        for _ in 0..256 {
            let (store, next, end) = (Arc::clone(store), Rc::clone(&next), events.end);
            tokio::task::spawn_local(async move {
                while next.get() < end {
                    let from = next.get();
                    let to = (from + batch).min(end);
                    next.set(to);
                    store
                        .accept((from..to).map(|n| event(n, digest, subscriptions)).collect(), accepted_at(from))
                        .await
                        .unwrap();
                }
            });
        }
        let mut arrivals = store.arrivals();
        let mut settling = VecDeque::new();
        let mut done = 0;
        while done < total {
            arrivals.mark_unchanged();
            let claimed = store.claim(claim(512)).await.unwrap().deliveries;
            if !claimed.is_empty() {
                settling.push_back(store.settle(claimed.iter().map(delivered).collect(), now()));
            }
            while settling.len() > 4 || (claimed.is_empty() && !settling.is_empty()) {
                done += settling.pop_front().unwrap().await.unwrap().len();
            }
            if claimed.is_empty() && done < total {
                let _ = tokio::time::timeout(Duration::from_millis(20), arrivals.changed()).await;
            }
        }
    });
    (started.elapsed().as_secs_f64(), cpu_seconds() - cpu)
}

/// One event after the other at a pace: how long from asking to accept it until it can be attempted.
fn pace(folder: &Path, per_second: u32, events: usize) {
    let file = fresh(folder);
    let store = open(&file);
    let digest = configure(&store, 1);
    let started = Instant::now();
    let mut waits: Vec<Duration> = Vec::new();
    for n in 0..events {
        let begin = started + Duration::from_secs(1) / per_second * u32::try_from(n).unwrap();
        std::thread::sleep(begin.saturating_duration_since(Instant::now()));
        let asked = Instant::now();
        store.accept(vec![event(n, digest, 1)], accepted_at(n)).wait().unwrap();
        let claimed = store.claim(claim(64)).wait().unwrap().deliveries;
        waits.push(asked.elapsed());
        // Not waited for: the worker goes on with the next.
        drop(store.settle(claimed.iter().map(delivered).collect(), now()));
    }
    waits.sort_unstable();
    let share = |part: f64| waits[((waits.len() - 1) as f64 * part) as usize].as_secs_f64() * 1000.0;
    println!();
    println!("| {per_second} events/s, from accepting to having claimed | median, ms | p99, ms | worst, ms |");
    println!("|---|---|---|---|");
    println!("| {events} events | {:.2} | {:.2} | {:.2} |", share(0.5), share(0.99), share(1.0));
}

/// A store with so many events, and what was measured in it.
struct Kept {
    store: Arc<SqliteStore>,
    file: PathBuf,
    digest: Digest,
    /// How many there were at first, and how many there are.
    goal: usize,
    now: usize,
    /// Seconds, CPU seconds and bytes to disk of an event, in each round.
    runs: [Vec<f64>; 3],
    /// Microseconds of each question, in each round.
    looks: [Vec<f64>; 7],
}

impl Kept {
    fn new(folder: &Path, goal: usize) -> Self {
        std::fs::create_dir_all(folder).unwrap();
        let file = fresh(folder);
        let store = open(&file);
        let digest = configure(&store, 10);
        // One delivery an event, spread over ten subscriptions, one in a thousand of them dead.
        fill(&store, digest, 0..goal);
        Kept { store, file, digest, goal, now: goal, runs: Default::default(), looks: Default::default() }
    }

    fn round(&mut self, count: usize) {
        let before = written();
        let (wall, cpu) = run(&self.store, self.digest, 1, 1, self.now..self.now + count);
        self.now += count;
        for (figures, figure) in self.runs.iter_mut().zip([wall, cpu, written() - before]) {
            figures.push(figure / count as f64);
        }
        let (store, goal) = (&self.store, self.goal);
        let deliveries = |filter: DeliveryFilter| {
            let page = store.deliveries(filter, PageRequest::first(50)).wait().unwrap();
            assert!(!page.items.is_empty());
        };
        let find = || store.find_event(SourceId::from("bench"), id(goal / 3)).wait().unwrap().unwrap();
        let looks: [&dyn Fn(); 7] = [
            &|| drop(store.events(EventFilter::default(), PageRequest::first(50)).wait().unwrap()),
            &|| deliveries(DeliveryFilter { subscription: Some(subscription(3)), ..DeliveryFilter::default() }),
            &|| deliveries(DeliveryFilter { states: vec![State::Dead], ..DeliveryFilter::default() }),
            &|| deliveries(DeliveryFilter { resource: Some(resource(17)), ..DeliveryFilter::default() }),
            &|| {
                deliveries(DeliveryFilter {
                    from: Some(at(n_millis(goal / 2))),
                    until: Some(at(n_millis(goal / 2 + 500))),
                    ..DeliveryFilter::default()
                });
            },
            &|| {
                find();
            },
            &|| drop(store.event(find()).wait().unwrap().unwrap()),
        ];
        for (figures, look) in self.looks.iter_mut().zip(looks) {
            figures.push(micros(look));
        }
    }

    /// Medians: events a second, CPU seconds of 1,000, KiB of one, microseconds of each question.
    fn figures(&self) -> Vec<f64> {
        let [wall, cpu, written] = self.runs.each_ref().map(|figures| median(figures));
        let mut figures = vec![1.0 / wall, cpu * 1000.0, written / 1024.0];
        figures.extend(self.looks.iter().map(|figures| median(figures)));
        figures
    }
}

/// Accepts and lists with few events and with many, by turns: what else happens on the machine happens to both.
fn many(folder: &Path, events: usize) {
    let mut large = Kept::new(&folder.join("large"), events);
    let mut small = Kept::new(&folder.join("small"), events / 200);
    for _ in 0..11 {
        for kept in [&mut small, &mut large] {
            kept.round(3000.min(events / 200));
        }
    }
    println!();
    println!(
        "| with so many events kept | accept+deliver, events/s | CPU s per 1,000 | KiB to disk an event | newest page, µs | by subscription | dead letters | by resource | by time | by id | event |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|---|");
    let row = |name: String, figures: &[f64]| {
        let cells: Vec<String> = figures
            .iter()
            .map(|figure| if *figure < 10.0 { format!("{figure:.3}") } else { format!("{figure:.0}") })
            .collect();
        println!("| {name} | {} |", cells.join(" | "));
    };
    let (few, lots) = (small.figures(), large.figures());
    row(small.goal.to_string(), &few);
    row(large.goal.to_string(), &lots);
    // The first is a speed, the others are costs.
    let times = few.iter().zip(&lots).enumerate().map(|(n, (few, lots))| if n == 0 { few / lots } else { lots / few });
    row("times as much".into(), &times.collect::<Vec<_>>());
    println!();
    println!("memory {:.0} MB, file {} MB", memory(), std::fs::metadata(&large.file).unwrap().len() >> 20);
}

fn fill(store: &Arc<SqliteStore>, digest: Digest, events: Range<usize>) {
    let mut pending = VecDeque::new();
    let mut from = events.start;
    LATEST.store(n_millis(from), Ordering::Relaxed);
    while from < events.end {
        let to = (from + 500).min(events.end);
        let batch = (from..to).map(|n| {
            let mut event = event(n, digest, 10);
            event.decided = vec![event.decided.swap_remove(n % 10)];
            event
        });
        pending.push_back(store.accept(batch.collect(), accepted_at(from)));
        let claimed = store.claim(claim(1000)).wait().unwrap().deliveries;
        let results = claimed.iter().map(|leased| {
            let mut result = delivered(leased);
            if leased.lease.delivery.number() % 1000 == 0 || leased.lease.delivery.event().number() % 1000 == 0 {
                result.ended = Ended::Dead;
            }
            result
        });
        drop(store.settle(results.collect(), now()));
        while pending.len() > 8 {
            pending.pop_front().unwrap().wait().unwrap();
        }
        from = to;
    }
    for accepted in pending {
        accepted.wait().unwrap();
    }
    loop {
        let claimed = store.claim(claim(1000)).wait().unwrap().deliveries;
        if claimed.is_empty() {
            break;
        }
        store.settle(claimed.iter().map(delivered).collect(), now()).wait().unwrap();
    }
}

/// Opening a store in which much waits, until the first delivery can be attempted.
fn start(folder: &Path, deliveries: usize) {
    let file = fresh(folder);
    let store = open(&file);
    let digest = configure(&store, 10);
    let mut accepted = VecDeque::new();
    for from in (0..deliveries / 10).step_by(200) {
        accepted.push_back(store.accept((from..from + 200).map(|n| event(n, digest, 10)).collect(), accepted_at(from)));
        while accepted.len() > 4 {
            accepted.pop_front().unwrap().wait().unwrap();
        }
    }
    for one in accepted {
        one.wait().unwrap();
    }
    let books = store.accounts().wait().unwrap();
    drop(store);
    let before = memory();
    let started = Instant::now();
    let store = open(&file);
    let opened = started.elapsed();
    let claimed = store.claim(claim(256)).wait().unwrap().deliveries.len();
    let first = started.elapsed();
    println!();
    println!(
        "| start with {} waiting | opened, ms | first {claimed} claimed, ms | memory before, MB | after |",
        books.get(Account::Pending)
    );
    println!("|---|---|---|---|---|");
    println!(
        "| | {:.1} | {:.1} | {before:.0} | {:.0} |",
        opened.as_secs_f64() * 1e3,
        first.as_secs_f64() * 1e3,
        memory()
    );
}

fn micros(work: &dyn Fn()) -> f64 {
    work();
    let timed = (0..9).map(|_| {
        let started = Instant::now();
        work();
        started.elapsed().as_secs_f64() * 1e6
    });
    median(&timed.collect::<Vec<_>>())
}

fn median(figures: &[f64]) -> f64 {
    let mut figures = figures.to_vec();
    figures.sort_unstable_by(f64::total_cmp);
    figures[figures.len() / 2]
}

fn at(millis: i64) -> Moment {
    Moment::from_millis(NOW + millis)
}

/// When an event comes in. The clock shows that from then on.
fn accepted_at(n: usize) -> Moment {
    let millis = n_millis(n);
    LATEST.fetch_max(millis, Ordering::Relaxed);
    at(millis)
}

fn now() -> Moment {
    at(LATEST.load(Ordering::Relaxed))
}

fn n_millis(n: usize) -> i64 {
    i64::try_from(n).unwrap() / 10
}

fn id(n: usize) -> String {
    // Ids of most platforms are random; so are these, the worst for an index.
    Digest::of(&n.to_le_bytes()).to_string()[..32].to_owned()
}

fn resource(n: usize) -> String {
    format!("proj/web:env/production:flag/flag-{}", n % 500)
}

fn subscription(n: usize) -> SubscriptionId {
    SubscriptionId::new(format!("subscription-{n}"))
}

fn event(n: usize, digest: Digest, subscriptions: usize) -> NewEvent {
    let mut raw = format!("{{\"_id\":\"{n}\",\"title\":\"").into_bytes();
    raw.resize(1024, b'x');
    let decided = (0..subscriptions).map(|n| Decided {
        subscription: subscription(n),
        version: SubscriptionVersion(1),
        outcome: Outcome::Send(Planned { integration: digest, ordering: None, due: None }),
    });
    NewEvent {
        content: Arc::new(EventContent::new(SourceId::from("bench"), id(n), raw)),
        resources: vec![resource(n)],
        decided: decided.collect(),
        unlisted: 0,
    }
}

fn claim(at_most: usize) -> Claim {
    Claim { now: now(), lease: Duration::from_secs(60), at_most, limits: Limits::all(100_000) }
}

fn delivered(leased: &Leased) -> Settlement {
    let attempt = Attempt {
        started: now(),
        phases: Phases {
            first_byte: Some(Duration::from_micros(900)),
            total: Some(Duration::from_micros(950)),
            ..Phases::default()
        },
        status: Some(204),
        headers: Vec::new(),
        body: Vec::new(),
        error: None,
    };
    Settlement { lease: leased.lease, attempt, ended: Ended::Delivered }
}

fn configure(store: &Arc<SqliteStore>, subscriptions: usize) -> Digest {
    let digest = store.put_integration(b"integration".to_vec()).wait().unwrap();
    for n in 0..subscriptions {
        let version = NewVersion { content: b"{}".to_vec(), integration: Some(digest) };
        store.put_subscription(subscription(n), version, at(0)).wait().unwrap();
    }
    digest
}

fn fresh(folder: &Path) -> PathBuf {
    let file = folder.join("bench-store.db");
    LATEST.store(0, Ordering::Relaxed);
    for end in ["", "-wal", "-shm", ".lock"] {
        let _ = std::fs::remove_file(folder.join(format!("bench-store.db{end}")));
    }
    file
}

fn open(file: &Path) -> Arc<SqliteStore> {
    Arc::new(SqliteStore::open(file, Options { verify: false, ..Options::default() }).unwrap())
}

/// CPU seconds of this process so far; the kernel counts them in hundredths.
fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after_name = stat.rsplit(')').next().unwrap_or_default();
    let fields: Vec<&str> = after_name.split_whitespace().collect();
    let ticks = |n: usize| fields.get(n).and_then(|field| field.parse::<f64>().ok()).unwrap_or(0.0);
    (ticks(11) + ticks(12)) / 100.0
}

/// Bytes that this process has had written to disk so far.
fn written() -> f64 {
    let io = std::fs::read_to_string("/proc/self/io").unwrap_or_default();
    let line = io.lines().find_map(|line| line.strip_prefix("write_bytes:")).unwrap_or_default();
    line.trim().parse().unwrap_or(0.0)
}

/// Resident memory in MB.
fn memory() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or_default();
    line.split_whitespace().next().and_then(|kib| kib.parse::<f64>().ok()).unwrap_or(0.0) / 1024.0
}
