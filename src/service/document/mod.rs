//! A subscription as its administrator writes it.
//!
//! It has three forms: as it is written, with secrets in the clear, for a moment; at rest, with each secret sealed; and
//! shown, with a mark in the place of each. [`Document`] is what the written form means.

mod marks;
mod passwords;
mod patch;
mod reading;
mod secrets;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};
use utoipa::ToSchema;

use crate::form::FormValues;
use crate::secret::Secret;

pub(super) use marks::{resolve, shown};
pub(super) use passwords::without_password;
pub(super) use patch::merge;
pub(super) use reading::{known_settings, read};
pub(super) use secrets::{open, pointers, seal, sealed_places};

/// A subscription's document as it may be shown: secrets are `{"isSet": true}`.
pub type MaskedDocument = BTreeMap<String, Json>;

/// The written form.
pub(super) type Written = Map<String, Json>;

/// Whether deliveries of one subscription wait for each other.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Ordering {
    /// No.
    #[default]
    None,
    /// Events of one resource go one after the other; others are not held up.
    PerKey,
}

/// How many deliveries a second.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Rate {
    /// In the long run.
    pub per_second: f64,
    /// At once; as many as `perSecond` when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub burst: Option<u32>,
}

/// What a document means, as far as that does not depend on the integration.
#[derive(Debug, Clone)]
pub(super) struct Document {
    pub(super) form: FormValues,
    pub(super) policy: Option<Vec<Json>>,
    pub(super) enabled: bool,
    pub(super) profile: Option<Json>,
    pub(super) concurrency: Option<u32>,
    pub(super) rate: Option<Rate>,
    pub(super) ordering: Ordering,
    pub(super) signing: Vec<Secret>,
    pub(super) id_header: Option<String>,
    pub(super) oauth: Option<Oauth>,
}

/// How an access token is fetched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Oauth {
    /// Address of the account: `oauth.baseURI` in templates.
    pub(super) base_uri: String,
    pub(super) token_url: String,
    pub(super) client_id: String,
    pub(super) client_secret: Secret,
    pub(super) scopes: Vec<String>,
    pub(super) client_auth: ClientAuth,
    /// With one, the token is refreshed; without, the client's own credentials do.
    pub(super) refresh_token: Option<Secret>,
}

/// How the client proves to a token server who it is (RFC 6749, 2.3.1).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum ClientAuth {
    /// With its id and secret in the form that is posted.
    #[default]
    Body,
    /// With HTTP Basic.
    Basic,
}
