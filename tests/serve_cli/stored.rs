//! The store of a server: filled, backed up, locked, and asked by itself.

use std::time::{Duration, Instant};

use serde_json::Value as Json;

use super::support::{Served, folder, program, run, text};

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
    let sample = include_str!("../../sample-context/flag/toggled.json");
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

#[test]
fn a_full_store_takes_nothing_and_says_so_and_takes_everything_again() {
    let folder = folder();
    let source = "[[source]]\nkey = \"ld\"\nkind = \"launchdarkly\"\n";
    std::fs::write(folder.path().join("flagpost.toml"), source).expect("it is written");
    let sample = include_str!("../../sample-context/flag/toggled.json");
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
fn a_backup_is_made_beside_the_traffic_and_goes_back_in() {
    let folder = folder();
    let source = "[[source]]\nkey = \"ld\"\nkind = \"launchdarkly\"\n";
    std::fs::write(folder.path().join("flagpost.toml"), source).expect("it is written");
    let sample = include_str!("../../sample-context/flag/toggled.json");
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
fn one_store_has_one_server() {
    let folder = folder();
    let served = Served::start(folder.path(), &[], &[]);
    let second = run(folder.path(), &["serve", "--listen", "127.0.0.1:0"]);
    assert_eq!(second.status.code(), Some(1));
    assert!(text(&second.stderr).contains("another process works on the store"), "{}", text(&second.stderr));
    assert_eq!(served.get("/healthz", None).0, 200);
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
