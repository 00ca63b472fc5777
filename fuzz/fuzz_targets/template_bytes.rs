//! Whatever text is a template, it compiles or is refused, and renders or is refused: no panic, no hang, and
//! in a JSON string never a byte that breaks the string.
#![no_main]

use flagpost::render::{Context, Escape, Limits, Options, Template};
use flagpost::value::Value;

const EVENT: &[u8] = br#"{"a":{"b":"x\"y\\\n","c":[1,2.5,null,true,{"d":"<&>"}],"":0},"l":["p","q"],"o":{"2":1,"k":{}},
"s":"\u2028\ud83d\ude00","n":18446744073709551615,"z":null,"f":false,"this":"t","length":3}"#;

libfuzzer_sys::fuzz_target!(|source: &str| {
    let Ok(template) = Template::compile(source) else { return };
    let _ = (template.references(), template.helper_calls(), template.outline());
    let event = Value::parse(EVENT).expect("the event is JSON");
    let context = Context { root: &event, overlay: &[] };
    for escape in [Escape::Json, Escape::Html, Escape::None] {
        for strict in [false, true] {
            let mut options = Options::new(escape);
            options.strict = strict;
            options.limits = Limits { steps: 20_000, ..options.limits };
            let _ = template.render(context, options);
        }
    }
});
