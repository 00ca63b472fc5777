//! A subscription as its administrator writes it.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A subscription's document as it may be shown: secrets are `{"isSet": true}`.
pub type MaskedDocument = std::collections::BTreeMap<String, serde_json::Value>;

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
