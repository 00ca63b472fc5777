//! Findings for people, in the manner of rustc: the line, underlined, and the remedy.

use std::borrow::Cow;
use std::io::{self, Write};
use std::ops::Range;

use annotate_snippets::{AnnotationKind, Level, Origin, Renderer, Snippet};

use super::findings::Counts;
use super::texts::{Located, Texts};
use crate::cli::environment::Environment;
use crate::finding::Severity;

/// Bytes of a line that the renderer is given; it cuts to the width of the terminal what is left.
const MAX_LINE: usize = 2_000;

pub(super) fn print(
    out: &mut impl Write,
    located: &[Located<'_>],
    texts: &Texts,
    environment: &Environment,
) -> io::Result<()> {
    let renderer = if environment.colour { Renderer::styled() } else { Renderer::plain() };
    let renderer = renderer.term_width(environment.width.max(40));
    for located in located {
        writeln!(out, "{}\n", render(located, texts, &renderer))?;
    }
    Ok(())
}

fn render(located: &Located<'_>, texts: &Texts, renderer: &Renderer) -> String {
    let finding = located.finding;
    let level = match finding.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let message = on_one_line(&finding.message);
    let help = finding.help.as_deref().map(on_one_line);
    let path = located.file();
    let path = on_one_line(&path);
    let title = level.primary_title(message.as_ref()).id(finding.rule);
    let line = texts.line(&finding.place.file, located.line);
    let shown = line.as_deref().map(|line| Shown::of(line, located));
    let mut report = match &shown {
        Some(shown) => {
            let mark = AnnotationKind::Primary.span(shown.span.clone());
            let snippet = Snippet::source(shown.text.as_ref()).line_start(located.line).annotation(mark);
            // The renderer would count columns in what is left of a line that was cut.
            title.element(if shown.is_cut { snippet } else { snippet.path(path.as_ref()) })
        }
        None => title.element(Origin::path(path.as_ref()).line(located.line).char_column(located.column)),
    };
    if let Some(help) = &help {
        report = report.element(Level::HELP.message(help.as_ref()));
    }
    let rendered = renderer.render(&[report]);
    match rendered.split_once('\n').filter(|_| shown.is_some_and(|shown| shown.is_cut)) {
        Some((title, rest)) => {
            let margin = " ".repeat(located.line.to_string().len());
            format!("{title}\n{margin}--> {path}:{}:{}\n{rest}", located.line, located.column)
        }
        None => rendered,
    }
}

/// Text that may quote anything an author wrote, without what would break its line.
pub(super) fn on_one_line(text: &str) -> Cow<'_, str> {
    if !text.contains(char::is_control) {
        return Cow::Borrowed(text);
    }
    text.chars()
        .flat_map(|letter| if letter.is_control() { letter.escape_default().collect() } else { vec![letter] })
        .collect()
}

/// What is shown of a line, and the bytes of that which are underlined.
struct Shown<'l> {
    text: Cow<'l, str>,
    span: Range<usize>,
    is_cut: bool,
}

impl<'l> Shown<'l> {
    fn of(line: &'l str, located: &Located<'_>) -> Self {
        let span = span_in(line, located);
        if line.len() <= MAX_LINE {
            return Shown { text: Cow::Borrowed(line), span, is_cut: false };
        }
        let boundary = |at: usize| (at.min(line.len())..=line.len()).find(|at| line.is_char_boundary(*at));
        let from = boundary(span.start.saturating_sub(MAX_LINE / 2)).unwrap_or(0);
        let to = boundary(span.start + MAX_LINE / 2).unwrap_or(line.len());
        let (before, after) = (if from > 0 { "…" } else { "" }, if to < line.len() { "…" } else { "" });
        let moved = |at: usize| at.clamp(from, to) - from + before.len();
        let span = moved(span.start)..moved(span.end);
        Shown { text: Cow::Owned(format!("{before}{}{after}", &line[from..to])), span, is_cut: true }
    }
}

/// The bytes of a line that are meant; of a place that goes on in other lines, those of the first.
fn span_in(line: &str, located: &Located<'_>) -> Range<usize> {
    let byte_of = |column: usize| line.char_indices().nth(column - 1).map_or(line.len(), |(at, _)| at);
    let start = byte_of(located.column);
    let end = if located.end_line == located.line { byte_of(located.end_column) } else { line.len() };
    start..end.max(start)
}

/// One line that says how it went.
pub(super) fn summary(out: &mut impl Write, counts: Counts) -> io::Result<()> {
    let some = |count: usize, name: &str| format!("{count} {name}{}", if count == 1 { "" } else { "s" });
    let Counts { integrations, errors, warnings } = counts;
    writeln!(out, "{}, {}, {}", some(integrations, "integration"), some(errors, "error"), some(warnings, "warning"))
}
