//! The program itself as a server: settings, keys, the demonstration, tokens, and how it ends.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use serde_json::Value as Json;

fn program(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_flagpost"));
    command.env_clear().current_dir(folder);
    command
}

fn run(folder: &Path, arguments: &[&str]) -> Output {
    program(folder).args(arguments).output().expect("the program runs")
}

#[track_caller]
fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("it is text")
}

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let made = run(folder.path(), &["new", "acme"]);
    assert!(made.status.success(), "{}", text(&made.stderr));
    folder
}

/// A server that was started, with its lines of standard output.
struct Served {
    child: Child,
    lines: mpsc::Receiver<String>,
    address: String,
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Served {
    fn start(folder: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Served {
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
    fn line(&mut self, within: Duration, wanted: impl Fn(&str) -> bool) -> String {
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

    fn get(&self, path: &str, token: Option<&str>) -> (u16, String) {
        let token = token.map(|token| format!("authorization: Bearer {token}\r\n")).unwrap_or_default();
        self.ask("GET", path, &token, "")
    }

    fn post(&self, path: &str, body: &str) -> (u16, String) {
        self.ask("POST", path, "", body)
    }

    fn ask(&self, method: &str, path: &str, headers: &str, body: &str) -> (u16, String) {
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
    fn end(self, signal: &str) -> (Option<i32>, String) {
        self.tell(signal);
        self.ended()
    }

    fn tell(&self, signal: &str) {
        let told = Command::new("sh")
            .args(["-c", &format!("kill {signal} {}", self.child.id())])
            .status()
            .expect("sh is there");
        assert!(told.success());
    }

    fn ended(mut self) -> (Option<i32>, String) {
        let mut log = String::new();
        self.child.stderr.take().expect("it is piped").read_to_string(&mut log).expect("the log is text");
        (self.child.wait().expect("it ends").code(), log)
    }
}

#[test]
fn the_printed_settings_can_be_read_back() {
    let folder = folder();
    let file = folder.path().join("flagpost.toml");
    std::fs::write(
        &file,
        "requests_at_once = 7\n[[source]]\nkey = \"ld\"\nkind = \"launchdarkly\"\nsecrets = \"hunter2\"\n",
    )
    .expect("it is written");
    let output = program(folder.path())
        .args(["serve", "--print-config", "--stop-seconds", "3"])
        .env("FLAGPOST_LOG_FORMAT", "json")
        .env("FLAGPOST_MASTER_KEY", "hunter3")
        .output()
        .expect("the program runs");
    assert!(output.status.success(), "{}", text(&output.stderr));
    let printed = text(&output.stdout);
    for line in [
        "requests_at_once = 7",
        "stop_seconds = 3",
        "log_format = \"json\"",
        "from FLAGPOST_LOG_FORMAT",
        "from --stop-seconds",
    ] {
        assert!(printed.contains(line), "{line} is not in\n{printed}");
    }
    assert!(!printed.contains("hunter"), "{printed}");
    std::fs::write(&file, &printed).expect("it is written");
    let again = run(folder.path(), &["serve", "--print-config"]);
    assert!(again.status.success() && text(&again.stdout).contains("requests_at_once = 7"), "{}", text(&again.stderr));
    assert!(!folder.path().join("flagpost-data").exists(), "printing makes nothing");
}

#[test]
fn a_slip_in_the_settings_is_told_with_what_was_meant() {
    let folder = folder();
    let file = folder.path().join("own.toml");
    for (written, message, help) in [
        ("lisen = \"127.0.0.1:1\"", "no setting is named `lisen`", "did you mean `listen`?"),
        ("[[source]]\nkey = \"a\"\nkind = \"konect\"", "source `a`", "did you mean `konnect`?"),
        (
            "[[source]]\nkey = \"a\"\nkind = \"launchdarkly\"\nsecert = \"hunter2\"",
            "`secert`",
            "did you mean `secrets`?",
        ),
    ] {
        std::fs::write(&file, written).expect("it is written");
        let output = run(folder.path(), &["serve", "--config", "own.toml"]);
        let told = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{told}");
        assert!(told.contains(message) && told.contains(help) && !told.contains("hunter2"), "{told}");
    }
    let output = program(folder.path()).arg("serve").env("FLAGPOST_LISTEM", "x").output().expect("the program runs");
    assert!(text(&output.stderr).contains("did you mean `FLAGPOST_LISTEN`?"), "{}", text(&output.stderr));
    let missing = run(folder.path(), &["serve", "--config", "nowhere.toml"]);
    assert_eq!(missing.status.code(), Some(2));
}

#[test]
fn it_starts_answers_and_ends_with_zero() {
    let folder = folder();
    for signal in ["-TERM", "-INT"] {
        let served = Served::start(folder.path(), &["--log-format", "json"], &[]);
        assert_eq!(served.get("/readyz", None).0, 200);
        let (code, log) = served.end(signal);
        assert_eq!(code, Some(0), "{log}");
        for line in log.lines() {
            assert!(serde_json::from_str::<Json>(line).is_ok(), "not JSON: {line}");
        }
        assert!(log.contains("stopped"), "{log}");
    }
}

#[test]
fn the_log_names_the_request_in_which_something_went_wrong() {
    let folder = folder();
    let source = "[[source]]\nkey = \"any\"\nkind = \"generic\"\nmapping = { kind = \"/kind\", action = \"/verb\" }\n";
    std::fs::write(folder.path().join("flagpost.toml"), source).expect("it is written");
    for format in ["text", "json"] {
        let served = Served::start(folder.path(), &["--log-format", format], &[]);
        for (id, body) in [("short.1", "nonsense\n".to_owned()), ("long.2", "nonsense\n".repeat(9000))] {
            let (status, answer) =
                served.ask("POST", "/v1/sources/any/events", &format!("x-request-id: {id}\r\n"), &body);
            assert_eq!(status, 422, "{answer}");
        }
        // Written after the word to end, and not lost for it.
        let (code, log) = served.end("-TERM");
        assert_eq!(code, Some(0), "{log}");
        for id in ["short.1", "long.2"] {
            let line = log.lines().find(|line| line.contains(id));
            let line = line.unwrap_or_else(|| panic!("no line names {id}: {log}"));
            assert!(line.contains("entries that cannot be used"), "{line}");
            if format == "json" {
                let line: Json = serde_json::from_str(line).expect("JSON");
                assert_eq!(line["span"]["request.id"], id, "{line}");
            }
        }
        assert!(log.contains("the integration `acme` is in use") || format == "json", "{log}");
    }
}

#[test]
fn another_key_is_a_clear_error_and_a_lost_one_too() {
    let folder = folder();
    let (code, _) = Served::start(folder.path(), &[], &[]).end("-TERM");
    assert_eq!(code, Some(0));
    let key = folder.path().join("flagpost-data/master.key");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(std::fs::metadata(&key).expect("it was made").permissions().mode() & 0o777, 0o600);
    }
    let other = "ab".repeat(32);
    let wrong = program(folder.path())
        .args(["serve", "--listen", "127.0.0.1:0"])
        .env("FLAGPOST_MASTER_KEY", &other)
        .output()
        .expect("the program runs");
    let told = text(&wrong.stderr);
    assert_eq!(wrong.status.code(), Some(1), "{told}");
    assert!(told.contains("is not the key that this store was sealed with") && !told.contains(&other), "{told}");
    std::fs::remove_file(&key).expect("it was made");
    let lost = run(folder.path(), &["serve", "--listen", "127.0.0.1:0"]);
    assert!(text(&lost.stderr).contains("the master key is gone"), "{}", text(&lost.stderr));
    assert!(!key.exists(), "no new key takes its place");
}

#[test]
fn an_integration_that_is_broken_at_the_start_is_in_the_log() {
    let folder = folder();
    std::fs::remove_dir_all(folder.path().join("integrations/acme/templates")).expect("it was made");
    let served = Served::start(folder.path(), &[], &[]);
    let listed: Json = serde_json::from_str(&served.get("/v1/integrations", None).1).expect("JSON");
    assert_eq!((&listed["items"][0]["key"], &listed["items"][0]["digest"]), (&Json::from("acme"), &Json::Null));
    assert!(!listed["items"][0]["refused"].as_array().expect("findings").is_empty(), "{listed}");
    let metrics = served.get("/metrics", None).1;
    assert!(metrics.contains("flagpost_integration_changes_total{outcome=\"refused\"} 1"), "{metrics}");
    let (_, log) = served.end("-TERM");
    assert!(log.contains("`acme`: the integration was refused"), "{log}");
}

#[test]
fn a_slip_in_the_log_level_is_an_error_and_not_a_silent_log() {
    let folder = folder();
    for level in ["loud", "info,loud", "inof"] {
        let output = run(folder.path(), &["serve", "--print-config", "--log-level", level]);
        assert_eq!(output.status.code(), Some(2), "{level}");
        assert!(text(&output.stderr).contains("is neither a level"), "{}", text(&output.stderr));
    }
    for level in ["INFO", "off", "warn,flagpost=debug", "flagpost::server=trace"] {
        assert!(run(folder.path(), &["serve", "--print-config", "--log-level", level]).status.success(), "{level}");
    }
}

#[test]
fn one_store_has_one_server() {
    let folder = folder();
    let served = Served::start(folder.path(), &[], &[]);
    let second = run(folder.path(), &["serve", "--listen", "127.0.0.1:0"]);
    assert_eq!(second.status.code(), Some(1));
    assert!(text(&second.stderr).contains("another process works on the store"), "{}", text(&second.stderr));
    assert_eq!(served.get("/healthz", None).0, 200);
}

#[test]
fn tokens_are_made_beside_a_running_server_and_close_its_doors() {
    let folder = folder();
    let served = Served::start(folder.path(), &[], &[]);
    assert_eq!(served.get("/v1/events", None).0, 200);
    let made = run(folder.path(), &["token", "create", "--name", "ci", "--scope", "read"]);
    assert!(made.status.success(), "{}", text(&made.stderr));
    let token = text(&made.stdout).trim().to_owned();
    let started = Instant::now();
    while served.get("/v1/events", None).0 != 401 {
        assert!(started.elapsed() < Duration::from_secs(10), "the door stays open");
    }
    // The first time a token is seen, it is counted with its address, where so much was asked just now.
    while served.get("/v1/events", Some(&token)).0 == 429 {
        assert!(started.elapsed() < Duration::from_secs(20), "the token is not let in");
    }
    assert_eq!(served.get("/v1/events", Some(&token)).0, 200);
    let server = format!("http://{}", served.address);
    let ask = |token: &str| {
        program(folder.path())
            .args(["subscriptions", "--server", &server])
            .env("FLAGPOST_TOKEN", token)
            .output()
            .expect("the program runs")
    };
    assert!(ask(&token).status.success());
    let refused = ask("fp_other");
    assert_eq!(refused.status.code(), Some(1));
    assert!(text(&refused.stderr).contains("the token is not known"), "{}", text(&refused.stderr));

    let listed = text(&run(folder.path(), &["token", "list"]).stdout);
    assert!(listed.contains("ci") && !listed.contains(&token), "{listed}");
    assert!(run(folder.path(), &["token", "revoke", "ci"]).status.success());
    let slip = run(folder.path(), &["token", "revoke", "ci"]);
    assert_eq!(slip.status.code(), Some(2));
    let slip = run(folder.path(), &["token", "create", "--scope", "raed"]);
    assert_eq!(slip.status.code(), Some(2));
    for _ in 0..2 {
        assert!(run(folder.path(), &["token", "create"]).status.success());
    }
    let listed = text(&run(folder.path(), &["token", "list"]).stdout);
    assert!(listed.contains("  token\n") && listed.contains("  token-2\n"), "{listed}");
    let twice = run(folder.path(), &["token", "create", "--name", "token-2"]);
    assert_eq!(twice.status.code(), Some(2));
    let told = text(&twice.stderr);
    assert!(told.contains("named `token-2` already") && told.contains("flagpost token revoke token-2"), "{told}");
}

#[test]
fn without_a_token_it_listens_on_this_machine_alone_and_says_so() {
    let folder = folder();
    let served = Served::start(folder.path(), &["--listen", "0.0.0.0:0"], &[]);
    assert!(served.address.starts_with("127.0.0.1:"), "{}", served.address);
    let (code, log) = served.end("-TERM");
    assert_eq!(code, Some(0));
    assert!(log.contains("there is no token") && log.contains("flagpost token create"), "{log}");
}

#[test]
fn the_demonstration_delivers_within_five_seconds_and_leaves_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let temporary = tempfile::tempdir().expect("a folder");
    let variables = [("TMPDIR", temporary.path().to_str().expect("a plain path"))];
    // Three tries, because a machine that is busy with other tests can be slow once.
    let mut took = Vec::new();
    let served = loop {
        let started = Instant::now();
        let mut served = Served::start(folder.path(), &["--demo"], &variables);
        served.line(Duration::from_secs(30), |line| line.starts_with("delivered "));
        took.push(started.elapsed());
        if started.elapsed() < Duration::from_secs(5) {
            break served;
        }
        assert!(took.len() < 3, "it took {took:?}");
        assert_eq!(served.end("-TERM").0, Some(0));
    };
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let stage = std::fs::read_dir(temporary.path()).expect("it is there").next().expect("it plays somewhere");
        let stage = stage.expect("it can be looked at");
        assert_eq!(stage.metadata().expect("it is there").permissions().mode() & 0o777, 0o700);
        let name = stage.file_name().to_string_lossy().into_owned();
        assert!(name.len() > 40 && !name.ends_with(&format!("-{}", served.child.id())), "{name}");
    }
    let server = format!("http://{}", served.address);
    let tail = run(folder.path(), &["tail", "--lines", "3", "--json", "--server", &server]);
    assert!(tail.status.success(), "{}", text(&tail.stderr));
    assert_eq!(text(&tail.stdout).lines().filter(|line| serde_json::from_str::<Json>(line).is_ok()).count(), 3);
    let listed = text(&run(folder.path(), &["subscriptions", "--server", &server]).stdout);
    assert!(listed.contains("everything") && listed.contains("shaky-receiver"), "{listed}");
    let deliveries = run(folder.path(), &["deliveries", "--state", "delivered", "--json", "--server", &server]);
    let deliveries: Json = serde_json::from_slice(&deliveries.stdout).expect("a list");
    let delivery = deliveries[0]["delivery"].as_str().expect("there is one").to_owned();
    let replayed = run(folder.path(), &["replay", &delivery, "--server", &server]);
    assert!(text(&replayed.stdout).contains("is made once more"), "{}", text(&replayed.stderr));
    let job =
        run(folder.path(), &["replay", "--subscription", "everything", "--state", "delivered", "--server", &server]);
    assert!(text(&job.stdout).contains("completed"), "{} {}", text(&job.stdout), text(&job.stderr));
    let (code, log) = served.end("-INT");
    assert_eq!(code, Some(0), "{log}");
    assert!(!log.contains("demo-key-123456"), "{log}");
    assert_eq!(std::fs::read_dir(temporary.path()).expect("it is there").count(), 0, "something is left");
    assert_eq!(std::fs::read_dir(folder.path()).expect("it is there").count(), 0, "something is left");
}

#[test]
fn a_command_without_a_server_says_how_to_start_one() {
    let folder = tempfile::tempdir().expect("a folder");
    for arguments in [&["subscriptions"][..], &["deliveries"], &["tail"], &["replay", "7"]] {
        let output = program(folder.path()).args(arguments).env("FLAGPOST_SERVER", "http://127.0.0.1:1").output();
        let output = output.expect("the program runs");
        assert_eq!(output.status.code(), Some(1), "{arguments:?}");
        assert!(text(&output.stderr).contains("flagpost serve"), "{}", text(&output.stderr));
    }
    let everything = run(folder.path(), &["replay"]);
    assert_eq!(everything.status.code(), Some(2));
}

#[test]
fn a_full_store_takes_nothing_and_says_so_and_takes_everything_again() {
    let folder = folder();
    let source = "[[source]]\nkey = \"ld\"\nkind = \"launchdarkly\"\n";
    std::fs::write(folder.path().join("flagpost.toml"), source).expect("it is written");
    let sample = include_str!("../sample-context/flag/toggled.json");
    let mut event: Json = serde_json::from_str(sample).expect("a sample is JSON");
    event["comment"] = "x".repeat(4000).into();
    let mut send = |served: &Served, id: usize| {
        event["_id"] = id.to_string().into();
        served.post("/v1/sources/ld/events", &event.to_string())
    };
    let books = |served: &Served| -> Json { serde_json::from_str(&served.get("/v1/accounts", None).1).expect("JSON") };

    let served = Served::start(folder.path(), &["--store-bytes", "600000"], &[]);
    let mut taken = 0_usize;
    let refused = loop {
        let (status, body) = send(&served, taken);
        if status != 202 {
            break (status, body);
        }
        taken += 1;
        assert!(taken < 1000, "the store never fills");
    };
    assert_eq!(refused.0, 503, "{}", refused.1);
    assert!(refused.1.contains("it is full") && refused.1.contains("raise `store_bytes`"), "{}", refused.1);
    assert_eq!(served.get("/readyz", None).0, 503);
    assert_eq!(served.get("/healthz", None).0, 200);
    assert_eq!(books(&served)["events"], taken, "what was refused is not there, and what was taken is");
    let started = Instant::now();
    (0..20).for_each(|_| assert_eq!(send(&served, taken).0, 503));
    let seconds = usize::try_from(started.elapsed().as_secs()).expect("few");
    let (code, log) = served.end("-TERM");
    assert_eq!(code, Some(0));
    let lines = log.lines().filter(|line| line.contains("answered 503: the store takes nothing")).count();
    assert!((1..seconds + 4).contains(&lines), "one a second is told, not {lines} in {seconds} s: {log}");

    let served = Served::start(folder.path(), &[], &[]);
    assert_eq!(send(&served, taken).0, 202);
    let told = books(&served);
    assert_eq!((&told["events"], &told["balance"]), (&Json::from(taken + 1), &Json::from(true)));
    assert_eq!(served.get("/readyz", None).0, 200);
}

#[test]
fn a_store_is_asked_by_itself_where_no_server_runs() {
    let folder = folder();
    let source = "allow_private = true\n[[source]]\nkey = \"ld\"\nkind = \"launchdarkly\"\n";
    std::fs::write(folder.path().join("flagpost.toml"), source).expect("it is written");
    let served = Served::start(folder.path(), &[], &[]);
    // Nobody listens there, and an attempt that is refused ends with the profile at once.
    let document = serde_json::json!({"integration": "acme", "name": "Acme", "profile": {"success": ["2xx"], "retry": [], "attempts": 1},
        "formValues": {"url": "http://127.0.0.1:1/", "apiKey": "hunter2-Geheimnis"},
        "policy": [{"effect": "allow", "resources": ["*"], "actions": ["*"]}]});
    let (status, answer) = served.ask("PUT", "/v1/subscriptions/acme", "", &document.to_string());
    assert_eq!(status, 201, "{answer}");
    let sample = include_str!("../sample-context/flag/toggled.json");
    assert_eq!(served.post("/v1/sources/ld/events", sample).0, 202);
    let started = Instant::now();
    let dead = loop {
        let page: Json = serde_json::from_str(&served.get("/v1/deliveries?state=dead", None).1).expect("JSON");
        if let Some(number) = page["items"][0]["delivery"].as_str() {
            break number.to_owned();
        }
        assert!(started.elapsed() < Duration::from_secs(20), "it is never given up");
    };
    let store = ["--store", "flagpost-data/flagpost.db"];
    let ask = |arguments: &[&str]| run(folder.path(), &[arguments, &store].concat());
    for arguments in [&["subscriptions"][..], &["deliveries"], &["replay", &dead]] {
        let output = ask(arguments);
        let told = text(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{told}");
        assert!(told.contains("a server works on the store") && told.contains("`--server`"), "{told}");
    }
    assert_eq!(served.end("-TERM").0, Some(0));

    let subscriptions = ask(&["subscriptions"]);
    let listed = text(&subscriptions.stdout);
    assert!(listed.contains("acme") && listed.contains("failing"), "{listed} {}", text(&subscriptions.stderr));
    let one: Json = serde_json::from_slice(&ask(&["subscriptions", "acme"]).stdout).expect("JSON");
    assert_eq!((&one["integration"], &one["status"]["dead"]), (&Json::from("acme"), &Json::from(1)));
    assert!(!one.to_string().contains("hunter2") && !one.to_string().contains("formValues"), "{one}");
    assert_eq!(ask(&["subscriptions", "acmee"]).status.code(), Some(1));
    let deliveries: Json =
        serde_json::from_slice(&ask(&["deliveries", "--state", "dead", "--json"]).stdout).expect("JSON");
    assert_eq!(deliveries[0]["delivery"], Json::from(dead.as_str()));
    let detail: Json = serde_json::from_slice(&ask(&["deliveries", &dead]).stdout).expect("JSON");
    assert_eq!(detail["history"].as_array().map(Vec::len), Some(1), "{detail}");
    assert_eq!(ask(&["deliveries", "--state", "ded"]).status.code(), Some(2));
    let nothing = run(folder.path(), &["deliveries", "--store", "nowhere.db"]);
    assert_eq!(nothing.status.code(), Some(2));
    assert!(!folder.path().join("nowhere.db").exists(), "looking makes nothing");

    let counted = text(&ask(&["replay", "--state", "dead", "--dry-run"]).stdout);
    assert!(counted.starts_with("1 deliveries would be made once more"), "{counted}");
    let replayed = ask(&["replay", "--state", "dead"]);
    assert!(text(&replayed.stdout).contains("1 deliveries are made once more"), "{}", text(&replayed.stderr));
    assert!(text(&ask(&["replay", "--state", "dead", "--dry-run"]).stdout).starts_with("0 "));
    let waits: Json =
        serde_json::from_slice(&ask(&["deliveries", "--state", "waiting", "--json"]).stdout).expect("JSON");
    assert_eq!(waits[0]["replayOf"], Json::from(dead.as_str()), "{waits}");
    assert_eq!(ask(&["replay", "--state", "waiting"]).status.code(), Some(2));
}

/// Takes requests and hands their bodies on.
fn collector() -> (String, mpsc::Receiver<Json>) {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let address = format!("http://{}", listener.local_addr().expect("it listens"));
    let (told, bodies) = mpsc::channel();
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let mut stream = BufReader::new(stream);
            let (mut length, mut line) = (0, String::new());
            while stream.read_line(&mut line).is_ok_and(|read| read > 2) {
                let header = line.to_ascii_lowercase();
                length = header
                    .strip_prefix("content-length:")
                    .map_or(length, |text| text.trim().parse().expect("a number"));
                line.clear();
            }
            let mut body = vec![0; length];
            stream.read_exact(&mut body).expect("the body is whole");
            let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}";
            stream.get_mut().write_all(answer).expect("it is sent");
            if told.send(serde_json::from_slice(&body).expect("JSON")).is_err() {
                return;
            }
        }
    });
    (address, bodies)
}

#[test]
fn traces_go_to_a_collector() {
    let folder = folder();
    let source = "allow_private = true\n[[source]]\nkey = \"ld\"\nkind = \"launchdarkly\"\n";
    std::fs::write(folder.path().join("flagpost.toml"), source).expect("it is written");
    let (collector, bodies) = collector();
    // What the log shows does not decide about the traces.
    let served = Served::start(folder.path(), &["--otlp-endpoint", &collector, "--log-level", "error"], &[]);
    let document = serde_json::json!({"integration": "acme", "name": "Acme",
        "formValues": {"url": "http://127.0.0.1:1/", "apiKey": "hunter2-Geheimnis"},
        "policy": [{"effect": "allow", "resources": ["*"], "actions": ["*"]}]});
    assert_eq!(served.ask("PUT", "/v1/subscriptions/acme", "", &document.to_string()).0, 201);
    let sample = include_str!("../sample-context/flag/toggled.json");
    let sent = served.ask("POST", "/v1/sources/ld/events", "x-request-id: traced.1\r\n", sample);
    assert_eq!(sent.0, 202, "{}", sent.1);
    let text = |span: &Json, name: &str| {
        let attributes = span["attributes"].as_array().expect("a list").iter();
        let found = attributes.filter(|attribute| attribute["key"] == name).next_back();
        found.map(|found| found["value"]["stringValue"].as_str().unwrap_or_default().to_owned()).unwrap_or_default()
    };
    let until = Instant::now() + Duration::from_secs(30);
    let mut spans: Vec<Json> = Vec::new();
    let (request, plan, attempt) = loop {
        let find = |name: &str, key: &str, value: &str| {
            spans.iter().find(|span| span["name"] == name && text(span, key) == value).cloned()
        };
        let request = find("request", "request.id", "traced.1");
        let (plan, attempt) = (find("plan", "source.key", "ld"), find("attempt", "subscription.id", "acme"));
        if let (Some(request), Some(plan), Some(attempt)) = (request, plan, attempt) {
            break (request, plan, attempt);
        }
        let wait = until.saturating_duration_since(Instant::now());
        let body = bodies.recv_timeout(wait).unwrap_or_else(|_| panic!("there are only {spans:#?}"));
        assert!(!body.to_string().contains("hunter2"), "{body}");
        let more = body["resourceSpans"][0]["scopeSpans"][0]["spans"].as_array().expect("spans").clone();
        spans.extend(more);
    };
    assert_eq!((&plan["traceId"], &plan["parentSpanId"]), (&request["traceId"], &request["spanId"]));
    assert_eq!(text(&request, "http.route"), "/v1/sources/{source}/events");
    assert_eq!((text(&attempt, "ended").as_str(), &attempt["status"]["code"]), ("retry", &Json::from(2)));
    assert_eq!(served.end("-TERM").0, Some(0));
}

#[test]
fn told_twice_to_end_it_ends_at_once() {
    let folder = folder();
    let served = Served::start(folder.path(), &["--stop-seconds", "60"], &[]);
    // A request that never ends keeps it from stopping.
    let mut stream = TcpStream::connect(&served.address).expect("it listens");
    stream
        .write_all(b"PUT /v1/subscriptions/a HTTP/1.1\r\nhost: localhost\r\ncontent-length: 9\r\n\r\n{")
        .expect("it is sent");
    assert_eq!(served.get("/healthz", None).0, 200);
    served.tell("-TERM");
    let started = Instant::now();
    while TcpStream::connect(&served.address).is_ok() {
        assert!(started.elapsed() < Duration::from_secs(4), "it goes on listening");
    }
    served.tell("-TERM");
    assert_eq!(served.ended().0, Some(130));
}

#[test]
fn a_folder_that_is_a_file_is_told_as_one() {
    let folder = folder();
    std::fs::create_dir(folder.path().join("data")).expect("it is made");
    std::fs::write(folder.path().join("data/flagpost.db"), "").expect("it is written");
    for arguments in [&["serve", "--listen", "127.0.0.1:0"][..], &["token", "list"], &["token", "create"]] {
        let output = program(folder.path()).args(arguments).args(["--data", "data/flagpost.db"]).output();
        let output = output.expect("the program runs");
        let told = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{told}");
        assert!(told.contains("is a file") && told.contains("`--data data`"), "{told}");
    }
}

#[test]
fn a_server_that_is_started_in_the_wrong_place_leaves_nothing_there() {
    let folder = tempfile::tempdir().expect("a folder");
    let output = run(folder.path(), &["serve", "--listen", "127.0.0.1:0"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("--integrations"), "{}", text(&output.stderr));
    assert_eq!(std::fs::read_dir(folder.path()).expect("it is there").count(), 0);
}

#[test]
fn a_backup_is_made_beside_the_traffic_and_goes_back_in() {
    let folder = folder();
    let source = "[[source]]\nkey = \"ld\"\nkind = \"launchdarkly\"\n";
    std::fs::write(folder.path().join("flagpost.toml"), source).expect("it is written");
    let sample = include_str!("../sample-context/flag/toggled.json");
    let mut event: Json = serde_json::from_str(sample).expect("a sample is JSON");
    let mut send = |served: &Served, id: usize| {
        event["_id"] = id.to_string().into();
        assert_eq!(served.post("/v1/sources/ld/events", &event.to_string()).0, 202);
    };
    let count = |served: &Served| -> Json {
        let books: Json = serde_json::from_str(&served.get("/v1/accounts", None).1).expect("JSON");
        books["events"].clone()
    };
    let data = folder.path().join("flagpost-data");
    let served = Served::start(folder.path(), &[], &[]);
    (0..5).for_each(|id| send(&served, id));
    let looking = rusqlite::Connection::open(data.join("flagpost.db")).expect("it opens");
    looking.execute("VACUUM INTO ?1", [folder.path().join("backup.db").to_str()]).expect("it is backed up");
    drop(looking);
    (5..8).for_each(|id| send(&served, id));
    assert_eq!(count(&served), 8);
    assert_eq!(served.end("-TERM").0, Some(0));

    for rest in ["flagpost.db-wal", "flagpost.db-shm"] {
        let _ = std::fs::remove_file(data.join(rest));
    }
    std::fs::copy(folder.path().join("backup.db"), data.join("flagpost.db")).expect("it goes back");
    let served = Served::start(folder.path(), &[], &[]);
    assert_eq!(count(&served), 5);
    assert_eq!(served.get("/readyz", None).0, 200);
}

#[test]
fn what_is_being_handed_in_when_it_stops_is_still_taken() {
    let folder = folder();
    let source = "[[source]]\nkey = \"ld\"\nkind = \"launchdarkly\"\n";
    std::fs::write(folder.path().join("flagpost.toml"), source).expect("it is written");
    let body = include_str!("../sample-context/flag/toggled.json");
    let served = Served::start(folder.path(), &[], &[]);
    let mut stream = TcpStream::connect(&served.address).expect("it listens");
    stream.set_read_timeout(Some(Duration::from_secs(20))).expect("a socket has time limits");
    let length = body.len();
    let head = format!("POST /v1/sources/ld/events HTTP/1.1\r\nhost: localhost\r\ncontent-length: {length}\r\n\r\n");
    let (first, second) = body.split_at(100);
    stream.write_all(format!("{head}{first}").as_bytes()).expect("it is sent");
    // The head has been read once another request on a later connection was answered.
    assert_eq!(served.get("/healthz", None).0, 200);
    served.tell("-TERM");
    let started = Instant::now();
    while TcpStream::connect(&served.address).is_ok() {
        assert!(started.elapsed() < Duration::from_secs(4), "it goes on listening");
    }
    stream.write_all(second.as_bytes()).expect("the connection stands");
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).expect("it answers");
    assert_eq!(&answer, b"HTTP/1.1 202");
    drop(stream);
    let (code, log) = served.ended();
    assert_eq!(code, Some(0), "{log}");
}
