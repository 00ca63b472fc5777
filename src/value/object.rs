//! Objects: members in JavaScript's order, small ones searched in place, large ones through an index.

use std::borrow::Cow;
use std::sync::atomic::{AtomicU32, Ordering};

use super::Value;

/// Up to this many members a straight walk is faster than any index.
const WALKED: usize = 24;

/// The members of a JSON object: keys that read as array indexes first, ascending, then the others in the
/// order they were written (ECMA-262, `OrdinaryOwnPropertyKeys`). A repeated key keeps its first place and
/// takes its last value, as in `JSON.parse`.
#[derive(Debug, Clone, Default)]
pub struct Object<'a> {
    members: Vec<(Cow<'a, str>, Value<'a>)>,
    /// Built for large objects only, and behind a pointer, since most objects are small.
    index: Option<Box<Index>>,
}

/// Positions of members, sorted by key.
#[derive(Debug, Clone)]
struct Index(Vec<u32>);

impl<'a> Object<'a> {
    /// Puts members in order and settles repeated keys.
    pub fn from_members(mut members: Vec<(Cow<'a, str>, Value<'a>)>) -> Self {
        settle_repeats(&mut members);
        let digit_first = |key: &str| key.as_bytes().first().is_some_and(u8::is_ascii_digit);
        if members.iter().any(|(key, _)| digit_first(key) && array_index(key).is_some()) {
            // The sort is stable, so the other keys keep the order they were written in.
            members.sort_by_key(|(key, _)| array_index(key).map_or(u64::from(u32::MAX), u64::from));
        }
        let index = (members.len() > WALKED).then(|| Box::new(Index(sorted_positions(&members))));
        Object { members, index }
    }

    /// The value of `key`.
    pub fn get(&self, key: &str) -> Option<&Value<'a>> {
        self.position(key).map(|at| &self.members[at].1)
    }

    /// The value of `key`, looked for first where it was found the last time: events of one source have the
    /// same shape. `guess` is kept up to date.
    #[inline]
    pub(crate) fn get_near(&self, key: &str, guess: &AtomicU32) -> Option<&Value<'a>> {
        let at = guess.load(Ordering::Relaxed) as usize;
        if let Some((name, value)) = self.members.get(at)
            && name == key
        {
            return Some(value);
        }
        let at = self.position(key)?;
        guess.store(u32::try_from(at).unwrap_or(0), Ordering::Relaxed);
        Some(&self.members[at].1)
    }

    fn position(&self, key: &str) -> Option<usize> {
        match &self.index {
            None => self.members.iter().position(|(name, _)| name == key),
            Some(index) => {
                let found = index.0.binary_search_by(|at| self.members[*at as usize].0.as_ref().cmp(key)).ok()?;
                Some(index.0[found] as usize)
            }
        }
    }

    /// Key and value of each member, in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &Value<'a>)> + Clone {
        self.members.iter().map(|(key, value)| (key.as_ref(), value))
    }

    /// How many members there are.
    pub fn len(&self) -> usize {
        self.members.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// Takes the object apart.
    pub fn into_members(self) -> Vec<(Cow<'a, str>, Value<'a>)> {
        self.members
    }

    pub(super) fn into_owned(self) -> Object<'static> {
        let members =
            self.members.into_iter().map(|(key, value)| (Cow::Owned(key.into_owned()), value.into_owned())).collect();
        Object { members, index: self.index }
    }
}

impl PartialEq for Object<'_> {
    /// Equal members, whatever their order: JSON objects are not ordered.
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len() && self.iter().all(|(key, value)| other.get(key) == Some(value))
    }
}

impl<'a> FromIterator<(Cow<'a, str>, Value<'a>)> for Object<'a> {
    fn from_iter<I: IntoIterator<Item = (Cow<'a, str>, Value<'a>)>>(members: I) -> Self {
        Object::from_members(members.into_iter().collect())
    }
}

fn sorted_positions(members: &[(Cow<'_, str>, Value<'_>)]) -> Vec<u32> {
    let mut positions: Vec<u32> = (0..u32::try_from(members.len()).unwrap_or(u32::MAX)).collect();
    positions.sort_by(|a, b| members[*a as usize].0.cmp(&members[*b as usize].0));
    positions
}

/// Gives every key one member: its first place, its last value.
fn settle_repeats(members: &mut Vec<(Cow<'_, str>, Value<'_>)>) {
    if members.len() <= WALKED {
        // Keys that differ in this number need no comparing, and mostly all do.
        let mark = |key: &str| match key.as_bytes() {
            [] => 1_u64,
            bytes => 1 << ((bytes.len() * 7 + usize::from(bytes[0]) + usize::from(bytes[bytes.len() - 1]) * 3) % 64),
        };
        let mut seen = members.first().map_or(0, |(key, _)| mark(key));
        let mut at = 1;
        while at < members.len() {
            let own = mark(&members[at].0);
            if seen & own == 0 {
                seen |= own;
                at += 1;
                continue;
            }
            let (earlier, rest) = members.split_at_mut(at);
            match earlier.iter_mut().find(|(key, _)| *key == rest[0].0) {
                Some(first) => {
                    first.1 = std::mem::take(&mut rest[0].1);
                    members.remove(at);
                }
                None => at += 1,
            }
        }
        return;
    }
    let sorted = sorted_positions(members);
    if !sorted.windows(2).any(|pair| members[pair[0] as usize].0 == members[pair[1] as usize].0) {
        return;
    }
    // A stable sort leaves repeats of a key side by side, in the order they were written.
    let mut dropped = vec![false; members.len()];
    let mut first = 0;
    for next in 1..sorted.len() {
        let (kept, later) = (sorted[first] as usize, sorted[next] as usize);
        if members[kept].0 == members[later].0 {
            members[kept].1 = std::mem::take(&mut members[later].1);
            dropped[later] = true;
        } else {
            first = next;
        }
    }
    let mut dropped = dropped.into_iter();
    members.retain(|_| !dropped.next().unwrap_or(false));
}

/// The number that a key spells, when JavaScript would treat it as an array index.
fn array_index(key: &str) -> Option<u32> {
    let bytes = key.as_bytes();
    let canonical = matches!(bytes, [b'0'] | [b'1'..=b'9', ..]) && bytes.len() <= 10;
    (canonical && bytes.iter().all(u8::is_ascii_digit)).then(|| key.parse().ok())?.filter(|index| *index < u32::MAX)
}
