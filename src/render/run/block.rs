//! Blocks: conditions, loops, sections, and helpers that choose between their two sides.

use super::scope::{Depth, Frame, ParamValues, Params, Scope, Turn};
use super::{Fault, Run};
use crate::render::compiled::{Block, BlockId, CallId, Helper, Node, ProgramId, Subject};
use crate::render::js::Js;
use crate::value::{Number, Value};

/// How a block goes on.
enum Next {
    /// It has written all it had to.
    Done,
    /// One of its sides is rendered with the context it stands in.
    Side(Option<ProgramId>),
    /// The same, but null has become the empty object, as in a helper's `this`.
    HelperSide(Option<ProgramId>),
}

impl<'t> Run<'t, '_> {
    pub(super) fn block(&mut self, id: BlockId, scope: &Scope<'_, 't>) -> Result<(), Fault> {
        let template = self.template;
        let mut block = template.block(id);
        let nothing = Js::Nothing;
        let mut scope = *scope;
        // Each turn is a link of an `{{else if}}` chain; the chain costs no stack.
        loop {
            self.charge(1, block.span)?;
            let next = match block.subject {
                Subject::Section(path) => {
                    let path = template.path(path);
                    let value = self.path_value(path, &scope, self.options.strict)?;
                    self.section(block, &value, &scope)?
                }
                Subject::Call(call) => self.block_call(block, call, &scope)?,
            };
            let side = match next {
                Next::Done => return Ok(()),
                Next::Side(side) => side,
                Next::HelperSide(side) => {
                    if matches!(scope.this, Js::Null | Js::Undefined) {
                        scope.this = &nothing;
                    }
                    side
                }
            };
            let Some(side) = side else { return Ok(()) };
            let program = template.program(side);
            if program.params > 0 {
                let params = Params { level: program.level, values: ParamValues::Refused, up: scope.params };
                return self.program(side, &Scope { params: Some(&params), ..scope });
            }
            match template.nodes(program) {
                [Node::Block(link)] if program.chained => block = template.block(*link),
                _ => return self.program(side, &scope),
            }
        }
    }

    /// A section: `{{#name}}` where `name` is no helper.
    fn section(&mut self, block: &Block, value: &Js<'t>, scope: &Scope<'_, 't>) -> Result<Next, Fault> {
        let plain;
        let value = match value {
            // With nothing but the root to look through, a root that is no object is what it is.
            Js::Root if self.world.plain => {
                plain = Js::from(self.world.context.root);
                &plain
            }
            other => other,
        };
        Ok(match value {
            Js::Bool(true) => Next::Side(block.program),
            Js::Bool(false) | Js::Null | Js::Undefined => Next::Side(block.inverse),
            Js::Array(items) if items.is_empty() => Next::Side(block.inverse),
            Js::Array(items) => {
                self.each_item(block, items, scope)?;
                Next::Done
            }
            other => {
                if let Some(program) = block.program {
                    self.enter(program, other, scope, scope.frame, ParamValues::Empty)?;
                }
                Next::Done
            }
        })
    }

    fn block_call(&mut self, block: &Block, call: CallId, scope: &Scope<'_, 't>) -> Result<Next, Fault> {
        let arguments = self.template.arguments(self.template.call(call));
        let helper = self.template.call(call).helper;
        Ok(match (helper, arguments) {
            (Helper::If | Helper::Unless, &[condition]) => {
                let value = self.operand(condition, scope)?;
                let includes_zero = self.named_arguments(call, scope)?;
                let holds = if matches!(value, Js::Number(_)) && !self.world.truthy(&value) {
                    includes_zero
                } else {
                    !self.world.empty(&value)
                };
                let side = if holds == (helper == Helper::If) { block.program } else { block.inverse };
                Next::HelperSide(side)
            }
            (Helper::Equal, &[left, right]) => {
                let (left, right) = (self.operand(left, scope)?, self.operand(right, scope)?);
                self.named_arguments(call, scope)?;
                let equal = self.world.strictly_equal(&left, &right);
                Next::HelperSide(if equal { block.program } else { block.inverse })
            }
            (Helper::With, &[argument]) => {
                let value = self.operand(argument, scope)?;
                self.named_arguments(call, scope)?;
                if self.world.empty(&value) {
                    return Ok(Next::HelperSide(block.inverse));
                }
                if let Some(program) = block.program {
                    self.enter(program, &value, scope, scope.frame, ParamValues::Context(&value))?;
                }
                Next::Done
            }
            (Helper::Each, &[argument]) => {
                let value = self.operand(argument, scope)?;
                self.named_arguments(call, scope)?;
                self.each(block, &value, scope)?
            }
            (Helper::If | Helper::Unless | Helper::With | Helper::Each, _) => {
                let name = self.call_name(call);
                return Err(self.refuse(call, format!("`{name}` takes exactly one argument")));
            }
            (Helper::Equal, _) => {
                let name = self.call_name(call);
                return Err(self.refuse(call, format!("`{name}` compares exactly two values")));
            }
            _ => {
                // Any other helper's block is what it returns.
                let value = self.call(call, scope)?;
                self.print(&value, false, self.template.call(call).span)?;
                Next::Done
            }
        })
    }

    fn each(&mut self, block: &Block, value: &Js<'t>, scope: &Scope<'_, 't>) -> Result<Next, Fault> {
        let rendered = match value {
            Js::Array(items) => {
                self.each_item(block, items, scope)?;
                !items.is_empty()
            }
            Js::Object(object) => {
                let last = object.len().wrapping_sub(1);
                for (index, (key, value)) in object.iter().enumerate() {
                    self.turn(block, Js::Text(key), value, index, index == last, scope)?;
                }
                !object.is_empty()
            }
            Js::Root if !self.world.plain => {
                let mut members = self.world.root_members().enumerate().peekable();
                let mut any = false;
                while let Some((index, (key, value))) = members.next() {
                    any = true;
                    self.turn(block, Js::Text(key), value, index, members.peek().is_none(), scope)?;
                }
                any
            }
            Js::Root => {
                let plain = Js::from(self.world.context.root);
                return self.each(block, &plain, scope);
            }
            _ => false,
        };
        Ok(if rendered { Next::Done } else { Next::HelperSide(block.inverse) })
    }

    fn each_item(&mut self, block: &Block, items: &'t [Value<'t>], scope: &Scope<'_, 't>) -> Result<(), Fault> {
        let last = items.len().wrapping_sub(1);
        for (index, item) in items.iter().enumerate() {
            let key = Js::Number(Number::Unsigned(u64::try_from(index).unwrap_or(u64::MAX)));
            self.turn(block, key, item, index, index == last, scope)?;
        }
        Ok(())
    }

    fn turn(
        &mut self,
        block: &Block,
        key: Js<'t>,
        value: &'t Value<'t>,
        index: usize,
        last: bool,
        scope: &Scope<'_, 't>,
    ) -> Result<(), Fault> {
        self.charge(1, block.span)?;
        let Some(program) = block.program else { return Ok(()) };
        let item = Js::from(value);
        let param_key = key.clone();
        let frame = Frame { root: scope.frame.root, turn: Some(Turn { key, index, last }), parent: Some(scope.frame) };
        self.enter(program, &item, scope, &frame, ParamValues::Item(&item, &param_key))
    }

    /// Renders a program with a context of its own.
    fn enter<'s>(
        &mut self,
        id: ProgramId,
        this: &'s Js<'t>,
        scope: &Scope<'s, 't>,
        frame: &'s Frame<'s, 't>,
        values: ParamValues<'s, 't>,
    ) -> Result<(), Fault> {
        let program = self.template.program(id);
        // As in handlebars.js, a context that loosely equals the one around it is no step for `../`.
        let step;
        let depths = if self.template.uses_depths && !self.world.loosely_equal(this, scope.depths.value) {
            step = Depth { value: this, up: Some(scope.depths) };
            &step
        } else {
            scope.depths
        };
        let own;
        let params = if program.params > 0 {
            own = Params { level: program.level, values, up: scope.params };
            Some(&own)
        } else {
            scope.params
        };
        self.program(id, &Scope { this, depths, frame, params })
    }
}
