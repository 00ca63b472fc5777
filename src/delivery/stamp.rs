//! What each attempt adds to a request: its id, its time, its signatures.
//!
//! The id stays the same over all attempts of a delivery, so that a receiver can tell a repeat; time and
//! signatures are made anew, over a body that never changes.

use std::time::SystemTime;

use super::signature::{Scheme, SignatureError};
use crate::outbound::OutboundRequest;

/// The headers that a profile adds to a request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stamp {
    /// Carries the delivery's id.
    pub id_header: Option<String>,
    /// Carries the seconds since 1970 of the attempt.
    pub timestamp_header: Option<String>,
    /// Carries a signature, where the integration has a signing secret.
    pub signature: Option<(Scheme, String)>,
}

impl Stamp {
    /// The signatures that are the same at every attempt, so that a preview can show them.
    ///
    /// # Errors
    /// The key does not have the form that its scheme asks for.
    pub fn steady_signatures(&self, request: &OutboundRequest) -> Result<Vec<(String, String)>, SignatureError> {
        self.signatures(request, |scheme| scheme.is_steady(), "", 0)
    }

    /// The headers of one attempt: the request's own, then what this stamp adds. A header that the
    /// integration itself gives is left alone, but for its signature, which is made anew.
    ///
    /// # Errors
    /// The key does not have the form that its scheme asks for.
    pub fn headers(
        &self,
        request: &OutboundRequest,
        id: &str,
        now: SystemTime,
    ) -> Result<Vec<(String, String)>, SignatureError> {
        let seconds = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs();
        let mut headers = request.headers.clone();
        // A receiver checks the signature against the id it sees, so an id of the integration's own counts.
        let id = self.id_header.as_deref().and_then(|name| request.header(name)).unwrap_or(id);
        if let Some(name) = &self.id_header {
            add(&mut headers, name, id.to_owned());
        }
        if let Some(name) = &self.timestamp_header {
            set(&mut headers, name, seconds.to_string());
        }
        for (name, value) in self.signatures(request, |_| true, id, seconds)? {
            set(&mut headers, &name, value);
        }
        Ok(headers)
    }

    /// Names of the headers that an attempt adds to `request` with values of its own, which no preview can know.
    pub fn added(&self, request: &OutboundRequest) -> Vec<String> {
        let names = [&self.id_header, &self.timestamp_header].into_iter().flatten();
        let mut added: Vec<String> = names.filter(|name| request.header(name).is_none()).cloned().collect();
        let signers = self.signers(request).into_iter().filter(|(scheme, _)| !scheme.is_steady());
        added.extend(signers.map(|(_, name)| name.to_owned()));
        added
    }

    fn signatures(
        &self,
        request: &OutboundRequest,
        wanted: impl Fn(Scheme) -> bool,
        id: &str,
        seconds: u64,
    ) -> Result<Vec<(String, String)>, SignatureError> {
        let Some(signing) = &request.signing else { return Ok(Vec::new()) };
        let signers = self.signers(request).into_iter().filter(|(scheme, _)| wanted(*scheme));
        signers
            .map(|(scheme, header)| {
                Ok((header.to_owned(), scheme.sign(&signing.key, id, seconds, request.body.as_bytes())?))
            })
            .collect()
    }

    /// How a request is signed, and in which headers.
    fn signers<'s>(&'s self, request: &'s OutboundRequest) -> Vec<(Scheme, &'s str)> {
        let Some(signing) = &request.signing else { return Vec::new() };
        // The header that the integration names is plain hex, unless the profile knows that header better.
        let own = signing.header.as_deref().map(|header| match &self.signature {
            Some((scheme, name)) if name.eq_ignore_ascii_case(header) => (*scheme, header),
            _ => (Scheme::Hex, header),
        });
        let ours = self.signature.as_ref().map(|(scheme, name)| (*scheme, name.as_str()));
        let ours = ours.filter(|(_, name)| own.is_none_or(|(_, header)| !header.eq_ignore_ascii_case(name)));
        own.into_iter().chain(ours).collect()
    }
}

/// Adds a header unless the request has it.
fn add(headers: &mut Vec<(String, String)>, name: &str, value: String) {
    if !headers.iter().any(|(own, _)| own.eq_ignore_ascii_case(name)) {
        headers.push((name.to_owned(), value));
    }
}

/// Puts a header in the place of one of the same name, or last.
fn set(headers: &mut Vec<(String, String)>, name: &str, value: String) {
    match headers.iter_mut().find(|(own, _)| own.eq_ignore_ascii_case(name)) {
        Some(own) => own.1 = value,
        None => headers.push((name.to_owned(), value)),
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use super::Stamp;
    use crate::delivery::Profile;
    use crate::outbound::{OutboundRequest, Signing};
    use crate::secret::Secret;

    fn request(header: Option<&str>, key: Option<&str>) -> OutboundRequest {
        OutboundRequest {
            method: "POST".into(),
            url: "https://example.com/".into(),
            headers: vec![("Content-Type".into(), "application/json".into())],
            body: "{\"ping\":true}".into(),
            signing: key.map(|key| Signing { header: header.map(str::to_owned), key: Secret::new(key) }),
            skip_certificate_check: false,
        }
    }

    fn stamped(profile: &str, request: &OutboundRequest, seconds: u64) -> Vec<(String, String)> {
        let stamp: Stamp = Profile::named(profile).expect("the profile exists").stamp;
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        stamp.headers(request, "msg_2hZk7Qw9Xn4", now).expect("the key is fine")
    }

    #[test]
    fn standard_webhooks_sends_its_three_headers() {
        let request = request(None, Some("whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="));
        let headers = stamped("standard-webhooks", &request, 1_718_882_700);
        let expected = [
            ("Content-Type", "application/json"),
            ("webhook-id", "msg_2hZk7Qw9Xn4"),
            ("webhook-timestamp", "1718882700"),
            ("webhook-signature", "v1,E9gp4fK3cfTfjZumz+hhuEmXHOjtyM2nHqiLpwB5jk0="),
        ];
        assert_eq!(headers, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
    }

    #[test]
    fn a_later_attempt_has_the_same_id_and_a_new_signature() {
        let request = request(None, Some("test-secret"));
        let (first, second) = (stamped("standard-webhooks", &request, 1), stamped("standard-webhooks", &request, 2));
        assert_eq!(first[1], second[1]);
        assert_ne!(first[2], second[2]);
        assert_ne!(first[3], second[3]);
    }

    #[test]
    fn without_a_secret_nothing_is_signed() {
        let names: Vec<String> =
            stamped("standard-webhooks", &request(None, None), 1).into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["Content-Type", "webhook-id", "webhook-timestamp"]);
        assert_eq!(stamped("split", &request(None, None), 1).len(), 1);
    }

    #[test]
    fn the_header_that_an_integration_names_is_plain_hex_unless_the_profile_knows_it() {
        let hex = "3f939ab9e5b409bd0b38349a0a4358fbd042f11bd5f4689c013190aa7eebd794";
        let plain = stamped("launchdarkly", &request(Some("X-LD-Signature"), Some("test-secret")), 1);
        assert_eq!(plain[1], ("X-LD-Signature".into(), hex.into()));
        let known = stamped("github", &request(Some("x-hub-signature-256"), Some("test-secret")), 1);
        assert_eq!(known.last(), Some(&("x-hub-signature-256".into(), format!("sha256={hex}"))));
        assert_eq!(known.len(), 3, "signed once: {known:?}");
    }

    #[test]
    fn an_id_of_the_integrations_own_is_kept_and_signed() {
        let mut own = request(None, Some("test-secret"));
        own.headers.push(("Webhook-Id".into(), "mine".into()));
        let headers = stamped("standard-webhooks", &own, 5);
        assert_eq!(headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case("webhook-id")).count(), 1);
        let mut other = request(None, Some("test-secret"));
        other.headers.push(("Webhook-Id".into(), "yours".into()));
        assert_ne!(headers.last(), stamped("standard-webhooks", &other, 5).last());
    }
}
