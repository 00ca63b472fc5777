//! Where in an address each value of its template lands.

use std::ops::Range;

use crate::render::outline::{Call, Part};

/// A part of an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Position {
    /// The front: the value brings its own scheme and host.
    Front,
    /// Name and password before the host.
    UserInfo,
    /// The host.
    Host,
    /// The path.
    Path,
    /// The query.
    Query,
    /// What follows the number sign.
    Fragment,
}

/// Where each value of an address lands, by the bytes of its tag. Both sides of a block are read in turn.
pub(crate) fn positions(text: &str, parts: &[Part]) -> Vec<(Range<usize>, Position)> {
    let mut walk = Walk { text, position: Position::Front, begun: false, values: Vec::new() };
    walk.parts(parts);
    walk.values
}

/// Where the value that begins at this byte lands.
pub(crate) fn position_at(positions: &[(Range<usize>, Position)], at: usize) -> Option<Position> {
    let next = positions.partition_point(|(span, _)| span.start <= at);
    let (span, position) = positions.get(next.checked_sub(1)?)?;
    span.contains(&at).then_some(*position)
}

struct Walk<'t> {
    text: &'t str,
    position: Position,
    /// Whether anything stands before.
    begun: bool,
    values: Vec<(Range<usize>, Position)>,
}

impl Walk<'_> {
    fn parts(&mut self, parts: &[Part]) {
        for part in parts {
            match part {
                Part::Text(span) => self.text(&self.text[span.clone()]),
                Part::Value(call) => self.value(call),
                Part::Block(block) => {
                    self.parts(&block.body);
                    self.parts(&block.inverse);
                }
            }
        }
    }

    fn value(&mut self, call: &Call) {
        self.values.push((call.span.clone(), self.position));
        self.begun = true;
    }

    fn text(&mut self, text: &str) {
        for (at, character) in text.char_indices() {
            self.position = match (self.position, character) {
                (Position::Front, ':') if text[at..].starts_with("://") => Position::Host,
                (Position::Front, '/') if self.begun => Position::Path,
                (Position::Front | Position::Path, '?') => Position::Query,
                // The two slashes that follow the scheme's colon belong to it.
                (Position::Host, '/') if text[..at].ends_with(':') || text[..at].ends_with(":/") => Position::Host,
                (Position::Host, '/') => Position::Path,
                (Position::Host, '?') => Position::Query,
                (Position::Host, '@') => {
                    self.all_before_were_user_info();
                    Position::Host
                }
                (Position::Query, '#') | (Position::Path, '#') | (Position::Host, '#') => Position::Fragment,
                (position, _) => position,
            };
            self.begun |= !character.is_whitespace();
        }
    }

    fn all_before_were_user_info(&mut self) {
        for (_, position) in &mut self.values {
            if *position == Position::Host {
                *position = Position::UserInfo;
            }
        }
    }
}
