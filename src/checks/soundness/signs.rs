//! Signs that look like JSON's and are none: quotes, commas and spaces of other languages, comments.
//!
//! Asked only at places where a text has stopped being JSON.

/// A sign that is none of JSON, and what was meant by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Sign {
    pub(crate) letter: char,
    /// What JSON has for it: a comma, a bracket, or nothing for what can hardly be seen.
    pub(crate) meant: &'static str,
}

/// The sign that `text` begins with.
pub(crate) fn sign(text: &str) -> Option<Sign> {
    let letter = text.chars().next()?;
    let meant = match letter {
        ';' | '，' | '；' | '、' | '﹐' => ",",
        '：' | '﹕' => ":",
        '［' | '【' => "[",
        '］' | '】' => "]",
        '｛' => "{",
        '｝' => "}",
        '\u{200b}'..='\u{200d}' | '\u{2060}' | '\u{feff}' | '\u{ad}' => "",
        _ if letter.is_whitespace() && !matches!(letter, ' ' | '\t' | '\n' | '\r') => "",
        _ => return None,
    };
    Some(Sign { letter, meant })
}

/// What a text in quotes of another language has between them, and how many bytes it has with them. A quote that
/// nothing closes on its line counts alone.
pub(crate) fn foreign_quoted(text: &str) -> Option<(&str, usize)> {
    let opener = text.chars().next()?;
    let closers: &[char] = match opener {
        '\'' => &['\''],
        '`' => &['`'],
        '‘' | '’' => &['’', '‘', '\''],
        '«' => &['»'],
        '“' | '”' | '„' | '″' | '＂' => &['”', '“', '″', '＂', '"'],
        _ => return None,
    };
    let inside = &text[opener.len_utf8()..];
    let line = inside.lines().next().unwrap_or_default();
    match line.char_indices().find(|(_, letter)| closers.contains(letter)) {
        Some((end, closer)) => Some((&line[..end], opener.len_utf8() + end + closer.len_utf8())),
        None => Some(("", opener.len_utf8())),
    }
}

/// How the quotes are called that `text` begins with.
pub(crate) fn quotes(text: &str) -> &'static str {
    match text.chars().next() {
        Some('\'') => "single quotes",
        Some('`') => "backquotes",
        _ => "curly quotes",
    }
}

/// How long the comment is that `text` begins with.
pub(crate) fn comment(text: &str) -> Option<usize> {
    if text.starts_with("/*") {
        return Some(text.find("*/").map_or(text.len(), |end| end + 2));
    }
    let opens = text.starts_with("//") || text.starts_with('#');
    opens.then(|| text.find('\n').unwrap_or(text.len()))
}

#[cfg(test)]
mod tests {
    use super::{comment, foreign_quoted, sign};

    #[test]
    fn signs_of_other_languages_are_known_by_what_they_mean() {
        for (text, meant) in [("，1", Some(",")), (";", Some(",")), ("\u{a0}1", Some("")), ("\t", None), ("x", None)] {
            assert_eq!(sign(text).map(|sign| sign.meant), meant, "{text}");
        }
    }

    #[test]
    fn texts_end_at_a_quote_that_fits() {
        for (text, expected) in [
            ("“a b”: 1", Some(("a b", 9))),
            ("'a' 'b'", Some(("a", 3))),
            ("“a\"", Some(("a", 5))),
            ("'a\n'", Some(("", 1))),
            ("a", None),
        ] {
            assert_eq!(foreign_quoted(text), expected, "{text}");
        }
        assert_eq!(
            (comment("// a\nb"), comment("/* a */ b"), comment("/"), comment("#")),
            (Some(4), Some(7), None, Some(1))
        );
    }
}
