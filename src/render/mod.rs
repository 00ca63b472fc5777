//! Handlebars as handlebars.js 4.7 means it, escaped for where the text lands.
//!
//! Templates are compiled once and rendered often. This room knows nothing of HTTP, manifests or files; it has
//! no clock either, so what a signature needs comes with the [`Options`]. Partials are refused.
//!
//! `syntax` reads, `lower` gives names their meaning, `run` walks; `js` is what values mean to all of them.

mod compiled;
mod error;
mod escape;
mod helpers;
mod js;
mod lower;
mod number_text;
mod options;
pub mod outline;
mod run;
mod syntax;
mod walk;

pub use error::{RenderError, RenderErrorKind};
pub use escape::{Escape, json_escaped};
pub use helpers::helper_names;
pub use options::{Context, Limits, Moment, Options};
pub use syntax::SyntaxError;
pub use walk::{Argument, CallForm, Enclosing, HelperCall, Origin, Piece, Reference, Role, Step};

use compiled::Compiled;

/// A compiled template; cheap to share, free of borrowed text.
#[derive(Debug)]
pub struct Template {
    compiled: Compiled,
}

impl Template {
    /// Compiles a template.
    ///
    /// # Errors
    /// The first mistake of syntax, with its place.
    pub fn compile(source: &str) -> Result<Template, SyntaxError> {
        let program = syntax::read(source)?;
        Ok(Template { compiled: lower::lower(source, &program) })
    }

    /// Renders the template.
    ///
    /// # Errors
    /// See [`RenderErrorKind`].
    pub fn render(&self, context: Context<'_>, options: Options) -> Result<String, RenderError> {
        let mut out = String::new();
        self.render_into(context, options, &mut out)?;
        Ok(out)
    }

    /// Renders the template to the end of `out`, which is left as it was when that fails.
    ///
    /// # Errors
    /// See [`RenderErrorKind`].
    pub fn render_into(&self, context: Context<'_>, options: Options, out: &mut String) -> Result<(), RenderError> {
        run::render(&self.compiled, context, &options, out)
    }

    /// Every name that the template reads, in order.
    pub fn references(&self) -> Vec<Reference> {
        walk::survey(&self.compiled).references
    }

    /// Every call of a helper, known or not, in order; calls around before the ones within.
    pub fn helper_calls(&self) -> Vec<HelperCall> {
        walk::survey(&self.compiled).calls
    }

    /// The template laid out flat: texts, values, and how blocks lie.
    pub fn outline(&self) -> Vec<Piece> {
        walk::survey(&self.compiled).pieces
    }

    /// The text it was compiled from.
    pub fn source(&self) -> &str {
        self.compiled.source()
    }
}
