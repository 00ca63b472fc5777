//! Findings for people, in the manner of rustc: the line, underlined, and the remedy.

use std::io::{self, Write};
use std::ops::Range;

use annotate_snippets::{AnnotationKind, Level, Origin, Renderer, Snippet};

use super::findings::Counts;
use super::texts::{Located, Texts};
use crate::cli::environment::Environment;
use crate::finding::Severity;

/// Longer lines are not for people: their place is told and the line is left out.
const MAX_LINE: usize = 50_000;

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
    let path = located.file();
    let title = level.primary_title(finding.message.as_str()).id(finding.rule);
    let line = texts.line(&finding.place.file, located.line).filter(|line| line.len() <= MAX_LINE);
    let mut report = match &line {
        Some(line) => {
            let span = span_in(line, located);
            let mark = AnnotationKind::Primary.span(span);
            title.element(Snippet::source(line.as_str()).path(path.as_str()).line_start(located.line).annotation(mark))
        }
        None => title.element(Origin::path(path.as_str()).line(located.line).char_column(located.column)),
    };
    if let Some(help) = &finding.help {
        report = report.element(Level::HELP.message(help.as_str()));
    }
    renderer.render(&[report])
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
