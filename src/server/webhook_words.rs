//! The audit log webhook's words: what a request may say of it, and what an answer tells.
//!
//! Read member by member, so that every mistake is told by its field.

use serde::Serialize;
use serde_json::Value as Json;
use utoipa::ToSchema;

use super::extract::Members;
use super::problem::Problem;
use crate::service::{SubscriptionView, Timestamp};

/// The webhook as it is written.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "it describes a body that is read member by member")]
pub(super) struct WebhookRequest {
    /// Where entries are sent.
    endpoint: String,
    /// Whether they are sent.
    enabled: bool,
    /// The whole value of the header `Authorization`. Left out, the one there is stays, unless
    /// scheme, host or port of `endpoint` change: then it is to be given again. `null` takes it away.
    authorization: Option<String>,
    /// `json`, the only format.
    #[schema(nullable = false)]
    log_format: Option<String>,
    /// `false`: certificates are always checked.
    #[schema(nullable = false)]
    skip_ssl_verification: Option<bool>,
}

/// What to change of the webhook; what is left out stays as it is.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "it describes a body that is read member by member")]
pub(super) struct WebhookChange {
    /// Where entries are sent.
    #[schema(nullable = false)]
    endpoint: Option<String>,
    /// Whether they are sent.
    #[schema(nullable = false)]
    enabled: Option<bool>,
    /// The whole value of the header `Authorization`; `null` takes it away.
    authorization: Option<String>,
    /// `json`, the only format.
    #[schema(nullable = false)]
    log_format: Option<String>,
    /// `false`: certificates are always checked.
    #[schema(nullable = false)]
    skip_ssl_verification: Option<bool>,
}

/// The webhook as it is shown.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Webhook {
    /// Where entries are sent; empty when there is none.
    pub(super) endpoint: String,
    /// Whether they are sent.
    pub(super) enabled: bool,
    /// How entries are written.
    pub(super) log_format: &'static str,
    /// Whether certificates are taken unchecked.
    pub(super) skip_ssl_verification: bool,
}

/// How the webhook fares.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct WebhookStatus {
    /// What was wanted.
    pub(super) webhook_enabled: bool,
    /// What is observed: `active`, `inactive` (the last attempt failed) or `unconfigured`.
    pub(super) webhook_status: &'static str,
    /// When the last attempt was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) last_attempt_at: Option<Timestamp>,
    /// The status of the last answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) last_response_code: Option<u16>,
    /// What that status means.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) last_response_message: Option<String>,
}

impl Webhook {
    pub(super) fn none() -> Self {
        Webhook { endpoint: String::new(), enabled: false, log_format: "json", skip_ssl_verification: false }
    }

    pub(super) fn of(view: &SubscriptionView) -> Self {
        let form = view.document.get("formValues");
        let endpoint = form.and_then(|form| form.get("endpoint")?.as_str()).unwrap_or_default().to_owned();
        Webhook { endpoint, enabled: view.status.enabled, ..Webhook::none() }
    }
}

/// What a request says; absent members are as they were.
pub(super) struct Written {
    pub(super) endpoint: Option<String>,
    pub(super) enabled: Option<bool>,
    /// `Some(None)` takes it away.
    pub(super) authorization: Option<Option<String>>,
}

pub(super) fn read(body: Json, whole: bool) -> Result<Written, Problem> {
    let mut members = Members::of(body)?;
    for name in ["endpoint", "enabled", "log_format", "skip_ssl_verification"] {
        if members.is_null(name) {
            members.mistake(name, "this cannot be taken away: it is never `null`");
        }
    }
    let without = members.is_null("authorization");
    let written = Written {
        endpoint: members.text("endpoint"),
        enabled: members.switch("enabled"),
        authorization: members.text("authorization").map(Some).or(without.then_some(None)),
    };
    if members.text("log_format").is_some_and(|format| format != "json") {
        members.mistake("log_format", "entries are sent as `json` only");
    }
    if members.switch("skip_ssl_verification") == Some(true) {
        members.mistake("skip_ssl_verification", "certificates are always checked");
    }
    if whole && members.is_sound() {
        if written.endpoint.is_none() {
            members.mistake("endpoint", "say where entries are sent");
        }
        if written.enabled.is_none() {
            members.mistake("enabled", "say whether entries are sent");
        }
    }
    members.finish().map_err(Problem::for_kong)?;
    Ok(written)
}
