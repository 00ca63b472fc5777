//! What is read of a tree: whose folders, which files, and what is refused.

mod folders;

use folders::{MANIFEST, Tree, told};
use serde_json::Value;

/// A manifest with a hook that names this template file.
fn with_template(path: &str) -> String {
    let path = Value::from(path).to_string();
    MANIFEST.replace(
        "\"otherCapabilities\": [\"external\"]",
        &format!("\"capabilities\": {{\n\"auditLogEventsHook\": {{\n\"templates\": {{\n\"flag\": {path}\n}}\n}}\n}}"),
    )
}

/// What loading says of a template path, in a folder that has `templates/flag.json.hbs`.
fn refusals(path: &str) -> Vec<String> {
    let tree = Tree::with_manifest(with_template(path))
        .file("integrations/example/templates/flag.json.hbs", "{}")
        .file("integrations/example/templates/deep/note.txt.hbs", "{}")
        .file("secret.txt", "outside");
    let findings = tree.findings();
    ["path-escape", "missing-file", "unreadable-file", "encoding"]
        .iter()
        .flat_map(|rule| told(&findings, rule))
        .collect()
}

#[test]
fn a_broken_folder_hides_no_other() {
    let tree = Tree::new()
        .integration("good", MANIFEST)
        .integration("no-json", "this is no JSON")
        .integration("typo", MANIFEST.replace("\"name\"", "\"nam\""))
        .file("integrations/no-manifest/templates/flag.json", "{}")
        .file("integrations/misnamed/Manifest.json", MANIFEST)
        .file("integrations/.git/config", "")
        .file("integrations/README.md", "");
    std::fs::create_dir_all(tree.path().join("integrations/odd/manifest.json")).expect("a folder can be made");
    let (findings, document, exit) = tree.validated(&[]);
    assert_eq!(exit, 1);
    assert_eq!(document["integrations"], 6);
    let files: Vec<&str> = findings.iter().filter_map(|finding| finding["file"].as_str()).collect();
    for (folder, told) in
        [("good", false), ("no-json", true), ("typo", true), ("no-manifest", true), ("misnamed", true), ("odd", true)]
    {
        assert_eq!(
            files.contains(&format!("integrations/{folder}/manifest.json").as_str()),
            told,
            "{folder}: {findings:?}"
        );
    }
    assert_eq!(
        told(&findings, "missing-file"),
        [
            "1:1 the folder has no `manifest.json`; rename `Manifest.json`",
            "1:1 the folder has no `manifest.json`; write one, or start with `flagpost new`"
        ]
    );
    assert_eq!(
        told(&findings, "unreadable-file"),
        ["1:1 `manifest.json` cannot be read: it is a folder; rename the folder, and write a file of that name"]
    );
}

#[test]
fn a_path_is_an_integration_or_a_folder_of_them_or_a_file_in_one() {
    let tree = Tree::new().integration("one", MANIFEST).integration("two", MANIFEST);
    let count = |arguments: &[&str]| tree.validated(arguments).1["integrations"].as_u64();
    assert_eq!(count(&[]), Some(2));
    assert_eq!(count(&["integrations"]), Some(2));
    assert_eq!(count(&["."]), Some(2));
    assert_eq!(count(&["integrations/"]), Some(2));
    assert_eq!(count(&["integrations/one"]), Some(1));
    assert_eq!(count(&["integrations/one", "./integrations/two/"]), Some(2));
    assert_eq!(count(&["integrations/one", "integrations"]), Some(2));
    assert_eq!(count(&["integrations/one/manifest.json"]), Some(1));
    assert_eq!(count(&["integrations/one/square.svg", "integrations/one/manifest.json"]), Some(1));
}

#[test]
fn files_are_named_as_the_user_named_their_folder() {
    let tree = Tree::with_manifest("{");
    for (path, file) in [
        ("integrations", "integrations/example/manifest.json"),
        ("./integrations/", "integrations/example/manifest.json"),
        ("integrations/example", "integrations/example/manifest.json"),
        ("integrations/../integrations", "integrations/../integrations/example/manifest.json"),
    ] {
        assert_eq!(tree.validated(&[path]).0[0]["file"], file, "{path}");
    }
}

#[test]
fn paths_stay_in_the_folder() {
    let message = |path: &str, reason: &str| {
        format!(
            "20:9 the path `{path}` leaves the folder of the integration: {reason}; name a file inside the folder, with `/` between the parts of its path"
        )
    };
    for (path, reason) in [
        ("../../secret.txt", "it leads out with `..`"),
        ("templates/../../example/templates/flag.json.hbs", "it leads out with `..`"),
        ("/etc/hostname", "it is absolute"),
        ("~/flag.json", "it names a home folder"),
        ("templates\\flag.json.hbs", "it has a backslash"),
        ("C:/flag.json", "it is absolute"),
        ("https://example.com/flag.json", "it is a web address"),
    ] {
        assert_eq!(refusals(path), [message(path, reason)]);
    }
    for inside in ["templates/flag.json.hbs", "./templates/flag.json.hbs", "templates/../templates/flag.json.hbs"] {
        assert_eq!(refusals(inside), Vec::<String>::new(), "{inside}");
    }
}

#[cfg(unix)]
#[test]
fn links_stay_in_the_folder_too() {
    let link = |target: &str| {
        let tree = Tree::with_manifest(with_template("templates/flag.json"))
            .file("integrations/example/templates/real.json", "{}")
            .file("secret.json", "{}");
        std::os::unix::fs::symlink(target, tree.path().join("integrations/example/templates/flag.json"))
            .expect("a link can be made");
        let findings = tree.findings();
        [told(&findings, "path-escape"), told(&findings, "missing-file")].concat()
    };
    assert_eq!(link("real.json"), Vec::<String>::new());
    let outside = link("../../../secret.json");
    assert!(outside[0].contains("it is a link to another folder"), "{outside:?}");
    let nowhere = link("nowhere.json");
    let message = "20:9 `templates/flag.json` is a link to `nowhere.json`, which is not there";
    assert_eq!(nowhere, [format!("{message}; put the file itself in place of the link")]);
}

#[cfg(unix)]
#[test]
fn nobody_waits_for_a_file_that_is_none() {
    let tree = Tree::with_manifest(with_template("templates/flag.json")).file("integrations/example/templates/x", "");
    let pipe = tree.path().join("integrations/example/templates/flag.json");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().expect("mkfifo is there").success());
    assert_eq!(
        told(&tree.findings(), "unreadable-file"),
        [
            "20:9 `templates/flag.json` cannot be read: it is not a regular file; put a plain file there that may be read"
        ]
    );
}

#[test]
fn a_missing_file_is_told_with_the_one_that_was_meant() {
    for (path, help) in [
        ("templates/Flag.json.hbs", "did you mean `templates/flag.json.hbs`?"),
        ("templates/flag.json", "did you mean `templates/flag.json.hbs`?"),
        ("templates/flag.hbs", "did you mean `templates/flag.json.hbs`?"),
        ("template/flag.json.hbs", "did you mean `templates/flag.json.hbs`?"),
        ("flag.json.hbs", "did you mean `templates/flag.json.hbs`?"),
        ("templates/flga.json.hbs", "did you mean `templates/flag.json.hbs`?"),
        ("templates/note.txt.hbs", "did you mean `templates/deep/note.txt.hbs`?"),
        ("templates/unlike.xml", "add it as `integrations/example/templates/unlike.xml`"),
    ] {
        assert_eq!(refusals(path), [format!("20:9 there is no file `{path}`; {help}")]);
    }
    assert_eq!(refusals(""), ["20:9 the path is empty; name a file inside the folder"]);
    assert_eq!(refusals("templates"), ["20:9 `templates` cannot be read: it is a folder; name a file in it"]);
    assert_eq!(
        refusals("templates/flag.json.hbs/x"),
        ["20:9 there is no file `templates/flag.json.hbs/x`; did you mean `templates/flag.json.hbs`?"]
    );
}

#[test]
fn icons_are_looked_for_like_templates() {
    let tree = Tree::with_manifest(
        MANIFEST.replace("\"square.svg\"", "\"Square.svg\"").replace("\"wide.svg\"", "\"../wide.svg\""),
    );
    let findings = tree.findings();
    assert_eq!(told(&findings, "missing-file"), ["14:15 there is no file `Square.svg`; did you mean `square.svg`?"]);
    assert_eq!(told(&findings, "path-escape").len(), 1);
    assert_eq!(findings.len(), 2);
    // What the schema refuses is told once.
    let tree = Tree::with_manifest(MANIFEST.replace("\"square.svg\"", "\"SQUARE.SVG\""));
    let findings = tree.findings();
    assert_eq!(told(&findings, "schema").len(), 1);
    assert_eq!(findings.len(), 1);
}

#[test]
fn template_files_are_bounded_text() {
    let with = |content: &[u8]| {
        Tree::with_manifest(with_template("flag.txt")).file("integrations/example/flag.txt", content).findings()
    };
    let large = with(&vec![b'x'; 1024 * 1024 + 1]);
    assert_eq!(
        told(&large, "unreadable-file"),
        [
            "20:9 `flag.txt` cannot be read: it is larger than 1024 KiB; keep the file smaller, or take out what is not sent"
        ]
    );
    let latin = with(b"one\ncaf\xe9");
    assert_eq!(told(&latin, "encoding"), ["2:4 the file is not UTF-8 from here on; save it as UTF-8"]);
    assert_eq!(latin[0]["file"], "integrations/example/flag.txt");
    let marked = with(b"\xef\xbb\xbfone");
    assert_eq!(told(&marked, "encoding"), ["1:1 the file begins with a byte order mark; save it as UTF-8 without BOM"]);
    let large = Tree::with_manifest(" ".repeat(1024 * 1024 + 1)).findings();
    assert_eq!(
        told(&large, "unreadable-file"),
        [
            "1:1 `manifest.json` cannot be read: it is larger than 1024 KiB; keep the file smaller, or take out what is not sent"
        ]
    );
}

#[test]
fn one_file_that_serves_twice_is_read_and_told_of_once() {
    let manifest = with_template("flag.txt")
        .replace("\"flag\": \"flag.txt\"", "\"flag\": \"flag.txt\", \"default\": \"flag.txt\"");
    let tree = Tree::with_manifest(manifest).file("integrations/example/flag.txt", b"\xff");
    assert_eq!(told(&tree.findings(), "encoding").len(), 1);
}

#[test]
fn every_template_of_every_capability_is_found() {
    let manifest = include_str!("folders/every_capability.json");
    let tree = Tree::with_manifest(manifest)
        .file("integrations/example/t.json.hbs", "{\"a\": 1}")
        .file("integrations/example/t.html.hbs", "<p>{{a}}</p>")
        .file("integrations/example/t.txt", "{{a}}");
    assert_eq!(told(&tree.findings(), "schema"), Vec::<String>::new());
    let loaded = flagpost::catalog::load(&tree.path().join("integrations/example"));
    assert_eq!(loaded.findings, []);
    let integration = loaded.integration.expect("it loads");
    // Every text that the manifest marks as a template, and no other, with what it is escaped for.
    let mut found: Vec<String> = integration
        .templates
        .iter()
        .map(|template| {
            assert!(integration.source.json.pointer(&template.pointer).and_then(Value::as_str).is_some());
            format!("{} {:?} {:?}", template.pointer, template.role, template.escape)
        })
        .collect();
    found.sort();
    insta::assert_snapshot!("every_template", found.join("\n"));
    let written = manifest.matches("{{t}}").count() + manifest.matches("\"t.").count();
    assert_eq!(found.len(), written, "every text with a mark is found");
}

#[test]
fn samples_beside_the_tree_come_before_those_built_in() {
    let tree =
        Tree::with_manifest(MANIFEST).file("sample-context/flag/mine.json", "{}").file("sample-context/notes.txt", "");
    let samples = flagpost::catalog::samples_for(&tree.path().join("integrations/example"));
    assert_eq!(samples.iter().map(|sample| sample.name.as_str()).collect::<Vec<_>>(), ["flag/mine.json"]);
    assert_eq!(samples[0].bytes, b"{}");
}

#[test]
fn places_in_templates_and_manifests_are_those_of_the_files() {
    let manifest = with_template("t.json.hbs").replace("\"flag\"", "\"flag\": \"t.json.hbs\", \"default\"").replace(
        "\"auditLogEventsHook\": {",
        "\"auditLogEventsHook\": { \"endpoint\": {\"method\": \"POST\", \"url\": \"https://\\u0065x\\\"{{x}}\"},",
    );
    let tree = Tree::with_manifest(&manifest).file("integrations/example/t.json.hbs", "\u{feff}{{x}}");
    let integration = flagpost::catalog::load(&tree.path().join("integrations/example")).integration.expect("it loads");
    let url = integration.template("/capabilities/auditLogEventsHook/endpoint/url").expect("it is a template");
    let within = url.text.find("{{x}}").expect("it is there");
    let place = url.place(&integration.source, within..within + 5);
    assert_eq!(&manifest[place.span], "{{x}}");
    let file = integration.template("/capabilities/auditLogEventsHook/templates/flag").expect("it is a template");
    assert_eq!(file.text, "{{x}}");
    assert_eq!(file.place(&integration.source, 0..5).span, 3..8);
}
