//! What a policy decides: rows that read like the documentation, laws, and a slow oracle.

use std::sync::LazyLock;

use flagpost::policy::{Effect, Policy, Resource, Segment, Statement, Target, UnstatedTags, Verdict};
use proptest::prelude::*;

#[track_caller]
fn policy(statements: &str) -> Policy {
    let statements: Vec<Statement> = serde_json::from_str(statements).expect("the row is statements");
    Policy::compile(&statements).expect("the row is a right policy")
}

fn target<'a>(resource: &'a str, action: &'a str) -> Target<'a> {
    let resource = Resource::parse(resource, UnstatedTags::Empty).expect("the row is a resource");
    Target { resource, action: action.into() }
}

/// A target that tells no tags but those that are written.
fn untold<'a>(resource: &'a str, action: &'a str) -> Target<'a> {
    let resource = Resource::parse(resource, UnstatedTags::Unknown).expect("the row is a resource");
    Target { resource, action: action.into() }
}

fn verdict(statements: &str, target: &Target<'_>) -> Verdict {
    policy(statements).decide(target).verdict
}

macro_rules! row {
    ($name:ident: $specifier:literal covers $resource:literal) => {
        #[test]
        fn $name() {
            let statement = format!(r#"[{{"resources":["{}"]}}]"#, $specifier);
            assert_eq!(verdict(&statement, &target($resource, "updateOn")), Verdict::Allow);
        }
    };
    ($name:ident: $specifier:literal skips $resource:literal) => {
        #[test]
        fn $name() {
            let statement = format!(r#"[{{"resources":["{}"]}}]"#, $specifier);
            assert_eq!(verdict(&statement, &target($resource, "updateOn")), Verdict::None);
        }
    };
}

row!(star_fills_one_segment: "proj/*:env/production:flag/*" covers "proj/web:env/production:flag/nav");
row!(star_never_crosses_colon: "proj/*" skips "proj/web:env/test");
row!(star_in_a_name_never_crosses_segments: "proj/*:env/t*:flag/*" skips "proj/web:env/prod:flag/t");
row!(depth_is_exact_upwards: "proj/*:env/*:flag/*" skips "proj/web:env/test");
row!(depth_is_exact_downwards: "proj/*:env/*" skips "proj/web:env/test:flag/nav");
row!(types_are_exact: "proj/*:env/*:segment/*" skips "proj/web:env/test:flag/nav");
row!(case_counts: "proj/Web" skips "proj/web");
row!(lone_star_covers_every_depth: "*" covers "proj/web:env/test:flag/nav");
row!(lone_star_covers_the_account: "*" covers "acct");
row!(account_covers_only_itself: "acct" skips "proj/web");
row!(account_covers_itself: "acct" covers "acct");
row!(a_tag_holds_where_one_tag_matches: "proj/*:env/*:flag/*;ops" covers "proj/web:env/test:flag/nav;a,ops");
row!(all_filters_must_hold: "proj/*:env/*:flag/*;ops,qa_*" skips "proj/web:env/test:flag/nav;ops");
row!(one_tag_may_satisfy_two_filters: "proj/*;qa*,*_1" covers "proj/web;qa_1");
row!(filters_look_at_their_own_segment: "proj/*:env/*;ops:flag/*" skips "proj/web;ops:env/test:flag/nav;ops");
row!(filters_stand_on_any_segment: "proj/*;a:env/*;b:flag/*;c" covers "proj/web;a:env/test;b:flag/nav;c");
row!(a_star_tag_asks_for_some_tag: "proj/*;*" skips "proj/web");
row!(a_stray_slash_changes_nothing: "proj/*:/env/test" covers "proj/web:env/test");
row!(a_question_mark_is_a_letter: "proj/w?b" skips "proj/web");
row!(a_property_is_never_told: "proj/*:env/*;{critical:true}" skips "proj/web:env/test;critical");
row!(a_member_token_is_two_levels: "member/*:token/*" covers "member/5f:token/77");

#[test]
fn absent_lists_mean_all_and_absent_effect_means_allow() {
    assert_eq!(verdict("[{}]", &target("acct", "anything")), Verdict::Allow);
    assert_eq!(verdict("[]", &target("acct", "anything")), Verdict::None);
}

#[test]
fn empty_lists_match_nothing() {
    let target = target("proj/web", "updateTags");
    for (statement, expected) in [
        (r#"[{"resources":[]}]"#, Verdict::None),
        (r#"[{"actions":[]}]"#, Verdict::None),
        (r#"[{"notResources":[]}]"#, Verdict::Allow),
        (r#"[{"notActions":[]}]"#, Verdict::Allow),
        (r#"[{},{"effect":"deny","resources":[]}]"#, Verdict::Allow),
        (r#"[{},{"effect":"deny","notActions":[]}]"#, Verdict::Deny),
    ] {
        assert_eq!(verdict(statement, &target), expected, "{statement}");
    }
}

#[test]
fn inverted_lists_are_plain_negation_over_every_type() {
    let statement = r#"[{"notResources":["proj/*:env/*:flag/*"],"notActions":["delete*"]}]"#;
    assert_eq!(verdict(statement, &target("proj/web:env/test:flag/nav", "updateOn")), Verdict::None);
    assert_eq!(verdict(statement, &target("proj/web:env/test:segment/s", "updateOn")), Verdict::Allow);
    assert_eq!(verdict(statement, &target("member/5f", "updateRole")), Verdict::Allow);
    assert_eq!(verdict(statement, &target("member/5f", "deleteMember")), Verdict::None);
}

#[test]
fn a_decision_names_its_statement() {
    let policy = policy(
        r#"[{"resources":["proj/a"]},{"resources":["proj/*"]},{"effect":"deny","resources":["proj/c"]},{"effect":"deny"}]"#,
    );
    let decide = |resource| policy.decide(&target(resource, "updateTags")).statement;
    assert_eq!(decide("proj/b"), Some(3), "a deny outweighs");
    assert_eq!(decide("proj/c"), Some(2), "the first of two denies");
}

#[test]
fn what_cannot_be_decided_does_not_leave() {
    let flag = untold("proj/web:env/test:flag/nav", "updateOn");
    for (statements, expected) in [
        (r#"[{"resources":["proj/*:env/*:flag/*;ops"]}]"#, Verdict::None),
        (r#"[{},{"effect":"deny","resources":["proj/*:env/*:flag/*;ops"]}]"#, Verdict::Deny),
        (r#"[{"notResources":["proj/*:env/*:flag/*;ops"]}]"#, Verdict::None),
        (r#"[{},{"effect":"deny","notResources":["proj/*:env/*:flag/*;ops"]}]"#, Verdict::Deny),
        // Decided all the same, because the name settles it.
        (r#"[{"notResources":["proj/*:env/*:flag/x;ops"]}]"#, Verdict::Allow),
        (r#"[{},{"effect":"deny","resources":["proj/*:env/*:flag/x;ops"]}]"#, Verdict::Allow),
        // And because another entry does.
        (r#"[{"resources":["proj/*:env/*:flag/*;ops","proj/*:env/*:flag/nav"]}]"#, Verdict::Allow),
        (r#"[{"notResources":["proj/*:env/*:flag/*;ops","proj/*:env/*:flag/nav"]}]"#, Verdict::None),
        (
            r#"[{},{"effect":"deny","resources":["proj/*:env/*:flag/*;view:v"],"actions":["updateTags"]}]"#,
            Verdict::Allow,
        ),
    ] {
        assert_eq!(verdict(statements, &flag), expected, "{statements}");
    }
}

#[test]
fn names_and_actions_that_are_not_told_are_not_guessed() {
    let untold = Target { resource: Resource { segments: vec![Segment::new("proj", "")] }, action: "".into() };
    for (statements, expected) in [
        (r#"[{"resources":["proj/*"],"actions":["*"]}]"#, Verdict::Allow),
        (r#"[{"resources":["proj/web"]}]"#, Verdict::None),
        (r#"[{"actions":["update*"]}]"#, Verdict::None),
        (r#"[{},{"effect":"deny","resources":["proj/web"]}]"#, Verdict::Deny),
        (r#"[{},{"effect":"deny","notActions":["updateTags"]}]"#, Verdict::Deny),
        (r#"[{},{"effect":"deny","resources":["proj/*:env/*"]}]"#, Verdict::Allow),
    ] {
        assert_eq!(verdict(statements, &untold), expected, "{statements}");
    }
    let nothing = Target { resource: Resource::default(), action: "updateOn".into() };
    assert_eq!(verdict(r#"[{"resources":["*"]}]"#, &nothing), Verdict::Allow);
    assert_eq!(verdict(r#"[{},{"effect":"deny","resources":["acct"]}]"#, &nothing), Verdict::Deny);
}

#[test]
fn an_event_with_several_targets_goes_where_one_is_allowed() {
    let policy = policy(
        r#"[{"resources":["proj/*:env/*:flag/*"]},{"effect":"deny","resources":["proj/*:env/production:flag/*"]}]"#,
    );
    let test = target("proj/web:env/test:flag/nav", "createFlag");
    let production = target("proj/web:env/production:flag/nav", "createFlag");
    let member = target("member/5f", "updateRole");
    let both = [production.clone(), test.clone()];
    let decision = policy.decide_any(&both);
    assert_eq!((decision.verdict, decision.target), (Verdict::Allow, Some(&test)));
    let neither = [member.clone(), production.clone()];
    let decision = policy.decide_any(&neither);
    assert_eq!((decision.verdict, decision.statement, decision.target), (Verdict::Deny, Some(1), Some(&production)));
    assert_eq!(policy.decide_any(&[member]).verdict, Verdict::None);
    assert_eq!(policy.decide_any(&[]).verdict, Verdict::None);
}

#[test]
fn an_event_on_all_environments_is_decided_for_each() {
    let everywhere = target("proj/web:env/~:flag/nav", "createFlag");
    for (statements, expected, environment) in [
        (r#"[{"resources":["proj/*:env/production:flag/*"]}]"#, Verdict::Allow, "proj/web:env/production:flag/nav"),
        (r#"[{"resources":["proj/*:env/prod*:flag/*"]}]"#, Verdict::Allow, "proj/web:env/prod*:flag/nav"),
        (r#"[{"resources":["proj/*:env/*:flag/*"]}]"#, Verdict::Allow, "proj/web:env/~:flag/nav"),
        (r#"[{"resources":["proj/*:env/*:flag/x"]}]"#, Verdict::None, "proj/web:env/~:flag/nav"),
        (
            r#"[{},{"effect":"deny","resources":["proj/*:env/production:flag/*"]}]"#,
            Verdict::Allow,
            "proj/web:env/~:flag/nav",
        ),
        (r#"[{"effect":"deny","resources":["proj/*:env/test:flag/*"]}]"#, Verdict::Deny, "proj/web:env/test:flag/nav"),
        // The deny covers some of what the allow covers, but not all.
        (
            r#"[{"resources":["proj/*:env/p*:flag/*"]},{"effect":"deny","resources":["proj/*:env/p:flag/*","proj/*:env/*d:flag/*"]}]"#,
            Verdict::Allow,
            "proj/web:env/p*:flag/nav",
        ),
        // And here all of it.
        (
            r#"[{"resources":["proj/*:env/prod*:flag/*"]},{"effect":"deny","resources":["proj/*:env/p*:flag/*"]}]"#,
            Verdict::Deny,
            "proj/web:env/prod*:flag/nav",
        ),
        // Only an environment that two patterns cover is left.
        (
            r#"[{"resources":["proj/*:env/eu-*:flag/*"]},{"effect":"deny","notResources":["proj/*:env/*-live:flag/*"]}]"#,
            Verdict::Allow,
            "proj/web:env/eu-*-live:flag/nav",
        ),
        // The tags of all environments are never told.
        (r#"[{"resources":["proj/*:env/*;live:flag/*"]}]"#, Verdict::None, "proj/web:env/~:flag/nav"),
        (
            r#"[{},{"effect":"deny","resources":["proj/*:env/*;live:flag/*"]}]"#,
            Verdict::Deny,
            "proj/web:env/~:flag/nav",
        ),
    ] {
        let policy = policy(statements);
        let decision = policy.decide(&everywhere);
        assert_eq!((decision.verdict, decision.resource().as_str()), (expected, environment), "{statements}");
    }
}

#[test]
fn all_mistakes_are_told_at_once_each_with_its_place() {
    let statements: Vec<Statement> = serde_json::from_str(
        r#"[{"resources":["proj/*","flag/x","*/x"],"actions":[""]},
            {"notResources":["proj/*:metric/*"],"resources":["prj/*"]}]"#,
    )
    .expect("statements");
    let errors = Policy::compile(&statements).expect_err("a wrong policy");
    let places: Vec<String> = errors.iter().map(|error| error.spot.pointer()).collect();
    assert_eq!(places, ["/0/resources/1", "/0/resources/2", "/0/actions/0", "/1/resources/0", "/1/notResources"]);
}

#[test]
fn hostile_patterns_take_no_time() {
    let stars = format!("proj/{}b", "*a".repeat(5_000));
    let policy = policy(&format!(r#"[{{"resources":["{stars}"]}}]"#));
    let name = format!("proj/{}", "a".repeat(200_000));
    assert_eq!(policy.decide(&target(&name, "updateTags")).verdict, Verdict::None);
}

// ---- the oracle -----------------------------------------------------------------------------------------

/// Tries every way a star can be filled. Slow, and plainly what a star means.
fn oracle_covers(pattern: &[u8], text: &[u8]) -> bool {
    match pattern.split_first() {
        None => text.is_empty(),
        Some((b'*', rest)) => (0..=text.len()).any(|eaten| oracle_covers(rest, &text[eaten..])),
        Some((letter, rest)) => text.first() == Some(letter) && oracle_covers(rest, &text[1..]),
    }
}

/// One segment: type, name, tags when told.
type Level = (&'static str, String, Option<Vec<String>>);

/// Whether a specifier covers a resource in a world where everything that is not told turns out as `untold`.
fn oracle_specifier(specifier: &str, resource: &[Level], untold: bool) -> bool {
    if specifier == "*" {
        return true;
    }
    let segments: Vec<&str> = specifier.split(':').collect();
    segments.len() == resource.len()
        && segments.iter().zip(resource).all(|(segment, (kind, name, tags))| {
            let (head, filters) = segment.split_once(';').unwrap_or((segment, ""));
            let (written_kind, written_name) = head.split_once('/').expect("the strategy writes slashes");
            written_kind == *kind
                && oracle_covers(written_name.as_bytes(), name.as_bytes())
                && filters.split(',').filter(|filter| !filter.is_empty()).all(|filter| match tags {
                    None => untold,
                    Some(tags) => tags.iter().any(|tag| oracle_covers(filter.as_bytes(), tag.as_bytes())),
                })
        })
}

fn oracle_statement(statement: &Statement, resource: &[Level], action: &str, untold: bool) -> bool {
    let specified = |list: &[String]| list.iter().any(|entry| oracle_specifier(entry, resource, untold));
    let acted = |list: &[String]| list.iter().any(|entry| oracle_covers(entry.as_bytes(), action.as_bytes()));
    statement.resources.as_deref().is_none_or(specified)
        && !statement.not_resources.as_deref().is_some_and(specified)
        && statement.actions.as_deref().is_none_or(acted)
        && !statement.not_actions.as_deref().is_some_and(acted)
}

/// The rules, one by one: a deny that matches in some world, else an allow that matches in all.
fn oracle_once(statements: &[Statement], resource: &[Level], action: &str) -> Verdict {
    let matches = |statement: &Statement, untold| oracle_statement(statement, resource, action, untold);
    let denies = |statement: &Statement| {
        statement.effect == Some(Effect::Deny) && (matches(statement, false) || matches(statement, true))
    };
    let allows = |statement: &Statement| {
        statement.effect != Some(Effect::Deny) && matches(statement, false) && matches(statement, true)
    };
    if statements.iter().any(denies) {
        Verdict::Deny
    } else if statements.iter().any(allows) {
        Verdict::Allow
    } else {
        Verdict::None
    }
}

/// All environments: every name there could be, up to a length.
fn oracle(statements: &[Statement], resource: &[Level], action: &str) -> Verdict {
    if !resource.iter().any(|(kind, name, _)| *kind == "env" && name == "~") {
        return oracle_once(statements, resource, action);
    }
    let mut resource = resource.to_vec();
    let mut verdicts = NAMES.iter().map(|environment| {
        resource.iter_mut().filter(|(kind, ..)| *kind == "env").for_each(|level| level.1.clone_from(environment));
        oracle_once(statements, &resource, action)
    });
    let mut denied = false;
    loop {
        match verdicts.next() {
            Some(Verdict::Allow) => return Verdict::Allow,
            Some(Verdict::Deny) => denied = true,
            Some(Verdict::None) => {}
            None => return if denied { Verdict::Deny } else { Verdict::None },
        }
    }
}

/// Every text of up to six letters: those that patterns use, and one that they do not.
static NAMES: LazyLock<Vec<String>> = LazyLock::new(|| {
    let mut all = Vec::new();
    let mut longest = vec![String::new()];
    for _ in 0..6 {
        longest = longest.iter().flat_map(|name| ["a", "b", "x"].map(|letter| format!("{name}{letter}"))).collect();
        all.extend(longest.iter().cloned());
    }
    all
});

fn name_pattern() -> impl Strategy<Value = String> {
    prop_oneof![3 => Just("*".to_owned()), 5 => "[ab*]{1,3}"]
}

fn filters() -> impl Strategy<Value = String> {
    let filter = prop::sample::select(vec!["t", "u", "t*", "*"]);
    prop_oneof![
        4 => Just(String::new()),
        1 => prop::collection::vec(filter, 1..3).prop_map(|filters| format!(";{}", filters.join(","))),
    ]
}

fn specifier() -> impl Strategy<Value = String> {
    let segment = |kind: &'static str| {
        (name_pattern(), filters()).prop_map(move |(name, filters)| format!("{kind}/{name}{filters}"))
    };
    prop_oneof![
        1 => Just("*".to_owned()),
        1 => segment("proj"),
        2 => (segment("proj"), segment("env")).prop_map(|(project, environment)| format!("{project}:{environment}")),
        6 => (segment("proj"), segment("env"), segment("flag"))
            .prop_map(|(project, environment, flag)| format!("{project}:{environment}:{flag}")),
    ]
}

fn statement() -> impl Strategy<Value = Statement> {
    let list = || prop::collection::vec(specifier(), 0..4);
    let actions = || prop::collection::vec(prop::sample::select(vec!["*", "a", "b", "a*", "*b"]), 0..3);
    let resources = prop_oneof![
        4 => list().prop_map(|list| (Some(list), None)),
        2 => list().prop_map(|list| (None, Some(list))),
        1 => Just((None, None)),
    ];
    let actions = prop_oneof![
        3 => Just((None, None)),
        1 => actions().prop_map(|list| (Some(list), None)),
        1 => actions().prop_map(|list| (None, Some(list))),
    ];
    let effect = prop::sample::select(vec![None, Some(Effect::Allow), Some(Effect::Deny)]);
    (effect, resources, actions).prop_map(|(effect, (resources, not_resources), (actions, not_actions))| {
        let owned = |list: Option<Vec<&str>>| list.map(|list| list.into_iter().map(str::to_owned).collect());
        Statement { effect, resources, not_resources, actions: owned(actions), not_actions: owned(not_actions) }
    })
}

fn statements() -> impl Strategy<Value = Vec<Statement>> {
    prop::collection::vec(statement(), 0..4)
}

/// An allow, a deny of all but some, and perhaps another statement, that differ in nothing but environments.
fn about_environments() -> impl Strategy<Value = Vec<Statement>> {
    let list = || {
        let entry = "[ab]\\*|\\*[ab]|[ab]\\*[ab]|[ab]{1,2}".prop_map(|name| format!("proj/*:env/{name}:flag/*"));
        prop::collection::vec(entry, 1..3)
    };
    let allow = list().prop_map(|list| Statement { resources: Some(list), ..Statement::default() });
    let deny = || {
        list().prop_map(|list| Statement {
            effect: Some(Effect::Deny),
            not_resources: Some(list),
            ..Statement::default()
        })
    };
    let other = prop_oneof![
        deny(),
        list().prop_map(|list| Statement { effect: Some(Effect::Deny), resources: Some(list), ..Statement::default() }),
    ];
    (allow, deny(), prop::option::of(other))
        .prop_map(|(allow, deny, other)| [allow, deny].into_iter().chain(other).collect())
}

fn resource() -> impl Strategy<Value = Vec<Level>> {
    let tags = || {
        prop_oneof![
            Just(None),
            prop::collection::vec(prop::sample::select(vec!["t", "u", "tt", "v"]), 0..3)
                .prop_map(|tags| Some(tags.into_iter().map(str::to_owned).collect::<Vec<_>>())),
        ]
    };
    let named = move |kind: &'static str| ("[abx]{1,4}", tags()).prop_map(move |(name, tags)| (kind, name, tags));
    let environment = prop_oneof![1 => Just(("env", "~".to_owned(), None)), 1 => named("env")];
    prop_oneof![
        1 => named("proj").prop_map(|project| vec![project]),
        4 => (named("proj"), environment, named("flag"))
            .prop_map(|(project, environment, flag)| vec![project, environment, flag]),
    ]
}

fn as_target(resource: &[Level], action: &'static str) -> Target<'static> {
    let segments = resource
        .iter()
        .map(|(kind, name, tags)| {
            let tags = tags.as_ref().map(|tags| tags.iter().cloned().map(Into::into).collect());
            Segment::new(*kind, name.clone()).with_tags(tags)
        })
        .collect();
    Target { resource: Resource { segments }, action: action.into() }
}

fn action() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["a", "b", "ab"])
}

fn compiled(statements: &[Statement]) -> Policy {
    Policy::compile(statements).expect("the strategy writes right policies")
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn it_decides_as_the_oracle_does(statements in statements(), resource in resource(), action in action()) {
        let target = as_target(&resource, action);
        let policy = compiled(&statements);
        let decision = policy.decide(&target);
        prop_assert_eq!(decision.verdict, oracle(&statements, &resource, action));
        // And whatever decided has the effect that was decided.
        let effect = decision.statement.map(|at| statements[at].effect());
        prop_assert_eq!(effect, match decision.verdict {
            Verdict::Allow => Some(Effect::Allow),
            Verdict::Deny => Some(Effect::Deny),
            Verdict::None => None,
        });
    }

    #[test]
    fn every_sort_of_environment_is_thought_of(statements in about_environments()) {
        let level = |kind, name: &str| (kind, name.to_owned(), Some(Vec::new()));
        let everywhere = [level("proj", "p"), level("env", "~"), level("flag", "f")];
        let decided = compiled(&statements).decide(&as_target(&everywhere, "a")).verdict;
        prop_assert_eq!(decided, oracle(&statements, &everywhere, "a"));
    }

    #[test]
    fn order_never_matters(
        (statements, shuffled) in statements().prop_flat_map(|all| (Just(all.clone()), Just(all).prop_shuffle())),
        resource in resource(),
        action in action(),
    ) {
        let target = as_target(&resource, action);
        prop_assert_eq!(compiled(&statements).decide(&target).verdict, compiled(&shuffled).decide(&target).verdict);
    }

    #[test]
    fn one_deny_outweighs_any_allow(statements in statements(), resource in resource(), action in action()) {
        let target = as_target(&resource, action);
        let before = compiled(&statements).decide(&target).verdict;
        let mut more = statements;
        more.push(Statement::default());
        prop_assert!(compiled(&more).decide(&target).verdict != Verdict::None, "an allow of everything speaks of it");
        more.push(Statement { effect: Some(Effect::Deny), ..Statement::default() });
        prop_assert_eq!(compiled(&more).decide(&target).verdict, Verdict::Deny, "before: {:?}", before);
    }

    #[test]
    fn a_deny_more_never_lets_more_through(statements in statements(), deny in statement(), resource in resource()) {
        let target = as_target(&resource, "a");
        let before = compiled(&statements).decide(&target).allows();
        let mut more = statements;
        more.push(Statement { effect: Some(Effect::Deny), ..deny });
        prop_assert!(before || !compiled(&more).decide(&target).allows());
    }

    #[test]
    fn a_policy_prints_back_what_it_means(statements in statements()) {
        let policy = compiled(&statements);
        prop_assert_eq!(compiled(&policy.to_statements()), policy);
    }

    #[test]
    fn an_explanation_has_the_same_decision_and_a_reason(
        statements in statements(), resource in resource(), action in action(),
    ) {
        let targets = [as_target(&resource, action)];
        let policy = compiled(&statements);
        let explanation = policy.explain(&targets);
        prop_assert_eq!(explanation.decision, policy.decide(&targets[0]));
        let allows = statements.iter().any(|statement| statement.effect() == Effect::Allow);
        let none = explanation.decision.verdict == Verdict::None;
        prop_assert_eq!(explanation.nearest.is_some(), none && allows);
        prop_assert!(explanation.nearest.is_none_or(|miss| !miss.differences.is_empty()), "a miss without a difference");
    }

    #[test]
    fn what_may_not_be_allowed_is_not(statements in statements(), resource in resource(), action in action()) {
        let kind = if resource.len() == 1 { "project" } else { "flag" };
        let policy = compiled(&statements);
        if policy.decide(&as_target(&resource, action)).allows() {
            prop_assert!(policy.may_allow(kind));
            prop_assert!(policy.may_allow_anything());
        }
    }

    #[test]
    fn no_text_is_too_strange_for_a_specifier(text in "\\PC*|[projenvflag/:;,*{}$. ]{0,40}") {
        let statement = Statement { resources: Some(vec![text.clone()]), actions: Some(vec![text]), ..Statement::default() };
        let _ = flagpost::policy::warnings(std::slice::from_ref(&statement));
        match Policy::compile(&[statement]) {
            Ok(policy) => prop_assert_eq!(Policy::compile(&policy.to_statements()), Ok(policy)),
            Err(errors) => {
                prop_assert!(!errors.is_empty());
                for error in errors {
                    prop_assert!(!error.to_string().is_empty());
                    let _ = error.help();
                }
            }
        }
    }

    #[test]
    fn right_specifiers_print_back(specifier in specifier(), property in prop::bool::ANY) {
        let property = if property && specifier != "*" && !specifier.contains(';') { ";{a:b},view:c" } else { "" };
        let text = format!("{specifier}{property}");
        let statement = Statement { resources: Some(vec![text.clone()]), ..Statement::default() };
        let printed = compiled(&[statement]).to_statements().remove(0).resources.expect("a list");
        let mut collapsed = text;
        while collapsed.contains("**") {
            collapsed = collapsed.replace("**", "*");
        }
        prop_assert_eq!(printed, [collapsed]);
    }

    #[test]
    fn no_text_is_too_strange_for_a_resource(text in "\\PC*|[projenvflag/:;,*~]{0,40}") {
        if let Ok(resource) = Resource::parse(&text, UnstatedTags::Empty) {
            let printed = resource.to_string();
            let again = Resource::parse(&printed, UnstatedTags::Empty).expect("what it printed can be read");
            prop_assert_eq!(again.to_string(), printed);
        }
    }
}
