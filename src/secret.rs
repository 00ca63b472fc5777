//! A secret is a type: it cannot be printed by accident. What may still carry one is masked.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};

/// Text that must never be shown. `Debug` hides it and there is no `Display`; reading it takes
/// [`Secret::expose`], a word that reviews look for.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Seals a text.
    pub fn new(text: impl Into<String>) -> Self {
        Secret(text.into())
    }

    /// The text itself, for rendering and signing only.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("[secret]")
    }
}

impl Drop for Secret {
    fn drop(&mut self) {
        // Best effort: the optimiser may see through it, but a freed page then rarely holds a token.
        let mut bytes = std::mem::take(&mut self.0).into_bytes();
        bytes.fill(0);
        std::hint::black_box(&bytes);
    }
}

/// Hides secrets in text that somebody else wrote: a receiver's answer, an error.
///
/// What this engine shows of its own requests never needs it, since it plans them with masks in the place of
/// secrets. Here the secret is searched for, as it is and in the spellings that requests give it.
#[derive(Clone, Default)]
pub struct Mask {
    /// Every spelling, the longest first, so that none leaves the end of another behind.
    spellings: Vec<Secret>,
    /// Whether there is a secret that is too short to be looked for.
    blind: bool,
}

/// What stands where a secret stood.
const MASKED: &str = "[secret]";

/// Shorter texts are no secrets that could be kept, and masking them would eat half of every sentence.
const SHORTEST: usize = 4;

impl Mask {
    /// Hides `secrets`.
    pub fn new<'s>(secrets: impl IntoIterator<Item = &'s Secret>) -> Self {
        // Addresses and header values lose the white space at their ends, and a secret there with them.
        let exposed: Vec<&str> =
            secrets.into_iter().flat_map(|secret| [secret.expose(), secret.expose().trim()]).collect();
        let blind = exposed.iter().any(|secret| (1..SHORTEST).contains(&secret.len()));
        let mut spellings: Vec<String> =
            exposed.into_iter().filter(|secret| secret.len() >= SHORTEST).flat_map(spellings).collect();
        spellings.sort_by_key(|spelling| std::cmp::Reverse(spelling.len()));
        spellings.dedup();
        Mask { spellings: spellings.into_iter().map(Secret::new).collect(), blind }
    }

    /// Whether a secret is so short that it stays in what is masked: then nothing of a stranger's can be shown.
    pub fn is_blind(&self) -> bool {
        self.blind
    }

    /// `text` without the secrets.
    pub fn apply(&self, text: &str) -> String {
        let mut masked = text.to_owned();
        for spelling in &self.spellings {
            if masked.contains(spelling.expose()) {
                masked = masked.replace(spelling.expose(), MASKED);
            }
        }
        masked
    }
}

impl fmt::Debug for Mask {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Mask").finish_non_exhaustive()
    }
}

/// How a secret may read where a request carries it.
fn spellings(secret: &str) -> Vec<String> {
    let mut found = Vec::new();
    for text in [secret.to_owned()].into_iter().chain(in_addresses(secret)) {
        let json = serde_json::to_string(&text).unwrap_or_default();
        let json = json.get(1..json.len().saturating_sub(1)).unwrap_or_default();
        for inside in [json.to_owned(), json.replace('/', "\\/"), ascii_json(json, false), ascii_json(json, true)] {
            // JSON in a JSON string, as when an answer quotes a request.
            found.push(inside.replace('\\', "\\\\").replace('"', "\\\""));
            found.push(inside);
        }
        found.push(text);
    }
    found.push(secret.replace('\\', "\\\\").replace('\'', "\\'"));
    let unreserved = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
    let kept_by_javascript = |byte: u8| unreserved(byte) || b"!'()*".contains(&byte);
    let kept_in_paths = |byte: u8| kept_by_javascript(byte) || b";,/?:@&=+$#".contains(&byte);
    let kept_by_python = |byte: u8| unreserved(byte) || byte == b'/';
    let kept: [&dyn Fn(u8) -> bool; 4] = [&unreserved, &kept_by_javascript, &kept_in_paths, &kept_by_python];
    for keep in kept {
        let upper = percent_encoded(secret, keep, "0123456789ABCDEF");
        found.push(upper.replace("%20", "+"));
        found.push(upper);
        found.push(percent_encoded(secret, keep, "0123456789abcdef"));
    }
    let html = secret.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let quoted = html.replace('"', "&quot;");
    for apostrophe in ["&#39;", "&#x27;", "&apos;"] {
        let whole = quoted.replace('\'', apostrophe);
        // As handlebars.js and this engine escape.
        found.push(whole.replace('`', "&#x60;").replace('=', "&#x3D;"));
        found.push(whole);
    }
    found.extend([html.replace('"', "&#34;").replace('\'', "&#39;"), quoted, html]);
    found.push(hex::encode(secret));
    found.push(hex::encode_upper(secret));
    found.push(STANDARD.encode(secret));
    // Inside a longer text (`user:secret`) a secret starts at any of base64's three positions. The letters at
    // its edges also hold bits of its neighbours; the ones between belong to it alone.
    for before in 0..3 {
        let padded = [&vec![0; before], secret.as_bytes()].concat();
        let first = (before * 8).div_ceil(6);
        let last = padded.len() * 8 / 6;
        for encoded in [STANDARD_NO_PAD.encode(&padded), URL_SAFE_NO_PAD.encode(&padded)] {
            let own = encoded.get(first..last).unwrap_or_default();
            found.extend((own.len() >= SHORTEST).then(|| own.to_owned()));
        }
    }
    found
}

/// A secret that stands in an address as it is, the way an address is sent: only what it cannot hold is encoded. The
/// query keeps more than the path, in which a backslash is a slash; nothing from a `#` on is sent.
fn in_addresses(secret: &str) -> Vec<String> {
    let in_query = |byte: u8| byte.is_ascii_graphic() && !b"\"#<>'".contains(&byte);
    let in_path = |byte: u8| in_query(byte) && !b"?`{}^".contains(&byte);
    let sent = secret.split('#').next().unwrap_or_default();
    [
        percent_encoded(sent, &in_query, "0123456789ABCDEF"),
        percent_encoded(sent, &|byte| in_query(byte) || byte == b'\'', "0123456789ABCDEF"),
        percent_encoded(sent, &in_path, "0123456789ABCDEF"),
        percent_encoded(&sent.replace('\\', "/"), &in_path, "0123456789ABCDEF"),
        percent_encoded(&sent.replace('\\', "/"), &|byte| in_path(byte) || byte == b'\'', "0123456789ABCDEF"),
    ]
    .into_iter()
    .filter(|text| text.len() >= SHORTEST)
    .collect()
}

/// The inside of a JSON string with everything past ASCII as `\u` and four digits.
fn ascii_json(inside: &str, upper: bool) -> String {
    let mut units = [0; 2];
    inside.chars().fold(String::new(), |mut out, letter| {
        if letter.is_ascii() {
            out.push(letter);
        } else {
            for unit in letter.encode_utf16(&mut units) {
                out.push_str(&if upper { format!("\\u{unit:04X}") } else { format!("\\u{unit:04x}") });
            }
        }
        out
    })
}

fn percent_encoded(text: &str, keep: &dyn Fn(u8) -> bool, digits: &str) -> String {
    let digits = digits.as_bytes();
    text.bytes().fold(String::new(), |mut out, byte| {
        if keep(byte) {
            out.push(char::from(byte));
        } else {
            out.push('%');
            out.push(char::from(digits[usize::from(byte >> 4)]));
            out.push(char::from(digits[usize::from(byte & 15)]));
        }
        out
    })
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

    use super::{Mask, Secret};

    #[test]
    fn a_secret_does_not_print() {
        assert_eq!(format!("{:?}", Some(Secret::new("hunter2"))), "Some([secret])");
        assert!(!format!("{:?}", Mask::new([&Secret::new("hunter2")])).contains("hunter2"));
    }

    #[test]
    fn a_secret_is_masked_in_every_spelling() {
        let secret = r#"p@ss "wörd"/?&<+"#;
        let mask = Mask::new([&Secret::new(secret)]);
        for shown in [
            secret.to_owned(),
            serde_json::to_string(secret).expect("it prints"),
            "p%40ss%20%22w%C3%B6rd%22%2F%3F%26%3C%2B".to_owned(),
            "p%40ss+%22w%C3%B6rd%22%2F%3F%26%3C%2B".to_owned(),
            "p%40ss%20%22w%c3%b6rd%22%2f%3f%26%3c%2b".to_owned(),
            "p@ss &quot;wörd&quot;/?&amp;&lt;+".to_owned(),
            "p@ss &#34;wörd&#34;/?&amp;&lt;+".to_owned(),
            r#"p@ss \"wörd\"\/?&<+"#.to_owned(),
            r#"p@ss \"w\u00f6rd\"/?&<+"#.to_owned(),
            r#"p@ss \"w\u00F6rd\"/?&<+"#.to_owned(),
            r#"p@ss \\\"wörd\\\"/?&<+"#.to_owned(),
            "p%40ss%20%22w%C3%B6rd%22/%3F%26%3C%2B".to_owned(),
            // As the address is sent when the secret stands in it as it is.
            "p@ss%20%22w%C3%B6rd%22/?&%3C+".to_owned(),
            "p@ss%20%22w%C3%B6rd%22/%3F&%3C+".to_owned(),
            hex::encode(secret),
        ] {
            let masked = mask.apply(&format!("<<{shown}>>"));
            assert!(masked.contains("[secret]"), "{shown} became {masked}");
            assert!(!masked.contains("ss") && !masked.contains("rd"), "{shown} became {masked}");
        }
    }

    #[test]
    fn an_address_gives_no_secret_away() {
        let secret = "p@ss w\"o\\rd#x'y";
        let mask = Mask::new([&Secret::new(secret)]);
        for address in [format!("https://example.com/?raw={secret}"), format!("https://example.com/{secret}")] {
            let sent = url::Url::parse(&address).expect("it is read");
            let (path, query) = (sent.path(), sent.query().unwrap_or_default());
            for echoed in [format!("{path}?{query}"), serde_json::Value::from(format!("{path}?{query}")).to_string()] {
                let masked = mask.apply(&echoed);
                assert!(masked.contains("[secret]") && !masked.contains("ss"), "{echoed} became {masked}");
            }
        }
    }

    #[test]
    fn a_secret_that_is_too_short_blinds() {
        assert!(Mask::new([&Secret::new("abc")]).is_blind() && Mask::new([&Secret::new(" abc ")]).is_blind());
        assert!(!Mask::new([&Secret::new(""), &Secret::new("hunter2")]).is_blind());
    }

    #[test]
    fn a_secret_is_masked_as_templates_escape_it_and_without_its_white_space() {
        let mask = Mask::new([&Secret::new(" YWJj=it's \n")]);
        for shown in ["YWJj&#x3D;it&#x27;s", "YWJj=it&#39;s", "YWJj=it\\'s", "YWJj=it's"] {
            assert_eq!(mask.apply(&format!("<{shown}>")), "<[secret]>");
        }
    }

    #[test]
    fn a_secret_is_masked_inside_base64_at_every_position() {
        let secret = "correct-horse-battery";
        let mask = Mask::new([&Secret::new(secret)]);
        for before in ["", "u", "us", "use", "user:", "admin:"] {
            for after in ["", "x", "xy", "xyz"] {
                let text = format!("{before}{secret}{after}");
                for encoded in [STANDARD.encode(&text), URL_SAFE_NO_PAD.encode(&text)] {
                    let masked = mask.apply(&encoded);
                    assert!(masked.contains("[secret]"), "{text}: {masked}");
                    assert!(masked.len() < "[secret]".len() + 16, "{text}: {masked}");
                }
            }
        }
    }

    #[test]
    fn what_holds_no_secret_stays_as_it_is() {
        let mask = Mask::new([&Secret::new("hunter2"), &Secret::new(""), &Secret::new("abc")]);
        let text = "an abc of everything but the hunter";
        assert_eq!(mask.apply(text), text);
    }
}
