//! Every route: the table of contents of the API.

use axum::Router;
use tower_http::catch_panic::CatchPanicLayer;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::problem::Problem;
use super::state::{App, Inside};
use super::{
    audit_log_webhook, books, deliveries, events, health, integrations, openapi, policy, replays, sources,
    subscriptions, tail, watch,
};

/// The routes with their handlers, and the document that describes them.
fn contents() -> (Router<App>, OpenApi) {
    OpenApiRouter::with_openapi(openapi::document())
        .routes(routes!(health::healthz))
        .routes(routes!(health::readyz))
        .routes(routes!(health::metrics))
        .routes(routes!(openapi::get))
        .routes(routes!(sources::list))
        .routes(routes!(sources::take))
        .routes(routes!(events::list))
        .routes(routes!(events::get))
        .routes(routes!(deliveries::list))
        .routes(routes!(deliveries::get))
        .routes(routes!(deliveries::replay))
        .routes(routes!(subscriptions::list))
        .routes(routes!(subscriptions::get, subscriptions::put, subscriptions::patch, subscriptions::remove))
        .routes(routes!(subscriptions::test))
        .routes(routes!(replays::list, replays::start))
        .routes(routes!(replays::get))
        .routes(routes!(policy::dry_run))
        .routes(routes!(integrations::list))
        .routes(routes!(integrations::reload))
        .routes(routes!(books::get))
        .routes(routes!(tail::follow))
        .routes(routes!(
            audit_log_webhook::get,
            audit_log_webhook::put,
            audit_log_webhook::create,
            audit_log_webhook::patch,
            audit_log_webhook::remove
        ))
        .routes(routes!(audit_log_webhook::status))
        .routes(routes!(audit_log_webhook::test))
        .split_for_parts()
}

/// The routes, with what goes around every request.
pub(super) fn router(inside: Inside) -> (Router, App) {
    let (routes, mut document) = contents();
    openapi::add_usual_answers(&mut document);
    openapi::refuse_other_members(&mut document);
    let app = App::new(Inside { document, ..inside });
    let nothing_here = || async { Problem::not_found("nothing is here").help("`/openapi.json` lists what there is") };
    let wrong_method = || async { Problem::method_not_allowed() };
    let routes = routes
        .fallback(nothing_here)
        .method_not_allowed_fallback(wrong_method)
        .layer(CatchPanicLayer::custom(watch::panicked))
        .layer(axum::middleware::from_fn_with_state(app.clone(), watch::watch))
        .with_state(app.clone());
    (routes, app)
}
