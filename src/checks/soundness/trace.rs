//! Which part of a template made which part of its output.
//!
//! A second copy of the template carries a mark before every piece of text and every tag that prints. Rendered
//! with the same event, its marks tell where each piece of the output came from. Marks stand only where a line
//! has something else on it, so they change nothing of what white space the template drops.

use std::ops::Range;

use super::json::{self, Kind, Mistake};
use super::repeated::repeated_names;
use crate::render::outline::Part;
use crate::render::{Context, Options, Template};

const OPEN: char = '\u{f8f0}';
const CLOSE: char = '\u{f8f1}';

/// A template that tells where its output comes from.
#[derive(Debug)]
pub(super) struct Trace<'t> {
    text: &'t str,
    marked: Template,
    marks: Vec<Mark>,
    /// Every block: from its opening tag to the end of what is in it.
    blocks: Vec<Range<usize>>,
}

#[derive(Debug, Clone)]
struct Mark {
    /// The text from here to the next tag, or the whole tag.
    span: Range<usize>,
    prints: bool,
}

/// A mistake of the output, and where in the template it was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Traced {
    pub(super) kind: Kind,
    /// Bytes of the template.
    pub(super) span: Range<usize>,
    /// The tag that printed what is wrong, if a tag did.
    pub(super) tag: Option<Range<usize>>,
}

/// One render, taken apart.
struct Output {
    text: String,
    /// Where in `text` what each mark stands before begins, and the mark.
    from: Vec<(usize, usize)>,
}

impl<'t> Trace<'t> {
    /// Marks a template. `None` when that cannot be done without changing what it means.
    pub(super) fn new(text: &'t str, parts: &[Part]) -> Option<Trace<'t>> {
        let mut marking = Marking { text, out: String::with_capacity(text.len() * 2), copied: 0, marks: Vec::new() };
        marking.parts(parts);
        let Marking { mut out, copied, marks, .. } = marking;
        out.push_str(&text[copied..]);
        let mut blocks = Vec::new();
        block_spans(parts, &mut blocks);
        Some(Trace { text, marked: Template::compile(&out).ok()?, marks, blocks })
    }

    /// What is wrong with the output for `context`, traced back to the template.
    pub(super) fn mistakes(&self, context: Context<'_>, options: Options) -> Vec<Traced> {
        let Ok(marked) = self.marked.render(context, options) else { return Vec::new() };
        let output = Output::read(&marked);
        if output.text.trim().is_empty() {
            return Vec::new();
        }
        let mut found: Vec<Traced> = Vec::new();
        let mut text = output.text.clone();
        let mut read = None;
        while let Some(mistake) = json::first_mistake(&text) {
            // A guess that did not help says nothing about what follows.
            if read.is_some_and(|read| mistake.span.start <= read) || found.len() == ENOUGH {
                break;
            }
            read = Some(mistake.span.start);
            let traced = self.traced(&output, &mistake);
            // What a tag printed is taken as one value, whatever it holds.
            let mended = match traced.tag.as_ref().filter(|_| traced.kind == Kind::Unquoted) {
                Some(_) => output.printed_at(mistake.span.start).map(|span| json::replaced(&text, span, "0")),
                None => json::mend(&text, &mistake),
            };
            found.push(traced);
            match mended {
                Some(mended) => text = mended,
                None => break,
            }
        }
        found
    }

    fn traced(&self, output: &Output, mistake: &Mistake) -> Traced {
        let kind = mistake.kind;
        let here = self.origin(output, mistake.span.start);
        let before = self.origin(output, mistake.after.saturating_sub(1));
        let within =
            here.prints && (before.span == here.span || !matches!(kind, Kind::MissingComma | Kind::MissingColon));
        if within && !matches!(kind, Kind::MissingValue | Kind::OpenBracket) {
            return Traced { kind: Kind::Unquoted, span: here.span.clone(), tag: Some(here.span) };
        }
        let after = before.span.end..before.span.end;
        let span = match kind {
            // A tag that printed nothing leaves no byte of its own.
            Kind::MissingValue => match self.silent_tag(output, mistake.after, mistake.span.start) {
                Some(tag) => return Traced { kind, span: tag.clone(), tag: Some(tag) },
                None => after,
            },
            // The comma belongs to the part that is not always there.
            Kind::MissingComma | Kind::MissingColon => {
                let opened = |span: &Range<usize>, other: &Range<usize>| {
                    self.blocks.iter().any(|block| block.contains(&span.start) && !block.contains(&other.start))
                };
                if opened(&here.span, &before.span) && !opened(&before.span, &here.span) {
                    here.span.clone()
                } else {
                    after
                }
            }
            Kind::OpenBracket => mistake.bracket.map_or(after, |bracket| self.origin(output, bracket).span),
            // The whole word, as far as the template writes it at a stretch.
            Kind::Unquoted if !here.prints => {
                let end = self.boundary(here.span.start + mistake.span.len());
                here.span.start..end.min(self.piece_end(here.span.start)).max(here.span.end)
            }
            _ => here.span.clone(),
        };
        Traced { kind, span, tag: here.prints.then_some(here.span) }
    }

    /// What made the byte of the output at `at`.
    fn origin(&self, output: &Output, at: usize) -> Mark {
        let before = output.from.partition_point(|(from, _)| *from <= at);
        let Some((from, mark)) = before.checked_sub(1).map(|last| output.from[last]) else {
            return Mark { span: 0..0, prints: false };
        };
        let mark = &self.marks[mark];
        if mark.prints {
            return mark.clone();
        }
        let start = self.boundary((mark.span.start + (at - from)).min(mark.span.end));
        let end = self.boundary(start + 1).min(mark.span.end.max(start));
        Mark { span: start..end, prints: false }
    }

    /// The first place from `at` on where a character of the template begins or the template ends.
    fn boundary(&self, at: usize) -> usize {
        (at..self.text.len()).find(|at| self.text.is_char_boundary(*at)).unwrap_or(self.text.len())
    }

    /// Where the piece of text ends that the byte at `at` is part of.
    fn piece_end(&self, at: usize) -> usize {
        self.marks.iter().find(|mark| !mark.prints && mark.span.contains(&at)).map_or(at, |mark| mark.span.end)
    }

    /// Names that the output for `context` has twice in one object, where the template writes them out.
    pub(super) fn repeated(&self, context: Context<'_>, options: Options) -> Vec<Range<usize>> {
        let Ok(marked) = self.marked.render(context, options) else { return Vec::new() };
        let output = Output::read(&marked);
        let mut found = Vec::new();
        for name in repeated_names(&output.text) {
            let (first, last) = (self.origin(&output, name.start), self.origin(&output, name.end - 1));
            let span = first.span.start..last.span.end;
            let as_written = self.text.get(span.clone()) == output.text.get(name);
            if as_written && !first.prints && !found.contains(&span) {
                found.push(span);
            }
        }
        found
    }

    /// The tag that stands between two bytes of the output and printed nothing.
    fn silent_tag(&self, output: &Output, after: usize, before: usize) -> Option<Range<usize>> {
        let between = output.from.iter().filter(|(from, _)| (after..=before).contains(from));
        between.map(|(_, mark)| &self.marks[*mark]).find(|mark| mark.prints).map(|mark| mark.span.clone())
    }
}

/// So many mistakes show what there is to show.
const ENOUGH: usize = 16;

impl Output {
    /// What the tag that printed the byte at `at` printed there, without white space behind it.
    fn printed_at(&self, at: usize) -> Option<Range<usize>> {
        let next = self.from.partition_point(|(from, _)| *from <= at);
        let start = self.from[next.checked_sub(1)?].0;
        let end = self.from.get(next).map_or(self.text.len(), |(from, _)| *from);
        let printed = self.text[start..end].trim_end();
        (!printed.is_empty()).then_some(start..start + printed.len())
    }

    fn read(marked: &str) -> Output {
        let mut output = Output { text: String::with_capacity(marked.len()), from: Vec::new() };
        let mut rest = marked;
        while let Some(open) = rest.find(OPEN) {
            output.text.push_str(&rest[..open]);
            let inside = &rest[open + OPEN.len_utf8()..];
            let Some(close) = inside.find(CLOSE) else { break };
            if let Ok(mark) = inside[..close].parse() {
                output.from.push((output.text.len(), mark));
            }
            rest = &inside[close + CLOSE.len_utf8()..];
        }
        output.text.push_str(rest);
        output
    }
}

struct Marking<'t> {
    text: &'t str,
    out: String,
    copied: usize,
    marks: Vec<Mark>,
}

impl Marking<'_> {
    fn parts(&mut self, parts: &[Part]) {
        let mut printed = None;
        for part in parts {
            let behind = printed.take();
            match part {
                Part::Text(span) => {
                    let text = &self.text[span.clone()];
                    // White space behind a tag that prints shares its line, and is no part of what it printed.
                    let first = match behind == Some(span.start) && !self.text[..span.start].ends_with("~}}") {
                        true => Some(0),
                        false => text.find(|character: char| !character.is_whitespace()),
                    };
                    if let Some(first) = first {
                        self.mark(Mark { span: span.start + first..span.end, prints: false });
                    }
                }
                Part::Value(call) => {
                    printed = Some(call.span.end);
                    self.mark(Mark { span: call.span.clone(), prints: true });
                }
                Part::Block(block) => {
                    self.parts(&block.body);
                    self.parts(&block.inverse);
                }
            }
        }
    }

    fn mark(&mut self, mark: Mark) {
        let at = mark.span.start;
        // Behind a backslash a mark would undo the escape.
        if at < self.copied || self.text[..at].ends_with('\\') {
            return;
        }
        self.out.push_str(&self.text[self.copied..at]);
        self.copied = at;
        self.out.push(OPEN);
        self.out.push_str(&self.marks.len().to_string());
        self.out.push(CLOSE);
        self.marks.push(mark);
    }
}

fn block_spans(parts: &[Part], found: &mut Vec<Range<usize>>) {
    for part in parts {
        if let Part::Block(block) = part {
            let end = |part: &Part| match part {
                Part::Text(span) => span.end,
                Part::Value(call) => call.span.end,
                Part::Block(block) => block.call.span.end,
            };
            let last = block.body.iter().chain(&block.inverse).map(end).max();
            found.push(block.call.span.start..last.unwrap_or(block.call.span.end));
            block_spans(&block.body, found);
            block_spans(&block.inverse, found);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Trace;
    use crate::render::{Context, Escape, Options, outline};
    use crate::value::Value;

    fn traced(template: &str, context: &str) -> Vec<(String, usize)> {
        let value = Value::parse(context.as_bytes()).expect("the row is JSON");
        let parts = outline::read(template).expect("the row compiles");
        let trace = Trace::new(template, &parts).expect("it can be marked");
        let mistakes = trace.mistakes(Context::new(&value), Options::new(Escape::Json));
        mistakes
            .into_iter()
            .map(|mistake| {
                let line = template[..mistake.span.start].matches('\n').count() + 1;
                (template[mistake.span].to_owned(), line)
            })
            .collect()
    }

    #[test]
    fn mistakes_are_traced_to_the_template() {
        let rows = [
            ("{\n\"a\": [\n{{#each t}}\n\"{{this}}\",\n{{/each}}\n]}", r#"{"t":["x","y"]}"#, ",", 4),
            ("{\n\"a\": 1,\n{{#if c}}\n\"c\": \"{{c}}\"\n{{/if}}\n\"b\": 2}", r#"{"c":"x"}"#, "", 4),
            ("{\n\"a\": 1\n{{#if c}}\n\"c\": \"{{c}}\"\n{{/if}}\n}", r#"{"c":"x"}"#, "\"", 4),
            ("{\n\"a\":\n{{n}}\n}", r#"{"n":"Demo flag"}"#, "{{n}}", 3),
            ("{\n\"a\": \"{{n}}\nb\"}", r#"{"n":"x"}"#, "\n", 2),
            ("{\n“a”: 1}", "{}", "“a”", 2),
            ("{\n\"a\": {{n}},\n\"b\": 1}", r#"{"n":null}"#, "{{n}}", 2),
            ("{\n\"a\": {\"b\": \"{{n}}\"\n}", r#"{"n":"x"}"#, "{", 1),
            ("{\n\"a\": é}", "{}", "é", 2),
        ];
        for (template, context, text, line) in rows {
            assert_eq!(traced(template, context), [(text.to_owned(), line)], "{template}");
        }
    }
}
