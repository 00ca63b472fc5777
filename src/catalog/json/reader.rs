//! The reader: one pass over the text, one decision at each character.

use std::ops::Range;

use super::tree::{Content, Node};
use super::{Document, JSON_SYNTAX, MAX_MISTAKES, Mistake, conflicts};

/// Reads `text`, whatever is wrong with it.
pub(in crate::catalog) fn read(text: &str) -> Document {
    let settled = conflicts::settle(text);
    let (text, conflicts) = settled.as_ref().map_or((text, &[][..]), |(text, conflicts)| (text, conflicts));
    let mut reader = Reader {
        text,
        at: 0,
        token_end: 0,
        line: (0, 0),
        open: Vec::new(),
        suspect: None,
        mistakes: Vec::new(),
        rough: false,
        stopped: false,
    };
    for place in conflicts {
        reader.mistake(place.clone(), conflicts::MESSAGE, conflicts::HELP);
    }
    let root = reader.document();
    let Reader { mut mistakes, rough, .. } = reader;
    mistakes.sort_by_key(|mistake| mistake.span.start);
    Document { root, mistakes, rough }
}

/// Where the reader stands, and what it has found so far.
pub(super) struct Reader<'t> {
    pub(super) text: &'t str,
    pub(super) at: usize,
    /// End of what was last read, white space and comments aside.
    pub(super) token_end: usize,
    /// A place, and the start of its line: lines may be long, so nobody walks back over one twice.
    line: (usize, usize),
    /// What is open around the place where the reader stands.
    pub(super) open: Vec<Open>,
    /// A bracket whose partner stands in an unlikely column: the one to name when the text ends too early.
    pub(super) suspect: Option<Open>,
    pub(super) mistakes: Vec<Mistake>,
    pub(super) rough: bool,
    /// Set when nothing more is to be read or said.
    pub(super) stopped: bool,
}

/// A bracket that waits for its partner.
#[derive(Debug, Clone, Copy)]
pub(super) struct Open {
    pub(super) at: usize,
    pub(super) closer: u8,
    /// White space before the first character of its line.
    pub(super) indent: usize,
}

impl Open {
    /// The bracket itself: where it is missing, something else stands at its place.
    pub(super) fn opener(self) -> char {
        if self.closer == b'}' { '{' } else { '[' }
    }
}

impl<'t> Reader<'t> {
    fn document(&mut self) -> Node {
        self.skip_space();
        if self.peek().is_none() {
            if !self.stopped {
                self.mistake(0..0, "the file is empty", "a manifest is one JSON object: start with `{`");
            }
            self.rough = true;
            return Node { broken: true, ..Node::default() };
        }
        let root = self.value();
        self.after_document();
        root
    }

    /// Nothing may follow the document.
    fn after_document(&mut self) {
        self.skip_space();
        while let Some(next) = self.peek().filter(|_| !self.stopped) {
            let start = self.at;
            let rest = self.text[start..].trim_end();
            match next {
                b',' | b';' if rest.len() == 1 => {
                    self.at += 1;
                    let shown = next as char;
                    let help = if next == b',' { "remove this comma" } else { "remove this semicolon" };
                    self.mistake(start..start + 1, format!("`{shown}` after the end of the document"), help);
                }
                b'}' | b']' => {
                    self.at += 1;
                    let shown = next as char;
                    self.mistake(
                        start..start + 1,
                        format!("this `{shown}` closes nothing"),
                        format!("remove this `{shown}`"),
                    );
                }
                _ => {
                    let ended = self.line_of(self.token_end.saturating_sub(1));
                    let line_end = rest.find('\n').map_or(rest.len(), |end| rest[..end].trim_end().len());
                    self.mistake(
                        start..start + line_end,
                        "more text after the end of the document",
                        format!("the document ends in line {ended}: remove what follows, or move it inside"),
                    );
                    self.rough = true;
                    self.stop();
                }
            }
            self.skip_space();
        }
    }

    /// One value, whatever it is. The caller has made sure that one begins here.
    pub(super) fn value(&mut self) -> Node {
        let start = self.at;
        let Some(first) = self.text[start..].chars().next() else {
            return Node { span: start..start, broken: true, ..Node::default() };
        };
        let node = match first {
            '{' if self.is_bare_template() => self.bare_text(),
            '{' => self.object(),
            '[' => self.array(),
            '"' => self.string(false),
            '-' | '+' | '.' | '0'..='9' => self.number(),
            _ if super::foreign_quotes::opens(first) => self.foreign_string(),
            _ if first.is_alphanumeric() || matches!(first, '_' | '$' | '/' | '\\' | '*' | '@' | '%' | '<') => {
                self.bare_text()
            }
            _ => self.junk(first),
        };
        self.token_end = self.token_end.max(node.span.end);
        node
    }

    /// Text that can begin nothing.
    fn junk(&mut self, first: char) -> Node {
        let start = self.at;
        self.at += first.len_utf8();
        let span = start..self.at;
        self.mistake(
            span.clone(),
            format!("`{}` has no place here", shown(first)),
            "remove it, or put the text in double quotes",
        );
        Node { span, content: Content::Null, broken: true }
    }

    /// The next byte, without taking it.
    pub(super) fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// Notes a mistake of syntax.
    pub(super) fn mistake(&mut self, span: Range<usize>, message: impl Into<String>, help: impl Into<String>) {
        self.mistake_of(JSON_SYNTAX, span, message, help);
    }

    /// Notes a mistake under a rule of its own.
    pub(super) fn mistake_of(
        &mut self,
        rule: &'static str,
        span: Range<usize>,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        if self.stopped {
            return;
        }
        self.mistakes.push(Mistake { rule, span, message: message.into(), help: help.into() });
        if self.mistakes.len() >= MAX_MISTAKES {
            if let Some(last) = self.mistakes.last_mut() {
                last.help.push_str("; reading stops here, since there are too many mistakes");
            }
            self.rough = true;
            self.stop();
        }
    }

    /// Reads no further and says nothing more.
    pub(super) fn stop(&mut self) {
        self.stopped = true;
        self.at = self.text.len();
    }

    /// Goes on at another place, unless nothing more is to be read.
    pub(super) fn go_to(&mut self, at: usize) {
        if !self.stopped {
            self.at = at;
        }
    }

    /// Number of the line that `offset` is in.
    pub(super) fn line_of(&self, offset: usize) -> usize {
        let before = &self.text.as_bytes()[..offset.min(self.text.len())];
        1 + before.iter().filter(|byte| **byte == b'\n').count()
    }

    /// Where the line starts that the reader is in.
    pub(super) fn line_start(&mut self) -> usize {
        let (known, start) = if self.line.0 <= self.at { self.line } else { (0, 0) };
        let start = self.text[known..self.at].rfind('\n').map_or(start, |line_break| known + line_break + 1);
        self.line = (self.at, start);
        start
    }

    /// The rest of the line, without what ends it.
    pub(super) fn rest_of_line(&self) -> &'t str {
        let rest = &self.text[self.at..];
        rest.find('\n').map_or(rest, |end| rest[..end].trim_end_matches('\r'))
    }

    /// Passes over white space, and over what people take for it.
    pub(super) fn skip_space(&mut self) {
        while let Some(letter) = self.text[self.at..].chars().next() {
            let start = self.at;
            match letter {
                ' ' | '\t' | '\n' | '\r' => self.at += 1,
                '/' if self.text[start..].starts_with("//") => self.line_comment(),
                '/' if self.text[start..].starts_with("/*") => self.block_comment(),
                '#' => self.line_comment(),
                _ if is_foreign_space(letter) => {
                    let rest = &self.text[start..];
                    let length = rest.find(|other| !is_foreign_space(other)).unwrap_or(rest.len());
                    self.at += length;
                    let code = u32::from(letter);
                    self.mistake(
                        start..start + length,
                        format!("the character U+{code:04X} is no white space in JSON"),
                        "replace it by a plain space",
                    );
                }
                _ => break,
            }
        }
    }

    fn line_comment(&mut self) {
        let start = self.at;
        let length = self.rest_of_line().trim_end().len();
        self.at += length;
        self.mistake(start..start + length, "JSON has no comments", "remove this comment");
    }

    fn block_comment(&mut self) {
        let start = self.at;
        match self.text[start + 2..].find("*/") {
            Some(length) => {
                self.at = start + 2 + length + 2;
                self.mistake(start..self.at, "JSON has no comments", "remove this comment");
            }
            None => {
                self.mistake(
                    start..start + 2,
                    "JSON has no comments, and this one does not end",
                    "remove this comment",
                );
                self.rough = true;
                self.stop();
            }
        }
    }
}

/// Characters that look like nothing but are no white space in JSON.
fn is_foreign_space(letter: char) -> bool {
    let looks_empty =
        letter.is_whitespace() || matches!(letter, '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}' | '\0');
    looks_empty && !matches!(letter, ' ' | '\t' | '\n' | '\r')
}

/// A character as it can be shown in a sentence.
pub(super) fn shown(letter: char) -> String {
    if letter.is_control() { format!("U+{:04X}", u32::from(letter)) } else { letter.to_string() }
}

#[cfg(test)]
mod tests {
    use super::{MAX_MISTAKES, read};

    #[test]
    fn nothing_is_read_behind_the_last_mistake_that_is_told() {
        let before = "yes,\n".repeat(MAX_MISTAKES - 1);
        for last in ["\"say \"hi\" there\"", "\"key\": 1}", "\"open"] {
            let document = read(&format!("[\n{before}{last}\n]\n"));
            assert_eq!(document.mistakes.len(), MAX_MISTAKES, "{last}");
            assert!(document.rough, "{last}");
        }
    }
}
