//! Strings in quotes that are not JSON's: single, curly, backquotes.

use super::reader::Reader;
use super::tree::{Content, Node};

/// Whether `letter` is a quote of some other language.
pub(super) fn opens(letter: char) -> bool {
    matches!(letter, '\'' | '`' | '“' | '”' | '„' | '‘' | '’' | '«' | '″')
}

fn closes(opener: char, letter: char) -> bool {
    match opener {
        '\'' | '`' => letter == opener,
        '‘' | '’' => matches!(letter, '’' | '‘'),
        '«' => letter == '»',
        _ => matches!(letter, '”' | '“' | '″' | '"'),
    }
}

impl Reader<'_> {
    /// The string that begins here with a quote of some other language.
    pub(super) fn foreign_string(&mut self) -> Node {
        let start = self.at;
        let line = self.rest_of_line();
        let opener = line.chars().next().unwrap_or('\'');
        let body = &line[opener.len_utf8()..];
        let mut meaning = String::new();
        let mut letters = body.char_indices();
        let mut closed = None;
        while let Some((at, letter)) = letters.next() {
            if letter == '\\' {
                meaning.extend(letters.next().map(|(_, escaped)| escaped));
            } else if closes(opener, letter) {
                closed = Some(at + letter.len_utf8());
                break;
            } else {
                meaning.push(letter);
            }
        }
        let length = opener.len_utf8() + closed.unwrap_or(body.trim_end().trim_end_matches(',').len());
        if closed.is_none() {
            meaning = body.trim_end().trim_end_matches(',').to_owned();
        }
        let written = serde_json::Value::from(meaning.as_str()).to_string();
        self.take(length);
        let quotes = match opener {
            '\'' => "single quotes",
            '`' => "backquotes",
            _ => "curly quotes",
        };
        // A long text would bury the remedy.
        let help = if meaning.chars().count() <= 40 {
            format!("write `{written}`")
        } else {
            "write `\"` on both sides".to_owned()
        };
        self.mistake(
            start..start + length,
            format!("a string in {quotes}: JSON knows straight double quotes only"),
            help,
        );
        Node { span: start..start + length, content: Content::String(meaning), broken: false }
    }
}
