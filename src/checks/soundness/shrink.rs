//! The smallest change to an event that breaks a template.

use super::edit::{differences, set};
use crate::value::Value;

/// The fields that have to be as in `broken` for `breaks` to hold, starting from an event for which it does not.
/// `broken` itself must break.
pub(super) fn smallest<'a>(
    working: &Value<'a>,
    broken: &Value<'a>,
    breaks: &mut dyn FnMut(&Value<'a>) -> bool,
) -> Vec<Vec<String>> {
    let changed = |base: &Value<'a>, paths: &[&Vec<String>]| {
        paths.iter().fold(base.clone(), |event, path| {
            let names: Vec<&str> = path.iter().map(String::as_str).collect();
            set(&event, &names, broken.at(&names).cloned())
        })
    };
    let differing = differences(working, broken);
    for path in &differing {
        if breaks(&changed(working, &[path])) {
            return vec![path.clone()];
        }
    }
    // No single field does it: take away what is not needed.
    let mut needed: Vec<&Vec<String>> = differing.iter().collect();
    for path in &differing {
        let fewer: Vec<&Vec<String>> = needed.iter().copied().filter(|other| *other != path).collect();
        if breaks(&changed(working, &fewer)) {
            needed = fewer;
        }
    }
    needed.into_iter().cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::smallest;
    use crate::value::Value;

    #[test]
    fn one_field_or_the_few_that_it_takes() {
        let working = Value::parse(br#"{"a":1,"b":1,"c":{"d":1,"e":1}}"#).expect("JSON");
        let broken = Value::parse(br#"{"a":2,"b":2,"c":{"d":2}}"#).expect("JSON");
        let is = |event: &Value<'_>, path: &[&str], other: &[&str]| event.at(path) == broken.at(other);
        let one = smallest(&working, &broken, &mut |event| event.at(&["c", "e"]).is_none());
        assert_eq!(one, [vec!["c", "e"]]);
        let two =
            smallest(&working, &broken, &mut |event| is(event, &["a"], &["a"]) && is(event, &["c", "d"], &["c", "d"]));
        assert_eq!(two, [vec!["a"], vec!["c", "d"]]);
    }
}
