//! Rows that handlebars.js 4.7.8 gave (`generate.mjs` beside this file made them), and what it says on purpose
//! otherwise.

use flagpost::render::{Context, Escape, Options, Template};
use flagpost::value::Value;
use serde_json::Value as Json;

use crate::html;

#[test]
fn random_templates_print_what_handlebars_js_prints() {
    let rows = include_str!("rows.jsonl");
    let (mut failing, mut wrong) = (0, Vec::new());
    for line in rows.lines() {
        let row: Json = serde_json::from_str(line).expect("each line is JSON");
        let data = row["data"].to_string();
        let value = Value::parse(data.as_bytes()).expect("data is JSON");
        let options = Options {
            strict: row["strict"] == true,
            ..Options::new(if row["escape"] == "none" { Escape::None } else { Escape::Html })
        };
        let rendered = Template::compile(row["template"].as_str().expect("a template"))
            .map_err(|error| error.to_string())
            .and_then(|template| template.render(Context::new(&value), options).map_err(|error| error.to_string()));
        failing += usize::from(rendered.is_err());
        if rendered.as_deref().ok() != row["output"].as_str() {
            wrong.push(format!("{line}\n  gave {rendered:?}"));
        }
    }
    assert!(rows.lines().count() > 1000 && failing > 200, "the rows are thin");
    assert!(wrong.is_empty(), "{} rows differ:\n{}", wrong.len(), wrong.join("\n"));
}

/// Where the `handlebars` crate and handlebars.js agree, the crate is a second witness.
#[test]
fn the_crate_prints_the_same_for_a_plain_template() {
    let template = include_str!("../../benches/data/monitor-event.json.hbs")
        .replace("{{#equal verbKind 'deleteFlag'}}", "{{#if kind}}");
    let template = template.replace("{{/equal}}", "{{/if}}");
    let event = include_str!("../../benches/data/event.json");
    let mut registry = handlebars::Handlebars::new();
    registry.register_escape_fn(|text| {
        let quoted = serde_json::to_string(text).expect("a text prints");
        quoted[1..quoted.len() - 1].to_owned()
    });
    let data: Json = serde_json::from_str(event).expect("JSON");
    let printed = registry.render_template(&template, &data).expect("the crate renders it");
    assert_eq!(crate::render(&template, event, Options::new(Escape::Json)).expect("it renders"), printed);
    assert!(serde_json::from_str::<Json>(&printed).is_ok());
}

#[test]
fn integers_past_two_to_the_53_stay_whole() {
    let data = r#"{"id":3895213347334635099,"max":18446744073709551615,"min":-9223372036854775808}"#;
    assert_eq!(html("{{id}} {{max}} {{min}}", data), "3895213347334635099 18446744073709551615 -9223372036854775808");
    assert_eq!(html("{{#equal id 3895213347334635099}}same{{/equal}}", data), "same");
    assert_eq!(html("{{#equal id 3895213347334635100}}same{{else}}other{{/equal}}", data), "other");
}

#[test]
fn numbers_side_by_side_are_not_added_up() {
    assert_eq!(html("{{{a}}}{{{b}}}", r#"{"a":1,"b":2}"#), "12");
    assert_eq!(html("{{#if a}}{{{a}}}{{/if}}{{{b}}}", r#"{"a":1,"b":2}"#), "12");
}

#[test]
fn json_escaping_is_the_same_for_every_way_to_print() {
    let data = "{\"x\":\"a\\\"b\\n<&>\u{2028}\",\"list\":[\"q\\\"\",[\"\\\\\"]]}";
    let print = |template: &str| crate::render(template, data, Options::new(Escape::Json)).expect("it renders");
    let text = "a\\\"b\\n<&>\u{2028}";
    for template in ["{{x}}", "{{{x}}}", "{{&x}}", "{{lookup this 'x'}}", "{{#lookup this 'x'}}{{/lookup}}"] {
        assert_eq!(print(template), text, "{template}");
    }
    assert_eq!(print("{{list}}"), "q\\\",\\\\");
    assert_eq!(print("{{x.length}} {{this}}"), "8 [object Object]");
}

#[test]
fn names_laid_over_the_root_are_its_members() {
    let value = Value::parse(br#"{"b":1,"a":2}"#).expect("JSON");
    let (form, one) = (Value::text("form"), Value::text("one"));
    let context = Context { root: &value, overlay: &[("form", &form), ("a", &one)] };
    let print = |template: &str| {
        let template = Template::compile(template).expect("it compiles");
        template.render(context, Options::default().strictly()).expect("it renders")
    };
    assert_eq!(
        print("{{form}} {{a}} {{b}} {{this.form}} {{@root.form}} {{lookup . 'form'}}"),
        "form one 1 form form form"
    );
    assert_eq!(print("{{#each this}}{{@key}}={{this}}{{#unless @last}},{{/unless}}{{/each}}"), "b=1,a=one,form=form");
    assert_eq!(print("{{#with b}}{{../form}}{{@root.a}}{{/with}}{{this}}"), "formone[object Object]");
    let list = Value::parse(b"[1,2]").expect("JSON");
    let template = Template::compile("{{#each .}}{{.}};{{/each}}{{form}} {{.}} {{length}}").expect("it compiles");
    let context = Context { root: &list, overlay: &[("form", &form)] };
    assert_eq!(template.render(context, Options::default()).expect("it renders"), "1;2;form 1,2 2");
}

#[test]
fn edge_grid_auth_fills_the_names_in_its_path() {
    let data = r#"{"h":"Example.luna.akamaiapis.net","network":"staging","ns":"flags","g":"a","k":"b","s":"s","t":"t","x":"x"}"#;
    let sign = |path: &str| {
        let template = format!("{{{{{{edgeGridAuth 'GET' '{path}' h network ns g k s t x}}}}}}");
        crate::render(&template, data, Options::default()).expect("it renders")
    };
    assert_eq!(sign("/v1/networks/{{network}}/namespaces/{{ ns }}"), sign("/v1/networks/staging/namespaces/flags"));
    assert_ne!(sign("/v1/networks/{{network}}"), sign("/v1/networks/production"));
    assert!(sign("/").starts_with(
        "EG1-HMAC-SHA256 client_token=t;access_token=x;timestamp=19700101T00:00:00+0000;\
         nonce=00000000-0000-0000-0000-000000000000;signature="
    ));
}

#[test]
fn helpers_take_what_is_missing_as_javascript_does() {
    assert_eq!(
        html("{{queryEncode missing}}|{{pathEncode null}}|{{queryEncode list}}", r#"{"list":["a b",1]}"#),
        "undefined|null|a%20b%2C1"
    );
    assert_eq!(html("{{{basicAuthHeaderValue user missing}}}", r#"{"user":"ana"}"#), "Basic YW5hOnVuZGVmaW5lZA==");
    assert_eq!(
        html("{{formatWithOffset at 60 'simple'}} {{formatWithOffset at '0' 'seconds'}}", r#"{"at":1580778632128}"#),
        "2020-02-04 01:11:32 1580778632"
    );
}
