//! `edgeGridAuth`: Akamai's EG1-HMAC-SHA256 `Authorization` header.
//!
//! Bodies and headers are not signed, so a `POST`, whose body must be, cannot be made with it.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// Who signs.
#[derive(Clone, Copy)]
pub(in crate::render) struct Credentials<'a> {
    pub(in crate::render) client_secret: &'a str,
    pub(in crate::render) client_token: &'a str,
    pub(in crate::render) access_token: &'a str,
}

/// The header's value for a request without a signed body. `None` when the time has no calendar date.
pub(in crate::render) fn edge_grid_auth(
    credentials: Credentials<'_>,
    method: &str,
    host: &str,
    path: &str,
    milliseconds: i64,
    nonce: &str,
) -> Option<String> {
    let timestamp = DateTime::<Utc>::from_timestamp_millis(milliseconds)?.format("%Y%m%dT%H:%M:%S+0000").to_string();
    let Credentials { client_secret, client_token, access_token } = credentials;
    let unsigned = format!(
        "EG1-HMAC-SHA256 client_token={client_token};access_token={access_token};timestamp={timestamp};nonce={nonce};"
    );
    let path = if path.is_empty() { "/" } else { path };
    // The empty fields are the canonical headers and the body's hash.
    let data = format!("{}\thttps\t{}\t{path}\t\t\t{unsigned}", method.to_ascii_uppercase(), host.to_ascii_lowercase());
    let key = sign(client_secret, &timestamp)?;
    Some(format!("{unsigned}signature={}", sign(&key, &data)?))
}

fn sign(key: &str, data: &str) -> Option<String> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).ok()?;
    mac.update(data.as_bytes());
    Some(STANDARD.encode(mac.finalize().into_bytes()))
}

#[cfg(test)]
mod tests {
    use super::{Credentials, edge_grid_auth};

    const HOST: &str = "akaa-baseurl-xxxxxxxxxxx-xxxxxxxxxxxxx.luna.akamaiapis.net";
    const NONCE: &str = "nonce-xx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";

    fn signature(method: &str, path: &str) -> String {
        let credentials = Credentials {
            client_secret: "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx=",
            client_token: "akab-client-token-xxx-xxxxxxxxxxxxxxxx",
            access_token: "akab-access-token-xxx-xxxxxxxxxxxxxxxx",
        };
        let header = edge_grid_auth(credentials, method, HOST, path, 1_395_430_461_000, NONCE).expect("a date");
        let (unsigned, signature) = header.split_once("signature=").expect("a signature");
        assert_eq!(
            unsigned,
            "EG1-HMAC-SHA256 client_token=akab-client-token-xxx-xxxxxxxxxxxxxxxx;\
             access_token=akab-access-token-xxx-xxxxxxxxxxxxxxxx;timestamp=20140321T19:34:21+0000;\
             nonce=nonce-xx-xxxx-xxxx-xxxx-xxxxxxxxxxxx;"
        );
        signature.to_owned()
    }

    #[test]
    fn the_vectors_that_akamai_publishes_hold() {
        assert_eq!(signature("GET", "/"), "tL+y4hxyHxgWVD30X3pWnGKHcPzmrIF+LThiAOhMxYU=");
        assert_eq!(signature("GET", "/testapi/v1/t1?p1=1&p2=2"), "hKDH1UlnQySSHjvIcZpDMbQHihTQ0XyVAKZaApabdeA=");
        // Only a POST's body is signed, so the one of this PUT plays no part.
        assert_eq!(signature("PUT", "/testapi/v1/t6"), "GNBWEYSEWOLtu+7dD52da2C39aX/Jchpon3K/AmBqBU=");
        assert_eq!(signature("POST", "/testapi/v1/t6"), "1gEDxeQGD5GovIkJJGcBaKnZ+VaPtrc4qBUHixjsPCQ=");
    }

    #[test]
    fn an_empty_path_is_the_root_and_the_method_is_upper_case() {
        assert_eq!(signature("get", ""), signature("GET", "/"));
    }
}
