//! What an administrator filled in, by form variable.

use std::collections::BTreeMap;

use crate::secret::Secret;

/// The value of one form variable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FormValue {
    /// A text that may be shown.
    Text(String),
    /// A text that may not.
    Secret(Secret),
    /// A tick box.
    Flag(bool),
    /// Ticked choices.
    List(Vec<String>),
}

/// Form values by key. `oauth` tokens stand beside them, not among them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FormValues {
    /// The values by key of their form variable.
    pub values: BTreeMap<String, FormValue>,
    /// What an OAuth connection gave, for integrations that ask for one.
    pub oauth: Option<OauthConnection>,
}

/// What an OAuth connection gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OauthConnection {
    /// Address of the connected account: `oauth.baseURI` in templates.
    pub base_uri: String,
    /// Token of the connected account: `oauth.accessToken` in templates.
    pub access_token: Secret,
}
