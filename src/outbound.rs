//! The request that an integration would send: rendered, complete, not yet on its way.

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
}
