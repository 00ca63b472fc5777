//! Whatever JSON is a policy, it compiles or every mistake is told; what compiles decides and explains.
#![no_main]

use std::borrow::Cow;

use flagpost::policy::{Policy, Resource, Target, UnstatedTags, warnings};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Ok(statements) = serde_json::from_slice::<Vec<serde_json::Value>>(bytes) else { return };
    let policy = match Policy::from_json(&statements) {
        Ok(policy) => policy,
        Err(mistakes) => {
            for mistake in mistakes {
                let _ = (mistake.to_string(), mistake.spot.pointer(), mistake.help());
            }
            return;
        }
    };
    let written = policy.to_statements();
    let _ = warnings(&written);
    let again = Policy::compile(&written).expect("what was compiled compiles again");
    for resource in ["proj/web:env/test:flag/nav;ops,qa_1", "proj/web:env/~:flag/nav", "member/1", "acct"] {
        let resource = Resource::parse(resource, UnstatedTags::Unknown).expect("the row is a resource");
        let target = [Target { resource, action: Cow::Borrowed("updateOn") }];
        let decided = policy.decide_any(&target).allows();
        assert_eq!(decided, again.decide_any(&target).allows(), "written out and read again, it decides the same");
        let _ = policy.explain(&target).reason();
    }
});
