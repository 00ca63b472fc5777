//! Numbers: integers whole, the rest as doubles.

/// A JSON number. What fits 64 bits as an integer is kept as one, because ids longer than 2^53 must come
/// out as they came in; everything else is a double, as in JavaScript.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Number {
    /// An integer of zero or more.
    Unsigned(u64),
    /// An integer below zero.
    Negative(i64),
    /// Everything with a fraction or an exponent, and integers past 64 bits.
    Float(f64),
}

impl Number {
    /// The number as a double; integers past 2^53 lose their last digits here.
    #[expect(clippy::cast_precision_loss, reason = "a double is what is asked for")]
    pub fn as_f64(self) -> f64 {
        match self {
            Number::Unsigned(number) => number as f64,
            Number::Negative(number) => number as f64,
            Number::Float(number) => number,
        }
    }

    /// The number as a signed integer, when it is one and fits.
    pub fn as_i64(self) -> Option<i64> {
        match self {
            Number::Unsigned(number) => i64::try_from(number).ok(),
            Number::Negative(number) => Some(number),
            Number::Float(_) => None,
        }
    }
}

impl From<i64> for Number {
    fn from(number: i64) -> Self {
        u64::try_from(number).map_or(Number::Negative(number), Number::Unsigned)
    }
}

impl From<&serde_json::Number> for Number {
    fn from(number: &serde_json::Number) -> Self {
        if let Some(whole) = number.as_u64() {
            Number::Unsigned(whole)
        } else if let Some(whole) = number.as_i64() {
            Number::Negative(whole)
        } else {
            Number::Float(number.as_f64().unwrap_or(f64::NAN))
        }
    }
}

impl serde::Serialize for Number {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match *self {
            Number::Unsigned(number) => serializer.serialize_u64(number),
            Number::Negative(number) => serializer.serialize_i64(number),
            Number::Float(number) => serializer.serialize_f64(number),
        }
    }
}
