//! `/v1/replay-jobs`: deliveries of a time range, made once more.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use utoipa::ToSchema;

use super::access::{MayRead, MayWrite};
use super::deliveries;
use super::extract::{JsonBody, Members, NoParameters, Segment};
use super::lists::List;
use super::problem::Problem;
use super::repeats::{self, Answer, RepeatKey, once};
use super::state::App;
use crate::service::{JobView, RangeOfReplays, ReplayKind};

/// Which deliveries are to be made once more.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
#[expect(dead_code, reason = "it describes a body that is read member by member")]
pub(super) struct ReplayJobRequest {
    /// `exact`: the same bytes with a fresh signature; `rerender`: today's template and configuration.
    kind: ReplayKind,
    /// To this subscription alone.
    subscription: Option<String>,
    /// In these states; dead letters when absent.
    states: Option<Vec<String>>,
    /// Of events received at or after this moment.
    #[schema(format = DateTime)]
    from: Option<String>,
    /// Of events received before this moment.
    #[schema(format = DateTime)]
    until: Option<String>,
    /// Deliveries a second, at most.
    #[schema(minimum = 1)]
    rate: Option<u32>,
    /// Only counts.
    dry_run: Option<bool>,
}

/// Starts a replay job.
#[utoipa::path(post, path = "/v1/replay-jobs", operation_id = "startReplayJob", tag = "replays", security(("token" = ["write"])),
    params(("Idempotency-Key" = Option<String>, Header, description = repeats::DESCRIPTION)),
    request_body = ReplayJobRequest,
    responses((status = 200, body = JobView, description = "What a dry run counted"),
        (status = 202, body = JobView, description = "The job is written down and will run"),
        (status = 400, body = Problem, content_type = "application/problem+json", description = "The body is not JSON"),
        (status = 422, body = Problem, content_type = "application/problem+json", description = "Every mistake, by field")))]
pub(super) async fn start(
    _: MayWrite,
    _: NoParameters,
    State(app): State<App>,
    key: RepeatKey,
    JsonBody(body): JsonBody,
) -> Result<Answer, Problem> {
    let range = read(body.clone())?;
    let service = Arc::clone(&app.service);
    let work = async move {
        let dry_run = range.dry_run;
        let job = service.start_replay_job(range).await?;
        let body = serde_json::to_value(&job).map_err(|_| Problem::internal())?;
        Ok(match dry_run {
            true => Answer { status: StatusCode::OK, location: None, body },
            false => {
                let location = Some(format!("/v1/replay-jobs/{}", job.id));
                Answer { status: StatusCode::ACCEPTED, location, body }
            }
        })
    };
    once(app, key, &body, work).await
}

fn read(body: serde_json::Value) -> Result<RangeOfReplays, Problem> {
    let mut members = Members::of(body)?;
    let kind = members.take("kind", deliveries::kind);
    if kind.is_none() && members.is_sound() {
        members.mistake("kind", "say how: `exact` or `rerender`");
    }
    let subscription = members.text("subscription");
    let mut states = Vec::new();
    let words = members.list("states");
    if words.as_ref().is_some_and(Vec::is_empty) {
        members.mistake("states", "there is none in it: leave it out for dead letters");
    }
    for (place, word) in words.unwrap_or_default().into_iter().enumerate() {
        match word.as_str().ok_or_else(|| "this is not a text".to_owned()).and_then(deliveries::states) {
            Ok(found) if found.iter().any(|state| state.is_waiting()) => {
                members.mistake(&format!("states/{place}"), "what still waits is sent anyway");
            }
            Ok(found) => states.extend(found),
            Err(wrong) => members.mistake(&format!("states/{place}"), wrong),
        }
    }
    let (from, until) = (members.moment("from"), members.moment("until"));
    if let (Some(from), Some(until)) = (from, until)
        && from >= until
    {
        members.mistake("until", "this is not after `from`");
    }
    let rate = members.number("rate");
    if rate == Some(0) {
        members.mistake("rate", "at a rate of zero nothing would ever be sent");
    }
    let dry_run = members.switch("dryRun").unwrap_or(false);
    members.finish()?;
    Ok(RangeOfReplays {
        subscription,
        states,
        from: from.map(|moment| moment.millis()),
        until: until.map(|moment| moment.millis()),
        kind: kind.ok_or_else(Problem::internal)?,
        rate: rate.map(|rate| u32::try_from(rate).unwrap_or(u32::MAX)),
        dry_run,
    })
}

/// Lists replay jobs, newest first.
#[utoipa::path(get, path = "/v1/replay-jobs", operation_id = "listReplayJobs", tag = "replays", security(("token" = ["read"])),
    responses((status = 200, body = List<JobView>, description = "The jobs")))]
pub(super) async fn list(_: MayRead, _: NoParameters, State(app): State<App>) -> Result<Json<List<JobView>>, Problem> {
    Ok(Json(app.service.replay_jobs().await?.into()))
}

/// Tells how far a replay job is.
#[utoipa::path(get, path = "/v1/replay-jobs/{job}", operation_id = "getReplayJob", tag = "replays", security(("token" = ["read"])),
    params(("job" = String, Path, description = "Its id")),
    responses((status = 200, body = JobView, description = "The job"),
        (status = 404, body = Problem, content_type = "application/problem+json", description = "There is no such job")))]
pub(super) async fn get(
    _: MayRead,
    _: NoParameters,
    State(app): State<App>,
    Segment(job): Segment,
) -> Result<Json<JobView>, Problem> {
    Ok(Json(app.service.replay_job(&job).await?))
}
