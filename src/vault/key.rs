//! The master key: 32 bytes that never show.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use ring::rand::{SecureRandom, SystemRandom};
use sha2::Sha256;

use super::VaultError;
use crate::secret::Secret;

/// A master key.
#[derive(Clone, PartialEq, Eq)]
pub struct MasterKey([u8; 32]);

impl MasterKey {
    /// A key of these bytes.
    pub fn new(bytes: [u8; 32]) -> Self {
        MasterKey(bytes)
    }

    /// A new key.
    ///
    /// # Errors
    /// The machine gives no random numbers.
    pub fn random() -> Result<Self, VaultError> {
        let mut bytes = [0; 32];
        SystemRandom::new().fill(&mut bytes).map_err(|_| VaultError::NoRandomness)?;
        Ok(MasterKey(bytes))
    }

    /// Reads a key as people write it: 64 hexadecimal digits, or base64 of either alphabet.
    ///
    /// # Errors
    /// It is neither, or not 32 bytes long.
    pub fn parse(text: &str) -> Result<Self, VaultError> {
        let text = text.trim();
        let read = [
            hex::decode(text).ok(),
            STANDARD.decode(text).ok(),
            STANDARD_NO_PAD.decode(text).ok(),
            URL_SAFE.decode(text).ok(),
            URL_SAFE_NO_PAD.decode(text).ok(),
        ];
        let fitting = read.into_iter().flatten().find_map(|bytes| <[u8; 32]>::try_from(bytes).ok());
        fitting.map(MasterKey).ok_or(VaultError::NotAKey)
    }

    /// The key as [`MasterKey::parse`] reads it, for a key file.
    pub fn text(&self) -> Secret {
        Secret::new(STANDARD.encode(self.0))
    }

    pub(super) fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    pub(super) fn check_value(&self) -> String {
        // A one-way function of the key, so that the value may lie beside what is sealed.
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&self.0) else { return String::new() };
        mac.update(b"flagpost: which master key is this");
        hex::encode(&mac.finalize().into_bytes()[..16])
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("[master key]")
    }
}

impl Drop for MasterKey {
    fn drop(&mut self) {
        self.0.fill(0);
        std::hint::black_box(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::MasterKey;
    use crate::vault::VaultError;

    #[test]
    fn every_way_to_write_a_key_gives_the_same_key() {
        let bytes: [u8; 32] = std::array::from_fn(|place| 255 - place as u8);
        let key = MasterKey::new(bytes);
        let base64 = key.text().expose().to_owned();
        let url = base64.replace('+', "-").replace('/', "_");
        for text in [hex::encode(bytes), hex::encode_upper(bytes), base64.trim_end_matches('=').to_owned(), url, base64]
        {
            assert_eq!(MasterKey::parse(&format!(" {text}\n")), Ok(key.clone()), "{text}");
        }
    }

    #[test]
    fn what_is_no_key_is_refused() {
        for text in ["", "secret", &"0".repeat(63), &"0".repeat(66), &"A".repeat(42), "ключ"] {
            assert_eq!(MasterKey::parse(text), Err(VaultError::NotAKey), "{text}");
        }
    }

    #[test]
    fn new_keys_differ() {
        assert_ne!(MasterKey::random(), MasterKey::random());
        assert_eq!(format!("{:?}", MasterKey::new([7; 32])), "[master key]");
    }
}
