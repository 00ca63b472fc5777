//! Every rule has its place in `docs/rules.md`.

#[test]
fn every_rule_is_documented() {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/rules.md");
    let page = std::fs::read_to_string(page).expect("the page is there");
    let loading = flagpost::catalog::RULES.iter().map(|(id, _)| *id);
    let checking = flagpost::checks::rules().iter().map(|rule| rule.id());
    for id in loading.chain(checking) {
        assert!(page.contains(&format!("\n## {id}\n")), "`{id}` has no section in docs/rules.md");
    }
    let sections = page.lines().filter_map(|line| line.strip_prefix("## "));
    for id in sections {
        let known = flagpost::catalog::RULES.iter().any(|(known, _)| *known == id)
            || flagpost::checks::rules().iter().any(|rule| rule.id() == id);
        assert!(known, "docs/rules.md speaks of `{id}`, which is no rule");
    }
}

#[test]
fn no_two_rules_have_one_name() {
    let mut ids: Vec<&str> = flagpost::checks::rules().iter().map(|rule| rule.id()).collect();
    ids.sort_unstable();
    let all = ids.len();
    ids.dedup();
    assert_eq!(ids.len(), all);
}
