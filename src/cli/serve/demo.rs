//! `flagpost serve --demo`: a receiver of its own, a few subscriptions, and events that keep coming.
//!
//! Everything lies in a folder that is gone at the end, and goes through the same path as real events do.

use std::io::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::http::StatusCode;
use serde_json::{Value as Json, json};
use tokio::net::TcpListener;
use tokio::sync::broadcast::error::RecvError;
use tokio_util::sync::CancellationToken;

use super::settings::Settings;
use crate::catalog::{Blueprint, IntegrationKey, samples_for, scaffold};
use crate::cli::chance::Chance;
use crate::cli::environment::Environment;
use crate::cli::error::CliError;
use crate::service::{Happening, Service};
use crate::source::{Request as Incoming, SourceConfiguration, SourceKind};

const INTEGRATION: &str = "demo-receiver";
const SOURCE: &str = "demo";

/// Between one event and the next.
const PAUSE: Duration = Duration::from_millis(800);

/// A folder with everything that a demonstration needs; gone when it is dropped.
pub(super) struct Stage {
    folder: PathBuf,
    integration: PathBuf,
}

impl Drop for Stage {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

impl Stage {
    /// Builds the folder and lets the settings point there.
    pub(super) fn build(settings: &mut Settings) -> Result<Self, CliError> {
        // Not by the process's number, which comes again: a demonstration that was killed leaves its folder behind.
        let folder = std::env::temp_dir().join(format!("flagpost-demo-{}", Chance.name()));
        let mut builder = std::fs::DirBuilder::new();
        // Nobody else's, and new: what lies there already, or points elsewhere, is not walked into.
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&folder).map_err(|error| {
            CliError::failed(format!("cannot make the folder `{}`: {error}", folder.display()))
                .help("`TMPDIR` names another place for it")
        })?;
        // From here on the folder goes away again, whatever fails.
        let mut stage = Stage { integration: folder.clone(), folder };
        let folder = &stage.folder;
        let key = IntegrationKey::parse(INTEGRATION).map_err(|error| CliError::failed(error.to_string()))?;
        let blueprint = Blueprint { key, name: Some("Demo receiver".to_owned()), url: None };
        let scaffolded = scaffold(&folder.join("integrations"), &blueprint);
        let (integration, _) = scaffolded.map_err(|error| CliError::failed(error.to_string()))?;
        settings.data = folder.join("data");
        settings.master_key_file = settings.data.join("master.key");
        settings.integrations = folder.join("integrations");
        // The receiver is on this machine.
        settings.allow_private = true;
        settings.sources = vec![SourceConfiguration::new(SOURCE, SourceKind::LaunchDarkly)];
        stage.integration = integration;
        Ok(stage)
    }

    /// Plays until `stop`.
    pub(super) async fn play(
        &self,
        service: &Arc<Service>,
        address: SocketAddr,
        stop: &CancellationToken,
        environment: &Environment,
    ) -> Result<(), CliError> {
        let receiver = receive(stop.clone()).await?;
        for (id, document) in subscriptions(receiver) {
            let made = service.put_subscription(id, document, false).await;
            made.map_err(|error| CliError::failed(format!("cannot make the subscription `{id}`: {error}")))?;
        }
        write!(environment.stdout(), "{}", greeting(address, receiver))?;
        let mut happenings = service.happenings();
        let sending = tokio::spawn(send(Arc::clone(service), events(&self.integration), stop.clone()));
        loop {
            let heard = tokio::select! {
                heard = happenings.recv() => heard,
                () = stop.cancelled() => break,
            };
            match heard {
                Ok(happening) => {
                    if let Some(line) = line(&happening) {
                        writeln!(environment.stdout(), "{line}")?;
                    }
                }
                Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => break,
            }
        }
        let _ = sending.await;
        Ok(())
    }
}

/// Takes everything but each third request to `/shaky`, so that a retry is to be seen.
async fn receive(stop: CancellationToken) -> Result<SocketAddr, CliError> {
    let failed = |error: std::io::Error| CliError::failed(format!("the receiver cannot listen: {error}"));
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    let count = Arc::new(AtomicU64::new(0));
    let answer = move |request: Request| {
        let shaky = request.uri().path() == "/shaky";
        let count = if shaky { count.fetch_add(1, Ordering::Relaxed) } else { 1 };
        async move { if count % 3 == 0 { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::NO_CONTENT } }
    };
    let routes = Router::new().fallback(answer);
    tokio::spawn(async move {
        let _ = axum::serve(listener, routes).with_graceful_shutdown(async move { stop.cancelled().await }).await;
    });
    Ok(address)
}

fn subscriptions(receiver: SocketAddr) -> [(&'static str, Json); 3] {
    let form = |path: &str| json!({"url": format!("http://{receiver}/{path}"), "apiKey": "demo-key-123456"});
    let everything = json!([{"effect": "allow", "resources": ["*"], "actions": ["*"]}]);
    [
        (
            "everything",
            json!({"integration": INTEGRATION, "name": "Every change", "formValues": form("everything"),
                "policy": everything}),
        ),
        (
            "production-flags",
            json!({"integration": INTEGRATION, "name": "Flags in production", "formValues": form("flags")}),
        ),
        (
            "shaky-receiver",
            json!({"integration": INTEGRATION, "name": "A receiver that is busy at times",
                "formValues": form("shaky"), "policy": everything, "profile": "kong"}),
        ),
    ]
}

/// The sample events, in the form that templates see.
fn events(integration: &Path) -> Vec<Json> {
    let samples = samples_for(integration).into_iter();
    samples.filter_map(|sample| serde_json::from_slice::<Json>(&sample.bytes).ok()).filter(Json::is_object).collect()
}

/// Hands in one event after the other, each as if it happened now.
async fn send(service: Arc<Service>, events: Vec<Json>, stop: CancellationToken) {
    for mut event in events.into_iter().cycle() {
        let now = Chance.moment();
        let time = chrono::DateTime::from_timestamp_millis(now.milliseconds).unwrap_or_default();
        event["_id"] = hex::encode(&now.nonce.to_be_bytes()[..12]).into();
        event["timestamp"] = json!({
            "milliseconds": now.milliseconds,
            "seconds": now.milliseconds / 1000,
            "rfc3339": time.to_rfc3339_opts(chrono::SecondsFormat::Secs, true),
            "simple": time.format("%Y-%m-%d %H:%M:%S").to_string(),
        });
        let body = event.to_string().into_bytes();
        let headers: [(&str, &[u8]); 1] = [("content-type", b"application/json")];
        let incoming =
            Incoming { headers: &headers, token: None, body: &body, received_at_milliseconds: now.milliseconds };
        if let Err(error) = service.take(SOURCE, incoming).await {
            tracing::warn!(error = %error, "the event was not taken: {error}");
        }
        tokio::select! {
            () = tokio::time::sleep(PAUSE) => {}
            () = stop.cancelled() => return,
        }
    }
}

fn line(happening: &Happening) -> Option<String> {
    match happening {
        Happening::Accepted { event, id, deliveries, .. } => {
            let plural = if *deliveries == 1 { "delivery" } else { "deliveries" };
            Some(format!("event     {} ({id}): {deliveries} {plural}", event.number()))
        }
        Happening::Attempted { delivery, subscription, attempt, status, took, ended, error, next } => {
            let answer = match (status, error) {
                (Some(status), _) => status.to_string(),
                (None, error) => error.clone().unwrap_or_else(|| "no answer".to_owned()),
            };
            let next = next.map(|pause| format!("; next in {:.1} s", pause.as_secs_f64())).unwrap_or_default();
            let ms = took.as_secs_f64() * 1000.0;
            let number = delivery.number();
            Some(format!("{ended:<9} {number} to `{subscription}`: {answer} in {ms:.1} ms, attempt {attempt}{next}"))
        }
        _ => None,
    }
}

fn greeting(address: SocketAddr, receiver: SocketAddr) -> String {
    format!(
        "
This is flagpost with sample events, three subscriptions and a receiver at http://{receiver}.
What it keeps is gone when it ends; Ctrl-C ends it. Try in another terminal:

  curl 'http://{address}/v1/events'                  what came in, and what was decided for each subscription
  curl 'http://{address}/v1/deliveries?state=later'  what waits for a retry
  curl 'http://{address}/v1/subscriptions'           what is wanted and what is observed
  curl -X POST 'http://{address}/v1/subscriptions/everything/test'
  flagpost tail --server http://{address}            what happens, as it happens
  curl 'http://{address}/openapi.json'               everything else there is

"
    )
}
