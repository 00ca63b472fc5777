//! `flagpost explain`, as users see it.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use insta::assert_snapshot;

const PRODUCTION: &str = r#"[
  {"effect": "allow", "resources": ["proj/*:env/production:flag/*"], "actions": ["*"]}
]"#;

/// A folder with files, gone after the test.
struct Folder(tempfile::TempDir);

impl Folder {
    fn with(files: &[(&str, &str)]) -> Folder {
        let folder = tempfile::tempdir().expect("a folder for the test");
        for (name, text) in files {
            std::fs::write(folder.path().join(name), text).expect("a file for the test");
        }
        Folder(folder)
    }

    fn explain(&self, arguments: &[&str]) -> Output {
        self.explain_reading("", arguments)
    }

    fn explain_reading(&self, input: &str, arguments: &[&str]) -> Output {
        explain_in(self.0.path(), input, arguments)
    }
}

fn explain_in(folder: &Path, input: &str, arguments: &[&str]) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_flagpost"))
        .arg("explain")
        .args(arguments)
        .current_dir(folder)
        .env_clear()
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    // It may end without having read a word.
    let _ = child.stdin.take().expect("its input").write_all(input.as_bytes());
    child.wait_with_output().expect("the program ends")
}

/// Everything that was said, and how it ended.
fn said(output: &Output) -> String {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("text");
    format!("{}{}[exit {}]", text(&output.stdout), text(&output.stderr), output.status.code().expect("an exit code"))
}

fn json(output: &Output) -> serde_json::Value {
    let text = std::str::from_utf8(&output.stdout).expect("text");
    assert_eq!(text.lines().count(), 1, "one line: {text}");
    serde_json::from_str(text).expect("JSON")
}

#[track_caller]
fn asked(policy: &str, resource: &str, action: &str) -> String {
    let folder = Folder::with(&[("policy.json", policy)]);
    said(&folder.explain(&["--policy", "policy.json", "--resource", resource, "--action", action]))
}

fn event(environment: &str) -> String {
    format!(
        r#"{{"kind":"flag","verbKind":"updateRules","key":"nav","tags":["ops"],
            "project":{{"key":"web","tags":[],"environment":{{"key":"{environment}","tags":[]}}}}}}"#
    )
}

#[test]
fn an_allow_names_its_statement_and_target() {
    assert_snapshot!(asked(PRODUCTION, "proj/web:env/production:flag/nav;ops,security", "updateOn"), @r#"
    allow: `updateOn` on `proj/web:env/production:flag/nav;ops,security` goes through
      statement 1 allows it: its resource `proj/*:env/production:flag/*` covers the target and its action `*` covers `updateOn`
    [exit 0]
    "#);
}

#[test]
fn a_miss_names_what_was_in_the_way() {
    assert_snapshot!(asked(PRODUCTION, "proj/web:env/test:flag/nav", "updateOn"), @r#"
    none: no statement speaks of `updateOn` on `proj/web:env/test:flag/nav`, so it stays
      statement 1 would match, but its environment is `production` and the event's is `test`
    [exit 0]
    "#);
}

#[test]
fn a_deny_names_the_allow_that_it_outweighs() {
    let policy =
        r#"[{"resources":["*"]},{"effect":"deny","resources":["proj/*:env/*:flag/*;internal"],"actions":["update*"]}]"#;
    assert_snapshot!(asked(policy, "proj/web:env/test:flag/nav;internal", "updateOn"), @r#"
    deny: `updateOn` on `proj/web:env/test:flag/nav;internal` is held back
      statement 2 denies it: its resource `proj/*:env/*:flag/*;internal` covers the target and its action `update*` covers `updateOn`
      statement 1 would allow it, but one deny outweighs any allow
    [exit 0]
    "#);
}

#[test]
fn several_differences_are_all_named() {
    let policy = r#"[
        {"resources":["proj/*"],"actions":["updateTags"]},
        {"resources":["proj/mobile:env/prod*:flag/*;ops"],"actions":["updateTargets","updateRules","updateName","updateOnn"]},
        {"effect":"deny","resources":["member/*"]}]"#;
    assert_snapshot!(asked(policy, "proj/web:env/test:flag/nav;a,b", "updateOn"), @r#"
    none: no statement speaks of `updateOn` on `proj/web:env/test:flag/nav;a,b`, so it stays
      statement 2 would match, but its project is `mobile` and the event's is `web`, and its environment is `prod*` and the event's is `test`, and it asks for the flag tag `ops` and the event's flag has `a` and `b`, and of its 4 actions the nearest is `updateOnn` and the event's is `updateOn`
    warning: no action is named `updateOnn`
      --> policy.json:3:114 (/1/actions/3)
       = help: did you mean `updateOn`?
    [exit 0]
    "#);
}

#[test]
fn another_type_is_named_by_its_noun() {
    assert_snapshot!(asked(PRODUCTION, "member/5f", "updateRole"), @r#"
    none: no statement speaks of `updateRole` on `member/5f`, so it stays
      statement 1 would match, but it is about a flag and the event about a member
    [exit 0]
    "#);
    assert_snapshot!(asked(PRODUCTION, "proj/web:flag/nav", "updateOn"), @r#"
    none: no statement speaks of `updateOn` on `proj/web:flag/nav`, so it stays
      statement 1 would match, but the event's resource does not have the levels of `proj/*:env/*:flag/*`
    [exit 0]
    "#);
}

#[test]
fn inverted_lists_are_explained() {
    let policy = r#"[{"notResources":["proj/*:env/*:flag/*"],"notActions":["delete*"]}]"#;
    assert_snapshot!(asked(policy, "proj/web:env/test:flag/nav", "deleteFlag"), @r#"
    none: no statement speaks of `deleteFlag` on `proj/web:env/test:flag/nav`, so it stays
      statement 1 would match, but its `notResources` has `proj/*:env/*:flag/*`, which covers the event, and its `notActions` has `delete*`, which covers the event's action
    [exit 0]
    "#);
    assert_snapshot!(asked(policy, "member/5f", "updateRole"), @r#"
    allow: `updateRole` on `member/5f` goes through
      statement 1 allows it: its `notResources` does not cover the target and its `notActions` does not cover `updateRole`
    [exit 0]
    "#);
}

#[test]
fn a_policy_without_allows_says_so() {
    assert_snapshot!(asked(r#"[{"effect":"deny","resources":["member/*"]}]"#, "proj/web", "updateTags"), @r#"
    none: no statement speaks of `updateTags` on `proj/web`, so it stays
      no statement allows anything
    [exit 0]
    "#);
    assert_snapshot!(asked("[]", "proj/web", "updateTags"), @r#"
    none: no statement speaks of `updateTags` on `proj/web`, so it stays
      no statement allows anything
    [exit 0]
    "#);
}

#[test]
fn all_environments_are_decided_one_by_one() {
    assert_snapshot!(asked(PRODUCTION, "proj/web:env/~:flag/nav", "createFlag"), @r#"
    allow: `createFlag` on `proj/web:env/production:flag/nav` goes through
      statement 1 allows it in the environment `production`: its resource `proj/*:env/production:flag/*` covers the target and its action `*` covers `createFlag`
    [exit 0]
    "#);
    let everywhere =
        r#"[{"resources":["proj/*:env/*;live:flag/*"]},{"effect":"deny","resources":["proj/*:env/eu-*:flag/*"]}]"#;
    assert_snapshot!(asked(everywhere, "proj/web:env/~:flag/nav", "createFlag"), @r#"
    deny: `createFlag` on `proj/web:env/eu-*:flag/nav` is held back
      statement 2 denies it in environments like `eu-*`: its resource `proj/*:env/eu-*:flag/*` covers the target and it covers every action
    [exit 0]
    "#);
}

#[test]
fn what_cannot_be_decided_is_said() {
    let folder = Folder::with(&[
        ("policy.json", r#"[{},{"effect":"deny","resources":["proj/*:env/*:flag/*;internal"]}]"#),
        (
            "event.json",
            r#"{"kind":"flag","verbKind":"updateOn","key":"nav","project":{"key":"web","environment":{"key":"test"}}}"#,
        ),
    ]);
    assert_snapshot!(said(&folder.explain(&["--policy", "policy.json", "--context", "event.json"])), @r#"
    deny: `updateOn` on `proj/web:env/test:flag/nav` is held back
      statement 2 denies it: its resource `proj/*:env/*:flag/*;internal` may cover the target and it covers every action
      it asks for the flag tag `internal` and the event does not tell the flag's tags: what cannot be decided does not leave
      statement 1 would allow it, but one deny outweighs any allow
    [exit 0]
    "#);
}

#[test]
fn programs_get_one_line_with_the_statement_from_zero() {
    let policy = r#"{"statements":[{"resources":["proj/*"]},{"resources":["proj/*:env/production:flag/*"]}]}"#;
    let folder = Folder::with(&[
        ("policy.json", policy),
        ("production.json", &event("production")),
        ("test.json", &event("test")),
    ]);
    let explain = |context| folder.explain(&["--policy", "policy.json", "--context", context, "--format", "json"]);
    let allowed = json(&explain("production.json"));
    assert_eq!(allowed["decision"], "allow");
    assert_eq!(allowed["statement"], 1);
    assert_eq!(allowed["target"], "proj/web:env/production:flag/nav;ops");
    assert_eq!(allowed["action"], "updateRules");
    let missed = json(&explain("test.json"));
    assert_eq!(missed["decision"], "none");
    assert_eq!(missed["statement"], serde_json::Value::Null);
    assert_eq!(missed["target"], "proj/web:env/test:flag/nav;ops");
    assert_eq!(missed["nearest"]["statement"], 1);
    assert_eq!(missed["nearest"]["because"][0], "its environment is `production` and the event's is `test`");
}

#[test]
fn an_integration_is_asked_for_its_default_policy() {
    let manifest = format!(r#"{{"capabilities":{{"auditLogEventsHook":{{"defaultPolicy":{PRODUCTION}}}}}}}"#);
    let folder = Folder::with(&[("manifest.json", &manifest), ("event.json", &event("production"))]);
    assert_snapshot!(said(&folder.explain(&[".", "--context", "event.json"])), @r#"
    allow: `updateRules` on `proj/web:env/production:flag/nav;ops` goes through
      statement 1 allows it: its resource `proj/*:env/production:flag/*` covers the target and its action `*` covers `updateRules`
    [exit 0]
    "#);
}

#[test]
fn the_accesses_of_an_audit_log_entry_are_its_targets() {
    let entry = r#"{"kind":"flag","accesses":[
        {"action":"createFlag","resource":"proj/web:env/test:flag/nav"},
        {"action":"createFlag","resource":"proj/web:env/production:flag/nav"}]}"#;
    let folder = Folder::with(&[("policy.json", PRODUCTION), ("entry.json", entry)]);
    assert_snapshot!(said(&folder.explain(&["--policy", "policy.json", "--context", "entry.json"])), @r#"
    allow: `createFlag` on `proj/web:env/production:flag/nav` goes through
      statement 1 allows it: its resource `proj/*:env/production:flag/*` covers the target and its action `*` covers `createFlag`
      the event has 2 targets, and one that is allowed is enough
    [exit 0]
    "#);
}

#[test]
fn a_dash_is_standard_input() {
    let folder = Folder::with(&[("policy.json", PRODUCTION), ("event.json", &event("production"))]);
    let by_event = folder.explain_reading(&event("production"), &["--policy", "policy.json", "--context", "-"]);
    let by_policy = folder.explain_reading(PRODUCTION, &["--policy", "-", "--context", "event.json"]);
    assert_eq!(said(&by_event), said(&by_policy));
    assert!(said(&by_event).starts_with("allow: "));
    assert_snapshot!(said(&folder.explain(&["--policy", "-", "--context", "-"])), @r#"
    error: standard input cannot be both the policy and the event
    [exit 2]
    "#);
}

#[test]
fn every_mistake_of_a_policy_is_told_with_its_place() {
    let policy = r#"{"policy": [
  {"effect": "alow", "resources": ["proj/*:env/production:flag/*", "flag/x", "proj/*/env/test"]},
  {"resources": ["prj/*"], "notResources": [1], "efect": "allow", "actions": ["updateFallThrough"]},
  "proj/*"
]}"#;
    assert_snapshot!(asked(policy, "proj/web", "updateTags"), @r#"
    error: an effect is `allow` or `deny`, not `alow`
      --> policy.json:2:14 (/policy/0/effect)
       = help: did you mean `allow`?
    error: `flag/x` is missing its project and environment
      --> policy.json:2:69 (/policy/0/resources/1)
       = help: write `proj/*:env/*:flag/x`
    error: `proj/*/env/test` has two slashes
      --> policy.json:2:79 (/policy/0/resources/2)
       = help: write `proj/*:env/test`
    error: no resource type is named `prj`
      --> policy.json:3:19 (/policy/1/resources/0)
       = help: did you mean `proj`?
    error: a statement has either `resources` or `notResources`, not both
      --> policy.json:3:44 (/policy/1/notResources)
       = help: remove `resources` or `notResources`
    error: an entry of `notResources` is a string
      --> policy.json:3:45 (/policy/1/notResources/0)
    error: a statement has no key `efect`
      --> policy.json:3:58 (/policy/1/efect)
       = help: did you mean `effect`?
    warning: no action is named `updateFallThrough`
      --> policy.json:3:80 (/policy/1/actions/0)
       = help: did you mean `updateFallthrough`?
    error: a statement is an object
      --> policy.json:4:3 (/policy/2)
    error: the policy in `policy.json` has 8 mistakes, so nothing was decided
    [exit 1]
    "#);
}

#[test]
fn what_is_odd_is_told_beside_the_answer() {
    let policy = r#"[{"resources": ["proj/*:/env/*"], "actions": ["updateFallThrough", "createFlag"]}]"#;
    assert_snapshot!(asked(policy, "proj/web:env/test", "updateTags"), @r#"
    none: no statement speaks of `updateTags` on `proj/web:env/test`, so it stays
      statement 1 would match, but its actions are `updateFallThrough` and `createFlag` and the event's is `updateTags`
    warning: the slash after the `:` is passed over
      --> policy.json:1:25 (/0/resources/0)
       = help: remove the slash
    warning: no action is named `updateFallThrough`
      --> policy.json:1:48 (/0/actions/0)
       = help: did you mean `updateFallthrough`?
    warning: `createFlag` is no action on an environment
      --> policy.json:1:69 (/0/actions/1)
       = help: `createFlag` is an action on `proj/*:env/*:flag/*`
    [exit 0]
    "#);
}

#[test]
fn what_cannot_be_read_ends_with_two() {
    let folder = Folder::with(&[
        ("policy.json", PRODUCTION),
        ("broken.json", "[{"),
        ("text.json", "\"hello\""),
        ("manifest.json", r#"{"capabilities":{}}"#),
        ("event.json", &event("test")),
    ]);
    for arguments in [
        &["--policy", "missing.json", "--context", "event.json"][..],
        &["--policy", "broken.json", "--context", "event.json"],
        &["--policy", "policy.json", "--context", "missing.json"],
        &["--policy", "policy.json", "--context", "broken.json"],
        &["--policy", "policy.json", "--context", "text.json"],
        &["--policy", "policy.json", "--resource", "nav", "--action", "updateOn"],
        &[".", "--context", "event.json"],
        &["missing", "--context", "event.json"],
        &["--policy", "policy.json"],
        &["--context", "event.json"],
        &["--policy", "policy.json", "--resource", "proj/web"],
        &["--policy", "policy.json", "--action", "updateOn"],
        &["--policy", "policy.json", "--context", "event.json", "--resource", "proj/web", "--action", "updateOn"],
        &[".", "--policy", "policy.json", "--context", "event.json"],
    ] {
        let output = folder.explain(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {}", said(&output));
        assert!(output.stdout.is_empty(), "{arguments:?}");
        assert!(!output.stderr.is_empty(), "{arguments:?}");
    }
    assert_snapshot!(said(&folder.explain(&[".", "--context", "event.json"])), @r#"
    error: `manifest.json` has no default policy
      = help: it would be `capabilities.auditLogEventsHook.defaultPolicy`; or name a file by `--policy`
    [exit 2]
    "#);
}

#[test]
fn a_key_that_is_there_twice_is_told() {
    let policy = r#"[{"effect": "allow", "resources": ["proj/*"], "effect": "deny"}]"#;
    assert_snapshot!(asked(policy, "proj/web", "updateTags"), @r#"
    deny: `updateTags` on `proj/web` is held back
      statement 1 denies it: its resource `proj/*` covers the target and it covers every action
    warning: the key `effect` is here twice: the first is in line 1
      --> policy.json:1:47 (/0/effect)
       = help: remove one of them
    [exit 0]
    "#);
}

#[test]
fn what_loading_the_integration_finds_is_told_too() {
    let manifest = r#"{
  "icons": {"square": "square.svg"},
  "capabilities": {"auditLogEventsHook": {"defaultPolicy": [{"resources": ["proj/*"], "actions": ["*"],}]}}
}"#;
    let folder = Folder::with(&[("manifest.json", manifest), ("event.json", &event("test"))]);
    for named in [".", "manifest.json", "./manifest.json"] {
        let told = said(&folder.explain(&[named, "--resource", "proj/web", "--action", "updateTags"]));
        assert!(told.starts_with("allow: `updateTags` on `proj/web` goes through"), "{told}");
        assert!(told.contains("error[json-syntax]: a comma after the last value"), "{told}");
        assert!(told.contains("error[missing-file]: there is no file `square.svg`"), "{told}");
    }
    let told = said(&Folder::with(&[("manifest.json", "[{")]).explain(&[".", "--context", "event.json"]));
    assert!(told.contains("error[json-syntax]") && told.ends_with("[exit 2]"), "{told}");
}

#[test]
fn a_policy_that_is_no_list_is_a_mistake() {
    let folder = Folder::with(&[("policy.json", r#"{"polcy":[]}"#), ("event.json", &event("test"))]);
    assert_snapshot!(said(&folder.explain(&["--policy", "policy.json", "--context", "event.json"])), @r#"
    error: `policy.json` holds no policy
      = help: a policy is a list of statements, alone or as `statements`, `policy` or `defaultPolicy`
    [exit 1]
    "#);
}
