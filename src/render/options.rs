//! What a render is told: what to read, how to escape, how far to go.

use super::escape::Escape;
use crate::value::Value;

/// How a template is rendered. `Options::default()` is lenient, without escaping, within [`Limits::default`].
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// What values are escaped for.
    pub escape: Escape,
    /// Whether a missing name is an error, as in the strict mode of handlebars.js.
    pub strict: bool,
    /// Whether a helper that makes a text refuses a name that is absent or null; JavaScript would write
    /// `undefined` or `null`.
    pub exact: bool,
    /// How far one render may go.
    pub limits: Limits,
    /// When and under which one-time number `edgeGridAuth` signs.
    pub moment: Moment,
}

impl Options {
    /// Lenient, with this escaping.
    pub fn new(escape: Escape) -> Self {
        Options { escape, strict: false, exact: false, limits: Limits::default(), moment: Moment::default() }
    }

    /// The same, but a missing name is an error.
    #[must_use]
    pub fn strictly(self) -> Self {
        Options { strict: true, ..self }
    }

    /// The same, but a helper that makes a text refuses what is absent or null.
    #[must_use]
    pub fn exactly(self) -> Self {
        Options { exact: true, ..self }
    }
}

impl Default for Options {
    fn default() -> Self {
        Options::new(Escape::None)
    }
}

/// How far one render may go before it is an error. Steps are counted, so that the same input fails in the
/// same way on every machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of output.
    pub output_bytes: usize,
    /// Steps: tags met, turns of a loop, pieces of text handled. The default takes well under a second.
    pub steps: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Limits { output_bytes: 10 * 1024 * 1024, steps: 10_000_000 }
    }
}

/// The time of a signature and the number that makes it unique. The caller gives both: this room has no clock
/// and throws no dice. The default is the epoch, which every receiver refuses.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Moment {
    /// Milliseconds since 1970, UTC.
    pub milliseconds: i64,
    /// A number that is used once.
    pub nonce: u128,
}

/// What a template reads: a root value, and names laid over it as if they were members of the root.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// The root.
    pub root: &'a Value<'a>,
    /// Names that stand beside the root's own members, and before them.
    pub overlay: &'a [(&'a str, &'a Value<'a>)],
}

impl<'a> Context<'a> {
    /// A root and nothing laid over it.
    pub fn new(root: &'a Value<'a>) -> Self {
        Context { root, overlay: &[] }
    }
}
