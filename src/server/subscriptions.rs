//! `/v1/subscriptions`: who gets what, and how they fare.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use utoipa::ToSchema;
use utoipa::openapi::schema::{ObjectBuilder, OneOfBuilder, Type};

use super::access::{MayRead, MayWrite};
use super::extract::{JsonBody, NoParameters, Parameters, Segment};
use super::lists::List;
use super::problem::Problem;
use super::state::App;
use crate::service::{Ordering, PutReport, Rate, SubscriptionView, TestReport};

/// A subscription as it is written. Secrets go in and come out as `{"isSet": true}`; sending that back keeps them, unless
/// the integration, or the scheme, host or port of an address changes: then they are to be given again.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
#[expect(dead_code, reason = "it describes a body that the service reads member by member")]
pub(super) struct SubscriptionDocument {
    /// Key of the integration.
    integration: String,
    /// What people call it.
    #[schema(max_length = 200)]
    name: Option<String>,
    /// Values of the integration's form variables, by key.
    #[schema(value_type = Option<Object>)]
    form_values: Option<serde_json::Value>,
    /// Statements in place of the integration's own.
    #[schema(value_type = Option<Vec<Object>>)]
    policy: Option<Vec<serde_json::Value>>,
    /// Whether anything is sent.
    enabled: Option<bool>,
    #[schema(schema_with = profile)]
    profile: Option<serde_json::Value>,
    /// Attempts at once, at most.
    #[schema(minimum = 1, maximum = 1024)]
    concurrency: Option<u32>,
    /// Deliveries a second, at most.
    rate: Option<Rate>,
    /// Whether deliveries wait for each other.
    ordering: Option<Ordering>,
    /// Signs requests in the manner of Standard Webhooks: `{"secrets": […]}`. A secret comes out as
    /// `{"isSet": true, "id": "0a1b2c3d"}`, and its id keeps it wherever it then stands in the list.
    #[schema(value_type = Option<Object>)]
    signing: Option<serde_json::Value>,
    /// Name of a further header for the delivery's id.
    id_header: Option<String>,
    /// The OAuth2 client, for integrations that ask for one: `baseUri`, `tokenUrl`, `clientId`, `clientSecret`, and if need
    /// be `scopes`, `refreshToken`, and `clientAuth`, which is `body` or `basic`.
    #[schema(value_type = Option<Object>)]
    oauth: Option<serde_json::Value>,
}

/// A retry profile, as it is written.
fn profile() -> OneOfBuilder {
    OneOfBuilder::new()
        .description(Some(
            "Name of a retry profile, or one written out, in place of the integration's own. One that is written out \
             starts from the profile that its `profile` names, else from the engine's default, and each other member \
             replaces what that one says",
        ))
        .item(ObjectBuilder::new().schema_type(Type::String))
        .item(ObjectBuilder::new().schema_type(Type::Object))
        .item(ObjectBuilder::new().schema_type(Type::Null))
}

/// Lists subscriptions by name.
#[utoipa::path(get, path = "/v1/subscriptions", operation_id = "listSubscriptions", tag = "subscriptions", security(("token" = ["read"])),
    params(("limit" = Option<usize>, Query, minimum = 1, maximum = 1000, description = "Items of a page; 50 when absent"),
        ("after" = Option<String>, Query, description = "Where the last page ended")),
    responses((status = 200, body = List<SubscriptionView>, description = "A page of subscriptions"),
        (status = 400, body = Problem, content_type = "application/problem+json", description = "A parameter cannot be used")))]
pub(super) async fn list(
    _: MayRead,
    State(app): State<App>,
    mut parameters: Parameters,
) -> Result<Json<List<SubscriptionView>>, Problem> {
    let limit = parameters.limit()?;
    let after = parameters.text("after")?;
    parameters.finish()?;
    let items = app.service.subscriptions(after.as_deref(), limit).await?;
    let next = if items.len() < limit { None } else { items.last().map(|last| last.id.clone()) };
    Ok(Json(List { items, next }))
}

/// Tells a subscription: what is wanted and what is observed.
#[utoipa::path(get, path = "/v1/subscriptions/{id}", operation_id = "getSubscription", tag = "subscriptions", security(("token" = ["read"])),
    params(("id" = String, Path, description = "Its name")),
    responses((status = 200, body = SubscriptionView, description = "The subscription"),
        (status = 404, body = Problem, content_type = "application/problem+json", description = "There is no such subscription")))]
pub(super) async fn get(
    _: MayRead,
    _: NoParameters,
    State(app): State<App>,
    Segment(id): Segment,
) -> Result<Json<SubscriptionView>, Problem> {
    Ok(Json(app.service.subscription(&id).await?))
}

/// Makes or replaces a subscription.
#[utoipa::path(put, path = "/v1/subscriptions/{id}", operation_id = "putSubscription", tag = "subscriptions", security(("token" = ["write"])),
    params(("id" = String, Path, description = "Its name"),
        ("validate" = Option<bool>, Query, description = "Stores it only if a test succeeds; what somebody else changes meanwhile is a conflict")),
    request_body = SubscriptionDocument,
    responses((status = 200, body = PutReport, description = "It was replaced"),
        (status = 201, body = PutReport, description = "It was made"),
        (status = 400, body = Problem, content_type = "application/problem+json", description = "The body is not JSON"),
        (status = 422, body = Problem, content_type = "application/problem+json", description = "Every mistake, by field; or the test that failed")))]
pub(super) async fn put(
    _: MayWrite,
    State(app): State<App>,
    Segment(id): Segment,
    mut parameters: Parameters,
    JsonBody(document): JsonBody,
) -> Result<(StatusCode, Json<PutReport>), Problem> {
    let validate = parameters.switch("validate")?;
    parameters.finish()?;
    let report = app.service.put_subscription(&id, document, validate).await?;
    Ok((if report.created { StatusCode::CREATED } else { StatusCode::OK }, Json(report)))
}

/// Changes a subscription by a JSON merge patch.
#[utoipa::path(patch, path = "/v1/subscriptions/{id}", operation_id = "patchSubscription", tag = "subscriptions", security(("token" = ["write"])),
    params(("id" = String, Path, description = "Its name"),
        ("validate" = Option<bool>, Query, description = "Stores it only if a test succeeds; what somebody else changes meanwhile is a conflict")),
    request_body(content = Object, content_type = "application/merge-patch+json", description = "The members to change; `null` takes one away"),
    responses((status = 200, body = PutReport, description = "What the change did"),
        (status = 400, body = Problem, content_type = "application/problem+json", description = "The body is not JSON"),
        (status = 404, body = Problem, content_type = "application/problem+json", description = "There is no such subscription"),
        (status = 422, body = Problem, content_type = "application/problem+json", description = "Every mistake, by field; or the test that failed")))]
pub(super) async fn patch(
    _: MayWrite,
    State(app): State<App>,
    Segment(id): Segment,
    mut parameters: Parameters,
    JsonBody(patch): JsonBody,
) -> Result<Json<PutReport>, Problem> {
    let validate = parameters.switch("validate")?;
    parameters.finish()?;
    Ok(Json(app.service.patch_subscription(&id, patch, validate).await?))
}

/// Removes a subscription. Its stream stops at once; what waits is called off.
#[utoipa::path(delete, path = "/v1/subscriptions/{id}", operation_id = "removeSubscription", tag = "subscriptions", security(("token" = ["write"])),
    params(("id" = String, Path, description = "Its name")),
    responses((status = 204, description = "It is gone"),
        (status = 404, body = Problem, content_type = "application/problem+json", description = "There is no such subscription")))]
pub(super) async fn remove(
    _: MayWrite,
    _: NoParameters,
    State(app): State<App>,
    Segment(id): Segment,
) -> Result<StatusCode, Problem> {
    app.service.remove_subscription(&id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Sends a test event through the real path, and tells what was sent and answered.
#[utoipa::path(post, path = "/v1/subscriptions/{id}/test", operation_id = "testSubscription", tag = "subscriptions", security(("token" = ["write"])),
    params(("id" = String, Path, description = "Its name")),
    responses((status = 200, body = TestReport, description = "What was sent and answered; a receiver that refused is an answer too"),
        (status = 404, body = Problem, content_type = "application/problem+json", description = "There is no such subscription")))]
pub(super) async fn test(
    _: MayWrite,
    _: NoParameters,
    State(app): State<App>,
    Segment(id): Segment,
) -> Result<Json<TestReport>, Problem> {
    Ok(Json(app.service.test_subscription(&id).await?))
}
