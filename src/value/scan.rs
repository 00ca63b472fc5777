//! Finding the bytes that end or interrupt a JSON string.

/// The next byte from `from` on that a JSON string cannot hold as it is (a quote, a backslash, a control
/// character), or the end. Eight bytes are looked at in one step, since most texts have none.
#[inline]
pub(crate) fn next_special(bytes: &[u8], from: usize) -> usize {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x8080_8080_8080_8080;
    let mut at = from;
    while let Some(chunk) = bytes.get(at..at + 8).and_then(|chunk| <[u8; 8]>::try_from(chunk).ok()) {
        let word = u64::from_le_bytes(chunk);
        let (quote, backslash) = (word ^ (ONES * 0x22), word ^ (ONES * 0x5c));
        let control = word.wrapping_sub(ONES * 0x20) & !word;
        let special =
            (control | (quote.wrapping_sub(ONES) & !quote) | (backslash.wrapping_sub(ONES) & !backslash)) & HIGH;
        if special != 0 {
            // The lowest mark is exact; those above it may be borrowed from it.
            return at + special.trailing_zeros() as usize / 8;
        }
        at += 8;
    }
    while at < bytes.len() && bytes[at] >= 0x20 && bytes[at] != b'"' && bytes[at] != b'\\' {
        at += 1;
    }
    at
}

#[cfg(test)]
mod tests {
    use super::next_special;

    #[test]
    fn every_special_byte_is_found_at_every_place() {
        for length in 0..40 {
            for at in 0..length {
                for byte in 0..=255_u8 {
                    let mut bytes = vec![b'a'; length];
                    bytes[at] = byte;
                    let special = byte < 0x20 || byte == b'"' || byte == b'\\';
                    assert_eq!(next_special(&bytes, 0), if special { at } else { length });
                    assert_eq!(next_special(&bytes, at + 1), length);
                }
            }
        }
    }

    #[test]
    fn the_first_of_many_is_found() {
        assert_eq!(next_special(b"abc\"\\\n def", 0), 3);
        assert_eq!(next_special(b"\x80\xff!#[]\x20\x7f\"", 0), 8);
        assert_eq!(next_special("éééé\u{1}".as_bytes(), 0), 8);
    }
}
