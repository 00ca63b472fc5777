//! The program killed with SIGKILL again and again while events come in and go out: every acknowledged event arrives
//! or is accounted for, none is lost, and no more arrive twice than were in flight.
//!
//! Twenty deaths in every run; `FLAGPOST_TEST_DEATHS=100` makes it the long one.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::json;

/// Senders at once.
const SENDERS: usize = 4;
/// Events in a batch.
const BATCH: u64 = 10;
/// Attempts that the subscription may make at once.
const AT_ONCE: usize = 8;
/// What may be out of it then, with what is taken in hand and what is on its way to the disk. Each may arrive once more
/// after a death.
const IN_FLIGHT: usize = AT_ONCE * 3 + 16;
/// How long the test waits for what must happen.
const PATIENCE: Duration = Duration::from_secs(120);

/// Where events come in: one at a time, and many at once.
const SOURCES: &str = r#"
[[source]]
key = "app"
kind = "launchdarkly"

[[source]]
key = "many"
kind = "generic"
mapping = { id = "/id", kind = { default = "flag" }, action = "/verb", key = "/key", name = "/name", project = { default = "web" }, environment = { default = "production" } }
"#;

/// A receiver that keeps its connections and counts what arrives by id.
struct Receiver {
    address: SocketAddr,
    arrived: Arc<Mutex<BTreeMap<String, u32>>>,
}

impl Receiver {
    fn start() -> Receiver {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let address = listener.local_addr().expect("it is bound");
        let arrived = Arc::new(Mutex::new(BTreeMap::new()));
        let log = Arc::clone(&arrived);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let log = Arc::clone(&log);
                std::thread::spawn(move || serve(&stream, &log));
            }
        });
        Receiver { address, arrived }
    }

    fn count(&self) -> (usize, usize) {
        let arrived = self.arrived.lock().expect("no thread broke");
        (arrived.len(), arrived.values().map(|times| *times as usize - 1).sum())
    }
}

fn serve(stream: &TcpStream, log: &Mutex<BTreeMap<String, u32>>) -> Option<()> {
    let _ = stream.set_nodelay(true);
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    let mut writer = stream;
    loop {
        let (mut id, mut length) = (String::new(), 0);
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line).ok()? == 0 {
                return None;
            }
            let Some((name, value)) = line.trim_end().split_once(':') else {
                if line.trim().is_empty() {
                    break;
                }
                continue;
            };
            match name.to_ascii_lowercase().as_str() {
                "content-length" => length = value.trim().parse().ok()?,
                "webhook-id" => value.trim().clone_into(&mut id),
                _ => {}
            }
        }
        reader.read_exact(&mut vec![0; length]).ok()?;
        *log.lock().ok()?.entry(id).or_default() += 1;
        writer.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").ok()?;
    }
}

/// One request on a connection of its own: its status, when there was an answer.
fn request(address: &str, method: &str, path: &str, body: &str) -> Option<(u16, String)> {
    let mut stream = TcpStream::connect(address).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(30))).ok()?;
    let length = body.len();
    let head = format!(
        "{method} {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).ok()?;
    stream.write_all(body.as_bytes()).ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    let status = answer.split(' ').nth(1)?.parse().ok()?;
    Some((status, answer.split_once("\r\n\r\n")?.1.to_owned()))
}

struct Server {
    child: Child,
    address: String,
}

impl Server {
    fn start(folder: &Path) -> Server {
        let mut child = Command::new(env!("CARGO_BIN_EXE_flagpost"))
            .args(["serve", "--allow-private", "--listen", "127.0.0.1:0"])
            .env_clear()
            .current_dir(folder)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the program runs");
        let mut said = BufReader::new(child.stdout.take().expect("it is piped")).lines().map_while(Result::ok);
        let line = said.find(|line| line.starts_with("listening at ")).expect("it listens");
        // It goes on speaking, and must not be kept from it.
        std::thread::spawn(move || said.for_each(drop));
        let address = line.trim_start_matches("listening at http://").to_owned();
        Server { child, address }
    }

    fn die(&mut self) {
        self.child.kill().expect("it can be killed");
        self.child.wait().expect("it is dead");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn event(number: u64) -> String {
    json!({
        "_id": format!("event-{number}"), "kind": "flag", "key": "nav", "name": "Nav", "verbKind": "updateOn",
        "timestamp": {"milliseconds": 1_749_000_000_000_i64}, "titleVerb": "turned on the flag",
        "member": {"email": "ana@example.com"},
        "project": {"key": "web", "name": "Web", "environment": {"key": "production", "name": "Production"}},
    })
    .to_string()
}

/// What one request hands in: every third one a batch, which must be taken whole or not at all.
fn handed_in(number: u64) -> (&'static str, String, u64) {
    if !number.is_multiple_of(3) {
        return ("/v1/sources/app/events", event(number), 1);
    }
    let entry =
        |place| json!({"id": format!("entry-{number}-{place}"), "verb": "updateOn", "key": "nav", "name": "Nav"});
    ("/v1/sources/many/events", serde_json::Value::from_iter((0..BATCH).map(entry)).to_string(), BATCH)
}

/// Draws numbers without a generator's crate: the deaths come at any moment, and a run can be read from its output.
fn draw(state: &mut u64) -> u64 {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    *state
}

#[test]
fn no_acknowledged_event_is_lost_however_often_the_program_is_killed() {
    #[expect(clippy::disallowed_methods, reason = "a flag for the long run")]
    let deaths: u32 = std::env::var("FLAGPOST_TEST_DEATHS").ok().and_then(|deaths| deaths.parse().ok()).unwrap_or(20);
    let folder = tempfile::tempdir().expect("a folder");
    let copied = Command::new("cp")
        .args(["-R", concat!(env!("CARGO_MANIFEST_DIR"), "/integrations/webhook")])
        .arg(folder.path())
        .status();
    assert!(copied.expect("cp is there").success());
    std::fs::create_dir(folder.path().join("integrations")).expect("a folder");
    std::fs::rename(folder.path().join("webhook"), folder.path().join("integrations/webhook")).expect("it is moved");
    std::fs::write(folder.path().join("flagpost.toml"), SOURCES).expect("it is written");

    let receiver = Receiver::start();
    let mut server = Server::start(folder.path());
    let document = json!({
        "integration": "webhook", "formValues": {"url": format!("http://{}/", receiver.address)}, "concurrency": AT_ONCE,
    });
    let put = request(&server.address, "PUT", "/v1/subscriptions/one", &document.to_string()).expect("an answer");
    assert!((200..300).contains(&put.0), "{put:?}");

    let address = Arc::new(Mutex::new(server.address.clone()));
    let (stop, next, acknowledged) =
        (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let senders: Vec<_> = (0..SENDERS)
        .map(|_| {
            let (address, stop) = (Arc::clone(&address), Arc::clone(&stop));
            let (next, acknowledged) = (Arc::clone(&next), Arc::clone(&acknowledged));
            std::thread::spawn(move || {
                while !stop.load(Ordering::SeqCst) {
                    let (path, body, events) = handed_in(next.fetch_add(1, Ordering::SeqCst));
                    // What is not acknowledged is sent again, as long as it takes.
                    loop {
                        let to = address.lock().expect("no thread broke").clone();
                        match request(&to, "POST", path, &body) {
                            Some((200..300, _)) => break,
                            Some((status, body)) => assert!(status >= 500 || status == 429, "{status}: {body}"),
                            None => std::thread::yield_now(),
                        }
                    }
                    acknowledged.fetch_add(events, Ordering::SeqCst);
                }
            })
        })
        .collect();

    let mut chance = 0x9e37_79b9_7f4a_7c15_u64;
    for _ in 0..deaths {
        let before = acknowledged.load(Ordering::SeqCst);
        let begun = Instant::now();
        let wanted = before + 20 + draw(&mut chance) % 200;
        while acknowledged.load(Ordering::SeqCst) < wanted && begun.elapsed() < PATIENCE {
            std::thread::sleep(Duration::from_micros(200));
        }
        server.die();
        server = Server::start(folder.path());
        address.lock().expect("no thread broke").clone_from(&server.address);
    }
    stop.store(true, Ordering::SeqCst);
    for sender in senders {
        sender.join().expect("a sender got what it must not get");
    }
    let sent = acknowledged.load(Ordering::SeqCst);
    let begun = Instant::now();
    while (receiver.count().0 as u64) < sent && begun.elapsed() < PATIENCE {
        std::thread::sleep(Duration::from_millis(10));
    }
    let (arrived, twice) = receiver.count();
    #[expect(clippy::print_stdout, reason = "the numbers of a long run are wanted")]
    {
        println!("{deaths} deaths: {sent} events acknowledged, {arrived} arrived, {twice} of them more than once");
    }
    assert_eq!(arrived as u64, sent, "an acknowledged event was lost, or one arrived that was never sent");
    assert!(twice <= deaths as usize * IN_FLIGHT, "{twice} arrived twice");
    assert!(sent > u64::from(deaths) * 20, "the program was killed before it did anything");

    // The books say the same, once the last result is written.
    let begun = Instant::now();
    loop {
        let (_, view) = request(&server.address, "GET", "/v1/subscriptions/one", "").expect("an answer");
        let view: serde_json::Value = serde_json::from_str(&view).expect("JSON");
        if view["status"]["delivered"] == json!(sent) && view["status"]["waiting"] == json!(0) {
            break;
        }
        assert!(begun.elapsed() < PATIENCE, "the books never agreed: {}", view["status"]);
        std::thread::sleep(Duration::from_millis(10));
    }
}
