//! Brackets: each waits for its partner, and some wait in vain.

use super::MAX_DEPTH;
use super::reader::{Open, Reader};

/// What to do about a closing bracket of the wrong kind.
pub(super) enum Mismatch {
    /// It was meant to close this container.
    Closes,
    /// It closes a container further out; this one was never closed.
    Outer,
    /// It is one too many.
    Stray,
}

impl Reader<'_> {
    /// Takes an opening bracket, unless it is one too deep.
    pub(super) fn enter(&mut self, closer: u8) -> bool {
        let at = self.at;
        if self.open.len() >= MAX_DEPTH {
            self.mistake(at..at + 1, format!("nested more than {MAX_DEPTH} levels deep"), "take levels out");
            self.rough = true;
            self.stop();
            return false;
        }
        let line_start = self.line_start();
        let line = &self.text[line_start..at];
        let indent = line.len() - line.trim_start().len();
        self.open.push(Open { at, closer, indent });
        self.take(1);
        true
    }

    /// Takes the closing bracket.
    pub(super) fn close(&mut self, trailing_comma: Option<usize>) {
        if let Some(comma) = trailing_comma {
            self.mistake(comma..comma + 1, "a comma after the last value", "remove this comma");
        }
        let line_start = self.line_start();
        let indent = self.at - line_start;
        let alone = self.text[line_start..self.at].trim_start().is_empty();
        if let Some((open, around)) = self.open.split_last() {
            // A closing bracket in the column of an outer one: the likely place of one that is missing.
            let elsewhere = alone && open.at < line_start && indent < open.indent;
            if elsewhere && self.suspect.is_none() && around.iter().any(|outer| outer.indent == indent) {
                self.suspect = Some(*open);
            }
        }
        self.take(1);
    }

    /// A closing bracket of the other kind: what was it meant to close?
    pub(super) fn mismatch(&mut self, found: u8) -> Mismatch {
        let at = self.at;
        let Some(inner) = self.open.last().copied() else { return Mismatch::Stray };
        let depth = self.open.len();
        let outer = self.open[..depth - 1].iter().any(|open| open.closer == found).then_some(());
        let unclosed = closers_left(&self.text[at + 1..]);
        let (opened, line) = (inner.opener(), self.line_of(inner.at));
        let (wanted, found) = (inner.closer as char, found as char);
        if unclosed == depth as isize {
            self.mistake(at..at + 1, format!("this `{found}` closes nothing"), format!("remove this `{found}`"));
            return Mismatch::Stray;
        }
        match outer {
            Some(()) if unclosed != depth as isize - 1 => {
                self.mistake(
                    at..at + 1,
                    format!("`{wanted}` is missing before this `{found}`"),
                    format!("add `{wanted}`: the `{opened}` of line {line} is not closed"),
                );
                Mismatch::Outer
            }
            _ => {
                self.mistake(
                    at..at + 1,
                    format!("the `{opened}` of line {line} is closed by `{found}`"),
                    format!("write `{wanted}`"),
                );
                Mismatch::Closes
            }
        }
    }

    /// The text ends while something is open.
    pub(super) fn ended_early(&mut self) {
        if self.stopped {
            return;
        }
        self.rough = true;
        let end = self.token_end;
        if let Some(suspect) = self.suspect {
            let bracket = suspect.opener();
            let closer = suspect.closer as char;
            self.mistake(
                suspect.at..suspect.at + 1,
                format!("this `{bracket}` is not closed"),
                format!("add `{closer}` where it ends: the brackets after it are one short"),
            );
        } else if let Some(inner) = self.open.last().copied() {
            let bracket = inner.opener();
            let line = self.line_of(inner.at);
            let closers: String = self.open.iter().rev().map(|open| open.closer as char).collect();
            let others = match self.open.len() - 1 {
                0 => String::new(),
                1 => " and 1 bracket around it".to_owned(),
                more => format!(" and {more} brackets around it"),
            };
            self.mistake(
                end..end,
                format!("the file ends before the `{bracket}` of line {line}{others} is closed"),
                format!("add `{closers}`, or bring back what is missing"),
            );
        }
        self.stop();
    }
}

/// How many more brackets the rest of a text closes than it opens.
pub(super) fn closers_left(rest: &str) -> isize {
    let mut balance = 0;
    let mut in_string = false;
    let mut bytes = rest.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            b'\\' if in_string => {
                bytes.next();
            }
            b'"' => in_string = !in_string,
            // A string does not go past its line, so a quote that is missing spoils one line only.
            b'\n' => in_string = false,
            b'{' | b'[' if !in_string => balance -= 1,
            b'}' | b']' if !in_string => balance += 1,
            _ => {}
        }
    }
    balance
}
