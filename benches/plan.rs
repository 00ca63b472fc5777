//! What planning costs beside rendering: one event, parsed once, for a hundred subscriptions.
//!
//! `renders` does nothing but the renders that the plans need (body, address, two headers); `plans` decides,
//! renders and builds the requests. The second is to be at most a tenth above the first.

use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;

use criterion::{Criterion, criterion_group, criterion_main};
use flagpost::catalog::{Integration, load};
use flagpost::dispatch::{Plan, Settings, Subscription, fill_in};
use flagpost::event::Event;
use flagpost::form::FormValues;
use flagpost::render::{Context, Options};
use flagpost::value::{Object, Value};

const SUBSCRIPTIONS: usize = 100;
const HOOK: &str = "/capabilities/auditLogEventsHook";

fn integration() -> Arc<Integration> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("integrations/datadog");
    Arc::new(load(&folder).integration.expect("the integration loads"))
}

fn event_bytes() -> Vec<u8> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("sample-context/flag/toggled.json");
    std::fs::read(file).expect("the sample is there")
}

fn form_value(form: &FormValues) -> Value<'static> {
    let members = form.values.iter().map(|(key, value)| {
        let text = match value {
            flagpost::form::FormValue::Text(text) => text.clone(),
            _ => String::new(),
        };
        (key.clone().into(), Value::String(text.into()))
    });
    Object::from_members(members.collect()).into()
}

fn plans(criterion: &mut Criterion) {
    let integration = Arc::new(integration());
    let bytes = event_bytes();
    let event = Event::parse(&bytes).expect("it is JSON");
    let form = fill_in(&integration.manifest, &FormValues::default());
    let settings = Settings { placeholders: true, ..Settings::default() };
    let subscriptions: Vec<Subscription> =
        (0..SUBSCRIPTIONS).map(|_| Subscription::new(&integration, &form, settings).expect("it is fine")).collect();

    let mut group = criterion.benchmark_group("plan for 100 subscriptions of one event");
    group.bench_function("plans", |bencher| {
        bencher.iter(|| {
            let targets = event.targets();
            for subscription in &subscriptions {
                let plan = subscription.plan_for(&event, &targets).expect("it plans");
                assert!(matches!(black_box(plan), Plan::Send(_)), "the event is to be sent");
            }
        });
    });
    let values = form_value(&form);
    let hook = integration.manifest.hook().expect("a hook");
    let kinds = ["flag", "default"].map(|kind| format!("{HOOK}/templates/{kind}"));
    let body = kinds.iter().find_map(|pointer| integration.template(pointer)).expect("a template");
    let headers = hook.endpoint.as_ref().and_then(|endpoint| endpoint.headers.as_ref()).map_or(0, Vec::len);
    let mut parts = vec![integration.template(&format!("{HOOK}/endpoint/url")).expect("an address")];
    for at in 0..headers {
        parts.push(integration.template(&format!("{HOOK}/endpoint/headers/{at}/value")).expect("a header"));
    }
    group.bench_function("renders", |bencher| {
        bencher.iter(|| {
            for _ in 0..SUBSCRIPTIONS {
                let overlay = [("formVariables", &values)];
                let context = Context { root: &event.context, overlay: &overlay };
                let template = body.compiled.as_ref().expect("it compiles");
                black_box(template.render(context, Options::new(body.escape)).expect("it renders"));
                let overlay = [("context", &event.context)];
                let context = Context { root: &values, overlay: &overlay };
                for part in &parts {
                    let template = part.compiled.as_ref().expect("it compiles");
                    black_box(template.render(context, Options::new(part.escape)).expect("it renders"));
                }
            }
        });
    });
    group.finish();
}

criterion_group!(benches, plans);
criterion_main!(benches);
