//! What happens, as lines of the log. Each line reads alone; what happens to every event is told at `debug` only.

use crate::finding::Severity;
use crate::service::Happening;

/// Whether anything would be told of it, as the log is set.
pub(super) fn is_told(happening: &Happening) -> bool {
    match happening {
        Happening::Taken { conflicts: 0, failed: 0, .. }
        | Happening::Accepted { .. }
        | Happening::Attempted { ended: "delivered", .. } => tracing::enabled!(tracing::Level::DEBUG),
        _ => true,
    }
}

/// What is unusual about a request of a source: what cannot be used of it, what came under the id of something else.
fn unusual(conflicts: u32, failed: u32, reason: Option<&str>) -> String {
    let entries = |count: u32| if count == 1 { "1 entry".to_owned() } else { format!("{count} entries") };
    let unusable = |failed: u32| {
        let first = if failed == 1 { ": " } else { "; the first: " };
        let reason = reason.map(|reason| format!("{first}{reason}")).unwrap_or_default();
        format!("{} that cannot be used{reason}", entries(failed))
    };
    let contradicting = |count: u32| format!("{} under a known id with other bytes", entries(count));
    match (conflicts, failed) {
        (0, failed) => unusable(failed),
        (conflicts, 0) => contradicting(conflicts),
        (conflicts, failed) => format!("{}, and {}", contradicting(conflicts), unusable(failed)),
    }
}

/// Tells a happening, and how many like it were left out before.
pub(super) fn tell(happening: &Happening, left_out: u64) {
    match happening {
        Happening::Taken { source, accepted, seen, conflicts, failed, reason, deliveries } => {
            if *conflicts > 0 || *failed > 0 {
                let what = unusual(*conflicts, *failed, reason.as_deref());
                tracing::warn!(
                    source.key = %source, accepted, seen, conflicts, failed, deliveries,
                    "the source `{source}` sent {what}"
                );
            } else {
                tracing::debug!(source.key = %source, accepted, seen, deliveries, "took {accepted} events of `{source}`");
            }
        }
        Happening::Refused { source, reason } => {
            let more = match left_out {
                0 => String::new(),
                more => format!("; and {more} more since the last line about it"),
            };
            tracing::warn!(source.key = %source, left_out, "refused a request to the source `{source}`: {reason}{more}");
        }
        Happening::Accepted { event, source, id, deliveries } => {
            let event = event.number();
            tracing::debug!(source.key = %source, event, event.id = %id, "event {event}: {deliveries} deliveries");
        }
        Happening::Attempted { delivery, subscription, attempt, status, took, ended, error, .. } => {
            let (delivery, ms) = (delivery.number(), took.as_secs_f64() * 1000.0);
            let answer = status.map_or_else(|| error.clone().unwrap_or_default(), |status| status.to_string());
            match *ended {
                "delivered" => tracing::debug!(
                    subscription.id = %subscription, delivery, attempt, took_ms = ms, "delivered to `{subscription}`: {answer}"
                ),
                "retry" => tracing::info!(
                    subscription.id = %subscription, delivery, attempt, took_ms = ms,
                    "delivery {delivery} to `{subscription}` failed and is tried again: {answer}"
                ),
                _ => tracing::warn!(
                    subscription.id = %subscription, delivery, attempt, took_ms = ms,
                    "delivery {delivery} to `{subscription}` is given up after attempt {attempt}: {answer}"
                ),
            }
        }
        Happening::Breaker { subscription, open: true, pause } => {
            let seconds = pause.unwrap_or_default().as_secs_f64();
            tracing::warn!(subscription.id = %subscription, "`{subscription}` keeps failing and is left alone for {seconds} s");
        }
        Happening::Breaker { subscription, open: false, .. } => {
            tracing::info!(subscription.id = %subscription, "`{subscription}` answers again");
        }
        Happening::Disabled { subscription, reason } => {
            tracing::warn!(subscription.id = %subscription, "`{subscription}` was switched off: {reason}");
        }
        Happening::Swapped { integration, version } => {
            tracing::info!(integration.key = %integration, version, "the integration `{integration}` is in use");
        }
        Happening::IntegrationRefused { integration, in_use, findings } => {
            let errors = findings.iter().filter(|finding| finding.severity == Severity::Error);
            let first = errors.clone().next();
            let first = first.map(|one| format!("{}: {}", one.place.file.display(), one.message)).unwrap_or_default();
            let what = match in_use {
                true => "a change of the integration was refused, and the old version stays",
                false => "the integration was refused, and takes no new subscriptions",
            };
            tracing::error!(
                integration.key = %integration, errors = errors.count(),
                "`{integration}`: {what}: {first}; `flagpost validate` tells everything"
            );
        }
        Happening::IntegrationRemoved { integration } => {
            tracing::warn!(
                integration.key = %integration,
                "the folder of the integration `{integration}` is gone; subscriptions keep the version they have"
            );
        }
        Happening::Folder { works: true, .. } => tracing::info!("the folder of integrations is in use again"),
        Happening::Folder { works: false, reason } => {
            tracing::error!("the folder of integrations cannot be used, and what is in use stays: {reason}");
        }
        Happening::Store { works: true, .. } => tracing::info!("the store works again"),
        Happening::Store { works: false, reason } => tracing::error!("trouble with the store: {reason}"),
        Happening::Job { id, progress, state } => {
            tracing::info!(job.id = %id, ?state, matched = progress.matched, replayed = progress.replayed, "replay job `{id}` moved on");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::unusual;

    #[test]
    fn what_is_unusual_is_counted_and_the_first_mistake_told() {
        let reason = Some("it has no `_id`");
        for (conflicts, failed, reason, told) in [
            (0, 1, reason, "1 entry that cannot be used: it has no `_id`"),
            (0, 3, reason, "3 entries that cannot be used; the first: it has no `_id`"),
            (0, 2, None, "2 entries that cannot be used"),
            (1, 0, None, "1 entry under a known id with other bytes"),
            (2, 0, reason, "2 entries under a known id with other bytes"),
            (1, 2, None, "1 entry under a known id with other bytes, and 2 entries that cannot be used"),
            (
                2,
                1,
                reason,
                "2 entries under a known id with other bytes, and 1 entry that cannot be used: it has no `_id`",
            ),
        ] {
            assert_eq!(unusual(conflicts, failed, reason), told);
        }
    }
}
