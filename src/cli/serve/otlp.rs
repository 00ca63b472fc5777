//! Sends traces to an OpenTelemetry collector: OTLP over HTTP, in JSON.
//!
//! The protocol's own crates would bring forty others for what is one JSON document. A collector that does not answer
//! is told of once, and what it did not take is gone: traces are not worth keeping anything waiting for.

use std::sync::atomic::Ordering;
use std::time::Duration;

use serde_json::{Value as Json, json};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::traces::{Collected, Ended, Value};
use crate::cli::error::CliError;

/// Spans of one request.
const LOT: usize = 512;

/// Between one request and the next, unless a lot is full before.
const EVERY: Duration = Duration::from_secs(1);

/// How long a collector may take for a request.
const PATIENCE: Duration = Duration::from_secs(5);

/// Sends what was collected.
pub(super) struct Exporter {
    pub(super) endpoint: String,
    pub(super) collected: Collected,
}

/// An exporter at work.
pub(super) struct Exporting {
    ending: CancellationToken,
    working: JoinHandle<()>,
}

impl Exporter {
    /// Begins. Has to be called on a runtime.
    pub(super) fn start(self) -> Result<Exporting, CliError> {
        // That somebody has installed one before is fine.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder()
            .user_agent(concat!("flagpost/", env!("CARGO_PKG_VERSION")))
            .redirect(reqwest::redirect::Policy::none())
            .timeout(PATIENCE)
            .build()
            .map_err(|error| CliError::failed(format!("cannot send traces: {error}")))?;
        let ending = CancellationToken::new();
        let sending = Sending { client, address: address(&self.endpoint), works: true };
        let working = tokio::spawn(export(sending, self.collected, ending.clone()));
        Ok(Exporting { ending, working })
    }
}

impl Exporting {
    /// Sends what is left and ends.
    pub(super) async fn end(self) {
        self.ending.cancel();
        // A collector that hangs at the end takes one patience and no more.
        let _ = tokio::time::timeout(PATIENCE, self.working).await;
    }
}

/// Where traces go, of an endpoint as it is given everywhere: without the path, or with it.
fn address(endpoint: &str) -> String {
    let endpoint = endpoint.trim_end_matches('/');
    if endpoint.ends_with("/v1/traces") { endpoint.to_owned() } else { format!("{endpoint}/v1/traces") }
}

struct Sending {
    client: reqwest::Client,
    address: String,
    works: bool,
}

async fn export(mut sending: Sending, mut collected: Collected, ending: CancellationToken) {
    let mut lot = Vec::with_capacity(LOT);
    let mut ticks = tokio::time::interval(EVERY);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            span = collected.ended.recv() => match span {
                Some(span) => {
                    lot.push(span);
                    if lot.len() < LOT {
                        continue;
                    }
                }
                None => break,
            },
            _ = ticks.tick() => {}
            () = ending.cancelled() => break,
        }
        sending.send(&mut lot, &collected).await;
    }
    loop {
        while lot.len() < LOT
            && let Ok(span) = collected.ended.try_recv()
        {
            lot.push(span);
        }
        if lot.is_empty() {
            return tell_missed(&collected);
        }
        sending.send(&mut lot, &collected).await;
    }
}

impl Sending {
    async fn send(&mut self, lot: &mut Vec<Ended>, collected: &Collected) {
        if lot.is_empty() {
            return;
        }
        let body = body(lot).to_string();
        lot.clear();
        let request = self.client.post(&self.address).header("content-type", "application/json").body(body);
        let wrong = match request.send().await {
            Ok(answer) if answer.status().is_success() => None,
            Ok(answer) => Some(format!("it answers {}", answer.status())),
            Err(error) if error.is_timeout() => Some("it does not answer in time".to_owned()),
            Err(_) => Some("it cannot be reached".to_owned()),
        };
        match &wrong {
            Some(wrong) if self.works => tracing::warn!("the collector at `{}` takes no traces: {wrong}", self.address),
            None if !self.works => tracing::info!("the collector at `{}` takes traces again", self.address),
            _ => {}
        }
        self.works = wrong.is_none();
        // While it takes nothing that is told, and how much is left out meanwhile once it does again.
        if self.works {
            tell_missed(collected);
        }
    }
}

/// Tells how many spans there was no room for, since that was told last.
fn tell_missed(collected: &Collected) {
    let missed = collected.missed.swap(0, Ordering::Relaxed);
    if missed > 0 {
        tracing::warn!(missed, "{missed} spans are left out: more happened than the collector could take");
    }
}

/// The document of the protocol.
fn body(spans: &[Ended]) -> Json {
    let version = env!("CARGO_PKG_VERSION");
    let resource = [attribute("service.name", &text("flagpost")), attribute("service.version", &text(version))];
    let spans: Vec<Json> = spans.iter().map(span).collect();
    json!({"resourceSpans": [{
        "resource": {"attributes": resource},
        "scopeSpans": [{"scope": {"name": "flagpost", "version": version}, "spans": spans}],
    }]})
}

fn span(ended: &Ended) -> Json {
    // As the protocol counts: 1 within, 2 asked by others, 3 asking others.
    let kind = match ended.name {
        "request" => 2,
        "attempt" => 3,
        _ => 1,
    };
    let failed = ended.fields.iter().any(|(name, value)| match (*name, value) {
        ("http.status", Value::Whole(status)) => *status >= if kind == 2 { 500 } else { 300 },
        ("ended", Value::Text(how)) => how != "delivered",
        _ => false,
    });
    let mut told = json!({
        "traceId": hex::encode(ended.trace),
        "spanId": hex::encode(ended.span),
        "name": ended.name,
        "kind": kind,
        "startTimeUnixNano": ended.began.to_string(),
        "endTimeUnixNano": ended.ended.to_string(),
        "attributes": ended.fields.iter().map(|(name, value)| attribute(name, value)).collect::<Vec<_>>(),
        "status": if failed { json!({"code": 2}) } else { json!({}) },
    });
    if let Some(parent) = ended.parent {
        told["parentSpanId"] = hex::encode(parent).into();
    }
    told
}

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

fn attribute(name: &str, value: &Value) -> Json {
    let value = match value {
        Value::Text(text) => json!({"stringValue": text}),
        // The protocol writes whole numbers as texts, for they may have 64 bits.
        Value::Whole(whole) => json!({"intValue": whole.to_string()}),
        Value::Number(number) => json!({"doubleValue": number}),
        Value::Switch(switch) => json!({"boolValue": switch}),
    };
    json!({"key": name, "value": value})
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::Ordering;

    use serde_json::json;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::{Ended, Sending, Value, address, body};
    use crate::cli::serve::traces;

    #[test]
    fn endpoints_are_taken_with_the_path_and_without() {
        for endpoint in ["http://c:4318", "http://c:4318/", "http://c:4318/v1/traces", "http://c:4318/v1/traces/"] {
            assert_eq!(address(endpoint), "http://c:4318/v1/traces", "{endpoint}");
        }
    }

    #[test]
    fn a_span_is_written_as_the_protocol_has_it() {
        let ended = |name, fields| Ended {
            trace: [0xab; 16],
            span: [1; 8],
            parent: Some([2; 8]),
            name,
            began: 1_700_000_000_000_000_001,
            ended: 1_700_000_000_000_000_009,
            fields,
        };
        let told = body(&[ended("attempt", vec![("http.status", Value::Whole(503)), ("x", Value::Switch(true))])]);
        let span = &told["resourceSpans"][0]["scopeSpans"][0]["spans"][0];
        assert_eq!(
            *span,
            json!({"traceId": "ab".repeat(16), "spanId": "01".repeat(8), "parentSpanId": "02".repeat(8),
                "name": "attempt", "kind": 3, "startTimeUnixNano": "1700000000000000001",
                "endTimeUnixNano": "1700000000000000009", "status": {"code": 2},
                "attributes": [{"key": "http.status", "value": {"intValue": "503"}},
                    {"key": "x", "value": {"boolValue": true}}]})
        );
        for (name, field, failed) in [
            ("attempt", ("ended", Value::Text("delivered".to_owned())), false),
            ("attempt", ("ended", Value::Text("retry".to_owned())), true),
            ("request", ("http.status", Value::Whole(404)), false),
            ("request", ("http.status", Value::Whole(503)), true),
        ] {
            let told = body(&[ended(name, vec![field.clone()])]);
            let status = &told["resourceSpans"][0]["scopeSpans"][0]["spans"][0]["status"];
            assert_eq!(*status == json!({"code": 2}), failed, "{name} {field:?}");
        }
    }

    fn ended(name: &'static str, fields: Vec<(&'static str, Value)>) -> Ended {
        Ended { trace: [0xab; 16], span: [1; 8], parent: None, name, began: 1, ended: 9, fields }
    }

    #[test]
    fn how_many_spans_are_left_out_is_kept_until_it_can_be_told() {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
            let address = format!("http://{}/v1/traces", listener.local_addr().expect("it listens"));
            let (_collector, collected) = traces::collect();
            let client = reqwest::Client::builder().no_proxy().build().expect("a client");
            let mut sending = Sending { client, address, works: true };
            collected.missed.store(7, Ordering::Relaxed);
            for (status, left) in [(503, 7), (503, 7), (200, 0)] {
                let answering = async {
                    let (mut stream, _) = listener.accept().await.expect("it connects");
                    let _ = stream.read(&mut [0; 4096]).await.expect("it asks");
                    let answer = format!("HTTP/1.1 {status} X\r\nconnection: close\r\ncontent-length: 0\r\n\r\n");
                    stream.write_all(answer.as_bytes()).await.expect("it listens");
                };
                let mut lot = vec![ended("request", Vec::new())];
                tokio::join!(sending.send(&mut lot, &collected), answering);
                assert_eq!((sending.works, lot.len()), (status == 200, 0));
                assert_eq!(collected.missed.load(Ordering::Relaxed), left, "after {status}");
            }
        });
    }
}
