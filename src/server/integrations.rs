//! `/v1/integrations`: what is in use, and what was refused.

use axum::Json;
use axum::extract::State;

use super::access::{MayRead, MayWrite};
use super::extract::NoParameters;
use super::lists::List;
use super::problem::Problem;
use super::state::App;
use crate::service::{IntegrationView, ReloadReport};

/// Lists integrations by key, each with what is wrong with a change that was refused.
#[utoipa::path(get, path = "/v1/integrations", operation_id = "listIntegrations", tag = "integrations", security(("token" = ["read"])),
    responses((status = 200, body = List<IntegrationView>, description = "The integrations")))]
pub(super) async fn list(_: MayRead, _: NoParameters, State(app): State<App>) -> Json<List<IntegrationView>> {
    Json(app.service.integrations().into())
}

/// Looks at the folder of integrations again. It is looked at each second anyway; this one is answered.
#[utoipa::path(post, path = "/v1/integrations/reload", operation_id = "reloadIntegrations", tag = "integrations", security(("token" = ["write"])),
    responses((status = 200, body = ReloadReport, description = "What was swapped in, and what was refused and why")))]
pub(super) async fn reload(
    _: MayWrite,
    _: NoParameters,
    State(app): State<App>,
) -> Result<Json<ReloadReport>, Problem> {
    Ok(Json(app.service.reload().await?))
}
