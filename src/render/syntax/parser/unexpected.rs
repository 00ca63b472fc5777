//! What a token is told that cannot stand where it stands.

use std::ops::Range;

use super::super::habits;
use super::super::lexer::{Kind, Token};
use super::super::mistake::SyntaxError;
use super::Parser;

/// Where in a tag an unexpected token was met; it decides the words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// Between tags.
    Between,
    /// Where a name must come.
    Name,
    /// After a dot.
    Segment,
    /// Where more arguments or the end may come.
    Arguments(Kind),
}

impl<'s> Parser<'s> {
    pub(super) fn source_of(&self, span: &Range<usize>) -> &'s str {
        &self.lexer.source()[span.clone()]
    }

    /// A tag from its opening braces to its closing ones, where they are on one line.
    pub(super) fn whole_tag(&self, open: &Range<usize>) -> Range<usize> {
        let source = self.lexer.source();
        let rest = &source[open.start..];
        let line = rest.find('\n').unwrap_or(rest.len());
        let end = rest[..line].find("}}").map_or(open.end, |found| open.start + found + 2);
        open.start..end.max(open.end)
    }

    pub(super) fn tag_text(&self, token: &Token<'s>) -> &'s str {
        self.source_of(&self.whole_tag(&token.span))
    }

    pub(super) fn unexpected(&self, token: &Token<'s>, open: Range<usize>, place: Place) -> SyntaxError {
        let written = self.source_of(&token.span);
        let at = token.span.clone();
        // A name at the very end lacks what must follow a name, and so is none to the lexer.
        let ended = token.kind == Kind::Invalid && at.end == self.lexer.source().len();
        if matches!(place, Place::Name | Place::Arguments(_) | Place::Segment)
            && let Some(habit) = habits::of_other_languages(self.lexer.source(), &open, &at)
        {
            return habit;
        }
        match (place, if ended { Kind::End } else { token.kind }) {
            (Place::Arguments(Kind::Close), Kind::CloseUnescaped) => {
                SyntaxError::new(at, "`}}}` closes a tag that `{{{` opened, and this one began with `{{`")
                    .help("write `}} }` when the last brace belongs to the text behind the tag")
            }
            (Place::Arguments(Kind::Close), Kind::CloseRawBlock) => {
                SyntaxError::new(at, "`}}}}` closes a raw block's tag, and this one began with `{{`")
                    .help("write `}} }}` when the last braces belong to the text behind the tag")
            }
            (Place::Arguments(Kind::CloseUnescaped), Kind::CloseRawBlock) => {
                SyntaxError::new(at, "`}}}}` closes a raw block's tag, and this one began with `{{{`")
                    .help("write `}}} }` when the last brace belongs to the text behind the tag")
            }
            (Place::Arguments(Kind::CloseUnescaped), Kind::Close) => {
                SyntaxError::new(at, "a tag that `{{{` opened must be closed by `}}}`").help("add a brace")
            }
            (Place::Arguments(Kind::CloseSubexpression), Kind::Close | Kind::CloseUnescaped | Kind::End) => {
                SyntaxError::new(open, "this `(` is never closed").help("close it with `)`")
            }
            (Place::Between, Kind::End) => SyntaxError::new(at, "the template ends too early"),
            (_, Kind::End) => SyntaxError::new(self.line_from(&open), "this tag is never closed")
                .help("close it with `}}`, or write `\\{{` for the braces themselves"),
            (
                Place::Name | Place::Arguments(_) | Place::Segment,
                Kind::Open
                | Kind::OpenBlock
                | Kind::OpenEndBlock
                | Kind::OpenInverse
                | Kind::OpenInverseChain
                | Kind::Inverse
                | Kind::OpenUnescaped
                | Kind::OpenPartial
                | Kind::OpenPartialBlock
                | Kind::OpenRawBlock
                | Kind::Comment,
            ) => SyntaxError::new(
                self.line_from(&open),
                format!("this tag is not closed before `{written}` opens the next"),
            )
            .help("close it with `}}`"),
            (Place::Segment, Kind::Number) => {
                SyntaxError::new(open.start..at.end, format!("`{written}` cannot follow a dot as it is"))
                    .help(format!("write `{}[{written}]`", self.source_of(&open)))
            }
            (Place::Segment, _) => SyntaxError::new(at, format!("a name must follow the dot, not `{written}`"))
                .help("put unusual names in brackets: `a.[b c]`"),
            (Place::Name, Kind::Close | Kind::CloseUnescaped) => {
                SyntaxError::new(open.start..at.end, "this tag names nothing").help("name a variable or a helper")
            }
            (_, Kind::Invalid) if written == "}" => {
                SyntaxError::new(open.start..at.end, "this tag is closed by one brace only").help("add a brace: `}}`")
            }
            (_, Kind::Invalid) => SyntaxError::new(at, format!("`{written}` cannot stand in a tag here"))
                .help("put unusual names in brackets, `[like this]`, and texts in quotes"),
            _ => SyntaxError::new(at, format!("`{written}` cannot stand here")),
        }
    }

    /// From the start of an opening token to the end of its line.
    pub(super) fn line_from(&self, open: &Range<usize>) -> Range<usize> {
        let rest = &self.lexer.source()[open.start..];
        let line = rest.find('\n').unwrap_or(rest.len());
        open.start..open.end.max(open.start + rest[..line].trim_end().len())
    }
}
