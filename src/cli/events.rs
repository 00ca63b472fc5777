//! The events that a command is about: files that the user names, or a sample.

use std::io::Read;
use std::path::{Path, PathBuf};

use super::error::CliError;
use crate::catalog::{Sample, samples_for};
use crate::event::Event;

/// One event's bytes, and what to call it.
#[derive(Debug)]
pub(super) struct EventSource {
    pub(super) name: String,
    pub(super) bytes: Vec<u8>,
}

impl EventSource {
    /// Reads a file, or standard input for `-`.
    pub(super) fn read(file: &Path) -> Result<Self, CliError> {
        let name = file.display().to_string();
        let mut bytes = Vec::new();
        let read = if name == "-" {
            std::io::stdin().lock().read_to_end(&mut bytes).map(|_| ())
        } else {
            std::fs::read(file).map(|all| bytes = all)
        };
        match read {
            Ok(()) => Ok(EventSource { name, bytes }),
            Err(error) => Err(CliError::usage(format!("cannot read `{name}`: {error}"))),
        }
    }

    pub(super) fn event(&self) -> Result<Event<'_>, CliError> {
        let event = Event::parse(&self.bytes).map_err(|error| {
            CliError::usage(format!("{}:{}:{}: not an event: {error}", self.name, error.line, error.column))
        })?;
        if event.context.as_object().is_none() {
            return Err(CliError::usage(format!("{}: not an event: it is no JSON object", self.name)));
        }
        Ok(event)
    }
}

impl From<Sample> for EventSource {
    fn from(sample: Sample) -> Self {
        EventSource { name: format!("sample {}", sample.name), bytes: sample.bytes }
    }
}

/// The files, or the first sample (of `kind`, when one is given) of the lowest rank.
pub(super) fn choose(
    files: &[PathBuf],
    kind: Option<&str>,
    directory: &Path,
    rank: impl Fn(&Event<'_>) -> u8,
) -> Result<Vec<EventSource>, CliError> {
    if !files.is_empty() {
        return files.iter().map(|file| EventSource::read(file)).collect();
    }
    let mut samples: Vec<EventSource> = samples_for(directory).into_iter().map(EventSource::from).collect();
    let mut kinds: Vec<String> = Vec::new();
    samples.retain(|sample| {
        let Ok(event) = Event::parse(&sample.bytes) else { return false };
        kinds.push(event.kind().to_owned());
        kind.is_none_or(|kind| kind == event.kind())
    });
    if samples.is_empty() {
        kinds.sort();
        kinds.dedup();
        let known = kinds.iter().map(|kind| format!("`{kind}`")).collect::<Vec<_>>().join(", ");
        let message = match kind {
            Some(kind) => format!("no sample event is of kind `{kind}`"),
            None => "there is no sample event".to_owned(),
        };
        let near = kind.and_then(|kind| crate::finding::near_miss(kind, kinds.iter().map(String::as_str)));
        return Err(CliError::usage(message).help(match near {
            Some(near) => format!("did you mean `{near}`?"),
            None if known.is_empty() => "name an event's file with `--context FILE`".to_owned(),
            None => format!("there are samples of {known}"),
        }));
    }
    let mut best: Option<(u8, usize)> = None;
    for (at, sample) in samples.iter().enumerate() {
        let rank = Event::parse(&sample.bytes).map_or(u8::MAX, |event| rank(&event));
        if best.is_none_or(|(lowest, _)| rank < lowest) {
            best = Some((rank, at));
        }
        if rank == 0 {
            break;
        }
    }
    Ok(vec![samples.swap_remove(best.map_or(0, |(_, at)| at))])
}
