//! Exit codes: a slip on the command line is wrong usage, a name that nobody has is an answer.

use super::support::{Served, folder, run, text};

#[test]
fn slips_are_wrong_usage_with_the_flag_and_the_choices() {
    let folder = tempfile::tempdir().expect("a folder");
    for (arguments, told) in [
        (&["deliveries", "--state", "foo"][..], &["--state", "waiting", "cancelled"][..]),
        (&["deliveries", "--state", "dead,foo"], &["--state", "foo"]),
        (&["deliveries", "--from", "yesterday"], &["--from", "2026-01-31T12:00:00Z"]),
        (&["deliveries", "--event", "x"], &["--event", "numbers"]),
        (&["deliveries", "--limit", "0"], &["--limit", "from 1 on"]),
        (&["replay", "--state", "dead", "--rate", "0"], &["--rate", "1.."]),
        (&["replay", "--state", "waiting"], &["--state", "`dead`, `delivered` and `cancelled`"]),
        (&["replay", "--from", "2026-01-02T00:00:00Z", "--until", "2026-01-01T00:00:00Z"], &["--until", "--from"]),
        (&["tail", "--lines", "0"], &["--lines", "from 1 on"]),
    ] {
        // Nobody answers there: whoever asked would end with 1.
        let output = run(folder.path(), &[arguments, &["--server", "http://127.0.0.1:1"]].concat());
        let error = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {error}");
        assert!(told.iter().all(|word| error.contains(word)), "{arguments:?}: {error}");
    }
}

#[test]
fn a_subscription_that_is_not_there_is_told_by_every_command() {
    let folder = folder();
    let served = Served::start(folder.path(), &["--allow-private"], &[]);
    let document = serde_json::json!({"integration": "acme",
        "formValues": {"url": "http://127.0.0.1:1/", "apiKey": "hunter2-Geheimnis"}});
    let (status, answer) = served.ask("PUT", "/v1/subscriptions/acme", "", &document.to_string());
    assert_eq!(status, 201, "{answer}");
    let server = format!("http://{}", served.address);
    let commands = [
        &["subscriptions", "acmee"][..],
        &["deliveries", "--subscription", "acmee"],
        &["tail", "--subscription", "acmee"],
    ];
    for arguments in commands {
        let output = run(folder.path(), &[arguments, &["--server", &server]].concat());
        let error = text(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {error}");
        assert!(error.contains("there is no subscription `acmee`") && error.contains("`acme`?"), "{error}");
    }
    let none = run(folder.path(), &["deliveries", "--subscription", "acme", "--server", &server]);
    assert_eq!(none.status.code(), Some(0), "{}", text(&none.stderr));
    assert_eq!(served.end("-TERM").0, Some(0));
    let stored = run(folder.path(), &["deliveries", "--subscription", "acmee", "--store", "flagpost-data"]);
    assert_eq!(stored.status.code(), Some(1), "{}", text(&stored.stderr));
}
