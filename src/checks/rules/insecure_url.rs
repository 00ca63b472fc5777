//! `insecure-url`

use super::prelude::*;
use crate::checks::parts::endpoints;

/// Over `http://` everyone on the way reads the event, and the token.
pub(super) struct InsecureUrl;

impl Rule for InsecureUrl {
    fn id(&self) -> &'static str {
        "insecure-url"
    }

    fn summary(&self) -> &'static str {
        "an endpoint is not encrypted"
    }

    fn severity(&self) -> Severity {
        Severity::Warning
    }

    fn check(&self, scene: Scene<'_>, out: &mut Vec<Finding>) {
        for (pointer, endpoint) in endpoints(&scene.integration.manifest) {
            let start = endpoint.url.len() - endpoint.url.trim_start().len();
            let url = &endpoint.url[start..];
            if url.get(..7).is_some_and(|scheme| scheme.eq_ignore_ascii_case("http://")) && !is_local(&url[7..]) {
                let place = scene.integration.source.string_part_place(&format!("{pointer}/url"), start..start + 7);
                let message = "the endpoint is not encrypted".to_owned();
                out.push(self.finding(place, message).helped("write `https://`"));
            }
        }
    }
}

fn is_local(host: &str) -> bool {
    ["localhost", "127.0.0.1", "[::1]"].iter().any(|local| host.starts_with(local))
}
