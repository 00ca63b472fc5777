//! White space: what `~` takes away, and lines that hold nothing but a tag.
//!
//! The order of the steps matters, and some of them look odd: they are those of handlebars.js, whose output
//! depends on them.

use super::is_space;
use super::tree::{Block, BlockKind, Content, Program, Statement, Strip};

/// Takes white space off the contents of a template.
pub(super) fn control(source: &str, program: &mut Program) {
    Pass { source }.program(program, true);
}

struct Pass<'s> {
    source: &'s str,
}

/// What a statement asks of the text around it.
#[derive(Debug, Clone, Copy, Default)]
struct Wish {
    open: bool,
    close: bool,
    open_standalone: bool,
    close_standalone: bool,
    inline_standalone: bool,
}

impl Pass<'_> {
    fn program(&self, program: &mut Program, root: bool) {
        let body = &mut program.body;
        for at in 0..body.len() {
            let Some(wish) = self.statement(&mut body[at]) else { continue };
            let previous = self.ends_line(&body[..at], root);
            let next = self.starts_line(&body[at + 1..], root);
            if wish.close {
                self.omit_right(body.get_mut(at + 1), true);
            }
            if wish.open {
                self.omit_left(at.checked_sub(1).and_then(|before| body.get_mut(before)), true);
            }
            if wish.inline_standalone && previous && next {
                self.omit_right(body.get_mut(at + 1), false);
                self.omit_left(at.checked_sub(1).and_then(|before| body.get_mut(before)), false);
            }
            if wish.open_standalone && previous {
                if let Statement::Block(block) = &mut body[at]
                    && let Some(program) = block.program.as_mut().or(block.inverse.as_mut())
                {
                    self.omit_right(program.body.first_mut(), false);
                }
                self.omit_left(at.checked_sub(1).and_then(|before| body.get_mut(before)), false);
            }
            if wish.close_standalone && next {
                self.omit_right(body.get_mut(at + 1), false);
                if let Statement::Block(block) = &mut body[at]
                    && let Some(program) = block.inverse.as_mut().or(block.program.as_mut())
                {
                    self.omit_left(program.body.last_mut(), false);
                }
            }
        }
    }

    fn statement(&self, statement: &mut Statement) -> Option<Wish> {
        let inline =
            |strip: Strip| Wish { open: strip.open, close: strip.close, inline_standalone: true, ..Wish::default() };
        match statement {
            Statement::Content(_) => None,
            Statement::Comment(strip) => Some(inline(*strip)),
            Statement::Partial(partial) => Some(inline(partial.strip)),
            Statement::Mustache(mustache) => {
                Some(Wish { open: mustache.strip.open, close: mustache.strip.close, ..Wish::default() })
            }
            Statement::Block(block) => Some(self.block(block)),
        }
    }

    fn block(&self, block: &mut Block) -> Wish {
        if let Some(program) = &mut block.program {
            self.program(program, false);
        }
        if let Some(inverse) = &mut block.inverse {
            self.program(inverse, false);
        }
        let (open_strip, inverse_strip, close_strip) = (block.open_strip, block.inverse_strip, block.close_strip);
        // A block of only an inverse is treated by that one side.
        let (program, inverse) = match (&mut block.program, &mut block.inverse) {
            (Some(program), inverse) => (program, inverse.as_mut().filter(|_| block.kind == BlockKind::Helper)),
            (None, Some(inverse)) => (inverse, None),
            (None, None) => return Wish::default(),
        };
        let mut wish = Wish {
            open: open_strip.open,
            close: close_strip.close,
            open_standalone: self.starts_line(&program.body, false),
            ..Wish::default()
        };
        if open_strip.close {
            self.omit_right(program.body.first_mut(), true);
        }
        let Some(inverse) = inverse else {
            wish.close_standalone = self.ends_line(&program.body, false);
            if close_strip.open {
                self.omit_left(program.body.last_mut(), true);
            }
            return wish;
        };
        // In a chain it is the first link's own program that counts.
        let chained = inverse.chained;
        let Some(first) = (match inverse.body.first_mut() {
            Some(Statement::Block(link)) if chained => link.program.as_mut().map(|program| &mut program.body),
            _ => Some(&mut inverse.body),
        }) else {
            return wish;
        };
        wish.close_standalone = self.ends_line(first, false);
        if inverse_strip.open {
            self.omit_left(program.body.last_mut(), true);
        }
        if inverse_strip.close {
            self.omit_right(first.first_mut(), true);
        }
        if close_strip.open {
            self.omit_left(first.last_mut(), true);
        }
        if self.ends_line(&program.body, false) && self.starts_line(first, false) {
            self.omit_left(program.body.last_mut(), false);
            self.omit_right(first.first_mut(), false);
        }
        wish
    }

    /// Whether what stands before is the start of a line.
    fn ends_line(&self, before: &[Statement], root: bool) -> bool {
        match before {
            [] => root,
            [.., Statement::Content(content)] => {
                let text = &self.source[content.original.clone()];
                let kept = text.trim_end_matches(is_space).len();
                text[kept..].contains('\n') || (kept == 0 && before.len() == 1 && root)
            }
            _ => false,
        }
    }

    /// Whether what stands behind is the end of a line.
    fn starts_line(&self, behind: &[Statement], root: bool) -> bool {
        match behind {
            [] => root,
            [Statement::Content(content), ..] => {
                let text = &self.source[content.original.clone()];
                let spaces = text.len() - text.trim_start_matches(is_space).len();
                text[..spaces].contains('\n') || (spaces == text.len() && behind.len() == 1 && root)
            }
            _ => false,
        }
    }

    /// Takes white space off the start of a content: up to and with the line's end, or all of it.
    fn omit_right(&self, statement: Option<&mut Statement>, all: bool) {
        let Some(content) = content(statement) else { return };
        if !all && content.right_stripped {
            return;
        }
        let text = &self.source[content.value.clone()];
        let rest = if all {
            text.trim_start_matches(is_space)
        } else {
            let rest = text.trim_start_matches([' ', '\t']);
            let rest = rest.strip_prefix('\r').unwrap_or(rest);
            rest.strip_prefix('\n').unwrap_or(rest)
        };
        content.right_stripped = rest.len() != text.len();
        content.value.start += text.len() - rest.len();
    }

    /// Takes white space off the end of a content: blanks and tabs, or all of it.
    fn omit_left(&self, statement: Option<&mut Statement>, all: bool) {
        let Some(content) = content(statement) else { return };
        if !all && content.left_stripped {
            return;
        }
        let text = &self.source[content.value.clone()];
        let rest = if all { text.trim_end_matches(is_space) } else { text.trim_end_matches([' ', '\t']) };
        content.left_stripped = rest.len() != text.len();
        content.value.end -= text.len() - rest.len();
    }
}

fn content(statement: Option<&mut Statement>) -> Option<&mut Content> {
    match statement {
        Some(Statement::Content(content)) => Some(content),
        _ => None,
    }
}
