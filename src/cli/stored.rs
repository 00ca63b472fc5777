//! A store that is asked by itself, where no server runs on it.

use std::path::{Path, PathBuf};

use super::deliveries::FilterArguments;
use super::error::CliError;
use super::serve::{opening_error, store_error, store_file};
use crate::server::{moment, states};
use crate::service::ServiceError;
use crate::store::{DeliveryFilter, Moment, Options, SqliteStore, StoreError, SubscriptionId};

#[derive(Debug, clap::Args)]
pub(super) struct StoreArgument {
    /// Ask this store, and no server: the file `flagpost.db`, or the folder that it lies in. No server may run on it
    #[arg(long, value_name = "FILE", conflicts_with = "server")]
    pub(super) store: Option<PathBuf>,
}

/// Opens a store that nobody works on.
pub(super) fn open(named: &Path) -> Result<SqliteStore, CliError> {
    let file = if named.is_dir() { store_file(named) } else { named.to_owned() };
    if !file.is_file() {
        return Err(CliError::usage(format!("there is no store `{}`", file.display()))
            .help("name the file `flagpost.db` in the folder that `serve` uses"));
    }
    let options = Options { readers: 1, verify: false, ..Options::default() };
    SqliteStore::open(&file, options).map_err(|error| match error {
        StoreError::InUse(_) => CliError::failed(format!("a server works on the store `{}`", file.display()))
            .help("ask that one with `--server`, in the place of `--store`"),
        error => opening_error(&error, &file),
    })
}

/// What a store did not do, in words.
pub(super) fn refused(error: ServiceError) -> CliError {
    match error {
        ServiceError::Unavailable(error) => store_error(&error),
        error => CliError::failed(error.to_string()),
    }
}

/// The number of a delivery.
pub(super) fn number(text: &str) -> Result<u64, CliError> {
    let number = text.parse::<u64>().ok().filter(|number| i64::try_from(*number).is_ok());
    number.ok_or_else(|| CliError::usage(format!("there is no delivery `{text}`")).help("they are named by numbers"))
}

/// The filter that a server would read from the same arguments.
pub(super) fn filter(given: &FilterArguments) -> Result<DeliveryFilter, CliError> {
    let wrong = |name: &str, wrong: String| CliError::usage(format!("`--{name}`: {wrong}"));
    let mut meant = Vec::new();
    for word in &given.states {
        meant.extend(states(word).map_err(|error| wrong("state", error))?);
    }
    let read = |name: &str, text: &Option<String>| -> Result<Option<Moment>, CliError> {
        text.as_deref().map(moment).transpose().map_err(|error| wrong(name, error))
    };
    Ok(DeliveryFilter {
        subscription: given.subscription.as_deref().map(SubscriptionId::new),
        states: meant,
        from: read("from", &given.from)?,
        until: read("until", &given.until)?,
        ..DeliveryFilter::default()
    })
}
