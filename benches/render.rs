//! Rendering against the `handlebars` crate: one thread, one template, one event. `benches/node` times
//! handlebars.js on the same two files.
#![allow(missing_docs, reason = "criterion's macros write undocumented functions")]

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use flagpost::render::{Context, Escape, Options, Template};
use flagpost::value::Value;
use handlebars::{
    Context as CrateContext, Handlebars, Helper, HelperDef, HelperResult, Output, RenderContext, Renderable,
};
use serde_json::Value as Json;

const EVENT: &[u8] = include_bytes!("data/event.json");
const TEMPLATE: &str = include_str!("data/monitor-event.json.hbs");
const FORM: &[u8] = br#"{"source":"flagpost","host":""}"#;

/// The crate with what the template needs: `equal`, JSON escaping, and `value` for the exact variant.
fn registry() -> Handlebars<'static> {
    struct Equal;
    impl HelperDef for Equal {
        fn call<'reg: 'rc, 'rc>(
            &self,
            helper: &Helper<'rc>,
            registry: &'reg Handlebars<'reg>,
            context: &'rc CrateContext,
            render_context: &mut RenderContext<'reg, 'rc>,
            out: &mut dyn Output,
        ) -> HelperResult {
            let value = |at| helper.param(at).map(handlebars::PathAndJson::value);
            let side = if value(0) == value(1) { helper.template() } else { helper.inverse() };
            side.map_or(Ok(()), |side| side.render(registry, context, render_context, out))
        }
    }
    let value = |helper: &Helper<'_>,
                 _: &Handlebars<'_>,
                 _: &CrateContext,
                 _: &mut RenderContext<'_, '_>,
                 out: &mut dyn Output|
     -> HelperResult {
        match helper.param(0).map(handlebars::PathAndJson::value) {
            Some(Json::String(text)) => out.write(&json_escape(text))?,
            Some(Json::Null) | None => {}
            Some(other) => out.write(&other.to_string())?,
        }
        Ok(())
    };
    let mut registry = Handlebars::new();
    registry.register_escape_fn(json_escape);
    registry.register_helper("equal", Box::new(Equal));
    registry.register_helper("value", Box::new(value));
    registry.register_template_string("plain", TEMPLATE).expect("the crate reads it");
    registry.register_template_string("exact", through_a_helper(TEMPLATE)).expect("the crate reads it");
    registry
}

fn json_escape(text: &str) -> String {
    let quoted = serde_json::to_string(text).expect("a text prints");
    quoted[1..quoted.len() - 1].to_owned()
}

/// Every value printed by a helper: the least that exactness through the crate costs.
fn through_a_helper(template: &str) -> String {
    let mut pieces = template.split("{{");
    let mut out = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let plain = !piece.starts_with(['#', '/']) && !piece.starts_with("else");
        out.push_str(if plain { "{{value " } else { "{{" });
        out.push_str(piece);
    }
    out
}

fn crate_data(event: &[u8]) -> CrateContext {
    let mut data: Json = serde_json::from_slice(event).expect("the event is JSON");
    data["formVariables"] = serde_json::from_slice(FORM).expect("the form is JSON");
    CrateContext::from(data)
}

fn render(criterion: &mut Criterion) {
    let template = Template::compile(TEMPLATE).expect("it compiles");
    let (event, form) = (Value::parse(EVENT).expect("JSON"), Value::parse(FORM).expect("JSON"));
    let overlay = [("formVariables", &form)];
    let options = Options::new(Escape::Json);
    let registry = registry();
    let prepared = crate_data(EVENT);
    let mut buffer = String::new();
    template.render_into(Context { root: &event, overlay: &overlay }, options, &mut buffer).expect("it renders");
    for name in ["plain", "exact"] {
        assert_eq!(buffer, registry.render_with_context(name, &prepared).expect("it renders"), "both print the same");
    }

    let mut group = criterion.benchmark_group("render");
    group.bench_function("flagpost", |bencher| {
        bencher.iter(|| {
            buffer.clear();
            let context = Context { root: black_box(&event), overlay: &overlay };
            template.render_into(context, options, &mut buffer).expect("it renders");
            buffer.len()
        });
    });
    group.bench_function("crate, prepared context", |bencher| {
        bencher.iter(|| registry.render_with_context("plain", black_box(&prepared)).expect("it renders"));
    });
    group.bench_function("crate, every value through a helper", |bencher| {
        bencher.iter(|| registry.render_with_context("exact", black_box(&prepared)).expect("it renders"));
    });
    group.bench_function("flagpost, compile", |bencher| bencher.iter(|| Template::compile(black_box(TEMPLATE))));
    group.finish();

    let mut group = criterion.benchmark_group("event bytes to body bytes");
    group.bench_function("flagpost", |bencher| {
        bencher.iter(|| {
            let event = Value::parse(black_box(EVENT)).expect("JSON");
            buffer.clear();
            template
                .render_into(Context { root: &event, overlay: &overlay }, options, &mut buffer)
                .expect("it renders");
            buffer.len()
        });
    });
    group.bench_function("flagpost, parse alone", |bencher| {
        bencher.iter(|| Value::parse(black_box(EVENT)).expect("JSON"));
    });
    group.bench_function("crate", |bencher| {
        bencher.iter(|| registry.render_with_context("plain", &crate_data(black_box(EVENT))).expect("it renders"));
    });
    group.finish();
}

criterion_group!(benches, render);
criterion_main!(benches);
