//! The books: what came in, and what became of it. They are kept in the step that changes what they count.

use super::{State, VerdictKind};

/// What is counted. All but the five that say "now" only ever grow, also when old events are removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Account {
    /// Events that were new.
    Events,
    /// Events that had come before.
    Repeats,
    /// Events whose id other bytes had taken.
    Conflicts,
    /// Decisions: one for each event and subscription, and one for an event that met no subscription at all.
    Decisions,
    /// Decisions to send whose delivery waits now.
    Pending,
    /// Decisions to send whose delivery arrived.
    Delivered,
    /// Decisions to send whose delivery is a dead letter now.
    Dead,
    /// Decisions to send whose delivery was a dead letter, and was replayed.
    Replayed,
    /// Decisions to send whose delivery was called off.
    Cancelled,
    /// Denied by a statement.
    Denied,
    /// Allowed by none; those that are not listed one by one are counted here too.
    NoAllow,
    /// No template.
    NoTemplate,
    /// Empty body.
    EmptyBody,
    /// Failed to render.
    RenderError,
    /// The subscription was switched off.
    Paused,
    /// Events that met no subscription at all.
    Unsubscribed,
    /// Replays asked for.
    Replays,
    /// Replays that wait now.
    ReplaysPending,
    /// Replays that arrived.
    ReplaysDelivered,
    /// Replays that are dead letters now.
    ReplaysDead,
    /// Replays that were dead letters, and were replayed.
    ReplaysReplayed,
    /// Replays that were called off.
    ReplaysCancelled,
}

impl Account {
    /// Every account.
    pub const ALL: [Account; 22] = [
        Account::Events,
        Account::Repeats,
        Account::Conflicts,
        Account::Decisions,
        Account::Pending,
        Account::Delivered,
        Account::Dead,
        Account::Replayed,
        Account::Cancelled,
        Account::Denied,
        Account::NoAllow,
        Account::NoTemplate,
        Account::EmptyBody,
        Account::RenderError,
        Account::Paused,
        Account::Unsubscribed,
        Account::Replays,
        Account::ReplaysPending,
        Account::ReplaysDelivered,
        Account::ReplaysDead,
        Account::ReplaysReplayed,
        Account::ReplaysCancelled,
    ];

    /// Where deliveries in a state are counted.
    pub(super) fn of_state(state: State, replay: bool) -> Account {
        match (state, replay) {
            (State::Ready | State::Later | State::Held, false) => Account::Pending,
            (State::Delivered, false) => Account::Delivered,
            (State::Dead, false) => Account::Dead,
            (State::Replayed, false) => Account::Replayed,
            (State::Cancelled, false) => Account::Cancelled,
            (State::Ready | State::Later | State::Held, true) => Account::ReplaysPending,
            (State::Delivered, true) => Account::ReplaysDelivered,
            (State::Dead, true) => Account::ReplaysDead,
            (State::Replayed, true) => Account::ReplaysReplayed,
            (State::Cancelled, true) => Account::ReplaysCancelled,
        }
    }

    /// Where verdicts of a kind are counted; a delivery is counted by its state instead.
    pub(super) fn of_verdict(kind: VerdictKind) -> Option<Account> {
        match kind {
            VerdictKind::Sent => None,
            VerdictKind::Denied => Some(Account::Denied),
            VerdictKind::NoAllow => Some(Account::NoAllow),
            VerdictKind::NoTemplate => Some(Account::NoTemplate),
            VerdictKind::EmptyBody => Some(Account::EmptyBody),
            VerdictKind::RenderError => Some(Account::RenderError),
            VerdictKind::Paused => Some(Account::Paused),
        }
    }
}

/// The books at a moment.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Accounts([u64; Account::ALL.len()]);

impl Accounts {
    /// What an account holds.
    pub fn get(&self, account: Account) -> u64 {
        self.0[account as usize]
    }

    /// Whether everything is accounted for: every decision was sent, is on its way, or has a reason; and so for replays.
    pub fn balance(&self) -> bool {
        let sum = |accounts: &[Account]| accounts.iter().map(|account| self.get(*account)).sum::<u64>();
        let decisions = &Account::ALL[Account::Pending as usize..=Account::Unsubscribed as usize];
        let replays = &Account::ALL[Account::ReplaysPending as usize..];
        self.get(Account::Decisions) == sum(decisions) && self.get(Account::Replays) == sum(replays)
    }

    pub(super) fn add(&mut self, account: Account, count: u64) {
        self.0[account as usize] = self.0[account as usize].saturating_add(count);
    }

    pub(super) fn move_one(&mut self, from: Account, to: Account) {
        self.0[from as usize] = self.0[from as usize].saturating_sub(1);
        self.add(to, 1);
    }

    pub(super) fn numbers(&self) -> &[u64] {
        &self.0
    }

    /// Reads numbers back; accounts that did not exist when they were written are empty.
    pub(super) fn from_numbers(numbers: impl IntoIterator<Item = u64>) -> Self {
        let mut accounts = Accounts::default();
        for (account, number) in accounts.0.iter_mut().zip(numbers) {
            *account = number;
        }
        accounts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accounts_are_listed_in_their_own_order() {
        for (place, account) in Account::ALL.into_iter().enumerate() {
            assert_eq!(account as usize, place);
        }
    }

    #[test]
    fn one_decision_too_many_is_noticed() {
        let mut accounts = Accounts::default();
        assert!(accounts.balance());
        accounts.add(Account::Decisions, 2);
        accounts.add(Account::Denied, 1);
        assert!(!accounts.balance());
        accounts.add(Account::Pending, 1);
        assert!(accounts.balance());
        accounts.move_one(Account::Pending, Account::Dead);
        assert!(accounts.balance());
        accounts.add(Account::Replays, 1);
        assert!(!accounts.balance());
    }
}
