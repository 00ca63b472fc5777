//! Signatures over a body, each scheme a pure function of key, id, time and bytes.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::secret::Secret;

/// How a body is signed. All of them are HMAC-SHA256 underneath.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    /// Lower-case hex of the body's HMAC, nothing else: LaunchDarkly's `X-LD-Signature`.
    Hex,
    /// `sha256=` and the hex: GitHub's `X-Hub-Signature-256`.
    GitHub,
    /// `t=<seconds>,v1=<hex>` over `<seconds>.<body>`: Stripe's.
    Stripe,
    /// `v1,<base64>` over `<id>.<seconds>.<body>`: Standard Webhooks.
    StandardWebhooks,
}

/// Why a body could not be signed. The key itself is never part of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// A Standard Webhooks key is base64 behind its prefix.
    #[error("the signing secret starts with `whsec_`, but what follows is not base64")]
    NotBase64,
}

impl Scheme {
    /// The scheme's name in profiles.
    pub(super) fn named(name: &str) -> Option<Scheme> {
        match name {
            "hex" => Some(Scheme::Hex),
            "github" => Some(Scheme::GitHub),
            "stripe" => Some(Scheme::Stripe),
            "standard-webhooks" => Some(Scheme::StandardWebhooks),
            _ => None,
        }
    }

    /// Whether the value is the same at every attempt.
    pub fn is_steady(self) -> bool {
        matches!(self, Scheme::Hex | Scheme::GitHub)
    }

    /// The signature as its header carries it. `id` and `seconds` (since 1970) enter only where the scheme
    /// says so.
    ///
    /// # Errors
    /// The key does not have the form that its scheme asks for.
    pub fn sign(self, key: &Secret, id: &str, seconds: u64, body: &[u8]) -> Result<String, SignatureError> {
        let key = key.expose();
        Ok(match self {
            Scheme::Hex => hex::encode(hmac(key.as_bytes(), &[body])),
            Scheme::GitHub => format!("sha256={}", hex::encode(hmac(key.as_bytes(), &[body]))),
            Scheme::Stripe => {
                let code = hmac(key.as_bytes(), &[seconds.to_string().as_bytes(), b".", body]);
                format!("t={seconds},v1={}", hex::encode(code))
            }
            Scheme::StandardWebhooks => {
                // A secret without the prefix is one that the receiver made up, and is taken as it stands.
                let key = match key.strip_prefix("whsec_") {
                    Some(encoded) => STANDARD.decode(encoded).map_err(|_| SignatureError::NotBase64)?,
                    None => key.as_bytes().to_vec(),
                };
                let parts = [id.as_bytes(), b".", seconds.to_string().as_bytes(), b".", body].concat();
                format!("v1,{}", STANDARD.encode(hmac(&key, &[&parts])))
            }
        })
    }
}

fn hmac(key: &[u8], parts: &[&[u8]]) -> Vec<u8> {
    let Ok(mut code) = Hmac::<Sha256>::new_from_slice(key) else {
        unreachable!("HMAC takes a key of any length");
    };
    for part in parts {
        code.update(part);
    }
    code.finalize().into_bytes().to_vec()
}

#[cfg(test)]
mod tests {
    use super::{Scheme, SignatureError};
    use crate::secret::Secret;

    /// Vectors for the body `{"ping":true}`, computed with other programs.
    #[test]
    fn every_scheme_agrees_with_its_vector() {
        let hex = "3f939ab9e5b409bd0b38349a0a4358fbd042f11bd5f4689c013190aa7eebd794";
        let whsec = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
        for (scheme, key, expected) in [
            (Scheme::Hex, "test-secret", hex.to_owned()),
            (Scheme::GitHub, "test-secret", format!("sha256={hex}")),
            (
                Scheme::Stripe,
                "test-secret",
                "t=1718882700,v1=20f86fc077039aa0c85d1204d771b8e926bf387b6a850287e10cd8bc95054adf".to_owned(),
            ),
            (Scheme::StandardWebhooks, whsec, "v1,E9gp4fK3cfTfjZumz+hhuEmXHOjtyM2nHqiLpwB5jk0=".to_owned()),
        ] {
            let signed = scheme.sign(&Secret::new(key), "msg_2hZk7Qw9Xn4", 1_718_882_700, b"{\"ping\":true}");
            assert_eq!(signed, Ok(expected), "{scheme:?}");
        }
    }

    #[test]
    fn a_prefixed_key_that_is_not_base64_is_an_error() {
        let signed = Scheme::StandardWebhooks.sign(&Secret::new("whsec_not base64"), "id", 1, b"");
        assert_eq!(signed, Err(SignatureError::NotBase64));
        assert!(Scheme::StandardWebhooks.sign(&Secret::new("my own words"), "id", 1, b"").is_ok());
    }
}
