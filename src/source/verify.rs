//! Whether a request is from whom it says, before anything in it is read.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::batch::Request;
use super::configuration::SignatureEncoding;
use super::rejection::Rejection;
use crate::secret::Secret;

/// What a source checks of a request, by name: for lists, logs and warnings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verification {
    /// A shared token, in the address or as a bearer token.
    Token,
    /// The configured `authorization` header, whole.
    Authorization,
    /// HMAC-SHA256 of the body.
    Hmac,
    /// Ed25519 over each entry.
    Ed25519,
}

/// Whether two secrets are the same, in a time that tells neither where they differ nor how long they are.
pub(super) fn same(expected: &[u8], presented: &[u8]) -> bool {
    match (mac(b"comparison", expected), mac(b"comparison", presented)) {
        (Some(expected), Some(presented)) => expected.verify_slice(&presented.finalize().into_bytes()).is_ok(),
        _ => false,
    }
}

/// An HMAC over the body, in one header.
#[derive(Debug)]
pub(super) struct BodySignature {
    pub(super) header: String,
    pub(super) prefix: String,
    pub(super) encoding: SignatureEncoding,
    /// Any of them may have signed: two are live while one replaces the other.
    pub(super) secrets: Vec<Secret>,
}

impl BodySignature {
    pub(super) fn check(&self, request: &Request<'_>) -> Result<(), Rejection> {
        let presented = one_value(request, &self.header)?;
        let wrong = || Rejection::WrongSignature(self.header.clone());
        let written = presented.strip_prefix(self.prefix.as_bytes()).ok_or_else(wrong)?;
        let signature = match self.encoding {
            // Only lower case, as it is sent: one signature has one spelling.
            SignatureEncoding::Hex if written.iter().any(u8::is_ascii_uppercase) => None,
            SignatureEncoding::Hex => hex::decode(written).ok(),
            SignatureEncoding::Base64 => STANDARD.decode(written).ok(),
        };
        let signature = signature.ok_or_else(wrong)?;
        let fits = |secret: &Secret| {
            mac(secret.expose().as_bytes(), request.body).is_some_and(|mac| mac.verify_slice(&signature).is_ok())
        };
        // Every secret is tried, so that the time does not tell which one it was.
        let fitting = self.secrets.iter().filter(|secret| fits(secret)).count();
        if fitting > 0 { Ok(()) } else { Err(wrong()) }
    }
}

/// A whole `authorization` header that must come as it was configured.
pub(super) fn check_authorization(request: &Request<'_>, expected: &[Secret]) -> Result<(), Rejection> {
    let presented = one_value(request, "authorization")?;
    let fitting = expected.iter().filter(|secret| same(secret.expose().as_bytes(), presented)).count();
    if fitting > 0 { Ok(()) } else { Err(Rejection::WrongAuthorization) }
}

/// A shared token: in the address, or as a bearer token.
pub(super) fn check_token(request: &Request<'_>, expected: &[Secret]) -> Result<(), Rejection> {
    let bearer = || {
        let value = one_value(request, "authorization").ok()?;
        let (scheme, token) = value.split_at_checked("Bearer ".len())?;
        scheme.eq_ignore_ascii_case(b"Bearer ").then_some(token)
    };
    let presented = request.token.map(str::as_bytes).or_else(bearer).ok_or(Rejection::WrongToken)?;
    let fitting = expected.iter().filter(|secret| same(secret.expose().as_bytes(), presented)).count();
    if fitting > 0 { Ok(()) } else { Err(Rejection::WrongToken) }
}

fn one_value<'a>(request: &Request<'a>, header: &str) -> Result<&'a [u8], Rejection> {
    let mut values = request.values(header);
    let value = values.next().ok_or_else(|| Rejection::MissingHeader(header.to_owned()))?;
    if values.next().is_some() {
        return Err(Rejection::RepeatedHeader(header.to_owned()));
    }
    Ok(value)
}

fn mac(key: &[u8], message: &[u8]) -> Option<Hmac<Sha256>> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).ok()?;
    mac.update(message);
    Some(mac)
}

#[cfg(test)]
mod tests {
    use super::{BodySignature, check_authorization, check_token, same};
    use crate::secret::Secret;
    use crate::source::{Rejection, Request, SignatureEncoding};

    const BODY: &[u8] = b"{\"ping\":true}";
    const HEX: &str = "3f939ab9e5b409bd0b38349a0a4358fbd042f11bd5f4689c013190aa7eebd794";

    fn request<'a>(headers: &'a [(&'a str, &'a [u8])], token: Option<&'a str>) -> Request<'a> {
        Request { headers, token, body: BODY, received_at_milliseconds: 0 }
    }

    fn signature(secrets: &[&str]) -> BodySignature {
        BodySignature {
            header: "X-LD-Signature".to_owned(),
            prefix: String::new(),
            encoding: SignatureEncoding::Hex,
            secrets: secrets.iter().map(|secret| Secret::new(*secret)).collect(),
        }
    }

    #[test]
    fn same_means_every_byte() {
        assert!(same(b"abc", b"abc"));
        for other in [&b"abd"[..], b"ab", b"abcd", b""] {
            assert!(!same(b"abc", other));
        }
    }

    #[test]
    fn a_signature_by_any_live_secret_fits() {
        let headers: [(&str, &[u8]); 1] = [("x-ld-signature", HEX.as_bytes())];
        assert_eq!(signature(&["test-secret"]).check(&request(&headers, None)), Ok(()));
        assert_eq!(signature(&["new", "test-secret"]).check(&request(&headers, None)), Ok(()));
        assert!(matches!(signature(&["new"]).check(&request(&headers, None)), Err(Rejection::WrongSignature(_))));
    }

    #[test]
    fn every_wrong_letter_of_a_signature_is_refused() {
        for at in 0..HEX.len() {
            for flip in [1, 2, 4, 8, 16, 32, 64, 128] {
                let mut wrong = HEX.as_bytes().to_vec();
                wrong[at] ^= flip;
                let headers: [(&str, &[u8]); 1] = [("x-ld-signature", &wrong)];
                let result = signature(&["test-secret"]).check(&request(&headers, None));
                assert!(matches!(result, Err(Rejection::WrongSignature(_))), "letter {at} by {flip}");
            }
        }
    }

    #[test]
    fn a_signature_that_is_missing_short_or_doubled_is_refused() {
        let check = |headers: &[(&str, &[u8])]| signature(&["test-secret"]).check(&request(headers, None));
        assert!(matches!(check(&[]), Err(Rejection::MissingHeader(_))));
        assert!(matches!(check(&[("x-ld-signature", b"")]), Err(Rejection::WrongSignature(_))));
        assert!(matches!(check(&[("x-ld-signature", &HEX.as_bytes()[..62])]), Err(Rejection::WrongSignature(_))));
        let twice: [(&str, &[u8]); 2] = [("X-LD-Signature", HEX.as_bytes()), ("x-ld-signature", b"00")];
        assert!(matches!(check(&twice), Err(Rejection::RepeatedHeader(_))));
    }

    #[test]
    fn authorization_must_be_exact() {
        let expected = [Secret::new("Basic c2llbTpzM2NyZXQ=")];
        let check =
            |value: &str| check_authorization(&request(&[("Authorization", value.as_bytes())], None), &expected);
        assert_eq!(check("Basic c2llbTpzM2NyZXQ="), Ok(()));
        for wrong in
            ["basic c2llbTpzM2NyZXQ=", "Basic  c2llbTpzM2NyZXQ=", "Basic c2llbTpzM2NyZXQ", "c2llbTpzM2NyZXQ=", ""]
        {
            assert_eq!(check(wrong), Err(Rejection::WrongAuthorization), "{wrong}");
        }
        assert!(matches!(check_authorization(&request(&[], None), &expected), Err(Rejection::MissingHeader(_))));
    }

    #[test]
    fn a_token_comes_in_the_address_or_as_bearer() {
        let expected = [Secret::new("t0ken")];
        let bearer: [(&str, &[u8]); 1] = [("authorization", b"bearer t0ken")];
        assert_eq!(check_token(&request(&[], Some("t0ken")), &expected), Ok(()));
        assert_eq!(check_token(&request(&bearer, None), &expected), Ok(()));
        assert_eq!(check_token(&request(&bearer, Some("other")), &expected), Err(Rejection::WrongToken));
        assert_eq!(check_token(&request(&[], None), &expected), Err(Rejection::WrongToken));
    }
}
