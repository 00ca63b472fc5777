//! `/v1/deliveries`: what was sent to whom, every attempt, and making it once more.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;

use super::access::{MayRead, MayWrite};
use super::extract::{JsonBody, Members, NoParameters, Parameters, Segment, number};
use super::lists::List;
use super::problem::Problem;
use super::repeats::{self, Answer, RepeatKey, once};
use super::state::App;
use crate::finding::near_miss;
use crate::service::{DeliveryDetail, DeliveryView, ReplayKind, Replayed};
use crate::store::{DeliveryFilter, EventKey, State as DeliveryState, SubscriptionId};

/// Lists deliveries, those of the newest event first.
#[utoipa::path(get, path = "/v1/deliveries", operation_id = "listDeliveries", tag = "deliveries", security(("token" = ["read"])),
    params(
        ("subscription" = Option<String>, Query, description = "To this subscription"),
        ("state" = Option<String>, Query, description = "In one of these states, with commas: `ready`, `later`, `held`, `delivered`, `dead`, `cancelled`, `replayed`; `waiting` is the first three"),
        ("event" = Option<String>, Query, description = "Of this event"),
        ("resource" = Option<String>, Query, description = "Of events that touch this resource, all of it; tags do not matter"),
        ("from" = Option<String>, Query, description = "Of events received at or after this moment"),
        ("until" = Option<String>, Query, description = "Of events received before this moment"),
        ("limit" = Option<usize>, Query, minimum = 1, maximum = 1000, description = "Items of a page; 50 when absent"),
        ("after" = Option<String>, Query, description = "Where the last page ended")),
    responses((status = 200, body = List<DeliveryView>, description = "A page of deliveries"),
        (status = 400, body = Problem, content_type = "application/problem+json", description = "A parameter cannot be used")))]
pub(super) async fn list(
    _: MayRead,
    State(app): State<App>,
    mut parameters: Parameters,
) -> Result<Json<List<DeliveryView>>, Problem> {
    let mut states = Vec::new();
    for word in parameters.list("state")? {
        states.extend(self::states(&word).map_err(|wrong| Problem::parameter("state", wrong))?);
    }
    let event = parameters.read("event", |text| text.parse().map_err(|_| format!("`{text}` is no number")))?;
    let filter = DeliveryFilter {
        subscription: parameters.text("subscription")?.map(SubscriptionId::new),
        states,
        event: event.map(EventKey::new),
        resource: parameters.text("resource")?,
        from: parameters.moment("from")?,
        until: parameters.moment("until")?,
    };
    let page = parameters.page()?;
    parameters.finish()?;
    Ok(Json(app.service.deliveries(filter, page).await?.into()))
}

/// The states that a word means.
///
/// # Errors
/// It means none; in one sentence, with the word that was meant.
pub fn states(word: &str) -> Result<Vec<DeliveryState>, String> {
    if word == "waiting" {
        return Ok(DeliveryState::ALL.into_iter().filter(|state| state.is_waiting()).collect());
    }
    let found = DeliveryState::ALL.into_iter().find(|state| name(*state) == word);
    found.map(|state| vec![state]).ok_or_else(|| {
        let names = DeliveryState::ALL.map(name);
        let near = near_miss(word, names.iter().copied().chain(["waiting"]));
        unknown("state", word, near, names.into_iter().chain(["waiting"]))
    })
}

/// A word that is none of a list, in one sentence with all that are.
pub(super) fn unknown<'a>(
    what: &str,
    word: &str,
    near: Option<&str>,
    choices: impl Iterator<Item = &'a str>,
) -> String {
    let choices = choices.map(|choice| format!("`{choice}`")).collect::<Vec<_>>().join(", ");
    let meant = near.map(|near| format!(" (did you mean `{near}`?)")).unwrap_or_default();
    format!("no {what} is named `{word}`{meant}; there are {choices}")
}

fn name(state: DeliveryState) -> &'static str {
    match state {
        DeliveryState::Ready => "ready",
        DeliveryState::Later => "later",
        DeliveryState::Held => "held",
        DeliveryState::Delivered => "delivered",
        DeliveryState::Dead => "dead",
        DeliveryState::Cancelled => "cancelled",
        DeliveryState::Replayed => "replayed",
    }
}

/// Tells everything about a delivery: each attempt with its time, its phases and its answer.
#[utoipa::path(get, path = "/v1/deliveries/{delivery}", operation_id = "getDelivery", tag = "deliveries", security(("token" = ["read"])),
    params(("delivery" = String, Path, description = "Its number")),
    responses((status = 200, body = DeliveryDetail, description = "The delivery"),
        (status = 404, body = Problem, content_type = "application/problem+json", description = "There is no such delivery")))]
pub(super) async fn get(
    _: MayRead,
    _: NoParameters,
    State(app): State<App>,
    Segment(delivery): Segment,
) -> Result<Json<DeliveryDetail>, Problem> {
    Ok(Json(app.service.delivery(number(&delivery, "delivery")?).await?))
}

/// How a delivery is to be made once more.
#[derive(Debug, utoipa::ToSchema)]
#[expect(dead_code, reason = "it describes a body that is read member by member")]
pub(super) struct ReplayRequest {
    /// `exact`: the same bytes with a fresh signature; `rerender`: today's template and configuration.
    kind: ReplayKind,
}

/// Makes a settled delivery once more.
#[utoipa::path(post, path = "/v1/deliveries/{delivery}/replay", operation_id = "replayDelivery", tag = "deliveries", security(("token" = ["write"])),
    params(("delivery" = String, Path, description = "Its number"),
        ("Idempotency-Key" = Option<String>, Header, description = repeats::DESCRIPTION)),
    request_body = ReplayRequest,
    responses((status = 202, body = Replayed, description = "It is made once more"),
        (status = 404, body = Problem, content_type = "application/problem+json", description = "There is no such delivery"),
        (status = 409, body = Problem, content_type = "application/problem+json", description = "It still waits"),
        (status = 422, body = Problem, content_type = "application/problem+json", description = "The body cannot be used")))]
pub(super) async fn replay(
    _: MayWrite,
    _: NoParameters,
    State(app): State<App>,
    Segment(delivery): Segment,
    key: RepeatKey,
    JsonBody(body): JsonBody,
) -> Result<Answer, Problem> {
    let mut members = Members::of(body.clone())?;
    let kind = members.take("kind", kind);
    if kind.is_none() && members.is_sound() {
        members.mistake("kind", "say how: `exact` or `rerender`");
    }
    members.finish()?;
    let kind = kind.ok_or_else(Problem::internal)?;
    let number = number(&delivery, "delivery")?;
    let service = Arc::clone(&app.service);
    let work = async move {
        let made = service.replay(&[number], kind).await?;
        let made = made.into_iter().next().ok_or_else(Problem::internal)?;
        let body = serde_json::to_value(made).map_err(|_| Problem::internal())?;
        Ok(Answer { status: StatusCode::ACCEPTED, location: None, body })
    };
    once(app, key, &body, work).await
}

/// Reads the kind of a replay.
pub(super) fn kind(value: serde_json::Value) -> Result<ReplayKind, String> {
    match value.as_str() {
        Some("exact") => Ok(ReplayKind::Exact),
        Some("rerender") => Ok(ReplayKind::Rerender),
        _ => Err("a replay is `exact` or `rerender`".to_owned()),
    }
}
