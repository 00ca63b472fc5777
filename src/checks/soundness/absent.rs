//! Names that a helper makes a text of, and that some events lack: `undefined` goes out in their place.
//!
//! A name that is printed as it is prints nothing when it is absent; a helper is given JavaScript's `undefined`
//! and writes that. No strictness of the reference tells of it.

use std::ops::Range;

use super::address;
use super::cases::{samples, serves};
use super::form::{Filling, body_form};
use super::rehearsal::{filled_in, first_absent};
use super::stage::{SampleEvent, Stage, text};
use crate::catalog::{Integration, TemplateRole};
use crate::checks::names::{Capability, How, Lookup, Reading, Use};
use crate::checks::rules::POLICY;
use crate::policy::{Policy, Statement};
use crate::render::{Context, Options, RenderErrorKind};
use crate::value::Value;

/// A name that some events lack, given to a helper that makes a text of it.
#[derive(Debug, Clone)]
pub(crate) struct Absent {
    /// Which reading.
    pub(crate) reading: usize,
    /// Bytes of the template.
    pub(crate) span: Range<usize>,
    /// The helper.
    pub(crate) helper: String,
    /// What has to be asked about: the name, or the first part of it that some event lacks.
    pub(crate) guard: String,
    /// Whether it is absent; else it is null.
    pub(crate) absent: bool,
    /// Whether the default policy lets such an event through.
    pub(crate) reached: bool,
}

/// So many names of one event are told.
const ENOUGH: usize = 16;

/// Tries a body, an address or a header of the audit log hook with all that its events may lack.
pub(super) fn judge(
    integration: &Integration,
    reading: &Reading<'_>,
    index: usize,
    stage: &Stage<'_>,
    found: &mut Vec<Absent>,
) {
    // In an address only the event may lack something: what administrators leave empty is an empty text.
    let is_body = matches!(reading.template.role, TemplateRole::HookBody(_));
    let of_event = |used: &Use| {
        is_body || used.from_root.as_ref().is_none_or(|path| path.first().is_some_and(|first| first == CONTEXT))
    };
    let asked = reading.uses.iter().any(|used| used.how.makes_text() && of_event(used));
    if !asked || Capability::of(&reading.template.pointer) != Some(HOOK) {
        return;
    }
    let Some(hook) = integration.manifest.hook() else { return };
    let Ok(policy) = policy(integration) else { return };
    let reached = |sample: &SampleEvent<'_>| {
        policy.as_ref().is_none_or(|policy| policy.may_allow(text(&sample.event, &["kind"])))
    };
    let mut trial = Trial { reading, index, options: Options::new(reading.template.escape).exactly(), found };
    match reading.template.role {
        TemplateRole::HookBody(name) => {
            for filling in [Filling::Filled, Filling::LeftEmpty] {
                let form = body_form(&integration.manifest, filling);
                for sample in samples(stage, &hook.templates, name) {
                    trial.events(sample, reached(sample), Around::Body(&form));
                }
            }
        }
        TemplateRole::Url | TemplateRole::HeaderValue => {
            let sent = |sample: &&SampleEvent<'_>| {
                hook.use_standard_webhook_payload
                    || hook.templates.named().any(|(name, _)| serves(&hook.templates, name, &sample.event))
            };
            for filling in [Filling::Filled, Filling::LeftEmpty] {
                let root = address::root(integration, reading, stage, filling);
                for sample in stage.samples.iter().filter(sent) {
                    trial.events(sample, reached(sample), Around::Address(&root));
                }
            }
        }
        _ => {}
    }
}

const HOOK: Capability = Capability::AuditLogEventsHook;

/// What addresses call the event.
const CONTEXT: &str = "context";

/// The policy, when there is one; nothing can be said of one that does not compile.
fn policy(integration: &Integration) -> Result<Option<Policy>, ()> {
    let written = integration.source.json.pointer(POLICY).and_then(serde_json::Value::as_array);
    let Some(written) = written else { return Ok(None) };
    Policy::compile(&Statement::read_all(written).0).map(Some).map_err(|_| ())
}

/// What a template sees beside an event.
#[derive(Clone, Copy)]
enum Around<'v> {
    /// A body: the event is the root, and this the form.
    Body(&'v Value<'v>),
    /// An address: the event is the root's `context`.
    Address(&'v Value<'v>),
}

struct Trial<'r, 'f> {
    reading: &'r Reading<'r>,
    index: usize,
    options: Options,
    found: &'f mut Vec<Absent>,
}

impl Trial<'_, '_> {
    /// The sample, the same with as little as events have, and what lies between.
    fn events(&mut self, sample: &SampleEvent<'_>, reached: bool, around: Around<'_>) {
        let thin = sample.derived.last().into_iter().chain(&sample.more).map(|derived| &derived.event);
        for event in std::iter::once(&sample.event).chain(thin) {
            self.event(event, reached, around);
        }
    }

    fn event(&mut self, event: &Value<'_>, reached: bool, around: Around<'_>) {
        let Ok(template) = &self.reading.template.compiled else { return };
        let mut event = event.clone().into_owned();
        for _ in 0..ENOUGH {
            let mut out = String::new();
            let (root, name, beside, within) = match around {
                Around::Body(form) => (&event, "formVariables", form, None),
                Around::Address(root) => (root, CONTEXT, &event, Some(CONTEXT)),
            };
            let context = Context { root, overlay: &[(name, beside)] };
            let Err(error) = template.render_into(context, self.options, &mut out) else { return };
            let RenderErrorKind::NoText(name, absent) = &error.kind else { return };
            let used = self.reading.uses.iter().find(|used| used.path.span == error.span);
            // What no event has is told by `unknown-variable`.
            let Some(used) = used.filter(|used| matches!(used.found, Lookup::Known(_))) else { return };
            let inner: Option<&[String]> = used.from_root.as_deref().and_then(|path| match within {
                Some(within) => path.split_first().filter(|(first, _)| *first == within).map(|(_, rest)| rest),
                None => Some(path),
            });
            let lacking = inner.map(|inner| first_absent(&event, inner));
            let guard = match (lacking, within) {
                (None, _) => name.clone(),
                (Some(lacking), None) => lacking,
                (Some(lacking), Some(within)) => format!("{within}.{lacking}"),
            };
            self.note(used, guard, *absent, reached);
            let Some(inner) = inner.filter(|inner| !inner.is_empty()) else { return };
            let names: Vec<&str> = inner.iter().map(String::as_str).collect();
            let next = filled_in(&event, &names).into_owned();
            event = next;
        }
    }

    fn note(&mut self, used: &Use, guard: String, absent: bool, reached: bool) {
        let How::Argument(helper) = &used.how else { return };
        let span = &used.path.span;
        match self.found.iter_mut().find(|other| other.reading == self.index && other.span == *span) {
            Some(known) => {
                known.reached |= reached;
                if guard.len() < known.guard.len() || absent && !known.absent {
                    (known.guard, known.absent) = (guard, absent);
                }
            }
            None => self.found.push(Absent {
                reading: self.index,
                span: span.clone(),
                helper: helper.clone(),
                guard,
                absent,
                reached,
            }),
        }
    }
}
