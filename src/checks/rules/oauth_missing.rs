//! `oauth-missing`

use super::prelude::*;
use crate::checks::names::Reading;

/// Without `requiresOAuth` nobody is asked to connect, and every request goes out without its token.
pub(super) struct OauthMissing;

impl Rule for OauthMissing {
    fn id(&self) -> &'static str {
        "oauth-missing"
    }

    fn summary(&self) -> &'static str {
        "templates use `oauth` and the manifest does not ask for it, or the other way round"
    }

    fn check(&self, scene: Scene<'_>, out: &mut Vec<Finding>) {
        let manifest = &scene.integration.manifest;
        let mut users = scene.readings.iter().filter_map(|reading| Some((reading, first_use(reading)?)));
        match (users.next(), manifest.requires_oauth) {
            (Some((reading, span)), false) => {
                let message = "`oauth` is used, but the manifest does not set `requiresOAuth`".to_owned();
                let help = "add `\"requiresOAuth\": true`";
                out.push(self.finding(scene.within(reading, span), message).helped(help));
            }
            // Some products connect by OAuth for what they do elsewhere; those have no requests here.
            (None, true) if scene.readings.iter().any(|reading| reading.scope.is_some()) => {
                let message = "the manifest asks for OAuth, and no request uses `oauth`".to_owned();
                let help = "use `{{oauth.accessToken}}` in a header, or remove `requiresOAuth`";
                out.push(self.finding(scene.key("/requiresOAuth"), message).helped(help).mild());
            }
            _ => {}
        }
    }
}

/// The first place where a template reads `oauth`.
fn first_use(reading: &Reading<'_>) -> Option<std::ops::Range<usize>> {
    let used = reading.uses.iter().find(|found| {
        let names: Vec<&str> = found.from_root.iter().flatten().map(String::as_str).collect();
        matches!(names.as_slice(), ["oauth", ..] | ["formVariables", "oauth", ..])
    })?;
    Some(used.path.span.clone())
}
