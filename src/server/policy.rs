//! `/v1/policy/dry-run`: which past events a policy would have sent.

use axum::Json;
use axum::extract::State;
use utoipa::ToSchema;

use super::access::MayRead;
use super::extract::{JsonBody, Members, NoParameters};
use super::problem::Problem;
use super::state::App;
use crate::service::{DryRun, PolicyRange};

/// A policy, and the events that it is tried on.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "it describes a body that is read member by member")]
pub(super) struct DryRunRequest {
    /// The statements.
    #[schema(value_type = Vec<Object>)]
    policy: Vec<serde_json::Value>,
    /// Events of this source alone.
    source: Option<String>,
    /// Events received at or after this moment.
    #[schema(format = DateTime)]
    from: Option<String>,
    /// Events received before this moment.
    #[schema(format = DateTime)]
    until: Option<String>,
    /// The newest so many; 1,000 when absent, 10,000 at most.
    #[schema(minimum = 1, maximum = 10_000)]
    limit: Option<usize>,
}

/// Tries a policy on past events. Nothing is sent.
#[utoipa::path(post, path = "/v1/policy/dry-run", operation_id = "tryPolicy", tag = "policy", security(("token" = ["read"])),
    request_body = DryRunRequest,
    responses((status = 200, body = DryRun, description = "What the policy would have decided"),
        (status = 400, body = Problem, content_type = "application/problem+json", description = "The body is not JSON"),
        (status = 422, body = Problem, content_type = "application/problem+json", description = "Every mistake, by field")))]
pub(super) async fn dry_run(
    _: MayRead,
    _: NoParameters,
    State(app): State<App>,
    JsonBody(body): JsonBody,
) -> Result<Json<DryRun>, Problem> {
    let mut members = Members::of(body)?;
    let policy = members.list("policy");
    if policy.is_none() && members.is_sound() {
        members.mistake("policy", "give the statements, a list");
    }
    let source = members.text("source");
    let (from, until) = (members.moment("from"), members.moment("until"));
    let limit = members.number("limit");
    if limit.is_some_and(|limit| !(1..=10_000).contains(&limit)) {
        members.mistake("limit", "this is not between 1 and 10000");
    }
    members.finish()?;
    let range = PolicyRange {
        source,
        from: from.map(|moment| moment.millis()),
        until: until.map(|moment| moment.millis()),
        limit: limit.and_then(|limit| usize::try_from(limit).ok()),
    };
    Ok(Json(app.service.policy_dry_run(&policy.unwrap_or_default(), range).await?))
}
