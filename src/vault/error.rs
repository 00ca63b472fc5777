//! Why a text was not sealed or not opened. No message holds any part of a key or a secret.

/// Why a text was not sealed or not opened, or a key not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum VaultError {
    /// The text given as a key is none.
    #[error("a master key is 32 bytes, written in hexadecimal digits or base64")]
    NotAKey,
    /// The machine gives no random numbers.
    #[error("the machine gives no random numbers")]
    NoRandomness,
    /// The cipher refused.
    #[error("the cipher refused")]
    Cipher,
    /// The text was not made by a vault.
    #[error("this is not a sealed text")]
    NotSealed,
    /// Another key, another place, or changed.
    #[error("the sealed text does not open: it was sealed under another key or for another place, or was changed")]
    DoesNotOpen,
}
