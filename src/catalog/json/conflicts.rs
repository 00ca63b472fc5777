//! Merge conflicts that nobody resolved: told once for each block, and read as if the first side had been chosen.
//!
//! Only whole lines count as marks, so that a row of equals signs inside a text stays what it is.

use std::ops::Range;

/// A text without its conflicts, each place where it was, and the first line of each conflict.
pub(in crate::catalog) fn settle(text: &str) -> Option<(String, Vec<Range<usize>>)> {
    if !text.contains(OURS) {
        return None;
    }
    let mut settled = String::with_capacity(text.len());
    let mut conflicts = Vec::new();
    let (mut at, mut inside, mut dropped) = (0, false, false);
    for line in text.split_inclusive('\n') {
        let end = at + line.trim_end().len();
        let mark = if !inside && is_mark(line, OURS) && closes(&text[at..]) {
            conflicts.push(at..end);
            inside = true;
            true
        } else if inside && (is_mark(line, BASE) || is_mark(line, THEIRS)) {
            dropped = true;
            true
        } else if inside && is_mark(line, END) {
            inside = false;
            true
        } else {
            false
        };
        if mark || dropped {
            settled.extend(line.bytes().map(|byte| if matches!(byte, b'\n' | b'\r') { char::from(byte) } else { ' ' }));
        } else {
            settled.push_str(line);
        }
        dropped &= inside;
        at += line.len();
    }
    (!conflicts.is_empty()).then_some((settled, conflicts))
}

/// What is wrong with such a place.
pub(in crate::catalog) const MESSAGE: &str = "a merge conflict is not resolved";
/// How it is mended.
pub(in crate::catalog) const HELP: &str =
    "keep the lines of one side, and remove the other side with the lines of `<`, `=` and `>`";

const OURS: &str = "<<<<<<<";
const BASE: &str = "|||||||";
const THEIRS: &str = "=======";
const END: &str = ">>>>>>>";

fn is_mark(line: &str, mark: &str) -> bool {
    line.strip_prefix(mark).is_some_and(|rest| rest.starts_with([' ', '\r', '\n']) || rest.is_empty())
}

/// Whether the conflict that begins a text has its other marks too, in their order.
fn closes(text: &str) -> bool {
    // No further than the next mark out of order: a text may be full of first marks.
    let mut marks =
        text.lines().skip(1).filter_map(|line| [OURS, THEIRS, END].into_iter().find(|mark| is_mark(line, mark)));
    marks.next() == Some(THEIRS) && marks.next() == Some(END)
}

#[cfg(test)]
mod tests {
    use super::settle;

    #[test]
    fn the_first_side_stays_where_it_was() {
        let text = "{\n<<<<<<< HEAD\n\"a\": 1\n||||||| base\n\"a\": 0\n=======\n\"é\": 2\n>>>>>>> other\n}\n";
        let (settled, conflicts) = settle(text).expect("there is a conflict");
        assert_eq!(settled.len(), text.len());
        assert_eq!(settled.split_whitespace().collect::<String>(), "{\"a\":1}");
        assert_eq!(settled.find("\"a\""), text.find("\"a\""));
        assert_eq!(settled.matches('\n').count(), text.matches('\n').count());
        assert_eq!(conflicts.iter().map(|place| &text[place.clone()]).collect::<Vec<_>>(), ["<<<<<<< HEAD"]);
    }

    #[test]
    fn a_first_mark_alone_hides_no_conflict_behind_it() {
        let text = "<<<<<<< a\n<<<<<<< b\n1\n=======\n2\n>>>>>>> c\n";
        let (settled, conflicts) = settle(text).expect("there is a conflict");
        assert_eq!(settled.split_whitespace().collect::<String>(), "<<<<<<<a1");
        assert_eq!(conflicts.iter().map(|place| &text[place.clone()]).collect::<Vec<_>>(), ["<<<<<<< b"]);
    }

    #[test]
    fn half_a_conflict_is_none() {
        for text in [
            "=======\n",
            "<<<<<<< HEAD\n{}\n",
            "<<<<<<<x\n=======\n>>>>>>> y\n",
            " <<<<<<< a\n=======\n>>>>>>> b\n",
            "<<<<<<< a\n>>>>>>> b\n=======\n",
        ] {
            assert_eq!(settle(text), None, "{text}");
        }
    }
}
