//! What the layers mean: typed, checked, all sources understood.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use super::layers::{Layered, Origin};
use super::table::{Kind, TABLE};
use crate::cli::error::CliError;
use crate::source::{Source, SourceConfiguration};

/// How the log is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LogFormat {
    Text,
    Json,
}

/// How the server runs.
#[derive(Debug)]
pub(super) struct Settings {
    pub(super) listen: SocketAddr,
    pub(super) data: PathBuf,
    pub(super) integrations: PathBuf,
    pub(super) master_key_file: PathBuf,
    pub(super) allow_private: bool,
    pub(super) log_format: LogFormat,
    pub(super) log_level: String,
    pub(super) otlp_endpoint: Option<String>,
    pub(super) retention_days: u64,
    pub(super) retention_bytes: u64,
    pub(super) store_bytes: u64,
    pub(super) body_bytes: usize,
    pub(super) request_seconds: u64,
    pub(super) requests_at_once: usize,
    pub(super) connections: usize,
    pub(super) requests_per_second: u32,
    pub(super) events_per_second: u32,
    pub(super) attempts_at_once: u32,
    pub(super) stop: Duration,
    pub(super) sources: Vec<SourceConfiguration>,
}

impl Settings {
    /// Reads every value.
    pub(super) fn read(layered: &Layered) -> Result<Self, CliError> {
        let data = PathBuf::from(layered.text("data"));
        let key_file = layered.text("master_key_file");
        let at_least_one = |name: &str| {
            layered.get(name, |value| match value.parse::<usize>() {
                Ok(number @ 1..=1_000_000_000) => Ok(number),
                _ => Err("is not a whole number from 1 on".to_owned()),
            })
        };
        Ok(Settings {
            listen: layered.get("listen", |value| {
                value.parse().map_err(|_| "is not an address and a port, as in `127.0.0.1:7400`".to_owned())
            })?,
            integrations: PathBuf::from(layered.text("integrations")),
            master_key_file: if key_file.is_empty() { data.join("master.key") } else { PathBuf::from(key_file) },
            data,
            allow_private: layered.switch("allow_private")?,
            log_format: layered.get("log_format", |value| match value {
                "text" => Ok(LogFormat::Text),
                "json" => Ok(LogFormat::Json),
                _ => Err("is neither `text` nor `json`".to_owned()),
            })?,
            log_level: layered.get("log_level", |value| {
                let understood = value.parse::<tracing_subscriber::EnvFilter>().is_ok();
                match understood && value.split(',').all(is_level_or_directive) {
                    true => Ok(value.to_owned()),
                    false => Err("is neither a level (`error`, `warn`, `info`, `debug`, `trace`, `off`) nor \
                                  directives as `flagpost=debug`"
                        .to_owned()),
                }
            })?,
            otlp_endpoint: layered.get("otlp_endpoint", |value| {
                // It is told where the collector cannot be reached; so it holds nothing that must not be told.
                let bare = |url: &url::Url| url.username().is_empty() && url.password().is_none();
                let whole = |url: &url::Url| url.query().is_none() && url.fragment().is_none();
                let web = |url: url::Url| {
                    matches!(url.scheme(), "http" | "https") && url.has_host() && bare(&url) && whole(&url)
                };
                match value {
                    "" => Ok(None),
                    value if url::Url::parse(value).is_ok_and(web) => Ok(Some(value.to_owned())),
                    _ => Err("is not a plain web address, as in `http://127.0.0.1:4318`".to_owned()),
                }
            })?,
            retention_days: layered.number("retention_days")?,
            retention_bytes: layered.number("retention_bytes")?,
            store_bytes: layered.number("store_bytes")?,
            body_bytes: at_least_one("body_bytes")?,
            request_seconds: u64::try_from(at_least_one("request_seconds")?).unwrap_or(u64::MAX),
            requests_at_once: at_least_one("requests_at_once")?,
            connections: at_least_one("connections")?,
            requests_per_second: layered.number("requests_per_second")?,
            events_per_second: layered.number("events_per_second")?,
            attempts_at_once: u32::try_from(at_least_one("attempts_at_once")?).unwrap_or(u32::MAX),
            stop: Duration::from_secs(u64::from(layered.number::<u32>("stop_seconds")?)),
            sources: sources(&layered.sources)?,
        })
    }
}

/// A bare word would be read as the name of a module, and a slip in a level would silence the whole log.
fn is_level_or_directive(part: &str) -> bool {
    let part = part.trim();
    part.contains(['=', '[']) || part.parse::<tracing_subscriber::filter::LevelFilter>().is_ok()
}

/// Every source, understood; the first one with mistakes is told with all of them.
fn sources(written: &[serde_json::Value]) -> Result<Vec<SourceConfiguration>, CliError> {
    let mut sources: Vec<SourceConfiguration> = Vec::new();
    for (place, written) in written.iter().enumerate() {
        let key = written.get("key").and_then(serde_json::Value::as_str);
        let name = key.map_or_else(|| format!("source {}", place + 1), |key| format!("source `{key}`"));
        if let Err(error) = Source::read(written.clone()) {
            let help = error.mistakes.iter().find_map(|mistake| mistake.help.clone());
            let told = CliError::usage(format!("{name}: {error}"));
            return Err(match help {
                Some(help) => told.help(help),
                None => told.help("`docs/sources.md` tells the settings of each kind"),
            });
        }
        let source: SourceConfiguration =
            serde_json::from_value(written.clone()).map_err(|error| CliError::usage(format!("{name}: {error}")))?;
        if sources.iter().any(|other| other.key == source.key) {
            return Err(CliError::usage(format!("two sources have the key `{}`", source.key)));
        }
        sources.push(source);
    }
    Ok(sources)
}

/// The settings as a file that would give them, each with where it is from; secrets are not shown.
pub(super) fn printed(layered: &Layered) -> String {
    let mut out = String::new();
    for setting in TABLE {
        let (value, origin) = layered.raw(setting.name);
        let value = match setting.kind {
            Kind::Text | Kind::Word(_) => toml::Value::String(value.to_owned()).to_string(),
            Kind::Number | Kind::Switch => value.to_owned(),
        };
        let place = match origin {
            Origin::Default => String::new(),
            origin => format!("; from {origin}"),
        };
        out.push_str(&format!("# {}{place}\n{} = {value}\n\n", setting.what, setting.name));
    }
    for source in &layered.sources {
        out.push_str("[[source]]\n");
        for (name, value) in source.as_object().into_iter().flatten() {
            let hidden = matches!(name.as_str(), "secrets" | "tokens" | "authorization");
            // What stood in its place would be taken for the secret itself.
            match hidden {
                true => out.push_str(&format!("# {name} = …  not shown: put it here\n")),
                false => out.push_str(&format!("{name} = {}\n", in_toml(value))),
            }
        }
        out.push('\n');
    }
    out.truncate(out.trim_end().len());
    out.push('\n');
    out
}

fn in_toml(value: &serde_json::Value) -> toml::Value {
    // What was TOML once can be TOML again.
    toml::Value::try_from(value).unwrap_or_else(|_| toml::Value::from("[cannot be shown]"))
}

#[cfg(test)]
mod tests {
    use super::{Layered, Settings, printed};

    const SOURCE: &str = "[[source]]\nkey = \"ld\"\nkind = \"launchdarkly\"\nsecrets = \"hunter2\"\n\
        limits = { entries = 3 }\n";

    #[test]
    fn defaults_are_settings() {
        let layered = Layered::new(&[], &[], None).expect("defaults are right");
        let settings = Settings::read(&layered).expect("defaults are right");
        assert!(settings.listen.ip().is_loopback());
        assert!(settings.master_key_file.ends_with("master.key"));
    }

    #[test]
    fn what_is_printed_gives_the_same_settings_and_shows_no_secret() {
        let file = format!("listen = \"0.0.0.0:80\"\nlog_format = \"json\"\n{SOURCE}");
        let layered = Layered::new(&[], &[], Some(("f", &file))).expect("it is right");
        let text = printed(&layered);
        assert!(!text.contains("hunter2") && text.contains("from f"), "{text}");
        let again = Layered::new(&[], &[], Some(("f", &text))).expect("what is printed can be read");
        assert_eq!(again.text("listen"), "0.0.0.0:80");
        let source = &Settings::read(&again).expect("it is right").sources[0];
        assert_eq!(source.limits.entries, 3);
        assert!(source.secrets.is_empty() && text.contains("# secrets = …  not shown"), "{text}");
    }

    #[test]
    fn mistakes_name_the_setting_and_the_value() {
        let read = |text: &str| {
            let layered = Layered::new(&[], &[], Some(("f", text))).expect("the shape is right");
            Settings::read(&layered).expect_err("it is wrong").message
        };
        assert!(read("listen = \"here\"").starts_with("`listen` in `f`: `here` is not an address"));
        assert!(read("log_format = \"xml\"").contains("neither `text` nor `json`"));
        assert!(read("requests_at_once = 0").contains("from 1 on"));
        for endpoint in ["127.0.0.1:4318", "http://ana:hunter2@a.example", "http://a.example/?b", "http://a.example/#b"]
        {
            assert!(
                read(&format!("otlp_endpoint = \"{endpoint}\"")).contains("is not a plain web address"),
                "{endpoint}"
            );
        }
        assert!(read("retention_days = -1").contains("whole number"));
        assert!(read("[[source]]\nkey = \"a\"\nkind = \"splt\"").starts_with("source `a`: `/kind`"));
        assert!(read(&format!("{SOURCE}{SOURCE}")).contains("two sources"));
        assert!(
            !read("[[source]]\nkey = \"a\"\nkind = \"launchdarkly\"\nsecrets = [[\"hunter2\"]]").contains("hunter2")
        );
    }
}
