//! Whatever bytes arrive as an event, they are an event or an error; what is read prints as JSON that reads
//! the same, and is judged as `serde_json` judges it, but for what `JSON.parse` takes besides: halves of surrogate
//! pairs, and numbers beyond every range.
#![no_main]

use flagpost::event::Event;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let plain = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let judged = serde_json::from_slice::<serde_json::Value>(plain);
    match Event::parse(bytes) {
        Ok(event) => {
            let judged = match judged {
                Ok(judged) => judged,
                Err(error) => {
                    let told = error.to_string();
                    let besides = ["number out of range", "surrogate", "unexpected end of hex escape"];
                    assert!(besides.iter().any(|taken| told.contains(taken)), "what is read is JSON: {error}");
                    return;
                }
            };
            let printed = serde_json::to_vec(&event.context).expect("a value prints");
            let again: serde_json::Value = serde_json::from_slice(&printed).expect("what is printed is JSON");
            assert_eq!(again, judged, "nothing changes on the way");
            for target in event.targets() {
                let _ = (target.resource.to_string(), target.action);
            }
        }
        Err(error) => assert!(judged.is_err(), "JSON is refused: {error}"),
    }
});
