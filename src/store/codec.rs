//! Small values as bytes: verdicts, and the details of an attempt.
//!
//! Rows are many, so their parts are packed; a reader takes what is missing as absent, so parts can be added.

use std::time::Duration;

use super::{Attempt, Phases, Skip};

/// Writes parts one after the other.
#[derive(Debug, Default)]
pub(super) struct Writer(pub(super) Vec<u8>);

impl Writer {
    pub(super) fn number(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.0.push((number as u8 & 0x7f) | 0x80);
            number >>= 7;
        }
        self.0.push(number as u8);
    }

    pub(super) fn bytes(&mut self, bytes: &[u8]) {
        self.number(bytes.len() as u64);
        self.0.extend_from_slice(bytes);
    }

    /// Absence is zero, everything else one more than it is.
    fn maybe(&mut self, number: Option<u64>) {
        self.number(number.map_or(0, |number| number.saturating_add(1)));
    }
}

/// Reads parts one after the other; `None` where the bytes end or make no sense.
#[derive(Debug)]
pub(super) struct Reader<'a>(pub(super) &'a [u8]);

impl<'a> Reader<'a> {
    pub(super) fn number(&mut self) -> Option<u64> {
        let mut number = 0_u64;
        for shift in (0..64).step_by(7) {
            let (&byte, rest) = self.0.split_first()?;
            self.0 = rest;
            number |= u64::from(byte & 0x7f).checked_shl(shift)?;
            if byte & 0x80 == 0 {
                return Some(number);
            }
        }
        None
    }

    pub(super) fn bytes(&mut self) -> Option<&'a [u8]> {
        let length = usize::try_from(self.number()?).ok()?;
        let (bytes, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(bytes)
    }

    fn text(&mut self) -> Option<String> {
        self.bytes().map(|bytes| String::from_utf8_lossy(bytes).into_owned())
    }

    fn maybe(&mut self) -> Option<u64> {
        self.number()?.checked_sub(1)
    }
}

/// A verdict as it is packed: the subscription by its number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PackedVerdict {
    pub(super) subscription: u64,
    pub(super) version: u32,
    pub(super) skip: Option<Skip>,
}

pub(super) fn write_verdict(writer: &mut Writer, verdict: &PackedVerdict) {
    writer.number(verdict.subscription);
    writer.number(u64::from(verdict.version));
    match &verdict.skip {
        None => writer.number(0),
        Some(Skip::Denied { statement }) => {
            writer.number(1);
            writer.number(u64::from(*statement));
        }
        Some(Skip::NoAllow) => writer.number(2),
        Some(Skip::NoTemplate) => writer.number(3),
        Some(Skip::EmptyBody) => writer.number(4),
        Some(Skip::RenderError { message }) => {
            writer.number(5);
            writer.bytes(message.as_bytes());
        }
        Some(Skip::Paused) => writer.number(6),
    }
}

pub(super) fn read_verdicts(bytes: &[u8]) -> Vec<PackedVerdict> {
    let mut reader = Reader(bytes);
    let mut verdicts = Vec::new();
    while let Some(verdict) = read_verdict(&mut reader) {
        verdicts.push(verdict);
    }
    verdicts
}

fn read_verdict(reader: &mut Reader<'_>) -> Option<PackedVerdict> {
    let subscription = reader.number()?;
    let version = u32::try_from(reader.number()?).ok()?;
    let skip = match reader.number()? {
        0 => None,
        1 => Some(Skip::Denied { statement: u32::try_from(reader.number()?).ok()? }),
        2 => Some(Skip::NoAllow),
        3 => Some(Skip::NoTemplate),
        4 => Some(Skip::EmptyBody),
        5 => Some(Skip::RenderError { message: reader.text()? }),
        6 => Some(Skip::Paused),
        _ => return None,
    };
    Some(PackedVerdict { subscription, version, skip })
}

/// What an attempt's own columns do not hold.
pub(super) fn write_details(attempt: &Attempt) -> Vec<u8> {
    let mut writer = Writer::default();
    let phases = attempt.phases;
    for phase in [phases.resolve, phases.connect, phases.tls, phases.first_byte, phases.total] {
        writer.maybe(phase.map(|phase| u64::try_from(phase.as_micros()).unwrap_or(u64::MAX - 1)));
    }
    writer.number(attempt.headers.len() as u64);
    for (name, value) in &attempt.headers {
        writer.bytes(name.as_bytes());
        writer.bytes(value.as_bytes());
    }
    writer.bytes(&attempt.body[..attempt.body.len().min(Attempt::LONGEST_BODY)]);
    writer.0
}

pub(super) fn read_details(bytes: &[u8], attempt: &mut Attempt) {
    let mut reader = Reader(bytes);
    let mut phase = || reader.maybe().map(Duration::from_micros);
    attempt.phases = Phases { resolve: phase(), connect: phase(), tls: phase(), first_byte: phase(), total: phase() };
    for _ in 0..reader.number().unwrap_or(0) {
        let Some((name, value)) = reader.text().zip(reader.text()) else { return };
        attempt.headers.push((name, value));
    }
    attempt.body = reader.bytes().unwrap_or_default().to_vec();
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Moment;

    #[test]
    fn numbers_are_read_back() {
        for number in [0, 1, 127, 128, 16_383, 16_384, u64::from(u32::MAX), u64::MAX] {
            let mut writer = Writer::default();
            writer.number(number);
            assert_eq!(Reader(&writer.0).number(), Some(number));
        }
    }

    #[test]
    fn broken_bytes_end_the_reading() {
        assert_eq!(Reader(&[0xff; 12]).number(), None);
        assert_eq!(Reader(&[5, 1, 2]).bytes(), None);
        assert_eq!(Reader(&[]).number(), None);
        assert_eq!(read_verdicts(&[1, 1, 99]), []);
    }

    #[test]
    fn verdicts_are_read_back() {
        let skips = [
            None,
            Some(Skip::Denied { statement: 300 }),
            Some(Skip::NoAllow),
            Some(Skip::NoTemplate),
            Some(Skip::EmptyBody),
            Some(Skip::RenderError { message: "no helper `x`".into() }),
            Some(Skip::Paused),
        ];
        let verdicts: Vec<PackedVerdict> = skips
            .into_iter()
            .zip(1..)
            .map(|(skip, number)| PackedVerdict { subscription: number * 100, version: 7, skip })
            .collect();
        let mut writer = Writer::default();
        for verdict in &verdicts {
            write_verdict(&mut writer, verdict);
        }
        assert_eq!(read_verdicts(&writer.0), verdicts);
    }

    #[test]
    fn details_are_read_back_and_a_long_body_is_cut() {
        let written = Attempt {
            started: Moment::from_millis(1),
            phases: Phases {
                connect: Some(Duration::ZERO),
                total: Some(Duration::from_micros(1500)),
                ..Phases::default()
            },
            status: None,
            headers: vec![("retry-after".into(), "7".into())],
            body: vec![7; Attempt::LONGEST_BODY + 1],
            error: None,
        };
        let mut read = Attempt { phases: Phases::default(), headers: Vec::new(), body: Vec::new(), ..written.clone() };
        read_details(&write_details(&written), &mut read);
        assert_eq!((read.phases, &read.headers), (written.phases, &written.headers));
        assert_eq!(read.body.len(), Attempt::LONGEST_BODY);
    }
}
