//! Sets of HTTP statuses, as profiles write them: `200`, `"2xx"`, `"500-599"`.

use std::ops::RangeInclusive;

/// Some statuses. `rest` in a profile is the set of all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StatusSet(Vec<RangeInclusive<u16>>);

impl StatusSet {
    /// Every status there is.
    pub fn all() -> Self {
        StatusSet(vec![100..=999])
    }

    /// Whether `status` is one of them.
    pub fn contains(&self, status: u16) -> bool {
        self.0.iter().any(|range| range.contains(&status))
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Adds what one entry of a list means: a status, a class or a range.
    pub(super) fn add(&mut self, entry: &serde_json::Value) -> bool {
        match Self::range(entry) {
            Some(range) => {
                self.0.push(range);
                true
            }
            None => false,
        }
    }

    fn range(entry: &serde_json::Value) -> Option<RangeInclusive<u16>> {
        let status = |number: u64| u16::try_from(number).ok().filter(|status| (100..=599).contains(status));
        if let Some(number) = entry.as_u64() {
            return status(number).map(|status| status..=status);
        }
        let text = entry.as_str()?.trim();
        if let Some(class) = text.strip_suffix("xx") {
            let class = class.parse::<u64>().ok().filter(|class| (1..=5).contains(class))?;
            return Some(status(class * 100)?..=status(class * 100 + 99)?);
        }
        let (first, last) = text.split_once('-').unwrap_or((text, text));
        let (first, last) = (status(first.trim().parse().ok()?)?, status(last.trim().parse().ok()?)?);
        (first <= last).then_some(first..=last)
    }
}

#[cfg(test)]
mod tests {
    use super::StatusSet;
    use serde_json::json;

    #[test]
    fn statuses_classes_and_ranges_are_read() {
        let mut set = StatusSet::default();
        for entry in [json!(200), json!("3xx"), json!("500-503"), json!("429")] {
            assert!(set.add(&entry), "{entry}");
        }
        for (status, inside) in [(200, true), (201, false), (300, true), (399, true), (400, false), (503, true)] {
            assert_eq!(set.contains(status), inside, "{status}");
        }
        assert!(set.contains(429) && !set.contains(504));
    }

    #[test]
    fn what_is_no_status_is_refused() {
        let mut set = StatusSet::default();
        for entry in
            [json!(99), json!(600), json!("6xx"), json!("xx"), json!("503-500"), json!(2.5), json!("ok"), json!(null)]
        {
            assert!(!set.add(&entry), "{entry}");
        }
        assert!(set.is_empty());
    }
}
