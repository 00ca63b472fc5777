//! Settings: what is printed, what is refused, and what is made by mistake.

use super::support::{folder, program, run, text};

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
