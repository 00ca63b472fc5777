//! Whether it lives, whether it is ready, and its numbers. Anyone who can connect may ask.

use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};

use super::problem::Problem;
use super::state::App;

/// Says that the process answers.
#[utoipa::path(get, path = "/healthz", operation_id = "healthz", tag = "operating",
    responses((status = 200, description = "The process answers", body = String, content_type = "text/plain")))]
pub(super) async fn healthz() -> &'static str {
    "ok\n"
}

/// Says whether it is up to its work: the store is sound, takes events, and the worker runs.
#[utoipa::path(get, path = "/readyz", operation_id = "readyz", tag = "operating",
    responses((status = 200, description = "It is up to its work", body = String, content_type = "text/plain"),
        (status = 503, description = "It is not, for the reason told", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn readyz(State(app): State<App>) -> Result<&'static str, Problem> {
    if app.stopping.is_cancelled() {
        return Err(Problem::unavailable("the server is stopping"));
    }
    if let Some(damage) = (app.damage)() {
        return Err(Problem::unavailable(format!("the store is damaged: {damage}")));
    }
    if let Some(why) = app.refusal() {
        return Err(Problem::unavailable(why));
    }
    app.service.ready().await.map_err(|error| Problem::unavailable(error.to_string()))?;
    Ok("ready\n")
}

/// Numbers for Prometheus.
#[utoipa::path(get, path = "/metrics", operation_id = "metrics", tag = "operating",
    responses((status = 200, description = "Numbers in the text format", body = String, content_type = "text/plain")))]
pub(super) async fn metrics(State(app): State<App>, headers: HeaderMap) -> Result<Response, Problem> {
    let accepts = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let open_metrics = accepts.contains("application/openmetrics-text");
    let books = app.service.accounts().await?;
    let text = app.metrics.text(&books, open_metrics).map_err(|_| Problem::internal())?;
    let kind = if open_metrics {
        "application/openmetrics-text; version=1.0.0; charset=utf-8"
    } else {
        "text/plain; version=0.0.4; charset=utf-8"
    };
    Ok(([(header::CONTENT_TYPE, kind)], text).into_response())
}
