//! What is written: escaped by where it lands, and never more than allowed.

use crate::render::escape::{Escape, push_html, push_json};
use crate::render::js::{Js, OBJECT_TEXT, World};
use crate::render::number_text::push_number;
use crate::render::options::Options;
use crate::value::Value;

#[derive(Debug)]
pub(super) struct Output<'o> {
    buffer: &'o mut String,
    /// Length of the buffer that must not be passed.
    limit: usize,
    escape: Escape,
}

impl<'o> Output<'o> {
    pub(super) fn new(buffer: &'o mut String, options: &Options) -> Self {
        let limit = buffer.len().saturating_add(options.limits.output_bytes);
        Output { buffer, limit, escape: options.escape }
    }

    /// Appends text of the template. `false` when the limit is passed.
    #[inline]
    pub(super) fn push_plain(&mut self, text: &str) -> bool {
        if self.buffer.len() + text.len() > self.limit {
            return false;
        }
        self.buffer.push_str(text);
        true
    }

    /// Appends a value. `false` when the limit is passed; and how many steps it took.
    #[inline]
    pub(super) fn push_value(&mut self, world: World<'_>, value: &Js<'_>, escaped: bool) -> (bool, u64) {
        match value {
            Js::Text(text) => (self.push_text(text, escaped), 0),
            Js::Made(text) => (self.push_text(text, escaped), 0),
            Js::Undefined | Js::Null => (true, 0),
            Js::Number(number) => {
                push_number(self.buffer, *number);
                (self.buffer.len() <= self.limit, 0)
            }
            Js::Bool(flag) => (self.push_plain(if *flag { "true" } else { "false" }), 0),
            Js::Object(_) | Js::Nothing => (self.push_plain(OBJECT_TEXT), 0),
            Js::Array(items) => {
                let mut steps = 0;
                (self.push_items(items, escaped, &mut steps), steps)
            }
            Js::Root => {
                let text = world.text(value);
                (self.push_text(&text, escaped), 1)
            }
        }
    }

    fn push_text(&mut self, text: &str, escaped: bool) -> bool {
        if self.buffer.len() + text.len() > self.limit {
            return false;
        }
        match self.escape {
            Escape::Json => push_json(self.buffer, text),
            Escape::Html if escaped => push_html(self.buffer, text),
            Escape::Html | Escape::None => self.buffer.push_str(text),
        }
        self.buffer.len() <= self.limit
    }

    /// A list prints its items with commas between them. Depth is bounded by how deep a value may nest.
    fn push_items(&mut self, items: &[Value<'_>], escaped: bool, steps: &mut u64) -> bool {
        *steps += u64::try_from(items.len()).unwrap_or(u64::MAX);
        items.iter().enumerate().all(|(at, item)| {
            (at == 0 || self.push_plain(","))
                && match item {
                    Value::Null => true,
                    Value::Bool(flag) => self.push_plain(if *flag { "true" } else { "false" }),
                    Value::Number(number) => {
                        push_number(self.buffer, *number);
                        self.buffer.len() <= self.limit
                    }
                    Value::String(text) => self.push_text(text, escaped),
                    Value::Array(items) => self.push_items(items, escaped, steps),
                    Value::Object(_) => self.push_plain(OBJECT_TEXT),
                }
        })
    }
}
