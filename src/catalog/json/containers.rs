//! Objects and lists: commas, colons and brackets, and the many ways to miss them.

use std::collections::HashMap;

use super::DUPLICATE_KEY;
use super::brackets::{Mismatch, closers_left};
use super::reader::{Open, Reader};
use super::tree::{Content, Member, Node};

/// What was read last inside a container.
#[derive(Debug, Clone, Copy)]
enum Last {
    /// Its opening bracket.
    Nothing,
    /// Something odd, after which neither a comma nor a value is missed.
    Unsure,
    /// A value that ends here.
    Value(usize),
    /// A comma that stands here.
    Comma(usize),
}

impl Last {
    /// The comma that nothing follows yet.
    fn comma(self) -> Option<usize> {
        match self {
            Last::Comma(at) => Some(at),
            _ => None,
        }
    }
}

impl Reader<'_> {
    pub(super) fn object(&mut self) -> Node {
        let start = self.at;
        if !self.enter(b'}') {
            return Node { span: start..start + 1, content: Content::Object(Vec::new()), broken: true };
        }
        self.members(start)
    }

    /// The members of the object that begins at `start` and is open.
    fn members(&mut self, start: usize) -> Node {
        let mut members: Vec<Member> = Vec::new();
        let mut first_places: HashMap<String, usize> = HashMap::new();
        let mut last = Last::Nothing;
        let mut value_end = None;
        loop {
            self.skip_space();
            match self.peek() {
                None => {
                    self.ended_early();
                    break;
                }
                Some(b'}') => {
                    self.close(last.comma());
                    break;
                }
                Some(b']' | b'{' | b'"') if self.list_begins_before(last, &members) => {
                    if let Some(member) = members.last_mut() {
                        let first = std::mem::take(&mut member.value);
                        member.value = self.list_without_bracket(first);
                        last = Last::Value(member.value.span.end);
                        value_end = Some(member.value.span.end);
                    }
                }
                Some(b']') => match self.mismatch(b']') {
                    Mismatch::Closes => {
                        self.close(None);
                        break;
                    }
                    Mismatch::Outer => break,
                    Mismatch::Stray => self.take(1),
                },
                Some(b',' | b';') => last = self.separator(last),
                Some(_) if self.is_wide_comma() => last = self.separator(last),
                Some(b'{') if self.ended_before_item(last) => {
                    // The next item of the list around begins here.
                    let end = value_end.unwrap_or(start + 1);
                    let line = self.line_of(start);
                    let help = format!("add `}}`: the `{{` of line {line} is not closed");
                    self.mistake(end..end, "`}` is missing after this value", help);
                    self.go_to(last.comma().unwrap_or(self.at));
                    self.token_end = end;
                    break;
                }
                Some(_) => {
                    self.missed_comma(last);
                    let (member, next) = self.member();
                    value_end = member.as_ref().map(|member| member.value.span.end);
                    if let Some(member) = member {
                        self.repeated_key(&mut first_places, &member);
                        members.push(member);
                    }
                    last = next;
                }
            }
        }
        self.open.pop();
        Node { span: start..self.token_end.max(start + 1), content: Content::Object(members), broken: false }
    }

    pub(super) fn array(&mut self) -> Node {
        let start = self.at;
        if !self.enter(b']') {
            return Node { span: start..start + 1, content: Content::Array(Vec::new()), broken: true };
        }
        self.items(start, Vec::new(), Last::Nothing)
    }

    /// The items of the list that begins at `start` and is open, behind those that are read.
    fn items(&mut self, start: usize, mut items: Vec<Node>, mut last: Last) -> Node {
        let mut broken = false;
        // Where the value before the last one ends, and where what follows that begins.
        let mut before: Option<(usize, usize)> = None;
        loop {
            self.skip_space();
            match self.peek() {
                None => {
                    self.ended_early();
                    break;
                }
                Some(b']') => {
                    self.close(last.comma());
                    break;
                }
                Some(b'}') => match self.mismatch(b'}') {
                    Mismatch::Closes => {
                        self.close(None);
                        break;
                    }
                    Mismatch::Outer => break,
                    Mismatch::Stray => self.take(1),
                },
                Some(b',' | b';') => last = self.separator(last),
                Some(_) if self.is_wide_comma() => last = self.separator(last),
                Some(b':') if !broken && self.list_ended_before(&items, before) => {
                    // The last value is the key of the object around.
                    let key = items.pop().map_or(self.at, |key| key.span.start);
                    self.not_closed_after(before.unwrap_or((start + 1, key)));
                    break;
                }
                Some(b':') if !broken && self.object_begins_at(&items) => {
                    // The last value is the first key of an object.
                    let key = items.pop().map_or(self.at, |key| key.span.start);
                    let object = self.object_without_bracket(key);
                    last = Last::Value(object.span.end);
                    items.push(object);
                }
                Some(b':' | b'=') => {
                    let at = self.at;
                    if !broken {
                        self.mistake(
                            at..at + 1,
                            "a list has no keys",
                            "write an object, in `{` and `}`, around key and value",
                        );
                    }
                    broken = true;
                    self.take(1);
                    last = Last::Unsure;
                }
                Some(_) => {
                    before = items.last().map(|item| {
                        (
                            item.span.end,
                            self.text[item.span.end..self.at].find(',').map_or(self.at, |comma| item.span.end + comma),
                        )
                    });
                    let known = self.mistakes.len();
                    self.missed_comma(last);
                    let item = self.value();
                    if self.mistakes.len() == known + 1 && matches!(last, Last::Value(_)) && self.next_is_colon() {
                        // Whatever is missing there is no comma.
                        self.mistakes.pop();
                    }
                    last = if item.broken { Last::Unsure } else { Last::Value(item.span.end) };
                    items.push(item);
                }
            }
        }
        self.open.pop();
        Node { span: start..self.token_end.max(start + 1), content: Content::Array(items), broken }
    }

    /// Whether a colon follows, whatever the space before it.
    fn next_is_colon(&self) -> bool {
        self.text[self.at..].trim_start().starts_with(':')
    }

    /// Whether a list was surely to end before its last value, which has a colon after it.
    fn list_ended_before(&self, items: &[Node], before: Option<(usize, usize)>) -> bool {
        let depth = self.open.len();
        let in_object = depth >= 2 && self.open[depth - 2].closer == b'}';
        let is_key = items.last().is_some_and(|item| matches!(item.content, Content::String(_)));
        let one_short = || closers_left(&self.text[self.at..]) == depth as isize - 1;
        in_object && is_key && before.is_some() && one_short()
    }

    /// Whether the last value of a list is surely the first key of an object whose `{` is missing: a bracket more
    /// is closed behind it than is open.
    fn object_begins_at(&self, items: &[Node]) -> bool {
        let is_key = items.last().is_some_and(|item| matches!(item.content, Content::String(_)));
        is_key && closers_left(&self.text[self.at..]) == self.open.len() as isize + 1
    }

    /// An object that begins with the key at `start`, without a bracket.
    fn object_without_bracket(&mut self, start: usize) -> Node {
        self.mistake(start..start, "`{` is missing before this key", "add `{`");
        self.go_to(start);
        self.token_end = start;
        self.open_at(start, b'}');
        self.members(start)
    }

    /// Notes a bracket that should stand at `start`.
    fn open_at(&mut self, start: usize, closer: u8) {
        let line_start = self.text[..start].rfind('\n').map_or(0, |line_break| line_break + 1);
        let line = &self.text[line_start..start];
        let indent = line.len() - line.trim_start().len();
        self.open.push(Open { at: start, closer, indent });
    }

    /// Whether an object in a list was surely to end before the `{` that the reader stands at.
    fn ended_before_item(&self, last: Last) -> bool {
        let depth = self.open.len();
        let in_list = depth >= 2 && self.open[depth - 2].closer == b']';
        in_list && !matches!(last, Last::Nothing) && closers_left(&self.text[self.at..]) == depth as isize - 1
    }

    /// Whether the last value is surely the first of a list whose `[` is missing: another value without a key
    /// follows it, or a `]`, and a bracket more is closed from here on than is open.
    fn list_begins_before(&self, last: Last, members: &[Member]) -> bool {
        let follows = match (self.peek(), last) {
            (Some(b']'), Last::Value(_) | Last::Comma(_)) | (Some(b'{'), Last::Comma(_)) => true,
            (Some(b'"'), Last::Comma(_)) => self.string_is_no_key(),
            _ => false,
        };
        let value = members.last().map(|member| &member.value).filter(|value| !value.broken);
        // A list that is closed twice has a bracket too many.
        let value = value.filter(|value| !matches!(value.content, Content::Array(_)) || self.peek() != Some(b']'));
        follows && value.is_some() && closers_left(&self.text[self.at..]) == self.open.len() as isize + 1
    }

    /// A list whose first value is read, and whose `[` is missing.
    fn list_without_bracket(&mut self, first: Node) -> Node {
        let start = first.span.start;
        self.mistake(start..start, "`[` is missing before this value", "add `[`");
        self.open_at(start, b']');
        // A comma is taken already, unless the list ends here.
        let last = if self.peek() == Some(b']') { Last::Value(first.span.end) } else { Last::Comma(self.token_end) };
        self.items(start, vec![first], last)
    }

    /// Notes that a list is not closed, and goes back to where it should have been.
    fn not_closed_after(&mut self, (end, next): (usize, usize)) {
        let line = self.open.last().map_or(1, |open| self.line_of(open.at));
        self.mistake(
            end..end,
            "`]` is missing after this value",
            format!("add `]`: the `[` of line {line} is not closed"),
        );
        self.go_to(next);
        self.token_end = end;
    }

    pub(super) fn take(&mut self, length: usize) {
        self.at = (self.at + length).min(self.text.len());
        self.token_end = self.at;
    }

    /// A comma, or a semicolon in its place.
    fn separator(&mut self, last: Last) -> Last {
        let at = self.at;
        let semicolon = self.peek() == Some(b';');
        if self.is_wide_comma() {
            let length = '，'.len_utf8();
            self.take(length);
            self.mistake(at..at + length, "`，` (U+FF0C) is no comma of JSON", "write `,`");
            return Last::Comma(at);
        }
        self.take(1);
        match last {
            Last::Value(_) if semicolon => {
                self.mistake(at..at + 1, "a semicolon between values", "write a comma");
                Last::Comma(at)
            }
            Last::Value(_) => Last::Comma(at),
            Last::Unsure => Last::Comma(at),
            Last::Nothing | Last::Comma(_) => {
                let help = if semicolon { "remove this semicolon" } else { "remove this comma" };
                self.mistake(at..at + 1, "no value before this comma", help);
                last
            }
        }
    }

    /// Whether a comma of a wide typeface stands here.
    fn is_wide_comma(&self) -> bool {
        self.text[self.at..].starts_with('，')
    }

    fn missed_comma(&mut self, last: Last) {
        if let Last::Value(end) = last {
            self.mistake(end..end, "a comma is missing after this value", "add a comma");
        }
    }

    /// A key, a colon and a value; or what is there instead.
    fn member(&mut self) -> (Option<Member>, Last) {
        let Some((written, key_span)) = self.key() else { return (None, Last::Unsure) };
        let member = |value| Member { written: written.clone(), meant: None, key_span: key_span.clone(), value };
        let nothing = |at: usize| Node { span: at..at, broken: true, ..Node::default() };
        self.skip_space();
        match self.peek() {
            None => {
                self.ended_early();
                return (Some(member(nothing(key_span.end))), Last::Unsure);
            }
            Some(b':') => self.take(1),
            Some(b'=') => {
                let start = self.at;
                self.take(1);
                if self.peek() == Some(b'>') {
                    self.take(1);
                }
                self.mistake(start..self.at, "a key and its value are joined by a colon", "write `:`");
            }
            Some(b',' | b'}' | b']' | b';') => {
                self.no_value(&written, key_span.clone());
                return (Some(member(nothing(key_span.end))), Last::Value(key_span.end));
            }
            Some(b'"') if self.string_is_key() => {
                self.no_value(&written, key_span.clone());
                return (Some(member(nothing(key_span.end))), Last::Unsure);
            }
            Some(_) if self.text[self.at..].starts_with('：') => {
                let start = self.at;
                self.take('：'.len_utf8());
                self.mistake(start..self.at, "`：` is not a colon of JSON", "write `:`");
            }
            Some(_) => {
                self.mistake(
                    key_span.end..key_span.end,
                    format!("a colon is missing after `{written}`"),
                    "add a colon",
                );
            }
        }
        self.skip_space();
        while matches!(self.peek(), Some(b':' | b'=')) && !self.stopped {
            let at = self.at;
            self.take(1);
            self.mistake(at..at + 1, "one colon is enough", "remove it");
            self.skip_space();
        }
        match self.peek() {
            Some(b'"') if self.string_is_key() => {
                if closers_left(&self.text[self.at..]) != self.open.len() as isize + 1 {
                    self.no_value(&written, key_span.clone());
                    return (Some(member(nothing(key_span.end))), Last::Unsure);
                }
                let value = self.object_without_bracket(self.at);
                let last = Last::Value(value.span.end);
                (Some(member(value)), last)
            }
            None => {
                self.ended_early();
                (Some(member(nothing(self.token_end))), Last::Unsure)
            }
            Some(b',' | b'}' | b']' | b';') => {
                self.no_value(&written, key_span.clone());
                (Some(member(nothing(self.token_end))), Last::Value(self.token_end))
            }
            Some(_) => {
                let value = self.value();
                let last = if value.broken { Last::Unsure } else { Last::Value(value.span.end) };
                (Some(member(value)), last)
            }
        }
    }

    fn no_value(&mut self, key: &str, span: std::ops::Range<usize>) {
        self.mistake(
            span,
            format!("`{key}` has no value"),
            format!("write `\"{key}\": ` and a value, or remove the key"),
        );
    }

    /// A key, however it is written; nothing when there is none.
    fn key(&mut self) -> Option<(String, std::ops::Range<usize>)> {
        let start = self.at;
        let first = self.text[start..].chars().next()?;
        let node = match first {
            '"' => match self.unclosed_key() {
                Some(key) => key,
                None => self.string(true),
            },
            _ if self.is_unopened_key() => self.unopened_key(),
            _ if super::foreign_quotes::opens(first) => self.foreign_string(),
            _ if first.is_alphanumeric() || matches!(first, '_' | '$' | '-' | '.' | '@') => {
                let rest = &self.text[start..];
                let length = rest
                    .find(|letter: char| !(letter.is_alphanumeric() || matches!(letter, '_' | '$' | '-' | '.' | '@')))
                    .unwrap_or(rest.len());
                let word = rest[..length].to_owned();
                self.take(length);
                let quoted = format!("write `\"{word}\"`");
                self.mistake(start..self.at, format!("the key `{word}` has to stand in double quotes"), quoted);
                Node { span: start..self.at, content: Content::String(word), broken: false }
            }
            '{' | '[' => {
                self.mistake(start..start + 1, "a value without a key", "give it a key: `\"key\": ` before it");
                self.rough = true;
                self.value();
                return None;
            }
            ':' | '=' => {
                self.mistake(start..start + 1, "a value without a key", "write the key before it");
                self.rough = true;
                self.take(1);
                self.skip_space();
                if !matches!(self.peek(), None | Some(b',' | b'}' | b']' | b':' | b'=')) {
                    self.value();
                }
                return None;
            }
            _ => {
                let span = start..start + first.len_utf8();
                self.take(first.len_utf8());
                self.mistake(
                    span,
                    format!("`{}` has no place here", super::reader::shown(first)),
                    "write a key in double quotes",
                );
                self.rough = true;
                return None;
            }
        };
        self.token_end = self.token_end.max(node.span.end);
        match node.content {
            Content::String(key) => Some((key, node.span)),
            _ => None,
        }
    }

    fn repeated_key(&mut self, first_places: &mut HashMap<String, usize>, member: &Member) {
        let Some(first) = first_places.get(&member.written).copied() else {
            first_places.insert(member.written.clone(), member.key_span.start);
            return;
        };
        let line = self.line_of(first);
        let message = format!("the key `{}` is here twice: the first is in line {line}", member.written);
        self.mistake_of(DUPLICATE_KEY, member.key_span.clone(), message, "remove one of them");
    }
}
