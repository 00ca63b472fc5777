//! Decisions of a slow oracle.

use flagpost::event::Event;
use flagpost::policy::Policy;

#[derive(serde::Deserialize)]
struct Case<'a> {
    policy: Vec<serde_json::Value>,
    #[serde(borrow)]
    event: &'a serde_json::value::RawValue,
    decision: String,
}

#[test]
fn every_decision_of_the_oracle_is_ours() {
    let Some(path) = crate::corpus_path("policy-cases.jsonl") else { return };
    let text = std::fs::read_to_string(&path).expect("the policy cases can be read");
    let mut wrong = Vec::new();
    let mut cases = 0;
    for (row, line) in text.lines().enumerate() {
        let case: Case<'_> = serde_json::from_str(line).expect("each row is a case");
        let policy = Policy::from_json(&case.policy).expect("each policy is a right one");
        let event = Event::parse(case.event.get().as_bytes()).expect("each event is JSON");
        let targets = event.targets();
        let verdict = serde_json::to_value(policy.decide_any(&targets).verdict).expect("a verdict is JSON");
        if verdict != case.decision.as_str() {
            wrong.push(format!("row {}: {verdict} where the oracle says {}", row + 1, case.decision));
        }
        cases += 1;
    }
    assert!(cases >= 2_000, "only {cases} cases were read");
    assert!(wrong.is_empty(), "{} of {cases} differ:\n{}", wrong.len(), wrong.join("\n"));
}
