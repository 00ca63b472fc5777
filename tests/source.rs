//! Sources: what is let in, what is kept, what is refused, and that nothing a sender sends breaks them.

use std::io::Write;

use flagpost::event::Event;
use flagpost::source::{
    Batch, Rejection, RejectionKind, Request, Source, SourceConfiguration, SourceKind, Verification,
};
use flate2::{Compression, write::GzEncoder};
use proptest::prelude::*;

const NOW: i64 = 1_800_000_000_000;

fn source(json: &str) -> Source {
    let written: SourceConfiguration = serde_json::from_str(json).expect("the row has the shape");
    Source::new(&written).expect("the row is right")
}

fn receive(source: &Source, headers: &[(&str, &[u8])], body: &[u8]) -> Result<Batch, Rejection> {
    source.receive(&Request { headers, token: None, body, received_at_milliseconds: NOW })
}

/// One source of each kind that lets everybody in.
fn open_sources() -> Vec<Source> {
    let all = [
        r#"{"key":"ld","kind":"launchdarkly"}"#,
        r#"{"key":"split","kind":"split","project":"web"}"#,
        r#"{"key":"admin","kind":"split-admin"}"#,
        r#"{"key":"atlassian","kind":"atlassian"}"#,
        r#"{"key":"kong","kind":"konnect"}"#,
        r#"{"key":"any","kind":"generic","mapping":{"entries":"/data","kind":{"pointer":"/kind","default":"flag"},
            "action":{"pointer":"/action","default":"a"},"id":"/id","name":"/name","tags":"/tags","title":"/title","markdown":true}}"#,
    ];
    let sources: Vec<Source> = all.into_iter().map(source).collect();
    assert_eq!(sources.iter().map(Source::kind).collect::<Vec<_>>(), SourceKind::ALL);
    sources
}

fn packed(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).expect("memory takes it");
    encoder.finish().expect("memory takes it")
}

/// A body that each kind takes, in the order of [`open_sources`].
const BODIES: [&str; 6] = [
    r#"{"_id":"e","kind":"flag","accesses":[{"action":"updateOn","resource":"proj/w:env/p:flag/f"}],"title":"t"}"#,
    r#"{"name":"f","type":"split","changeNumber":1,"time":1718882464907,"environmentName":"E","editor":"Ana","previous":null}"#,
    r#"{"id":"c","type":"audit_log","auditLogType":"group.updated","editor":{"name":"Ana"},"createdAt":1718882464907,"currentObject":{"id":"g"},"changes":{}}"#,
    r#"{"id":"e","attributes":{"action":"a","actor":{"name":"Ana"},"context":[{"id":"g","type":"groups"}]}}"#,
    r#"{"name":"Ingress","rt":1718882464907,"org_id":"o","act":"GET","request":"/x","status":200,"trace_id":3895213347334635099}"#,
    r#"{"data":[{"kind":"flag","action":"x","id":1,"name":"n"}]}"#,
];

/// Every member that an event needs so that a policy can decide and a template can render.
fn check_event(event: &flagpost::source::IncomingEvent) {
    assert!(!event.id.is_empty());
    assert!((0..=253_402_300_799_999).contains(&event.occurred_at_milliseconds));
    let parsed = Event::parse(&event.context).expect("a context can be read by everyone");
    assert!(!parsed.kind().is_empty());
    let _ = parsed.targets();
}

#[test]
fn every_event_has_what_templates_read() {
    for (source, body) in open_sources().iter().zip(BODIES) {
        let batch = receive(source, &[], body.as_bytes()).expect("the row is taken");
        assert_eq!((batch.events.len(), batch.failures.len()), (1, 0), "{:?}", source.kind());
        let event = &batch.events[0];
        check_event(event);
        let context: serde_json::Value = serde_json::from_slice(&event.context).expect("JSON");
        for text in [
            "/baseURL",
            "/_id",
            "/_accountId",
            "/kind",
            "/name",
            "/details/plainText",
            "/details/markdown",
            "/details/html",
            "/title/plainText",
            "/title/markdown",
            "/title/html",
            "/titleVerb",
            "/verbKind",
            "/project/key",
            "/project/name",
            "/project/environment/key",
            "/project/environment/name",
            "/member/_id",
            "/member/email",
            "/member/emailLocalPart",
            "/member/firstName",
            "/member/lastName",
            "/member/displayName",
            "/target/name",
            "/target/_id",
            "/timestamp/rfc3339",
            "/timestamp/simple",
        ] {
            assert!(context.pointer(text).is_some_and(serde_json::Value::is_string), "{text} of {:?}", source.kind());
        }
        for present in [
            "/timestamp/milliseconds",
            "/timestamp/seconds",
            "/tags",
            "/project/tags",
            "/project/environment/tags",
            "/_links",
            "/raw",
        ] {
            assert!(context.pointer(present).is_some(), "{present} of {:?}", source.kind());
        }
        assert_eq!(context["accesses"].as_array().map(Vec::len), Some(1), "{:?}", source.kind());
    }
}

#[test]
fn the_same_bytes_give_the_same_event() {
    for (source, body) in open_sources().iter().zip(BODIES) {
        let first = receive(source, &[], body.as_bytes()).expect("the row is taken");
        assert_eq!(receive(source, &[], body.as_bytes()), Ok(first.clone()));
        // Packed or not is a matter of transport.
        assert_eq!(receive(source, &[("content-encoding", b"gzip")], &packed(body.as_bytes())), Ok(first));
    }
}

#[test]
fn a_policy_decides_on_what_a_source_tells() {
    use flagpost::policy::Policy;
    let sources = open_sources();
    let batch = receive(&sources[1], &[], BODIES[1].as_bytes()).expect("it is taken");
    let mut event = Event::parse(&batch.events[0].context).expect("JSON");
    let allows = |resource: &str, event: &Event<'_>| {
        let statement = serde_json::json!({"effect": "allow", "resources": [resource], "actions": ["created"]});
        let policy = Policy::from_json(&[statement]).expect("a right policy");
        serde_json::to_value(policy.decide_any(&event.targets()).verdict).expect("JSON") == "allow"
    };
    for explicit in [None, batch.events[0].targets.clone()] {
        event.accesses = explicit;
        assert!(allows("proj/web:env/E:flag/*", &event));
        assert!(!allows("proj/web:env/other:flag/*", &event));
    }
}

#[test]
fn a_sender_proves_themselves_before_anything_is_read() {
    let konnect = source(r#"{"key":"kong","kind":"konnect","authorization":["Bearer old","Bearer new"]}"#);
    assert_eq!(konnect.verification(), [Verification::Authorization]);
    // The body is damaged, but that is not for strangers to know.
    let damaged = [0x1f, 0x8b, 0];
    assert_eq!(receive(&konnect, &[("AUTHORIZATION", b"Bearer wrong")], &damaged), Err(Rejection::WrongAuthorization));
    assert_eq!(receive(&konnect, &[("Authorization", b"Bearer new")], &damaged), Err(Rejection::DamagedCompression));
    let split = source(r#"{"key":"s","kind":"split","project":"web","tokens":"t0ken"}"#);
    let request = |token| Request { headers: &[], token, body: BODIES[1].as_bytes(), received_at_milliseconds: NOW };
    assert!(split.receive(&request(Some("t0ken"))).is_ok());
    assert_eq!(split.receive(&request(Some("t0kem"))), Err(Rejection::WrongToken));
    assert_eq!(split.receive(&request(None)), Err(Rejection::WrongToken));
    assert_eq!(Rejection::WrongToken.kind(), RejectionKind::Unauthenticated);
}

#[test]
fn a_generic_sender_signs_as_its_configuration_says() {
    let generic = source(
        r#"{"key":"gh","kind":"generic","secrets":"test-secret","signature":{"header":"X-Hub-Signature-256","prefix":"sha256="},
            "mapping":{"kind":{"default":"ping"},"action":{"default":"ping"}}}"#,
    );
    let signature = b"sha256=3f939ab9e5b409bd0b38349a0a4358fbd042f11bd5f4689c013190aa7eebd794";
    assert!(receive(&generic, &[("x-hub-signature-256", signature)], b"{\"ping\":true}").is_ok());
    assert!(receive(&generic, &[("x-hub-signature-256", signature)], b"{\"ping\":trux}").is_err());
    assert!(receive(&generic, &[("x-hub-signature-256", &signature[7..])], b"{\"ping\":true}").is_err());
}

#[test]
fn each_limit_is_kept() {
    let limited = |limits: &str| source(&format!(r#"{{"key":"k","kind":"konnect","limits":{limits}}}"#));
    let line = br#"{"name":"Ingress"}"#;
    let three = [line.as_slice(), line, line].join(&b'\n');
    assert_eq!(
        receive(&limited(r#"{"body_bytes":10}"#), &[], line),
        Err(Rejection::TooLarge { length: line.len(), limit: 10 })
    );
    let inflated = limited(r#"{"inflated_bytes":1000}"#);
    let bomb = packed(&vec![b'\n'; 1_000_000]);
    assert_eq!(receive(&inflated, &[], &bomb), Err(Rejection::InflatesTooLarge { limit: 1000 }));
    assert_eq!(receive(&limited(r#"{"entries":2}"#), &[], &three), Err(Rejection::TooManyEntries { limit: 2 }));
    assert_eq!(receive(&limited(r#"{"entries":3}"#), &[], &three).map(|batch| batch.events.len()), Ok(3));
    let long = format!("{{\"name\":\"Ingress\",\"x\":\"{}\"}}", "y".repeat(100));
    let batch = receive(&limited(r#"{"entry_bytes":60}"#), &[], [line, long.as_bytes()].join(&b'\n').as_slice());
    let batch = batch.expect("the batch is taken");
    assert_eq!((batch.events.len(), batch.failures[0].index, batch.failures[0].line), (1, 1, 2));
}

#[test]
fn one_bad_entry_takes_no_other_with_it() {
    let sources = open_sources();
    let body = format!("{}\n\nnot an entry\r\n{}", BODIES[4], BODIES[4].replace("/x", "/y"));
    let batch = receive(&sources[4], &[], body.as_bytes()).expect("the batch is taken");
    assert_eq!(batch.events.len(), 2);
    assert_eq!(batch.failures.len(), 1);
    assert_eq!(batch.failures[0].to_string(), "entry 1 (line 3): this is neither JSON nor CEF");
}

#[test]
fn no_entry_nests_so_deep_that_its_event_cannot_be_read() {
    for (source, body) in open_sources().iter().zip(BODIES) {
        for levels in [50, 90, 99, 100, 101, 126, 127, 128, 5000] {
            let deep = format!("{}{}", "[".repeat(levels), "]".repeat(levels));
            // Inside the entry, whichever way it is wrapped.
            let at = body.rfind(['}']).expect("an object") - usize::from(body.ends_with("]}")) * 2;
            let body = format!("{},\"deep\":{deep}{}", &body[..at], &body[at..]);
            if let Ok(batch) = receive(source, &[], body.as_bytes()) {
                batch.events.iter().for_each(check_event);
            }
        }
    }
}

/// JSON that resembles what the platforms send, with everything else that JSON can hold in its places.
fn json_like() -> impl Strategy<Value = serde_json::Value> {
    let key = prop::sample::select(vec![
        "_id",
        "id",
        "kind",
        "date",
        "accesses",
        "action",
        "resource",
        "title",
        "description",
        "member",
        "token",
        "_links",
        "href",
        "timestamp",
        "verbKind",
        "name",
        "environmentName",
        "changeNumber",
        "time",
        "previous",
        "editor",
        "type",
        "auditLogType",
        "createdAt",
        "currentObject",
        "changes",
        "from",
        "to",
        "attributes",
        "context",
        "container",
        "actor",
        "message",
        "data",
        "record",
        "event",
        "rt",
        "sig",
        "trace_id",
        "granted",
        "success",
        "act",
        "org_id",
        "tags",
        "target",
        "resources",
        "links",
        "currentVersion",
        "customProperties",
        "value",
        "apiKey",
        "",
        "~",
        "__proto__",
    ]);
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        any::<u64>().prop_map(Into::into),
        any::<f64>().prop_map(Into::into),
        "\\PC{0,12}".prop_map(Into::into),
        prop::sample::select(vec![
            "flag",
            "split",
            "audit_log",
            "api_key.created",
            "AUTHENTICATION_OUTCOME_",
            "Authz.",
            "Authz.x/",
            "Ingress",
            "~",
            "proj/a:env/~:flag/b;c,d",
            ":::",
            "2024-06-20T11:21:04Z",
            "`",
            "[a](",
            "in `E`",
            "{\"token\":\"x\"}",
            "https://a:b@c/",
        ])
        .prop_map(Into::into),
    ];
    leaf.prop_recursive(5, 60, 8, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Into::into),
            prop::collection::vec((key.clone(), inner), 0..10).prop_map(|members| {
                let members = members.into_iter().map(|(key, value)| (key.to_owned(), value));
                serde_json::Value::Object(members.collect())
            }),
        ]
    })
}

fn none_breaks(body: &[u8]) {
    for source in open_sources() {
        for headers in [&[][..], &[("content-encoding", b"gzip".as_slice())]] {
            if let Ok(batch) = receive(&source, headers, body) {
                batch.events.iter().for_each(check_event);
            }
        }
    }
}

proptest! {
    #[test]
    fn no_bytes_break_a_source(body in prop::collection::vec(any::<u8>(), 0..300)) {
        none_breaks(&body);
        none_breaks(&packed(&body));
    }

    #[test]
    fn no_json_breaks_a_source(value in json_like()) {
        none_breaks(value.to_string().as_bytes());
    }

    #[test]
    fn no_damage_breaks_a_source(at in 0..200_usize, byte in any::<u8>(), cut in 0..200_usize) {
        for (source, body) in open_sources().iter().zip(BODIES) {
            let mut wrong = body.as_bytes().to_vec();
            if let Some(place) = wrong.get_mut(at) {
                *place = byte;
            }
            wrong.truncate(wrong.len().saturating_sub(cut % 40));
            if let Ok(batch) = receive(source, &[], &wrong) {
                batch.events.iter().for_each(check_event);
            }
        }
    }

    #[test]
    fn every_secret_of_an_admin_event_is_hidden(value in json_like()) {
        let body = serde_json::json!({"id": "c", "type": "audit_log", "auditLogType": "api_key.updated",
            "currentObject": {"value": "hunter2hunter2", "nested": [value]},
            "changes": {"clientSecret": {"from": "hunter2hunter2", "to": {"deep": ["hunter2hunter2"]}}}});
        let sources = open_sources();
        let batch = receive(&sources[2], &[], body.to_string().as_bytes());
        let printed = format!("{batch:?}");
        prop_assert!(!printed.contains("hunter2"));
        for event in batch.into_iter().flat_map(|batch| batch.events) {
            prop_assert!(!String::from_utf8_lossy(&event.raw).contains("hunter2"));
            prop_assert!(!String::from_utf8_lossy(&event.context).contains("hunter2"));
        }
    }
}

#[test]
fn the_configuration_that_the_page_shows_works() {
    let page = std::fs::read_to_string("docs/sources.md").expect("the page is there");
    let section = page.split("\n## Configuration\n").nth(1).expect("it has the section");
    let example = section.split("```json\n").nth(1).and_then(|rest| rest.split("```").next()).expect("it shows one");
    assert_eq!(source(example).verification(), [Verification::Authorization, Verification::Ed25519]);
}

#[test]
fn an_entry_alone_that_is_json_and_no_event_is_a_failure() {
    // The platforms that send one at a time.
    for source in &open_sources()[..3] {
        let batch = receive(source, &[], b"{}").expect("the request is fine");
        assert_eq!((batch.events.len(), batch.failures.len()), (0, 1), "{:?}", source.kind());
        assert_eq!((batch.failures[0].index, batch.failures[0].line), (0, 1));
        let refused = receive(source, &[], b"[1,").map_err(|rejection| rejection.kind());
        assert_eq!(refused, Err(RejectionKind::Malformed), "{:?}", source.kind());
    }
}

#[test]
fn the_page_about_sources_has_every_kind_and_every_setting() {
    let page = std::fs::read_to_string("docs/sources.md").expect("the page is there");
    for kind in SourceKind::ALL {
        let heading = format!("\n## `{}`\n", kind.name());
        let section = page.split(&heading).nth(1).unwrap_or_else(|| panic!("no section for `{}`", kind.name()));
        let section = section.split("\n## ").next().unwrap_or_default();
        for part in ["**Sends**", "**Verified**", "**In templates**", "**Traps**"] {
            assert!(section.contains(part), "{part} is missing for `{}`", kind.name());
        }
    }
    // serde names every member it knows in its message about one that it does not.
    for json in [r#"{"?":1}"#, r#"{"limits":{"?":1}}"#, r#"{"signature":{"?":1}}"#, r#"{"mapping":{"?":1}}"#] {
        let message = serde_json::from_str::<SourceConfiguration>(json).expect_err("unknown").to_string();
        for setting in message.split('`').skip(3).step_by(2) {
            assert!(page.contains(&format!("`{setting}`")) || page.contains(&format!("\"{setting}\"")), "`{setting}`");
        }
    }
}
