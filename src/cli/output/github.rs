//! Findings as workflow commands of GitHub Actions, which become annotations of a pull request.

use std::io::{self, Write};
use std::path::Path;

use super::human::on_one_line;
use super::texts::{Located, seen_from, shown_path};
use crate::finding::Severity;

pub(super) fn print(out: &mut impl Write, located: &[Located<'_>], folder: &Path) -> io::Result<()> {
    for located in located {
        let finding = located.finding;
        let command = match finding.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        let file = property(&shown_path(seen_from(folder, &finding.place.file)));
        let (line, column) = (located.line, located.column);
        let title = property(finding.rule);
        let mut message = finding.message.clone();
        if let Some(help) = &finding.help {
            message.push_str("\nhelp: ");
            message.push_str(help);
        }
        writeln!(out, "::{command} file={file},line={line},col={column},title={title}::{}", data(&message))?;
    }
    Ok(())
}

/// A message: no character of it may end the command, or steer the terminal of whoever reads the log.
fn data(text: &str) -> String {
    let lines: Vec<String> = text.split('\n').map(|line| on_one_line(line).replace('%', "%25")).collect();
    lines.join("%0A")
}

/// A property: nor may one end the property.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::{data, property};

    #[test]
    fn what_would_end_a_command_is_escaped() {
        assert_eq!(data("50 %\r\na: b, c"), "50 %25\\r%0Aa: b, c");
        assert_eq!(data("red \u{1b}[31m"), "red \\u{1b}[31m");
        assert_eq!(property("a:b,c%\n"), "a%3Ab%2Cc%25%0A");
    }
}
