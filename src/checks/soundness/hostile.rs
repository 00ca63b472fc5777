//! Events whose texts try to break out of the template: quotes, backslashes, line breaks, `<`, and texts far
//! too long.

use std::borrow::Cow;

use super::edit::map_texts;
use crate::value::Value;

/// Appended to every text: each kind of character that some format cannot take as it is.
pub(super) const NASTY: &str = " \"q\" \\ </b>&'\r\n\t{{x}} \u{2028}\u{1f600}`=";

/// How long the long texts are.
const LONG: usize = 100_000;

/// Every text with [`NASTY`] behind it.
pub(super) fn hostile<'a>(event: &Value<'a>) -> Value<'a> {
    map_texts(event, &mut |path, text| is_free(path).then(|| Value::String(Cow::Owned(format!("{text}{NASTY}")))))
}

/// The texts that people write, a hundred thousand characters long. `long` is from [`long_text`].
pub(super) fn long<'a>(event: &Value<'a>, long: &'a str) -> Value<'a> {
    map_texts(event, &mut |path, _| {
        let written = matches!(
            path,
            ["name" | "comment"] | ["details" | "title", _] | ["project", "name"] | ["project", "environment", "name"]
        );
        written.then(|| Value::text(long))
    })
}

/// What [`long`] writes everywhere: mostly plain, with a quote and a line break now and then.
pub(super) fn long_text() -> String {
    let line = "all the changes of a very long day, \"quoted\" and broken off in the middle of\n";
    line.repeat(LONG.div_ceil(line.len()))
}

/// Whether a text may hold anything. What programs compare must stay as it is, or another template is tested.
fn is_free(path: &[&str]) -> bool {
    !matches!(path, ["kind" | "verbKind"] | ["timestamp", _] | ["project", "environment", "key"])
}
