//! Seals small texts, so that what rests on disk is of no use without the master key.
//!
//! ChaCha20-Poly1305 with a random nonce for each text. Each is bound to its place: a sealed text that is moved
//! to another field or another subscription does not open there. This room does not know what it seals, reads no
//! file and no variable: the key is handed in.

mod error;
mod key;

pub use error::VaultError;
pub use key::MasterKey;

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::rand::{SecureRandom, SystemRandom};

use crate::secret::Secret;

/// How a sealed text starts: a later way to seal will start otherwise.
const FIRST_WAY: &str = "v1.";

/// Seals and opens with one master key.
pub struct Vault {
    key: LessSafeKey,
    check: String,
    random: SystemRandom,
}

impl Vault {
    /// A vault under `key`.
    ///
    /// # Errors
    /// The cipher does not take the key.
    pub fn new(key: &MasterKey) -> Result<Self, VaultError> {
        let unbound = UnboundKey::new(&CHACHA20_POLY1305, key.bytes()).map_err(|_| VaultError::Cipher)?;
        Ok(Vault { key: LessSafeKey::new(unbound), check: key.check_value(), random: SystemRandom::new() })
    }

    /// Seals a text for a place, as in `subscription/7/apiToken`.
    ///
    /// # Errors
    /// The machine gives no random numbers.
    pub fn seal(&self, secret: &Secret, place: &str) -> Result<String, VaultError> {
        let mut sealed = vec![0; NONCE_LEN];
        self.random.fill(&mut sealed).map_err(|_| VaultError::NoRandomness)?;
        let nonce = Nonce::try_assume_unique_for_key(&sealed).map_err(|_| VaultError::Cipher)?;
        let mut text = secret.expose().as_bytes().to_vec();
        self.key
            .seal_in_place_append_tag(nonce, Aad::from(place.as_bytes()), &mut text)
            .map_err(|_| VaultError::Cipher)?;
        sealed.extend_from_slice(&text);
        Ok(format!("{FIRST_WAY}{}", STANDARD_NO_PAD.encode(sealed)))
    }

    /// Opens what was sealed for the same place.
    ///
    /// # Errors
    /// It is not a sealed text, or was sealed under another key or for another place, or was changed.
    pub fn open(&self, sealed: &str, place: &str) -> Result<Secret, VaultError> {
        let encoded = sealed.strip_prefix(FIRST_WAY).ok_or(VaultError::NotSealed)?;
        let mut bytes = STANDARD_NO_PAD.decode(encoded).map_err(|_| VaultError::NotSealed)?;
        let (nonce, text) = bytes.split_at_mut_checked(NONCE_LEN).ok_or(VaultError::NotSealed)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| VaultError::NotSealed)?;
        let opened =
            self.key.open_in_place(nonce, Aad::from(place.as_bytes()), text).map_err(|_| VaultError::DoesNotOpen)?;
        let secret = std::str::from_utf8(opened).map(Secret::new).map_err(|_| VaultError::DoesNotOpen);
        bytes.fill(0);
        std::hint::black_box(&bytes);
        secret
    }

    /// A text that only this key gives and that tells nothing about it: kept beside what is sealed, it shows at
    /// the start that a key is the wrong one.
    pub fn check_value(&self) -> &str {
        &self.check
    }
}

impl fmt::Debug for Vault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Vault").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::{MasterKey, Vault, VaultError};
    use crate::secret::Secret;

    fn vault(byte: u8) -> Vault {
        Vault::new(&MasterKey::new([byte; 32])).expect("the key has the right length")
    }

    #[test]
    fn what_is_sealed_opens_in_its_place_alone() {
        let vault = vault(1);
        for text in ["", "hunter2", "ключ 🔑", &"x".repeat(10_000)] {
            let sealed = vault.seal(&Secret::new(text), "subscription/a/token").expect("it seals");
            assert!(text.is_empty() || !sealed.contains(text));
            assert_eq!(vault.open(&sealed, "subscription/a/token").map(|s| s.expose() == text), Ok(true));
            assert_eq!(vault.open(&sealed, "subscription/b/token"), Err(VaultError::DoesNotOpen));
            assert_eq!(super::tests::vault(2).open(&sealed, "subscription/a/token"), Err(VaultError::DoesNotOpen));
        }
    }

    #[test]
    fn a_text_is_never_sealed_twice_alike() {
        let vault = vault(1);
        let seal = || vault.seal(&Secret::new("hunter2"), "place").expect("it seals");
        assert_ne!(seal(), seal());
    }

    #[test]
    fn every_changed_letter_is_noticed() {
        let vault = vault(1);
        let sealed = vault.seal(&Secret::new("hunter2"), "place").expect("it seals");
        for at in 0..sealed.len() {
            let mut changed = sealed.clone().into_bytes();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).expect("letters stay letters");
            assert!(vault.open(&changed, "place").is_err(), "letter {at}");
        }
    }

    #[test]
    fn what_was_never_sealed_is_told_apart() {
        for text in ["", "hunter2", "v1.", "v1.AAAA", "v1.!", "v2.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"] {
            assert_eq!(vault(1).open(text, "place"), Err(VaultError::NotSealed), "{text}");
        }
    }

    #[test]
    fn keys_are_told_apart_by_their_check_value() {
        assert_eq!(vault(1).check_value(), vault(1).check_value());
        assert_ne!(vault(1).check_value(), vault(2).check_value());
    }
}
