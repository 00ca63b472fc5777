//! Signs as Standard Webhooks asks: with every live key, so that a receiver may change keys at its own pace.
//!
//! `v1` is HMAC-SHA256 under a shared secret (`whsec_…`, or any text), `v1a` is Ed25519 under a private key
//! (`whsk_…`, the seed alone or the seed and the public key), of which the receiver holds the public half.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use ring::signature::{Ed25519KeyPair, KeyPair as _};
use sha2::Sha256;

use crate::secret::Secret;

/// How a private key starts.
const PRIVATE: &str = "whsk_";
/// How a shared secret starts.
const SHARED: &str = "whsec_";

/// A key, ready to sign.
pub struct SigningKey(Kind);

enum Kind {
    Shared(Hmac<Sha256>),
    Private(Box<Ed25519KeyPair>),
}

/// Why a text is no key. The text itself is never part of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// What follows the prefix is not base64.
    #[error("what follows the prefix is not base64")]
    NotBase64,
    /// It has another length.
    #[error("a private key is 32 bytes, or 64 with its public half")]
    WrongLength,
    /// The two halves do not belong together.
    #[error("the public half does not belong to the private one")]
    HalvesDiffer,
    /// There is nothing.
    #[error("the secret is empty")]
    Empty,
}

impl SigningKey {
    /// Reads a key by its prefix.
    ///
    /// # Errors
    /// The text is no key.
    pub fn read(text: &Secret) -> Result<SigningKey, KeyError> {
        let text = text.expose();
        if let Some(encoded) = text.strip_prefix(PRIVATE) {
            let bytes = STANDARD.decode(encoded).map_err(|_| KeyError::NotBase64)?;
            let pair = match bytes.len() {
                32 => Ed25519KeyPair::from_seed_unchecked(&bytes).map_err(|_| KeyError::WrongLength)?,
                64 => Ed25519KeyPair::from_seed_and_public_key(&bytes[..32], &bytes[32..])
                    .map_err(|_| KeyError::HalvesDiffer)?,
                _ => return Err(KeyError::WrongLength),
            };
            return Ok(SigningKey(Kind::Private(Box::new(pair))));
        }
        let bytes = match text.strip_prefix(SHARED) {
            Some(encoded) => STANDARD.decode(encoded).map_err(|_| KeyError::NotBase64)?,
            None => text.as_bytes().to_vec(),
        };
        if bytes.is_empty() {
            return Err(KeyError::Empty);
        }
        let Ok(code) = Hmac::<Sha256>::new_from_slice(&bytes) else { unreachable!("HMAC takes a key of any length") };
        Ok(SigningKey(Kind::Shared(code)))
    }

    /// The public half of a private key, as receivers are told it: `whpk_…`.
    pub fn public_half(&self) -> Option<String> {
        match &self.0 {
            Kind::Shared(_) => None,
            Kind::Private(pair) => Some(format!("whpk_{}", STANDARD.encode(pair.public_key().as_ref()))),
        }
    }
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("[signing key]")
    }
}

/// The value of `webhook-signature`: a signature by each key, with spaces between.
pub fn sign_all(keys: &[SigningKey], id: &str, seconds: u64, body: &[u8]) -> String {
    let head = format!("{id}.{seconds}.");
    let mut value = String::new();
    for key in keys {
        if !value.is_empty() {
            value.push(' ');
        }
        match &key.0 {
            Kind::Shared(code) => {
                let mut code = code.clone();
                code.update(head.as_bytes());
                code.update(body);
                value.push_str("v1,");
                STANDARD.encode_string(code.finalize().into_bytes(), &mut value);
            }
            Kind::Private(pair) => {
                let signature = pair.sign(&[head.as_bytes(), body].concat());
                value.push_str("v1a,");
                STANDARD.encode_string(signature.as_ref(), &mut value);
            }
        }
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first test key of RFC 8032.
    const SEED: &str = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60";

    fn key(text: &str) -> SigningKey {
        SigningKey::read(&Secret::new(text)).expect("it is a key")
    }

    fn private(bytes: &[u8]) -> String {
        format!("whsk_{}", STANDARD.encode(bytes))
    }

    #[test]
    fn both_schemes_give_the_published_signatures() {
        let seed = hex::decode(SEED).expect("hexadecimal");
        let keys = [key("whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="), key(&private(&seed))];
        let value = sign_all(&keys, "msg_2hZk7Qw9Xn4", 1_718_882_700, b"{\"ping\":true}");
        let expected = "v1,E9gp4fK3cfTfjZumz+hhuEmXHOjtyM2nHqiLpwB5jk0= \
            v1a,9r0R8a0U9sT88wXN9XkxsNXJt1zsgq3afKa+JBtcfLTBNzQAmZWXprZall6CzX2PUHTAdp/Q7/KaFMhPHckKDA==";
        assert_eq!(value, expected);
    }

    #[test]
    fn what_is_no_key_says_why() {
        let wrong = |text: &str| SigningKey::read(&Secret::new(text)).err();
        assert_eq!(wrong("whsec_not base64"), Some(KeyError::NotBase64));
        assert_eq!(wrong("whsk_AAEC"), Some(KeyError::WrongLength));
        assert_eq!(wrong(&private(&[7; 64])), Some(KeyError::HalvesDiffer));
        assert_eq!(wrong(""), Some(KeyError::Empty));
        assert_eq!(wrong("whsec_"), Some(KeyError::Empty));
        assert!(wrong("my own words").is_none());
        let seed = hex::decode(SEED).expect("hexadecimal");
        let public = key(&private(&seed)).public_half().expect("a private key has one");
        assert_eq!(public, "whpk_11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=");
    }
}
