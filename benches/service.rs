//! What the whole engine does in a second: events accepted durably, delivered over sockets, settled.
//!
//! The receiver is a process of its own (this program, told so by its environment), so that the processor time is the
//! engine's, with what hands the events in. A bare client posts into the same receiver first, as the limit.
//!
//! `cargo bench --bench service` runs all of it; a name runs one part: `bare`, `one`, `ten`, `program`, `latency`,
//! `memory`, `index`, `hanging`, `start`. `FLAGPOST_BENCH_EVENTS` and `FLAGPOST_BENCH_WAITING` change how much.

#![allow(clippy::print_stdout, reason = "a benchmark prints what it measured")]

use std::future::Future;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime};

use flagpost::delivery::{AddressGuard, Clock, Exchange as _, Limits, Sender, SystemResolver};
use flagpost::outbound::OutboundRequest;
use flagpost::service::{Parts, Service, Settings};
use flagpost::source::{Request, Source};
use flagpost::store::{Account, MemoryStore, Options, SqliteStore, Store};
use flagpost::vault::{MasterKey, Vault};
use serde_json::{Value as Json, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// As in the program.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Tells this program to be the receiver.
const RECEIVER: &str = "FLAGPOST_BENCH_RECEIVER";
/// Requests that hand events in at once.
const TAKERS: usize = 64;

#[expect(clippy::disallowed_methods, reason = "a benchmark is an edge")]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

#[expect(clippy::disallowed_methods, reason = "a benchmark is an edge")]
fn now() -> SystemTime {
    SystemTime::now()
}

fn number(name: &str, default: u64) -> u64 {
    variable(name).and_then(|text| text.parse().ok()).unwrap_or(default)
}

fn nanoseconds() -> u64 {
    let since = now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}

struct RealClock(Instant);

impl Clock for RealClock {
    fn now(&self) -> SystemTime {
        now()
    }

    fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }

    fn sleep(&self, pause: Duration) -> impl Future<Output = ()> + Send {
        tokio::time::sleep(pause)
    }
}

// ---- the receiver

/// Answers everything with 200 on connections that stay; `/hang` never. `/seen` tells the count and the latencies.
fn receive() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        println!("{}", listener.local_addr().expect("it is bound"));
        let seen: Arc<(AtomicU64, std::sync::Mutex<Vec<u64>>)> = Arc::default();
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(answer(stream, Arc::clone(&seen)));
        }
    });
}

async fn answer(mut stream: TcpStream, seen: Arc<(AtomicU64, std::sync::Mutex<Vec<u64>>)>) -> Option<()> {
    let _ = stream.set_nodelay(true);
    let mut buffer = Vec::with_capacity(8192);
    loop {
        let head = loop {
            if let Some(at) = find(&buffer, b"\r\n\r\n") {
                break at + 4;
            }
            if stream.read_buf(&mut buffer).await.ok()? == 0 {
                return None;
            }
        };
        let length = find(&buffer[..head], b"ontent-").map_or(0, |_| content_length(&buffer[..head]));
        while buffer.len() < head + length {
            if stream.read_buf(&mut buffer).await.ok()? == 0 {
                return None;
            }
        }
        let (hang, told) = (buffer.starts_with(b"POST /hang"), buffer.starts_with(b"GET /seen"));
        if let Some(at) = find(&buffer[head..head + length], b"sent-at-") {
            let digits = &buffer[head + at + 8..];
            let digits = &digits[..digits.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(digits.len())];
            let sent: u64 = std::str::from_utf8(digits).ok()?.parse().ok()?;
            seen.1.lock().ok()?.push(nanoseconds().saturating_sub(sent));
        }
        buffer.drain(..head + length);
        if hang {
            std::future::pending::<()>().await;
        }
        if told {
            let latencies = std::mem::take(&mut *seen.1.lock().ok()?);
            let body = json!({"count": seen.0.swap(0, Ordering::Relaxed), "latencies": latencies}).to_string();
            let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len());
            stream.write_all(answer.as_bytes()).await.ok()?;
        } else {
            seen.0.fetch_add(1, Ordering::Relaxed);
            stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok").await.ok()?;
        }
    }
}

fn find(text: &[u8], word: &[u8]) -> Option<usize> {
    text.windows(word.len()).position(|window| window == word)
}

fn content_length(head: &[u8]) -> usize {
    let text = String::from_utf8_lossy(head).to_ascii_lowercase();
    let line = text.lines().find_map(|line| line.strip_prefix("content-length:").map(str::trim));
    line.and_then(|length| length.parse().ok()).unwrap_or(0)
}

struct Receiver {
    child: Child,
    address: String,
}

impl Receiver {
    fn start() -> Receiver {
        let mut child = Command::new(std::env::current_exe().expect("a path"))
            .env(RECEIVER, "1")
            .stdout(Stdio::piped())
            .spawn()
            .expect("the receiver starts");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("it is piped")).read_line(&mut line).expect("it tells its address");
        Receiver { child, address: line.trim().to_owned() }
    }

    async fn seen(&self) -> Json {
        let mut stream = TcpStream::connect(&self.address).await.expect("it listens");
        stream.write_all(b"GET /seen HTTP/1.1\r\nconnection: close\r\n\r\n").await.expect("it is asked");
        let mut buffer = Vec::new();
        loop {
            if let Some(head) = find(&buffer, b"\r\n\r\n") {
                let length = content_length(&buffer[..head]);
                if buffer.len() >= head + 4 + length {
                    return serde_json::from_slice(&buffer[head + 4..]).expect("JSON");
                }
            }
            assert!(stream.read_buf(&mut buffer).await.expect("it answers") > 0);
        }
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

// ---- the engine

/// An integration that sends about a kibibyte.
fn integration(root: &Path) {
    let folder = root.join("bench");
    std::fs::create_dir_all(folder.join("templates")).expect("a folder");
    for icon in ["square.svg", "wide.svg"] {
        std::fs::write(folder.join(icon), "<svg/>").expect("a file");
    }
    let template = r#"{"id": "{{_id}}", "flag": "{{name}}", "project": "{{project.name}}", "by": "{{member.email}}", "filling": "{{comment}}"}"#;
    std::fs::write(folder.join("templates/default.json.hbs"), template).expect("a file");
    let manifest = json!({
        "name": "Bench", "version": "1.0.0", "overview": "Sends changes to a benchmark.",
        "description": "Sends every change of a flag to a receiver that exists for a benchmark only.",
        "author": "flagpost", "supportEmail": "support@example.com",
        "links": {"site": "https://example.com", "privacyPolicy": "https://example.com/privacy"},
        "categories": ["monitoring"], "icons": {"square": "square.svg", "horizontal": "wide.svg"},
        "formVariables": [
            {"key": "url", "name": "URL", "type": "uri", "description": "Where the changes are posted."},
        ],
        "capabilities": {"auditLogEventsHook": {
            "endpoint": {"url": "{{url}}", "method": "POST"},
            "templates": {"default": "templates/default.json.hbs"},
            "defaultPolicy": [{"effect": "allow", "resources": ["proj/*:env/*:flag/*"], "actions": ["*"]}],
        }},
    });
    std::fs::write(folder.join("manifest.json"), manifest.to_string()).expect("a file");
}

struct Bench {
    folder: tempfile::TempDir,
}

impl Bench {
    fn new() -> Bench {
        // Where `cargo` builds is a disk; where temporary files go may be memory, which flushes in no time.
        let place = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
        let bench = Bench { folder: tempfile::tempdir_in(place).expect("a folder") };
        integration(&bench.folder.path().join("integrations"));
        bench
    }

    fn store(&self) -> Arc<dyn Store> {
        Arc::new(SqliteStore::open(&self.folder.path().join("store.db"), Options::default()).expect("a store"))
    }

    async fn start(&self, store: Arc<dyn Store>) -> Arc<Service> {
        let parts = Parts {
            store,
            sealer: Arc::new(Vault::new(&MasterKey::new([7; 32])).expect("a key")),
            integrations: self.folder.path().join("integrations"),
            sources: vec![Source::read(json!({"key": "app", "kind": "launchdarkly"})).expect("a source")],
            settings: Settings { reload_every: None, ..Settings::default() },
            sender: Arc::new(Sender::new(AddressGuard::allowing_private(), SystemResolver, Limits::default())),
            clock: Arc::new(RealClock(Instant::now())),
            chance: Box::new(|| 0.5),
        };
        Arc::new(Service::start(parts).await.expect("it starts"))
    }
}

async fn subscribe(service: &Service, id: &str, url: &str, change: Json) {
    let secret = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
    let mut document = json!({"integration": "bench", "formValues": {"url": url}, "signing": {"secrets": [secret]}});
    for (key, value) in change.as_object().into_iter().flatten() {
        document[key] = value.clone();
    }
    service.put_subscription(id, document, false).await.expect("the document is fine");
}

fn event(number: u64, project: &str) -> Vec<u8> {
    json!({
        "_id": format!("event-{number}-sent-at-{}", nanoseconds()), "kind": "flag", "key": "nav", "name": "Navigation",
        "verbKind": "updateOn", "tags": [], "timestamp": {"milliseconds": 1_749_000_000_000_i64},
        "member": {"email": "ana@example.com"}, "comment": "x".repeat(700),
        "project": {"key": project, "name": "Web", "tags": [],
            "environment": {"key": "production", "name": "Production", "tags": []}},
    })
    .to_string()
    .into_bytes()
}

async fn take(service: &Service, body: &[u8]) {
    let request = Request { headers: &[], token: None, body, received_at_milliseconds: 1_750_000_000_000 };
    service.take("app", request).await.expect("it is taken");
}

/// Hands so many events in, from many callers at once.
async fn feed(service: &Arc<Service>, first: u64, count: u64) {
    let next = Arc::new(AtomicU64::new(first));
    let takers: Vec<_> = (0..TAKERS)
        .map(|_| {
            let (service, next) = (Arc::clone(service), Arc::clone(&next));
            tokio::spawn(async move {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= first + count {
                        return;
                    }
                    take(&service, &event(number, "web")).await;
                }
            })
        })
        .collect();
    for taker in takers {
        taker.await.expect("a taker broke");
    }
}

async fn delivered(service: &Service, count: u64) {
    while service.accounts().await.expect("the books").get(Account::Delivered) < count {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

/// Processor time of this process, all threads.
fn processor() -> Duration {
    processor_of("self")
}

fn processor_of(process: &str) -> Duration {
    let text = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    let fields: Vec<&str> = text.rsplit(") ").next().unwrap_or_default().split(' ').collect();
    let ticks = |at: usize| fields.get(at).and_then(|field| field.parse::<u64>().ok()).unwrap_or(0);
    Duration::from_millis((ticks(11) + ticks(12)) * 10)
}

fn resident(process: &str) -> u64 {
    let text = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.trim().split(' ').next()?.parse::<u64>().ok()).unwrap_or(0) / 1024
}

fn told(what: &str, count: u64, took: Duration, processor: Duration) {
    let rate = count as f64 / took.as_secs_f64();
    let cost = processor.as_secs_f64() / count as f64 * 1000.0;
    println!("{what}: {rate:.0} a second, {cost:.4} processor seconds per 1,000");
}

/// Has so many callers do one thing after another, so often in all.
async fn repeated<F, D>(callers: usize, count: u64, act: F)
where
    F: Fn() -> D + Send + Sync + 'static,
    D: Future<Output = ()> + Send,
{
    let (act, next) = (Arc::new(act), Arc::new(AtomicU64::new(0)));
    let callers: Vec<_> = (0..callers)
        .map(|_| {
            let (act, next) = (Arc::clone(&act), Arc::clone(&next));
            tokio::spawn(async move {
                while next.fetch_add(1, Ordering::Relaxed) < count {
                    act().await;
                }
            })
        })
        .collect();
    for caller in callers {
        caller.await.expect("a caller broke");
    }
}

/// The limit that everything is compared with: one reqwest client that does nothing else.
async fn limit(receiver: &Receiver, connections: usize) {
    let count = number("FLAGPOST_BENCH_EVENTS", 100_000);
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder().no_proxy().tls_certs_only([]).build().expect("a client");
    let (url, body) = (format!("http://{}/", receiver.address), "x".repeat(900));
    let (begun, used) = (Instant::now(), processor());
    repeated(connections, count, move || {
        let request = client.post(&url).header("content-type", "application/json").body(body.clone());
        async move {
            let answer = request.send().await.expect("it answers");
            answer.bytes().await.expect("it answers whole");
        }
    })
    .await;
    told(&format!("reqwest alone, {connections} connections"), count, begun.elapsed(), processor() - used);
}

async fn bare(receiver: &Receiver) {
    limit(receiver, 64).await;
    limit(receiver, 256).await;
    let count = number("FLAGPOST_BENCH_EVENTS", 100_000);
    let sender = Arc::new(Sender::new(AddressGuard::allowing_private(), SystemResolver, Limits::default()));
    let request = Arc::new(OutboundRequest {
        method: "POST".into(),
        url: format!("http://{}/", receiver.address),
        headers: vec![("Content-Type".into(), "application/json".into())],
        body: "x".repeat(900),
        signing: None,
        skip_certificate_check: false,
    });
    let (begun, used) = (Instant::now(), processor());
    repeated(64, count, move || {
        let (sender, request) = (Arc::clone(&sender), Arc::clone(&request));
        async move {
            let answer = sender.exchange(&request, &request.headers, Duration::from_secs(5)).await;
            answer.expect("it answers");
        }
    })
    .await;
    told("our sender alone, 64 connections", count, begun.elapsed(), processor() - used);
}

async fn throughput(receiver: &Receiver, subscriptions: u64) {
    let bench = Bench::new();
    let service = bench.start(bench.store()).await;
    for number in 0..subscriptions {
        let most = self::number("FLAGPOST_BENCH_CONCURRENCY", 0);
        let change = if most > 0 { json!({"concurrency": most}) } else { json!({}) };
        subscribe(&service, &format!("s-{number}"), &format!("http://{}/{number}", receiver.address), change).await;
    }
    let count = number("FLAGPOST_BENCH_EVENTS", 100_000) / subscriptions;
    feed(&service, 0, count / 10).await;
    delivered(&service, count / 10 * subscriptions).await;
    let (begun, used) = (Instant::now(), processor());
    feed(&service, count, count).await;
    delivered(&service, (count / 10 + count) * subscriptions).await;
    let what = format!("{subscriptions} subscription(s), accepted, durable, signed and delivered; deliveries");
    told(&what, count * subscriptions, begun.elapsed(), processor() - used);
    service.stop(Duration::from_secs(5)).await;
}

/// What a flush of the disk takes at the same pace: nothing durable arrives sooner.
fn flushes(folder: &Path, count: u64) -> Vec<u64> {
    let mut file = std::fs::File::create(folder.join("flushed")).expect("a file");
    let mut took: Vec<u64> = (0..count)
        .map(|_| {
            std::thread::sleep(Duration::from_millis(5));
            std::io::Write::write_all(&mut file, &[b'x'; 8192]).expect("it is written");
            let begun = Instant::now();
            file.sync_data().expect("it is flushed");
            u64::try_from(begun.elapsed().as_nanos()).unwrap_or(u64::MAX)
        })
        .collect();
    took.sort_unstable();
    took
}

fn at(sorted: &[u64], share: f64) -> f64 {
    sorted[((sorted.len() - 1) as f64 * share) as usize] as f64 / 1e6
}

async fn latency(receiver: &Receiver) {
    let bench = Bench::new();
    let alone = flushes(bench.folder.path(), 1000);
    println!("a flush of 8 KiB alone, 200 a second: median {:.2} ms, p99 {:.2} ms", at(&alone, 0.5), at(&alone, 0.99));
    let service = bench.start(bench.store()).await;
    subscribe(&service, "one", &format!("http://{}/", receiver.address), json!({})).await;
    let mut every = tokio::time::interval(Duration::from_millis(5));
    let count = 200 * number("FLAGPOST_BENCH_SECONDS", 20);
    receiver.seen().await;
    for number in 0..count {
        every.tick().await;
        let service = Arc::clone(&service);
        tokio::spawn(async move { take(&service, &event(number, "web")).await });
    }
    delivered(&service, count).await;
    let mut latencies: Vec<u64> =
        serde_json::from_value(receiver.seen().await["latencies"].clone()).expect("a list of numbers");
    latencies.sort_unstable();
    println!(
        "200 a second, from before accept to arrival: median {:.2} ms, p99 {:.2} ms",
        at(&latencies, 0.5),
        at(&latencies, 0.99)
    );
    service.stop(Duration::from_secs(5)).await;
}

async fn memory() {
    let bench = Bench::new();
    let service = bench.start(bench.store()).await;
    // Nobody listens there: the breaker opens, and the queue stays on disk.
    subscribe(&service, "one", "http://127.0.0.1:9/", json!({})).await;
    let count = number("FLAGPOST_BENCH_WAITING", 100_000);
    println!("nothing waiting: {} MiB resident", resident("self"));
    feed(&service, 0, count).await;
    println!("{count} deliveries waiting: {} MiB resident", resident("self"));
    service.stop(Duration::from_secs(5)).await;
}

async fn index() {
    for (subscriptions, matching) in [(10, 10), (1000, 10), (10_000, 10)] {
        let bench = Bench::new();
        let service = bench.start(Arc::new(MemoryStore::new())).await;
        for number in 0..subscriptions {
            let project = if number < matching { "web".to_owned() } else { format!("p-{number}") };
            let policy = json!([{"resources": [format!("proj/{project}:env/*:flag/*")]}]);
            let change = json!({"policy": policy, "enabled": false});
            subscribe(&service, &format!("s-{number}"), "http://127.0.0.1:9/", change).await;
            if number > 1000 && number % 1000 == 0 && subscriptions > 1000 {
                println!("  … {number} subscriptions");
            }
        }
        let begun = Instant::now();
        let count = 2000;
        for number in 0..count {
            take(&service, &event(number, "web")).await;
        }
        let each = begun.elapsed() / u32::try_from(count).unwrap_or(1);
        println!("{subscriptions} subscriptions, {matching} of them meant: {each:?} to plan and accept an event");
        service.stop(Duration::from_secs(5)).await;
    }
}

async fn hanging(receiver: &Receiver) {
    let mut rates = [0.0; 2];
    // In turns, and the first turn is not counted, so that neither has the warmer machine.
    for round in 0..3 {
        for hang in [false, true] {
            let bench = Bench::new();
            let service = bench.start(bench.store()).await;
            for number in 0..9 {
                let url = format!("http://{}/{number}", receiver.address);
                subscribe(&service, &format!("s-{number}"), &url, json!({})).await;
            }
            if hang {
                subscribe(&service, "hangs", &format!("http://{}/hang", receiver.address), json!({})).await;
            }
            let count = number("FLAGPOST_BENCH_EVENTS", 100_000) / 20;
            let begun = Instant::now();
            feed(&service, 0, count).await;
            delivered(&service, count * 9).await;
            if round > 0 {
                rates[usize::from(hang)] += count as f64 * 9.0 / begun.elapsed().as_secs_f64() / 2.0;
            }
            service.stop(Duration::from_millis(10)).await;
        }
    }
    println!(
        "nine receivers: {:.0} deliveries a second alone, {:.0} beside one that hangs ({:.1} %)",
        rates[0],
        rates[1],
        rates[1] / rates[0] * 100.0
    );
}

/// The program itself: events over HTTP from another process's point of view, one a request.
async fn program(receiver: &Receiver, subscriptions: u64) {
    let bench = Bench::new();
    let configuration = "[[source]]\nkey = \"app\"\nkind = \"launchdarkly\"\n";
    std::fs::write(bench.folder.path().join("flagpost.toml"), configuration).expect("a file");
    let mut child = Command::new(env!("CARGO_BIN_EXE_flagpost"))
        .args(["serve", "--allow-private", "--listen", "127.0.0.1:0"])
        .env_clear()
        .current_dir(bench.folder.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("the program runs");
    let mut said = BufReader::new(child.stdout.take().expect("it is piped")).lines().map_while(Result::ok);
    let line = said.find(|line| line.starts_with("listening at ")).expect("it listens");
    std::thread::spawn(move || said.for_each(drop));
    let base = line.trim_start_matches("listening at ").to_owned();
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder().no_proxy().tls_certs_only([]).build().expect("a client");
    for number in 0..subscriptions {
        let document = json!({
            "integration": "bench", "formValues": {"url": format!("http://{}/{number}", receiver.address)},
            "signing": {"secrets": ["whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="]},
        });
        let put = client.put(format!("{base}/v1/subscriptions/s-{number}")).header("content-type", "application/json");
        let answer = put.body(document.to_string()).send().await.expect("it answers");
        assert!(answer.status().is_success(), "{}", answer.text().await.unwrap_or_default());
    }
    let count = number("FLAGPOST_BENCH_EVENTS", 100_000) / subscriptions;
    let next = Arc::new(AtomicU64::new(0));
    let url = format!("{base}/v1/sources/app/events");
    receiver.seen().await;
    for (round, count) in [count / 10, count].into_iter().enumerate() {
        let process = child.id().to_string();
        let (begun, used) = (Instant::now(), processor_of(&process));
        let (client, url, next) = (client.clone(), url.clone(), Arc::clone(&next));
        repeated(TAKERS, count, move || {
            let body = event(next.fetch_add(1, Ordering::Relaxed), "web");
            let request = client.post(&url).header("content-type", "application/json").body(body);
            async move {
                let answer = request.send().await.expect("it answers");
                assert_eq!(answer.status(), 202);
                answer.bytes().await.expect("it answers whole");
            }
        })
        .await;
        let mut seen = 0;
        while seen < count * subscriptions {
            tokio::time::sleep(Duration::from_millis(2)).await;
            seen += receiver.seen().await["count"].as_u64().unwrap_or(0);
        }
        if round == 1 {
            let what = format!("the program, over HTTP, {subscriptions} subscription(s); deliveries");
            told(&what, count * subscriptions, begun.elapsed(), processor_of(&process) - used);
            println!("the program afterwards: {} MiB resident", resident(&process));
        }
    }
    let _ = child.kill();
    let _ = child.wait();
}

async fn start(receiver: &Receiver) {
    let bench = Bench::new();
    let count = number("FLAGPOST_BENCH_WAITING", 100_000);
    {
        let service = bench.start(bench.store()).await;
        subscribe(&service, "one", "http://127.0.0.1:9/", json!({})).await;
        feed(&service, 0, count).await;
        let patch = json!({"formValues": {"url": format!("http://{}/", receiver.address)}, "enabled": false});
        service.patch_subscription("one", patch, false).await.expect("it can be changed");
        service.patch_subscription("one", json!({"enabled": true}), false).await.expect("it can be switched on");
        service.stop(Duration::from_secs(5)).await;
    }
    let store = loop {
        match SqliteStore::open(&bench.folder.path().join("store.db"), Options::default()) {
            Ok(store) => break Arc::new(store),
            Err(_) => tokio::time::sleep(Duration::from_millis(5)).await,
        }
    };
    drop(store);
    tokio::time::sleep(Duration::from_millis(200)).await;
    receiver.seen().await;
    let begun = Instant::now();
    let service = bench.start(bench.store()).await;
    let open = begun.elapsed();
    while receiver.seen().await["count"] == json!(0) {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    println!("start with {count} deliveries waiting: ready after {open:?}, first delivery after {:?}", begun.elapsed());
    service.stop(Duration::from_secs(5)).await;
}

fn main() {
    if variable(RECEIVER).is_some() {
        receive();
        return;
    }
    let wanted: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    let wants = |name: &str| wanted.is_empty() || wanted.iter().any(|word| word == name);
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let receiver = Receiver::start();
        if wants("bare") {
            bare(&receiver).await;
        }
        if wants("one") {
            throughput(&receiver, 1).await;
        }
        if wants("ten") {
            throughput(&receiver, 10).await;
        }
        if wants("program") {
            program(&receiver, 1).await;
            program(&receiver, 10).await;
        }
        if wants("latency") {
            latency(&receiver).await;
        }
        if wants("memory") {
            memory().await;
        }
        if wants("index") {
            index().await;
        }
        if wants("hanging") {
            hanging(&receiver).await;
        }
        if wants("start") {
            start(&receiver).await;
        }
    });
}
