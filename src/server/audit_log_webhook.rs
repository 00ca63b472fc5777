//! `/v2/audit-log-webhook`: the one audit log webhook of an organization, as Kong Konnect's management API has it.
//!
//! It is a subscription of the integration `konnect-audit` under a fixed name, so everything else of this API works
//! on it too. The value of `authorization` goes in and never comes out. There is at most one: a second one that is
//! *made* (`POST`) is a conflict, as on Atlassian; `PUT` replaces the one there is, as on Kong. What is not this
//! webhook is never taken for it: a subscription of that name that is of another integration is a conflict, and so is
//! making the webhook beside another subscription of its integration.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde_json::{Value as Json_, json};

use super::access::{MayRead, MayWrite};
use super::extract::{JsonBody, NoParameters};
use super::problem::Problem;
use super::state::App;
use super::webhook_words::{Webhook, WebhookChange, WebhookRequest, WebhookStatus, Written, read};
use crate::service::{FieldMistake, Observed, ServiceError, SubscriptionView, TestReport};
use crate::store::PageRequest;

/// The subscription that it is.
const ID: &str = "audit-log-webhook";

/// The integration that speaks for it.
const INTEGRATION: &str = "konnect-audit";

/// Tells the webhook.
#[utoipa::path(get, path = "/v2/audit-log-webhook", operation_id = "getAuditLogWebhook", tag = "audit-log-webhook", security(("token" = ["read"])),
    responses((status = 200, body = Webhook, description = "The webhook; its endpoint is empty when there is none"),
        (status = 409, body = Problem, content_type = "application/problem+json", description = "Another subscription has its name")))]
pub(super) async fn get(_: MayRead, _: NoParameters, State(app): State<App>) -> Result<Json<Webhook>, Problem> {
    Ok(Json(found(&app).await?.as_ref().map_or_else(Webhook::none, Webhook::of)))
}

async fn found(app: &App) -> Result<Option<SubscriptionView>, Problem> {
    match app.service.subscription(ID).await {
        Ok(view) if is_of_ours(&view) => Ok(Some(view)),
        Ok(view) => {
            let other = view.document.get("integration").and_then(Json_::as_str).unwrap_or_default();
            Err(Problem::conflict(format!(
                "the subscription `{ID}` is of the integration `{other}`, and no such webhook"
            ))
            .help(format!("remove it with `DELETE /v1/subscriptions/{ID}`, and make it under another name")))
        }
        Err(ServiceError::NotFound { .. }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

fn is_of_ours(view: &SubscriptionView) -> bool {
    view.document.get("integration").and_then(Json_::as_str) == Some(INTEGRATION)
}

/// Refuses to make the webhook where another subscription does its work.
async fn refuse_a_second(app: &App) -> Result<(), Problem> {
    let mut after: Option<String> = None;
    loop {
        let page = app.service.subscriptions(after.as_deref(), PageRequest::MOST).await?;
        if let Some(other) = page.iter().find(|view| is_of_ours(view) && view.id != ID) {
            let id = &other.id;
            return Err(Problem::conflict(format!(
                "this organization has an audit log webhook already: the subscription `{id}`"
            ))
            .help(format!("change it at `/v1/subscriptions/{id}`, or remove it first")));
        }
        match page.last() {
            Some(last) if page.len() == PageRequest::MOST => after = Some(last.id.clone()),
            _ => return Ok(()),
        }
    }
}

/// Makes the webhook, or replaces the one there is.
#[utoipa::path(put, path = "/v2/audit-log-webhook", operation_id = "putAuditLogWebhook", tag = "audit-log-webhook", security(("token" = ["write"])),
    request_body = WebhookRequest,
    responses((status = 200, body = Webhook, description = "The webhook as it is now"),
        (status = 400, body = Problem, content_type = "application/problem+json", description = "The body is not JSON"),
        (status = 409, body = Problem, content_type = "application/problem+json", description = "Another subscription has its name, or does its work"),
        (status = 422, body = Problem, content_type = "application/problem+json", description = "Every mistake, by field")))]
pub(super) async fn put(
    _: MayWrite,
    _: NoParameters,
    State(app): State<App>,
    JsonBody(body): JsonBody,
) -> Result<Json<Webhook>, Problem> {
    let written = read(body, true)?;
    let _one_at_a_time = app.webhook.lock().await;
    let exists = found(&app).await?.is_some();
    if !exists {
        refuse_a_second(&app).await?;
    }
    store(&app, written, exists).await.map(Json)
}

/// Makes the webhook; a second one is a conflict.
#[utoipa::path(post, path = "/v2/audit-log-webhook", operation_id = "createAuditLogWebhook", tag = "audit-log-webhook", security(("token" = ["write"])),
    request_body = WebhookRequest,
    responses((status = 201, body = Webhook, description = "The webhook as it is now"),
        (status = 400, body = Problem, content_type = "application/problem+json", description = "The body is not JSON"),
        (status = 409, body = Problem, content_type = "application/problem+json", description = "There is one already"),
        (status = 422, body = Problem, content_type = "application/problem+json", description = "Every mistake, by field")))]
pub(super) async fn create(
    _: MayWrite,
    _: NoParameters,
    State(app): State<App>,
    JsonBody(body): JsonBody,
) -> Result<(StatusCode, Json<Webhook>), Problem> {
    let written = read(body, true)?;
    let _one_at_a_time = app.webhook.lock().await;
    if found(&app).await?.is_some() {
        return Err(Problem::conflict("this organization has an audit log webhook already")
            .help("replace it with `PUT`, or remove it first"));
    }
    refuse_a_second(&app).await?;
    store(&app, written, false).await.map(|webhook| (StatusCode::CREATED, Json(webhook)))
}

/// Changes the webhook.
#[utoipa::path(patch, path = "/v2/audit-log-webhook", operation_id = "patchAuditLogWebhook", tag = "audit-log-webhook", security(("token" = ["write"])),
    request_body = WebhookChange,
    responses((status = 200, body = Webhook, description = "The webhook as it is now"),
        (status = 400, body = Problem, content_type = "application/problem+json", description = "The body is not JSON"),
        (status = 404, body = Problem, content_type = "application/problem+json", description = "There is none"),
        (status = 409, body = Problem, content_type = "application/problem+json", description = "Another subscription has its name"),
        (status = 422, body = Problem, content_type = "application/problem+json", description = "Every mistake, by field")))]
pub(super) async fn patch(
    _: MayWrite,
    _: NoParameters,
    State(app): State<App>,
    JsonBody(body): JsonBody,
) -> Result<Json<Webhook>, Problem> {
    let written = read(body, false)?;
    let _one_at_a_time = app.webhook.lock().await;
    if found(&app).await?.is_none() {
        return Err(none());
    }
    let mut form = serde_json::Map::new();
    form.extend(written.endpoint.map(|endpoint| ("endpoint".to_owned(), endpoint.into())));
    // `null` of a merge patch takes a member away.
    form.extend(written.authorization.map(|authorization| ("authorization".to_owned(), Json_::from(authorization))));
    let mut patch = json!({"formValues": form});
    if let Some(enabled) = written.enabled {
        patch["enabled"] = enabled.into();
    }
    let report = app.service.patch_subscription(ID, patch, false).await.map_err(in_kong_s_words)?;
    Ok(Json(Webhook::of(&report.subscription)))
}

/// Removes the webhook. Its stream stops at once.
#[utoipa::path(delete, path = "/v2/audit-log-webhook", operation_id = "removeAuditLogWebhook", tag = "audit-log-webhook", security(("token" = ["write"])),
    responses((status = 204, description = "It is gone"),
        (status = 404, body = Problem, content_type = "application/problem+json", description = "There is none"),
        (status = 409, body = Problem, content_type = "application/problem+json", description = "Another subscription has its name")))]
pub(super) async fn remove(_: MayWrite, _: NoParameters, State(app): State<App>) -> Result<StatusCode, Problem> {
    let _one_at_a_time = app.webhook.lock().await;
    if found(&app).await?.is_none() {
        return Err(none());
    }
    match app.service.remove_subscription(ID).await {
        Ok(()) => Ok(StatusCode::NO_CONTENT),
        Err(ServiceError::NotFound { .. }) => Err(none()),
        Err(error) => Err(error.into()),
    }
}

/// Tells what is wanted of the webhook and what is observed.
#[utoipa::path(get, path = "/v2/audit-log-webhook/status", operation_id = "getAuditLogWebhookStatus", tag = "audit-log-webhook", security(("token" = ["read"])),
    responses((status = 200, body = WebhookStatus, description = "How it fares"),
        (status = 409, body = Problem, content_type = "application/problem+json", description = "Another subscription has its name")))]
pub(super) async fn status(
    _: MayRead,
    _: NoParameters,
    State(app): State<App>,
) -> Result<Json<WebhookStatus>, Problem> {
    let Some(view) = found(&app).await? else {
        return Ok(Json(WebhookStatus {
            webhook_enabled: false,
            webhook_status: "unconfigured",
            last_attempt_at: None,
            last_response_code: None,
            last_response_message: None,
        }));
    };
    let status = view.status;
    let webhook_status = match status.observed {
        Observed::Unconfigured => "unconfigured",
        Observed::Failing => "inactive",
        // Switched off it is told as it was last: what failed then would fail again.
        Observed::Active | Observed::Paused if status.failures_in_a_row == 0 => "active",
        Observed::Active | Observed::Paused => "inactive",
    };
    let reason = status.last_code.and_then(|code| StatusCode::from_u16(code).ok()?.canonical_reason());
    Ok(Json(WebhookStatus {
        webhook_enabled: status.enabled,
        webhook_status,
        last_attempt_at: status.last_attempt,
        last_response_code: status.last_code,
        last_response_message: reason.map(str::to_lowercase),
    }))
}

/// Sends a test event to the webhook.
#[utoipa::path(post, path = "/v2/audit-log-webhook/test", operation_id = "testAuditLogWebhook", tag = "audit-log-webhook", security(("token" = ["write"])),
    responses((status = 200, body = TestReport, description = "What was sent and answered; a receiver that refused is an answer too"),
        (status = 404, body = Problem, content_type = "application/problem+json", description = "There is none"),
        (status = 409, body = Problem, content_type = "application/problem+json", description = "Another subscription has its name")))]
pub(super) async fn test(_: MayWrite, _: NoParameters, State(app): State<App>) -> Result<Json<TestReport>, Problem> {
    if found(&app).await?.is_none() {
        return Err(none());
    }
    match app.service.test_subscription(ID).await {
        Ok(report) => Ok(Json(report)),
        Err(ServiceError::NotFound { .. }) => Err(none()),
        Err(error) => Err(error.into()),
    }
}

fn none() -> Problem {
    Problem::not_found("this organization has no audit log webhook").help("make one with `PUT /v2/audit-log-webhook`")
}

async fn store(app: &App, written: Written, exists: bool) -> Result<Webhook, Problem> {
    // It cannot be read back, so whoever reads, changes and writes has no other way to leave it as it is.
    let kept = exists.then(|| json!({"isSet": true}));
    let authorization = written.authorization.map_or(kept, |given| given.map(Json_::from));
    let mut form = json!({"endpoint": written.endpoint});
    if let Some(authorization) = authorization {
        form["authorization"] = authorization;
    }
    let document = json!({
        "integration": INTEGRATION,
        "name": "Audit log webhook",
        "enabled": written.enabled,
        "formValues": form,
        "policy": [{"effect": "allow", "resources": ["*"], "actions": ["*"]}],
        "profile": "kong",
    });
    let report = app.service.put_subscription(ID, document, false).await.map_err(in_kong_s_words)?;
    Ok(Webhook::of(&report.subscription))
}

/// The fields of the subscription under the names that they have here.
fn in_kong_s_words(error: ServiceError) -> Problem {
    let ServiceError::Invalid(mistakes) = error else { return error.into() };
    // No client of this API names an integration: what is wrong with it is for the operator to mend.
    if mistakes.iter().any(|mistake| mistake.pointer == "/integration") {
        return Problem::unavailable(format!("the integration `{INTEGRATION}` is not in use")).help(
            "its folder belongs into the folder of integrations; `GET /v1/integrations` tells what is wrong with it",
        );
    }
    let renamed = mistakes.into_iter().map(|mistake| FieldMistake {
        pointer: mistake.pointer.strip_prefix("/formValues").unwrap_or(&mistake.pointer).to_owned(),
        ..mistake
    });
    Problem::invalid(renamed.collect()).for_kong()
}
