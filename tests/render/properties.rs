//! Laws: JSON stays JSON, and nothing makes the engine panic or hang.

use flagpost::render::{Context, Escape, Limits, Options, Template, json_escaped};
use flagpost::value::Value;
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use serde_json::Value as Json;

fn json() -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::from),
        any::<i64>().prop_map(Json::from),
        any::<f64>().prop_map(Json::from),
        ".*".prop_map(Json::from),
        "[\"\\\\\n\t<&{}]{0,6}".prop_map(Json::from),
    ];
    leaf.prop_recursive(4, 24, 5, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..5).prop_map(Json::from),
            btree_map("[abc]|length|.{0,3}", inner, 0..5)
                .prop_map(|members| Json::Object(members.into_iter().collect())),
        ]
    })
}

/// Pieces that may stand inside a JSON string.
fn quoted() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        "[ a-z]{0,4}".prop_map(String::from),
        "(\\{\\{[abc]\\}\\}|\\{\\{\\{[abc]\\.[abc]\\}\\}\\}|\\{\\{&this\\}\\}|\\{\\{@root\\.a\\}\\})"
            .prop_map(String::from),
        "\\{\\{(queryEncode|pathEncode) [abc]\\}\\}".prop_map(String::from),
        Just("{{lookup this 'a'}}{{#lookup a 0}}{{/lookup}}".to_owned()),
        Just("{{{basicAuthHeaderValue a b}}}".to_owned()),
    ];
    let leaf = vec(piece, 0..4).prop_map(|pieces| pieces.concat());
    leaf.prop_recursive(3, 12, 2, |inner| {
        ("(#if a|#each b|#with c|#unless a|#equal a b|#a|\\^b)", inner.clone(), inner).prop_map(
            |(open, body, otherwise)| {
                let name = open[1..].split(' ').next().unwrap_or_default().to_owned();
                format!("{{{{{open}}}}}{body}{{{{else}}}}{otherwise}{{{{/{name}}}}}")
            },
        )
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn json_templates_always_make_json(inside in vec(quoted(), 1..4), data in json()) {
        let members: Vec<String> = inside.iter().enumerate().map(|(n, text)| format!("\"k{n}\": \"{text}\"")).collect();
        let source = format!("{{ {} }}", members.join(", "));
        let bytes = data.to_string();
        let value = Value::parse(bytes.as_bytes()).expect("it was JSON");
        let template = Template::compile(&source).expect("it compiles");
        if let Ok(rendered) = template.render(Context::new(&value), Options::new(Escape::Json)) {
            let parsed: Result<Json, _> = serde_json::from_str(&rendered);
            prop_assert!(parsed.is_ok(), "{source} made {rendered}");
        }
    }

    #[test]
    fn escaping_at_output_equals_escaping_the_event_first(text in ".*", template in "(\\{\\{\\{?a\\}\\}\\}?|x|\\{\\{b\\}\\})") {
        let event = serde_json::json!({ "a": ["\"", text], "b": { "c": text } });
        let bytes = event.to_string();
        let value = Value::parse(bytes.as_bytes()).expect("it was JSON");
        let Ok(template) = Template::compile(&template) else { return Ok(()) };
        let at_output = template.render(Context::new(&value), Options::new(Escape::Json));
        let escaped = json_escaped(&value);
        prop_assert_eq!(at_output, template.render(Context::new(&escaped), Options::new(Escape::None)));
    }

    #[test]
    fn no_text_makes_the_engine_panic(source in ".*", data in json()) {
        try_everything(&source, &data);
    }

    #[test]
    fn no_soup_of_braces_makes_the_engine_panic(
        pieces in vec("\\{\\{|\\}\\}|\\{\\{\\{|\\}\\}\\}|\\{\\{\\{\\{|#(if|each|with|a)|/(if|each|with|a)|else|\\^|~|!--|--|>|\\*|[.@|=()\"'\\\\ \n]|\\[|\\]|as \\|p\\||\\.\\./|this|[abp0]|lookup|é|\0", 0..24),
        data in json(),
    ) {
        try_everything(&pieces.concat(), &data);
    }
}

fn try_everything(source: &str, data: &Json) {
    let bytes = data.to_string();
    let value = Value::parse(bytes.as_bytes()).expect("it was JSON");
    match Template::compile(source) {
        Ok(template) => {
            let limits = Limits { output_bytes: 100_000, steps: 20_000 };
            for escape in [Escape::Json, Escape::Html, Escape::None] {
                for strict in [false, true] {
                    let options = Options { escape, strict, limits, ..Options::default() };
                    let context = Context { root: &value, overlay: &[("form", &value)] };
                    if let Err(error) = template.render(context, options) {
                        assert!(source.get(error.span.clone()).is_some(), "{error:?} marks no part of {source:?}");
                    }
                }
            }
            assert_eq!(template.source(), source);
            for reference in template.references() {
                assert_eq!(source.get(reference.span), Some(reference.written.as_str()));
            }
            template.outline();
            template.helper_calls();
        }
        Err(error) => assert!(source.get(error.span.clone()).is_some(), "{error:?} marks no part of {source:?}"),
    }
}
