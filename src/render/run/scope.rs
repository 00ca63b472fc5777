//! What names mean at one place of a template: linked lists on the stack, so that nothing is allocated.

use crate::render::js::Js;

#[derive(Debug, Clone, Copy)]
pub(super) struct Scope<'s, 't> {
    /// The context: `this`.
    pub(super) this: &'s Js<'t>,
    /// The contexts that `../` climbs.
    pub(super) depths: &'s Depth<'s, 't>,
    /// The frame of `@` names.
    pub(super) frame: &'s Frame<'s, 't>,
    /// Block parameters.
    pub(super) params: Option<&'s Params<'s, 't>>,
}

#[derive(Debug)]
pub(super) struct Depth<'s, 't> {
    pub(super) value: &'s Js<'t>,
    pub(super) up: Option<&'s Depth<'s, 't>>,
}

/// `@root`, and within a loop `@index`, `@key`, `@first` and `@last`. Only loops make frames.
#[derive(Debug)]
pub(super) struct Frame<'s, 't> {
    pub(super) root: &'s Js<'t>,
    pub(super) turn: Option<Turn<'t>>,
    pub(super) parent: Option<&'s Frame<'s, 't>>,
}

#[derive(Debug)]
pub(super) struct Turn<'t> {
    pub(super) key: Js<'t>,
    pub(super) index: usize,
    pub(super) last: bool,
}

/// The block parameters of the program at `level`.
#[derive(Debug)]
pub(super) struct Params<'s, 't> {
    pub(super) level: u16,
    pub(super) values: ParamValues<'s, 't>,
    pub(super) up: Option<&'s Params<'s, 't>>,
}

/// What a block gives its parameters.
#[derive(Debug, Clone, Copy)]
pub(super) enum ParamValues<'s, 't> {
    /// Nothing at all: handlebars.js fails when such a parameter is read.
    Refused,
    /// No values: reading gives undefined.
    Empty,
    /// Its new context (`with`).
    Context(&'s Js<'t>),
    /// An item and its key (`each`).
    Item(&'s Js<'t>, &'s Js<'t>),
}

impl<'s, 't> Scope<'s, 't> {
    /// The context so many levels up.
    pub(super) fn context(&self, depth: u16) -> Option<&'s Js<'t>> {
        if depth == 0 {
            return Some(self.this);
        }
        let mut at = self.depths;
        for _ in 0..depth {
            at = at.up?;
        }
        Some(at.value)
    }

    /// The frame so many loops up.
    pub(super) fn frame(&self, depth: u16) -> Option<&'s Frame<'s, 't>> {
        let mut at = self.frame;
        for _ in 0..depth {
            at = at.parent?;
        }
        Some(at)
    }
}
