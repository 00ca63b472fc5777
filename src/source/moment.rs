//! Points in time, in the four forms that templates read.

use std::borrow::Cow;

use chrono::{DateTime, SecondsFormat, Utc};

use crate::value::{Number, Object, Value};

/// Milliseconds since 1970, inside the years 1970 to 9999: what every receiver can read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Moment(i64);

/// The last millisecond of the year 9999.
const LAST: i64 = 253_402_300_799_999;

/// From here on a number means milliseconds: as seconds it would be past the year 5000.
const MILLISECONDS_FROM: i64 = 100_000_000_000;

impl Moment {
    pub(super) fn from_milliseconds(milliseconds: i64) -> Option<Moment> {
        (0..=LAST).contains(&milliseconds).then_some(Moment(milliseconds))
    }

    /// A number that may be seconds or milliseconds.
    pub(super) fn from_number(number: i64) -> Option<Moment> {
        if number >= MILLISECONDS_FROM {
            Moment::from_milliseconds(number)
        } else {
            Moment::from_milliseconds(number.checked_mul(1000)?)
        }
    }

    /// RFC 3339 with any offset.
    pub(super) fn from_rfc3339(text: &str) -> Option<Moment> {
        Moment::from_milliseconds(DateTime::parse_from_rfc3339(text.trim()).ok()?.timestamp_millis())
    }

    /// A value in whatever form: a number, digits in quotes, RFC 3339.
    pub(super) fn from_value(value: &Value<'_>) -> Option<Moment> {
        match value {
            Value::Number(Number::Float(number)) if number.is_finite() && number.abs() < 1e15 => {
                // Seconds with a fraction.
                #[expect(clippy::cast_possible_truncation, reason = "the magnitude was checked")]
                let (whole, milliseconds) = (*number as i64, (number * 1000.0).round() as i64);
                if whole >= MILLISECONDS_FROM {
                    Moment::from_milliseconds(whole)
                } else {
                    Moment::from_milliseconds(milliseconds)
                }
            }
            Value::Number(number) => Moment::from_number(number.as_i64()?),
            Value::String(text) => match text.trim().parse() {
                Ok(number) => Moment::from_number(number),
                Err(_) => Moment::from_rfc3339(text),
            },
            _ => None,
        }
    }

    /// The time a request came, brought into the years that can be written.
    pub(super) fn received(milliseconds: i64) -> Moment {
        Moment(milliseconds.clamp(0, LAST))
    }

    pub(super) fn milliseconds(self) -> i64 {
        self.0
    }

    /// The member `timestamp` of an event.
    pub(super) fn value(self) -> Value<'static> {
        let time = DateTime::<Utc>::from_timestamp_millis(self.0).unwrap_or_default();
        let number = |number: i64| Value::Number(Number::from(number));
        let text = |text: String| Value::String(Cow::Owned(text));
        Value::Object(Object::from_members(vec![
            (Cow::Borrowed("milliseconds"), number(self.0)),
            (Cow::Borrowed("seconds"), number(self.0 / 1000)),
            (Cow::Borrowed("rfc3339"), text(time.to_rfc3339_opts(SecondsFormat::Secs, true))),
            (Cow::Borrowed("simple"), text(time.format("%Y-%m-%d %H:%M:%S").to_string())),
        ]))
    }
}

#[cfg(test)]
mod tests {
    use super::Moment;
    use crate::value::Value;

    #[test]
    fn a_moment_has_four_forms() {
        let moment = Moment::from_milliseconds(1_580_777_319_650).expect("it is in range");
        assert_eq!(
            serde_json::to_string(&moment.value()).expect("it prints"),
            r#"{"milliseconds":1580777319650,"seconds":1580777319,"rfc3339":"2020-02-04T00:48:39Z","simple":"2020-02-04 00:48:39"}"#
        );
    }

    #[test]
    fn every_way_to_write_one_moment_is_read() {
        for text in [
            "1718882464907",
            "\"1718882464907\"",
            "1718882464.907",
            "\"2024-06-20T11:21:04.907Z\"",
            "\"2024-06-20T13:21:04.907+02:00\"",
        ] {
            let value = Value::parse(text.as_bytes()).expect("the row is JSON");
            assert_eq!(Moment::from_value(&value).map(Moment::milliseconds), Some(1_718_882_464_907), "{text}");
        }
        let seconds = Value::parse(b"1718882464").expect("a number");
        assert_eq!(Moment::from_value(&seconds).map(Moment::milliseconds), Some(1_718_882_464_000));
    }

    #[test]
    fn what_no_calendar_holds_is_no_moment() {
        for text in ["-1", "9223372036854775807", "18446744073709551615", "1e300", "\"soon\"", "null", "\"\"", "{}"] {
            let value = Value::parse(text.as_bytes()).expect("the row is JSON");
            assert_eq!(Moment::from_value(&value), None, "{text}");
        }
        assert_eq!(Moment::received(i64::MIN).milliseconds(), 0);
    }
}
