//! Where a delivery stands: a fold over what happened to it.

/// Where a delivery stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Status {
    /// Waiting for its next attempt.
    Queued,
    /// Somebody is at it.
    InFlight,
    /// The receiver has it.
    Delivered,
    /// Nobody will try again on their own.
    Abandoned,
    /// The receiver is gone for good and its subscription is to be switched off.
    Disabled,
}

/// What can happen to a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DeliveryEvent {
    /// A worker took it.
    Claimed,
    /// The receiver answered with success.
    Accepted,
    /// The attempt failed; whether another follows is the profile's word.
    Refused {
        /// Whether another attempt follows.
        retry: bool,
    },
    /// The receiver answered that it is gone.
    Gone,
    /// The worker was lost before it could say how the attempt ended.
    LeaseExpired,
    /// Somebody asked for it to be tried again.
    Requeued,
}

/// An event that cannot follow in this state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a delivery that is {status:?} cannot be {event:?}")]
pub struct IllegalMove {
    /// Where the delivery stood.
    pub status: Status,
    /// What was said to have happened.
    pub event: DeliveryEvent,
}

impl Status {
    /// Where the delivery stands after `event`.
    ///
    /// # Errors
    /// The event cannot follow here; the caller has lost track of something.
    pub fn after(self, event: DeliveryEvent) -> Result<Status, IllegalMove> {
        use DeliveryEvent::{Accepted, Claimed, Gone, LeaseExpired, Refused, Requeued};
        match (self, event) {
            (Status::Queued, Claimed) => Ok(Status::InFlight),
            (Status::InFlight, Accepted) => Ok(Status::Delivered),
            (Status::InFlight, LeaseExpired | Refused { retry: true }) => Ok(Status::Queued),
            (Status::InFlight, Refused { retry: false }) => Ok(Status::Abandoned),
            (Status::InFlight, Gone) => Ok(Status::Disabled),
            (Status::Delivered | Status::Abandoned | Status::Disabled, Requeued) => Ok(Status::Queued),
            (status, event) => Err(IllegalMove { status, event }),
        }
    }

    /// Where a delivery stands after all of `events`, from the moment it was accepted for delivery.
    ///
    /// # Errors
    /// The first event that cannot follow.
    pub fn fold(events: impl IntoIterator<Item = DeliveryEvent>) -> Result<Status, IllegalMove> {
        events.into_iter().try_fold(Status::Queued, Status::after)
    }

    /// Whether nothing more happens unless somebody asks for it.
    pub fn is_final(self) -> bool {
        !matches!(self, Status::Queued | Status::InFlight)
    }
}

#[cfg(test)]
mod tests {
    use super::DeliveryEvent::{Accepted, Claimed, Gone, LeaseExpired, Refused, Requeued};
    use super::{IllegalMove, Status};

    const EVENTS: [super::DeliveryEvent; 7] =
        [Claimed, Accepted, Refused { retry: true }, Refused { retry: false }, Gone, LeaseExpired, Requeued];

    #[test]
    fn a_delivery_is_the_sum_of_what_happened_to_it() {
        assert_eq!(Status::fold([]), Ok(Status::Queued));
        let retried = [Claimed, Refused { retry: true }, Claimed, LeaseExpired, Claimed, Accepted];
        assert_eq!(Status::fold(retried), Ok(Status::Delivered));
        assert_eq!(Status::fold([Claimed, Refused { retry: false }]), Ok(Status::Abandoned));
        assert_eq!(Status::fold([Claimed, Gone, Requeued, Claimed]), Ok(Status::InFlight));
    }

    #[test]
    fn an_illegal_move_is_a_value_that_says_what_was_tried() {
        let twice = Status::fold([Claimed, Accepted, Accepted]);
        assert_eq!(twice, Err(IllegalMove { status: Status::Delivered, event: Accepted }));
    }

    #[test]
    fn what_is_final_moves_only_when_asked_and_what_is_queued_only_when_claimed() {
        for status in [Status::Delivered, Status::Abandoned, Status::Disabled] {
            assert!(status.is_final());
            for event in EVENTS {
                assert_eq!(status.after(event).is_ok(), event == Requeued, "{status:?} {event:?}");
            }
        }
        for event in EVENTS {
            assert_eq!(Status::Queued.after(event).is_ok(), event == Claimed, "{event:?}");
        }
    }
}
