//! `/v1/events`: what came in, and what was decided about it.

use axum::Json;
use axum::extract::State;

use super::access::MayRead;
use super::deliveries::unknown;
use super::extract::{NoParameters, Parameters, Segment, number};
use super::lists::List;
use super::problem::Problem;
use super::state::App;
use crate::finding::near_miss;
use crate::service::{EventDetail, EventSummaryView, Verdict};
use crate::store::{EventFilter, SourceId, SubscriptionId, VerdictKind};

/// Lists events, newest first.
#[utoipa::path(get, path = "/v1/events", operation_id = "listEvents", tag = "events", security(("token" = ["read"])),
    params(
        ("source" = Option<String>, Query, description = "Taken by this source"),
        ("subscription" = Option<String>, Query, description = "With a verdict for this subscription"),
        ("verdict" = Option<String>, Query, description = "`sent`, `denied`, `no-allow`, `no-template`, `empty-body`, `render-error`, `paused`"),
        ("resource" = Option<String>, Query, description = "Touching this resource, all of it; tags do not matter"),
        ("from" = Option<String>, Query, description = "Received at or after this moment"),
        ("until" = Option<String>, Query, description = "Received before this moment"),
        ("limit" = Option<usize>, Query, minimum = 1, maximum = 1000, description = "Items of a page; 50 when absent"),
        ("after" = Option<String>, Query, description = "Where the last page ended")),
    responses((status = 200, body = List<EventSummaryView>, description = "A page of events"),
        (status = 400, body = Problem, content_type = "application/problem+json", description = "A parameter cannot be used")))]
pub(super) async fn list(
    _: MayRead,
    State(app): State<App>,
    mut parameters: Parameters,
) -> Result<Json<List<EventSummaryView>>, Problem> {
    let filter = EventFilter {
        source: parameters.text("source")?.map(SourceId::new),
        subscription: parameters.text("subscription")?.map(SubscriptionId::new),
        verdict: parameters.read("verdict", verdict)?,
        resource: parameters.text("resource")?,
        from: parameters.moment("from")?,
        until: parameters.moment("until")?,
    };
    let page = parameters.page()?;
    parameters.finish()?;
    Ok(Json(app.service.events(filter, page).await?.into()))
}

fn verdict(text: &str) -> Result<VerdictKind, String> {
    let names = VerdictKind::ALL.map(|kind| Verdict(kind).name());
    VerdictKind::ALL
        .into_iter()
        .find(|kind| Verdict(*kind).name() == text)
        .ok_or_else(|| unknown("verdict", text, near_miss(text, names), names.into_iter()))
}

/// Tells everything about an event: the decision for each subscription, its deliveries, its bytes.
#[utoipa::path(get, path = "/v1/events/{event}", operation_id = "getEvent", tag = "events", security(("token" = ["read"])),
    params(("event" = String, Path, description = "Its number")),
    responses((status = 200, body = EventDetail, description = "The event"),
        (status = 404, body = Problem, content_type = "application/problem+json", description = "There is no such event")))]
pub(super) async fn get(
    _: MayRead,
    _: NoParameters,
    State(app): State<App>,
    Segment(event): Segment,
) -> Result<Json<EventDetail>, Problem> {
    Ok(Json(app.service.event(number(&event, "event")?).await?))
}
