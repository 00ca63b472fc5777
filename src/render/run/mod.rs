//! Walks a compiled template over a context.
//!
//! Nothing here recurses deeper than templates may nest, and every step is counted against the limits.

mod block;
mod call;
mod output;
mod path;
mod scope;

use output::Output;
use scope::{Depth, Frame, Scope};

use super::compiled::{CallId, Compiled, Node, Operand, ProgramId, Span};
use super::error::{RenderError, RenderErrorKind};
use super::js::{Js, World};
use super::options::{Context, Options};

/// A failure, boxed to keep the good way narrow.
type Fault = Box<RenderError>;

/// Renders `template` to the end of `out`. On failure, `out` is left as it was.
pub(super) fn render<'t>(
    template: &'t Compiled,
    context: Context<'t>,
    options: &'t Options,
    out: &mut String,
) -> Result<(), RenderError> {
    let start = out.len();
    let world = World::new(context);
    let root = world.root();
    let mut run = Run { template, world, options, out: Output::new(out, options), steps: options.limits.steps };
    let scope = Scope {
        this: &root,
        depths: &Depth { value: &root, up: None },
        frame: &Frame { root: &root, turn: None, parent: None },
        params: None,
    };
    let result = run.program(template.main, &scope);
    result.map_err(|fault| {
        out.truncate(start);
        *fault
    })
}

/// One render under way.
struct Run<'t, 'o> {
    template: &'t Compiled,
    world: World<'t>,
    options: &'t Options,
    out: Output<'o>,
    /// Steps that are left.
    steps: u64,
}

impl<'t> Run<'t, '_> {
    fn program(&mut self, id: ProgramId, scope: &Scope<'_, 't>) -> Result<(), Fault> {
        let template = self.template;
        for node in template.nodes(template.program(id)) {
            match node {
                Node::Text(span) => {
                    let text = template.text(*span);
                    if !self.out.push_plain(text) {
                        return Err(self.too_long(*span));
                    }
                }
                Node::Value { path, escaped } => {
                    let path = template.path(*path);
                    self.charge(1, path.span)?;
                    let value = self.path_value(path, scope, self.options.strict)?;
                    self.print(&value, *escaped, path.span)?;
                }
                Node::Call { call, escaped } => {
                    let value = self.call(*call, scope)?;
                    self.print(&value, *escaped, template.call(*call).span)?;
                }
                Node::Block(block) => self.block(*block, scope)?,
                Node::Refused(span) => {
                    return Err(RenderError::new(
                        RenderErrorKind::Unsupported,
                        span.range(),
                        "partials and decorators are not supported",
                    )
                    .help("write the text out where it is used"));
                }
            }
        }
        Ok(())
    }

    fn operand(&mut self, operand: Operand, scope: &Scope<'_, 't>) -> Result<Js<'t>, Fault> {
        let template = self.template;
        Ok(match operand {
            Operand::Undefined => Js::Undefined,
            Operand::Null => Js::Null,
            Operand::Bool(flag) => Js::Bool(flag),
            Operand::Number(number) => Js::Number(number),
            Operand::Text(span) => Js::Text(template.text(span)),
            Operand::Path(path) => self.argument_value(template.path(path), scope)?,
            Operand::Call(call) => self.call(call, scope)?,
        })
    }

    fn print(&mut self, value: &Js<'t>, escaped: bool, span: Span) -> Result<(), Fault> {
        let (printed, steps) = self.out.push_value(self.world, value, escaped);
        self.charge(steps, span)?;
        if printed { Ok(()) } else { Err(self.too_long(span)) }
    }

    /// Takes steps off those that are left.
    #[inline]
    fn charge(&mut self, steps: u64, span: Span) -> Result<(), Fault> {
        match self.steps.checked_sub(steps) {
            Some(left) => {
                self.steps = left;
                Ok(())
            }
            None => Err(self.too_slow(span)),
        }
    }

    #[cold]
    fn too_slow(&self, span: Span) -> Fault {
        let limit = self.options.limits.steps;
        RenderError::new(RenderErrorKind::Limit, span.range(), format!("rendering takes more than {limit} steps"))
            .help("loops inside loops over long lists grow fast: render less of them")
    }

    #[cold]
    fn too_long(&self, span: Span) -> Fault {
        let limit = self.options.limits.output_bytes;
        RenderError::new(RenderErrorKind::Limit, span.range(), format!("the output is longer than {limit} bytes"))
    }

    /// The name of a call as written.
    fn call_name(&self, call: CallId) -> &'t str {
        self.template.text(self.template.call(call).name)
    }

    /// A helper's complaint about its arguments.
    fn refuse(&self, call: CallId, message: impl Into<String>) -> Fault {
        RenderError::new(RenderErrorKind::Helper, self.template.call(call).span.range(), message)
    }
}
