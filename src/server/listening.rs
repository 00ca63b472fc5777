//! Listens with a bound on open connections: past it, new ones wait in the system's queue and cost nothing here. A
//! connection on which nothing moves is closed, and one that takes its time for the head of a request too, or such ones
//! would take all places.
//!
//! The loop is our own, because the one of axum sets no clock, and without one hyper waits for a head for ever.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::extract::ConnectInfo;
use axum::serve::Listener;
use axum::{Extension, Router};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Sleep;
use tokio_util::sync::CancellationToken;
use tower::Layer;

/// How HTTP/2 begins, whose first bytes tell it from HTTP/1.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// Serves until `stop` is told, then lets the requests that are under way end.
pub(super) async fn serve(mut listener: Bounded, routes: Router, head: Duration, stop: CancellationToken) {
    let mut builder = Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(head);
    builder.http2().timer(TokioTimer::new());
    let under_way = GracefulShutdown::new();
    loop {
        let (connection, peer) = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stop.cancelled() => break,
        };
        let routes = Extension(ConnectInfo(Peer(peer))).layer(routes.clone());
        let served = builder.serve_connection(TokioIo::new(connection), TowerToHyperService::new(routes));
        let served = under_way.watch(served.into_owned());
        tokio::spawn(async move {
            // What breaks a connection is its client's to notice.
            let _ = served.await;
        });
    }
    drop(listener);
    under_way.shutdown().await;
}

/// A listener that lets so many connections in at once.
pub(super) struct Bounded {
    listener: TcpListener,
    places: Arc<Semaphore>,
    idle: Duration,
    head: Duration,
}

impl Bounded {
    pub(super) fn new(listener: TcpListener, settings: &super::Settings) -> Self {
        let places = Arc::new(Semaphore::new(settings.connections.min(Semaphore::MAX_PERMITS)));
        Bounded { listener, places, idle: settings.idle, head: settings.head }
    }

    async fn accept(&mut self) -> (Connection, SocketAddr) {
        let place = Arc::clone(&self.places).acquire_owned().await.ok();
        // The library's own loop waits where the system has no connection to give.
        let (stream, peer) = Listener::accept(&mut self.listener).await;
        // Answers are small and go out at once.
        let _ = stream.set_nodelay(true);
        let opening = Some(Opening { matched: 0, patience: Box::pin(tokio::time::sleep(self.head)) });
        (Connection { stream, idle: self.idle, opening, patience: None, _place: place }, peer)
    }
}

/// As long as what came could be the beginning of HTTP/2, nobody but this counts the time.
struct Opening {
    matched: usize,
    patience: Pin<Box<Sleep>>,
}

impl Opening {
    /// Whether it is still open after these bytes.
    fn goes_on(&mut self, bytes: &[u8]) -> bool {
        let rest = &PREFACE[self.matched..];
        self.matched += bytes.len();
        bytes.len() < rest.len() && rest.starts_with(bytes)
    }
}

/// A connection that holds its place until it is closed.
pub(super) struct Connection {
    stream: TcpStream,
    idle: Duration,
    opening: Option<Opening>,
    /// Set while nothing is there to be read.
    patience: Option<Pin<Box<Sleep>>>,
    _place: Option<OwnedSemaphorePermit>,
}

impl Connection {
    /// An answer that goes out shows that the connection is not idle.
    fn put_off(&mut self) {
        // The runtime's own clock is the one that the pause is measured by.
        let until = tokio::time::sleep(self.idle).deadline();
        if let Some(patience) = &mut self.patience {
            patience.as_mut().reset(until);
        }
    }
}

/// Who is connected.
#[derive(Debug, Clone, Copy)]
pub(super) struct Peer(pub(super) SocketAddr);

impl AsyncRead for Connection {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(cx, buffer);
        if read.is_ready() {
            self.patience = None;
            if self.opening.as_mut().is_some_and(|opening| !opening.goes_on(&buffer.filled()[before..])) {
                self.opening = None;
            }
            return read;
        }
        if let Some(opening) = &mut self.opening
            && opening.patience.as_mut().poll(cx).is_ready()
        {
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        let idle = self.idle;
        let patience = self.patience.get_or_insert_with(|| Box::pin(tokio::time::sleep(idle)));
        match patience.as_mut().poll(cx) {
            Poll::Ready(()) => Poll::Ready(Err(io::ErrorKind::TimedOut.into())),
            Poll::Pending => Poll::Pending,
        }
    }
}

impl AsyncWrite for Connection {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.put_off();
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.put_off();
        Pin::new(&mut self.stream).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Opening, PREFACE};

    #[test]
    fn an_opening_is_over_once_it_is_clear_what_is_spoken() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
        let _inside = runtime.enter();
        for (chunks, open) in [
            (&[&b""[..]][..], true),
            (&[b"P"], true),
            (&[b"P", b"RI * HTTP"], true),
            (&[b"P", b"OST"], false),
            (&[b"GET / HTTP/1.1\r\n"], false),
            (&[PREFACE], false),
            (&[&PREFACE[..20], &PREFACE[20..]], false),
            (&[PREFACE, b"more"], false),
        ] {
            let mut opening = Some(Opening { matched: 0, patience: Box::pin(tokio::time::sleep(Duration::ZERO)) });
            for chunk in chunks {
                if opening.as_mut().is_some_and(|opening| !opening.goes_on(chunk)) {
                    opening = None;
                }
            }
            assert_eq!(opening.is_some(), open, "{chunks:?}");
        }
    }
}
