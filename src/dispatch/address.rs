//! From what the template of an address made to an address that can be sent to.

use url::Url;

use crate::outbound::basic_credentials;

/// An address, ready to send to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Address {
    /// The address without user info: as the template wrote it where that is a valid address already.
    pub(super) url: String,
    /// The value of the `Authorization` header that user info stands for.
    pub(super) authorization: Option<String>,
}

/// Reads what a template made. With `lenient`, text that is no address is passed through: it has
/// placeholders in it.
pub(super) fn finish(rendered: &str, template: &str, lenient: bool) -> Result<Address, String> {
    let rendered = rendered.trim_matches([' ', '\t', '\r', '\n']);
    if rendered.is_empty() {
        return Err("it is empty".to_owned());
    }
    if let Some(control) = rendered.chars().find(|letter| letter.is_control()) {
        return Err(format!("it has a {} in it", describe_control(control)));
    }
    let (plain, user_info) = split_user_info(rendered);
    if user_info.is_none() && authority(&without_tags(template)).is_some_and(|authority| authority.contains('@')) {
        return Err("a `/`, `?` or `#` in the user name or password ends its host too early".to_owned());
    }
    let authorization = user_info.as_deref().filter(|info| !matches!(*info, "" | ":")).map(|info| {
        let (user, password) = info.split_once(':').unwrap_or((info, ""));
        format!("Basic {}", basic_credentials(user, password))
    });
    let url = match parse(&plain) {
        Ok(url) => url,
        Err(_) if lenient => return Ok(Address { url: plain, authorization }),
        Err(reason) => return Err(reason),
    };
    let tidy = lenient || (plain.bytes().all(is_url_byte) && starts_with_scheme(&plain));
    Ok(Address { url: if tidy { plain } else { url.into() }, authorization })
}

fn parse(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|error| match error {
        url::ParseError::RelativeUrlWithoutBase => "it does not start with `https://`".to_owned(),
        error => error.to_string(),
    })?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(format!("its scheme is `{}`, and only `http` and `https` can be sent to", url.scheme()));
    }
    // The parser reads past missing and extra slashes: `https:///x` would go to a host named `x`.
    if !names_host(text) {
        return Err("it has no host".to_owned());
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("a sign in its user name or password cannot be read".to_owned());
    }
    match url.host_str() {
        Some(host) if !host.is_empty() => Ok(url),
        _ => Err("it has no host".to_owned()),
    }
}

/// Whether exactly two slashes and then a name follow the scheme.
fn names_host(text: &str) -> bool {
    let slash = |letter: Option<char>| matches!(letter, Some('/' | '\\'));
    let mut letters = text.split_once(':').map_or("", |(_, rest)| rest).chars();
    slash(letters.next()) && slash(letters.next()) && !matches!(letters.next(), None | Some('/' | '\\' | '?' | '#'))
}

/// The part between the scheme's `://` and the path. A backslash counts as a slash, as it does for browsers.
fn authority(text: &str) -> Option<&str> {
    let start = text.find("://")? + 3;
    let rest = &text[start..];
    Some(&rest[..rest.find(['/', '?', '#', '\\']).unwrap_or(rest.len())])
}

fn split_user_info(text: &str) -> (String, Option<String>) {
    let split = authority(text).and_then(|authority| authority.rsplit_once('@'));
    match split {
        Some((info, _)) => (text.replacen(&format!("://{info}@"), "://", 1), Some(info.to_owned())),
        None => (text.to_owned(), None),
    }
}

/// A template's own text, each tag replaced by a letter.
fn without_tags(template: &str) -> String {
    let mut text = String::new();
    let mut rest = template;
    while let Some(start) = rest.find("{{") {
        text.push_str(&rest[..start]);
        let tag = &rest[start..];
        // A block's tags stand for nothing; what is between them is text of its own.
        let silent = tag.trim_start_matches('{').starts_with(['#', '/', '!', '^']) || tag.starts_with("{{else");
        text.push_str(if silent { "" } else { "x" });
        rest = tag.find("}}").map_or("", |end| tag[end..].trim_start_matches('}'));
    }
    text + rest
}

fn starts_with_scheme(text: &str) -> bool {
    ["http://", "https://"]
        .iter()
        .any(|scheme| text.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme)))
}

/// The bytes that RFC 3986 allows in an address.
fn is_url_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~:/?#[]@!$&'()*+,;=%".contains(&byte)
}

/// A control character as people call it.
pub(super) fn describe_control(control: char) -> String {
    match control {
        '\r' | '\n' => "line break".to_owned(),
        '\0' => "zero byte".to_owned(),
        '\t' => "tab".to_owned(),
        other => format!("control character (U+{:04X})", u32::from(other)),
    }
}

#[cfg(test)]
mod tests {
    use super::{Address, finish};

    fn finished(rendered: &str) -> Result<(String, Option<String>), String> {
        finish(rendered, "{{{url}}}", false).map(|Address { url, authorization }| (url, authorization))
    }

    fn url(rendered: &str) -> String {
        finished(rendered).map_or_else(|error| format!("error: {error}"), |(url, _)| url)
    }

    #[test]
    fn a_valid_address_stays_as_the_template_wrote_it() {
        for text in [
            "https://api.example.com",
            "https://api.example.com/a/b?c=d%20e&f='g'#h",
            "HTTPS://Api.Example.com/X",
            "http://[2001:db8::1]:8080/",
            "https://example.com/?filter[a]=b",
            "https://example.com/a//b/../c",
        ] {
            assert_eq!(url(text), text);
        }
        assert_eq!(url("  https://example.com/x\n"), "https://example.com/x");
    }

    #[test]
    fn what_is_almost_an_address_is_mended_as_browsers_do() {
        assert_eq!(url("https://exämple.com/a b?q=\"é\""), "https://xn--exmple-cua.com/a%20b?q=%22%C3%A9%22");
        assert_eq!(url("https:\\\\example.com\\a"), "https://example.com/a");
    }

    #[test]
    fn what_is_no_address_says_why() {
        for (text, reason) in [
            ("", "it is empty"),
            (" \n", "it is empty"),
            ("/api/v1", "it does not start with `https://`"),
            ("example.com/x", "it does not start with `https://`"),
            ("https://", "empty host"),
            ("https:///x", "it has no host"),
            ("https:/api.example.com/x", "it has no host"),
            ("https:api.example.com/x", "it has no host"),
            ("https:////api.example.com", "it has no host"),
            ("https:///x y", "error"),
            ("ftp://example.com/", "its scheme is `ftp`"),
            ("https://exa mple.com/", "invalid"),
            ("https://example.com:99999/", "invalid port"),
            ("https://a\nb.example/", "it has a line break in it"),
            ("https://a.example/\u{0}", "it has a zero byte in it"),
            ("https://a.example/\tb", "it has a tab in it"),
            ("mailto:a@example.com", "its scheme is `mailto`"),
            ("javascript:alert(1)", "its scheme is `javascript`"),
        ] {
            let told = finished(text).expect_err(text);
            assert!(told.contains(reason) || reason == "error", "{text}: {told}");
        }
    }

    #[test]
    fn user_info_becomes_basic_authorization() {
        for (text, expected, basic) in [
            ("https://user:pass@example.com/x", "https://example.com/x", Some("Basic dXNlcjpwYXNz")),
            ("https://user@example.com", "https://example.com", Some("Basic dXNlcjo=")),
            ("https://:pass@example.com", "https://example.com", Some("Basic OnBhc3M=")),
            ("https://us%3Aer:p%40ss%2F@example.com", "https://example.com", Some("Basic dXM6ZXI6cEBzcy8=")),
            ("https://user:p@ss@example.com", "https://example.com", Some("Basic dXNlcjpwQHNz")),
            ("https://user:100%@example.com", "https://example.com", Some("Basic dXNlcjoxMDAl")),
            ("https://@example.com/", "https://example.com/", None),
            ("https://:@example.com/", "https://example.com/", None),
            ("https://example.com/a@b?c=d:e@f", "https://example.com/a@b?c=d:e@f", None),
        ] {
            assert_eq!(finished(text), Ok((expected.to_owned(), basic.map(str::to_owned))), "{text}");
        }
    }

    #[test]
    fn a_secret_with_a_slash_does_not_move_the_request_to_another_host() {
        let template = "https://{{user}}:{{apiKey}}@api.example.com/v1/{{stream}}";
        let told =
            finish("https://user:12/34@api.example.com/v1/x", template, false).expect_err("the host would be `user`");
        assert!(told.contains("too early"), "{told}");
        assert!(finish("https://user:12%2F34@api.example.com/v1/x", template, false).is_ok());
        let other = "https://{{#if host}}{{host}}{{else}}api.example.com{{/if}}/users/@me";
        assert!(finish("https://api.example.com/users/@me", other, false).is_ok());
    }

    #[test]
    fn placeholders_need_not_be_an_address() {
        for text in ["$HOST_URL/api/v1/events", "https://$Host.example.com/x", "$BASE"] {
            assert_eq!(finish(text, "", true).map(|address| address.url), Ok(text.to_owned()));
        }
        let user = finish("https://$USER:$KEY@api.example.com/x", "https://{{user}}:{{key}}@api.example.com/x", true);
        let user = user.expect("it passes");
        assert_eq!(user.url, "https://api.example.com/x");
        assert_eq!(user.authorization.as_deref(), Some("Basic JFVTRVI6JEtFWQ=="));
    }
}
