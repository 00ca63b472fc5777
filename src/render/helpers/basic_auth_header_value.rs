//! `basicAuthHeaderValue user password`: the value of an `Authorization` header, RFC 7617.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

pub(in crate::render) fn basic_auth_header_value(user: &str, password: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{user}:{password}")))
}

#[cfg(test)]
mod tests {
    use super::basic_auth_header_value;

    #[test]
    fn the_rfcs_own_examples_hold() {
        assert_eq!(basic_auth_header_value("Aladdin", "open sesame"), "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
        assert_eq!(basic_auth_header_value("test", "123£"), "Basic dGVzdDoxMjPCow==");
        assert_eq!(basic_auth_header_value("", ""), "Basic Og==");
    }
}
