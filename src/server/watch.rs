//! What happens around every request: its id, its place, its time, its line in the log, its share in the metrics.
//! What is logged inside of it stands in a span that has the id.

use std::any::Any;

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use ring::rand::{SecureRandom, SystemRandom};

use tracing::Instrument;

use super::problem::Problem;
use super::state::App;

/// Bytes of a body that are read in one go with the head, so that nothing is left of it.
const LONG: u64 = 16 * 1024;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Goes around every request.
pub(super) async fn watch(State(app): State<App>, request: Request, next: Next) -> Response {
    let started = app.clock.elapsed();
    let id = given_id(&request).unwrap_or_else(new_id);
    let method = request.method().clone();
    let path = request.uri().path().to_owned();
    let long = is_long(&request);
    let route = request.extensions().get::<MatchedPath>().map_or_else(|| "none".to_owned(), |m| m.as_str().to_owned());
    // At the highest level, or lines that the log is set to show would lack it.
    let span = tracing::error_span!(
        "request", request.id = %id, http.method = %method, http.route = route.as_str(), http.status = tracing::field::Empty
    );
    let response = match app.limits.place() {
        None if !is_about_health(&path) => Problem::unavailable("too many requests are worked on").into_response(),
        _place => match tokio::time::timeout(app.limits.request, next.run(request).instrument(span.clone())).await {
            Ok(response) => response,
            Err(_) => Problem::timed_out().into_response(),
        },
    };
    let why = response.extensions().get::<Problem>().map(|problem| problem.detail().to_owned()).unwrap_or_default();
    let mut response = name_problem(response, &path, &id);
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    let status = response.status();
    if long && status.is_client_error() | status.is_server_error() {
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    span.record("http.status", status.as_u16());
    let took = app.clock.elapsed().saturating_sub(started);
    app.metrics.answered(&method, &route, status, took);
    // Not the query: a source's token may stand in it.
    let (code, ms) = (status.as_u16(), took.as_secs_f64() * 1000.0);
    // While it can take nothing, every request is answered 503: one a second is told.
    let turn = match status {
        StatusCode::SERVICE_UNAVAILABLE => app.unavailable.turn(started),
        status => status.is_server_error().then_some(0),
    };
    match turn {
        Some(left_out) => tracing::warn!(
            request.id = %id, http.status = code, took_ms = ms, left_out, "{method} {path} answered {code}: {why}"
        ),
        None => tracing::debug!(request.id = %id, http.status = code, took_ms = ms, "{method} {path} answered {code}"),
    }
    response
}

/// A handler that panics is answered, told in the log, and takes nothing else with it.
pub(super) fn panicked(payload: Box<dyn Any + Send + 'static>) -> Response {
    let text = payload.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let text = text.or_else(|| payload.downcast_ref::<String>().cloned()).unwrap_or_default();
    tracing::error!(panic = %text, "a handler panicked: {text}");
    Problem::internal().into_response()
}

/// Whether a refused request may leave so much of its body unread that the connection has to be closed. A client that
/// is not told would send its next request into it, and hear nothing.
fn is_long(request: &Request) -> bool {
    let length = request.headers().get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
    length.map_or_else(|| request.headers().contains_key(header::TRANSFER_ENCODING), |length: u64| length > LONG)
}

fn is_about_health(path: &str) -> bool {
    matches!(path, "/healthz" | "/readyz" | "/metrics")
}

/// Says in a problem what was asked for, and under which id the log tells of it.
fn name_problem(mut response: Response, path: &str, id: &str) -> Response {
    let Some(problem) = response.extensions_mut().remove::<Problem>() else { return response };
    let (head, _) = response.into_parts();
    let mut named = problem.of_request(path, id).into_response();
    named.extensions_mut().remove::<Problem>();
    // What the handler added beside the problem stays.
    for (name, value) in &head.headers {
        if !named.headers().contains_key(name) && *name != axum::http::header::CONTENT_LENGTH {
            named.headers_mut().append(name.clone(), value.clone());
        }
    }
    named
}

/// The caller's own id, if it can stand in a header and a log.
fn given_id(request: &Request) -> Option<String> {
    let id = request.headers().get(REQUEST_ID)?.to_str().ok()?;
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.:".contains(&byte);
    (!id.is_empty() && id.len() <= 128 && id.bytes().all(plain)).then(|| id.to_owned())
}

fn new_id() -> String {
    let mut bytes = [0; 12];
    // Without chance all ids are alike, and nothing else is the worse for it.
    let _ = SystemRandom::new().fill(&mut bytes);
    format!("req_{}", hex::encode(bytes))
}
