//! Every setting of the server: its name, its value when nobody says otherwise, and what it is.
//!
//! One table, so that flags, variables, the file, `--print-config` and `docs/operating.md` cannot disagree: the
//! setting `requests_at_once` is the flag `--requests-at-once`, the variable `FLAGPOST_REQUESTS_AT_ONCE` and the
//! key `requests_at_once` of the file.

/// One setting.
#[derive(Debug)]
pub(super) struct Setting {
    /// Its name in the file.
    pub(super) name: &'static str,
    /// Its value when nobody says otherwise, as it would be written.
    pub(super) default: &'static str,
    /// What kind of value it takes.
    pub(super) kind: Kind,
    /// What it is, in one sentence without a full stop.
    pub(super) what: &'static str,
}

/// What kind of value a setting takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Any text.
    Text,
    /// A whole number.
    Number,
    /// `true` or `false`.
    Switch,
    /// One of these words.
    Word(&'static [&'static str]),
}

const fn setting(name: &'static str, default: &'static str, kind: Kind, what: &'static str) -> Setting {
    Setting { name, default, kind, what }
}

/// The settings, in the order in which they are shown.
pub(super) const TABLE: &[Setting] = &[
    setting("listen", "127.0.0.1:7400", Kind::Text, "Address and port to listen at; port 0 takes a free one"),
    setting("data", "flagpost-data", Kind::Text, "Folder of the store and the key file, made at the first start"),
    setting("integrations", "integrations", Kind::Text, "Folder of the integrations"),
    setting(
        "master_key_file",
        "",
        Kind::Text,
        "File of the master key, made at the first start; empty for `master.key` in the data folder",
    ),
    setting("allow_private", "false", Kind::Switch, "Allow receivers on this machine and in private networks"),
    setting("log_format", "text", Kind::Word(&["text", "json"]), "How the log is written: `text` or `json`"),
    setting("log_level", "info", Kind::Text, "`error`, `warn`, `info`, `debug`, `trace`, or directives by module"),
    setting(
        "otlp_endpoint",
        "",
        Kind::Text,
        "Address of an OpenTelemetry collector that takes traces (OTLP over HTTP); empty for none",
    ),
    setting("retention_days", "30", Kind::Number, "Days that settled events are kept; 0 for ever"),
    setting("retention_bytes", "0", Kind::Number, "Bytes past which the oldest settled events go; 0 for no limit"),
    setting("store_bytes", "0", Kind::Number, "Bytes past which the store takes nothing more; 0 for no limit"),
    setting("body_bytes", "1048576", Kind::Number, "Bytes of a request's body; sources have their own limit"),
    setting("request_seconds", "30", Kind::Number, "Seconds that a request may take"),
    setting("requests_at_once", "512", Kind::Number, "Requests that are worked on at once; more are answered 503"),
    setting("connections", "4096", Kind::Number, "Connections that are open at once; more wait"),
    setting("requests_per_second", "100", Kind::Number, "Requests a second of one client of the API; 0 for no limit"),
    setting("events_per_second", "0", Kind::Number, "Verified ingest requests a second of one source; 0 for no limit"),
    setting("attempts_at_once", "64", Kind::Number, "Attempts of one subscription at once, where it does not say"),
    setting("stop_seconds", "20", Kind::Number, "Seconds that work under way has to finish when the server stops"),
];

/// Names of the file that are no settings of their own: tables.
pub(super) const TABLES: &[&str] = &["source"];

impl Setting {
    /// `--requests-at-once`, without the dashes in front.
    pub(super) fn flag(&self) -> String {
        self.name.replace('_', "-")
    }

    /// `FLAGPOST_REQUESTS_AT_ONCE`.
    pub(super) fn variable(&self) -> String {
        format!("FLAGPOST_{}", self.name.to_uppercase())
    }
}

#[cfg(test)]
mod tests {
    use super::{Kind, TABLE};

    #[test]
    fn every_setting_is_named_once_and_its_default_fits_its_kind() {
        for (place, setting) in TABLE.iter().enumerate() {
            assert!(TABLE[..place].iter().all(|other| other.name != setting.name), "{}", setting.name);
            assert!(!setting.what.ends_with('.'), "{}", setting.name);
            match setting.kind {
                Kind::Text => {}
                Kind::Number => assert!(setting.default.parse::<u64>().is_ok(), "{}", setting.name),
                Kind::Word(words) => assert!(words.contains(&setting.default), "{}", setting.name),
                Kind::Switch => assert!(setting.default.parse::<bool>().is_ok(), "{}", setting.name),
            }
        }
    }
}
