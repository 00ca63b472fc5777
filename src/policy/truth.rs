//! Three answers to "does it cover the target?": yes, no, and "the event does not tell".

/// A truth value in Kleene's strong logic. The order is the logic: "and" is the least, "or" the greatest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Truth {
    No,
    /// The event does not tell: an allow does not match, a deny does.
    Unknown,
    Yes,
}

impl Truth {
    pub(super) fn and(self, other: Truth) -> Truth {
        self.min(other)
    }

    pub(super) fn or(self, other: Truth) -> Truth {
        self.max(other)
    }

    pub(super) fn negated(self) -> Truth {
        match self {
            Truth::No => Truth::Yes,
            Truth::Unknown => Truth::Unknown,
            Truth::Yes => Truth::No,
        }
    }

    /// "All of these", stopping at the first no; nothing at all is a yes.
    pub(super) fn all(answers: impl IntoIterator<Item = Truth>) -> Truth {
        let mut all = Truth::Yes;
        for answer in answers {
            all = all.and(answer);
            if all == Truth::No {
                break;
            }
        }
        all
    }

    /// "One of these", stopping at the first yes; nothing at all is a no.
    pub(super) fn any(answers: impl IntoIterator<Item = Truth>) -> Truth {
        let mut any = Truth::No;
        for answer in answers {
            any = any.or(answer);
            if any == Truth::Yes {
                break;
            }
        }
        any
    }
}

impl From<bool> for Truth {
    fn from(holds: bool) -> Self {
        if holds { Truth::Yes } else { Truth::No }
    }
}
