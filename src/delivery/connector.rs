//! Opens connections: looks a name up behind the guard, connects, agrees on TLS, and notes how long each part took.

use std::error::Error;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use hyper::Uri;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::dns::Name;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::ServerName;
use tower::Service;

use super::connection::Connection;
use super::failure::{LateConnection, Unresolved};
use super::guard::AddressGuard;
use super::phases::{self, Notes};
use super::sender::Resolver;

type Problem = Box<dyn Error + Send + Sync>;
type Connecting<T> = Pin<Box<dyn Future<Output = Result<T, Problem>> + Send>>;

/// What a client asks for a connection. It is cloned for every request, and that costs next to nothing.
#[derive(Clone)]
pub(super) struct Connector {
    tcp: HttpConnector<GuardedResolver>,
    tls: Option<TlsConnector>,
    limit: Duration,
}

impl Connector {
    /// Everything together may take as long as `limit`. Without `tls`, it connects in the clear alone.
    pub(super) fn new(resolver: GuardedResolver, tls: Option<TlsConnector>, limit: Duration) -> Self {
        let mut tcp = HttpConnector::new_with_resolver(resolver);
        tcp.enforce_http(false);
        // Small requests and small answers: waiting for more to send is waiting for nothing.
        tcp.set_nodelay(true);
        Connector { tcp, tls, limit }
    }

    async fn connect(mut self, address: Uri, notes: Option<Notes>) -> Result<Connection, Problem> {
        // Where the certificate is to be for: an address in brackets is meant without them.
        let host = address.host().unwrap_or_default().trim_matches(['[', ']']).to_owned();
        let started = Instant::now();
        let tcp = self.tcp.call(address).await?;
        phases::note(notes.as_ref(), |phases| {
            // The name is looked up on the way.
            phases.connect = Some(started.elapsed().saturating_sub(phases.resolve.unwrap_or_default()));
        });
        let Some(tls) = self.tls else { return Ok(Connection::Plain(tcp)) };
        let started = Instant::now();
        let agreed = tls.connect(ServerName::try_from(host)?, tcp.into_inner()).await?;
        phases::note(notes.as_ref(), |phases| phases.tls = Some(started.elapsed()));
        Ok(Connection::secured(agreed))
    }
}

impl Service<Uri> for Connector {
    type Response = Connection;
    type Error = Problem;
    type Future = Connecting<Connection>;

    fn poll_ready(&mut self, _context: &mut Context<'_>) -> Poll<Result<(), Problem>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, address: Uri) -> Self::Future {
        // The attempt is known here; what follows may be finished by another task.
        let (connector, notes) = (self.clone(), phases::current());
        Box::pin(async move {
            let limit = connector.limit;
            let connecting = connector.connect(address, notes);
            tokio::time::timeout(limit, connecting).await.unwrap_or(Err(LateConnection { limit }.into()))
        })
    }
}

/// Resolves names, and lets through only what the guard does. What it returns is what is connected to.
#[derive(Clone)]
pub(super) struct GuardedResolver {
    pub(super) guard: AddressGuard,
    pub(super) resolver: Arc<dyn Resolver>,
}

impl GuardedResolver {
    async fn resolve(self, host: String, notes: Option<Notes>) -> Result<std::vec::IntoIter<SocketAddr>, Problem> {
        let started = Instant::now();
        let unresolved = |reason: String| Unresolved { host: host.clone(), reason };
        let addresses: Vec<IpAddr> = self.resolver.resolve(&host).await.map_err(|error| {
            let text = error.to_string();
            unresolved(text.strip_prefix("failed to lookup address information: ").unwrap_or(&text).to_owned())
        })?;
        phases::note(notes.as_ref(), |phases| phases.resolve = Some(started.elapsed()));
        if addresses.is_empty() {
            return Err(unresolved("its name resolves to nothing".to_owned()).into());
        }
        let kept = self.guard.filter(&host, addresses)?;
        // The port is the URL's; this one is a placeholder.
        let sockets: Vec<SocketAddr> = kept.into_iter().map(|address| SocketAddr::new(address, 0)).collect();
        Ok(sockets.into_iter())
    }
}

impl Service<Name> for GuardedResolver {
    type Response = std::vec::IntoIter<SocketAddr>;
    type Error = Problem;
    type Future = Connecting<Self::Response>;

    fn poll_ready(&mut self, _context: &mut Context<'_>) -> Poll<Result<(), Problem>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        Box::pin(self.clone().resolve(name.as_str().to_owned(), phases::current()))
    }
}
