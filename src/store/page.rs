//! Lists are read newest first, a page at a time, from where the last page ended.

use std::fmt;
use std::str::FromStr;

/// Where a page ended. It stays valid while events come and go: what is new does not shift it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor(pub(super) u64);

impl fmt::Display for Cursor {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "c{:x}", self.0)
    }
}

impl FromStr for Cursor {
    type Err = NotACursor;

    fn from_str(text: &str) -> Result<Self, NotACursor> {
        let digits = text.strip_prefix('c').filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
        let number = digits.and_then(|digits| u64::from_str_radix(digits, 16).ok());
        number.filter(|number| i64::try_from(*number).is_ok()).map(Cursor).ok_or(NotACursor)
    }
}

/// A text that no page ended with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a cursor")]
pub struct NotACursor;

/// Which page is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageRequest {
    /// Where the last page ended; `None` for the newest.
    pub after: Option<Cursor>,
    /// How many items at most; at least one and at most [`PageRequest::MOST`] are looked for.
    pub limit: usize,
}

impl PageRequest {
    /// The largest page.
    pub const MOST: usize = 1000;

    /// The newest items.
    pub fn first(limit: usize) -> Self {
        PageRequest { after: None, limit }
    }

    pub(super) fn size(self) -> usize {
        self.limit.clamp(1, Self::MOST)
    }
}

/// A page of a list. A page may be short and yet have a successor: looking for rare items is cut into bounded steps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// The items, newest first.
    pub items: Vec<T>,
    /// Where to go on; `None` at the end.
    pub next: Option<Cursor>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_read_back() {
        assert_eq!(Cursor(0x2f00).to_string().parse(), Ok(Cursor(0x2f00)));
    }

    #[test]
    fn what_is_no_cursor_is_refused() {
        for text in ["", "c", "12", "c-1", "c+1", "cffffffffffffffff", "cfffffffffffffffff", "c 1", "cé"] {
            assert_eq!(text.parse::<Cursor>(), Err(NotACursor), "{text}");
        }
    }
}
