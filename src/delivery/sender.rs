//! Speaks HTTP: one attempt, one answer.
//!
//! It connects only to addresses that the guard saw, follows no redirect, asks no proxy, keeps no cookie,
//! unpacks no answer, and reads no more of one than it shows. So it needs nothing of a larger client but its pool
//! of connections, and a larger client takes twice the time for each request.

use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::header::{
    ACCEPT, AUTHORIZATION, CONTENT_LENGTH, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER, USER_AGENT,
};
use hyper::{Method, Request, Uri};
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::HttpInfo;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use url::{Host, Url};

use super::attempts::Exchange;
use super::connector::{Connector, GuardedResolver};
use super::failure::{self, Failure, FailureKind};
use super::guard::AddressGuard;
use super::phases::{self, Notes, Phases};
use super::tls;
use crate::outbound::{OutboundRequest, basic_credentials};

/// Who asks.
const AGENT: HeaderValue = HeaderValue::from_static(concat!("flagpost/", env!("CARGO_PKG_VERSION")));
/// Whatever the answer is, it is read.
const ANYTHING: HeaderValue = HeaderValue::from_static("*/*");
/// Shorter than the patience of common servers, so that an attempt rarely meets a connection that is being closed.
const IDLE: Duration = Duration::from_secs(4);

type Client = legacy::Client<Connector, Full<Bytes>>;

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
        hyper::StatusCode::from_u16(self.status).ok()?.canonical_reason()
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
        let tls = match security {
            // Looking for root certificates takes time, and fails on a machine that has none.
            Security::None => None,
            Security::Checked => Some(true),
            Security::Unchecked => Some(false),
        };
        let tls = tls.map(tls::connector).transpose().map_err(|error| failure::unbuilt(&error))?;
        let resolver = GuardedResolver { guard: self.guard, resolver: Arc::clone(&self.resolver) };
        let client = legacy::Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE)
            .build(Connector::new(resolver, tls, self.limits.connect));
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

    async fn read(&self, mut answer: Incoming) -> (Vec<u8>, bool) {
        let mut body = Vec::new();
        let reading = async {
            // Not by the announced length: it may lie.
            while let Some(frame) = answer.frame().await {
                let Ok(frame) = frame else { return true };
                let Ok(chunk) = frame.into_data() else { continue };
                let room = self.limits.answer - body.len();
                body.extend_from_slice(&chunk[..chunk.len().min(room)]);
                if chunk.len() > room {
                    return true;
                }
            }
            false
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
        let mut url =
            Url::parse(&request.url).map_err(|error| unsendable(format!("the address cannot be read: {error}")))?;
        let security = match self.check(&url)? {
            Security::Checked if request.skip_certificate_check => Security::Unchecked,
            security => security,
        };
        let mut sent = Request::new(Full::new(Bytes::from(request.body.clone())));
        *sent.method_mut() = Method::from_bytes(request.method.as_bytes())
            .map_err(|_| unsendable(format!("`{}` is no HTTP method", request.method)))?;
        let mut map = header_map(headers)?;
        if let Some(basic) = take_user_info(&mut url) {
            map.entry(AUTHORIZATION).or_insert(basic);
        }
        *sent.uri_mut() =
            Uri::try_from(url.as_str()).map_err(|error| unsendable(format!("the address cannot be read: {error}")))?;
        *sent.headers_mut() = map;
        if request.body.is_empty() && !matches!(*sent.method(), Method::GET | Method::DELETE) {
            // Receivers that ask for a length ask for it of an empty body as well.
            sent.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from_static("0"));
        }
        let client = self.client(security)?;
        let notes = Notes::default();
        let started = Instant::now();
        let answer = match tokio::time::timeout(timeout, phases::noting(&notes, client.request(sent))).await {
            Ok(answer) => answer.map_err(|error| failure::explain(&error))?,
            Err(_) => {
                let message = format!("no answer within {}", failure::seconds(timeout));
                return Err(Failure::new(FailureKind::TimedOut, message));
            }
        };
        let first_byte = Some(started.elapsed());
        let (head, body) = answer.into_parts();
        let address = head.extensions.get::<HttpInfo>().map(HttpInfo::remote_addr);
        let status = head.status.as_u16();
        let retry_after = head.headers.get(RETRY_AFTER).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let headers = head.headers.iter().map(|(name, value)| (name.as_str().to_owned(), text_of(value))).collect();
        let (body, truncated) = self.read(body).await;
        let mut phases = *notes.lock().unwrap_or_else(PoisonError::into_inner);
        phases.first_byte = first_byte;
        phases.total = Some(started.elapsed());
        Ok(Answer { status, retry_after, headers, body, phases, truncated, address })
    }
}

/// What a request says about itself; who asks and what it takes are added where they are not said.
fn header_map(headers: &[(String, String)]) -> Result<HeaderMap, Failure> {
    let unsendable = |message: String| Failure::new(FailureKind::Unsendable, message);
    let mut map = HeaderMap::with_capacity(headers.len() + 4);
    for (name, value) in headers {
        let header = HeaderName::from_bytes(name.as_bytes());
        let header = header.map_err(|_| unsendable(format!("`{name}` is no name of a header")))?;
        let value = HeaderValue::from_bytes(value.as_bytes());
        map.append(header, value.map_err(|_| unsendable(format!("the value of header `{name}` cannot be sent")))?);
    }
    map.entry(USER_AGENT).or_insert(AGENT);
    map.entry(ACCEPT).or_insert(ANYTHING);
    Ok(map)
}

/// Takes user name and password out of an address: they go as a header (RFC 7617), as with every client.
fn take_user_info(url: &mut Url) -> Option<HeaderValue> {
    if url.username().is_empty() && url.password().is_none() {
        return None;
    }
    let pair = basic_credentials(url.username(), url.password().unwrap_or_default());
    // Only an address without a host, which is refused before, could not be changed.
    let _ = url.set_username("").and_then(|()| url.set_password(None));
    let mut value = HeaderValue::from_str(&format!("Basic {pair}")).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// A header's value for showing: what is no text becomes question marks.
fn text_of(value: &HeaderValue) -> String {
    String::from_utf8_lossy(value.as_bytes()).into_owned()
}
