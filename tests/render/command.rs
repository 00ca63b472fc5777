//! `flagpost render`, as a user runs it.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// A folder with files, gone when the test ends.
struct Folder(tempfile::TempDir);

impl Folder {
    fn with(files: &[(&str, &str)]) -> Folder {
        let folder = tempfile::tempdir().expect("a folder");
        for (name, text) in files {
            std::fs::write(folder.path().join(name), text).expect("a file");
        }
        Folder(folder)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Runs the command in the folder.
    fn render(&self, arguments: &[&str]) -> Output {
        run(self.0.path(), arguments, "")
    }

    /// What it prints, when it ends well.
    fn rendered(&self, arguments: &[&str]) -> String {
        let output = self.render(arguments);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("UTF-8")
    }

    /// How it ends, and what it says about it.
    fn refused(&self, arguments: &[&str]) -> (Option<i32>, String) {
        let output = self.render(arguments);
        assert!(output.stdout.is_empty(), "nothing is printed when it fails");
        (output.status.code(), String::from_utf8(output.stderr).expect("UTF-8"))
    }
}

fn run(folder: &Path, arguments: &[&str], input: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_flagpost"))
        .arg("render")
        .args(arguments)
        .current_dir(folder)
        .env_clear()
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    // It may end without reading.
    let _ = child.stdin.take().expect("a pipe").write_all(input.as_bytes());
    child.wait_with_output().expect("it ends")
}

const EVENT: &str = r#"{"name":"a \"b\" <c>","tags":["x","y"],"formVariables":{"own":"kept","url":"old"}}"#;

#[test]
fn exactly_the_rendered_bytes_are_printed() {
    let folder = Folder::with(&[("t.txt.hbs", "{{name}}\n\n{{tags}}"), ("e.json", EVENT)]);
    assert_eq!(folder.rendered(&["--template", "t.txt.hbs", "--context", "e.json"]), "a \"b\" <c>\n\nx,y");
}

#[test]
fn the_file_name_decides_the_escaping_unless_told_otherwise() {
    let template = r#"{"n":"{{name}}","m":"{{{name}}}"}"#;
    let folder = Folder::with(&[("t.json.hbs", template), ("t.html", template), ("t", template), ("e.json", EVENT)]);
    let print =
        |file: &str, more: &[&str]| folder.rendered(&[&["--template", file, "--context", "e.json"], more].concat());
    let json = r#"{"n":"a \"b\" <c>","m":"a \"b\" <c>"}"#;
    let html = r#"{"n":"a &quot;b&quot; &lt;c&gt;","m":"a "b" <c>"}"#;
    let none = r#"{"n":"a "b" <c>","m":"a "b" <c>"}"#;
    assert_eq!(print("t.json.hbs", &[]), json);
    assert_eq!(print("t.html", &[]), html);
    assert_eq!(print("t", &[]), none);
    assert_eq!(print("t", &["--escape", "json"]), json);
    assert_eq!(print("t.json.hbs", &["--escape", "none"]), none);
    // The reference's preview escapes for JSON first, then for HTML.
    let compat = r#"{"n":"a \&quot;b\&quot; &lt;c&gt;","m":"a \"b\" <c>"}"#;
    assert_eq!(print("t.json.hbs", &["--compat"]), compat);
    assert_eq!(print("t", &["--compat"]), html);
    assert_eq!(print("t", &["--compat", "--escape", "json"]), compat);
    assert_eq!(print("t.json.hbs", &["--compat", "--escape", "none"]), html);
}

#[test]
fn form_values_stand_under_form_variables() {
    let template = "{{#each formVariables}}{{@key}}={{this}};{{/each}}{{#if formVariables.flag}}yes{{/if}}";
    let folder = Folder::with(&[
        ("t", template),
        ("e.json", EVENT),
        ("list.json", "[1]"),
        ("form.json", r#"{"url":"file","flag":false,"n":1.0}"#),
    ]);
    let print =
        |context: &str, more: &[&str]| folder.rendered(&[&["--template", "t", "--context", context], more].concat());
    assert_eq!(print("e.json", &[]), "own=kept;url=old;");
    assert_eq!(print("e.json", &["--form", "url=a=b", "--form", "flag=false"]), "own=kept;url=a=b;flag=false;yes");
    assert_eq!(print("e.json", &["--form-file", "form.json"]), "own=kept;url=file;flag=false;n=1;");
    assert_eq!(print("e.json", &["--form-file", "form.json", "--form", "url=x"]), "own=kept;url=x;flag=false;n=1;");
    assert_eq!(print("list.json", &["--form", "a="]), "a=;");
}

#[test]
fn compat_leaves_form_values_as_they_are() {
    let folder = Folder::with(&[
        ("t.json", "{{{formVariables.a}}} {{{b}}}"),
        ("e.json", r#"{"formVariables":{"a":"\""},"b":"\""}"#),
    ]);
    assert_eq!(folder.rendered(&["--template", "t.json", "--context", "e.json", "--compat"]), "\" \\\"");
    let given = ["--template", "t.json", "--context", "e.json", "--compat", "--form", "a=\\"];
    assert_eq!(folder.rendered(&given), "\\ \\\"");
}

#[test]
fn any_json_value_is_a_context_and_standard_input_is_a_file() {
    let folder = Folder::with(&[("t", "[{{.}}]")]);
    for (context, printed) in
        [("1.0", "[1]"), ("\"x\"", "[x]"), ("[1,[2]]", "[1,2]"), ("null", "[]"), ("{}", "[[object Object]]")]
    {
        let output = run(folder.path("").as_path(), &["--template", "t", "--context", "-"], context);
        assert_eq!(String::from_utf8_lossy(&output.stdout), printed);
    }
    std::fs::write(folder.path("one"), "1").expect("a file");
    let output = run(folder.path("").as_path(), &["--template", "-", "--context", "one"], "<{{.}}>");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "<1>");
    assert_eq!(folder.refused(&["--template", "-", "--context", "-"]).0, Some(2));
}

#[test]
fn a_mistake_ends_with_one_and_shows_its_line() {
    let folder = Folder::with(&[
        ("strict.hbs", "first\n  \"é\": {{member.emial}}\n"),
        ("broken.hbs", "{{#if a}}\n{{/each}}"),
        ("e.json", r#"{"member":{"email":"x"}}"#),
    ]);
    let (code, said) = folder.refused(&["--template", "strict.hbs", "--context", "e.json", "--strict"]);
    assert_eq!(code, Some(1));
    let expected = "error: nothing provides `member.emial`\n --> strict.hbs:2:10\n  |\n2 |   \"é\": {{member.emial}}\n  |          ^^^^^^^^^^^^\n  = help: did you mean `email`?\n";
    assert_eq!(said, expected);
    let (code, said) = folder.refused(&["--template", "broken.hbs", "--context", "e.json"]);
    assert_eq!(code, Some(1));
    assert!(said.contains("broken.hbs:2:1") && said.contains("opened on line 1"), "{said}");
    assert_eq!(folder.rendered(&["--template", "strict.hbs", "--context", "e.json"]), "first\n  \"é\": \n");
}

#[test]
fn what_cannot_be_read_ends_with_two_and_its_place() {
    let folder = Folder::with(&[("t", "x"), ("bad.json", "{\n  \"a\": 1,\n}"), ("list.json", "[]"), ("e.json", "{}")]);
    std::fs::write(folder.path("latin1"), b"a\n\xe9").expect("a file");
    for (arguments, said) in [
        (["--template", "missing", "--context", "e.json"].as_slice(), "cannot read `missing`"),
        (&["--template", "t", "--context", "missing"], "cannot read `missing`"),
        (&["--template", "t", "--context", "bad.json"], "bad.json:3:1"),
        (&["--template", "latin1", "--context", "e.json"], "line 2"),
        (&["--template", "t", "--context", "e.json", "--form-file", "list.json"], "must hold a JSON object"),
        (&["--template", "t", "--context", "e.json", "--form", "nothing"], "`nothing` is no form value"),
        (&["--template", "t"], "--context"),
    ] {
        let (code, stderr) = folder.refused(arguments);
        assert_eq!(code, Some(2), "{arguments:?}: {stderr}");
        assert!(stderr.contains(said), "{arguments:?}: {stderr}");
    }
}
