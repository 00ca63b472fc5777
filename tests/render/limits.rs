//! However bad the template: an error, soon, and never the end of the process.

use flagpost::render::{Escape, Limits, Options, RenderErrorKind, Template};

fn limited(output_bytes: usize, steps: u64) -> Options {
    Options { limits: Limits { output_bytes, steps }, ..Options::new(Escape::None) }
}

fn limit_error(template: &str, data: &str, options: Options) -> String {
    let error = crate::render(template, data, options).expect_err("it is too much");
    assert_eq!(error.kind, RenderErrorKind::Limit);
    error.message
}

#[test]
fn loops_within_loops_over_long_lists_end_in_an_error() {
    let items = vec!["1"; 2000].join(",");
    let data = format!("{{\"a\":[{items}]}}");
    let bomb = "{{#each a}}{{#each @root.a}}{{#each @root.a}}{{#each @root.a}}{{/each}}{{/each}}{{/each}}{{/each}}";
    assert!(limit_error(bomb, &data, Options::default()).contains("steps"));
    let quiet = "{{#each a}}{{#each @root.a}}{{#if @root.a}}{{/if}}{{/each}}{{/each}}";
    assert!(limit_error(quiet, &data, limited(1000, 10_000)).contains("10000 steps"));
}

#[test]
fn output_is_bounded_whatever_prints_it() {
    let text = "x".repeat(5000);
    let data = format!("{{\"x\":\"{text}\",\"a\":[{}]}}", vec!["7"; 400].join(","));
    for template in [
        "{{#each a}}{{@root.x}}{{/each}}",
        "{{#each a}}{{@root.a}}{{/each}}",
        "{{#each a}}{{queryEncode @root.x}}{{/each}}",
    ] {
        assert!(limit_error(template, &data, limited(100_000, 10_000_000)).contains("100000 bytes"), "{template}");
    }
    let long = format!("{{{{#each a}}}}{}{{{{/each}}}}", "y".repeat(1000));
    assert!(limit_error(&long, &data, limited(100_000, 10_000_000)).contains("100000 bytes"));
    let fits = crate::render("{{x}}", &data, limited(5000, 10)).expect("it fits exactly");
    assert_eq!(fits.len(), 5000);
}

#[test]
fn a_failed_render_leaves_the_buffer_as_it_was() {
    let template = Template::compile("text {{missing}}").expect("it compiles");
    let value = flagpost::value::Value::parse(b"{}").expect("JSON");
    let mut buffer = "before".to_owned();
    let context = flagpost::render::Context::new(&value);
    assert!(template.render_into(context, Options::default().strictly(), &mut buffer).is_err());
    assert_eq!(buffer, "before");
    template.render_into(context, Options::default(), &mut buffer).expect("it renders");
    assert_eq!(buffer, "beforetext ");
}

#[test]
fn deep_templates_are_refused_and_long_chains_are_not() {
    let deep = |depth: usize| format!("{}x{}", "{{#if a}}".repeat(depth), "{{/if}}".repeat(depth));
    assert_eq!(crate::html(&deep(64), r#"{"a":1}"#), "x");
    assert!(Template::compile(&deep(65)).expect_err("too deep").message.contains("nest too deep"));
    assert!(Template::compile(&deep(100_000)).is_err());
    let calls = |depth: usize| format!("{{{{lookup {}a{} 'x'}}}}", "(lookup ".repeat(depth), " 'x')".repeat(depth));
    assert!(Template::compile(&calls(63)).is_ok());
    assert!(Template::compile(&calls(100_000)).is_err());
    let links: String = (0..120).map(|n| format!("{{{{else if (lookup a {n})}}}}{n}")).collect();
    assert_eq!(crate::html(&format!("{{{{#if b}}}}{links}{{{{else}}}}end{{{{/if}}}}"), r#"{"a":{"119":1}}"#), "119");
    let endless = format!("{{{{#if b}}}}{}{{{{/if}}}}", "{{else if b}}".repeat(100_000));
    assert!(Template::compile(&endless).expect_err("too long").message.contains("too long"));
}

#[test]
fn the_deepest_template_of_all_fits_a_small_stack() {
    // Every level of nesting inside the last link of a chain, down to both bounds.
    let chain = "{{else if b}}".repeat(2);
    let open = format!("{{{{#if b}}}}{chain}{{{{else}}}}");
    let deep = format!("{}{}{}", open.repeat(63), "{{#each a}}{{this}}{{/each}}", "{{/if}}".repeat(63));
    let thread = std::thread::Builder::new().stack_size(3 << 19).spawn(move || crate::html(&deep, r#"{"a":[1,2]}"#));
    assert_eq!(thread.expect("a thread").join().expect("no overflow"), "12");
}

#[test]
fn long_paths_and_many_parents_are_only_long() {
    assert_eq!(crate::html(&format!("[{{{{{}a}}}}]", "../".repeat(100_000)), r#"{"a":1}"#), "[]");
    assert_eq!(crate::html(&format!("[{{{{a{}}}}}]", ".a".repeat(100_000)), r#"{"a":{"a":1}}"#), "[]");
    assert!(Template::compile(&"{{{{a}}}}".repeat(50_000)).is_err());
    assert!(Template::compile(&"{{!".repeat(50_000)).is_err());
}
