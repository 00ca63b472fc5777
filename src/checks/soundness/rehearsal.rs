//! Renders everything and keeps what went wrong.

use std::ops::Range;

use super::absent::{self, Absent};
use super::address::{self, BadAddress};
use super::cases::{Case, Props, samples};
use super::form::Filling;
use super::json::{Kind, first_mistake};
use super::repeated::may_repeat;
use super::stage::{SampleEvent, Stage};
use super::trace::Trace;
use super::{edit, payload, shrink, synthetic};
use crate::catalog::{Integration, TemplateRole};
use crate::checks::names::{Lookup, Reading};
use crate::checks::near::written;
use crate::render::{Context, Escape, Options, RenderError, RenderErrorKind, Template};
use crate::value::{Object, Value};

/// What went wrong when an integration's templates were rendered.
#[derive(Debug, Default)]
pub(crate) struct Rehearsal {
    /// Outputs that should be JSON and are not.
    pub(crate) breaks: Vec<Break>,
    /// Names that an object has twice: which reading, and where the second stands.
    pub(crate) repeated: Vec<(usize, Range<usize>)>,
    /// Names that some events lack.
    pub(crate) missing: Vec<Missing>,
    /// Renders that failed.
    pub(crate) failures: Vec<Failure>,
    /// Outputs with nothing in them, for an event that must be sent.
    pub(crate) blanks: Vec<Blank>,
    /// Addresses that are none.
    pub(crate) addresses: Vec<BadAddress>,
    /// Pieces around a feature store's data that make no JSON with it: which reading, and what is wrong.
    pub(crate) payloads: Vec<(usize, Kind)>,
    /// Names that a helper makes `undefined` of for some events.
    pub(crate) absents: Vec<Absent>,
}

/// One way in which a template fails to make JSON.
#[derive(Debug, Clone)]
pub(crate) struct Break {
    /// Which reading.
    pub(crate) reading: usize,
    /// What is wrong with the output.
    pub(crate) kind: Kind,
    /// Bytes of the template that made it.
    pub(crate) span: Range<usize>,
    /// The tag that printed it.
    pub(crate) tag: Option<Range<usize>>,
    /// The fewest fields that break it, each with what it holds then. None when every event does.
    pub(crate) fields: Vec<(String, String)>,
}

/// A name that a template prints and some events lack.
#[derive(Debug, Clone)]
pub(crate) struct Missing {
    /// Which reading.
    pub(crate) reading: usize,
    /// Bytes of the template.
    pub(crate) span: Range<usize>,
    /// The name as written.
    pub(crate) name: String,
    /// What has to be asked about: the name, or the first part of it that some event lacks.
    pub(crate) guard: String,
    /// The samples that lack it.
    pub(crate) samples: Vec<String>,
    /// Whether the reference's own tests render one of them.
    pub(crate) reference: bool,
    /// Whether it is a form variable that the reference's tests have no value for.
    pub(crate) form: bool,
}

/// A render that failed.
#[derive(Debug, Clone)]
pub(crate) struct Failure {
    /// Which reading.
    pub(crate) reading: usize,
    /// Why.
    pub(crate) error: RenderError,
}

/// A template that prints nothing for an event that must be sent.
#[derive(Debug, Clone)]
pub(crate) struct Blank {
    /// Which reading.
    pub(crate) reading: usize,
    /// The sample.
    pub(crate) sample: String,
}

/// A template with what is needed to render it again.
struct Stand<'r> {
    index: usize,
    reading: &'r Reading<'r>,
    template: &'r Template,
    options: Options,
    json: bool,
}

impl Rehearsal {
    /// Renders every template of an integration.
    pub(crate) fn of(integration: &Integration, readings: &[Reading<'_>], stage: &Stage<'_>) -> Self {
        let mut rehearsal = Rehearsal::default();
        let mut out = String::new();
        for (index, reading) in readings.iter().enumerate() {
            let Ok(template) = &reading.template.compiled else { continue };
            let escape = reading.template.escape;
            absent::judge(integration, reading, index, stage, &mut rehearsal.absents);
            let stand = Stand { index, reading, template, options: Options::new(escape), json: escape == Escape::Json };
            match reading.template.role {
                TemplateRole::HookBody(name) if !repeats(integration, readings, index) => {
                    rehearsal.hook(integration, stage, &stand, name, &mut out);
                }
                TemplateRole::HookBody(_) => {}
                TemplateRole::Url | TemplateRole::HeaderValue => {
                    rehearsal.addresses.extend(address::judge(integration, reading, index, stage));
                    rehearsal.address(integration, stage, &stand, &mut out);
                }
                _ => rehearsal.synthetic(&stand, &mut out),
            }
        }
        rehearsal.payloads.extend(payload::judge(integration, readings));
        rehearsal
    }

    /// A body of the audit log hook: every sample, strictly, and everything made from it.
    fn hook(&mut self, integration: &Integration, stage: &Stage<'_>, stand: &Stand<'_>, name: &str, out: &mut String) {
        let Some(hook) = integration.manifest.hook() else { return };
        let props = Props::new(stand.reading, &integration.manifest);
        let samples = samples(stage, &hook.templates, name);
        if samples.is_empty() {
            return self.synthetic(stand, out);
        }
        let reference = stage.reference(name);
        let mut tried: Vec<(Case<'_>, bool)> = Vec::new();
        let mut missing = Vec::new();
        for sample in &samples {
            let is_reference = reference.is_some_and(|other| std::ptr::eq(other, *sample));
            let case = Case { event: &sample.event, properties: None, form: props.reference_form() };
            let sent = stand.strictly(&case, sample, is_reference, &mut missing, &mut self.failures, out);
            if self.overran(stand) {
                // Every other event would run into the same limit, and take its time again.
                return;
            }
            if !sent {
                continue;
            }
            if is_reference && out.trim().is_empty() && (stand.json || matches!(name, "member" | "validation")) {
                self.blanks.push(Blank { reading: stand.index, sample: sample.name.to_owned() });
            }
            tried.push((case, stand.is_sound(out)));
        }
        self.missing.append(&mut missing);
        let fullest = samples.iter().find_map(|sample| sample.more.first());
        let long = fullest.map(|fullest| stage.long(&fullest.event));
        let mut failures = Vec::new();
        let overran = |error: &RenderError| error.kind == RenderErrorKind::Limit;
        let mut try_case = |case, ours: bool| {
            if failures.iter().any(overran) {
                return;
            }
            out.clear();
            match stand.template.render_into(
                Context { root: Case::event(&case), overlay: &case.overlay() },
                stand.options,
                out,
            ) {
                Ok(()) => tried.push((case, stand.is_sound(out))),
                // That our longest texts do not fit says nothing about the template.
                Err(error) if ours && overran(&error) => {}
                Err(error) => failures.push(error),
            }
        };
        for sample in &samples {
            props.cases(sample, &mut |case| try_case(case, false));
        }
        if let Some(long) = &long {
            try_case(Case { event: long, properties: None, form: props.reference_form() }, true);
        }
        for error in failures {
            self.fail(stand, error);
        }
        let sound = tried.iter().filter(|(_, sound)| *sound);
        self.look_twice(stand, sound.map(|(case, _)| case.merged()));
        if stand.json && tried.iter().any(|(_, sound)| !sound) {
            let merged = |sound: bool| {
                tried
                    .iter()
                    .filter(move |(_, was)| *was == sound)
                    .map(|(case, _)| case.merged())
                    .take(ENOUGH)
                    .collect::<Vec<_>>()
            };
            self.diagnose(stand, &merged(false), &merged(true));
        }
    }

    /// An address or header: strictly with the event of the reference where there is one.
    fn address(&mut self, integration: &Integration, stage: &Stage<'_>, stand: &Stand<'_>, out: &mut String) {
        let hook = stand.reading.template.pointer.starts_with("/capabilities/auditLogEventsHook/");
        match stage.reference("default").filter(|_| hook) {
            Some(sample) => {
                let root = address::root(integration, stand.reading, stage, Filling::Reference);
                let case = Case { event: &root, properties: None, form: &Value::Null };
                let mut missing = Vec::new();
                stand.strictly(&case, sample, true, &mut missing, &mut self.failures, out);
                for missing in &mut missing {
                    missing.form = !missing.name.starts_with("context.");
                }
                self.missing.append(&mut missing);
            }
            None => self.synthetic(stand, out),
        }
    }

    /// A template that no sample fits: with made-up values, once with all of them and then with less.
    fn synthetic(&mut self, stand: &Stand<'_>, out: &mut String) {
        let full = synthetic::context(stand.reading);
        let mut contexts = vec![full.clone()];
        if stand.json {
            contexts.push(super::hostile::hostile(&full));
            let lists = [super::thin::Lists::Empty, super::thin::Lists::Null, super::thin::Lists::One];
            contexts.extend(lists.map(|lists| edit::map_lists(&full, lists)));
            let mut thin = edit::map_lists(&full, super::thin::Lists::Empty);
            for path in synthetic::asked_about(stand.reading) {
                let names: Vec<&str> = path.iter().map(String::as_str).collect();
                contexts.push(edit::set(&full, &names, None));
                thin = edit::set(&thin, &names, None);
            }
            contexts.push(thin);
        }
        let (mut sound, mut broken) = (Vec::new(), Vec::new());
        for context in contexts {
            out.clear();
            match stand.template.render_into(Context::new(&context), stand.options, out) {
                Ok(()) if stand.is_sound(out) => sound.push(context),
                Ok(()) => broken.push(context),
                Err(error) => self.fail(stand, error),
            }
            if self.overran(stand) {
                return;
            }
        }
        self.look_twice(stand, sound.iter().cloned());
        if !broken.is_empty() {
            self.diagnose(stand, &broken, &sound);
        }
    }

    /// Looks for names that an object has twice.
    fn look_twice<'v>(&mut self, stand: &Stand<'_>, sound: impl Iterator<Item = Value<'v>>) {
        let reading = stand.reading;
        if !stand.json || !may_repeat(&reading.template.text) {
            return;
        }
        let Some(trace) = Trace::new(&reading.template.text, &reading.parts) else { return };
        for event in sound.take(FEW) {
            for span in trace.repeated(Context::new(&event), stand.options) {
                if !self.repeated.contains(&(stand.index, span.clone())) {
                    self.repeated.push((stand.index, span));
                }
            }
        }
    }

    /// Finds out what breaks a template, each cause once.
    fn diagnose<'v>(&mut self, stand: &Stand<'_>, broken: &[Value<'v>], sound: &[Value<'v>]) {
        let reading = stand.reading;
        let Some(trace) = Trace::new(&reading.template.text, &reading.parts) else { return };
        let mistakes = |event: &Value<'v>| trace.mistakes(Context::new(event), stand.options);
        let mut told: Vec<(Kind, Range<usize>)> = Vec::new();
        for event in broken {
            for mistake in mistakes(event) {
                let cause = (mistake.kind, mistake.span.clone());
                if told.contains(&cause) {
                    continue;
                }
                told.push(cause);
                let mut breaks = |event: &Value<'v>| {
                    mistakes(event).iter().any(|other| other.kind == mistake.kind && other.span == mistake.span)
                };
                let all = broken.iter().chain(sound);
                let unbroken = all.filter(|other| !breaks(other)).collect::<Vec<_>>();
                let working = unbroken.into_iter().min_by_key(|other| edit::differences(other, event).len());
                let fields = working.map_or_else(Vec::new, |working| {
                    let paths = shrink::smallest(working, event, &mut breaks);
                    paths.iter().map(|path| (path.join("."), state(event, working, path))).collect()
                });
                self.breaks.push(Break {
                    reading: stand.index,
                    kind: mistake.kind,
                    span: mistake.span,
                    tag: mistake.tag,
                    fields,
                });
            }
        }
    }

    /// Whether the template ran into a limit.
    fn overran(&self, stand: &Stand<'_>) -> bool {
        let limit = |failure: &Failure| failure.error.kind == RenderErrorKind::Limit;
        self.failures.iter().any(|failure| failure.reading == stand.index && limit(failure))
    }

    fn fail(&mut self, stand: &Stand<'_>, error: RenderError) {
        let told = |other: &Failure| other.reading == stand.index && other.error.span == error.span;
        // Unknown helpers have a rule of their own.
        if !matches!(error.kind, RenderErrorKind::UnknownHelper(_)) && !self.failures.iter().any(told) {
            self.failures.push(Failure { reading: stand.index, error });
        }
    }
}

/// So many events show what a template writes into every body.
const FEW: usize = 8;

/// So many events show what there is to show.
const ENOUGH: usize = 48;

/// Whether an earlier reading of the same file is tried with all that this one would be tried with.
fn repeats(integration: &Integration, readings: &[Reading<'_>], index: usize) -> bool {
    let own = readings[index].template;
    let Some(hook) = integration.manifest.hook() else { return false };
    let TemplateRole::HookBody(name) = own.role else { return false };
    let covers = |other: &str| match name {
        // It is rendered with an environment's event.
        "validation" => other == "environment" || other == "default" && hook.templates.environment.is_none(),
        _ => false,
    };
    readings.iter().any(|reading| {
        let other = reading.template;
        other.file.is_some()
            && other.file == own.file
            && matches!(other.role, TemplateRole::HookBody(name) if covers(name))
    })
}

impl<'c> Case<'c> {
    fn event(case: &Case<'c>) -> &'c Value<'c> {
        case.event
    }
}

impl Stand<'_> {
    fn is_sound(&self, out: &str) -> bool {
        !self.json || first_mistake(out).is_none_or(|mistake| mistake.kind == Kind::Blank)
    }

    /// Renders strictly, noting every name that is missing, and leaves what is sent in `out`. False when nothing
    /// can be rendered.
    fn strictly(
        &self,
        case: &Case<'_>,
        sample: &SampleEvent<'_>,
        reference: bool,
        missing: &mut Vec<Missing>,
        failures: &mut Vec<Failure>,
        out: &mut String,
    ) -> bool {
        out.clear();
        let context = Context { root: case.event, overlay: &case.overlay() };
        let mut error = match self.template.render_into(context, self.options.strictly(), out) {
            Ok(()) => return true,
            Err(error) => error,
        };
        let (mut event, mut form) = (case.event.clone(), case.form.clone());
        // Each missing name is told, so each is filled in until nothing is missing any more.
        for _ in 0..16 {
            let RenderErrorKind::Missing(name) = &error.kind else { break };
            let used = self.reading.uses.iter().find(|used| {
                used.path.span == error.span
                    || error.span.contains(&used.path.span.start)
                    || used.path.span.contains(&error.span.start)
            });
            let path = used.and_then(|used| used.from_root.clone());
            // What no event has is told by `unknown-variable`.
            if !used.is_some_and(|used| !matches!(used.found, Lookup::Known(_))) {
                let is_form = path.as_ref().is_some_and(|path| path[0] == "formVariables");
                let lacking = path.as_ref().filter(|_| !is_form).map(|path| first_absent(&event, path));
                let guard = lacking.unwrap_or_else(|| name.clone());
                self.note(missing, name, guard, error.span.clone(), sample, reference, is_form);
            }
            let Some(path) = path else { break };
            let names: Vec<&str> = path.iter().map(String::as_str).collect();
            match names.as_slice() {
                ["formVariables", rest @ ..] => form = edit::set(&form, rest, Some(Value::text(""))),
                names => event = filled_in(&event, names),
            }
            out.clear();
            let context = Context { root: &event, overlay: &[("formVariables", &form)] };
            match self.template.render_into(context, self.options.strictly(), out) {
                Err(next) if next.span != error.span => error = next,
                _ => break,
            }
        }
        out.clear();
        match self.template.render_into(context, self.options, out) {
            Ok(()) => true,
            Err(error) if matches!(error.kind, RenderErrorKind::UnknownHelper(_)) => false,
            Err(error) => {
                failures.push(Failure { reading: self.index, error });
                failures.dedup_by(|one, other| one.reading == other.reading && one.error.span == other.error.span);
                false
            }
        }
    }

    #[expect(clippy::too_many_arguments, reason = "all that is known of one missing name, in one place")]
    fn note(
        &self,
        missing: &mut Vec<Missing>,
        name: &str,
        guard: String,
        span: Range<usize>,
        sample: &SampleEvent<'_>,
        reference: bool,
        form: bool,
    ) {
        match missing.iter_mut().find(|other| other.name == name) {
            Some(known) => {
                if !known.samples.iter().any(|other| other == sample.name) {
                    known.samples.push(sample.name.to_owned());
                }
                if guard.len() < known.guard.len() {
                    known.guard = guard;
                }
                known.reference |= reference;
            }
            None => missing.push(Missing {
                reading: self.index,
                span,
                name: name.to_owned(),
                guard,
                samples: vec![sample.name.to_owned()],
                reference,
                form,
            }),
        }
    }
}

/// The shortest part of `path` that the event lacks: that is what has to be asked about.
pub(super) fn first_absent(event: &Value<'_>, path: &[String]) -> String {
    let names: Vec<&str> = path.iter().map(String::as_str).collect();
    let end = (1..names.len()).find(|end| event.at(&names[..*end]).is_none_or(|value| *value == Value::Null));
    written(&names[..end.unwrap_or(names.len())])
}

/// A copy with an empty text at `path`; what stands in its way becomes an object.
pub(super) fn filled_in<'a>(event: &Value<'a>, path: &[&str]) -> Value<'a> {
    let mut event = event.clone();
    for end in 1..path.len() {
        if event.at(&path[..end]).is_none_or(|value| value.as_object().is_none()) {
            event = edit::set(&event, &path[..end], Some(Value::Object(Object::default())));
        }
    }
    edit::set(&event, path, Some(Value::text("")))
}

/// What a field holds in the event that breaks, in words, seen from one that does not.
fn state(broken: &Value<'_>, working: &Value<'_>, path: &[String]) -> String {
    let names: Vec<&str> = path.iter().map(String::as_str).collect();
    let there = working.at(&names).is_some();
    match broken.at(&names) {
        None => "is absent".to_owned(),
        Some(Value::Null) => "is null".to_owned(),
        Some(Value::Bool(flag)) => format!("is {flag}"),
        Some(Value::Array(items)) => match items.len() {
            0 => "is an empty list".to_owned(),
            1 => "has one item".to_owned(),
            _ => "has items".to_owned(),
        },
        Some(Value::String(text)) if text.is_empty() => "is empty".to_owned(),
        Some(Value::String(text)) if text.contains(super::hostile::NASTY) => {
            "holds quotes, line breaks and the like".to_owned()
        }
        Some(_) if !there => "is there".to_owned(),
        Some(Value::String(_)) if working.at(&names).and_then(Value::as_str) == Some("") => "is not empty".to_owned(),
        Some(Value::String(text)) if text.len() < 40 => format!("is `{text}`"),
        Some(Value::String(_)) => "is a long text".to_owned(),
        Some(_) => "is there".to_owned(),
    }
}
