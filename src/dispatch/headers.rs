//! Which headers can be sent.

use super::address::describe_control;

/// Headers that the sender writes itself: a template's own would contradict what is really sent.
const SENDERS_OWN: [&str; 10] = [
    "connection",
    "content-length",
    "expect",
    "host",
    "keep-alive",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// What is wrong with a header's name, and the remedy.
pub(crate) fn check_name(name: &str) -> Result<(), (String, String)> {
    if let Some(own) = SENDERS_OWN.iter().find(|own| own.eq_ignore_ascii_case(name)) {
        return Err((
            format!("header `{own}` is not an integration's to send"),
            "remove it: the sender writes it".to_owned(),
        ));
    }
    let token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    if name.is_empty() || !name.bytes().all(token) {
        let help = "a name has letters, digits and hyphens, as in `X-Api-Key`".to_owned();
        return Err((format!("`{name}` is no name of a header"), help));
    }
    Ok(())
}

/// The value as it is sent: without white space around it, which receivers drop anyway.
pub(super) fn check_value(rendered: &str) -> Result<&str, String> {
    let value = rendered.trim_matches([' ', '\t']);
    match value.chars().find(|letter| letter.is_control() && *letter != '\t') {
        Some(control) => Err(describe_control(control)),
        None => Ok(value),
    }
}

#[cfg(test)]
mod tests {
    use super::{check_name, check_value};

    #[test]
    fn names_are_tokens_and_not_the_senders_own() {
        for name in ["X-Api-Key", "DD-API-KEY", "authorization", "x_y", "User-Agent"] {
            assert!(check_name(name).is_ok(), "{name}");
        }
        for name in ["", "X Api", "X:Y", "X\r\nY", "é", "Host", "content-length", "Transfer-Encoding"] {
            assert!(check_name(name).is_err(), "{name}");
        }
    }

    #[test]
    fn a_value_has_no_control_character_and_no_space_around_it() {
        assert_eq!(check_value(" Bearer a\tb é "), Ok("Bearer a\tb é"));
        assert_eq!(check_value(""), Ok(""));
        for (value, what) in [
            ("a\r\nX: y", "line break"),
            ("a\n", "line break"),
            ("a\0", "zero byte"),
            ("a\u{7f}", "control character (U+007F)"),
            ("\u{85}", "control character (U+0085)"),
        ] {
            assert_eq!(check_value(value), Err(what.to_owned()), "{value:?}");
        }
    }
}
