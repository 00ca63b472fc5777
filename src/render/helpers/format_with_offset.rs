//! `formatWithOffset milliseconds seconds format`: a time, moved and printed.
//!
//! Times are UTC. `simple` has 24 hours and looks like the event's own `timestamp.simple`.

use chrono::{DateTime, Utc};

/// What the helper makes.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::render) enum Formatted {
    Number(i64),
    Text(String),
}

/// The time `milliseconds` after 1970, `offset` seconds later. `None` when there is no such time.
pub(in crate::render) fn format_with_offset(milliseconds: f64, offset: f64, format: &str) -> Option<Formatted> {
    /// The last millisecond that JavaScript knows, counted from 1970.
    const LAST: f64 = 8.64e15;
    let moved = (milliseconds + 1000.0 * offset).trunc();
    if moved.is_nan() || moved.abs() > LAST {
        return None;
    }
    #[expect(clippy::cast_possible_truncation, reason = "whole, and within the bound above")]
    let moved = moved as i64;
    let time = || DateTime::<Utc>::from_timestamp_millis(moved);
    Some(match format {
        // As `Math.round`: halves go up.
        "seconds" => Formatted::Number((moved + 500).div_euclid(1000)),
        "rfc3339" => Formatted::Text(time()?.format("%Y-%m-%dT%H:%M:%SZ").to_string()),
        "simple" => Formatted::Text(time()?.format("%Y-%m-%d %H:%M:%S").to_string()),
        _ => Formatted::Number(moved),
    })
}

#[cfg(test)]
mod tests {
    use super::{Formatted, format_with_offset};

    fn text(milliseconds: f64, offset: f64, format: &str) -> String {
        match format_with_offset(milliseconds, offset, format) {
            Some(Formatted::Text(text)) => text,
            Some(Formatted::Number(number)) => number.to_string(),
            None => "none".to_owned(),
        }
    }

    #[test]
    fn every_format_prints_the_moved_time() {
        let event = 1_580_778_632_128.0;
        assert_eq!(text(event, 0.0, "simple"), "2020-02-04 01:10:32");
        assert_eq!(text(event, 301.0, "simple"), "2020-02-04 01:15:33");
        assert_eq!(text(event, 12.0 * 3600.0, "simple"), "2020-02-04 13:10:32");
        assert_eq!(text(event, -3600.0, "rfc3339"), "2020-02-04T00:10:32Z");
        assert_eq!(text(event, 1.0, "milliseconds"), "1580778633128");
        assert_eq!(text(event, 0.0, "seconds"), "1580778632");
        assert_eq!(text(event, 0.5, "seconds"), "1580778633");
        assert_eq!(text(event, 0.0, "whatever"), "1580778632128");
    }

    #[test]
    fn a_time_that_does_not_exist_is_none() {
        assert_eq!(text(f64::NAN, 0.0, "simple"), "none");
        assert_eq!(text(8.65e15, 0.0, "rfc3339"), "none");
        assert_eq!(text(0.0, f64::INFINITY, "seconds"), "none");
    }
}
