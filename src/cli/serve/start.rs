//! Starts everything, waits for the word to stop, stops everything.

use std::io::Write;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::demo::Stage;
use super::key::vault;
use super::otlp::Exporter;
use super::settings::Settings;
use super::{make_folder, opening_error, store_error, store_file};
use crate::cli::chance::{Chance, SystemClock};
use crate::cli::environment::Environment;
use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::delivery::{AddressGuard, Limits, Sender, SystemResolver};
use crate::server::{self, Journal, tokens};
use crate::service::{self, Clock, Service};
use crate::source::Source;
use crate::store::{Integrity, Options, Retention, SqliteStore, Store};

/// How long requests under way have to end when the server stops; attempts to deliver have the rest.
const REQUESTS_HAVE: Duration = Duration::from_secs(5);

/// Serves until it is told to stop.
pub(super) fn run(
    settings: &Settings,
    environment: &Environment,
    stage: Option<&Stage>,
    exporter: Option<Exporter>,
) -> Result<Exit, CliError> {
    // Before anything is made: a server that is started in the wrong place leaves nothing there.
    if !settings.integrations.is_dir() {
        let folder = settings.integrations.display();
        return Err(CliError::usage(format!("there is no folder `{folder}` of integrations"))
            .help("name it with `--integrations`, start one with `flagpost new`, or look at `flagpost serve --demo`"));
    }
    make_folder(&settings.data)?;
    let file = store_file(&settings.data);
    let options = Options { most_bytes: limit(settings.store_bytes), ..Options::default() };
    let store = SqliteStore::open(&file, options).map_err(|error| opening_error(&error, &file))?;
    let store = Arc::new(store);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| CliError::failed(format!("cannot start: {error}")))?;
    let served = runtime.block_on(async {
        let exporting = exporter.map(Exporter::start).transpose()?;
        let served = serve(settings, environment, stage, Arc::clone(&store)).await;
        if let Some(exporting) = exporting {
            exporting.end().await;
        }
        served
    });
    // A listener of the stream may still be connected, and need not be waited for.
    runtime.shutdown_timeout(Duration::from_secs(1));
    drop(store);
    served
}

fn limit(bytes: u64) -> Option<u64> {
    (bytes > 0).then_some(bytes)
}

async fn serve(
    settings: &Settings,
    environment: &Environment,
    stage: Option<&Stage>,
    store: Arc<SqliteStore>,
) -> Result<Exit, CliError> {
    // Listened for first, so that a word that comes while it starts is not lost.
    let stop = CancellationToken::new();
    listen_for_the_end(stop.clone())?;
    let variable = environment.variable("FLAGPOST_MASTER_KEY");
    let vault = vault(&*store, variable, &settings.master_key_file).await?;
    let listener = listener(settings, &*store).await?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::start());
    let journal = Journal::start(Arc::clone(&clock));
    let started = start_service(settings, Arc::<SqliteStore>::clone(&store), vault, Arc::clone(&clock), &journal).await;
    let service = match started {
        Ok(service) => service,
        Err(error) => {
            journal.end().await;
            return Err(error);
        }
    };
    let address = listener.local_addr().map_err(|error| CliError::failed(error.to_string()))?;
    tokio::spawn(tell_damage(Arc::clone(&store), stop.clone()));
    let read = Arc::clone(&store);
    let parts = server::Parts {
        service: Arc::clone(&service),
        store,
        clock: Arc::clone(&clock),
        settings: server_settings(settings),
        journal: journal.clone(),
        damage: Box::new(move || match read.integrity() {
            Integrity::Damaged(why) => Some(why),
            Integrity::Unknown | Integrity::Sound => None,
        }),
    };
    let serving = tokio::spawn(server::serve(listener, parts, stop.clone()));
    // The one line on standard output: with port 0 it is the way to learn the port.
    writeln!(environment.stdout(), "listening at http://{address}")?;
    tracing::info!(%address, version = env!("CARGO_PKG_VERSION"), "flagpost serves at http://{address}");
    let ended = match stage {
        None => {
            stop.cancelled().await;
            Ok(())
        }
        Some(stage) => stage.play(&service, address, &stop, environment).await,
    };
    stop.cancel();
    tracing::info!("stopping: what is under way has {} s to finish", settings.stop.as_secs());
    let started = clock.elapsed();
    // Requests first: what they hand in is still taken. Connections that keep asking are not waited for.
    let served = tokio::time::timeout(settings.stop.min(REQUESTS_HAVE), serving).await;
    let left = settings.stop.saturating_sub(clock.elapsed().saturating_sub(started));
    if !service.stop(left).await {
        tracing::warn!("some attempts did not finish in time; they are made again at the next start");
    }
    journal.end().await;
    if let Ok(Ok(Err(error))) = served {
        return Err(CliError::failed(format!("the server ended: {error}")));
    }
    ended?;
    tracing::info!("stopped");
    Ok(Exit::Done)
}

/// The whole file is read in the background at the start; what that finds is told once.
async fn tell_damage(store: Arc<SqliteStore>, stop: CancellationToken) {
    loop {
        match store.integrity() {
            Integrity::Sound => return,
            Integrity::Damaged(why) => return tracing::error!("the store is damaged, go back to a backup: {why}"),
            Integrity::Unknown => {}
        }
        tokio::select! {
            () = tokio::time::sleep(Duration::from_secs(1)) => {}
            () = stop.cancelled() => return,
        }
    }
}

/// Cancels `stop` at the first word to end; at the second one the process ends at once.
fn listen_for_the_end(stop: CancellationToken) -> Result<(), CliError> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let listen =
            |kind| signal(kind).map_err(|error| CliError::failed(format!("cannot listen for signals: {error}")));
        let (mut terminate, mut interrupt) = (listen(SignalKind::terminate())?, listen(SignalKind::interrupt())?);
        tokio::spawn(async move {
            loop {
                tokio::select! {
                    _ = terminate.recv() => {}
                    _ = interrupt.recv() => {}
                }
                if stop.is_cancelled() {
                    std::process::exit(Exit::AtOnce as i32);
                }
                stop.cancel();
            }
        });
    }
    #[cfg(not(unix))]
    tokio::spawn(async move {
        let _ = tokio::signal::ctrl_c().await;
        stop.cancel();
    });
    Ok(())
}

/// Listens where it was told; without any token nowhere but on this machine.
async fn listener(settings: &Settings, store: &dyn Store) -> Result<TcpListener, CliError> {
    let mut address = settings.listen;
    let any_token = tokens::any(store).await.map_err(|error| store_error(&error))?;
    if !any_token && !address.ip().is_loopback() {
        let local = SocketAddr::new([127, 0, 0, 1].into(), address.port());
        tracing::warn!(
            "there is no token, so this server listens at {local} alone and not at {address}; \
             `flagpost token create` makes one, then start again"
        );
        address = local;
    } else if !any_token {
        tracing::info!(
            "there is no token yet: every program on this machine is served, and nobody else; \
             make one with `flagpost token create` before you put a proxy in front"
        );
    }
    TcpListener::bind(address).await.map_err(|error| {
        CliError::failed(format!("cannot listen at `{address}`: {error}"))
            .help("`--listen` names another address, `--listen 127.0.0.1:0` takes a free port")
    })
}

async fn start_service(
    settings: &Settings,
    store: Arc<dyn Store>,
    vault: crate::vault::Vault,
    clock: Arc<dyn Clock>,
    journal: &Journal,
) -> Result<Arc<Service>, CliError> {
    let sources: Result<Vec<Source>, _> = settings.sources.iter().map(Source::new).collect();
    let sources = sources.map_err(|error| CliError::usage(error.to_string()))?;
    for source in sources.iter().filter(|source| source.verification().is_empty()) {
        let key = source.key();
        tracing::info!(
            source.key = key,
            "the source `{key}` verifies no sender itself: it asks for a token with `ingest`"
        );
    }
    let guard = if settings.allow_private { AddressGuard::allowing_private() } else { AddressGuard::public_only() };
    let parts = service::Parts {
        store,
        sealer: Arc::new(vault),
        integrations: settings.integrations.clone(),
        sources,
        settings: service::Settings {
            concurrency: settings.attempts_at_once,
            retention: Retention {
                age: (settings.retention_days > 0)
                    .then(|| Duration::from_secs(settings.retention_days.saturating_mul(24 * 3600))),
                bytes: limit(settings.retention_bytes),
            },
            ..service::Settings::default()
        },
        sender: Arc::new(Sender::new(guard, SystemResolver, Limits::default())),
        clock,
        chance: Box::new(|| Chance.share()),
    };
    let service = Service::start_and_tell(parts, Some(journal.hearer())).await;
    service.map(Arc::new).map_err(|error| CliError::failed(error.to_string()))
}

fn server_settings(settings: &Settings) -> server::Settings {
    server::Settings {
        body_bytes: settings.body_bytes,
        request: Duration::from_secs(settings.request_seconds),
        requests_at_once: settings.requests_at_once,
        connections: settings.connections,
        requests_per_second: settings.requests_per_second,
        events_per_second: settings.events_per_second,
        ..server::Settings::default()
    }
}
