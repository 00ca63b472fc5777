//! Escapes in strings: what they mean, and what is wrong with them.

/// One character of a string, as it was written.
pub(super) struct Escape {
    /// How many bytes of the text it takes.
    pub(super) length: usize,
    /// What it means; a guess when something is wrong.
    pub(super) meaning: char,
    /// What is wrong, and the remedy.
    pub(super) wrong: Option<(String, String)>,
}

/// Reads the escape at the start of `raw`, which is a backslash.
pub(super) fn read(raw: &str) -> Escape {
    let right = |length, meaning| Escape { length, meaning, wrong: None };
    let Some(letter) = raw[1..].chars().next() else {
        return Escape { length: 1, meaning: '\\', wrong: None };
    };
    match letter {
        '"' | '\\' | '/' => right(2, letter),
        'b' => right(2, '\u{8}'),
        'f' => right(2, '\u{c}'),
        'n' => right(2, '\n'),
        'r' => right(2, '\r'),
        't' => right(2, '\t'),
        'u' => unicode(raw),
        _ => {
            let shown: String = if letter.is_control() { letter.escape_default().collect() } else { letter.into() };
            let help = match letter {
                '\'' => "write `'` without the backslash".to_owned(),
                '\n' | '\r' => "put the string on one line".to_owned(),
                'x' => "write `\\u00` and the two digits".to_owned(),
                _ => "write `\\\\` for a backslash".to_owned(),
            };
            Escape {
                length: 1 + letter.len_utf8(),
                meaning: letter,
                wrong: Some((format!("JSON has no escape `\\{shown}`"), help)),
            }
        }
    }
}

fn unicode(raw: &str) -> Escape {
    let wrong = |length: usize, message: String, help: &str| Escape {
        length,
        meaning: char::REPLACEMENT_CHARACTER,
        wrong: Some((message, help.to_owned())),
    };
    let digits = raw[2..].bytes().take(4).take_while(u8::is_ascii_hexdigit).count();
    let Some(first) = code_unit(raw) else {
        let message = format!("`{}` lacks digits", &raw[..2 + digits]);
        return wrong(2 + digits, message, "write four hexadecimal digits after `\\u`");
    };
    if let Some(meaning) = char::from_u32(first) {
        return Escape { length: 6, meaning, wrong: None };
    }
    let second = raw.get(6..).and_then(code_unit).filter(|unit| (0xdc00..0xe000).contains(unit));
    match second {
        Some(second) if first < 0xdc00 => {
            let code = 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00);
            Escape { length: 12, meaning: char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER), wrong: None }
        }
        _ => wrong(
            6,
            format!("`{}` is half a character", &raw[..6]),
            "write the character itself, or both halves of its escape",
        ),
    }
}

fn code_unit(raw: &str) -> Option<u32> {
    let digits = raw.strip_prefix("\\u")?.get(..4)?;
    digits.bytes().all(|digit| digit.is_ascii_hexdigit()).then(|| u32::from_str_radix(digits, 16).ok())?
}

/// Where in the written string the byte `decoded` of its meaning stands.
pub(super) fn raw_offset(body: &str, decoded: usize) -> usize {
    let (mut raw, mut done) = (0, 0);
    while done < decoded {
        let rest = &body[raw..];
        let Some(letter) = rest.chars().next() else { break };
        let (length, meaning) = if letter == '\\' {
            let escape = read(rest);
            (escape.length, escape.meaning.len_utf8())
        } else {
            (letter.len_utf8(), letter.len_utf8())
        };
        if done + meaning > decoded && letter != '\\' {
            // Inside a character that stands for itself.
            return raw + (decoded - done);
        }
        raw += length;
        done += meaning;
    }
    raw
}

#[cfg(test)]
mod tests {
    use super::{raw_offset, read};

    #[test]
    fn escapes_mean_what_json_says() {
        for (raw, length, meaning, right) in [
            ("\\n", 2, '\n', true),
            ("\\/x", 2, '/', true),
            ("\\u00e9", 6, 'é', true),
            ("\\ud83d\\ude00", 12, '😀', true),
            ("\\ud83dx", 6, '\u{fffd}', false),
            ("\\ude00", 6, '\u{fffd}', false),
            ("\\u12", 4, '\u{fffd}', false),
            ("\\ué", 2, '\u{fffd}', false),
            ("\\d", 2, 'd', false),
            ("\\é", 3, 'é', false),
            ("\\", 1, '\\', true),
        ] {
            let escape = read(raw);
            assert_eq!((escape.length, escape.meaning, escape.wrong.is_none()), (length, meaning, right), "{raw}");
        }
    }

    #[test]
    fn places_are_found_through_escapes() {
        let body = r#"a\"b\u00e9c😀d"#;
        for (decoded, raw) in [(0, 0), (1, 1), (2, 3), (3, 4), (5, 10), (6, 11), (10, 15), (11, 16), (99, 16)] {
            assert_eq!(raw_offset(body, decoded), raw, "{decoded}");
        }
    }
}
