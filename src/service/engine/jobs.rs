//! Jobs that replay a range of deliveries, step by step: each step is made in one with the word of how far it is.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Service;
use crate::service::core::Core;
use crate::service::stored::can_be_replayed;
use crate::service::{
    FieldMistake, Happening, JobProgress, JobState, JobView, RangeOfReplays, RangeView, ServiceError, Timestamp,
};
use crate::store::{
    Cursor, DeliveryFilter, Document, Expected, Moment, PageRequest, Replay, Shelf, State, StoreError, SubscriptionId,
};

/// Deliveries that a job takes in one step.
const STEP: usize = 200;
/// How long a job waits for a store that takes nothing.
const AGAIN: Duration = Duration::from_millis(500);
/// Jobs that are listed.
const JOBS: usize = 1000;
/// Jobs that are kept once they are through.
const KEPT_JOBS: usize = 200;

/// A job as it is kept.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Job {
    range: RangeOfReplays,
    state: JobState,
    progress: JobProgress,
    created: i64,
    /// Where the last step ended.
    cursor: Option<String>,
    error: Option<String>,
}

impl Service {
    /// Starts a replay job. A dry run is answered when it is through.
    ///
    /// # Errors
    /// The range has mistakes, or the store takes nothing.
    pub async fn start_replay_job(&self, range: RangeOfReplays) -> Result<JobView, ServiceError> {
        let core = &self.core;
        check(&range)?;
        if let Some(id) = range.subscription.as_deref()
            && core.table.load().get(&SubscriptionId::new(id)).is_none()
        {
            return Err(self.no_subscription(id));
        }
        let now = core.now().millis();
        let mut job = Job {
            range,
            state: JobState::Accepted,
            progress: JobProgress::default(),
            created: now,
            cursor: None,
            error: None,
        };
        if job.range.dry_run {
            let count = self.count(&job.range).await?;
            job.progress = JobProgress { total: Some(count), matched: count, ..job.progress };
            job.state = JobState::Completed;
        }
        let id = format!("job_{now:012x}{:08x}", ((core.chance)() * f64::from(u32::MAX)) as u32);
        let begun = |service: Service| async move {
            service.forget_old_jobs().await?;
            let content = serde_json::to_vec(&job).unwrap_or_default();
            service.core.store.put_document(Shelf::ReplayJob, id.clone(), content, Expected::Nothing).await?;
            let shown = view(&id, &job);
            if !job.range.dry_run {
                tokio::spawn(run(service, id));
            }
            Ok(shown)
        };
        self.to_the_end(begun).await
    }

    /// Keeps the newest jobs that are through; what is not through stays.
    async fn forget_old_jobs(&self) -> Result<(), ServiceError> {
        let store = &self.core.store;
        let mut through = store.documents(Shelf::ReplayJob, None, JOBS).await?;
        through.retain(|document| {
            job_of(document).is_ok_and(|job| matches!(job.state, JobState::Completed | JobState::Failed))
        });
        let old = through.len().saturating_sub(KEPT_JOBS - 1);
        for document in through.into_iter().take(old) {
            let expected = Expected::Revision(document.revision);
            // Somebody else may have removed it, which is as well.
            let _ = store.remove_document(Shelf::ReplayJob, document.name, expected).await;
        }
        Ok(())
    }

    async fn count(&self, range: &RangeOfReplays) -> Result<u64, ServiceError> {
        let (mut page, mut count) = (PageRequest::first(PageRequest::MOST), 0);
        loop {
            let found = self.core.store.deliveries(filter(range), page).await?;
            count += found.items.len() as u64;
            match found.next {
                Some(next) => page.after = Some(next),
                None => return Ok(count),
            }
        }
    }

    /// A replay job.
    ///
    /// # Errors
    /// There is no such job.
    pub async fn replay_job(&self, id: &str) -> Result<JobView, ServiceError> {
        let document = self.core.store.document(Shelf::ReplayJob, id.to_owned()).await?;
        let document = document.ok_or_else(|| ServiceError::not_found("job", id))?;
        Ok(view(id, &job_of(&document)?))
    }

    /// The replay jobs, newest first.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn replay_jobs(&self) -> Result<Vec<JobView>, ServiceError> {
        let documents = self.core.store.documents(Shelf::ReplayJob, None, JOBS).await?;
        // Names begin with the time.
        documents.iter().rev().map(|document| Ok(view(&document.name, &job_of(document)?))).collect()
    }
}

fn check(range: &RangeOfReplays) -> Result<(), ServiceError> {
    let mut mistakes = Vec::new();
    for (at, state) in range.states.iter().enumerate() {
        if !can_be_replayed(*state) {
            let help = "the states are `dead`, `delivered` and `cancelled`".to_owned();
            mistakes.push(
                FieldMistake::new(format!("/states/{at}"), "only what is settled can be made once more").help(help),
            );
        }
    }
    if range.rate == Some(0) {
        mistakes.push(FieldMistake::new("/rate", "at a rate of none nothing would ever be replayed"));
    }
    if let (Some(from), Some(until)) = (range.from, range.until)
        && from >= until
    {
        mistakes.push(FieldMistake::new("/until", "`until` is not after `from`"));
    }
    if mistakes.is_empty() { Ok(()) } else { Err(ServiceError::Invalid(mistakes)) }
}

fn filter(range: &RangeOfReplays) -> DeliveryFilter {
    let states = if range.states.is_empty() { vec![State::Dead] } else { range.states.clone() };
    DeliveryFilter {
        subscription: range.subscription.as_deref().map(SubscriptionId::new),
        states,
        from: range.from.map(Moment::from_millis),
        until: range.until.map(Moment::from_millis),
        ..DeliveryFilter::default()
    }
}

fn job_of(document: &Document) -> Result<Job, ServiceError> {
    serde_json::from_slice(&document.content)
        .map_err(|error| ServiceError::Broken(format!("replay job `{}` cannot be read back: {error}", document.name)))
}

fn view(id: &str, job: &Job) -> JobView {
    JobView {
        id: id.to_owned(),
        range: RangeView::from(&job.range),
        state: job.state,
        progress: job.progress,
        created: Timestamp(job.created),
        error: job.error.clone(),
    }
}

/// Goes on with the jobs that a stop or a crash interrupted.
pub(super) async fn resume(service: &Service) -> Result<(), ServiceError> {
    for document in service.core.store.documents(Shelf::ReplayJob, None, JOBS).await? {
        let unfinished = job_of(&document).is_ok_and(|job| matches!(job.state, JobState::Accepted | JobState::Running));
        if unfinished {
            tokio::spawn(run(service.handle(), document.name));
        }
    }
    Ok(())
}

/// Works a job off, step by step. Its progress is written in the same step as its replays, so a crash repeats none.
async fn run(service: Service, id: String) {
    let core = &service.core;
    // A step that has begun is finished: what it asked of the store happens whether it is heard of or not.
    while !core.stopping.is_cancelled() {
        let pause = match one_step(&service, &id).await {
            Ok(Some(pause)) => pause,
            Ok(None) => return,
            Err(ServiceError::Unavailable(StoreError::Closed)) => return,
            Err(ServiceError::Unavailable(_) | ServiceError::Conflict(_)) => AGAIN,
            Err(error) => {
                give_up(core, &id, &error).await;
                return;
            }
        };
        tokio::select! {
            () = core.clock.sleep(pause) => {}
            () = core.stopping.cancelled() => return,
        }
    }
}

async fn give_up(core: &Core, id: &str, error: &ServiceError) {
    let Ok(Some(document)) = core.store.document(Shelf::ReplayJob, id.to_owned()).await else { return };
    let Ok(mut job) = job_of(&document) else { return };
    job.state = JobState::Failed;
    job.error = Some(error.to_string());
    let content = serde_json::to_vec(&job).unwrap_or_default();
    let expected = Expected::Revision(document.revision);
    let kept = core.store.put_document(Shelf::ReplayJob, id.to_owned(), content, expected).await;
    if kept.is_ok() {
        core.tell(Happening::Job { id: id.to_owned(), progress: job.progress, state: job.state });
    }
}

/// One step of a job: how long to wait until the next, or `None` when it is through.
async fn one_step(service: &Service, id: &str) -> Result<Option<Duration>, ServiceError> {
    let core = &service.core;
    let document = core.store.document(Shelf::ReplayJob, id.to_owned()).await?;
    let document = document.ok_or_else(|| ServiceError::not_found("job", id))?;
    let mut job = job_of(&document)?;
    if matches!(job.state, JobState::Completed | JobState::Failed) {
        return Ok(None);
    }
    let expected = Expected::Revision(document.revision);
    let content = |job: &Job| serde_json::to_vec(job).unwrap_or_default();
    if job.progress.total.is_none() {
        // Counted first, so that whoever looks on knows where it ends.
        job.progress.total = Some(service.count(&job.range).await?);
        job.state = JobState::Running;
        core.store.put_document(Shelf::ReplayJob, id.to_owned(), content(&job), expected).await?;
        core.tell(Happening::Job { id: id.to_owned(), progress: job.progress, state: job.state });
        return Ok(Some(Duration::ZERO));
    }
    let limit = job.range.rate.map_or(STEP, |rate| STEP.min(rate as usize)).max(1);
    let after = job.cursor.as_deref().and_then(|cursor| cursor.parse::<Cursor>().ok());
    let found = core.store.deliveries(filter(&job.range), PageRequest { after, limit }).await?;
    let mut wanted = Vec::new();
    for delivery in found.items {
        job.progress.matched += 1;
        // A replay that a job made is not made once more by the same job.
        match service.versions_for(&delivery, job.range.kind) {
            Ok(versions) => wanted.push((delivery.subscription, Replay { of: delivery.key, versions, due: None })),
            Err(_) => job.progress.skipped += 1,
        }
    }
    job.cursor = found.next.map(|next| next.to_string());
    job.state = if found.next.is_some() { JobState::Running } else { JobState::Completed };
    let count = loop {
        let replays: Vec<Replay> = wanted.iter().map(|(_, replay)| *replay).collect();
        let count = replays.len();
        let mut next = job.clone();
        next.progress.replayed += count as u64;
        let document = Document { name: id.to_owned(), revision: document.revision + 1, content: content(&next) };
        match core.store.replay(replays, Some((document, expected)), core.now()).await {
            Ok(_) => {
                job = next;
                break count;
            }
            // Some of them cannot be: the others are made, together with the word that these were not.
            Err(error) => {
                without_refused(&mut wanted, &error);
                if wanted.len() == count {
                    return Err(error.into());
                }
                job.progress.skipped += (count - wanted.len()) as u64;
            }
        }
    };
    core.tell(Happening::Job { id: id.to_owned(), progress: job.progress, state: job.state });
    if job.state == JobState::Completed {
        return Ok(None);
    }
    Ok(Some(job.range.rate.map_or(Duration::ZERO, |rate| Duration::from_secs_f64(count as f64 / f64::from(rate)))))
}

/// Takes out what the store refused; nothing, when the refusal is about none of them.
fn without_refused(wanted: &mut Vec<(SubscriptionId, Replay)>, error: &StoreError) {
    match error {
        StoreError::UnknownDelivery(key) | StoreError::StillWaiting(key) => {
            wanted.retain(|(_, replay)| replay.of != *key);
        }
        StoreError::UnknownSubscription(id) | StoreError::UnknownVersion(id, _) => {
            wanted.retain(|(subscription, _)| subscription != id);
        }
        StoreError::UnknownIntegration(digest) => wanted
            .retain(|(_, replay)| replay.versions.is_none_or(|versions| versions.integration.to_string() != *digest)),
        StoreError::TooManyDeliveries(event) => {
            // There may be room for others of the same event.
            if let Some(last) = wanted.iter().rposition(|(_, replay)| replay.of.event() == *event) {
                wanted.remove(last);
            }
        }
        _ => {}
    }
}
