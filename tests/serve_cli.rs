//! The program itself as a server: settings, keys, the demonstration, tokens, and how it ends.

#[path = "serve_cli/settings.rs"]
mod settings;
#[path = "serve_cli/stored.rs"]
mod stored;
#[path = "serve_cli/support.rs"]
mod support;
#[path = "serve_cli/usage.rs"]
mod usage;
#[path = "serve_cli/watching.rs"]
mod watching;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use serde_json::Value as Json;

use support::{Served, folder, program, run, text};

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
    assert_eq!(slip.status.code(), Some(1));
    let slip = run(folder.path(), &["token", "create", "--scope", "raed"]);
    assert_eq!(slip.status.code(), Some(2));
    for _ in 0..2 {
        assert!(run(folder.path(), &["token", "create"]).status.success());
    }
    let listed = text(&run(folder.path(), &["token", "list"]).stdout);
    assert!(listed.contains("  token\n") && listed.contains("  token-2\n"), "{listed}");
    let twice = run(folder.path(), &["token", "create", "--name", "token-2"]);
    assert_eq!(twice.status.code(), Some(1));
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
