//! Mistakes of JSON's syntax: each told once, at its line and column, with the remedy.

mod folders;

use folders::{MANIFEST, Tree, told};
use serde_json::Value;

/// Findings for a manifest in which `written` stands for `right`.
fn with_slip(right: &str, written: &str) -> Vec<Value> {
    assert_eq!(MANIFEST.matches(right).count(), 1, "`{right}` is there once");
    Tree::with_manifest(MANIFEST.replace(right, written)).findings()
}

/// Checks that a slip gives these findings and no others.
#[track_caller]
fn check(right: &str, written: &str, expected: &[&str]) {
    let findings = with_slip(right, written);
    let all: Vec<String> = findings
        .iter()
        .map(|finding| finding["rule"].as_str().expect("a rule"))
        .flat_map(|rule| told(&findings, rule))
        .collect();
    let told = told(&findings, "json-syntax");
    assert_eq!(told, expected, "for `{written}`");
    assert_eq!(findings.len(), expected.len(), "for `{written}`: {all:?}");
}

#[test]
fn the_manifest_that_slips_are_made_in_has_no_findings() {
    assert_eq!(Tree::with_manifest(MANIFEST).findings(), Vec::<Value>::new());
}

#[test]
fn commas_are_missed_where_they_belong_and_refused_where_not() {
    check(r#""1.0.0","#, r#""1.0.0""#, &["3:21 a comma is missing after this value; add a comma"]);
    check("[\"monitoring\"]", "[\"monitoring\" \"data\"]", &["12:30 a comma is missing after this value; add a comma"]);
    check("\"wide.svg\"\n", "\"wide.svg\",\n", &["15:29 a comma after the last value; remove this comma"]);
    check("[\"monitoring\"]", "[\"monitoring\",]", &["12:30 a comma after the last value; remove this comma"]);
    check("[\"monitoring\"]", "[,\"monitoring\"]", &["12:18 no value before this comma; remove this comma"]);
    check("\"1.0.0\",", "\"1.0.0\",,", &["3:22 no value before this comma; remove this comma"]);
    check("\"1.0.0\",", "\"1.0.0\";", &["3:21 a semicolon between values; write a comma"]);
    check("  },\n  \"categories", "  }\n  \"categories", &["11:4 a comma is missing after this value; add a comma"]);
}

#[test]
fn colons_are_missed_and_others_signs_taken_for_them() {
    check("\"version\":", "\"version\"", &["3:12 a colon is missing after `version`; add a colon"]);
    check("\"version\":", "\"version\" =", &["3:13 a key and its value are joined by a colon; write `:`"]);
    check("\"version\":", "\"version\" =>", &["3:13 a key and its value are joined by a colon; write `:`"]);
    check("\"version\":", "\"version\"::", &["3:13 one colon is enough; remove it"]);
    check(
        "\"version\": \"1.0.0\"",
        "\"version\": ",
        &["3:3 `version` has no value; write `\"version\": ` and a value, or remove the key"],
    );
    check(
        "\"version\": \"1.0.0\"",
        "\"version\"",
        &["3:3 `version` has no value; write `\"version\": ` and a value, or remove the key"],
    );
    check(
        "[\"monitoring\"]",
        "[\"monitoring\": true]",
        &["12:30 a list has no keys; write an object, in `{` and `}`, around key and value"],
    );
}

#[test]
fn quotes_of_other_languages_are_named() {
    let curly = "a string in curly quotes: JSON knows straight double quotes only; write `\"1.0.0\"`";
    check("\"1.0.0\"", "“1.0.0”", &[&format!("3:14 {curly}")]);
    check("\"1.0.0\"", "”1.0.0”", &[&format!("3:14 {curly}")]);
    check("\"1.0.0\"", "\"1.0.0”", &["3:20 a string ends with a straight quote; write `\"`"]);
    check(
        "\"1.0.0\"",
        "'1.0.0'",
        &["3:14 a string in single quotes: JSON knows straight double quotes only; write `\"1.0.0\"`"],
    );
    check(
        "\"version\":",
        "'version':",
        &["3:3 a string in single quotes: JSON knows straight double quotes only; write `\"version\"`"],
    );
    check("\"version\":", "version:", &["3:3 the key `version` has to stand in double quotes; write `\"version\"`"]);
    check("\"Example\",", "Example,", &["2:11 text without quotes: `Example`; put it in double quotes: `\"Example\"`"]);
    check("\"Example\",", "Example\",", &["2:11 this string has no opening quote; add `\"` before it"]);
    check("\"Example\",", "\"Example,", &["2:11 this string is not closed; add `\"` at its end"]);
    check(
        "\"Example\",",
        "\"An \"Example\" here\",",
        &["2:15 a double quote inside a string; write `\\\"` for each of them"],
    );
    check(
        "\"Example\",",
        "{{name}},",
        &["2:11 text without quotes: `{{name}}`; put it in double quotes: `\"{{name}}\"`"],
    );
}

#[test]
fn a_quote_that_one_end_lacks_is_one_mistake() {
    let (opening, closing) =
        ("this key has no opening quote; add `\"` before it", "this key has no closing quote; add `\"` after it");
    check("\"version\":", "version\":", &[&format!("3:3 {opening}")]);
    check("\"version\":", "\"version:", &[&format!("3:3 {closing}")]);
    check("\"categories\":", "categories\":", &[&format!("12:3 {opening}")]);
    check("\"categories\":", "\"categories:", &[&format!("12:3 {closing}")]);
    check("\"icons\": {", "\"icons: {", &[&format!("13:3 {closing}")]);
    check("\"icons\": {", "icons\": {", &[&format!("13:3 {opening}")]);
    check(
        "{\n    \"square\": \"square.svg\",\n    \"horizontal\": \"wide.svg\"\n  }",
        "{ \"square: \"square.svg\", \"horizontal\": \"wide.svg\" }",
        &[&format!("13:14 {closing}")],
    );
    check(
        "{\n    \"square\": \"square.svg\",\n    \"horizontal\": \"wide.svg\"\n  }",
        "{ \"square\": \"square.svg, \"horizontal\": \"wide.svg\" }",
        &["13:24 this string is not closed; add `\"` at its end"],
    );
    check(
        "\"Sends changes to an example.\"",
        "Sends changes, {all} of \\\"them\\\", to an example.\"",
        &["4:15 this string has no opening quote; add `\"` before it"],
    );
    // A key may hold a colon, and is closed then.
    let findings = with_slip("\"author\"", "\"a: b\": 1, \"c:\": 2, \"author\"");
    assert_eq!(told(&findings, "json-syntax"), Vec::<String>::new());
}

#[test]
fn the_bracket_that_a_list_item_lacks_is_named() {
    let variables = "\"formVariables\": [{\"key\": \"a\", \"name\": \"A\", \"type\": \"string\", \"description\": \"The letter\"},\n\
                     {\"key\": \"b\", \"name\": \"B\", \"type\": \"string\", \"description\": \"The next\"}],\n  \"author\"";
    check("\"author\"", variables, &[]);
    check(
        "\"author\"",
        &variables.replacen("{\"key\": \"a\"", "\"key\": \"a\"", 1),
        &["6:21 `{` is missing before this key; add `{`"],
    );
    check(
        "\"author\"",
        &variables.replacen("{\"key\": \"b\"", "\"key\": \"b\"", 1),
        &["7:1 `{` is missing before this key; add `{`"],
    );
}

#[test]
fn a_bracket_that_is_missing_or_too_many_is_one_mistake() {
    let object = "\"icons\": {\n    \"square\"";
    check(object, &object.replace('{', ""), &["14:5 `{` is missing before this key; add `{`"]);
    check("[\"monitoring\"]", "\"monitoring\", \"data\"]", &["12:17 `[` is missing before this value; add `[`"]);
    check("[\"monitoring\"]", "\"monitoring\"]", &["12:17 `[` is missing before this value; add `[`"]);
    let variable = |key: &str| {
        format!("{{\"key\": \"{key}\", \"name\": \"A\", \"type\": \"string\", \"description\": \"The letter\"}}")
    };
    let form = |variables: &str| format!("\"formVariables\": {variables},\n  \"author\"");
    let (one, two) = (variable("a"), variable("b"));
    check("\"author\"", &form(&format!("{one},\n    {two}\n  ]")), &["6:20 `[` is missing before this value; add `[`"]);
    let open = one.trim_end_matches('}');
    check(
        "\"author\"",
        &form(&format!("[{open},\n    {two}\n  ]")),
        &[&format!(
            "6:{} `}}` is missing after this value; add `}}`: the `{{` of line 6 is not closed",
            21 + open.len()
        )],
    );
    check(
        "\"author\"",
        &form(&format!("[{one}}},\n    {two}\n  ]")),
        &[&format!("6:{} this `}}` closes nothing; remove this `}}`", 21 + one.len())],
    );
    let unquoted = one.replace("letter\"}", "letter }");
    let start = 21 + one.find("\"The").expect("it is there");
    check(
        "\"author\"",
        &form(&format!("[{unquoted},\n    {two}\n  ]")),
        &[&format!("6:{start} this string is not closed; add `\"` at its end")],
    );
    check(
        "\"version\": \"1.0.0\",",
        "\"version\":",
        &["3:3 `version` has no value; write `\"version\": ` and a value, or remove the key"],
    );
}

#[test]
fn a_merge_conflict_is_told_once() {
    let help = "keep the lines of one side, and remove the other side with the lines of `<`, `=` and `>`";
    let told = [&*format!("3:1 a merge conflict is not resolved; {help}")];
    let conflict = |base: &str| {
        format!(
            "<<<<<<< HEAD\n  \"version\": \"1.0.0\",\n{base}=======\n  \"version\": \"1.1.0\",\n  \"details\": [\n>>>>>>> other"
        )
    };
    check("  \"version\": \"1.0.0\",", &conflict(""), &told);
    check("  \"version\": \"1.0.0\",", &conflict("||||||| base\n  \"version\": \"0.9.0\",\n"), &told);
    let two = MANIFEST
        .replace("  \"version\": \"1.0.0\",", &conflict(""))
        .replace("  \"categories\"", "<<<<<<< HEAD\n=======\n>>>>>>> other\n  \"categories\"");
    assert_eq!(Tree::with_manifest(two).findings().len(), 2);
    let tree = Tree::with_manifest(MANIFEST.replace(
        "\"otherCapabilities\": [\"external\"]",
        "\"capabilities\": {\"auditLogEventsHook\": {\"templates\": {\"default\": \"a.json\"}, \"defaultPolicy\": [],\n\
         \"endpoint\": {\"url\": \"https://example.com\", \"method\": \"POST\"}}}",
    ))
    .file("integrations/example/a.json", "{\n<<<<<<< HEAD\n\"a\": 1\n=======\n\"a\": 2\n>>>>>>> other\n}\n");
    let findings = tree.findings();
    let of_template = folders::told(&findings, "template-syntax");
    assert_eq!(of_template, [format!("2:1 a merge conflict is not resolved; {help}")]);
    assert_eq!(folders::told(&findings, "broken-json"), Vec::<String>::new());
}

#[test]
fn a_value_that_the_schema_refuses_hides_no_mistake_of_writing() {
    let findings = with_slip("[\"monitoring\"]", "{\"a\": 1, \"a\": 2, \"b\": tru}");
    assert_eq!(told(&findings, "schema").len(), 1, "{findings:?}");
    assert_eq!(told(&findings, "duplicate-key").len(), 1, "{findings:?}");
    assert_eq!(told(&findings, "json-syntax").len(), 1, "{findings:?}");
}

#[test]
fn words_and_numbers_of_other_languages_are_named() {
    let hidden = "\"hideOnIntegrationsPage\": ";
    let with = |value: &str| format!("{hidden}{value},\n  \"author\"");
    for (value, message) in [
        ("True", "JSON has no `True`; write `true`"),
        ("FALSE", "JSON has no `FALSE`; write `false`"),
        ("yes", "JSON has no `yes`; write `true`"),
        ("flase", "JSON has no `flase`; did you mean `false`?"),
        ("None", "JSON has no `None`; write `null`, or leave the key out"),
        ("undefined", "JSON has no `undefined`; write `null`, or leave the key out"),
        ("NaN", "JSON has no `NaN`; write a number, or `null`"),
        ("Infinity", "JSON has no `Infinity`; write a number, or `null`"),
        ("-Infinity", "JSON has no `-Infinity`; write a number, or `null`"),
        ("1e999", "the number `1e999` is too large; write a smaller number"),
        ("-", "`-` is not a number of JSON; write its digits"),
    ] {
        check("\"author\"", &with(value), &[&format!("6:29 {message}")]);
    }
    // A number that was meant is judged by the schema as well.
    for (value, message) in [
        ("+1", "a number has no plus sign in JSON; write `1`"),
        ("007", "a number has no leading zeros in JSON; write `7`"),
        ("0x1F", "JSON has no hexadecimal numbers; write `31`"),
        (".5", "`.5` is not a number of JSON; write `0.5`"),
        ("5.", "`5.` is not a number of JSON; write `5.0`"),
        ("1_000", "a number has no underscores in JSON; write `1000`"),
    ] {
        let findings = with_slip("\"author\"", &with(value));
        assert_eq!(told(&findings, "json-syntax"), [format!("6:29 {message}")]);
        assert_eq!(told(&findings, "schema").len(), 1, "{value}");
    }
    // A word that was to be something else is told by its spelling alone; so is a comma of a wide typeface.
    check("\"1.0.0\"", "True", &["3:14 JSON has no `True`; write `true`"]);
    check("\"1.0.0\",", "\"1.0.0\"，", &["3:21 `，` (U+FF0C) is no comma of JSON; write `,`"]);
    check("\"1.0.0\"", "1.0.0", &["3:14 `1.0.0` is not a number of JSON; put it in double quotes: `\"1.0.0\"`"]);
}

#[test]
fn what_may_not_stand_in_a_string_is_told_with_its_escape() {
    check("Example\"", "Exam\tple\"", &["2:16 a tab inside a string; write `\\t`"]);
    check("Example\"", "Exam\u{1}ple\"", &["2:16 the control character U+0001 inside a string; write `\\u0001`"]);
    check("Example\"", "Exam\\dple\"", &["2:16 JSON has no escape `\\d`; write `\\\\` for a backslash"]);
    check("Example\"", "Exam\\'ple\"", &["2:16 JSON has no escape `\\'`; write `'` without the backslash"]);
    check("Example\"", "Exam\\u12 ple\"", &["2:16 `\\u12` lacks digits; write four hexadecimal digits after `\\u`"]);
    check(
        "Example\"",
        "Exam\\ud83dple\"",
        &["2:16 `\\ud83d` is half a character; write the character itself, or both halves of its escape"],
    );
    check(
        "\"Example\"",
        "\"Exam\nple and more\"",
        &["2:16 a line break inside a string; write `\\n`, or put the string on one line"],
    );
}

#[test]
fn comments_and_odd_spaces_are_told_one_by_one() {
    check("\"1.0.0\",", "\"1.0.0\", // the first", &["3:23 JSON has no comments; remove this comment"]);
    check("\"1.0.0\",", "\"1.0.0\" /* one\ntwo */,", &["3:22 JSON has no comments; remove this comment"]);
    check("{\n  \"name\"", "{\n# note\n  \"name\"", &["2:1 JSON has no comments; remove this comment"]);
    check(
        "{\n  \"name\"",
        "// a\n{\n// b\n  \"name\"",
        &["1:1 JSON has no comments; remove this comment", "3:1 JSON has no comments; remove this comment"],
    );
    check(
        "\"version\": ",
        "\"version\":\u{a0}",
        &["3:13 the character U+00A0 is no white space in JSON; replace it by a plain space"],
    );
    let unending = with_slip("\"1.0.0\",", "\"1.0.0\", /* never");
    assert_eq!(
        told(&unending, "json-syntax"),
        ["3:23 JSON has no comments, and this one does not end; remove this comment"]
    );
}

#[test]
fn brackets_that_do_not_match_are_told_with_their_partners() {
    check("[\"monitoring\"]", "[\"monitoring\"}", &["12:30 the `[` of line 12 is closed by `}`; write `]`"]);
    let unclosed = "12:30 `]` is missing after this value; add `]`: the `[` of line 12 is not closed";
    check("[\"monitoring\"]", "[\"monitoring\"", &[unclosed]);
    check(
        "[\"monitoring\"],",
        "[\"monitoring\"\n",
        &[unclosed, "12:30 a comma is missing after this value; add a comma"],
    );
    check("[\"monitoring\"]", "[\"monitoring\"]]", &["12:31 this `]` closes nothing; remove this `]`"]);
    check(
        "[\"external\"]",
        "[\"external\"",
        &["18:1 `]` is missing before this `}`; add `]`: the `[` of line 17 is not closed"],
    );
    check("\"wide.svg\"\n  }", "\"wide.svg\"\n  ]", &["16:3 the `{` of line 13 is closed by `]`; write `}`"]);
}

#[test]
fn two_keys_of_one_name_are_told_at_the_second() {
    let findings = with_slip("\"author\":", "\"name\": \"Other\",\n  \"author\":");
    assert_eq!(
        told(&findings, "duplicate-key"),
        ["6:3 the key `name` is here twice: the first is in line 2; remove one of them"]
    );
    assert_eq!(findings.len(), 1);
    assert_eq!(findings[0]["pointer"], "/name");
}

#[test]
fn files_that_are_no_utf_8_are_told_so() {
    let tree = Tree::with_manifest(format!("\u{feff}{MANIFEST}"));
    assert_eq!(
        told(&tree.findings(), "encoding"),
        ["1:1 the file begins with a byte order mark; save it as UTF-8 without BOM"]
    );
    assert_eq!(tree.findings().len(), 1);

    let latin = [MANIFEST.as_bytes(), b"\xe9"].concat();
    let tree = Tree::with_manifest(latin);
    assert_eq!(told(&tree.findings(), "encoding"), ["19:1 the file is not UTF-8 from here on; save it as UTF-8"]);

    let wide: Vec<u8> = MANIFEST.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let tree = Tree::with_manifest([&b"\xff\xfe"[..], &wide].concat());
    assert_eq!(told(&tree.findings(), "encoding"), ["1:1 the file is UTF-16; save it as UTF-8"]);
}

#[test]
fn an_empty_file_and_text_after_the_document_are_told_once() {
    for empty in ["", " \n\n"] {
        let findings = Tree::with_manifest(empty).findings();
        assert_eq!(
            told(&findings, "json-syntax"),
            ["1:1 the file is empty; a manifest is one JSON object: start with `{`"]
        );
        assert_eq!(findings.len(), 1);
    }
    let findings = Tree::with_manifest(format!("{MANIFEST}more and {{more}}\nand more")).findings();
    assert_eq!(
        told(&findings, "json-syntax"),
        [
            "19:1 more text after the end of the document; the document ends in line 18: remove what follows, or move it inside"
        ]
    );
    assert_eq!(findings.len(), 1);
    let findings = Tree::with_manifest(format!("{MANIFEST}}}")).findings();
    assert_eq!(told(&findings, "json-syntax"), ["19:1 this `}` closes nothing; remove this `}`"]);
    assert_eq!(findings.len(), 1);
}

#[test]
fn a_file_that_ends_too_early_says_what_was_open_at_every_byte() {
    let end = MANIFEST.trim_end().len();
    for cut in 1..end {
        let findings = Tree::with_manifest(&MANIFEST[..cut]).findings();
        let told = told(&findings, "json-syntax");
        assert!(!told.is_empty() && findings.len() == told.len(), "cut at {cut}: {findings:?}");
    }
    let cut = MANIFEST.find("\"data\"").unwrap_or_else(|| MANIFEST.find("[\"monitoring").expect("it is there") + 1);
    assert_eq!(
        told(&Tree::with_manifest(&MANIFEST[..cut]).findings(), "json-syntax"),
        [
            "12:18 the file ends before the `[` of line 12 and 1 bracket around it is closed; add `]}`, or bring back what is missing"
        ]
    );
    let cut = MANIFEST.find("monitoring").expect("it is there");
    assert_eq!(
        told(&Tree::with_manifest(&MANIFEST[..cut]).findings(), "json-syntax"),
        ["12:18 the file ends inside the string that begins in line 12; add `\"]}`, or bring back what is missing"]
    );
}

#[test]
fn a_missing_bracket_is_looked_for_by_the_columns() {
    let findings = with_slip("  },\n  \"categories", "  \"categories");
    let told = told(&findings, "json-syntax");
    assert!(told.iter().any(|finding| finding.starts_with("8:12 this `{` is not closed; add `}`")), "{told:?}");
    assert!(findings.iter().all(|finding| finding["rule"] == "json-syntax"), "{findings:?}");
}

#[test]
fn depth_and_nonsense_neither_crash_nor_flood() {
    for nonsense in [
        "[", "{\"a\":", "[{\"a\":", "}", "]", ",", ":", "\"", "'", "{", "[}", "{]", "\\", "“", "-", "/*", "//", "{{",
        "\u{0}", "x ",
    ] {
        let findings = Tree::with_manifest(nonsense.repeat(100_000 / nonsense.len())).findings();
        assert!((1..=101).contains(&findings.len()), "{nonsense:?}: {} findings", findings.len());
    }
    let findings = Tree::with_manifest("[".repeat(100_000)).findings();
    assert_eq!(told(&findings, "json-syntax"), ["1:128 nested more than 127 levels deep; take levels out"]);
}

#[test]
fn the_sample_of_the_public_guide_has_four_missing_commas_and_one_too_many() {
    let tree = Tree::with_manifest(guide());
    let findings = tree.findings();
    assert_eq!(
        told(&findings, "json-syntax"),
        [
            "21:8 a comma is missing after this value; add a comma",
            "23:8 a comma is missing after this value; add a comma",
            "29:8 a comma is missing after this value; add a comma",
            "31:10 a comma is missing after this value; add a comma",
            "34:2 a comma after the last value; remove this comma",
        ]
    );
}

/// A manifest with the five slips of the public guide's sample, in lists of actions.
fn guide() -> String {
    MANIFEST.replace(
        "\"otherCapabilities\": [\"external\"]",
        concat!(
            "\"capabilities\": {\n\"auditLogEventsHook\": {\n\"defaultPolicy\": [{\n\"actions\": [\n",
            "\"first\"\n\"second\",\n\"third\"\n\"fourth\"\n]\n},\n{\n\"actions\": [\n",
            "\"fifth\"\n\"sixth\",\n\"seventh\"\n\"eighth\"\n]\n},\n],\n\"templates\": {}\n}\n}"
        ),
    )
}

#[test]
fn mistakes_of_syntax_do_not_hide_those_of_content() {
    let manifest = MANIFEST.replace("\"1.0.0\",", "\"one\"").replace("\"square.svg\"", "\"squar.svg\"");
    let findings = Tree::with_manifest(manifest).findings();
    let rules: Vec<&str> = findings.iter().filter_map(|finding| finding["rule"].as_str()).collect();
    assert_eq!(rules, ["schema", "json-syntax", "missing-file"]);
}
