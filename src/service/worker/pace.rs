//! How many attempts are made at once: a few at first, more while it goes well, half as many when it does not.

use std::time::Duration;

/// Where every receiver starts.
const FIRST: f64 = 4.0;
/// Answers that take so much longer than they use to are a sign of too much.
const SLOWER: f64 = 4.0;
/// But what is quicker than this never is.
const NEVER_SLOW: f64 = 0.25;
/// The share of an answer in what answers take now: about the last sixteen count, so that one slow answer in twenty
/// says nothing.
const RECENT: f64 = 1.0 / 16.0;
/// The share of that in what answers use to take: a receiver that became slower for good is taken for what it is after
/// some hundred answers.
const USUAL: f64 = 1.0 / 128.0;
/// Several failures within so short a time are one sign, not several.
const ONE_SIGN: Duration = Duration::from_millis(100);

/// A window that grows and shrinks.
#[derive(Debug, Clone)]
pub(super) struct Pace {
    window: f64,
    most: f64,
    /// Whether it still grows by doubling: until the first sign of too much.
    doubling: bool,
    /// What answers take now, in seconds, and what they use to take.
    answers: Option<(f64, f64)>,
    /// Answers until slowness may count again: those that were on their way at the last cut say nothing new.
    unheard: f64,
    last_cut: Option<Duration>,
}

impl Pace {
    pub(super) fn new(most: u32) -> Self {
        let most = f64::from(most.max(1));
        Pace { window: FIRST.min(most), most, doubling: true, answers: None, unheard: 0.0, last_cut: None }
    }

    /// Another limit, from a changed subscription.
    pub(super) fn limit(&mut self, most: u32) {
        self.most = f64::from(most.max(1));
        self.window = self.window.min(self.most);
    }

    /// How many at once.
    pub(super) fn window(&self) -> u32 {
        // Never more than `most`, which was a `u32`.
        self.window as u32
    }

    /// An attempt went well.
    pub(super) fn went_well(&mut self, took: Duration, now: Duration) {
        let took = took.as_secs_f64();
        let (recent, usual) = self.answers.unwrap_or((took, took));
        let recent = recent + (took - recent) * RECENT;
        // What is quicker than usual is the usual from now on.
        let usual = if recent < usual { recent } else { usual + (recent - usual) * USUAL };
        self.answers = Some((recent, usual));
        self.unheard = (self.unheard - 1.0).max(0.0);
        if recent > NEVER_SLOW && recent > usual * SLOWER && self.unheard < 1.0 {
            self.unheard = self.window;
            self.cut(now);
        } else {
            let step = if self.doubling { 1.0 } else { 1.0 / self.window };
            self.window = (self.window + step).min(self.most);
        }
    }

    /// There was a sign of too much.
    pub(super) fn cut(&mut self, now: Duration) {
        if self.last_cut.is_some_and(|last| now.saturating_sub(last) < ONE_SIGN) {
            return;
        }
        self.last_cut = Some(now);
        self.doubling = false;
        self.window = (self.window / 2.0).max(1.0);
    }

    /// Starts over, after the receiver was left alone.
    pub(super) fn start_over(&mut self) {
        *self = Pace { most: self.most, ..Pace::new(self.most as u32) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUICK: Duration = Duration::from_millis(2);

    fn at(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    #[test]
    fn it_grows_while_it_goes_well_and_no_further_than_allowed() {
        let mut pace = Pace::new(32);
        assert_eq!(pace.window(), 4);
        (0..4).for_each(|_| pace.went_well(QUICK, at(0)));
        assert_eq!(pace.window(), 8, "it doubles at first");
        (0..1000).for_each(|_| pace.went_well(QUICK, at(0)));
        assert_eq!(pace.window(), 32);
        pace.limit(5);
        assert_eq!(pace.window(), 5);
        assert_eq!(Pace::new(1).window(), 1);
    }

    #[test]
    fn a_sign_of_too_much_halves_it_and_then_it_grows_one_by_one() {
        let mut pace = Pace::new(64);
        (0..100).for_each(|_| pace.went_well(QUICK, at(0)));
        pace.cut(at(1000));
        pace.cut(at(1001));
        assert_eq!(pace.window(), 32, "two failures at once are one sign");
        (0..32).for_each(|_| pace.went_well(QUICK, at(1002)));
        assert_eq!(pace.window(), 32);
        (0..2).for_each(|_| pace.went_well(QUICK, at(1002)));
        assert_eq!(pace.window(), 33);
        for round in 2..20 {
            pace.cut(at(round * 1000));
        }
        assert_eq!(pace.window(), 1, "never none");
    }

    #[test]
    fn answers_that_become_slow_are_a_sign() {
        let mut pace = Pace::new(64);
        (0..100).for_each(|_| pace.went_well(QUICK, at(0)));
        (0..1000).for_each(|_| pace.went_well(at(240), at(1000)));
        assert_eq!(pace.window(), 64, "a quarter of a second is not slow");
        let mut pace = Pace::new(64);
        (0..100).for_each(|_| pace.went_well(QUICK, at(0)));
        (0..20).for_each(|_| pace.went_well(at(2000), at(2000)));
        assert_eq!(pace.window(), 32);
        let mut slow = Pace::new(64);
        (0..100).for_each(|_| slow.went_well(at(2000), at(0)));
        assert_eq!(slow.window(), 64, "one that is always slow is not becoming slow");
    }

    #[test]
    fn one_slow_answer_in_twenty_says_nothing() {
        let mut pace = Pace::new(64);
        for number in 0..2000 {
            pace.went_well(if number % 20 == 19 { at(1000) } else { QUICK }, at(number));
        }
        assert_eq!(pace.window(), 64);
    }

    #[test]
    fn a_receiver_that_became_slower_for_good_is_served_as_such() {
        let mut pace = Pace::new(64);
        (0..100).for_each(|_| pace.went_well(QUICK, at(0)));
        let lowest = (0..400_u64).map(|number| {
            pace.went_well(at(300), at(1000 + number * 5));
            pace.window()
        });
        assert!(lowest.min().is_some_and(|lowest| lowest >= 8), "it does not collapse");
        (0..3000).for_each(|_| pace.went_well(at(300), at(10_000)));
        assert_eq!(pace.window(), 64);
    }
}
