//! A retry profile: which answers are success, which are tried again, when, and what each attempt carries.
//!
//! Profiles are data. The named ones stand in `schemas/delivery-profiles.json`; a manifest may name one or
//! spell out its own in the same form.

use std::num::NonZeroU32;
use std::sync::OnceLock;
use std::time::Duration;

use super::profile_reader::{self, ProfileMistake};
use super::schedule::Schedule;
use super::stamp::Stamp;
use super::status_set::StatusSet;

/// The rules of a delivery.
#[derive(Debug, Clone, PartialEq)]
pub struct Profile {
    /// The name it was found under; `custom` for one spelled out.
    pub name: String,
    /// Answers that end a delivery well.
    pub success: StatusSet,
    /// Answers that say the receiver is gone for good.
    pub disable: StatusSet,
    /// Answers that end a delivery badly, whatever `retry` says.
    pub give_up: StatusSet,
    /// Answers after which it is tried again. What no set names ends the delivery.
    pub retry: StatusSet,
    /// Whether it is tried again when no answer came.
    pub retry_transport: bool,
    /// Answers of a receiver that has too much to do.
    pub slow_down: StatusSet,
    /// How often and when it is tried again.
    pub schedule: Schedule,
    /// Whether the receiver's own wish is heard.
    pub retry_after: Option<RetryAfterRule>,
    /// How long one attempt may take until the answer's head is there.
    pub timeout: Duration,
    /// The headers that each attempt adds.
    pub stamp: Stamp,
}

/// When `Retry-After` is heard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RetryAfterRule {
    /// On these answers.
    pub on: StatusSet,
    /// No wait is longer on the receiver's word.
    pub cap: Duration,
}

/// What an answer means for a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The receiver has it.
    Delivered,
    /// Try again, if an attempt is left.
    Retry {
        /// Whether the receiver has too much to do: others in line for it should wait as well.
        slow_down: bool,
    },
    /// It will not get better.
    GiveUp,
    /// The receiver is gone; send it nothing any more.
    Disable,
}

impl Profile {
    /// The named profile, as its platform documents it.
    pub fn named(name: &str) -> Option<Profile> {
        all().iter().find(|profile| profile.name == name).cloned()
    }

    /// The names of all profiles.
    pub fn names() -> impl Iterator<Item = &'static str> {
        all().iter().map(|profile| profile.name.as_str())
    }

    /// The engine's own choice for an integration that says nothing.
    pub fn engine_default() -> Profile {
        let Some(first) = all().first() else { unreachable!("the profiles that ship hold their default") };
        first.clone()
    }

    /// Reads what a manifest says under `delivery`: a name, or an object that changes a named profile.
    ///
    /// # Errors
    /// Every mistake in it, each with a pointer from the value itself.
    pub fn from_json(value: &serde_json::Value) -> Result<Profile, Vec<ProfileMistake>> {
        profile_reader::read(value)
    }

    /// What an answer with this status means.
    pub fn verdict(&self, status: u16) -> Verdict {
        if self.success.contains(status) {
            Verdict::Delivered
        } else if self.disable.contains(status) {
            Verdict::Disable
        } else if self.give_up.contains(status) || !self.retry.contains(status) {
            Verdict::GiveUp
        } else {
            Verdict::Retry { slow_down: self.slow_down.contains(status) }
        }
    }

    /// What it means that no answer came.
    pub fn verdict_without_answer(&self) -> Verdict {
        if self.retry_transport { Verdict::Retry { slow_down: false } } else { Verdict::GiveUp }
    }

    /// The pause before the next attempt, or `None` when none is left. A wish of the receiver's makes it
    /// longer, never shorter, and no longer than the rule's cap.
    pub fn pause_after(
        &self,
        attempt: NonZeroU32,
        status: Option<u16>,
        retry_after: Option<Duration>,
        chance: f64,
    ) -> Option<Duration> {
        let scheduled = self.schedule.pause_after(attempt, chance)?;
        let heard = self.retry_after.as_ref().filter(|rule| status.is_some_and(|status| rule.on.contains(status)));
        let asked = heard.and_then(|rule| retry_after.map(|wait| wait.min(rule.cap)));
        Some(asked.map_or(scheduled, |wait| wait.max(scheduled)))
    }
}

/// All named profiles, the default first.
pub(super) fn all() -> &'static [Profile] {
    static PROFILES: OnceLock<Vec<Profile>> = OnceLock::new();
    PROFILES.get_or_init(|| profile_reader::shipped(include_str!("../../schemas/delivery-profiles.json")))
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;
    use std::time::Duration;

    use super::{Profile, Verdict};

    const SECOND: Duration = Duration::from_secs(1);
    const AGAIN: Verdict = Verdict::Retry { slow_down: false };
    const AGAIN_SLOWER: Verdict = Verdict::Retry { slow_down: true };

    fn profile(name: &str) -> Profile {
        Profile::named(name).expect("the profile exists")
    }

    /// Every pause without chance.
    fn pauses(name: &str) -> Vec<Duration> {
        let schedule = profile(name).schedule;
        (1..).map_while(|attempt| schedule.pause_after(NonZeroU32::new(attempt)?, 0.0)).collect()
    }

    fn after_first(name: &str, status: u16, retry_after: u64) -> Option<Duration> {
        profile(name).pause_after(NonZeroU32::MIN, Some(status), Some(Duration::from_secs(retry_after)), 0.0)
    }

    #[test]
    fn every_profile_is_read_and_the_default_is_standard_webhooks() {
        let names: Vec<&str> = Profile::names().collect();
        assert_eq!(names, ["standard-webhooks", "split", "launchdarkly", "kong", "atlassian", "github", "stripe"]);
        assert_eq!(Profile::engine_default().name, "standard-webhooks");
        assert_eq!(Profile::named("splitt"), None);
    }

    #[test]
    fn split_takes_200_alone_and_tries_once_more_after_300_ms() {
        for status in [201, 202, 204, 301, 304, 400, 404, 410, 429, 500, 501, 503] {
            assert_eq!(profile("split").verdict(status), AGAIN, "{status}");
        }
        assert_eq!(profile("split").verdict(200), Verdict::Delivered);
        assert_eq!(profile("split").verdict_without_answer(), AGAIN);
        assert_eq!(pauses("split"), [Duration::from_millis(300)]);
        assert_eq!(after_first("split", 429, 60), Some(Duration::from_millis(300)), "it hears no wishes");
        assert_eq!(profile("split").schedule.pause_after(NonZeroU32::MIN, 1.0), Some(Duration::from_millis(300)));
    }

    #[test]
    fn launchdarkly_takes_any_2xx_and_tries_once_more() {
        for status in [200, 201, 204, 299] {
            assert_eq!(profile("launchdarkly").verdict(status), Verdict::Delivered, "{status}");
        }
        for status in [302, 304, 400, 410, 500] {
            assert_eq!(profile("launchdarkly").verdict(status), AGAIN, "{status}");
        }
        assert_eq!(pauses("launchdarkly").len(), 1);
        assert_eq!(profile("launchdarkly").verdict_without_answer(), AGAIN);
    }

    #[test]
    fn kong_waits_1_2_4_8_and_gives_up_at_once_on_what_is_not_its_receivers_trouble() {
        assert_eq!(pauses("kong"), [SECOND, 2 * SECOND, 4 * SECOND, 8 * SECOND]);
        for status in [301, 304, 400, 401, 404, 408, 410, 501] {
            assert_eq!(profile("kong").verdict(status), Verdict::GiveUp, "{status}");
        }
        for status in [429, 500, 502, 503, 504, 599] {
            assert_eq!(profile("kong").verdict(status), AGAIN, "{status}");
        }
        assert_eq!(profile("kong").verdict_without_answer(), AGAIN);
        assert_eq!(after_first("kong", 429, 7), Some(7 * SECOND));
        assert_eq!(after_first("kong", 503, 7), Some(7 * SECOND));
        assert_eq!(after_first("kong", 500, 7), Some(SECOND), "heard on 429 and 503 only");
    }

    #[test]
    fn atlassian_retries_trouble_and_nothing_else() {
        for (status, verdict) in [
            (204, Verdict::Delivered),
            (408, AGAIN),
            (429, AGAIN),
            (500, AGAIN),
            (501, AGAIN),
            (400, Verdict::GiveUp),
            (404, Verdict::GiveUp),
            (302, Verdict::GiveUp),
        ] {
            assert_eq!(profile("atlassian").verdict(status), verdict, "{status}");
        }
    }

    #[test]
    fn standard_webhooks_follows_the_published_schedule() {
        let minutes = |count: u32| 60 * count * SECOND;
        let hours = |count: u32| minutes(60 * count);
        assert_eq!(
            pauses("standard-webhooks"),
            [5 * SECOND, minutes(5), minutes(30), hours(2), hours(5), hours(10), hours(14), hours(20), hours(24)]
        );
        for (status, verdict) in [
            (200, Verdict::Delivered),
            (204, Verdict::Delivered),
            (301, AGAIN),
            (304, AGAIN),
            (400, AGAIN),
            (404, AGAIN),
            (410, Verdict::Disable),
            (429, AGAIN_SLOWER),
            (500, AGAIN),
            (502, AGAIN_SLOWER),
            (503, AGAIN),
            (504, AGAIN_SLOWER),
        ] {
            assert_eq!(profile("standard-webhooks").verdict(status), verdict, "{status}");
        }
    }

    #[test]
    fn github_never_tries_again() {
        assert_eq!(pauses("github"), []);
        for status in [301, 400, 429, 500] {
            assert_eq!(profile("github").verdict(status), Verdict::GiveUp, "{status}");
        }
        assert_eq!(profile("github").verdict_without_answer(), Verdict::GiveUp);
        assert_eq!(profile("github").timeout, 10 * SECOND);
    }

    #[test]
    fn stripe_grows_to_about_three_days() {
        let pauses = pauses("stripe");
        assert!(pauses.windows(2).all(|pair| pair[1] == pair[0] * 2));
        let total: Duration = pauses.iter().sum();
        assert!((60..=72).contains(&(total.as_secs() / 3600)), "{total:?}");
        assert_eq!(profile("stripe").verdict(404), AGAIN);
    }

    #[test]
    fn a_wish_of_the_receivers_is_never_heard_as_earlier_and_is_capped() {
        assert_eq!(after_first("standard-webhooks", 503, 0), Some(5 * SECOND));
        assert_eq!(after_first("standard-webhooks", 503, 4), Some(5 * SECOND));
        assert_eq!(after_first("standard-webhooks", 503, 6), Some(6 * SECOND));
        assert_eq!(after_first("standard-webhooks", 503, u64::MAX), Some(24 * 3600 * SECOND));
        assert_eq!(after_first("github", 503, 6), None, "no attempt is left");
    }
}
