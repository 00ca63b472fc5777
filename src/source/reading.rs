//! A source that is ready to receive: its configuration, understood.

use super::batch::{Batch, EntryFailure, Request};
use super::configuration::{Limits, SignatureEncoding, SourceConfiguration, SourceKind};
use super::generic::Generic;
use super::jwks::Keys;
use super::konnect::Konnect;
use super::launchdarkly::LaunchDarkly;
use super::mistake::{ConfigurationError, Mistakes};
use super::rejection::Rejection;
use super::verify::{self, BodySignature, Verification};
use super::{atlassian, inflate, split, split_admin};
use crate::secret::Secret;
use crate::value::Value;

/// A source that is ready to receive.
#[derive(Debug)]
pub struct Source {
    key: String,
    kind: SourceKind,
    tokens: Vec<Secret>,
    authorization: Vec<Secret>,
    signature: Option<BodySignature>,
    limits: Limits,
    adapter: Adapter,
}

/// What each kind has understood of its configuration.
#[derive(Debug)]
enum Adapter {
    LaunchDarkly(LaunchDarkly),
    /// Both audit webhooks of Split: they can be sent to one address, and each says which it is.
    Split {
        project: String,
    },
    Atlassian {
        organization: String,
    },
    Konnect(Konnect),
    Generic(Box<Generic>),
}

impl Source {
    /// Understands a configuration.
    ///
    /// # Errors
    /// Every mistake in it, all of them at once.
    pub fn new(written: &SourceConfiguration) -> Result<Source, ConfigurationError> {
        let mut mistakes = Mistakes::default();
        written.check(&mut mistakes);
        let project = || written.project.clone().unwrap_or_default();
        let adapter = match written.kind {
            SourceKind::LaunchDarkly => Adapter::LaunchDarkly(LaunchDarkly::new(written.base_url.as_deref())),
            SourceKind::Split | SourceKind::SplitAdmin => Adapter::Split { project: project() },
            SourceKind::Atlassian => {
                Adapter::Atlassian { organization: written.organization.clone().unwrap_or_default() }
            }
            SourceKind::Konnect => {
                let set = written.jwks.clone().map(Value::from);
                let keys = set.map(|set| Keys::read(&set)).transpose().unwrap_or_else(|wrong| {
                    mistakes.add("/jwks", wrong);
                    None
                });
                Adapter::Konnect(Konnect::new(keys))
            }
            SourceKind::Generic => {
                Adapter::Generic(Box::new(Generic::new(written.mapping.clone().unwrap_or_default())))
            }
        };
        let described = written.signature.as_ref();
        let signature = (!written.secrets.is_empty()).then(|| BodySignature {
            header: described.map_or("X-LD-Signature", |signature| &signature.header).to_owned(),
            prefix: described.map_or_else(String::new, |signature| signature.prefix.clone()),
            encoding: described.map_or(SignatureEncoding::Hex, |signature| signature.encoding),
            secrets: written.secrets.clone(),
        });
        mistakes.settle(Source {
            key: written.key.clone(),
            kind: written.kind,
            tokens: written.tokens.clone(),
            authorization: written.authorization.clone(),
            signature,
            limits: written.limits,
            adapter,
        })
    }

    /// Its name in addresses.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// Whose format it takes.
    pub fn kind(&self) -> SourceKind {
        self.kind
    }

    /// How much a request may hold; a server stops reading a body at `body_bytes`.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// What it checks of each request. Empty: it believes everyone who can reach it.
    pub fn verification(&self) -> Vec<Verification> {
        let signs = matches!(&self.adapter, Adapter::Konnect(konnect) if konnect.verifies());
        [
            (!self.tokens.is_empty()).then_some(Verification::Token),
            (!self.authorization.is_empty()).then_some(Verification::Authorization),
            self.signature.is_some().then_some(Verification::Hmac),
            signs.then_some(Verification::Ed25519),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    /// Verifies and reads a request. Nothing in the body is looked at before the sender has proved themselves,
    /// as far as this platform lets them.
    ///
    /// # Errors
    /// The request as a whole is refused. An entry that cannot be used is a failure in the batch instead; where the
    /// platform sends one alone, a body that is no JSON refuses the request.
    pub fn receive(&self, request: &Request<'_>) -> Result<Batch, Rejection> {
        self.verify(request)?;
        self.read_verified(request)
    }

    /// Has the sender prove themselves. What each entry brings along for itself, as those of `konnect` do, is looked
    /// at when it is read.
    ///
    /// # Errors
    /// The body is larger than is taken, or the sender did not prove who they are.
    pub fn verify(&self, request: &Request<'_>) -> Result<(), Rejection> {
        if request.body.len() > self.limits.body_bytes {
            return Err(Rejection::TooLarge { length: request.body.len(), limit: self.limits.body_bytes });
        }
        if !self.tokens.is_empty() {
            verify::check_token(request, &self.tokens)?;
        }
        if !self.authorization.is_empty() {
            verify::check_authorization(request, &self.authorization)?;
        }
        if let Some(signature) = &self.signature {
            signature.check(request)?;
        }
        Ok(())
    }

    /// Unpacks and reads a request that [`Source::verify`] let pass.
    ///
    /// # Errors
    /// As for [`Source::receive`].
    pub fn read_verified(&self, request: &Request<'_>) -> Result<Batch, Rejection> {
        let body = inflate::unpack(request, self.limits.inflated_bytes)?;
        let at = request.received_at_milliseconds;
        // One more than allowed tells that there are too many, and nothing is made of those behind it.
        let most = self.limits.entries.saturating_add(1);
        match &self.adapter {
            Adapter::LaunchDarkly(adapter) => self.single(&body, |bytes| adapter.read(bytes, at)),
            Adapter::Split { project } => self.single(&body, |bytes| {
                if split_admin::is_admin(bytes) {
                    split_admin::read(bytes, project, at)
                } else if self.kind == SourceKind::SplitAdmin {
                    Err("this is no admin audit event: its `type` is not `audit_log`".to_owned())
                } else {
                    split::read(bytes, project, at)
                }
            }),
            Adapter::Atlassian { organization } => {
                self.several(atlassian::entries(&body, most), |bytes| atlassian::read(bytes, organization, at))
            }
            Adapter::Konnect(adapter) => {
                self.several(super::lines::entries(&body, most), |bytes| adapter.read(bytes, at))
            }
            Adapter::Generic(adapter) => self.several(adapter.entries(&body, most), |bytes| adapter.read(bytes, at)),
        }
    }

    /// A body that is one event.
    fn single(&self, body: &[u8], read: impl FnOnce(&[u8]) -> super::batch::EntryResult) -> Result<Batch, Rejection> {
        if body.len() > self.limits.entry_bytes {
            return Err(Rejection::TooLarge { length: body.len(), limit: self.limits.entry_bytes });
        }
        match read(body) {
            Ok(event) => Ok(Batch { events: vec![event], failures: Vec::new() }),
            Err(reason) if Value::parse(body).is_err() => Err(Rejection::Malformed(reason)),
            Err(reason) => Ok(Batch { events: Vec::new(), failures: vec![EntryFailure { index: 0, line: 1, reason }] }),
        }
    }

    /// A body that holds any number of events.
    fn several<'b>(
        &self,
        entries: super::batch::Entries<'b>,
        read: impl Fn(&[u8]) -> super::batch::EntryResult,
    ) -> Result<Batch, Rejection> {
        if entries.len() > self.limits.entries {
            return Err(Rejection::TooManyEntries { limit: self.limits.entries });
        }
        let limit = self.limits.entry_bytes;
        Ok(Batch::of(entries, |entry| match &entry.bytes {
            bytes if bytes.len() > limit => {
                Err(format!("this has {} bytes; an entry of this source may have {limit}", bytes.len()))
            }
            bytes => read(bytes),
        }))
    }
}
