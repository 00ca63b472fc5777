//! Names, tags and actions with stars.

use std::fmt;

/// What a name, tag or action must look like: `*` is any run of characters, empty ones included; nothing
/// else is special.
//
// Not the `glob` crate: it tries every split at every star, so `*a*a*a*a*a*a*b` takes minutes on a name of a
// few hundred characters that an event brought along, and it reads `?` and `[` as more than themselves.
// Between the first and the last star the leftmost find is always as good as any other, so one pass decides.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Glob {
    /// Only stars: anything.
    Any,
    /// No star: itself.
    Exact(Box<str>),
    /// Text before the first star, between stars, and after the last one.
    Stars { head: Box<str>, between: Box<[Box<str>]>, tail: Box<str> },
}

impl Glob {
    pub(super) fn new(text: &str) -> Glob {
        let mut pieces = text.split('*');
        let head = pieces.next().unwrap_or_default();
        let Some(tail) = pieces.next_back() else {
            return Glob::Exact(head.into());
        };
        let between: Box<[Box<str>]> = pieces.filter(|piece| !piece.is_empty()).map(Box::from).collect();
        if head.is_empty() && tail.is_empty() && between.is_empty() {
            return Glob::Any;
        }
        Glob::Stars { head: head.into(), between, tail: tail.into() }
    }

    pub(super) fn covers(&self, text: &str) -> bool {
        match self {
            Glob::Any => true,
            Glob::Exact(exact) => **exact == *text,
            Glob::Stars { head, between, tail } => {
                let rest = text.strip_prefix(&**head).and_then(|rest| rest.strip_suffix(&**tail));
                rest.is_some_and(|rest| contains_in_order(rest, between))
            }
        }
    }
}

fn contains_in_order(mut text: &str, pieces: &[Box<str>]) -> bool {
    for piece in pieces {
        match text.find(&**piece) {
            Some(at) => text = &text[at + piece.len()..],
            None => return false,
        }
    }
    true
}

impl fmt::Display for Glob {
    /// Prints the pattern with runs of stars as one.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Glob::Any => formatter.write_str("*"),
            Glob::Exact(exact) => formatter.write_str(exact),
            Glob::Stars { head, between, tail } => {
                write!(formatter, "{head}*")?;
                for piece in between {
                    write!(formatter, "{piece}*")?;
                }
                formatter.write_str(tail)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Glob;

    macro_rules! row {
        ($name:ident: $pattern:literal covers $text:literal) => {
            #[test]
            fn $name() {
                assert!(Glob::new($pattern).covers($text));
            }
        };
        ($name:ident: $pattern:literal skips $text:literal) => {
            #[test]
            fn $name() {
                assert!(!Glob::new($pattern).covers($text));
            }
        };
    }

    row!(a_star_is_any_run: "ops_*" covers "ops_eu");
    row!(a_star_may_be_empty: "ops_*" covers "ops_");
    row!(a_star_may_lead: "*Flag" covers "createFlag");
    row!(a_star_may_stand_inside: "a*b" covers "a-x-b");
    row!(head_and_tail_do_not_overlap: "ab*ba" skips "aba");
    row!(pieces_keep_their_order: "*a*b*" skips "ba");
    row!(pieces_do_not_overlap: "*aa*aa*" skips "aaa");
    row!(the_tail_is_the_last_one: "*a*ab" covers "aab");
    row!(the_tail_is_not_eaten_by_a_piece: "*ab*ab" skips "ab");
    row!(two_stars_are_one: "a**b" covers "axb");
    row!(only_stars_are_anything: "***" covers "");
    row!(case_counts: "updateFallThrough" skips "updateFallthrough");
    row!(a_question_mark_is_itself: "a?" skips "ab");
    row!(a_question_mark_is_itself_beside_a_star: "a?*" covers "a?b");
    row!(brackets_are_themselves: "[ab]*" skips "a");
    row!(nothing_is_only_nothing: "" skips "a");
    row!(letters_beyond_ascii_are_whole: "é*ü" covers "é→ü");

    #[test]
    fn it_prints_as_it_was_written_but_for_repeated_stars() {
        for (written, printed) in [("a*b", "a*b"), ("**", "*"), ("*a**b*", "*a*b*"), ("x", "x"), ("", "")] {
            assert_eq!(Glob::new(written).to_string(), printed);
        }
    }

    #[test]
    fn many_stars_on_a_long_name_take_no_time() {
        let pattern = Glob::new(&format!("{}b", "*a".repeat(2_000)));
        // Backtracking would need more steps here than there are atoms.
        assert!(!pattern.covers(&"a".repeat(100_000)));
    }

    proptest::proptest! {
        #[test]
        fn it_agrees_with_the_glob_crate(pattern in "[ab*]{0,7}", text in "[ab]{0,8}") {
            let mut collapsed = pattern.clone();
            while collapsed.contains("**") {
                collapsed = collapsed.replace("**", "*");
            }
            let reference = glob::Pattern::new(&collapsed).expect("a star or two are a pattern");
            proptest::prop_assert_eq!(Glob::new(&pattern).covers(&text), reference.matches(&text));
        }
    }
}
