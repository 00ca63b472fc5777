//! `/v1/tail`: what happens, as it happens, one JSON object a line.

use std::time::Duration;

use axum::body::Body;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde_json::{Value as Json, json};
use tokio::io::{AsyncWriteExt, DuplexStream};
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio_util::io::ReaderStream;

use super::access::MayRead;
use super::extract::Parameters;
use super::problem::Problem;
use super::state::App;
use crate::service::Happening;

/// Bytes that may wait for a slow listener.
const WAITING: usize = 64 * 1024;

/// A line is sent at least this often, so that a connection that broke is noticed.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// Follows what happens, from now on. Who listens too slowly misses some, and is told how many.
#[utoipa::path(get, path = "/v1/tail", operation_id = "tail", tag = "operating", security(("token" = ["read"])),
    params(("subscription" = Option<String>, Query, description = "What happens with this subscription alone")),
    responses((status = 200, description = "One JSON object a line, as it happens; blank lines show that the connection stands", body = String, content_type = "application/x-ndjson"),
        (status = 404, body = Problem, content_type = "application/problem+json", description = "There is no such subscription")))]
pub(super) async fn follow(
    _: MayRead,
    State(app): State<App>,
    mut parameters: Parameters,
) -> Result<Response, Problem> {
    let subscription = parameters.text("subscription")?;
    parameters.finish()?;
    if let Some(id) = &subscription {
        // Nothing would ever be told of one that is not there, and whoever waits would not know why.
        app.service.subscription(id).await?;
    }
    let (reader, writer) = tokio::io::duplex(WAITING);
    // From before the answer on: whoever has it misses nothing that happens next.
    let happenings = app.service.happenings();
    tokio::spawn(tell(app, writer, subscription, happenings));
    let body = Body::from_stream(ReaderStream::new(reader));
    Ok(([(header::CONTENT_TYPE, "application/x-ndjson")], body).into_response())
}

async fn tell(app: App, mut writer: DuplexStream, subscription: Option<String>, mut happenings: Receiver<Happening>) {
    loop {
        let heard = tokio::select! {
            heard = tokio::time::timeout(HEARTBEAT, happenings.recv()) => heard,
            () = app.stopping.cancelled() => return,
        };
        let line = match heard {
            Err(_) => String::new(),
            Ok(Ok(happening)) => {
                let line = line(&happening);
                let other = |wanted: &String| line.get("subscription").and_then(Json::as_str) != Some(wanted);
                if line.is_null() || subscription.as_ref().is_some_and(other) {
                    continue;
                }
                line.to_string()
            }
            Ok(Err(RecvError::Lagged(missed))) => json!({"happening": "missed", "count": missed}).to_string(),
            Ok(Err(RecvError::Closed)) => return,
        };
        if writer.write_all(format!("{line}\n").as_bytes()).await.is_err() {
            return;
        }
    }
}

/// A happening as a line.
fn line(happening: &Happening) -> Json {
    match happening {
        Happening::Taken { source, accepted, seen, conflicts, failed, reason, deliveries } => json!({
            "happening": "taken", "source": source.as_str(), "accepted": accepted, "seen": seen,
            "conflicts": conflicts, "failed": failed, "reason": reason, "deliveries": deliveries}),
        Happening::Refused { source, reason } => {
            json!({"happening": "refused", "source": source.as_str(), "reason": reason})
        }
        Happening::Accepted { event, source, id, deliveries } => json!({
            "happening": "accepted", "event": event.number().to_string(), "source": source.as_str(), "id": id,
            "deliveries": deliveries}),
        Happening::Attempted { delivery, subscription, attempt, status, took, ended, error, next } => json!({
            "happening": "attempted", "delivery": delivery.number().to_string(),
            "subscription": subscription.as_str(), "attempt": attempt, "status": status,
            "tookMs": took.as_secs_f64() * 1000.0, "ended": ended, "error": error,
            "nextInMs": next.map(|pause| pause.as_secs_f64() * 1000.0)}),
        Happening::Breaker { subscription, open, pause } => json!({
            "happening": "breaker", "subscription": subscription.as_str(), "open": open,
            "pauseMs": pause.map(|pause| pause.as_secs_f64() * 1000.0)}),
        Happening::Disabled { subscription, reason } => {
            json!({"happening": "disabled", "subscription": subscription.as_str(), "reason": reason})
        }
        Happening::Swapped { integration, version } => {
            json!({"happening": "swapped", "integration": integration, "version": version})
        }
        Happening::IntegrationRefused { integration, in_use, findings } => json!({
            "happening": "integrationRefused", "integration": integration, "inUse": in_use,
            "findings": findings.iter().map(|finding| finding.message.clone()).collect::<Vec<_>>()}),
        Happening::IntegrationRemoved { integration } => {
            json!({"happening": "integrationRemoved", "integration": integration})
        }
        Happening::Folder { works, reason } => json!({"happening": "folder", "works": works, "reason": reason}),
        Happening::Store { works, reason } => json!({"happening": "store", "works": works, "reason": reason}),
        Happening::Job { id, progress, state } => {
            json!({"happening": "job", "job": id, "state": state, "progress": progress})
        }
    }
}
