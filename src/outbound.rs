//! The request that an integration would send: rendered, complete, not yet on its way.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::percent_decode_str;

use crate::secret::Secret;

/// An HTTP request, ready to send. Nothing in it is a template any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutboundRequest {
    /// `POST`, `PUT`, `PATCH`, `GET` or `DELETE`.
    pub method: String,
    /// Absolute address without user info, which has become a header.
    pub url: String,
    /// Names and values in the order they are sent.
    pub headers: Vec<(String, String)>,
    /// The exact bytes, and the ones that were signed.
    pub body: String,
    /// How the body is signed, for signatures that are made anew at each attempt.
    pub signing: Option<Signing>,
    /// Whether the receiver's certificate is taken without looking at it: only where an integration has a
    /// form variable for it and somebody ticked it.
    pub skip_certificate_check: bool,
}

/// What a signature needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signing {
    /// The header that the integration names for it.
    pub header: Option<String>,
    /// The secret.
    pub key: Secret,
}

impl OutboundRequest {
    /// The value of a header, whatever the case of its name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }
}

/// User name and password, as they stand in an address, the way the header `Authorization: Basic` brings them (RFC 7617).
pub fn basic_credentials(user: &str, password: &str) -> String {
    let decoded = |text: &str| percent_decode_str(text).collect::<Vec<u8>>();
    STANDARD.encode([decoded(user), b":".to_vec(), decoded(password)].concat())
}
