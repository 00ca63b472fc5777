//! `/openapi.json`: the API in words that programs read, made from the handlers themselves.

use axum::Json;
use axum::extract::State;
use utoipa::openapi::schema::AdditionalProperties;
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::openapi::{Content, OpenApi, Ref, RefOr, Response, ResponseBuilder, Schema};
use utoipa::{Modify, OpenApi as _};

use super::extract::NoParameters;
use super::state::App;

/// What the document says beside the routes.
#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "flagpost",
        description = "Takes change events of feature-flag platforms and delivers the requests that other tools expect."
    ),
    modifiers(&Bearer),
    tags(
        (name = "sources", description = "Where events come in"),
        (name = "events", description = "What came in, and what was decided about it"),
        (name = "deliveries", description = "What was sent to whom"),
        (name = "subscriptions", description = "Who gets what, and how they fare"),
        (name = "replays", description = "Making deliveries once more"),
        (name = "policy", description = "Trying policies"),
        (name = "integrations", description = "What is in use"),
        (name = "audit-log-webhook", description = "The one webhook of an organization, as Kong Konnect has it"),
        (name = "operating", description = "How the server fares"),
    )
)]
struct Document;

struct Bearer;

impl Modify for Bearer {
    fn modify(&self, document: &mut OpenApi) {
        let mut scheme = Http::new(HttpAuthScheme::Bearer);
        scheme.description =
            Some("Made with `flagpost token create`; scopes are `read`, `write` and `ingest`".to_owned());
        let components = document.components.get_or_insert_with(Default::default);
        components.add_security_scheme("token", SecurityScheme::Http(scheme));
    }
}

/// The document without routes.
pub(super) fn document() -> OpenApi {
    Document::openapi()
}

/// Adds what any operation may answer, whatever it is about, so that the handlers need not repeat it.
pub(super) fn add_usual_answers(document: &mut OpenApi) {
    for item in document.paths.paths.values_mut() {
        let methods = [&mut item.get, &mut item.put, &mut item.post, &mut item.patch, &mut item.delete];
        for operation in methods.into_iter().flatten() {
            let answers = &mut operation.responses.responses;
            let mut add = |status: &str, what: &str| {
                answers.entry(status.to_owned()).or_insert_with(|| RefOr::T(problem(what)));
            };
            if operation.security.is_some() {
                add("401", "A token is needed, or this one is not known");
                add("403", "The token lacks the scope for it");
                add("429", "More requests a second than are taken of one client");
            }
            if operation.request_body.is_some() {
                add("413", "The body is larger than is taken");
            }
            add("408", "It took longer than a request is given");
            add(
                "503",
                "Too much is going on, or nothing can be stored at the moment; `Retry-After` says when to ask again",
            );
            add("default", "Anything else that is wrong with the request, or with the server");
        }
    }
}

/// Says of every object that is handed in that it takes no other members: the readers refuse what they do not know.
pub(super) fn refuse_other_members(document: &mut OpenApi) {
    let mut names = Vec::new();
    for item in document.paths.paths.values() {
        for operation in [&item.get, &item.put, &item.post, &item.patch, &item.delete].into_iter().flatten() {
            let Some(RefOr::T(body)) = &operation.request_body else { continue };
            let contents = body.content.values();
            names.extend(contents.filter_map(|content| match content {
                RefOr::T(Content { schema: Some(RefOr::Ref(reference)), .. }) => {
                    reference.ref_location.rsplit('/').next().map(str::to_owned)
                }
                _ => None,
            }));
        }
    }
    let schemas = document.components.iter_mut().flat_map(|components| &mut components.schemas);
    for (_, schema) in schemas.filter(|(name, _)| names.contains(name)) {
        if let RefOr::T(Schema::Object(object)) = schema {
            object.additional_properties = Some(Box::new(AdditionalProperties::FreeForm(false)));
        }
    }
}

fn problem(what: &str) -> Response {
    let content = Content::new(Some(Ref::from_schema_name("Problem")));
    ResponseBuilder::new().description(what).content("application/problem+json", content).build()
}

/// Answers with the document.
#[utoipa::path(get, path = "/openapi.json", operation_id = "getDocument", tag = "operating",
    responses((status = 200, description = "This document", body = Object)))]
pub(super) async fn get(_: NoParameters, State(app): State<App>) -> Json<OpenApi> {
    Json(app.document.clone())
}
