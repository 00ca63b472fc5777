//! How a source is set up: what was written. [`Source::new`](super::Source::new) says what it means.

use serde::{Deserialize, Deserializer};

use super::mapping::Mapping;
use super::mistake::{ConfigurationError, Mistakes};
use crate::secret::Secret;

/// Which platform's format a source takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SourceKind {
    /// LaunchDarkly's audit-log webhook, and events that are in the form of templates already.
    #[serde(rename = "launchdarkly")]
    LaunchDarkly,
    /// Split's flag audit webhook.
    Split,
    /// Split's admin audit webhook.
    SplitAdmin,
    /// Atlassian's organization audit log webhook.
    Atlassian,
    /// Kong Konnect's audit log webhook.
    Konnect,
    /// Any JSON, by a mapping.
    Generic,
}

impl SourceKind {
    /// Every kind, in the order of the documentation.
    pub const ALL: [SourceKind; 6] = [
        SourceKind::LaunchDarkly,
        SourceKind::Split,
        SourceKind::SplitAdmin,
        SourceKind::Atlassian,
        SourceKind::Konnect,
        SourceKind::Generic,
    ];

    /// Its name in configurations.
    pub fn name(self) -> &'static str {
        match self {
            SourceKind::LaunchDarkly => "launchdarkly",
            SourceKind::Split => "split",
            SourceKind::SplitAdmin => "split-admin",
            SourceKind::Atlassian => "atlassian",
            SourceKind::Konnect => "konnect",
            SourceKind::Generic => "generic",
        }
    }
}

/// The configuration of one source, as written. It may be wrong; [`Source::new`](super::Source::new) says so.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SourceConfiguration {
    /// Its name in addresses: lower-case letters, digits, `-` and `_`.
    pub key: String,
    /// Which platform's format it takes.
    pub kind: SourceKind,
    /// HMAC secrets, for `launchdarkly` and `generic`: any of them may have signed.
    #[serde(default, deserialize_with = "secrets")]
    pub secrets: Vec<Secret>,
    /// Whole values of the `authorization` header, `<scheme> <parameters>`: one of them must come exactly.
    #[serde(default, deserialize_with = "secrets")]
    pub authorization: Vec<Secret>,
    /// Shared tokens: one must come as `?token=…` or as a bearer token. For senders that cannot sign.
    #[serde(default, deserialize_with = "secrets")]
    pub tokens: Vec<Secret>,
    /// The JSON Web Key Set that `konnect` publishes; with it, every entry must be signed.
    #[serde(default)]
    pub jwks: Option<serde_json::Value>,
    /// Key of the project that events of `split` and `split-admin` belong to, since they do not say.
    #[serde(default)]
    pub project: Option<String>,
    /// Id of the organization, for `atlassian` events that do not say.
    #[serde(default)]
    pub organization: Option<String>,
    /// What relative addresses of `launchdarkly` are relative to.
    #[serde(default)]
    pub base_url: Option<String>,
    /// Where a `generic` source finds things.
    #[serde(default)]
    pub mapping: Option<Mapping>,
    /// How a `generic` sender signs with its secret.
    #[serde(default)]
    pub signature: Option<SignatureSettings>,
    /// How much a request may hold.
    #[serde(default)]
    pub limits: Limits,
}

/// How a sender signs bodies: HMAC-SHA256, in one header.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignatureSettings {
    /// Name of the header.
    pub header: String,
    /// What stands before the signature: `sha256=`.
    #[serde(default)]
    pub prefix: String,
    /// How the signature is written.
    #[serde(default)]
    pub encoding: SignatureEncoding,
}

/// How a signature is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SignatureEncoding {
    /// Lower-case hexadecimal digits.
    #[default]
    Hex,
    /// Base64 with padding.
    Base64,
}

/// How much a request may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Bytes of a body as it comes. 5 MiB.
    pub body_bytes: usize,
    /// Bytes of a body once it is unpacked. 20 MiB.
    pub inflated_bytes: usize,
    /// Bytes of one entry. 1 MiB.
    pub entry_bytes: usize,
    /// Entries of one request. 10,000.
    pub entries: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Limits { body_bytes: 5 << 20, inflated_bytes: 20 << 20, entry_bytes: 1 << 20, entries: 10_000 }
    }
}

/// No limit may be set higher: one request must not fill the memory of a small machine.
const HIGHEST: Limits =
    Limits { body_bytes: 64 << 20, inflated_bytes: 256 << 20, entry_bytes: 16 << 20, entries: 1_000_000 };

fn secrets<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Secret>, D::Error> {
    /// Untagged, so that a message about the wrong shape never shows what was written.
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Written {
        One(String),
        Several(Vec<String>),
    }
    let written = Written::deserialize(deserializer)
        .map_err(|_| serde::de::Error::custom("secrets are a text, or a list of texts"))?;
    let written = match written {
        Written::One(secret) => vec![secret],
        Written::Several(secrets) => secrets,
    };
    Ok(written.into_iter().map(Secret::new).collect())
}

impl SourceConfiguration {
    /// A source of a kind with nothing else said.
    pub fn new(key: impl Into<String>, kind: SourceKind) -> Self {
        SourceConfiguration {
            key: key.into(),
            kind,
            secrets: Vec::new(),
            authorization: Vec::new(),
            tokens: Vec::new(),
            jwks: None,
            project: None,
            organization: None,
            base_url: None,
            mapping: None,
            signature: None,
            limits: Limits::default(),
        }
    }

    /// Tells every mistake that can be seen without reading further into `jwks`.
    pub(super) fn check(&self, mistakes: &mut Mistakes) {
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'_');
        if self.key.is_empty() || self.key.len() > 64 || !self.key.bytes().all(plain) {
            mistakes
                .add("/key", format!("`{}` cannot stand in an address", self.key))
                .help("use 1 to 64 lower-case letters, digits, `-` and `_`");
        }
        self.check_what_the_kind_needs(mistakes);
        self.check_secrets(mistakes);
        if let Some(base_url) = &self.base_url {
            let web =
                url::Url::parse(base_url).is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
            if !web {
                mistakes.add("/base_url", format!("`{base_url}` is not an absolute web address"));
            }
        }
        if let Some(mapping) = &self.mapping {
            mapping.check(mistakes);
        }
        self.limits.check(mistakes);
    }

    fn check_what_the_kind_needs(&self, mistakes: &mut Mistakes) {
        use SourceKind::{Atlassian, Generic, Konnect, LaunchDarkly, Split, SplitAdmin};
        let settings: [(&str, bool, &[SourceKind]); 7] = [
            ("secrets", !self.secrets.is_empty(), &[LaunchDarkly, Generic]),
            ("jwks", self.jwks.is_some(), &[Konnect]),
            ("project", self.project.is_some(), &[Split, SplitAdmin]),
            ("organization", self.organization.is_some(), &[Atlassian]),
            ("base_url", self.base_url.is_some(), &[LaunchDarkly]),
            ("mapping", self.mapping.is_some(), &[Generic]),
            ("signature", self.signature.is_some(), &[Generic]),
        ];
        for (name, given, kinds) in settings {
            if given && !kinds.contains(&self.kind) {
                let kinds: Vec<String> = kinds.iter().map(|kind| format!("`{}`", kind.name())).collect();
                mistakes
                    .add(format!("/{name}"), format!("a source of kind `{}` has no use for `{name}`", self.kind.name()))
                    .help(format!("only {} reads it", kinds.join(" and ")));
            }
        }
        if self.kind == Split && self.project.is_none() {
            mistakes
                .add("/project", "flag events of Split do not say which project they belong to")
                .help("give the key that policies call this project by");
        }
        if self.project.as_ref().is_some_and(String::is_empty) {
            mistakes.add("/project", "the key of the project is empty");
        }
        if self.kind == Generic && self.mapping.is_none() {
            mistakes
                .add("/mapping", "a generic source needs to be told where things are")
                .help("give JSON pointers, at least for `kind` and `action`");
        }
        if self.kind == Generic && self.signature.is_none() && !self.secrets.is_empty() {
            mistakes
                .add("/signature", "there are secrets, but nothing says which header the signature is in")
                .help("give `{\"header\": \"…\"}`");
        }
        if let Some(signature) = &self.signature {
            if self.secrets.is_empty() {
                mistakes.add("/secrets", "a signature is described, but there is no secret to check it with");
            }
            let token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
            if signature.header.is_empty() || !signature.header.bytes().all(token) {
                mistakes.add("/signature/header", format!("`{}` is not the name of a header", signature.header));
            }
        }
    }

    fn check_secrets(&self, mistakes: &mut Mistakes) {
        for (name, secrets) in [("secrets", &self.secrets), ("tokens", &self.tokens)] {
            for (index, _) in secrets.iter().enumerate().filter(|(_, secret)| secret.expose().is_empty()) {
                mistakes.add(format!("/{name}/{index}"), "an empty secret keeps nobody out");
            }
        }
        for (index, value) in self.authorization.iter().enumerate() {
            if let Err(wrong) = authorization_form(value.expose()) {
                mistakes
                    .add(format!("/authorization/{index}"), wrong)
                    .help("write the whole value of the header: `<scheme> <parameters>`, as in `Basic …`");
            }
        }
        // Both would be read from one header, and it can hold only one of them.
        if !self.authorization.is_empty() && !self.tokens.is_empty() {
            mistakes.add("/tokens", "a source has either `authorization` or `tokens`");
        }
    }
}

/// One scheme, one space, parameters; no line break, since a header is one line. The message holds no part
/// of the value: it is a secret.
fn authorization_form(value: &str) -> Result<(), &'static str> {
    let token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    if value.contains(['\r', '\n', '\0']) {
        return Err("a header is one line, and this value has a line break");
    }
    if value.chars().any(char::is_control) {
        return Err("this value has a control character");
    }
    let Some((scheme, parameters)) = value.split_once(' ') else {
        return Err("there are no parameters behind the scheme");
    };
    if scheme.is_empty() || !scheme.bytes().all(token) {
        return Err("this value does not start with a scheme");
    }
    if parameters.trim().is_empty() {
        return Err("there are no parameters behind the scheme");
    }
    if parameters.trim() != parameters {
        return Err("there is exactly one space between scheme and parameters, and none at the end");
    }
    Ok(())
}

impl Limits {
    fn check(&self, mistakes: &mut Mistakes) {
        for (name, value, highest) in [
            ("body_bytes", self.body_bytes, HIGHEST.body_bytes),
            ("inflated_bytes", self.inflated_bytes, HIGHEST.inflated_bytes),
            ("entry_bytes", self.entry_bytes, HIGHEST.entry_bytes),
            ("entries", self.entries, HIGHEST.entries),
        ] {
            if value == 0 || value > highest {
                mistakes.add(format!("/limits/{name}"), format!("`{value}` is not between 1 and {highest}"));
            }
        }
    }
}

impl std::str::FromStr for SourceKind {
    type Err = ConfigurationError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Some(kind) = SourceKind::ALL.into_iter().find(|kind| kind.name() == text) {
            return Ok(kind);
        }
        let mut mistakes = Mistakes::default();
        let near = SourceKind::ALL.into_iter().find(|kind| strsim::damerau_levenshtein(kind.name(), text) <= 2);
        let mistake = mistakes.add("/kind", format!("no kind of source is named `{text}`"));
        match near {
            Some(near) => mistake.help(format!("did you mean `{}`?", near.name())),
            None => mistake
                .help(format!("there are {}", SourceKind::ALL.map(|kind| format!("`{}`", kind.name())).join(", "))),
        }
        Err(ConfigurationError { mistakes: mistakes.0 })
    }
}

#[cfg(test)]
mod tests {
    use super::{SourceConfiguration, authorization_form};
    use crate::source::{Source, SourceKind};

    fn mistakes(json: &str) -> Vec<String> {
        let written: SourceConfiguration = serde_json::from_str(json).expect("the row has the right shape");
        match Source::new(&written) {
            Ok(_) => Vec::new(),
            Err(error) => error.mistakes.into_iter().map(|mistake| mistake.pointer).collect(),
        }
    }

    #[test]
    fn every_mistake_is_told_at_once() {
        let told = mistakes(
            r#"{"key":"Not A Key","kind":"generic","project":"x","secrets":[""],"limits":{"entries":0},
                "mapping":{"id":"id","name":{},"extra":{"raw":"/x","a/b":"c"}}}"#,
        );
        for pointer in [
            "/key",
            "/project",
            "/secrets/0",
            "/signature",
            "/mapping",
            "/mapping/id",
            "/mapping/name",
            "/mapping/extra/raw",
            "/mapping/extra/a~1b",
            "/limits/entries",
        ] {
            assert!(told.iter().any(|told| told == pointer), "`{pointer}` is not among {told:?}");
        }
    }

    #[test]
    fn each_kind_has_a_smallest_configuration() {
        for json in [
            r#"{"key":"ld","kind":"launchdarkly"}"#,
            r#"{"key":"split","kind":"split","project":"web"}"#,
            r#"{"key":"admin","kind":"split-admin"}"#,
            r#"{"key":"atlassian","kind":"atlassian","authorization":["Basic c2llbTpzM2NyZXQ="]}"#,
            r#"{"key":"kong","kind":"konnect"}"#,
            r#"{"key":"any","kind":"generic","mapping":{"kind":{"default":"flag"},"action":"/action"}}"#,
        ] {
            assert_eq!(mistakes(json), Vec::<String>::new(), "{json}");
        }
    }

    #[test]
    fn unknown_settings_are_refused() {
        for json in [
            r#"{"key":"ld","kind":"launchdarkly","secert":"x"}"#,
            r#"{"key":"any","kind":"generic","mapping":{"knid":"/x"}}"#,
            r#"{"key":"any","kind":"generic","mapping":{"kind":{"pointre":"/x"}}}"#,
        ] {
            assert!(serde_json::from_str::<SourceConfiguration>(json).is_err(), "{json}");
        }
    }

    #[test]
    fn an_authorization_is_one_scheme_one_space_and_parameters() {
        for good in ["Basic c2llbTpzM2NyZXQ=", "Bearer x", "Digest a=b, c=d"] {
            assert_eq!(authorization_form(good), Ok(()), "{good}");
        }
        for bad in
            ["", "Basic", "Basic ", "Basic  x", " Basic x", "Basic x\r\nX: y", "Basic x ", "Ba sic\u{7}x", "Bäsic x"]
        {
            assert!(authorization_form(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_kind_nearly_right_is_recognised() {
        let error = "splitadmin".parse::<SourceKind>().expect_err("there is none");
        assert_eq!(error.mistakes[0].help.as_deref(), Some("did you mean `split-admin`?"));
        for kind in SourceKind::ALL {
            assert_eq!(kind.name().parse(), Ok(kind));
        }
    }

    #[test]
    fn secrets_come_one_or_several_and_show_in_no_error() {
        let read = |secrets: &str| {
            let json = format!(r#"{{"key":"ld","kind":"launchdarkly","secrets":{secrets}}}"#);
            serde_json::from_str::<SourceConfiguration>(&json).map(|written| written.secrets.len())
        };
        assert_eq!(read(r#""a""#).expect("one"), 1);
        assert_eq!(read(r#"["a","b"]"#).expect("two"), 2);
        let error = read(r#"{"hunter2":"hunter2"}"#).expect_err("an object").to_string();
        assert!(!error.contains("hunter2"), "{error}");
    }

    #[test]
    fn a_printed_configuration_shows_no_secret() {
        let written: SourceConfiguration =
            serde_json::from_str(r#"{"key":"ld","kind":"launchdarkly","secrets":["hunter2"]}"#)
                .expect("it has the shape");
        assert!(!format!("{written:?}").contains("hunter2"));
    }
}
