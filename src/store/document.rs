//! Small named things beside the queue: secrets, tokens, settings, replay jobs.

/// Where a document lies. The store does not look into any of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Shelf {
    /// Sealed secrets: what is stored is what the caller encrypted.
    Secret,
    /// Access tokens, named by their hash.
    Token,
    /// Settings, and what an installation knows about itself.
    Setting,
    /// Replay jobs and how far they are.
    ReplayJob,
}

impl Shelf {
    pub(super) const fn code(self) -> i64 {
        self as i64
    }
}

/// A document, read back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// Its name on its shelf.
    pub name: String,
    /// 1 at first, one more with each change.
    pub revision: u64,
    /// What it holds.
    pub content: Vec<u8>,
}

/// What a change expects to find.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expected {
    /// Anything, or nothing.
    Whatever,
    /// No document of that name.
    Nothing,
    /// The document as it was read.
    Revision(u64),
}

impl Expected {
    pub(super) fn holds(self, found: Option<u64>) -> bool {
        match self {
            Expected::Whatever => true,
            Expected::Nothing => found.is_none(),
            Expected::Revision(revision) => found == Some(revision),
        }
    }
}
