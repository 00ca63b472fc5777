//! A delivery's state: a fold over what happened to it.

/// Where a delivery stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Waits to be attempted as soon as there is room.
    Ready,
    /// Waits for a moment to come: a retry, or a first attempt that is not to be made at once.
    Later,
    /// Waits behind an earlier delivery of the same ordering key.
    Held,
    /// The receiver has it.
    Delivered,
    /// Given up: a dead letter.
    Dead,
    /// Called off, because its subscription was removed.
    Cancelled,
    /// Was a dead letter; another delivery took its place.
    Replayed,
}

/// What can happen to a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Happening {
    /// An attempt succeeded.
    Accepted,
    /// An attempt failed, and another is to be made.
    Postponed,
    /// An attempt failed, and no other is to be made.
    GivenUp,
    /// The one before it with the same ordering key has been settled.
    Released,
    /// Its subscription was removed.
    CalledOff,
    /// Another delivery takes its place.
    Replaced,
}

/// Something that cannot happen to a delivery in this state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a delivery that is {state:?} cannot be {happening:?}")]
pub struct IllegalHappening {
    /// Where the delivery stands.
    pub state: State,
    /// What cannot happen to it there.
    pub happening: Happening,
}

impl State {
    /// Every state.
    pub const ALL: [State; 7] =
        [State::Ready, State::Later, State::Held, State::Delivered, State::Dead, State::Cancelled, State::Replayed];

    /// The state after something happened.
    ///
    /// # Errors
    /// It cannot happen in this state.
    pub fn after(self, happening: Happening) -> Result<State, IllegalHappening> {
        match (self, happening) {
            (State::Ready | State::Later, Happening::Accepted) => Ok(State::Delivered),
            (State::Ready | State::Later, Happening::Postponed) => Ok(State::Later),
            (State::Ready | State::Later, Happening::GivenUp) => Ok(State::Dead),
            (State::Held, Happening::Released) => Ok(State::Ready),
            (State::Ready | State::Later | State::Held, Happening::CalledOff) => Ok(State::Cancelled),
            (State::Dead, Happening::Replaced) => Ok(State::Replayed),
            (state, happening) => Err(IllegalHappening { state, happening }),
        }
    }

    /// Whether the delivery is still to be made.
    pub const fn is_waiting(self) -> bool {
        matches!(self, State::Ready | State::Later | State::Held)
    }

    pub(super) const fn code(self) -> i64 {
        self as i64
    }

    pub(super) fn from_code(code: i64) -> Option<State> {
        usize::try_from(code).ok().and_then(|code| State::ALL.get(code).copied())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_settled_stays_settled() {
        for state in State::ALL.into_iter().filter(|state| !state.is_waiting()) {
            for happening in [Happening::Accepted, Happening::Postponed, Happening::GivenUp, Happening::CalledOff] {
                assert!(state.after(happening).is_err(), "{state:?} {happening:?}");
            }
        }
    }

    #[test]
    fn codes_are_read_back() {
        for state in State::ALL {
            assert_eq!(State::from_code(state.code()), Some(state));
        }
        assert_eq!(State::from_code(7), None);
        assert_eq!(State::from_code(-1), None);
    }
}
