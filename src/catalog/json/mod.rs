//! JSON text with the place of everything in it, and every mistake of its syntax in one go.
//!
//! `serde_json` stays the judge of what is JSON. This reader never stops at the first mistake: it says what is
//! wrong, takes the text as its author surely meant it, and reads on. What cannot be guessed is called rough,
//! and nothing further is concluded from it.

mod brackets;
pub(super) mod conflicts;
mod containers;
mod escapes;
mod foreign_quotes;
mod half_quoted;
mod numbers;
mod reader;
mod strings;
mod tree;
mod words;

pub(super) use reader::read;
pub(super) use tree::{Content, Node};

use std::ops::Range;

/// The rule of mistakes in JSON's syntax.
pub const JSON_SYNTAX: &str = "json-syntax";
/// The rule of keys that an object has twice.
pub const DUPLICATE_KEY: &str = "duplicate-key";

/// How deep lists and objects may nest; `serde_json` refuses the next level.
const MAX_DEPTH: usize = 127;

/// After this many mistakes a text is taken for something other than JSON.
const MAX_MISTAKES: usize = 100;

/// What a text holds.
#[derive(Debug)]
pub(super) struct Document {
    /// The whole value, as far as it could be read.
    pub(super) root: Node,
    /// What is wrong with the text, in the order of the text.
    pub(super) mistakes: Vec<Mistake>,
    /// Whether too much had to be guessed for the value to be judged.
    pub(super) rough: bool,
}

/// One mistake of syntax.
#[derive(Debug)]
pub(super) struct Mistake {
    pub(super) rule: &'static str,
    pub(super) span: Range<usize>,
    pub(super) message: String,
    pub(super) help: String,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::{DUPLICATE_KEY, read};

    /// What the judge accepts has no mistakes and is read as the judge reads it; what it rejects has some.
    fn agrees_with_the_judge(text: &str) {
        let document = read(text);
        let syntax = document.mistakes.iter().any(|mistake| mistake.rule != DUPLICATE_KEY);
        match serde_json::from_str::<Value>(text) {
            Ok(value) => {
                assert!(!syntax && !document.rough, "{text:?}: {:?}", document.mistakes);
                assert_eq!(document.root.to_value(), value, "{text:?}");
            }
            Err(error) => assert!(syntax, "{text:?}: the judge says {error}"),
        }
        for mistake in &document.mistakes {
            assert!(text.get(mistake.span.clone()).is_some(), "{text:?}: {mistake:?} is between characters");
            document.root.pointer_at(mistake.span.start);
        }
    }

    #[test]
    fn odd_documents_agree_with_the_judge() {
        for text in [
            "1",
            "-0",
            "1e5",
            "\"x\"",
            "null",
            " true ",
            "[]",
            "{}",
            "[[],{}]",
            "{\"\":0}",
            "{\"a\":1,\"a\":2}",
            "\u{feff}1",
            "\"\\u0000\"",
            "\"\u{7f}\"",
            "\"\u{2028}\"",
            "1.0e+10",
            "12345678901234567890123",
            "-1e-400",
            "1e400",
            "\u{b}1",
            "[1,]",
            "[1 2]",
            "{\"a\" 1}",
            "{a:1}",
            "tru",
            "nulll",
            "\"\\",
            "\"a\nb\"",
            "[1}",
            "{]",
            "[\"a\":1]",
            "{\"a\":[1}",
        ] {
            agrees_with_the_judge(text);
        }
    }

    #[test]
    fn parts_of_strings_are_found_through_escapes() {
        let text = r#"{"a": "x\"é\u00e9😀{{y}}"}"#;
        let document = read(text);
        let node = document.root.find("/a").node;
        let decoded = "x\"éé😀{{y}}";
        let within = decoded.find("{{y}}").expect("it is there");
        let span = node.part_of_string(text, within..within + 5);
        assert_eq!(&text[span], "{{y}}");
        assert_eq!(&text[node.part_of_string(text, 1..2)], "\\\"");
    }

    proptest! {
        #[test]
        fn random_pieces_agree_with_the_judge(pieces in prop::collection::vec(prop::sample::select(PIECES), 0..40)) {
            agrees_with_the_judge(&pieces.concat());
        }

        #[test]
        fn random_text_agrees_with_the_judge(text in "[\\PC\n\t]{0,60}") {
            agrees_with_the_judge(&text);
        }
    }

    const PIECES: &[&str] = &[
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        "\"",
        "\"a\"",
        "\"b\":",
        "1",
        "-",
        "0",
        ".5",
        "e",
        "true",
        "false",
        "null",
        "NaN",
        " ",
        "\n",
        "\t",
        "\r",
        "\\",
        "\\u12",
        "\\ud800",
        "'",
        "“",
        "”",
        "//",
        "/*",
        "*/",
        "#",
        "é",
        "😀",
        "{{",
        "}}",
        "=",
        ";",
        "x",
        "\u{0}",
        "\u{a0}",
        "\u{feff}",
        "\"c\": \"d\",\n",
        "[1, 2]",
        "{\"k\": 1}",
    ];
}
