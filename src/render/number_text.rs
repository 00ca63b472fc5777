//! Numbers as JavaScript prints them, integers whole.

use crate::value::Number;

/// Appends a number. Integers keep every digit, also past 2^53; doubles print as `Number::toString` has it.
pub(super) fn push_number(out: &mut String, number: Number) {
    match number {
        Number::Unsigned(number) => push_unsigned(out, number),
        Number::Negative(number) => {
            if number < 0 {
                out.push('-');
            }
            push_unsigned(out, number.unsigned_abs());
        }
        Number::Float(number) => push_float(out, number),
    }
}

pub(super) fn push_unsigned(out: &mut String, mut number: u64) {
    let mut digits = [0_u8; 20];
    let mut at = digits.len();
    loop {
        at -= 1;
        digits[at] = b'0' + u8::try_from(number % 10).unwrap_or(0);
        number /= 10;
        if number == 0 {
            break;
        }
    }
    out.push_str(std::str::from_utf8(&digits[at..]).unwrap_or_default());
}

/// ECMA-262, `Number::toString`: the shortest digits that read back, laid out by the size of the exponent.
fn push_float(out: &mut String, number: f64) {
    if number == 0.0 {
        out.push('0');
        return;
    }
    if !number.is_finite() {
        out.push_str(if number.is_nan() {
            "NaN"
        } else if number > 0.0 {
            "Infinity"
        } else {
            "-Infinity"
        });
        return;
    }
    // Rust prints the shortest digits as well, as `d.ddde±x`.
    let shortest = format!("{:e}", number.abs());
    let (mantissa, exponent) = shortest.split_once('e').unwrap_or((&shortest, "0"));
    let digits: String = mantissa.chars().filter(|character| *character != '.').collect();
    let point = exponent.parse::<i32>().unwrap_or(0) + 1;
    let count = i32::try_from(digits.len()).unwrap_or(i32::MAX);
    if number < 0.0 {
        out.push('-');
    }
    let zeros = |count: i32| "0".repeat(usize::try_from(count).unwrap_or(0));
    if (count..=21).contains(&point) {
        out.push_str(&digits);
        out.push_str(&zeros(point - count));
    } else if (1..=21).contains(&point) {
        let (whole, fraction) = digits.split_at(usize::try_from(point).unwrap_or(0));
        out.push_str(whole);
        out.push('.');
        out.push_str(fraction);
    } else if (-5..=0).contains(&point) {
        out.push_str("0.");
        out.push_str(&zeros(-point));
        out.push_str(&digits);
    } else {
        let (first, fraction) = digits.split_at(1);
        out.push_str(first);
        if !fraction.is_empty() {
            out.push('.');
            out.push_str(fraction);
        }
        out.push('e');
        out.push(if point > 0 { '+' } else { '-' });
        push_unsigned(out, u64::from((point - 1).unsigned_abs()));
    }
}

#[cfg(test)]
mod tests {
    use super::push_number;
    use crate::value::Number;

    #[test]
    fn numbers_print_as_in_javascript() {
        for (number, text) in [
            (Number::Float(1.0), "1"),
            (Number::Float(-0.0), "0"),
            (Number::Float(1000.0), "1000"),
            (Number::Float(1e20), "100000000000000000000"),
            (Number::Float(1e21), "1e+21"),
            (Number::Float(1.5e300), "1.5e+300"),
            (Number::Float(0.000_001), "0.000001"),
            (Number::Float(0.000_000_1), "1e-7"),
            (Number::Float(1.25e-9), "1.25e-9"),
            (Number::Float(-12.5), "-12.5"),
            (Number::Float(123_456.789), "123456.789"),
            (Number::Float(0.1 + 0.2), "0.30000000000000004"),
            (Number::Float(5e-324), "5e-324"),
            (Number::Float(f64::MAX), "1.7976931348623157e+308"),
            (Number::Unsigned(u64::MAX), "18446744073709551615"),
            (Number::Negative(i64::MIN), "-9223372036854775808"),
            (Number::Unsigned(0), "0"),
            (Number::Unsigned(9_007_199_254_740_993), "9007199254740993"),
        ] {
            let mut out = String::new();
            push_number(&mut out, number);
            assert_eq!(out, text);
        }
    }
}
