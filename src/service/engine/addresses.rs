//! Where a subscription sends: to no place that is refused, and its secrets to no other than the one they were given for.

use std::net::IpAddr;
use std::sync::Arc;

use serde_json::Value as Json;
use url::{Host, Url};

use super::Service;
use crate::form::FormValue;
use crate::service::FieldMistake;
use crate::service::integrations::InUse;
use crate::service::subscriptions::{Served, prepare_pinned};
use crate::store::{SubscriptionId, SubscriptionVersion};
use crate::value::pointer_token;

impl Service {
    /// Whether a changed subscription sends to where it sent before: what was entrusted to one receiver must not reach
    /// another one by a change of the address alone.
    pub(super) fn sends_where(
        &self,
        id: &SubscriptionId,
        version: Option<SubscriptionVersion>,
        opened: &Json,
        in_use: &InUse,
        served: &Served,
    ) -> bool {
        let before = opened.as_object().cloned().unwrap_or_default();
        if before.get("integration").and_then(Json::as_str) != Some(&in_use.integration.key) {
            return false;
        }
        let table = self.core.table.load_full();
        let active = table.get(id).filter(|active| Some(active.version) == version);
        let as_it_is = active.and_then(|active| active.state.as_ref().ok().map(Arc::clone));
        let Some(before) = as_it_is.or_else(|| prepare_pinned(&before, in_use).ok().map(Arc::new)) else {
            return false;
        };
        let same_connection = match (&before.document.oauth, &served.document.oauth) {
            (Some(before), Some(now)) => {
                same_origin(&before.base_uri, &now.base_uri) && same_origin(&before.token_url, &now.token_url)
            }
            // Its secrets came, or went, together with it.
            _ => true,
        };
        same_connection && served.planner.sends_where(&before.planner)
    }

    /// Addresses in numbers that no request may go to, as far as they are known before anything is sent.
    pub(super) fn refused_addresses(&self, served: &Served) -> Vec<FieldMistake> {
        let guard = self.core.sender.guard();
        let refused = |address: &str| {
            let url = Url::parse(address).ok()?;
            let number = match url.host()? {
                Host::Domain(_) => return None,
                Host::Ipv4(number) => IpAddr::V4(number),
                Host::Ipv6(number) => IpAddr::V6(number),
            };
            let refused = guard.check(url.host_str().unwrap_or_default(), number).err()?;
            Some((url.host_str().unwrap_or_default().to_owned(), refused))
        };
        let mut mistakes = Vec::new();
        if let Some((host, refused)) = served.planner.steady_address().and_then(refused) {
            // The variable that names the host; a host of the integration's own is nobody's mistake but its author's.
            let spells = |text: &str| {
                text.contains(&*host) || Url::parse(text.trim()).is_ok_and(|url| url.host_str() == Some(&*host))
            };
            let names = |value: &FormValue| match value {
                FormValue::Text(text) => spells(text),
                FormValue::Secret(secret) => spells(secret.expose()),
                FormValue::Flag(_) | FormValue::List(_) => false,
            };
            let named = served.document.form.values.iter().find(|(_, value)| names(value)).map(|(key, _)| key);
            let pointer = named.map_or("/integration".to_owned(), |key| format!("/formValues/{}", pointer_token(key)));
            mistakes.push(FieldMistake::new(pointer, refused.to_string()).help(refused.help().to_owned()));
        }
        if let Some((_, refused)) = served.document.oauth.as_ref().and_then(|oauth| refused(&oauth.token_url)) {
            let mistake = FieldMistake::new("/oauth/tokenUrl", refused.to_string());
            mistakes.push(mistake.help(refused.help().to_owned()));
        }
        mistakes
    }
}

fn same_origin(a: &str, b: &str) -> bool {
    match (Url::parse(a), Url::parse(b)) {
        (Ok(a), Ok(b)) => a.origin() == b.origin(),
        _ => false,
    }
}
