//! Whatever bytes a platform might send, every source takes them apart or refuses them; what it gives is an event.
#![no_main]

use std::sync::LazyLock;

use flagpost::source::{Request, Source, SourceConfiguration};

/// One source of each kind that lets everybody in.
static SOURCES: LazyLock<Vec<Source>> = LazyLock::new(|| {
    [
        r#"{"key":"ld","kind":"launchdarkly"}"#,
        r#"{"key":"split","kind":"split","project":"web"}"#,
        r#"{"key":"atlassian","kind":"atlassian"}"#,
        r#"{"key":"kong","kind":"konnect"}"#,
        r#"{"key":"any","kind":"generic","mapping":{"kind":"/kind","action":"/action","entries":"/data","markdown":true,"title":"/title"}}"#,
    ]
    .into_iter()
    .filter_map(|json| serde_json::from_str::<SourceConfiguration>(json).ok())
    .filter_map(|written| Source::new(&written).ok())
    .collect()
});

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    assert_eq!(SOURCES.len(), 5);
    for source in SOURCES.iter() {
        let request = Request { headers: &[], token: None, body: bytes, received_at_milliseconds: 0 };
        for event in source.receive(&request).into_iter().flat_map(|batch| batch.events) {
            let event = flagpost::event::Event::parse(&event.context).expect("whatever a source gives can be read");
            let _ = event.targets();
        }
    }
});
