//! The public keys that a platform signs entries with.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::signature::{ED25519, UnparsedPublicKey};

use crate::value::Value;

/// More keys than any rotation needs; each one costs a try per entry.
const MOST_KEYS: usize = 16;

/// Ed25519 keys of a JSON Web Key Set. Entries name no key, so each is tried.
#[derive(Debug, Clone)]
pub(super) struct Keys(Vec<UnparsedPublicKey<[u8; 32]>>);

impl Keys {
    /// Reads a key set. Keys of other kinds are passed over, since a set may serve several purposes.
    pub(super) fn read(set: &Value<'_>) -> Result<Keys, String> {
        let listed = set.get("keys").and_then(Value::as_array).ok_or("a key set has a list `keys`")?;
        let mut keys = Vec::new();
        for (index, key) in listed.iter().enumerate() {
            let member = |name: &str| key.get(name).and_then(Value::as_str);
            if member("kty") != Some("OKP") || member("crv") != Some("Ed25519") {
                continue;
            }
            let x = member("x").ok_or_else(|| format!("key {index} has no `x`"))?;
            let bytes = URL_SAFE_NO_PAD.decode(x.trim_end_matches('=')).ok().and_then(|bytes| bytes.try_into().ok());
            let bytes: [u8; 32] = bytes.ok_or_else(|| format!("`x` of key {index} is not 32 bytes in base64url"))?;
            keys.push(UnparsedPublicKey::new(&ED25519, bytes));
        }
        if keys.is_empty() {
            return Err("no key of the set is an Ed25519 key (`kty` `OKP`, `crv` `Ed25519`)".to_owned());
        }
        if keys.len() > MOST_KEYS {
            return Err(format!("the set has {} Ed25519 keys; up to {MOST_KEYS} are taken", keys.len()));
        }
        Ok(Keys(keys))
    }

    /// Whether any key made this signature (base64url without padding) over `message`.
    pub(super) fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        let Ok(signature) = URL_SAFE_NO_PAD.decode(signature) else { return false };
        self.0.iter().any(|key| key.verify(message, &signature).is_ok())
    }
}

#[cfg(test)]
mod tests {
    use super::Keys;
    use crate::value::Value;

    const KEY: &str =
        r#"{"kty":"OKP","crv":"Ed25519","alg":"EdDSA","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;
    const OTHER: &str = r#"{"kty":"OKP","crv":"Ed25519","x":"PUAXw-hDiVqStwqnTRt-vJyYLM8uxJaMwM1V8Sr0Zgw"}"#;

    fn read(text: &str) -> Result<Keys, String> {
        Keys::read(&Value::parse(text.as_bytes()).expect("the row is JSON"))
    }

    #[test]
    fn every_key_is_tried() {
        // RFC 8032, section 7.1, test 1: the empty message.
        let signature = b"5VZDAMNgrHKQhuLMgG6CioSHfx645dl02HPgZSJJAVVfuIIVkKM7rMYeOXAc-bRr0lv18FlbviRlUUFDjnoQCw";
        for set in [format!(r#"{{"keys":[{KEY}]}}"#), format!(r#"{{"keys":[{OTHER},{KEY}]}}"#)] {
            let keys = read(&set).expect("a key set");
            assert!(keys.verify(b"", signature));
            assert!(!keys.verify(b"x", signature));
            assert!(!keys.verify(b"", &signature[1..]));
        }
        assert!(!read(&format!(r#"{{"keys":[{OTHER}]}}"#)).expect("a key set").verify(b"", signature));
    }

    #[test]
    fn keys_of_other_kinds_are_passed_over_but_one_must_fit() {
        assert!(read(&format!(r#"{{"keys":[{{"kty":"RSA","n":"x"}},{KEY}]}}"#)).is_ok());
        for set in [
            "{}",
            r#"{"keys":[]}"#,
            r#"{"keys":[{"kty":"RSA"}]}"#,
            r#"{"keys":[{"kty":"OKP","crv":"Ed25519","x":"AAAA"}]}"#,
        ] {
            assert!(read(set).is_err(), "{set}");
        }
    }
}
