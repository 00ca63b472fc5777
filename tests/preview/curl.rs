//! The command of `--format curl`, run by real shells against a real socket.

use std::process::Command;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::program::Folder;
use crate::receiver::{Receiver, status};
use crate::{FLAG, form, hook, preview, with};

fn is_there(program: &str) -> bool {
    let found = Command::new("sh").args(["-c", &format!("command -v {program}")]).output();
    found.is_ok_and(|found| found.status.success())
}

/// Whether what the command needs is on this machine, which has to have no more than a Rust toolchain.
#[expect(clippy::print_stderr, reason = "what is left out of a run is said")]
fn can_run() -> bool {
    let there = is_there("curl");
    if !there {
        eprintln!("there is no curl here: its command is not run");
    }
    there
}

#[test]
fn credentials_show_what_is_encoded_in_them() {
    let mut hook = hook();
    hook["endpoint"]["headers"] = json!([{"name": "Authorization", "value": "{{basicAuthHeaderValue team apiToken}}"}]);
    let folder = Folder::new(&hook, &form(), &[("templates/flag.json.hbs", FLAG)]);
    let shown = preview(&folder, &json!({}), &[]).expect(0);
    assert!(shown.contains("\nAuthorization: Basic base64(core:$API_TOKEN)\n"), "{shown}");
    if !can_run() {
        return;
    }
    let receiver = Receiver::start(vec![status(200)]);
    let host = format!("host=http://{}", receiver.address);
    let command = preview(&folder, &json!({}), &["--form", &host, "--format", "curl"]).expect(0);
    let script = folder.write("command.sh", &command);
    let ran = Command::new("sh").arg(&script).env("API_TOKEN", "it's").output().expect("the shell runs");
    assert!(ran.status.success(), "{command}");
    let expected = format!("Basic {}", STANDARD.encode("core:it's"));
    assert_eq!(receiver.received()[0].header("authorization"), Some(expected.as_str()));
}

#[test]
fn the_shell_fills_in_the_placeholders_of_the_curl_command() {
    if !can_run() {
        return;
    }
    let receiver = Receiver::start(vec![status(200)]);
    let mut hook = with("/templates", json!({"flag": "f.txt"}));
    hook["endpoint"]["url"] = json!("{{{host}}}/x?q={{queryEncode apiToken}}");
    hook["endpoint"]["headers"] = json!([{"name": "X-Token", "value": "Bearer {{apiToken}}, it's"}]);
    let folder = Folder::new(&hook, &form(), &[("f.txt", "a'{{formVariables.apiToken}}'$HOME {{{comment}}}")]);
    let host = format!("host=http://{}", receiver.address);
    for (comment, given) in
        [("plain", None), ("tab\t%s", None), ("plain", Some("apiToken=t0p")), ("", Some("apiToken=t0p"))]
    {
        let mut arguments = vec!["--form", &host, "--format", "curl"];
        arguments.extend(given.into_iter().flat_map(|given| ["--form", given]));
        let command = preview(&folder, &json!({ "comment": comment }), &arguments).expect(0);
        assert!(!command.contains("%24API_TOKEN"), "{command}");
        let script = folder.write("command.sh", &command);
        let ran = Command::new("sh").arg(&script).env("API_TOKEN", "s3\\n`id`$HOME").output().expect("the shell runs");
        assert!(ran.status.success(), "{command}\n{}", String::from_utf8_lossy(&ran.stderr));
        let received = receiver.received();
        let last = received.last().expect("a request");
        assert_eq!(last.target, "/x?q=s3\\n`id`$HOME");
        assert_eq!(last.header("x-token"), Some("Bearer s3\\n`id`$HOME, it's"));
        assert_eq!(String::from_utf8_lossy(&last.body), format!("a's3\\n`id`$HOME'$HOME {comment}"));
    }
}

/// Bodies that shells, terminals and curl itself would each like to read in their own way.
fn hostile_bodies() -> Vec<String> {
    let mut bodies: Vec<String> = [
        "plain",
        "it's",
        "''",
        "'; rm -rf / #",
        "\"double\" $HOME ${HOME} $(id) `id`",
        "!history !!",
        "@/etc/passwd",
        "@",
        "back\\slash \\n \\x41 \\0101 %s %d %%",
        "line\nbreak\n\n",
        "\n\nlead",
        "tab\there",
        "cr\r\nlf\r",
        "~ * ? [a-z] {b,c}",
        "naïve ✓ 😀 \u{2028}\u{2029}",
        "esc \u{1b}[31m bell \u{7} del \u{7f}",
        "nul \u{0} nul",
        "-flag --flag",
        "a=b&c=d",
        "#",
        " lead and trail ",
    ]
    .map(str::to_owned)
    .to_vec();
    bodies.push("'\\".repeat(100));
    bodies.push(format!("long {}", "it's a ✓ ".repeat(20_000)));
    bodies
}

#[test]
fn the_curl_command_sends_the_same_request_from_every_shell() {
    let shells = ["sh", "bash", "dash"];
    if !can_run() {
        return;
    }
    let receiver = Receiver::start(vec![status(200)]);
    let mut hook = with("/templates", json!({"flag": "f.txt"}));
    hook["endpoint"]["url"] = json!("{{{host}}}/it's?filter[a]=b&q={{queryEncode 'x y'}}");
    hook["endpoint"]["headers"] = json!([
        {"name": "X-Empty", "value": "{{note}}"}, {"name": "X-Quote", "value": "O'Hara \"$HOME\" \\ `id`"},
    ]);
    let folder = Folder::new(&hook, &form(), &[("f.txt", "{{{comment}}}")]);
    let host = format!("host=http://{}", receiver.address);
    let mut sent = 0;
    for shell in shells.into_iter().filter(|shell| is_there(shell)) {
        for body in hostile_bodies() {
            let event = json!({ "comment": body });
            let arguments = ["--form", &host, "--form", "apiToken=unused", "--format"];
            let command = preview(&folder, &event, &[&arguments[..], &["curl"]].concat()).expect(0);
            let planned = preview(&folder, &event, &[&arguments[..], &["json"]].concat()).json()["request"].take();
            let script = folder.write("command.sh", &command);
            let ran = Command::new(shell).arg(&script).output().expect("the shell runs");
            assert!(ran.status.success(), "{shell}: {command}\n{}", String::from_utf8_lossy(&ran.stderr));
            let received = receiver.received();
            let last = &received[sent];
            sent += 1;
            assert_eq!(received.len(), sent, "one request: {command}");
            assert_eq!(
                Value::String(String::from_utf8(last.body.clone()).expect("text")),
                planned["body"],
                "{shell}: {command}"
            );
            assert_eq!(last.method, "POST");
            assert_eq!(last.target, "/it's?filter[a]=b&q=x%20y");
            assert_eq!(last.header("x-empty"), Some(""));
            assert_eq!(last.header("x-quote"), Some("O'Hara \"$HOME\" \\ `id`"));
            assert_eq!(last.header("content-type"), None, "the plan has none");
        }
    }
}
