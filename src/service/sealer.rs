//! What seals secrets before they reach the store.

use crate::secret::Secret;
use crate::vault::Vault;

/// Seals and opens small texts. A sealed text opens only at the place it was sealed for, so that one cannot be put in
/// the place of another.
pub trait Sealer: Send + Sync {
    /// Seals a text for a place, as in `subscription/datadog-prod/formValues/apiKey`.
    ///
    /// # Errors
    /// The machine has no randomness, or the key cannot be used.
    fn seal(&self, secret: &Secret, place: &str) -> Result<String, SealError>;

    /// Opens a text that was sealed for this place.
    ///
    /// # Errors
    /// Another key sealed it, or for another place, or it was changed.
    fn open(&self, sealed: &str, place: &str) -> Result<Secret, SealError>;
}

/// Why a secret was not sealed or opened, in one sentence.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct SealError(pub String);

impl Sealer for Vault {
    fn seal(&self, secret: &Secret, place: &str) -> Result<String, SealError> {
        Vault::seal(self, secret, place).map_err(|error| SealError(error.to_string()))
    }

    fn open(&self, sealed: &str, place: &str) -> Result<Secret, SealError> {
        Vault::open(self, sealed, place).map_err(|error| SealError(error.to_string()))
    }
}
