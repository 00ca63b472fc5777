//! How findings look, in every format, and how `validate` ends.

mod folders;

use folders::{MANIFEST, Tree};
use serde_json::Value;

/// A manifest with a hook whose template is `templates/flag.json.hbs`.
fn hook() -> String {
    MANIFEST.replace(
        "\"otherCapabilities\": [\"external\"]",
        concat!(
            "\"capabilities\": {\n    \"auditLogEventsHook\": {\n",
            "      \"endpoint\": { \"url\": \"https://example.com\", \"method\": \"POST\" },\n",
            "      \"templates\": { \"flag\": \"templates/flag.json.hbs\" }\n    }\n  }"
        ),
    )
}

#[test]
fn json_has_exactly_the_promised_members() {
    let tree = Tree::with_manifest(MANIFEST.replace("\"1.0.0\"", "\"1\"")).integration("broken", "{");
    let (findings, document, exit) = tree.validated(&[]);
    assert_eq!(exit, 1);
    let names = |value: &Value| value.as_object().map(|members| members.keys().cloned().collect::<Vec<_>>());
    assert_eq!(names(&document), Some(["findings", "integrations", "errors", "warnings"].map(str::to_owned).to_vec()));
    assert_eq!(
        (&document["integrations"], &document["errors"], &document["warnings"]),
        (&2.into(), &2.into(), &0.into())
    );
    for finding in &findings {
        let expected = ["rule", "severity", "file", "line", "column", "pointer", "message", "help"];
        assert_eq!(names(finding), Some(expected.map(str::to_owned).to_vec()));
    }
    // In the order of files.
    assert_eq!(findings[0]["file"], "integrations/broken/manifest.json");
    assert_eq!(findings[1]["file"], "integrations/example/manifest.json");
    assert_eq!(
        (&findings[1]["line"], &findings[1]["column"], &findings[1]["pointer"]),
        (&3.into(), &14.into(), &"/version".into())
    );
    assert_eq!(findings[1]["severity"], "error");
    assert_eq!(findings[1]["rule"], "schema");
}

#[test]
fn the_end_says_whether_there_were_errors() {
    let good = Tree::with_manifest(MANIFEST);
    assert_eq!(good.run(&["validate"]).exit, 0);
    assert_eq!(good.run(&["validate"]).stdout, "1 integration, 0 errors, 0 warnings\n");
    assert_eq!(good.run(&["validate", "--deny-warnings"]).exit, 0);
    assert_eq!(Tree::with_manifest("{").run(&["validate"]).exit, 1);
    for nothing in [
        &["validate", "nowhere"][..],
        &["validate", "integrations/example/square.svg/x"],
        &["validate", "--format", "xml"],
    ] {
        let answer = good.run(nothing);
        assert_eq!((answer.exit, answer.stdout.as_str()), (2, ""), "{nothing:?}");
        assert!(answer.stderr.starts_with("error: "), "{}", answer.stderr);
    }
    let empty = Tree::new().file("integrations/README.md", "nothing here");
    assert_eq!(empty.run(&["validate"]).exit, 2);
    assert_eq!(Tree::new().run(&["validate"]).exit, 2);
}

#[test]
fn only_a_terminal_gets_colour() {
    let answer = Tree::with_manifest("{").run(&["validate"]);
    assert!(!answer.stdout.contains('\u{1b}'), "{}", answer.stdout);
}

#[test]
fn columns_count_characters_in_every_format() {
    let manifest = MANIFEST
        .replace("  \"name\": \"Example\",\n  \"version\": \"1.0.0\",", "\t\"name\": \"日本 😀\", \"version\": \"1\",");
    let tree = Tree::with_manifest(manifest);
    let findings = tree.findings();
    assert_eq!((&findings[0]["line"], &findings[0]["column"]), (&2.into(), &29.into()));
    let human = tree.run(&["validate"]).stdout;
    assert!(human.contains("--> integrations/example/manifest.json:2:29\n"), "{human}");
    let github = tree.run(&["validate", "--format", "github"]).stdout;
    assert!(
        github.starts_with("::error file=integrations/example/manifest.json,line=2,col=29,title=schema::"),
        "{github}"
    );
    let sarif: Value = serde_json::from_str(&tree.run(&["validate", "--format", "sarif"]).stdout).expect("it is JSON");
    let region = &sarif["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["region"];
    assert_eq!(
        (&region["startLine"], &region["startColumn"], &region["endColumn"]),
        (&2.into(), &29.into(), &32.into())
    );
}

#[test]
fn annotations_are_one_line_each() {
    let tree = Tree::with_manifest(MANIFEST.replace("\"version\"", "\"ver:si,on%\"")).integration("a,b:c%d", "{");
    let answer = tree.run(&["validate", "--format", "github"]);
    assert_eq!(answer.exit, 1);
    let lines: Vec<&str> = answer.stdout.lines().collect();
    assert_eq!(lines.len(), tree.findings().len());
    assert!(lines.iter().all(|line| line.starts_with("::error file=")), "{lines:?}");
    assert!(
        lines[0].starts_with("::error file=integrations/a%2Cb%3Ac%25d/manifest.json,line=1,col=2,title=json-syntax::"),
        "{}",
        lines[0]
    );
    assert!(lines.iter().any(|line| line.contains("`ver:si,on%25`")), "{lines:?}");
}

#[test]
fn sarif_has_what_scanners_ask_for() {
    let tree = Tree::with_manifest(MANIFEST.replace("\"square.svg\"", "\"../square.svg\""))
        .integration("a b", "{\"name\": 1}");
    let answer = tree.run(&["validate", "--format", "sarif"]);
    assert_eq!(answer.exit, 1);
    let sarif: Value = serde_json::from_str(&answer.stdout).expect("it is JSON");
    assert_eq!(sarif["version"], "2.1.0");
    assert!(sarif["$schema"].as_str().expect("a schema").contains("sarif-2.1.0"));
    let run = &sarif["runs"][0];
    assert_eq!(run["tool"]["driver"]["name"], "flagpost");
    assert_eq!(run["columnKind"], "unicodeCodePoints");
    let rules = run["tool"]["driver"]["rules"].as_array().expect("rules");
    let results = run["results"].as_array().expect("results");
    assert_eq!(results.len(), tree.findings().len());
    for result in results {
        let index = usize::try_from(result["ruleIndex"].as_u64().expect("an index")).expect("a small one");
        assert_eq!(rules[index]["id"], result["ruleId"]);
        assert!(rules[index]["shortDescription"]["text"].is_string());
        assert_eq!(result["level"], "error");
        assert!(result["message"]["text"].as_str().is_some_and(|text| !text.is_empty()));
        let place = &result["locations"][0]["physicalLocation"];
        let uri = place["artifactLocation"]["uri"].as_str().expect("a uri");
        assert!(["integrations/a%20b/manifest.json", "integrations/example/manifest.json"].contains(&uri), "{uri}");
        let number = |name: &str| place["region"][name].as_u64().expect("a number");
        assert!(number("startLine") >= 1 && number("startColumn") >= 1);
        assert!((number("endLine"), number("endColumn")) >= (number("startLine"), number("startColumn")));
    }
    let ids: Vec<&Value> = rules.iter().map(|rule| &rule["id"]).collect();
    let distinct: std::collections::BTreeSet<String> = ids.iter().map(ToString::to_string).collect();
    assert_eq!(distinct.len(), ids.len(), "no rule is described twice");
}

#[test]
fn paths_within_the_folder_are_relative_though_named_in_full() {
    let tree = Tree::with_manifest("{");
    let folder = tree.path().canonicalize().expect("it is there");
    let full = folder.join("integrations/example");
    let full = full.to_str().expect("a plain name");
    let sarif = tree.run(&["validate", full, "--format", "sarif"]).stdout;
    assert!(sarif.contains("\"uri\": \"integrations/example/manifest.json\""), "{sarif}");
    let github = tree.run(&["validate", full, "--format", "github"]).stdout;
    assert!(github.starts_with("::error file=integrations/example/manifest.json,"), "{github}");
}

#[test]
fn long_lines_are_cut_around_their_place() {
    for length in [300, 100_000] {
        let tree = Tree::with_manifest(
            MANIFEST.replace("\"Example Inc.\"", &format!("\"{}\", \"nmae\": 1", "x".repeat(length))),
        );
        let human = tree.run(&["validate"]).stdout;
        assert!(human.lines().all(|line| line.chars().count() <= 160), "{length}");
        assert!(human.contains(&format!(" --> integrations/example/manifest.json:6:{}\n", 17 + length)), "{human}");
        let lines: Vec<&str> = human.lines().collect();
        let shown = lines.iter().position(|line| line.contains("\"nmae\": 1")).expect("the place is shown");
        let column = lines[shown + 1].find('^').expect("it is underlined");
        let marked: String = lines[shown].chars().skip(column).take(6).collect();
        assert_eq!(marked, "\"nmae\"", "{human}");
    }
}

#[test]
fn what_an_author_wrote_breaks_no_line() {
    let tree = Tree::with_manifest(MANIFEST.replace("\"author\"", "\"x\\n::error::\\u001b[31m\": 1, \"author\""));
    for format in ["human", "github"] {
        let answer = tree.run(&["validate", "--format", format]).stdout;
        assert!(!answer.contains("\n::error::") && !answer.contains('\u{1b}'), "{answer}");
        assert!(answer.contains("error") && answer.contains("unknown property"), "{answer}");
    }
}

#[test]
fn the_sample_of_the_public_guide_looks_like_this() {
    let manifest = hook().replace(
        "\"templates\": {",
        "\"defaultPolicy\": [{ \"actions\": [\n\"updateGlobalArchived\"\n\"updateOn\"\n] },\n],\n      \"templates\": {",
    );
    let tree = Tree::with_manifest(manifest).file("integrations/example/templates/flag.json.hbs", "{}");
    insta::assert_snapshot!("guide", only(&tree, "json-syntax"));
}

#[test]
fn a_typo_looks_like_this() {
    let tree = Tree::with_manifest(hook().replace("\"capabilities\"", "\"capabilitees\""))
        .file("integrations/example/templates/flag.json.hbs", "{}");
    insta::assert_snapshot!("typo", only(&tree, "schema"));
}

#[test]
fn a_missing_file_looks_like_this() {
    let tree = Tree::with_manifest(hook()).file("integrations/example/templates/Flag.json.hbs", "{}");
    insta::assert_snapshot!("missing_file", only(&tree, "missing-file"));
}

#[test]
fn a_template_that_is_none_looks_like_this() {
    let tree = Tree::with_manifest(hook())
        .file("integrations/example/templates/flag.json.hbs", "{\n  \"a\": \"{{#if comment}}\"\n}\n");
    insta::assert_snapshot!("template_syntax", only(&tree, "template-syntax"));
}

/// What people see of one rule's findings.
fn only(tree: &Tree, rule: &str) -> String {
    let human = tree.run(&["validate"]).stdout;
    let blocks: Vec<&str> = human.split("\n\n").filter(|block| block.contains(&format!("[{rule}]"))).collect();
    blocks.join("\n\n")
}

#[test]
fn what_is_not_told_is_counted() {
    let unknown: String = (0..250).map(|index| format!("\"lamp{index}\": 1,\n  ")).collect();
    let tree = Tree::with_manifest(MANIFEST.replacen("\"name\"", &format!("{unknown}\"name\""), 1));
    let (findings, document, exit) = tree.validated(&[]);
    assert_eq!((exit, &document["errors"]), (1, &201.into()));
    let counts =
        |finding: &Value| finding["message"].as_str().is_some_and(|text| text.contains("and 50 more mistakes"));
    assert!(findings.iter().any(counts), "{findings:#?}");
}

#[test]
fn a_file_of_nothing_but_nul_is_called_that() {
    let (findings, _, exit) = Tree::with_manifest("\0\0\0\0\n\0").validated(&[]);
    assert_eq!((exit, findings.len()), (1, 1), "{findings:#?}");
    assert_eq!(findings[0]["rule"], "encoding");
    assert!(findings[0]["message"].as_str().is_some_and(|text| text.contains("NUL")), "{findings:#?}");
}

#[test]
#[cfg(unix)]
fn a_link_beside_its_folder_is_that_folder() {
    let tree = Tree::with_manifest(MANIFEST);
    let link = tree.path().join("integrations/again");
    std::os::unix::fs::symlink("example", link).expect("a link can be made");
    let answer = tree.run(&["validate"]);
    assert_eq!((answer.exit, answer.stdout.as_str()), (0, "1 integration, 0 errors, 0 warnings\n"));
}

#[test]
#[cfg(unix)]
fn no_path_steers_the_terminal() {
    let tree = Tree::new().integration("\u{1b}[31mred", "{");
    for format in ["human", "github", "json", "sarif"] {
        let answer = tree.run(&["validate", "--format", format]);
        assert!(answer.stdout.contains("red/manifest.json"), "{}", answer.stdout);
        assert!(!answer.stdout.contains('\u{1b}'), "{format}: {}", answer.stdout);
    }
}
