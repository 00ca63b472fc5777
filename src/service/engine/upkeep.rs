//! What is done now and then: retention in small steps, and a look at the folder of integrations.

use std::sync::Arc;
use std::time::Duration;

use super::Service;
use crate::service::Happening;
use crate::service::core::Core;
use crate::service::worker::Worker;

/// Between two steps of upkeep while there is more to do.
const BREATH: Duration = Duration::from_millis(20);

/// Starts both, until the service stops.
pub(super) fn start(service: &Service) {
    let core = Arc::clone(&service.core);
    tokio::spawn(async move {
        while pause(&core, core.settings.upkeep_every).await {
            loop {
                let step = core.store.upkeep(core.settings.retention, core.now()).await;
                if !step.is_ok_and(|step| step.more) || !pause(&core, BREATH).await {
                    break;
                }
            }
        }
    });
    let Some(every) = service.core.settings.reload_every else { return };
    let (core, worker) = (Arc::clone(&service.core), Arc::clone(&service.worker));
    tokio::spawn(look_for_changes(core, worker, every));
}

async fn pause(core: &Core, pause: Duration) -> bool {
    tokio::select! {
        () = core.clock.sleep(pause) => true,
        () = core.stopping.cancelled() => false,
    }
}

async fn look_for_changes(core: Arc<Core>, worker: Arc<Worker>, every: Duration) {
    let mut in_the_way: Option<String> = None;
    while pause(&core, every).await {
        let looking = Arc::clone(&core);
        let changed = tokio::task::spawn_blocking(move || looking.integrations.looks_changed()).await;
        if changed.is_ok_and(|changed| changed) {
            // Editors write in several steps: what is half written now is whole in a moment.
            if !pause(&core, every / 4).await {
                return;
            }
            let service = Service { core: Arc::clone(&core), worker: Arc::clone(&worker) };
            let wrong = service.reload().await.err().map(|error| error.to_string());
            if wrong != in_the_way {
                let (works, reason) = (wrong.is_none(), wrong.clone().unwrap_or_default());
                core.tell(Happening::Folder { works, reason });
            }
            in_the_way = wrong;
            if in_the_way.is_some() && !pause(&core, every.saturating_mul(4)).await {
                return;
            }
        }
    }
}
