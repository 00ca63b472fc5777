//! The platforms' own bytes, with their own signatures, through every source to a rendered body.

use std::path::PathBuf;

use flagpost::event::Event;
use flagpost::render::{Context, Escape, Options, Template};
use flagpost::source::{Batch, IncomingEvent, Rejection, Request, Source, SourceConfiguration};

/// What an integration might send: every form of text, and the numbers that must stay whole.
const TEMPLATE: &str = r#"{"id":"{{_id}}","date":"{{timestamp.rfc3339}}","simple":"{{timestamp.simple}}","ms":{{timestamp.milliseconds}},
"kind":"{{kind}}","action":"{{verbKind}}","name":"{{name}}","key":"{{key}}","who":"{{member.displayName}}","mail":"{{member.email}}",
"project":"{{project.key}}","environment":"{{project.environment.key}}","tags":"{{tags}}","title":"{{{title.plainText}}}",
"markdown":"{{title.markdown}}","html":"{{{title.html}}}","details":"{{details.plainText}}","comment":"{{#if comment}}{{comment}}{{/if}}",
"resources":[{{#each accesses}}{{#unless @first}},{{/unless}}"{{resource}}"{{/each}}],"trace":"{{raw.trace_id}}","audit":"{{audit.trace_id}}",
"raw":"{{raw.type}}","site":"{{_links.site.href}}"}"#;

fn example(name: &str) -> Option<Vec<u8>> {
    let path: PathBuf = crate::corpus_path(&format!("examples/{name}"))?;
    Some(std::fs::read(&path).unwrap_or_else(|error| panic!("{} cannot be read: {error}", path.display())))
}

fn source(json: &str) -> Source {
    let written: SourceConfiguration = serde_json::from_str(json).expect("the configuration has the shape");
    Source::new(&written).expect("the configuration is right")
}

fn receive(source: &Source, headers: &[(&str, &[u8])], body: &[u8]) -> Result<Batch, Rejection> {
    source.receive(&Request { headers, token: None, body, received_at_milliseconds: 1_800_000_000_000 })
}

/// The one event of a body that is taken whole.
fn only(source: &Source, headers: &[(&str, &[u8])], body: &[u8]) -> IncomingEvent {
    let mut batch = receive(source, headers, body).expect("the example is taken");
    assert_eq!((batch.events.len(), batch.failures.len()), (1, 0));
    batch.events.remove(0)
}

fn rendered(event: &IncomingEvent) -> serde_json::Value {
    let parsed = Event::parse(&event.context).expect("a context is JSON");
    let template = Template::compile(TEMPLATE).expect("the template is right");
    let context = Context { root: &parsed.context, overlay: &[] };
    let body = template.render(context, Options::new(Escape::Json)).expect("it renders");
    serde_json::from_str(&body).unwrap_or_else(|error| panic!("{error}: {body}"))
}

fn konnect() -> Option<Source> {
    let jwks = String::from_utf8(example("kong-jwks.json")?).expect("the key set is text");
    Some(source(&format!(r#"{{"key":"kong","kind":"konnect","jwks":{jwks}}}"#)))
}

const LD_SIGNATURE: &[u8] = b"000548caab6759c92e15bc8257b8a5d1f95b42c6c3680617863d98514209cfb1";

#[test]
fn launchdarkly_renders_and_no_flipped_byte_passes() {
    let Some(body) = example("ld-flag-updateOn.json") else { return };
    let source = source(r#"{"key":"ld","kind":"launchdarkly","secrets":["ld-test-secret"]}"#);
    let headers: [(&str, &[u8]); 1] = [("x-ld-signature", LD_SIGNATURE)];
    let event = only(&source, &headers, &body);
    assert_eq!((event.id.as_str(), &event.raw), ("66740f62d3b0a50f8c1e2a91", &body));
    let sent = rendered(&event);
    assert_eq!(sent["title"], "Inês Carvalho turned on the flag Checkout redesign in 'Production'");
    assert_eq!(sent["comment"], "Ramp \"phase 2\" — see <CHG-881>");
    assert_eq!((&sent["date"], &sent["simple"]), (&"2024-06-20T11:24:18Z".into(), &"2024-06-20 11:24:18".into()));
    assert_eq!(
        (&sent["kind"], &sent["action"], &sent["tags"]),
        (&"flag".into(), &"updateOn".into(), &"payments,q3".into())
    );
    assert_eq!((&sent["project"], &sent["environment"]), (&"storefront".into(), &"production".into()));
    assert_eq!(sent["who"], "Inês Carvalho");
    assert_eq!(sent["site"], "https://app.launchdarkly.com/storefront/production/features/checkout-redesign");
    let targets = event.targets.expect("the entry has accesses");
    assert_eq!(targets[0].resource, "proj/storefront:env/production:flag/checkout-redesign;payments,q3");
    for at in 0..body.len() {
        let mut wrong = body.clone();
        wrong[at] ^= 1;
        let result = receive(&source, &headers, &wrong);
        assert!(matches!(result, Err(Rejection::WrongSignature(_))), "byte {at} was flipped and passed");
    }
}

#[test]
fn split_flag_events_render() {
    let (Some(body), Some(created)) = (example("split-flag.json"), example("split-flag-created.json")) else { return };
    let source = source(r#"{"key":"split","kind":"split","project":"web"}"#);
    let event = only(&source, &[], &body);
    assert_eq!(event.id, "split:Prod-Default:checkout_redesign:1718882464907");
    assert_eq!(event.raw, body);
    let sent = rendered(&event);
    assert_eq!(sent["title"], "Ines Carvalho updated the flag checkout_redesign in 'Prod-Default'");
    assert_eq!(sent["details"], "Default rule changed from 0% on to 20% on; title: \"ramp 20%\"");
    assert_eq!((&sent["action"], &sent["ms"]), (&"updated".into(), &1_718_882_464_907_u64.into()));
    assert_eq!(sent["resources"], serde_json::json!(["proj/web:env/Prod-Default:flag/checkout_redesign"]));
    let sent = rendered(&only(&source, &[], &created));
    assert_eq!((&sent["action"], &sent["raw"]), (&"created".into(), &"split".into()));
}

#[test]
fn split_admin_events_render() {
    for (name, title, resource) in [
        ("created", "terraform-ci created the api key server-prod", "proj/web:api_key/k-771"),
        ("updated", "Ravi Menon updated the security settings ss-19", "proj/web:security_settings/ss-19"),
        ("deleted", "Ravi Menon deleted the group contractors-2023", "proj/web:group/contractors-2023"),
    ] {
        let Some(body) = example(&format!("split-admin-{name}.json")) else { return };
        // Either kind of source: the two webhooks of Split can share an address.
        for kind in ["split-admin", "split"] {
            let source = source(&format!(r#"{{"key":"admin","kind":"{kind}","project":"web"}}"#));
            let event = only(&source, &[], &body);
            let sent = rendered(&event);
            assert_eq!((&sent["title"], &sent["action"]), (&title.into(), &name.into()), "{name}");
            assert_eq!(sent["resources"], serde_json::json!([resource]), "{name}");
            // Nothing in the examples is a secret, and they are written without spaces.
            assert_eq!(event.raw, body, "{name}");
        }
    }
}

#[test]
fn atlassian_events_render_in_every_wrapper() {
    let headers: [(&str, &[u8]); 1] = [("authorization", b"Basic c2llbTpzM2NyZXQ=")];
    let source = source(r#"{"key":"atlassian","kind":"atlassian","authorization":"Basic c2llbTpzM2NyZXQ="}"#);
    let Some(bare) = example("atlassian-event.json") else { return };
    let organization = "9f3c1d52-6a3e-4b0e-8a43-7d5e8f1a2b3c";
    for name in ["event", "envelope-data", "envelope-record"] {
        let Some(body) = example(&format!("atlassian-{name}.json")) else { return };
        let event = only(&source, &headers, &body);
        assert_eq!((event.id.as_str(), &event.raw), ("1d0a4f0c-58a0-4a6e-a0e8-2b3c4d5e6f70", &bare), "{name}");
        let sent = rendered(&event);
        assert_eq!(sent["title"], "Mara Lindqvist added Tomás Peña to group jira-admins");
        assert_eq!((&sent["kind"], &sent["action"]), (&"groups".into(), &"user_added_to_group".into()));
        let site = format!("org/{organization}:site/aster-freight");
        assert_eq!(
            sent["resources"],
            serde_json::json!([
                format!("{site}:groups/7c6b5a49-3827-4165-9504-f3e2d1c0b9a8"),
                format!("{site}:users/5e9d8c7b6a5f4e0068bb2c3d")
            ])
        );
        assert_eq!(
            (&sent["date"], &sent["mail"]),
            (&"2024-06-20T11:21:04Z".into(), &"mara.lindqvist@example.com".into())
        );
        assert_eq!(receive(&source, &[], &body), Err(Rejection::MissingHeader("authorization".to_owned())));
    }
    let Some(body) = example("atlassian-envelope-batch.json") else { return };
    let batch = receive(&source, &headers, &body).expect("the batch is taken");
    assert_eq!((batch.events.len(), batch.failures.len()), (2, 0));
    let sent = rendered(&batch.events[1]);
    assert_eq!((&sent["kind"], &sent["name"]), (&"api-tokens".into(), &"nightly-export".into()));
    assert_eq!(sent["resources"], serde_json::json!([format!("org/{organization}:api-tokens/tok-0042")]));
}

#[test]
fn konnect_batches_render_in_every_format_with_whole_trace_ids() {
    let Some(source) = konnect() else { return };
    for name in ["kong-batch.ndjson", "kong-batch.cef", "kong-batch.cps", "kong-batch.ndjson.gz"] {
        let Some(body) = example(name) else { return };
        let batch = receive(&source, &[("content-encoding", b"application/gzip")], &body).expect("it is taken");
        assert_eq!((batch.events.len(), &batch.failures[..]), (4, &[][..]), "{name}");
        let sent: Vec<_> = batch.events.iter().map(rendered).collect();
        let traces = ["3895213347334635099", "6891110586028963295", "6891110586028963295", "3360194145499877252"];
        for (sent, trace) in sent.iter().zip(traces) {
            assert_eq!((&sent["trace"], &sent["audit"]), (&trace.into(), &trace.into()), "{name}");
        }
        let kinds: Vec<_> = sent.iter().map(|sent| (sent["kind"].as_str(), sent["action"].as_str())).collect();
        let some = |kind, action| (Some(kind), Some(action));
        assert_eq!(
            kinds,
            [
                some("authentication", "SUCCESS"),
                some("authorization", "edit"),
                some("access", "PATCH"),
                some("authentication", "LOCKED")
            ],
            "{name}"
        );
        let organization = "org/b065b594-6afc-4658-9101-5d9cf3f36b7b";
        assert_eq!(
            sent[1]["resources"],
            serde_json::json!([format!("{organization}:control-planes/1c026712-c17d-4e30-ac27-53a6cdc56b9c")]),
            "{name}"
        );
        assert_eq!((&sent[0]["date"], &sent[0]["ms"]), (&"2024-06-20T11:24:01Z".into(), &1_718_882_641_318_u64.into()));
    }
}

#[test]
fn konnect_ids_are_the_digests_of_the_canonical_forms() {
    let Some(source) = konnect() else { return };
    for (batch, canonical) in [
        ("kong-batch.ndjson", "kong-entry-canonical.json"),
        ("kong-batch.cps", "kong-entry-canonical.json"),
        ("kong-batch.cef", "kong-entry-canonical.cef"),
    ] {
        let (Some(body), Some(canonical)) = (example(batch), example(canonical)) else { return };
        let digest: [u8; 32] = <sha2::Sha256 as sha2::Digest>::digest(&canonical).into();
        let events = receive(&source, &[], &body).expect("it is taken").events;
        assert_eq!((events[0].digest, &events[0].id), (digest, &hex::encode(digest)), "{batch}");
    }
}

#[test]
fn no_flipped_byte_of_a_konnect_entry_passes_and_its_neighbours_do() {
    let Some(source) = konnect() else { return };
    for name in ["kong-batch.ndjson", "kong-batch.cef", "kong-batch.cps"] {
        let Some(body) = example(name) else { return };
        let lines: Vec<&[u8]> = body.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).collect();
        let (first, second) = (lines[0], lines[1]);
        let second_id = receive(&source, &[], second).expect("it is taken").events[0].id.clone();
        for at in 0..second.len() {
            let mut wrong = second.to_vec();
            wrong[at] ^= 1;
            let batch = receive(&source, &[], &[first, &wrong, lines[2]].join(&b'\n')).expect("a batch is taken");
            assert_eq!(batch.events.len(), 2, "{name}: byte {at} was flipped and passed");
            assert!(batch.events.iter().all(|event| event.id != second_id), "{name}: byte {at}");
            assert!(batch.failures.iter().all(|failure| failure.line >= 2 && failure.index >= 1), "{name}: byte {at}");
            assert!(!batch.failures.is_empty(), "{name}: byte {at}");
        }
    }
}

#[test]
fn carriage_returns_and_blank_lines_change_nothing() {
    let Some(source) = konnect() else { return };
    for name in ["kong-batch.ndjson", "kong-batch.cef", "kong-batch.cps"] {
        let Some(body) = example(name) else { return };
        let text = String::from_utf8(body.clone()).expect("the example is text").replace('\n', "\r\n\r\n");
        let ids = |body: &[u8]| -> Vec<String> {
            receive(&source, &[], body).expect("it is taken").events.into_iter().map(|event| event.id).collect()
        };
        assert_eq!(ids(text.as_bytes()), ids(&body), "{name}");
    }
}

#[test]
fn events_in_the_form_of_templates_come_out_as_they_went_in() {
    let Some(folder) = crate::corpus_path("corpus/sample-context") else { return };
    let source = source(r#"{"key":"ld","kind":"launchdarkly"}"#);
    let mut read = 0;
    for kind in std::fs::read_dir(folder).expect("the folder can be read") {
        for file in std::fs::read_dir(kind.expect("it can be read").path()).expect("the folder can be read") {
            let body = std::fs::read(file.expect("it can be read").path()).expect("the sample can be read");
            let event = only(&source, &[], &body);
            assert_eq!((&event.context, &event.raw), (&body, &body));
            rendered(&event);
            read += 1;
        }
    }
    assert!(read >= 17, "only {read} samples were read");
}

#[test]
fn markdown_becomes_the_plain_text_and_html_that_the_platform_makes_of_it() {
    let Some(folder) = crate::corpus_path("corpus/sample-context") else { return };
    let source = source(r#"{"key":"ld","kind":"launchdarkly"}"#);
    let mut compared = 0;
    for kind in std::fs::read_dir(folder).expect("the folder can be read") {
        for file in std::fs::read_dir(kind.expect("it can be read").path()).expect("the folder can be read") {
            let path = file.expect("it can be read").path();
            let text = std::fs::read_to_string(&path).expect("the sample can be read");
            let sample: serde_json::Value = serde_json::from_str(&text).expect("the sample is JSON");
            let body = serde_json::json!({"_id": "e", "kind": "flag",
                "title": sample["title"]["markdown"], "description": sample["details"]["markdown"]});
            let event = only(&source, &[], body.to_string().as_bytes());
            let context: serde_json::Value = serde_json::from_slice(&event.context).expect("a context is JSON");
            for part in ["title", "details"] {
                assert_eq!(context[part], sample[part], "{part} of {}", path.display());
                compared += 1;
            }
        }
    }
    assert!(compared >= 34, "only {compared} texts were compared");
}
