//! `pathEncode` and `queryEncode`: `encodeURI` and `encodeURIComponent` of JavaScript.

/// Kept by both: what RFC 2396 calls unreserved.
const UNRESERVED: &[u8] = b"-_.!~*'()";

/// Kept by `encodeURI` only: what gives an address its structure.
const STRUCTURE: &[u8] = b";/?:@&=+$,#";

/// Percent-encodes all that an address cannot hold, and leaves its structure alone.
pub(in crate::render) fn path_encode(text: &str) -> String {
    encode(text, |byte| UNRESERVED.contains(&byte) || STRUCTURE.contains(&byte))
}

/// Percent-encodes all that a part of an address cannot hold.
pub(in crate::render) fn query_encode(text: &str) -> String {
    encode(text, |byte| UNRESERVED.contains(&byte))
}

fn encode(text: &str, kept: impl Fn(u8) -> bool) -> String {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    let mut out = String::with_capacity(text.len() + text.len() / 4);
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || kept(byte) {
            out.push(char::from(byte));
        } else {
            out.push('%');
            out.push(char::from(DIGITS[usize::from(byte >> 4)]));
            out.push(char::from(DIGITS[usize::from(byte & 15)]));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{path_encode, query_encode};

    #[test]
    fn a_path_keeps_its_structure() {
        assert_eq!(path_encode("a b/c?d=e&f#g;h,i:j@k+l$m"), "a%20b/c?d=e&f#g;h,i:j@k+l$m");
        assert_eq!(path_encode("é \"<>\\^`{|}%[]"), "%C3%A9%20%22%3C%3E%5C%5E%60%7B%7C%7D%25%5B%5D");
    }

    #[test]
    fn a_query_value_keeps_nothing_that_has_a_meaning() {
        assert_eq!(query_encode("a b/c?d=e&f#g;h,i:j@k+l$m"), "a%20b%2Fc%3Fd%3De%26f%23g%3Bh%2Ci%3Aj%40k%2Bl%24m");
        assert_eq!(query_encode("-_.!~*'()AZaz09"), "-_.!~*'()AZaz09");
        assert_eq!(query_encode("😀\n"), "%F0%9F%98%80%0A");
        assert_eq!(query_encode(""), "");
    }
}
