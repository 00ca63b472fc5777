//! The program as a server, started and ended, and asked over a plain socket.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

pub(crate) fn program(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_flagpost"));
    command.env_clear().current_dir(folder);
    command
}

pub(crate) fn run(folder: &Path, arguments: &[&str]) -> Output {
    program(folder).args(arguments).output().expect("the program runs")
}

#[track_caller]
pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("it is text")
}

pub(crate) fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let made = run(folder.path(), &["new", "acme"]);
    assert!(made.status.success(), "{}", text(&made.stderr));
    folder
}

/// A server that was started, with its lines of standard output.
pub(crate) struct Served {
    pub(crate) child: Child,
    lines: mpsc::Receiver<String>,
    pub(crate) address: String,
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Served {
    pub(crate) fn start(folder: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Served {
        let mut command = program(folder);
        command.env("FLAGPOST_LISTEN", "127.0.0.1:0").arg("serve").args(arguments).envs(variables.iter().copied());
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program runs");
        let stdout = BufReader::new(child.stdout.take().expect("it is piped"));
        let (told, lines) = mpsc::channel();
        std::thread::spawn(move || {
            for line in stdout.lines().map_while(Result::ok) {
                if told.send(line).is_err() {
                    return;
                }
            }
        });
        let mut served = Served { child, lines, address: String::new() };
        let line = served.line(Duration::from_secs(60), |line| line.starts_with("listening at "));
        served.address = line.trim_start_matches("listening at http://").to_owned();
        served
    }

    /// The first line that is as wanted.
    #[track_caller]
    pub(crate) fn line(&mut self, within: Duration, wanted: impl Fn(&str) -> bool) -> String {
        let until = Instant::now() + within;
        let mut seen = Vec::new();
        while let Ok(line) = self.lines.recv_timeout(until.saturating_duration_since(Instant::now())) {
            if wanted(&line) {
                return line;
            }
            seen.push(line);
        }
        let _ = self.child.kill();
        let mut log = String::new();
        if let Some(mut stderr) = self.child.stderr.take() {
            let _ = stderr.read_to_string(&mut log);
        }
        panic!("the line never came; there were {seen:#?} and {log}");
    }

    pub(crate) fn get(&self, path: &str, token: Option<&str>) -> (u16, String) {
        let token = token.map(|token| format!("authorization: Bearer {token}\r\n")).unwrap_or_default();
        self.ask("GET", path, &token, "")
    }

    pub(crate) fn post(&self, path: &str, body: &str) -> (u16, String) {
        self.ask("POST", path, "", body)
    }

    pub(crate) fn ask(&self, method: &str, path: &str, headers: &str, body: &str) -> (u16, String) {
        let mut stream = TcpStream::connect(&self.address).expect("it listens");
        stream.set_read_timeout(Some(Duration::from_secs(20))).expect("a socket has time limits");
        let length = body.len();
        let head =
            format!("{method} {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-length: {length}\r\n");
        stream.write_all(format!("{head}{headers}\r\n{body}").as_bytes()).expect("it is sent");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("it answers");
        let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
        (status, answer.split_once("\r\n\r\n").map(|(_, body)| body.to_owned()).unwrap_or_default())
    }

    /// Tells it to end as a system does, and gives its exit code and its log.
    pub(crate) fn end(self, signal: &str) -> (Option<i32>, String) {
        self.tell(signal);
        self.ended()
    }

    pub(crate) fn tell(&self, signal: &str) {
        let told = Command::new("sh")
            .args(["-c", &format!("kill {signal} {}", self.child.id())])
            .status()
            .expect("sh is there");
        assert!(told.success());
    }

    pub(crate) fn ended(mut self) -> (Option<i32>, String) {
        let mut log = String::new();
        self.child.stderr.take().expect("it is piped").read_to_string(&mut log).expect("the log is text");
        (self.child.wait().expect("it ends").code(), log)
    }
}
