//! Template text to tokens, rule by rule in the order of handlebars.js: the first rule that matches wins,
//! not the longest.

use std::borrow::Cow;
use std::ops::Range;

use super::is_space;
use super::mistake::{self, SyntaxError};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Content,
    Comment,
    OpenRawBlock,
    CloseRawBlock,
    EndRawBlock,
    OpenPartial,
    OpenPartialBlock,
    OpenBlock,
    OpenEndBlock,
    Inverse,
    OpenInverse,
    OpenInverseChain,
    OpenUnescaped,
    Open,
    Equals,
    Id,
    Separator,
    CloseUnescaped,
    Close,
    String,
    Data,
    True,
    False,
    Undefined,
    Null,
    Number,
    OpenBlockParams,
    CloseBlockParams,
    OpenSubexpression,
    CloseSubexpression,
    Invalid,
    End,
}

#[derive(Debug, Clone)]
pub(super) struct Token<'s> {
    pub(super) kind: Kind,
    /// Bytes of the template; for content, only those that are printed.
    pub(super) span: Range<usize>,
    /// What the token says: a string without quotes and escapes, the name of a raw block's end.
    pub(super) text: Cow<'s, str>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// Text, up to the next `{{`.
    Text,
    /// Inside a tag.
    Tag,
    /// A tag after a backslash: text.
    Escaped,
    /// Inside a raw block.
    Raw,
}

#[derive(Debug)]
pub(super) struct Lexer<'s> {
    source: &'s str,
    at: usize,
    modes: Vec<Mode>,
}

impl<'s> Lexer<'s> {
    pub(super) fn new(source: &'s str) -> Self {
        Lexer { source, at: 0, modes: vec![Mode::Text] }
    }

    pub(super) fn source(&self) -> &'s str {
        self.source
    }

    /// The next token.
    pub(super) fn next(&mut self) -> Result<Token<'s>, SyntaxError> {
        loop {
            let token = match self.modes.last().copied().unwrap_or(Mode::Text) {
                Mode::Text => self.text()?,
                Mode::Tag => self.tag()?,
                Mode::Escaped => Some(self.escaped()?),
                Mode::Raw => Some(self.raw()?),
            };
            if let Some(token) = token {
                return Ok(token);
            }
        }
    }

    fn rest(&self) -> &'s str {
        &self.source[self.at..]
    }

    fn take(&mut self, kind: Kind, length: usize) -> Token<'s> {
        let span = self.at..self.at + length;
        self.at = span.end;
        Token { kind, text: Cow::Borrowed(&self.source[span.clone()]), span }
    }

    fn leave(&mut self) {
        self.modes.pop();
    }

    fn text(&mut self) -> Result<Option<Token<'s>>, SyntaxError> {
        let rest = self.rest();
        if rest.is_empty() {
            return Ok(Some(self.take(Kind::End, 0)));
        }
        // The tag is looked for first: each search then ends where the next one begins.
        let tag = rest.find("{{");
        let nul = rest[..tag.unwrap_or(rest.len())].find('\0');
        let Some(open) = tag.filter(|_| nul.is_none()) else {
            if nul == Some(0) {
                return Err(mistake::nul(self.at));
            }
            return Ok(Some(self.take(Kind::Content, nul.unwrap_or(rest.len()))));
        };
        let before = &rest[..open];
        let (kept, mode) = if before.ends_with("\\\\") {
            (open - 1, Mode::Tag)
        } else if before.ends_with('\\') {
            (open - 1, Mode::Escaped)
        } else {
            (open, Mode::Tag)
        };
        self.modes.push(mode);
        let mut token = self.take(Kind::Content, open);
        token.span.end = token.span.start + kept;
        token.text = Cow::Borrowed(&rest[..kept]);
        Ok((kept > 0).then_some(token))
    }

    fn escaped(&mut self) -> Result<Token<'s>, SyntaxError> {
        // At least the two braces, then up to the next tag or its backslashes.
        let rest = self.rest();
        let end = match rest.get(2..).and_then(|after| after.find("{{")) {
            Some(found) => {
                let open = found + 2;
                let backslashes = rest[2..open].bytes().rev().take(2).take_while(|byte| *byte == b'\\').count();
                open - backslashes
            }
            None => rest.len(),
        };
        if let Some(nul) = rest[..end].find('\0') {
            return Err(mistake::nul(self.at + nul));
        }
        self.leave();
        Ok(self.take(Kind::Content, end))
    }

    fn raw(&mut self) -> Result<Token<'s>, SyntaxError> {
        let rest = self.rest();
        if let Some(after) = rest.strip_prefix("{{{{") {
            if !after.is_empty() && !after.starts_with('/') {
                self.modes.push(Mode::Raw);
                return Ok(self.take(Kind::Content, 4));
            }
            if let Some(name) = after.strip_prefix('/').map(id_run)
                && !name.is_empty()
                && after[1 + name.len()..].starts_with("}}}}")
            {
                self.leave();
                let length = 5 + name.len() + 4;
                if self.modes.last() == Some(&Mode::Raw) {
                    return Ok(self.take(Kind::Content, length));
                }
                let mut token = self.take(Kind::EndRawBlock, length);
                token.text = Cow::Borrowed(name);
                return Ok(token);
            }
        }
        let first = rest.chars().next().map_or(0, char::len_utf8);
        match rest.get(first..).filter(|_| first > 0).and_then(|after| after.find("{{{{")) {
            Some(found) if !rest[..first + found].contains('\0') => Ok(self.take(Kind::Content, first + found)),
            _ => Err(mistake::unclosed_raw_block(self.source, self.at)),
        }
    }

    fn tag(&mut self) -> Result<Option<Token<'s>>, SyntaxError> {
        let rest = self.rest();
        let Some(first) = rest.chars().next() else { return Ok(Some(self.take(Kind::End, 0))) };
        if is_space(first) {
            let run = rest.find(|character| !is_space(character)).unwrap_or(rest.len());
            self.at += run;
            return Ok(None);
        }
        let bytes = rest.as_bytes();
        let token = match first {
            '(' => self.take(Kind::OpenSubexpression, 1),
            ')' => self.take(Kind::CloseSubexpression, 1),
            '{' if rest.starts_with("{{") => self.open(rest)?,
            '}' if rest.starts_with("}}}}") => {
                self.leave();
                self.modes.push(Mode::Raw);
                self.take(Kind::CloseRawBlock, 4)
            }
            '}' if rest.starts_with("}}}") => self.close(Kind::CloseUnescaped, 3),
            '}' if rest.starts_with("}~}}") => self.close(Kind::CloseUnescaped, 4),
            '}' if rest.starts_with("}}") => self.close(Kind::Close, 2),
            '~' if rest.starts_with("~}}") => self.close(Kind::Close, 3),
            '=' => self.take(Kind::Equals, 1),
            '.' if bytes.get(1) == Some(&b'.') => self.take(Kind::Id, 2),
            '.' if rest[1..].chars().next().is_some_and(ends_id) => self.take(Kind::Id, 1),
            '.' | '/' => self.take(Kind::Separator, 1),
            '@' => self.take(Kind::Data, 1),
            '|' => self.take(Kind::CloseBlockParams, 1),
            '"' | '\'' => match quoted(rest, bytes[0]) {
                Some(length) => {
                    let mut token = self.take(Kind::String, length);
                    token.text = unescaped(&rest[1..length - 1], first);
                    token
                }
                None => return Err(mistake::unclosed_string(self.at, rest)),
            },
            '[' => match quoted(rest, b']') {
                Some(length) => {
                    let mut token = self.take(Kind::Id, length);
                    token.text = unescaped_segment(&rest[..length]);
                    token
                }
                None => return Err(mistake::unclosed_segment(self.at)),
            },
            _ => self.word(rest, first),
        };
        Ok(Some(token))
    }

    fn close(&mut self, kind: Kind, length: usize) -> Token<'s> {
        self.leave();
        self.take(kind, length)
    }

    fn open(&mut self, rest: &'s str) -> Result<Token<'s>, SyntaxError> {
        if rest.starts_with("{{{{") {
            return Ok(self.take(Kind::OpenRawBlock, 4));
        }
        let tilde = usize::from(rest[2..].starts_with('~'));
        let sign = 2 + tilde;
        let after = &rest[sign..];
        let token = match after.bytes().next() {
            Some(b'>') => self.take(Kind::OpenPartial, sign + 1),
            Some(b'#') if after[1..].starts_with('>') => self.take(Kind::OpenPartialBlock, sign + 2),
            Some(b'#') => self.take(Kind::OpenBlock, sign + 1 + usize::from(after[1..].starts_with('*'))),
            Some(b'/') => self.take(Kind::OpenEndBlock, sign + 1),
            Some(b'^') => match closes_at(&after[1..]) {
                Some(length) => self.close(Kind::Inverse, sign + 1 + length),
                None => self.take(Kind::OpenInverse, sign + 1),
            },
            Some(b'{') => self.take(Kind::OpenUnescaped, sign + 1),
            Some(b'&') => self.take(Kind::Open, sign + 1),
            Some(b'!') => return self.comment(rest, after),
            _ => {
                let spaces = after.find(|character| !is_space(character)).unwrap_or(after.len());
                match after[spaces..].strip_prefix("else") {
                    Some(behind) if closes_at(behind).is_some() => {
                        let length = sign + spaces + 4 + closes_at(behind).unwrap_or(0);
                        self.close(Kind::Inverse, length)
                    }
                    Some(behind) if !behind.bytes().next().is_some_and(is_word_byte) => {
                        self.take(Kind::OpenInverseChain, sign + spaces + 4)
                    }
                    _ => self.take(Kind::Open, sign + usize::from(after.starts_with('*'))),
                }
            }
        };
        Ok(token)
    }

    fn comment(&mut self, rest: &'s str, after: &str) -> Result<Token<'s>, SyntaxError> {
        if after.starts_with("!--") {
            let mut from = 0;
            while let Some(found) = rest[from..].find("--") {
                let dashes = from + found;
                let behind = &rest[dashes + 2..];
                let close = if behind.starts_with("~}}") {
                    3
                } else if behind.starts_with("}}") {
                    2
                } else {
                    from = dashes + 1;
                    continue;
                };
                return Ok(self.close(Kind::Comment, dashes + 2 + close));
            }
            return Err(mistake::unclosed_comment(self.at, "--}}"));
        }
        match after.find("}}") {
            Some(found) => Ok(self.close(Kind::Comment, rest.len() - after.len() + found + 2)),
            None => Err(mistake::unclosed_comment(self.at, "}}")),
        }
    }

    fn word(&mut self, rest: &'s str, first: char) -> Token<'s> {
        const LITERALS: [(&str, Kind); 4] =
            [("true", Kind::True), ("false", Kind::False), ("undefined", Kind::Undefined), ("null", Kind::Null)];
        for (literal, kind) in LITERALS {
            if rest.strip_prefix(literal).is_some_and(ends_literal) {
                return self.take(kind, literal.len());
            }
        }
        if let Some(length) = number(rest) {
            return self.take(Kind::Number, length);
        }
        if let Some(behind) = rest.strip_prefix("as") {
            let spaces = behind.find(|character| !is_space(character)).unwrap_or(behind.len());
            if spaces > 0 && behind[spaces..].starts_with('|') {
                return self.take(Kind::OpenBlockParams, 2 + spaces + 1);
            }
        }
        let run = id_run(rest);
        if !run.is_empty() && rest[run.len()..].chars().next().is_some_and(ends_id) {
            return self.take(Kind::Id, run.len());
        }
        self.take(Kind::Invalid, run.len().max(first.len_utf8()))
    }
}

/// The longest run of characters that a name may have.
fn id_run(text: &str) -> &str {
    let end = text.find(|character| !is_id(character)).unwrap_or(text.len());
    &text[..end]
}

fn is_id(character: char) -> bool {
    !is_space(character)
        && !matches!(character, '!' | '"' | '#' | '%'..=',' | '.' | '/' | ';'..='>' | '@' | '['..='^' | '`' | '{'..='~')
}

/// What must follow a name.
fn ends_id(character: char) -> bool {
    matches!(character, '=' | '~' | '}' | '/' | '.' | ')' | '|') || is_space(character)
}

/// What must follow `true`, a number and their like.
fn ends_literal(rest: &str) -> bool {
    rest.chars().next().is_some_and(|character| matches!(character, '~' | '}' | ')') || is_space(character))
}

fn is_word_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// Length of `\s*~?}}` at the start of `text`.
fn closes_at(text: &str) -> Option<usize> {
    let spaces = text.find(|character| !is_space(character))?;
    let behind = &text[spaces..];
    if behind.starts_with("}}") {
        Some(spaces + 2)
    } else if behind.starts_with("~}}") {
        Some(spaces + 3)
    } else {
        None
    }
}

fn number(text: &str) -> Option<usize> {
    let digits = |from: usize| text.as_bytes()[from..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    let sign = usize::from(text.starts_with('-'));
    let whole = digits(sign);
    if whole == 0 {
        return None;
    }
    let end = sign + whole;
    if text[end..].starts_with('.') {
        let fraction = digits(end + 1);
        let end = end + 1 + fraction;
        return (fraction > 0 && ends_literal(&text[end..])).then_some(end);
    }
    ends_literal(&text[end..]).then_some(end)
}

/// Length of a text in quotes, quotes included. A backslash keeps the quote behind it from closing, unless
/// nothing closes the text then: the last such quote closes it after all, as a backtracking expression has it.
fn quoted(text: &str, close: u8) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut at = 1;
    let mut last_escaped = None;
    while at < bytes.len() {
        if bytes[at] == b'\\' && bytes.get(at + 1) == Some(&close) {
            last_escaped = Some(at + 2);
            at += 2;
        } else if bytes[at] == close {
            return Some(at + 1);
        } else {
            at += 1;
        }
    }
    last_escaped
}

fn unescaped(text: &str, quote: char) -> Cow<'_, str> {
    let escape = if quote == '"' { "\\\"" } else { "\\'" };
    if text.contains(escape) { Cow::Owned(text.replace(escape, &quote.to_string())) } else { Cow::Borrowed(text) }
}

/// In a segment, a backslash escapes a closing bracket and itself.
fn unescaped_segment(text: &str) -> Cow<'_, str> {
    if !text.contains('\\') {
        return Cow::Borrowed(text);
    }
    let mut plain = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match characters.peek() {
            Some(&next @ ('\\' | ']')) if character == '\\' => {
                plain.push(next);
                characters.next();
            }
            _ => plain.push(character),
        }
    }
    Cow::Owned(plain)
}
