//! How long one decision takes.
//!
//! The aim is a policy of four statements with ten patterns in under a microsecond. Deciding borrows
//! everything it looks at; that it takes no memory shows in its time, which is far below one allocation for
//! each pattern.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use flagpost::event::Event;
use flagpost::policy::{Policy, Resource, Statement, Target, UnstatedTags};

const STATEMENTS: &str = r#"[
    {"effect": "allow", "resources": ["proj/web*:env/production:flag/*", "proj/*-eu:env/prod*:segment/*"], "actions": ["update*"]},
    {"effect": "allow", "resources": ["proj/*:env/*;live:flag/ops_*"], "actions": ["createFlag", "deleteFlag"]},
    {"effect": "deny", "resources": ["proj/*;internal:env/*:flag/*_test"], "notActions": ["*Tags"]},
    {"effect": "deny", "notResources": ["proj/*:env/*:flag/*"], "actions": ["*"]}
]"#;

const EVENT: &str = r#"{"kind":"flag","verbKind":"updateOn","key":"checkout-redesign","tags":["payments","q3"],
    "project":{"key":"web-store","tags":["shop"],"environment":{"key":"production","tags":["live","critical"]}}}"#;

fn target<'a>(resource: &'a str, action: &'a str) -> Target<'a> {
    let resource = Resource::parse(resource, UnstatedTags::Empty).expect("a resource");
    Target { resource, action: action.into() }
}

fn policies(criterion: &mut Criterion) {
    let statements: Vec<Statement> = serde_json::from_str(STATEMENTS).expect("statements");
    let policy = Policy::compile(&statements).expect("a right policy");
    let mut group = criterion.benchmark_group("policy");

    let allowed =
        target("proj/web-store;shop:env/production;live,critical:flag/checkout-redesign;payments,q3", "updateOn");
    assert!(policy.decide(&allowed).allows());
    group.bench_function("decide, allowed", |bencher| bencher.iter(|| policy.decide(black_box(&allowed)).verdict));

    let unmatched = target("proj/web-store;shop:env/test;a,b:flag/checkout-redesign;payments,q3", "updateOn");
    assert!(!policy.decide(&unmatched).allows());
    group.bench_function("decide, unmatched", |bencher| bencher.iter(|| policy.decide(black_box(&unmatched)).verdict));

    let everywhere = target("proj/web-store;shop:env/~:flag/checkout-redesign;payments,q3", "createFlag");
    group.bench_function("decide, all environments", |bencher| {
        bencher.iter(|| policy.decide(black_box(&everywhere)).verdict);
    });

    let event = Event::parse(EVENT.as_bytes()).expect("JSON");
    group.bench_function("targets of an event", |bencher| bencher.iter(|| black_box(&event).targets()));

    group.bench_function("compile", |bencher| bencher.iter(|| Policy::compile(black_box(&statements))));

    group.bench_function("explain, unmatched", |bencher| {
        let targets = [unmatched.clone()];
        bencher.iter(|| black_box(policy.explain(black_box(&targets)).reason().len()));
    });

    let stars = format!("proj/{}b", "*a".repeat(50));
    let statement = Statement { resources: Some(vec![stars]), ..Statement::default() };
    let hostile = Policy::compile(&[statement]).expect("a right policy");
    let name = format!("proj/{}", "a".repeat(10_000));
    let long = target(&name, "updateTags");
    group.bench_function("decide, fifty stars on 10,000 letters", |bencher| {
        bencher.iter(|| hostile.decide(black_box(&long)).verdict);
    });
    group.finish();
}

criterion_group!(benches, policies);
criterion_main!(benches);
