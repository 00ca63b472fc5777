//! What `flagpost send` does to a receiver, what it tells, and how it ends.

mod program;
mod receiver;

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::process::{Command, Stdio};

use program::{Folder, Run, command, every_flag, flagpost, text};
use receiver::{Behaviour, Receiver, answer, status};
use serde_json::{Value, json};

/// Retries that do not keep a test waiting.
fn quick() -> Value {
    json!({"profile": "standard-webhooks", "pauses": ["10ms", "10ms", "10ms"], "jitter": 0, "retryAfter": {"cap": "50ms"}})
}

fn folder(delivery: &Value) -> Folder {
    let hook = json!({
        "endpoint": {
            "url": "{{{host}}}/in?key={{queryEncode apiToken}}", "method": "PUT",
            "headers": [{"name": "Content-Type", "value": "application/json"}, {"name": "X-Key", "value": "{{apiToken}}"}],
            "hmacSignature": {"headerName": "X-LD-Signature", "hmacSecretFormVariableKey": "apiToken"},
        },
        "templates": {"flag": "f.json"},
        "defaultPolicy": every_flag(),
        "delivery": delivery,
    });
    let form = json!([
        {"key": "host", "name": "Host", "type": "uri", "description": "Where it is."},
        {"key": "apiToken", "name": "Token", "type": "string", "description": "A token.", "isSecret": true},
        {"key": "skip-ca-verification", "name": "Skip", "type": "boolean", "description": "Skips the check.",
         "isOptional": true, "defaultValue": false},
    ]);
    Folder::new(&hook, &form, &[("f.json", "{\"name\": \"{{name}}\"}")])
}

const SECRET: &str = "hunter2/secret+token";

fn arguments(folder: &Folder, host: &str, more: &[&str]) -> Vec<String> {
    let (directory, event) = (folder.directory(), folder.event("event.json", &json!({"name": "say \"hi\" ✓"})));
    let fixed = [
        "send",
        text(&directory),
        "--context",
        text(&event),
        "--form",
        &format!("host={host}"),
        "--form",
        &format!("apiToken={SECRET}"),
    ];
    fixed.iter().chain(more).map(|argument| (*argument).to_owned()).collect()
}

fn send_to(folder: &Folder, host: &str, more: &[&str]) -> Run {
    let arguments = arguments(folder, host, more);
    let run = flagpost(&arguments.iter().map(String::as_str).collect::<Vec<_>>());
    for spelling in [SECRET, "hunter2", "hunter2%2Fsecret%2Btoken"] {
        assert!(!run.all().contains(spelling), "`{spelling}` is in: {}", run.all());
    }
    run
}

fn send(delivery: &Value, script: Vec<Behaviour>, more: &[&str]) -> (Run, Receiver) {
    let receiver = Receiver::start(script);
    let run =
        send_to(&folder(delivery), &format!("http://{}", receiver.address), &[&["--allow-private"], more].concat());
    (run, receiver)
}

#[test]
fn what_preview_shows_is_what_arrives() {
    let folder = folder(&json!(null));
    let receiver = Receiver::start(vec![status(204)]);
    let host = format!("http://{}", receiver.address);
    let out = send_to(&folder, &host, &["--allow-private"]).expect(0);
    assert!(out.starts_with(&format!("attempt 1 of 10: 204 No Content from {}, ", receiver.address)), "{out}");
    assert!(out.ends_with("delivered after 1 attempt\n"), "{out}");
    let mut previewed = arguments(&folder, &host, &["--format", "json", "--show-secrets"]);
    previewed[0] = "preview".into();
    let planned = flagpost(&previewed.iter().map(String::as_str).collect::<Vec<_>>()).json()["request"].take();
    let received = &receiver.received()[0];
    assert_eq!(planned["method"], received.method);
    assert_eq!(planned["url"], format!("{host}{}", received.target));
    assert_eq!(planned["body"].as_str().map(str::as_bytes), Some(received.body.as_slice()));
    for header in planned["headers"].as_array().expect("a list") {
        let name = header[0].as_str().expect("a name").to_lowercase();
        assert_eq!(received.header(&name), header[1].as_str(), "{name}");
    }
}

#[test]
fn every_attempt_sends_the_same_request_under_the_same_id() {
    let script = vec![status(503), Behaviour::Answer(String::new()), status(400), status(200)];
    let (run, receiver) = send(&quick(), script, &[]);
    let out = run.expect(0);
    for part in [
        "attempt 1 of 4: 503 Service Unavailable",
        "; next in 10 ms\nattempt 2",
        "attempt 3 of 4: 400",
        "delivered after 4 attempts",
    ] {
        assert!(out.contains(part), "`{part}` is not in: {out}");
    }
    let received = receiver.received();
    assert_eq!(received.len(), 4);
    for request in &received {
        assert_eq!(
            (&request.method, &request.target, &request.body),
            (&received[0].method, &received[0].target, &received[0].body)
        );
        assert_eq!(request.method, "PUT");
        for header in ["webhook-id", "x-ld-signature", "content-length", "content-type"] {
            assert!(request.header(header).is_some(), "{header}");
            assert_eq!(request.header(header), received[0].header(header), "{header}");
        }
        assert!(request.header("webhook-signature").is_some_and(|value| value.starts_with("v1,")));
    }
}

#[test]
fn two_deliveries_have_two_ids() {
    let (first, second) = (send(&quick(), vec![status(200)], &[]).1, send(&quick(), vec![status(200)], &[]).1);
    let id = |receiver: &Receiver| receiver.received()[0].header("webhook-id").map(str::to_owned);
    assert!(id(&first).is_some());
    assert_ne!(id(&first), id(&second));
}

#[test]
fn a_refusal_for_good_ends_with_3() {
    for (profile, code, attempts) in
        [("kong", 400, 1), ("kong", 501, 1), ("standard-webhooks", 410, 1), ("split", 204, 2), ("github", 500, 1)]
    {
        let (run, receiver) = send(&quick(), vec![status(code)], &["--profile", profile]);
        let told = run.fails(3);
        assert!(told.starts_with("error: not delivered after "), "{told}");
        assert_eq!(receiver.received().len(), attempts, "{profile} on {code}");
    }
}

#[test]
fn a_receiver_that_never_does_better_uses_up_the_attempts() {
    let (run, receiver) = send(&quick(), vec![answer(429, "Retry-After: 0\r\n", "slow down")], &[]);
    assert!(run.stdout.contains("  | slow down\n"), "{}", run.stdout);
    assert!(run.fails(3).contains("not delivered after 4 attempts: no attempt is left"));
    assert_eq!(receiver.received().len(), 4);
    let (run, receiver) = send(&quick(), vec![status(500)], &["--max-attempts", "2"]);
    assert!(run.fails(3).contains("no attempt is left: `--max-attempts` allows 2"));
    assert_eq!(receiver.received().len(), 2);
}

#[test]
fn a_pause_longer_than_the_users_patience_ends_the_command() {
    let delivery = json!({"pauses": ["10ms", "1h"], "jitter": 0});
    let told = send(&delivery, vec![status(500)], &[]).0.fails(3);
    assert!(told.contains("not delivered after 2 attempts: the next attempt is due in 60 min"), "{told}");
    assert!(told.contains("`--max-pause 3600` sits through it"), "{told}");
    let asked = send(&json!("kong"), vec![answer(503, "Retry-After: 120\r\n", "")], &["--max-pause", "2"]).0.fails(3);
    assert!(asked.contains("not delivered after 1 attempt: the next attempt is due in 2 min"), "{asked}");
}

#[test]
fn a_wish_for_later_is_heard() {
    let (run, receiver) =
        send(&json!("kong"), vec![answer(429, "Retry-After: 2\r\n", ""), status(200)], &["--max-pause", "3"]);
    assert!(run.expect(0).contains("; next in 2 s\n"));
    assert_eq!(receiver.received().len(), 2);
}

#[test]
fn a_redirect_is_told_and_not_followed() {
    let trap = Receiver::start(vec![status(200)]);
    let location = format!("Location: {}\r\n", trap.url("/trap"));
    let (run, _) = send(&json!("kong"), vec![answer(302, &location, "")], &[]);
    assert!(run.stdout.contains("302 Found"), "{}", run.stdout);
    run.fails(3);
    assert_eq!(trap.received(), []);
}

#[test]
fn a_receiver_on_this_machine_has_to_be_allowed() {
    let receiver = Receiver::start(vec![status(200)]);
    let port = receiver.address.port();
    for host in ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "0x7f000001", "127.1"] {
        let run = send_to(&folder(&quick()), &format!("http://{host}:{port}"), &[]);
        assert!(run.stdout.contains("is refused: it is a loopback address"), "{}", run.all());
        assert!(run.stdout.contains("`--allow-private` allows receivers on this machine"), "{}", run.all());
        run.fails(3);
    }
    let metadata = send_to(&folder(&quick()), "http://169.254.169.254", &["--allow-private"]);
    assert!(metadata.stdout.contains("it is a cloud's metadata service"), "{}", metadata.all());
    metadata.fails(3);
    assert_eq!(receiver.received(), []);
}

#[test]
fn a_proxy_of_the_environment_is_not_asked() {
    let (proxy, receiver) = (Receiver::start(vec![status(200)]), Receiver::start(vec![status(200)]));
    let folder = folder(&quick());
    let arguments = arguments(&folder, &format!("http://{}", receiver.address), &["--allow-private"]);
    let mut command = command(&arguments.iter().map(String::as_str).collect::<Vec<_>>());
    for name in ["http_proxy", "HTTP_PROXY", "ALL_PROXY", "all_proxy"] {
        command.env(name, proxy.url("/"));
    }
    Run::from(command.output().expect("the program runs")).expect(0);
    assert_eq!((proxy.received().len(), receiver.received().len()), (0, 1));
}

#[test]
fn a_receiver_that_never_answers_is_left_after_the_time_limit() {
    let (run, receiver) = send(&quick(), vec![Behaviour::Silence], &["--timeout", "0.2", "--max-attempts", "2"]);
    assert!(run.stdout.contains("attempt 1 of 2: no answer within 0.2 s, "), "{}", run.stdout);
    run.fails(3);
    assert_eq!(receiver.received().len(), 2);
}

#[test]
fn a_receiver_that_is_not_there_is_told() {
    let address = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port was free");
    let run = send_to(&folder(&quick()), &format!("http://{address}"), &["--allow-private"]);
    assert!(run.stdout.contains("attempt 4 of 4: cannot connect: "), "{}", run.stdout);
    run.fails(3);
}

#[test]
fn an_answer_that_repeats_the_secret_is_masked_and_a_terminal_is_not_commanded() {
    let echo = format!("bad key {SECRET} ({}) \u{1b}[2J", "hunter2%2Fsecret%2Btoken");
    let (run, _) = send(&json!("kong"), vec![answer(401, "", &echo)], &[]);
    assert!(run.stdout.contains("  | bad key [secret] ([secret]) \\u{1b}[2J\n"), "{}", run.stdout);
    run.fails(3);
}

#[test]
fn nothing_is_shown_of_an_answer_when_a_secret_is_too_short_to_be_found() {
    let receiver = Receiver::start(vec![answer(401, "", "bad key x7")]);
    let folder = folder(&json!("kong"));
    let (directory, event) = (folder.directory(), folder.event("event.json", &json!({})));
    let host = format!("host=http://{}", receiver.address);
    let arguments = ["send", text(&directory), "--context", text(&event), "--allow-private"];
    let run = flagpost(&[&arguments[..], &["--form", &host, "--form", "apiToken=x7"]].concat());
    assert!(run.stdout.contains("(the answer is not shown") && !run.stdout.contains("x7"), "{}", run.stdout);
    run.fails(3);
}

#[test]
fn an_attempt_has_some_time() {
    let folder = folder(&quick());
    let run = send_to(&folder, "http://127.0.0.1:9", &["--timeout", "0"]);
    assert!(run.fails(2).contains("more than no time"));
}

#[test]
fn an_event_that_nothing_allows_is_not_sent() {
    let receiver = Receiver::start(vec![status(200)]);
    let folder = folder(&quick());
    let event = folder.event("project.json", &json!({"kind": "project"}));
    let host = format!("host=http://{}", receiver.address);
    let directory = folder.directory();
    let run = flagpost(&[
        "send",
        text(&directory),
        "--context",
        text(&event),
        "--form",
        &host,
        "--form",
        "apiToken=x",
        "--allow-private",
    ]);
    let out = run.expect(4);
    assert!(out.contains("nothing to send: no statement of the policy allows the event"), "{out}");
    assert_eq!(receiver.received(), []);
}

#[test]
fn what_is_missing_or_wrong_is_told_before_anything_is_sent() {
    let folder = folder(&quick());
    let (directory, event) = (folder.directory(), folder.event("event.json", &json!({})));
    let base = ["send", text(&directory), "--context", text(&event)];
    for (arguments, code, part) in [
        (&["--allow-private"][..], 2, "the form lacks `host`, `apiToken`"),
        (
            &["--form", "host=example.com", "--form", "apiToken=x"][..],
            2,
            "`host` is a web address, which `example.com` is not",
        ),
        (&["--form", "hots=x"][..], 2, "did you mean `host`?"),
        (&["--profile", "splitt"][..], 2, "did you mean `split`?"),
        (&["--timeout", "soon"][..], 2, "seconds"),
        (&["--max-attempts", "0"][..], 2, "0"),
    ] {
        let told = flagpost(&[&base[..], arguments].concat()).fails(code);
        assert!(told.contains(part), "`{part}` is not in: {told}");
    }
    assert!(flagpost(&["send", text(&directory)]).fails(2).contains("--context"));
}

#[test]
fn wrong_delivery_rules_are_told_with_their_place() {
    for (delivery, parts) in [
        (json!("launchdarkley"), ["no delivery profile is named `launchdarkley`", "did you mean `launchdarkly`?"]),
        (json!({"retrys": []}), ["a profile has no `retrys`", "did you mean `retry`?"]),
    ] {
        let told = send_to(&folder(&delivery), "http://127.0.0.1:1", &[]).fails(1);
        for part in parts.iter().chain(&["manifest.json:"]) {
            assert!(told.contains(part), "`{part}` is not in: {told}");
        }
    }
}

#[test]
fn form_values_come_from_a_file_as_well() {
    let receiver = Receiver::start(vec![status(200)]);
    let folder = folder(&quick());
    let (directory, event) = (folder.directory(), folder.event("event.json", &json!({})));
    let values =
        json!({"host": format!("http://{}", receiver.address), "apiToken": "from-file", "skip-ca-verification": true});
    let file = folder.write("form.json", &values.to_string());
    let base = ["send", text(&directory), "--context", text(&event), "--allow-private", "--form-file", text(&file)];
    flagpost(&base).expect(0);
    flagpost(&[&base[..], &["--form", "apiToken=from-line"]].concat()).expect(0);
    let keys: Vec<Option<String>> =
        receiver.received().iter().map(|request| request.header("x-key").map(str::to_owned)).collect();
    assert_eq!(keys, [Some("from-file".to_owned()), Some("from-line".to_owned())]);
}

#[test]
fn without_root_certificates_plain_http_works_and_https_says_what_to_install() {
    let receiver = Receiver::start(vec![status(200)]);
    let folder = folder(&quick());
    let run = |host: &str| -> Run {
        let arguments = arguments(&folder, host, &["--allow-private"]);
        let mut command = command(&arguments.iter().map(String::as_str).collect::<Vec<_>>());
        command.env("SSL_CERT_FILE", "/nonexistent/file").env("SSL_CERT_DIR", "/nonexistent/folder");
        command.output().expect("the program runs").into()
    };
    run(&format!("http://{}", receiver.address)).expect(0);
    let https = run(&format!("https://{}", receiver.address));
    assert!(https.stdout.contains("ca-certificates") && https.stdout.contains("SSL_CERT_FILE"), "{}", https.all());
    https.fails(3);
}

#[test]
fn an_interrupt_ends_the_command_and_says_so() {
    let receiver = Receiver::start(vec![status(500)]);
    let delivery = json!({"pauses": ["50s"], "jitter": 0});
    let folder = folder(&delivery);
    let arguments = arguments(&folder, &format!("http://{}", receiver.address), &["--allow-private"]);
    let mut command = command(&arguments.iter().map(String::as_str).collect::<Vec<_>>());
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program runs");
    let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
    let first = lines.next().expect("a line").expect("text");
    assert!(first.ends_with("; next in 50 s"), "{first}");
    let signalled =
        Command::new("sh").args(["-c", &format!("kill -INT {}", child.id())]).status().expect("sh is there");
    assert!(signalled.success());
    let run = Run::from(child.wait_with_output().expect("it ends"));
    assert!(run.fails(3).contains("not delivered: interrupted"));
}
