//! Columns of text, as wide as they need to be.

use std::fmt;
use std::io::Write;

use serde_json::Value as Json;

use super::error::CliError;
use super::exit::Exit;
use super::shown::visible;

/// Shows a list of an answer: as JSON, or as the table that is made of it.
pub(super) fn show(
    items: &[Json],
    json: bool,
    table: impl FnOnce(&[Json]) -> Table,
    out: &mut impl Write,
) -> Result<Exit, CliError> {
    match json {
        true => writeln!(out, "{:#}", Json::from(items))?,
        false => write!(out, "{}", table(items))?,
    }
    Ok(Exit::Done)
}

/// A value of an answer as a cell shows it.
pub(super) fn text(value: Option<&Json>) -> String {
    match value {
        None | Some(Json::Null) => String::new(),
        Some(Json::String(text)) => visible(text),
        Some(other) => other.to_string(),
    }
}

/// Rows under a heading.
pub(super) struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    pub(super) fn new(heading: &[&str]) -> Self {
        Table { rows: vec![heading.iter().map(|cell| cell.to_uppercase()).collect()] }
    }

    pub(super) fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(cells.into_iter().map(|cell| if cell.is_empty() { "-".to_owned() } else { cell }).collect());
    }
}

impl fmt::Display for Table {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let width = |column: usize| {
            self.rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..columns).map(width).collect();
        for row in &self.rows {
            let line: Vec<String> = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
            writeln!(formatter, "{}", line.join("  ").trim_end())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::Table;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let mut table = Table::new(&["id", "state"]);
        table.row(["a".to_owned(), "delivered".to_owned()]);
        table.row(["longer".to_owned(), String::new()]);
        assert_eq!(table.to_string(), "ID      STATE\na       delivered\nlonger  -\n");
    }
}
