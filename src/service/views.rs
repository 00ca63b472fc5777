//! What the service answers with: plain values, ready to be shown. No secret is in any of them.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{FieldMistake, MaskedDocument, Timestamp};
use crate::store::{State, VerdictKind};

macro_rules! view {
    ($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident: $kind:ty,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
        #[serde(rename_all = "camelCase")]
        pub struct $name {
            $($(#[$field_doc])* pub $field: $kind,)*
        }
    };
}

view! {
    /// What became of a request of a source.
    TakeReport {
        /// The entries that were events, in the order they came.
        events: Vec<Taken>,
        /// The entries that could not be used.
        failures: Vec<FailureView>,
    }
}

view! {
    /// What became of one event.
    Taken {
        /// Its number here.
        event: String,
        /// Its id at its source.
        id: String,
        /// `accepted`, `seen` or `conflict`.
        outcome: EventOutcome,
        /// Deliveries that were made for it now.
        deliveries: u32,
    }
}

/// What became of an event that was handed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum EventOutcome {
    /// It is new.
    Accepted,
    /// It came before; nothing was added.
    Seen,
    /// Other bytes came with this id before; it is kept beside them and not delivered.
    Conflict,
}

view! {
    /// An entry that could not be used.
    FailureView {
        /// Which entry, from 0.
        index: usize,
        /// The line it starts on, from 1.
        line: usize,
        /// What is wrong with it.
        reason: String,
    }
}

view! {
    /// A configured source.
    SourceView {
        /// Its name in addresses.
        key: String,
        /// Whose format it takes.
        kind: &'static str,
        /// What it checks of each request; empty: it believes everyone who can reach it.
        verification: Vec<String>,
    }
}

view! {
    /// An integration that is in use, or was refused.
    IntegrationView {
        /// Name of its folder.
        key: String,
        /// Its display name; its key when no version is in use.
        name: String,
        /// The version its manifest tells; empty when no version is in use.
        version: String,
        /// Digest of its content; `null` when no version is in use.
        digest: Option<String>,
        /// One sentence about it.
        overview: String,
        /// How many subscriptions it has.
        subscriptions: usize,
        /// What is wrong with the newest state of its folder, when that was refused.
        refused: Vec<FindingView>,
    }
}

view! {
    /// Something an author should mend.
    FindingView {
        /// Name of the rule.
        rule: String,
        /// `error` or `warning`.
        #[schema(value_type = String)]
        severity: crate::finding::Severity,
        /// The file.
        file: String,
        /// JSON pointer, for places in a manifest.
        pointer: Option<String>,
        /// What is wrong.
        message: String,
        /// What to do about it.
        help: Option<String>,
    }
}

view! {
    /// What a reload did.
    ReloadReport {
        /// Integrations that are new or have a new version in use.
        swapped: Vec<String>,
        /// Integrations whose change was refused.
        refused: Vec<RefusedIntegration>,
        /// Integrations whose folder is gone.
        removed: Vec<String>,
        /// How many stayed as they were.
        unchanged: usize,
    }
}

view! {
    /// An integration that is not taken in use.
    RefusedIntegration {
        /// Name of its folder.
        key: String,
        /// Why.
        findings: Vec<FindingView>,
    }
}

view! {
    /// A subscription: what was wanted, and what is observed.
    SubscriptionView {
        /// Its name.
        id: String,
        /// Counts its changes.
        version: u32,
        /// What was asked for, secrets masked.
        #[serde(flatten)]
        #[schema(value_type = Object)]
        document: MaskedDocument,
        /// How it fares.
        status: StatusView,
    }
}

view! {
    /// What a change of a subscription did.
    PutReport {
        /// Whether it is new.
        created: bool,
        /// The subscription as it is now.
        subscription: SubscriptionView,
        /// The test that was asked for.
        test: Option<TestReport>,
    }
}

/// What is observed of a subscription.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Observed {
    /// It is served.
    Active,
    /// Its receiver fails.
    Failing,
    /// It is switched off.
    Paused,
    /// It cannot be served as it is configured.
    Unconfigured,
}

/// Whether a receiver is left alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Breaker {
    /// It is served.
    Closed,
    /// It is left alone for a while.
    Open,
    /// One attempt is made to see whether it is well again.
    HalfOpen,
}

view! {
    /// How a subscription fares.
    StatusView {
        /// Whether it is switched on.
        enabled: bool,
        /// Why it was switched off, if someone said.
        reason: Option<String>,
        /// What is observed.
        observed: Observed,
        /// What keeps it from being served, when it is unconfigured.
        mistakes: Vec<FieldMistake>,
        /// Status of the last answer.
        last_code: Option<u16>,
        /// When the last attempt was made.
        last_attempt: Option<Timestamp>,
        /// When the last successful attempt was made.
        last_success: Option<Timestamp>,
        /// Failed attempts since the last successful one.
        failures_in_a_row: u32,
        /// Deliveries that wait.
        waiting: u64,
        /// Deliveries that arrived.
        delivered: u64,
        /// Dead letters.
        dead: u64,
        /// Deliveries that were called off.
        cancelled: u64,
        /// When the oldest event was received that waits.
        oldest_undelivered: Option<Timestamp>,
        /// How long that is ago, in seconds.
        oldest_undelivered_age: Option<u64>,
        /// When the next attempt is due, as far as known.
        next_attempt: Option<Timestamp>,
        /// Whether the receiver is left alone.
        breaker: Breaker,
        /// How many attempts may be made at once at the moment.
        concurrency: u32,
        /// Digest of the integration version in use.
        integration_version: Option<String>,
        /// Whether that is the newest.
        integration_current: bool,
    }
}

view! {
    /// What a test sent, and what came back.
    TestReport {
        /// Whether the receiver took it.
        succeeded: bool,
        /// What was sent, secrets masked; absent when nothing could be sent.
        sent: Option<SentView>,
        /// The answer's status.
        status: Option<u16>,
        /// The answer's headers, when the integration shows answers.
        headers: Vec<HeaderView>,
        /// The beginning of the answer's body, when the integration shows answers.
        body: Option<String>,
        /// What went wrong.
        error: Option<String>,
        /// What to do about it.
        help: Option<String>,
        /// How long it took, in milliseconds.
        took_ms: f64,
    }
}

view! {
    /// A request, secrets masked.
    SentView {
        /// Method.
        method: String,
        /// Address.
        url: String,
        /// Headers in the order they are sent.
        headers: Vec<HeaderView>,
        /// Body.
        body: String,
    }
}

view! {
    /// A header.
    HeaderView {
        /// Its name.
        name: String,
        /// Its value.
        value: String,
    }
}

view! {
    /// An event in a list.
    EventSummaryView {
        /// Its number.
        event: String,
        /// Its source.
        source: String,
        /// Its id there.
        id: String,
        /// When it came in.
        received: Timestamp,
        /// When it happened, if it says.
        occurred: Option<Timestamp>,
        /// What was decided, by subscription.
        verdicts: Vec<VerdictView>,
        /// How many other subscriptions were asked, and have nothing that allows it.
        unlisted: u32,
    }
}

view! {
    /// An event with all that is known about it.
    EventDetail {
        /// As in lists.
        #[serde(flatten)]
        summary: EventSummaryView,
        /// SHA-256 of what makes it what it is.
        digest: String,
        /// Its bytes as they came, as text.
        raw: String,
        /// The event as templates see it.
        #[schema(value_type = Object)]
        context: serde_json::Value,
        /// Its deliveries, replays included.
        deliveries: Vec<DeliveryView>,
        /// What came later with the same id and other bytes.
        conflicts: Vec<ConflictView>,
    }
}

view! {
    /// What was decided for one subscription.
    VerdictView {
        /// The subscription.
        subscription: String,
        /// Its version at that moment.
        version: u32,
        /// The decision.
        #[schema(value_type = String)]
        verdict: Verdict,
        /// The statement that denied it, from 0.
        statement: Option<u32>,
        /// What the template engine said.
        message: Option<String>,
    }
}

/// A verdict that prints its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verdict(pub VerdictKind);

impl Verdict {
    /// `sent`, `denied`, `no-allow`, `no-template`, `empty-body`, `render-error`, `paused`.
    pub fn name(self) -> &'static str {
        match self.0 {
            VerdictKind::Sent => "sent",
            VerdictKind::Denied => "denied",
            VerdictKind::NoAllow => "no-allow",
            VerdictKind::NoTemplate => "no-template",
            VerdictKind::EmptyBody => "empty-body",
            VerdictKind::RenderError => "render-error",
            VerdictKind::Paused => "paused",
        }
    }
}

impl Serialize for Verdict {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

view! {
    /// Bytes that came with an id that other bytes had taken.
    ConflictView {
        /// When they came first.
        received: Timestamp,
        /// Their SHA-256.
        digest: String,
        /// The bytes, as text.
        raw: String,
    }
}

view! {
    /// A delivery.
    DeliveryView {
        /// Its number.
        delivery: String,
        /// Its event.
        event: String,
        /// To whom.
        subscription: String,
        /// The subscription's version it is rendered with.
        subscription_version: u32,
        /// The integration's version it is rendered with.
        integration_version: String,
        /// Where it stands.
        #[schema(value_type = String)]
        state: State,
        /// How many attempts were made.
        attempts: u32,
        /// When the next attempt is due.
        next_attempt: Option<Timestamp>,
        /// When it was settled.
        settled: Option<Timestamp>,
        /// Whether it is kept in order with others.
        ordered: bool,
        /// The delivery that this one repeats.
        replay_of: Option<String>,
    }
}

view! {
    /// A delivery with its attempts.
    DeliveryDetail {
        /// As in lists.
        #[serde(flatten)]
        delivery: DeliveryView,
        /// Its attempts, first to last.
        history: Vec<AttemptView>,
    }
}

view! {
    /// One attempt.
    AttemptView {
        /// 1 for the first.
        number: u32,
        /// When it began.
        started: Timestamp,
        /// How long its parts took.
        phases: PhasesView,
        /// The answer's status.
        status: Option<u16>,
        /// The answer's headers.
        headers: Vec<HeaderView>,
        /// The beginning of the answer's body.
        body: String,
        /// What went wrong.
        error: Option<String>,
        /// When another was to follow.
        next: Option<Timestamp>,
    }
}

view! {
    /// How long the parts of an attempt took, in milliseconds. A part that was not needed is null.
    PhasesView {
        /// Looking the name up.
        dns: Option<f64>,
        /// Connecting.
        connect: Option<f64>,
        /// The TLS handshake.
        tls: Option<f64>,
        /// Until the answer's head was there.
        first_byte: Option<f64>,
        /// Everything.
        total: Option<f64>,
    }
}

/// How a delivery is made once more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum ReplayKind {
    /// The same bytes, with a fresh signature.
    Exact,
    /// With today's template and configuration.
    Rerender,
}

view! {
    /// A delivery that is made once more.
    Replayed {
        /// The delivery that is repeated.
        of: String,
        /// The new delivery.
        delivery: String,
        /// For a rerender: how the body differs from what was sent, line by line; empty when it does not.
        diff: Option<String>,
    }
}

/// Which deliveries a replay job is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RangeOfReplays {
    /// Of this subscription alone.
    #[serde(default)]
    pub subscription: Option<String>,
    /// In these states: `dead`, `delivered`, `cancelled`. Dead letters when empty.
    #[serde(default)]
    #[schema(value_type = Vec<String>)]
    pub states: Vec<State>,
    /// Of events received at or after this moment, in milliseconds since 1970.
    #[serde(default)]
    pub from: Option<i64>,
    /// Of events received before this moment.
    #[serde(default)]
    pub until: Option<i64>,
    /// How they are made.
    pub kind: ReplayKind,
    /// Deliveries a second, at most.
    #[serde(default)]
    pub rate: Option<u32>,
    /// Only counts.
    #[serde(default)]
    pub dry_run: bool,
}

/// Where a replay job stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum JobState {
    /// It is written down.
    Accepted,
    /// It is at work.
    Running,
    /// It is through.
    Completed,
    /// It gave up.
    Failed,
}

/// How far a replay job is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct JobProgress {
    /// Deliveries that were looked at and are of the range.
    pub matched: u64,
    /// Deliveries that are made once more.
    pub replayed: u64,
    /// Deliveries that could not be.
    pub skipped: u64,
}

view! {
    /// A replay job.
    JobView {
        /// Its id.
        id: String,
        /// What it is about.
        range: RangeOfReplays,
        /// Where it stands.
        state: JobState,
        /// How far it is.
        progress: JobProgress,
        /// When it was asked for.
        created: Timestamp,
        /// Why it gave up.
        error: Option<String>,
    }
}

/// Which past events a policy is tried on.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PolicyRange {
    /// Of this source alone.
    #[serde(default)]
    pub source: Option<String>,
    /// Received at or after this moment, in milliseconds since 1970.
    #[serde(default)]
    pub from: Option<i64>,
    /// Received before this moment.
    #[serde(default)]
    pub until: Option<i64>,
    /// The newest so many; 1,000 when absent, 10,000 at most.
    #[serde(default)]
    pub limit: Option<usize>,
}

view! {
    /// What a policy would have done.
    DryRun {
        /// Events that it was tried on.
        events: usize,
        /// Those it allows.
        allowed: usize,
        /// Those it denies.
        denied: usize,
        /// Those that no statement allows.
        unmatched: usize,
        /// What it decides on each, newest first.
        decisions: Vec<DryDecision>,
    }
}

view! {
    /// What a policy would have decided on one event.
    DryDecision {
        /// The event.
        event: String,
        /// When it came in.
        received: Timestamp,
        /// What would have been decided.
        #[schema(value_type = String)]
        verdict: crate::policy::Verdict,
        /// The statement that decided, from 0.
        statement: Option<usize>,
        /// The resource that decided.
        resource: String,
        /// The action that was decided on.
        action: String,
        /// Why, in one sentence.
        reason: String,
    }
}
