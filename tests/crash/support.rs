//! The program, a receiver that counts, and what they are given.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use serde_json::json;
use tempfile::TempDir;

/// How long the test waits for what must happen.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);

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
pub(crate) struct Receiver {
    pub(crate) address: SocketAddr,
    arrived: Arc<Mutex<BTreeMap<String, u32>>>,
    answers: Gate,
}

/// Whether a receiver answers yet.
type Gate = Arc<(Mutex<bool>, Condvar)>;

impl Receiver {
    pub(crate) fn start() -> Receiver {
        let receiver = Self::silent();
        receiver.answer();
        receiver
    }

    /// One that takes no request before it is told to answer.
    pub(crate) fn silent() -> Receiver {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let address = listener.local_addr().expect("it is bound");
        let arrived = Arc::new(Mutex::new(BTreeMap::new()));
        let answers = Gate::default();
        let (log, gate) = (Arc::clone(&arrived), Arc::clone(&answers));
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (log, gate) = (Arc::clone(&log), Arc::clone(&gate));
                std::thread::spawn(move || serve(&stream, &log, &gate));
            }
        });
        Receiver { address, arrived, answers }
    }

    pub(crate) fn answer(&self) {
        *self.answers.0.lock().expect("no thread broke") = true;
        self.answers.1.notify_all();
    }

    pub(crate) fn count(&self) -> (usize, usize) {
        let arrived = self.arrived.lock().expect("no thread broke");
        (arrived.len(), arrived.values().map(|times| *times as usize - 1).sum())
    }
}

fn serve(stream: &TcpStream, log: &Mutex<BTreeMap<String, u32>>, answers: &Gate) -> Option<()> {
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
        drop(answers.1.wait_while(answers.0.lock().ok()?, |answers| !*answers).ok()?);
        *log.lock().ok()?.entry(id).or_default() += 1;
        writer.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").ok()?;
    }
}

/// One request on a connection of its own: its status, when there was an answer.
pub(crate) fn request(address: &str, method: &str, path: &str, body: &str) -> Option<(u16, String)> {
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

pub(crate) struct Server {
    child: Child,
    pub(crate) address: String,
}

impl Server {
    /// The program, which does not listen yet.
    pub(crate) fn spawn(folder: &Path) -> Child {
        Command::new(env!("CARGO_BIN_EXE_flagpost"))
            .args(["serve", "--allow-private", "--listen", "127.0.0.1:0"])
            .env_clear()
            .current_dir(folder)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the program runs")
    }

    pub(crate) fn start(folder: &Path) -> Server {
        let mut child = Self::spawn(folder);
        let mut said = BufReader::new(child.stdout.take().expect("it is piped")).lines().map_while(Result::ok);
        let line = said.find(|line| line.starts_with("listening at ")).expect("it listens");
        // It goes on speaking, and must not be kept from it.
        std::thread::spawn(move || said.for_each(drop));
        let address = line.trim_start_matches("listening at http://").to_owned();
        Server { child, address }
    }

    pub(crate) fn die(&mut self) {
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

pub(crate) fn event(number: u64) -> String {
    json!({
        "_id": format!("event-{number}"), "kind": "flag", "key": "nav", "name": "Nav", "verbKind": "updateOn",
        "timestamp": {"milliseconds": 1_749_000_000_000_i64}, "titleVerb": "turned on the flag",
        "member": {"email": "ana@example.com"},
        "project": {"key": "web", "name": "Web", "environment": {"key": "production", "name": "Production"}},
    })
    .to_string()
}

/// Draws numbers without a generator's crate: the deaths come at any moment, and a run can be read from its output.
pub(crate) fn draw(state: &mut u64) -> u64 {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    *state
}

/// Serves one subscription, whose events go to the receiver.
pub(crate) fn subscribe(server: &Server, receiver: &Receiver, at_once: usize) {
    let document = json!({
        "integration": "webhook", "formValues": {"url": format!("http://{}/", receiver.address)}, "concurrency": at_once,
    });
    let put = request(&server.address, "PUT", "/v1/subscriptions/one", &document.to_string()).expect("an answer");
    assert!((200..300).contains(&put.0), "{put:?}");
}

/// A folder with an integration and a configuration.
pub(crate) fn folder() -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let copied = Command::new("cp")
        .args(["-R", concat!(env!("CARGO_MANIFEST_DIR"), "/integrations/webhook")])
        .arg(folder.path())
        .status();
    assert!(copied.expect("cp is there").success());
    std::fs::create_dir(folder.path().join("integrations")).expect("a folder");
    std::fs::rename(folder.path().join("webhook"), folder.path().join("integrations/webhook")).expect("it is moved");
    std::fs::write(folder.path().join("flagpost.toml"), SOURCES).expect("it is written");
    folder
}
