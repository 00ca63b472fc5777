//! Strings: their ends, their escapes, and what may not stand in them.

use super::escapes;
use super::reader::Reader;
use super::tree::{Content, Node};

/// How a string that goes past the end of its line was meant.
enum LineBreak {
    /// Its closing quote is missing; the text ends here.
    Unclosed(usize),
    /// It ends with a curly quote: where, and how long that is.
    CurlyEnd(usize, usize),
    /// The line break belongs to it.
    Inside,
}

impl Reader<'_> {
    /// The string that begins here with a straight double quote.
    pub(super) fn string(&mut self, is_key: bool) -> Node {
        let start = self.at;
        self.at += 1;
        let mut meaning = String::new();
        let mut control_seen = false;
        loop {
            let rest = &self.text.as_bytes()[self.at..];
            let plain = rest.iter().position(|byte| matches!(byte, b'"' | b'\\' | 0..0x20)).unwrap_or(rest.len());
            meaning.push_str(&self.text[self.at..self.at + plain]);
            self.at += plain;
            match self.peek() {
                None => {
                    self.unclosed_at_end(start);
                    break;
                }
                Some(b'"') => {
                    if !is_key && let Some(end) = self.ended_before_comma(start) {
                        self.mistake(start..end, "this string is not closed", "add `\"` at its end");
                        meaning = self.text[start + 1..end].to_owned();
                        self.go_to(end);
                        break;
                    }
                    self.at += 1;
                    let follows = self.text[self.at..].chars().next();
                    if !is_key
                        && follows.is_some_and(char::is_alphanumeric)
                        && let Some(end) = self.quotes_inside()
                    {
                        let quote = self.at - 1;
                        self.mistake(
                            quote..quote + 1,
                            "a double quote inside a string",
                            "write `\\\"` for each of them",
                        );
                        meaning.push('"');
                        meaning.push_str(&self.text[quote + 1..end]);
                        self.go_to(end + 1);
                    }
                    break;
                }
                Some(b'\\') => {
                    let escape = escapes::read(&self.text[self.at..]);
                    if let Some((message, help)) = escape.wrong {
                        self.mistake(self.at..self.at + escape.length, message, help);
                        if self.stopped {
                            break;
                        }
                    }
                    meaning.push(escape.meaning);
                    self.at += escape.length;
                }
                Some(b'\n' | b'\r') => match self.line_break(start) {
                    LineBreak::Unclosed(end) => {
                        self.mistake(start..end, "this string is not closed", "add `\"` at its end");
                        meaning = self.text[start + 1..end].to_owned();
                        self.go_to(end);
                        break;
                    }
                    LineBreak::CurlyEnd(end, length) => {
                        self.mistake(end..end + length, "a string ends with a straight quote", "write `\"`");
                        meaning = self.text[start + 1..end].to_owned();
                        self.go_to(end + length);
                        break;
                    }
                    LineBreak::Inside => {
                        let at = self.at;
                        if !control_seen {
                            self.mistake(
                                at..at,
                                "a line break inside a string",
                                "write `\\n`, or put the string on one line",
                            );
                        }
                        control_seen = true;
                        if self.stopped {
                            break;
                        }
                        meaning.push(char::from(self.text.as_bytes()[at]));
                        self.at += 1;
                    }
                },
                Some(control) => {
                    let at = self.at;
                    if !control_seen {
                        let escape = if control == b'\t' { "\\t".to_owned() } else { format!("\\u{control:04x}") };
                        let name = if control == b'\t' {
                            "a tab".to_owned()
                        } else {
                            format!("the control character U+{control:04X}")
                        };
                        self.mistake(at..at + 1, format!("{name} inside a string"), format!("write `{escape}`"));
                    }
                    control_seen = true;
                    if self.stopped {
                        break;
                    }
                    meaning.push(char::from(control));
                    self.at += 1;
                }
            }
        }
        let end = self.at.max(start + 1);
        Node { span: start..end, content: Content::String(meaning), broken: false }
    }

    fn unclosed_at_end(&mut self, start: usize) {
        let line = self.line_of(start);
        let closers: String = self.open.iter().rev().map(|open| open.closer as char).collect();
        self.mistake(
            start..self.text.trim_end().len().max(start + 1),
            format!("the file ends inside the string that begins in line {line}"),
            format!("add `\"{closers}`, or bring back what is missing"),
        );
        self.rough = true;
        self.stop();
    }

    /// The quote that really ends a string with quotes inside, when the line shows which.
    fn quotes_inside(&self) -> Option<usize> {
        let line = self.rest_of_line();
        let quotes = || line.match_indices('"').map(|(at, _)| at);
        if quotes().any(|at| line[at + 1..].trim_start().starts_with(':')) {
            return None;
        }
        let structural = |at: &usize| {
            line[at + 1..]
                .trim_matches(|letter: char| letter.is_whitespace() || matches!(letter, ',' | '}' | ']'))
                .is_empty()
        };
        quotes().rfind(structural).map(|at| self.at + at)
    }

    /// The text of a string from `start` without the brackets at its end that close what is open in its line.
    fn without_closers<'l>(&self, text: &'l str, start: usize) -> &'l str {
        let in_line = self.open.iter().rev().take_while(|open| !self.text[open.at..start].contains('\n'));
        let mut text = text;
        for open in in_line {
            match text.strip_suffix(char::from(open.closer)) {
                Some(inner) => text = inner.trim_end(),
                None => break,
            }
        }
        text
    }

    /// What a line break inside the string from `start` means.
    fn line_break(&self, start: usize) -> LineBreak {
        let line = &self.text[start + 1..self.at];
        let curly = line.char_indices().rev().find(|(_, letter)| matches!(letter, '”' | '“'));
        if let Some((at, letter)) = curly {
            let after = line[at + letter.len_utf8()..].trim_start();
            if after.is_empty() || after.starts_with([',', ':', '}', ']']) {
                return LineBreak::CurlyEnd(start + 1 + at, letter.len_utf8());
            }
        }
        let next = self.text[self.at..].lines().map(str::trim).find(|line| !line.is_empty());
        let new_thing = next.is_none_or(|next| {
            let quoted =
                next.strip_prefix('"').and_then(|rest| rest.split_once('"')).map(|(_, after)| after.trim_start());
            let element = quoted.is_some_and(|after| after.is_empty() || after.starts_with([':', ',']));
            let object =
                next.strip_prefix('{').is_some_and(|rest| rest.is_empty() || rest.trim_start().starts_with('"'));
            element || object || next.starts_with(['}', ']'])
        });
        if new_thing || !self.text[self.at..].contains('"') {
            let text = line.trim_end();
            let text = text.strip_suffix(',').unwrap_or(text);
            let text = self.without_closers(text, start);
            return LineBreak::Unclosed(start + 1 + text.len());
        }
        LineBreak::Inside
    }
}
