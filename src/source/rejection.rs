//! Why a whole request was refused.

/// What kind of refusal it is, for whoever answers the sender.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RejectionKind {
    /// The sender did not prove who they are.
    Unauthenticated,
    /// It is larger than this source takes.
    TooLarge,
    /// It is packed in a way that this source does not read.
    Unsupported,
    /// It is not what this platform sends.
    Malformed,
}

/// Why a request was refused. The sentences can be shown to the sender: none of them holds a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// A header that the configuration asks for is not there.
    #[error("the header `{0}` is missing")]
    MissingHeader(String),
    /// A header that may stand once stands twice.
    #[error("the header `{0}` stands more than once")]
    RepeatedHeader(String),
    /// The signature is not the one that the secret gives for these bytes.
    #[error("the signature in `{0}` does not fit the body")]
    WrongSignature(String),
    /// The header is not the configured one.
    #[error("the header `authorization` is not the configured one")]
    WrongAuthorization,
    /// The token is missing or not the configured one.
    #[error("the token is missing or not the configured one")]
    WrongToken,
    /// The body as it came is too large.
    #[error("the body has {length} bytes; this source takes up to {limit}")]
    TooLarge {
        /// Bytes that came.
        length: usize,
        /// Bytes that are taken.
        limit: usize,
    },
    /// The body is too large once it is unpacked.
    #[error("the unpacked body has more than {limit} bytes")]
    InflatesTooLarge {
        /// Bytes that are taken.
        limit: usize,
    },
    /// There are too many entries.
    #[error("the batch has more than {limit} entries")]
    TooManyEntries {
        /// Entries that are taken.
        limit: usize,
    },
    /// The content encoding is not one of those that are read.
    #[error("the content encoding `{0}` is not read here; send it plain or as gzip")]
    UnsupportedEncoding(String),
    /// The compressed body is damaged.
    #[error("the body is not whole gzip data")]
    DamagedCompression,
    /// The body is not what this platform sends.
    #[error("{0}")]
    Malformed(String),
}

impl Rejection {
    /// What kind of refusal it is.
    pub fn kind(&self) -> RejectionKind {
        match self {
            Rejection::MissingHeader(_)
            | Rejection::RepeatedHeader(_)
            | Rejection::WrongSignature(_)
            | Rejection::WrongAuthorization
            | Rejection::WrongToken => RejectionKind::Unauthenticated,
            Rejection::TooLarge { .. } | Rejection::InflatesTooLarge { .. } | Rejection::TooManyEntries { .. } => {
                RejectionKind::TooLarge
            }
            Rejection::UnsupportedEncoding(_) => RejectionKind::Unsupported,
            Rejection::DamagedCompression | Rejection::Malformed(_) => RejectionKind::Malformed,
        }
    }
}
