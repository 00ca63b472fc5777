//! `oauth-key-taken`

use super::prelude::*;

/// The key names an OAuth client, and one client's tokens open one product.
pub(super) struct OauthKeyTaken;

/// Products that share one OAuth client on purpose.
const SHARING: [&str; 3] = ["servicenow", "servicenow-normal", "servicenow-app"];

impl Rule for OauthKeyTaken {
    fn id(&self) -> &'static str {
        "oauth-key-taken"
    }

    fn summary(&self) -> &'static str {
        "two integrations have the same `oauthIntegrationKey`"
    }

    fn check(&self, scene: Scene<'_>, out: &mut Vec<Finding>) {
        let own = scene.integration;
        let Some(key) = own.manifest.oauth_integration_key.as_deref() else { return };
        if SHARING.contains(&own.key.as_str()) {
            return;
        }
        let mut others = scene.others().filter(|other| !SHARING.contains(&other.key.as_str()));
        if let Some(other) = others.find(|other| other.manifest.oauth_integration_key.as_deref() == Some(key)) {
            let message = format!("the `oauthIntegrationKey` `{key}` is also that of `{}`", other.key);
            let help = "name an OAuth client of this integration's own";
            out.push(self.finding(scene.value("/oauthIntegrationKey"), message).helped(help));
        }
    }
}
