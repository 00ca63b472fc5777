//! Speaks HTTP: one attempt, one answer.
//!
//! It connects only to addresses that the guard saw, follows no redirect, asks no proxy, keeps no cookie,
//! unpacks no answer, and reads no more of one than it shows.

use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use reqwest::header::{CONTENT_LENGTH, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};
use reqwest::{Client, Method, Response, Url};
use url::Host;

use super::attempts::Exchange;
use super::failure::{self, Failure, FailureKind, Unresolved};
use super::guard::AddressGuard;
use super::phases::{self, MeasureConnect, Notes, Phases};
use crate::outbound::OutboundRequest;

/// What came back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// `Retry-After`, as written.
    pub retry_after: Option<String>,
    /// The headers, in order.
    pub headers: Vec<(String, String)>,
    /// The beginning of the body.
    pub body: Vec<u8>,
    /// How long its parts took.
    pub phases: Phases,
    /// Whether there was more of it, or it broke off. The status stands either way: the receiver has decided
    /// before it writes a body.
    pub truncated: bool,
    /// Who answered.
    pub address: Option<SocketAddr>,
}

impl Answer {
    /// The status as a receiver of any kind means it: `Not Found`; nothing for a status of the receiver's own.
    pub fn reason(&self) -> Option<&'static str> {
        reqwest::StatusCode::from_u16(self.status).ok()?.canonical_reason()
    }
}

/// Finds the addresses of a name.
pub trait Resolver: Send + Sync + 'static {
    /// All addresses of `host`.
    fn resolve(&self, host: &str) -> Pin<Box<dyn Future<Output = std::io::Result<Vec<IpAddr>>> + Send>>;
}

/// Asks the system.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemResolver;

impl Resolver for SystemResolver {
    fn resolve(&self, host: &str) -> Pin<Box<dyn Future<Output = std::io::Result<Vec<IpAddr>>> + Send>> {
        let host = host.to_owned();
        Box::pin(
            async move { Ok(tokio::net::lookup_host((host.as_str(), 0)).await?.map(|address| address.ip()).collect()) },
        )
    }
}

/// Bounds that hold for every attempt, beside its profile's time limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// For finding the address, connecting, and agreeing on TLS.
    pub connect: Duration,
    /// For reading the answer's body, once its head is there.
    pub body: Duration,
    /// Bytes of the answer's body that are read.
    pub answer: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Limits { connect: Duration::from_secs(5), body: Duration::from_secs(5), answer: 64 * 1024 }
    }
}

/// Sends requests over HTTP/1.1 and HTTP/2.
pub struct Sender {
    guard: AddressGuard,
    resolver: Arc<dyn Resolver>,
    limits: Limits,
    clients: Mutex<[Option<Client>; 3]>,
}

/// How a connection is secured; each way has a client of its own, made when first needed.
#[derive(Debug, Clone, Copy)]
enum Security {
    None,
    Checked,
    Unchecked,
}

impl Sender {
    /// A sender behind `guard`.
    pub fn new(guard: AddressGuard, resolver: impl Resolver, limits: Limits) -> Self {
        // reqwest asks for the process-wide provider and gives up loudly without one. That somebody has
        // installed one before is fine.
        let _ = rustls::crypto::ring::default_provider().install_default();
        Sender { guard, resolver: Arc::new(resolver), limits, clients: Mutex::default() }
    }

    /// The guard, for whoever wants to know before anything is sent.
    pub fn guard(&self) -> AddressGuard {
        self.guard
    }

    fn client(&self, security: Security) -> Result<Client, Failure> {
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        let slot = &mut clients[security as usize];
        if let Some(client) = slot {
            return Ok(client.clone());
        }
        let resolver = GuardedResolver { guard: self.guard, resolver: Arc::clone(&self.resolver) };
        let builder = Client::builder()
            .user_agent(concat!("flagpost/", env!("CARGO_PKG_VERSION")))
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .no_proxy()
            .dns_resolver(resolver)
            .connect_timeout(self.limits.connect)
            .connector_layer(MeasureConnect)
            // Small requests and small answers: waiting for more to send is waiting for nothing.
            .tcp_nodelay(true)
            // Shorter than the patience of common servers, so that an attempt rarely meets a connection that
            // is being closed.
            .pool_idle_timeout(Duration::from_secs(4));
        let builder = match security {
            // Looking for root certificates takes time, and fails on a machine that has none.
            Security::None => builder.tls_certs_only([]),
            Security::Checked => builder,
            Security::Unchecked => builder.tls_danger_accept_invalid_certs(true),
        };
        let client = builder.build().map_err(|error| failure::unbuilt(&error))?;
        Ok(slot.insert(client).clone())
    }

    fn check(&self, url: &Url) -> Result<Security, Failure> {
        let unsendable = |message: &str| Err(Failure::new(FailureKind::Unsendable, message));
        let security = match url.scheme() {
            "http" => Security::None,
            "https" => Security::Checked,
            _ => return unsendable("the address is neither `http` nor `https`"),
        };
        // The resolver is never asked for the address of an address.
        let host = url.host_str().unwrap_or_default();
        match url.host() {
            Some(Host::Ipv4(address)) => self.guard.check(host, IpAddr::V4(address))?,
            Some(Host::Ipv6(address)) => self.guard.check(host, IpAddr::V6(address))?,
            Some(Host::Domain(_)) => {}
            None => return unsendable("the address has no host"),
        }
        Ok(security)
    }

    async fn read(&self, mut response: Response) -> (Vec<u8>, bool) {
        let mut body = Vec::new();
        let reading = async {
            // Not by the announced length: it may lie.
            while let Ok(chunk) = response.chunk().await {
                let Some(chunk) = chunk else { return false };
                let room = self.limits.answer - body.len();
                body.extend_from_slice(&chunk[..chunk.len().min(room)]);
                if chunk.len() > room {
                    return true;
                }
            }
            true
        };
        let truncated = tokio::time::timeout(self.limits.body, reading).await.unwrap_or(true);
        (body, truncated)
    }
}

impl std::fmt::Debug for Sender {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Sender")
            .field("guard", &self.guard)
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

impl Exchange for Sender {
    async fn exchange(
        &self,
        request: &OutboundRequest,
        headers: &[(String, String)],
        timeout: Duration,
    ) -> Result<Answer, Failure> {
        let unsendable = |message: String| Failure::new(FailureKind::Unsendable, message);
        let url =
            Url::parse(&request.url).map_err(|error| unsendable(format!("the address cannot be read: {error}")))?;
        let security = match self.check(&url)? {
            Security::Checked if request.skip_certificate_check => Security::Unchecked,
            security => security,
        };
        let method = Method::from_bytes(request.method.as_bytes())
            .map_err(|_| unsendable(format!("`{}` is no HTTP method", request.method)))?;
        let mut map = HeaderMap::with_capacity(headers.len());
        for (name, value) in headers {
            let header = HeaderName::from_bytes(name.as_bytes());
            let header = header.map_err(|_| unsendable(format!("`{name}` is no name of a header")))?;
            let value = HeaderValue::from_bytes(value.as_bytes());
            map.append(header, value.map_err(|_| unsendable(format!("the value of header `{name}` cannot be sent")))?);
        }
        if request.body.is_empty() && !matches!(method, Method::GET | Method::DELETE) {
            // Receivers that ask for a length ask for it of an empty body as well.
            map.insert(CONTENT_LENGTH, HeaderValue::from_static("0"));
        }
        let mut sending = self.client(security)?.request(method, url).headers(map);
        if !request.body.is_empty() {
            sending = sending.body(request.body.clone());
        }
        let notes = Notes::default();
        let started = Instant::now();
        let response = match tokio::time::timeout(timeout, phases::noting(&notes, sending.send())).await {
            Ok(sent) => sent.map_err(|error| failure::explain(&error, self.limits.connect))?,
            Err(_) => {
                let message = format!("no answer within {}", failure::seconds(timeout));
                return Err(Failure::new(FailureKind::TimedOut, message));
            }
        };
        let address = response.remote_addr();
        let status = response.status().as_u16();
        let retry_after = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let first_byte = Some(started.elapsed());
        let headers = response.headers().iter();
        let headers = headers.map(|(name, value)| (name.as_str().to_owned(), text_of(value))).collect();
        let (body, truncated) = self.read(response).await;
        let mut phases = *notes.lock().unwrap_or_else(PoisonError::into_inner);
        phases.first_byte = first_byte;
        phases.total = Some(started.elapsed());
        Ok(Answer { status, retry_after, headers, body, phases, truncated, address })
    }
}

/// A header's value for showing: what is no text becomes question marks.
fn text_of(value: &HeaderValue) -> String {
    String::from_utf8_lossy(value.as_bytes()).into_owned()
}

/// Resolves names, and lets through only what the guard does. What it returns is what is connected to.
struct GuardedResolver {
    guard: AddressGuard,
    resolver: Arc<dyn Resolver>,
}

impl reqwest::dns::Resolve for GuardedResolver {
    fn resolve(&self, name: reqwest::dns::Name) -> reqwest::dns::Resolving {
        let host = name.as_str().to_owned();
        let (notes, started) = (phases::current(), Instant::now());
        let (guard, resolving) = (self.guard, self.resolver.resolve(&host));
        Box::pin(async move {
            let unresolved = |reason: String| Unresolved { host: host.clone(), reason };
            let addresses = resolving.await.map_err(|error| {
                let text = error.to_string();
                unresolved(text.strip_prefix("failed to lookup address information: ").unwrap_or(&text).to_owned())
            })?;
            phases::note(notes.as_ref(), |phases| phases.resolve = Some(started.elapsed()));
            if addresses.is_empty() {
                return Err(unresolved("its name resolves to nothing".to_owned()).into());
            }
            let kept = guard.filter(&host, addresses)?;
            // The port is the URL's; this one is a placeholder.
            let sockets = kept.into_iter().map(|address| SocketAddr::new(address, 0));
            Ok(Box::new(sockets) as reqwest::dns::Addrs)
        })
    }
}
