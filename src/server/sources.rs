//! `/v1/sources`: where events come in.

use axum::Json;
use axum::body::Body;
use axum::extract::{FromRequestParts, Request, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use tracing::Instrument;

use super::access::{MayIngest, MayRead, stranger};
use super::extract::{NoParameters, Parameters, Segment, read_body};
use super::lists::List;
use super::problem::Problem;
use super::state::App;
use crate::finding::near_miss;
use crate::service::{EventOutcome, ServiceError, SourceView, TakeReport};
use crate::source::{RejectionKind, Request as Incoming};

/// Bodies larger than this are read on a thread of their own: to unpack and verify one takes long enough to keep
/// others waiting.
const LARGE: usize = 64 * 1024;

/// Lists the configured sources.
#[utoipa::path(get, path = "/v1/sources", operation_id = "listSources", tag = "sources", security(("token" = ["read"])),
    responses((status = 200, body = List<SourceView>, description = "The sources")))]
pub(super) async fn list(_: MayRead, _: NoParameters, State(app): State<App>) -> Json<List<SourceView>> {
    Json(app.sources.clone().into())
}

/// Takes events from a platform.
///
/// Answered 202 once every event is on disk with all its deliveries, so an answer that is lost can be asked for
/// again: what came before is told as `seen`. Entries that cannot be used are listed and take no other with them. A
/// source that does not verify its senders itself asks for a token with the scope `ingest`.
#[utoipa::path(post, path = "/v1/sources/{source}/events", operation_id = "takeEvents", tag = "sources", security((), ("token" = ["ingest"])),
    params(("source" = String, Path, description = "Key of the source"),
        ("token" = Option<String>, Query, description = "The source's own token, for senders that can set no header")),
    request_body(content = String, content_type = "application/json", description = "What the platform sends, as it sends it; plain or gzip"),
    responses((status = 200, body = TakeReport, description = "As 202, for Split, which takes no other answer for success"),
        (status = 202, body = TakeReport, description = "Every event is on disk with all its deliveries"),
        (status = 400, body = Problem, content_type = "application/problem+json", description = "It is not what the platform sends"),
        (status = 401, body = Problem, content_type = "application/problem+json", description = "The sender did not prove who they are"),
        (status = 404, body = Problem, content_type = "application/problem+json", description = "There is no such source"),
        (status = 409, body = TakeReport, description = "Every event has an id that other bytes had taken; they are kept and not delivered"),
        (status = 413, body = Problem, content_type = "application/problem+json", description = "It is larger than the source takes"),
        (status = 415, body = Problem, content_type = "application/problem+json", description = "It is packed in a way that is not read"),
        (status = 422, body = TakeReport, description = "None of the entries can be used"),
        (status = 503, body = Problem, content_type = "application/problem+json", description = "Nothing can be stored at the moment; nothing was taken")))]
pub(super) async fn take(
    State(app): State<App>,
    Segment(source): Segment,
    request: Request,
) -> Result<(StatusCode, Json<TakeReport>), Problem> {
    let (mut parts, body) = request.into_parts();
    let mut parameters = Parameters::from_request_parts(&mut parts, &app).await?;
    let limit = app.service.body_limit(&source).map_err(|error| with_near_source(error, &app, &source))?;
    let view = app.sources.iter().find(|view| view.key == source);
    if view.is_none_or(|view| view.verification.is_empty()) {
        MayIngest::from_request_parts(&mut parts, &app).await?;
    }
    let token = parameters.text("token")?;
    parameters.finish()?;
    // Split takes nothing but 200 for success, and would send everything twice.
    let split = view.is_some_and(|view| view.kind.starts_with("split"));
    let good = if split { StatusCode::OK } else { StatusCode::ACCEPTED };
    let report = hand_in(app, source, Handed { parts, token, body, limit }).await?;
    let status = match report.events.as_slice() {
        [] if !report.failures.is_empty() => StatusCode::UNPROCESSABLE_ENTITY,
        [_, ..] if report.events.iter().all(|event| event.outcome == EventOutcome::Conflict) => StatusCode::CONFLICT,
        _ => good,
    };
    Ok((status, Json(report)))
}

/// What was handed in, and how much of it there may be.
struct Handed {
    parts: Parts,
    token: Option<String>,
    body: Body,
    limit: usize,
}

async fn hand_in(app: App, source: String, handed: Handed) -> Result<TakeReport, Problem> {
    let Handed { parts, token, body, limit } = handed;
    // What is announced as too large is not even read.
    let announced = parts.headers.get(axum::http::header::CONTENT_LENGTH);
    let announced = announced.and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    if announced.is_some_and(|length| length > limit) {
        return Err(Problem::too_large(limit));
    }
    let body = read_body(body, limit).await?;
    // How long a packed body is shows only when it is unpacked.
    let long = body.len() > LARGE || body.starts_with(&[0x1f, 0x8b]);
    let received_at_milliseconds = app.now().millis();
    let told = app.clone();
    let stranger = stranger(&parts);
    let taking = async move {
        let headers: Vec<(&str, &[u8])> =
            parts.headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes())).collect();
        let incoming = Incoming { headers: &headers, token: token.as_deref(), body: &body, received_at_milliseconds };
        if let Err(refused) = app.service.verify(&source, &incoming) {
            return Ok(Err(refused));
        }
        // Not before it is clear who sends, or anyone could use up what the platform may send.
        app.limits.of_source(&source, app.clock.elapsed())?;
        Ok::<_, Problem>(app.service.take_verified(&source, incoming).await)
    };
    let taking = taking.instrument(tracing::Span::current());
    let taken = if long {
        let place = told.limits.long_body().await;
        let runtime = tokio::runtime::Handle::current();
        // The place goes along: who does not wait for the answer any more still leaves the work behind.
        let taking = tokio::task::spawn_blocking(move || {
            let _place = place;
            runtime.block_on(taking)
        });
        taking.await.map_err(|_| Problem::internal())?
    } else {
        taking.await
    };
    let taken = taken?;
    match &taken {
        Ok(_) => told.note_refusal(None),
        Err(ServiceError::Unavailable(error)) => told.note_refusal(Some(error.to_string())),
        // Whoever sends must send it again, so it is no mistake of theirs.
        Err(ServiceError::Refused(why)) if told.stopping.is_cancelled() => return Err(Problem::unavailable(why)),
        Err(ServiceError::Rejected(rejection)) if rejection.kind() == RejectionKind::Unauthenticated => {
            told.limits.of_client(&stranger, told.clock.elapsed())?;
        }
        Err(_) => {}
    }
    Ok(taken?)
}

fn with_near_source(error: ServiceError, app: &App, source: &str) -> Problem {
    match near_miss(source, app.sources.iter().map(|view| view.key.as_str())) {
        Some(near) => Problem::from(error).help(format!("did you mean `{near}`?")),
        None => Problem::from(error),
    }
}
