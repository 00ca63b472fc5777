//! Values of arguments that several commands read, looked at before anything is asked: a slip is wrong usage, and no
//! server has to say so.

/// The states that a filter knows, in the words of the API.
pub(super) const STATES: [&str; 8] =
    ["waiting", "ready", "later", "held", "delivered", "dead", "cancelled", "replayed"];

/// A moment; it is sent on as it was written.
pub(super) fn moment(text: &str) -> Result<String, String> {
    crate::server::moment(text).map(|_| text.to_owned())
}

/// How many: one at least.
pub(super) fn count(text: &str) -> Result<usize, String> {
    text.parse().ok().filter(|count| *count > 0).ok_or_else(|| "this is not a whole number from 1 on".to_owned())
}

/// The number of an event.
pub(super) fn event(text: &str) -> Result<u64, String> {
    let number = text.parse::<u64>().ok().filter(|number| i64::try_from(*number).is_ok());
    number.ok_or_else(|| "events are named by numbers".to_owned())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{STATES, count, event, moment};
    use crate::server::states;
    use crate::store::State;

    #[test]
    fn every_state_can_be_asked_for() {
        let found: BTreeSet<State> = STATES.iter().flat_map(|word| states(word).expect("it is a state")).collect();
        assert_eq!(found, State::ALL.into_iter().collect());
    }

    #[test]
    fn slips_are_refused() {
        for text in ["0", "-1", "x", ""] {
            assert!(count(text).is_err(), "{text}");
        }
        for text in ["x", "-1", "18446744073709551615", ""] {
            assert!(event(text).is_err(), "{text}");
        }
        assert!(moment("yesterday").is_err());
        assert_eq!(
            (count("7"), event("0"), moment("2026-01-31T12:00:00Z")),
            (Ok(7), Ok(0), Ok("2026-01-31T12:00:00Z".to_owned()))
        );
    }
}
