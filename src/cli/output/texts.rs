//! From bytes of a file to its lines and columns; only files with findings are read.

use std::collections::HashMap;
use std::io::Read;
use std::path::{Path, PathBuf};

use crate::finding::Finding;

/// What is shown of a file at most; loading reads no larger ones.
const MAX_SHOWN: u64 = 1024 * 1024 + 1;

/// The texts of the files that findings are in.
#[derive(Debug, Default)]
pub(super) struct Texts {
    files: HashMap<PathBuf, Text>,
}

/// A finding with its lines and columns, which count characters from 1.
#[derive(Debug)]
pub(super) struct Located<'f> {
    pub(super) finding: &'f Finding,
    pub(super) line: usize,
    pub(super) column: usize,
    pub(super) end_line: usize,
    /// The column after the last character.
    pub(super) end_column: usize,
}

impl Located<'_> {
    /// The file as a user writes it, on every system alike.
    pub(super) fn file(&self) -> String {
        shown_path(&self.finding.place.file)
    }
}

/// A path with `/` between its parts.
pub(super) fn shown_path(path: &Path) -> String {
    path.to_string_lossy().replace('\\', "/")
}

/// A path as seen from `folder`, when it is inside.
pub(super) fn seen_from<'p>(folder: &Path, path: &'p Path) -> &'p Path {
    path.strip_prefix(folder).unwrap_or(path)
}

impl Texts {
    /// Finds the lines and columns of a finding.
    pub(super) fn locate<'f>(&mut self, finding: &'f Finding) -> Located<'f> {
        let place = &finding.place;
        let text = self.files.entry(place.file.clone()).or_insert_with(|| Text::read(&place.file));
        let (line, column) = text.position(place.span.start);
        let (end_line, end_column) = text.position(place.span.end.max(place.span.start));
        Located { finding, line, column, end_line, end_column }
    }

    /// A line of a file; nothing for files that cannot be shown.
    pub(super) fn line(&self, file: &Path, number: usize) -> Option<String> {
        self.files.get(file)?.line(number)
    }
}

#[derive(Debug)]
struct Text {
    bytes: Vec<u8>,
    /// Where each line starts.
    lines: Vec<usize>,
}

impl Text {
    fn read(file: &Path) -> Self {
        let mut bytes = Vec::new();
        // Whatever stands in the way is a finding already.
        if file.is_file()
            && let Ok(file) = std::fs::File::open(file)
        {
            let _ = file.take(MAX_SHOWN).read_to_end(&mut bytes);
        }
        Text::new(bytes)
    }

    fn new(bytes: Vec<u8>) -> Self {
        // Editors do not show a byte order mark, so columns do not count it.
        let first = if bytes.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
        let breaks = bytes.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(at, _)| at + 1);
        let lines = std::iter::once(first).chain(breaks).collect();
        Text { bytes, lines }
    }

    /// Line and column of a byte.
    fn position(&self, offset: usize) -> (usize, usize) {
        let offset = offset.clamp(self.lines[0], self.bytes.len().max(self.lines[0]));
        let line = self.lines.partition_point(|start| *start <= offset).max(1);
        let before = self.bytes.get(self.lines[line - 1]..offset).unwrap_or_default();
        (line, 1 + String::from_utf8_lossy(before).chars().count())
    }

    fn line(&self, number: usize) -> Option<String> {
        if self.bytes.is_empty() {
            return None;
        }
        let start = *self.lines.get(number - 1)?;
        let end = self.lines.get(number).map_or(self.bytes.len(), |next| next - 1);
        let line = String::from_utf8_lossy(self.bytes.get(start..end)?);
        Some(line.trim_end_matches('\r').to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::Text;

    #[test]
    fn columns_count_characters() {
        let text = Text::new("a\r\n日本x\n\tz".as_bytes().to_vec());
        for (offset, position) in
            [(0, (1, 1)), (3, (2, 1)), (6, (2, 2)), (9, (2, 3)), (11, (3, 1)), (12, (3, 2)), (99, (3, 3))]
        {
            assert_eq!(text.position(offset), position, "{offset}");
        }
        assert_eq!(text.line(1).as_deref(), Some("a"));
        assert_eq!(text.line(2).as_deref(), Some("日本x"));
        assert_eq!(text.line(4), None);
    }

    #[test]
    fn a_byte_order_mark_is_no_column_and_an_empty_file_has_one_line() {
        assert_eq!(Text::new(b"\xef\xbb\xbf{}".to_vec()).position(0), (1, 1));
        assert_eq!(Text::new(b"\xef\xbb\xbf{}".to_vec()).position(4), (1, 2));
        assert_eq!(Text::new(Vec::new()).position(7), (1, 1));
    }
}
