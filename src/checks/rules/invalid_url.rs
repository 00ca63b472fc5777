//! `invalid-url`

use super::prelude::*;
use crate::checks::parts::endpoints;

/// A request without an address goes nowhere.
pub(super) struct InvalidUrl;

impl Rule for InvalidUrl {
    fn id(&self) -> &'static str {
        "invalid-url"
    }

    fn summary(&self) -> &'static str {
        "an address is none once its values are filled in"
    }

    fn check(&self, scene: Scene<'_>, out: &mut Vec<Finding>) {
        for (pointer, endpoint) in endpoints(&scene.integration.manifest) {
            let (url, at) = (endpoint.url.as_str(), format!("{pointer}/url"));
            if url.trim() != url && !url.trim().is_empty() && scene.has(&at) {
                let message = "white space stands around the address".to_owned();
                out.push(self.finding(scene.value(&at), message).helped("remove it").mild());
            }
        }
        for bad in &scene.rehearsal.addresses {
            let reading = &scene.readings[bad.reading];
            let when = bad.when.as_ref().map(|when| format!(" when {when}")).unwrap_or_default();
            let message = format!("the address becomes `{}`{when}, which is none: {}", bad.address, bad.reason);
            let help = match &bad.when {
                Some(_) => "give the variable a default that makes an address, or do not let it be empty",
                None if bad.reason.contains("port") => {
                    "a port is a number up to 65535, behind the host: `example.com:8443`"
                }
                None if host(&bad.address).contains(char::is_whitespace) => "take the white space out of the host",
                None => "an address begins with `https://` and a host, or with a variable that holds both",
            };
            out.push(self.finding(scene.value(&reading.template.pointer), message).helped(help));
        }
    }
}

/// The part of an address where its host stands.
fn host(address: &str) -> &str {
    let rest = address.split_once("://").map_or(address, |(_, rest)| rest);
    rest.split(['/', '?', '#']).next().unwrap_or(rest)
}
