//! Mistakes are told with their place, in words that help.

use flagpost::render::{Escape, Options, RenderErrorKind, Template};

/// What is marked, what is said, what is advised.
fn mistake(template: &str) -> (String, String, String) {
    let error = Template::compile(template).expect_err("it is wrong");
    (template[error.span].to_owned(), error.message, error.help.unwrap_or_default())
}

#[test]
fn three_braces_before_json_are_told_apart() {
    let (marked, message, help) = mistake(r#"{"a":{"b":{{x}}}"#);
    assert_eq!(marked, "}}}");
    assert!(message.contains("began with `{{`"), "{message}");
    assert!(help.contains("`}} }`"), "{help}");
}

#[test]
fn what_is_never_closed_is_marked_where_it_opens() {
    assert_eq!(mistake("a {{name").0, "{{name");
    assert_eq!(mistake("a {{name\nb").0, "{{name");
    assert_eq!(mistake("{{#if a}}x").0, "{{#if a}}");
    assert!(mistake("{{#if a}}x").2.contains("{{/if}}"));
    assert_eq!(mistake("x{{! never").0, "{{!");
    assert!(mistake("{{!-- never }}").2.contains("--}}"));
    assert!(mistake("{{{{raw}}}} never").1.contains("never closed"));
    assert_eq!(mistake("{{lookup a (lookup b 'c'}}").0, "(");
    assert!(mistake("{{a 'b}}").1.contains("never closed"));
    assert_eq!(mistake("{{a {{b}}").0, "{{a {{b}}");
}

#[test]
fn a_wrong_closing_tag_names_both_places() {
    let (marked, message, help) = mistake("{{#each a}}\n{{#if b}}\n{{/each}}");
    assert_eq!(marked, "{{/each}}");
    assert!(message.contains("`{{/each}}` on line 3") && message.contains("`if`, opened on line 2"), "{message}");
    assert!(help.contains("{{/if}}"));
    assert!(mistake("x{{/if}}").1.contains("never opened"));
}

#[test]
fn else_outside_a_block_and_twice_in_one_are_mistakes() {
    assert_eq!(mistake("a{{else}}b").0, "{{else}}");
    assert!(mistake("a{{else}}b").1.contains("outside any block"));
    assert!(mistake("{{#if a}}{{else}}{{else}}{{/if}}").1.contains("already"));
}

#[test]
fn a_number_after_a_dot_wants_brackets() {
    let (marked, _, help) = mistake("{{tags.0}}");
    assert_eq!(marked, "tags.0");
    assert_eq!(help, "write `tags.[0]`");
}

#[test]
fn names_that_only_begin_a_path_are_refused_within_it() {
    assert!(mistake("{{a.this}}").2.contains("`[this]`"));
    assert!(mistake("{{a/../b}}").1.contains("`..`"));
}

#[test]
fn a_missing_name_is_an_error_with_its_place_and_the_nearest_name() {
    let strict = Options::new(Escape::None).strictly();
    let template = "by {{member.emial}}";
    let error = crate::render(template, r#"{"member":{"email":"a@b"}}"#, strict).expect_err("it is missing");
    assert_eq!(error.kind, RenderErrorKind::Missing("member.emial".to_owned()));
    assert_eq!(&template[error.span], "member.emial");
    assert_eq!(error.help.as_deref(), Some("did you mean `email`?"));
    let error = crate::render("{{#if membr.email}}{{/if}}", r#"{"member":{}}"#, strict).expect_err("it is missing");
    assert_eq!(error.help.as_deref(), Some("did you mean `member`?"));
}

#[test]
fn helpers_that_do_not_exist_and_partials_say_so() {
    let options = Options::default();
    let error = crate::render("{{queryEncod a}}", "{}", options).expect_err("no such helper");
    assert_eq!(error.kind, RenderErrorKind::UnknownHelper("queryEncod".to_owned()));
    assert_eq!(error.help.as_deref(), Some("did you mean `queryEncode`?"));
    for template in ["{{> header}}", "{{#> layout}}x{{/layout}}", "{{#*inline 'a'}}x{{/inline}}", "{{* a}}"] {
        let error = crate::render(template, "{}", options).expect_err("it is refused");
        assert_eq!(error.kind, RenderErrorKind::Unsupported, "{template}");
    }
    for template in [
        "{{queryEncode}}",
        "{{#equal a}}{{/equal}}",
        "{{#if a b}}{{/if}}",
        "{{each a}}",
        "{{formatWithOffset 'x' 0 'simple'}}",
    ] {
        let error = crate::render(template, r#"{"a":1}"#, options).expect_err("it is refused");
        assert_eq!(error.kind, RenderErrorKind::Helper, "{template}");
    }
}

#[test]
fn exactly_a_helper_that_makes_a_text_refuses_what_is_not_there() {
    let template =
        Template::compile("{{queryEncode name}}/{{pathEncode tags}}/{{queryEncode comment}}").expect("it compiles");
    let told = |json: &str| {
        let value = flagpost::value::Value::parse(json.as_bytes()).expect("the row is JSON");
        let options = Options::new(Escape::None);
        let context = flagpost::render::Context::new(&value);
        assert!(template.render(context, options).is_ok(), "it is refused only where that is asked for");
        template.render(context, options.exactly()).map_err(|error| (error.kind, error.span))
    };
    let absent = RenderErrorKind::NoText("comment".to_owned(), true);
    assert_eq!(told(r#"{"name":"a b","tags":[]}"#), Err((absent, 55..62)));
    let null = RenderErrorKind::NoText("tags".to_owned(), false);
    assert_eq!(told(r#"{"name":"a b","tags":null}"#), Err((null, 34..38)));
    assert_eq!(told(r#"{"name":"a b","tags":["x"],"comment":""}"#), Ok("a%20b/x/".to_owned()));
}
