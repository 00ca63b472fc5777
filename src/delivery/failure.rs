//! Why an attempt got no answer, in the user's words.

use std::time::Duration;

use hyper_util::client::legacy::Error as ClientError;

use super::guard::RefusedAddress;

/// Why nothing came back.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Failure {
    /// What kind of failure it is.
    pub kind: FailureKind,
    /// What went wrong. The request's address is never part of it: it may hold a secret.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
}

/// The kinds of failures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailureKind {
    /// The guard refused every address of the host.
    AddressRefused,
    /// The host has no address.
    Unresolved,
    /// Nobody took the connection.
    Unreachable,
    /// The two sides found no way to speak safely.
    Tls,
    /// It took too long.
    TimedOut,
    /// The connection broke before the answer's head was there, or what came was not HTTP.
    Broken,
    /// The request itself cannot be sent.
    Unsendable,
}

impl FailureKind {
    /// Whether another attempt could do better.
    pub fn may_pass(self) -> bool {
        !matches!(self, FailureKind::AddressRefused | FailureKind::Unsendable)
    }
}

impl Failure {
    /// A failure without a remedy.
    pub fn new(kind: FailureKind, message: impl Into<String>) -> Self {
        Failure { kind, message: message.into(), help: None }
    }

    pub(super) fn help(self, help: impl Into<String>) -> Self {
        Failure { help: Some(help.into()), ..self }
    }
}

impl From<RefusedAddress> for Failure {
    fn from(refused: RefusedAddress) -> Self {
        Failure::new(FailureKind::AddressRefused, refused.to_string()).help(refused.help())
    }
}

/// Why a name gave no address.
#[derive(Debug, thiserror::Error)]
#[error("host `{host}` has no address: {reason}")]
pub(super) struct Unresolved {
    pub(super) host: String,
    pub(super) reason: String,
}

/// No connection came about in time.
#[derive(Debug, thiserror::Error)]
#[error("no connection within {}", seconds(*.limit))]
pub(super) struct LateConnection {
    pub(super) limit: Duration,
}

/// Says in the user's words what the client's error says in its own.
pub(super) fn explain(error: &ClientError) -> Failure {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    let mut last = "it does not say why".to_owned();
    while let Some(current) = cause {
        if let Some(refused) = current.downcast_ref::<RefusedAddress>() {
            return refused.clone().into();
        }
        if let Some(unresolved) = current.downcast_ref::<Unresolved>() {
            return Failure::new(FailureKind::Unresolved, unresolved.to_string());
        }
        if let Some(late) = current.downcast_ref::<LateConnection>() {
            return Failure::new(FailureKind::TimedOut, late.to_string());
        }
        if let Some(tls) = tls_error(current) {
            return explain_tls(tls);
        }
        // The client's own sentence says only where it was.
        if current.downcast_ref::<ClientError>().is_none() {
            last = current.to_string();
        }
        cause = current.source();
    }
    if error.is_connect() {
        return Failure::new(FailureKind::Unreachable, format!("cannot connect: {}", lowercase_first(&last)));
    }
    Failure::new(FailureKind::Broken, format!("the connection broke before an answer came: {}", lowercase_first(&last)))
}

/// The TLS error that an error is, or that layers of I/O errors carry without naming it as their source.
fn tls_error<'e>(error: &'e (dyn std::error::Error + 'static)) -> Option<&'e rustls::Error> {
    let mut inner = error;
    while let Some(carried) = inner.downcast_ref::<std::io::Error>().and_then(|error| error.get_ref()) {
        inner = carried;
    }
    inner.downcast_ref()
}

fn explain_tls(error: &rustls::Error) -> Failure {
    use rustls::CertificateError as Mistake;
    let rustls::Error::InvalidCertificate(mistake) = error else {
        return Failure::new(
            FailureKind::Tls,
            format!("no secure connection: {}", lowercase_first(&error.to_string())),
        );
    };
    let (why, help) = match mistake {
        Mistake::Expired | Mistake::ExpiredContext { .. } => ("it has expired", None),
        Mistake::NotValidYet | Mistake::NotValidYetContext { .. } => ("it is not valid yet", None),
        Mistake::NotValidForName | Mistake::NotValidForNameContext { .. } => ("it is for another name", None),
        Mistake::Revoked => ("it was revoked", None),
        _ => (
            "nobody whom this machine trusts vouches for it",
            Some("a certificate of your own authority is trusted once `SSL_CERT_FILE` names it"),
        ),
    };
    let message = format!("the receiver's certificate is not to be trusted: {why}");
    Failure { help: help.map(str::to_owned), ..Failure::new(FailureKind::Tls, message) }
}

/// Building a client fails only over certificates.
pub(super) fn unbuilt(error: &rustls::Error) -> Failure {
    Failure::new(FailureKind::Unsendable, format!("no secure connection can be made on this machine: {error}")).help(
        "install root certificates (`ca-certificates` in most systems), or name a file of them in `SSL_CERT_FILE`",
    )
}

fn lowercase_first(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
}

pub(super) fn seconds(duration: Duration) -> String {
    format!("{} s", duration.as_secs_f64())
}
