//! An HTTP endpoint as a manifest describes it: every part of it a template.

use super::lenient::noun;

noun! {
    /// Where a request goes and how it is dressed.
    pub struct Endpoint {
        /// Template of the address.
        pub url: String,
        /// `POST`, `PUT`, `PATCH`, `GET` or `DELETE`.
        pub method: String,
        /// Headers; absent means one `Content-Type: application/json`.
        pub headers: Option<Vec<Header>>,
        /// How the body is signed, if it is.
        pub hmac_signature: Option<HmacSignature>,
    }
}

noun! {
    /// One header: a literal name, a template for its value.
    pub struct Header {
        /// The header's name.
        pub name: String,
        /// Template of its value.
        pub value: String,
    }
}

noun! {
    /// Signs the exact body with HMAC-SHA256, as lower-case hex.
    pub struct HmacSignature {
        /// The header that carries the signature.
        pub header_name: Option<String>,
        /// The form variable that holds the secret.
        pub hmac_secret_form_variable_key: Option<String>,
    }
}
