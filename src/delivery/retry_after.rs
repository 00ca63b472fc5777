//! Reads `Retry-After` (RFC 9110, 10.2.3): seconds, or a date in any of HTTP's three forms.
//!
//! A receiver writes this header by hand more often than not. What cannot be read is ignored, never an error.

use std::time::{Duration, SystemTime};

use chrono::NaiveDate;

/// How long the receiver asks to be left alone, seen from `now`. A date in the past is no wait at all.
pub fn parse(value: &str, now: SystemTime) -> Option<Duration> {
    let value = value.trim_matches([' ', '\t']);
    if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        // More digits than fit are still a wish to be left alone for as long as there is time.
        return Some(Duration::from_secs(value.parse().unwrap_or(u64::MAX)));
    }
    let now = i64::try_from(now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs()).ok()?;
    let wait = http_date(value, now)?.saturating_sub(now);
    Some(Duration::from_secs(u64::try_from(wait).unwrap_or(0)))
}

/// Seconds since 1970 of an HTTP-date.
fn http_date(value: &str, now: i64) -> Option<i64> {
    let words: Vec<&str> = value.split(' ').filter(|word| !word.is_empty()).collect();
    let (year, month, day, time) = match words[..] {
        // Sun, 06 Nov 1994 08:49:37 GMT
        [weekday, day, month, year, time, "GMT"] if weekday.ends_with(',') => {
            (number(year, 4)?, month_number(month)?, number(day, 2)?, time)
        }
        // Sunday, 06-Nov-94 08:49:37 GMT
        [weekday, date, time, "GMT"] if weekday.ends_with(',') => {
            let mut parts = date.split('-');
            let (day, month, year) = (parts.next()?, parts.next()?, parts.next()?);
            (short_year(number(year, 2)?, now), month_number(month)?, number(day, 2)?, time)
        }
        // Sun Nov  6 08:49:37 1994
        [_, month, day, time, year] => (number(year, 4)?, month_number(month)?, number(day, day.len().min(2))?, time),
        _ => return None,
    };
    let mut parts = time.split(':');
    let (hour, minute, second) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() {
        return None;
    }
    let (hour, minute, second) = (number(hour, 2)?, number(minute, 2)?, number(second, 2)?);
    // A leap second has no name of its own in Unix time.
    let midnight = NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, month, day)?;
    Some(midnight.and_hms_opt(hour, minute, second.min(59))?.and_utc().timestamp() + i64::from(second == 60))
        .filter(|_| second <= 60)
}

fn number(digits: &str, length: usize) -> Option<u32> {
    (digits.len() == length && digits.bytes().all(|byte| byte.is_ascii_digit())).then(|| digits.parse().ok())?
}

fn month_number(name: &str) -> Option<u32> {
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    u32::try_from(MONTHS.iter().position(|month| *month == name)? + 1).ok()
}

/// A year of two digits that would lie more than fifty years ahead lies in the century before.
fn short_year(year: u32, now: i64) -> u32 {
    let this_year = u32::try_from(1970 + now / 31_556_952).unwrap_or(1970);
    let year = this_year / 100 * 100 + year;
    if year > this_year + 50 { year - 100 } else { year }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use super::parse;

    /// Sun, 06 Nov 1994 08:49:37 GMT
    const THEN: u64 = 784_111_777;

    fn asked(value: &str) -> Option<u64> {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(THEN - 100);
        parse(value, now).map(|wait| wait.as_secs())
    }

    #[test]
    fn seconds_are_read() {
        assert_eq!(asked("0"), Some(0));
        assert_eq!(asked(" 120\t"), Some(120));
        assert_eq!(asked("99999999999999999999999999"), Some(u64::MAX));
    }

    #[test]
    fn all_three_forms_of_a_date_are_read() {
        assert_eq!(asked("Sun, 06 Nov 1994 08:49:37 GMT"), Some(100));
        assert_eq!(asked("Sunday, 06-Nov-94 08:49:37 GMT"), Some(100));
        assert_eq!(asked("Sun Nov  6 08:49:37 1994"), Some(100));
        assert_eq!(asked("Sun, 06 Nov 1994 08:49:60 GMT"), Some(123));
    }

    #[test]
    fn a_date_in_the_past_asks_for_no_wait() {
        assert_eq!(asked("Sun, 06 Nov 1994 08:00:00 GMT"), Some(0));
        assert_eq!(asked("Thu, 01 Jan 1970 00:00:00 GMT"), Some(0));
        assert_eq!(asked("Monday, 01-Jan-69 00:00:00 GMT"), Some(0), "1969, and not 2069");
    }

    #[test]
    fn what_cannot_be_read_is_ignored() {
        for value in [
            "",
            " ",
            "-1",
            "+5",
            "1.5",
            "soon",
            "5s",
            "1e3",
            "Sun, 06 Nov 1994 08:49:37 CET",
            "Sun, 31 Feb 1994 08:49:37 GMT",
            "Sun, 06 Nov 1994 24:49:37 GMT",
            "Sun, 06 Nov 1994 08:49:61 GMT",
            "Sun, 6 Nov 1994 08:49:37 GMT",
            "06 Nov 1994 08:49:37 GMT",
            "Sun, 06 Nov 94 08:49 GMT",
            "Sun, 06 Nov 1994 08:49:37:00 GMT",
            "٣",
        ] {
            assert_eq!(asked(value), None, "{value}");
        }
    }
}
