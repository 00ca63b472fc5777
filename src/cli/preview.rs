//! `flagpost preview`.

use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;

use super::chance::Chance;
use super::environment::Environment;
use super::error::CliError;
use super::events::{self, EventSource};
use super::exit::Exit;
use super::form_arguments::{FormArguments, FormFailure};
use super::integration_argument::{load, tell_errors};
use super::shown::ShownPlan;
use crate::dispatch::{self, Plan, PlanError, PlanErrorKind, Settings, SkipReason, Subscription};
use crate::event::Event;
use crate::form::FormValues;
use crate::outbound::OutboundRequest;

#[derive(Debug, clap::Args)]
pub(super) struct PreviewArgs {
    /// Folder of the integration
    directory: PathBuf,

    /// An event's file, or `-` for standard input; without one, the first sample that the policy lets through
    #[arg(long = "context", value_name = "FILE")]
    contexts: Vec<PathBuf>,

    /// Take the first sample event of this kind: `flag`, `project`, `environment`, `member`, …
    #[arg(long, value_name = "KIND", conflicts_with = "contexts")]
    kind: Option<String>,

    #[command(flatten)]
    form: FormArguments,

    /// How the request is shown; `json` prints one object, or a list of them for several contexts
    #[arg(long, value_enum, default_value_t)]
    format: Format,

    /// Render as the reference's preview does, for comparing; nothing is ever sent like this
    #[arg(long)]
    compat: bool,

    /// Show the secrets of the form as they are
    #[arg(long)]
    show_secrets: bool,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// For people
    #[default]
    Human,
    /// A command that sends the same request
    Curl,
    /// For programs
    Json,
}

pub(super) fn run(args: &PreviewArgs, environment: &Environment) -> Result<Exit, CliError> {
    let integration = Arc::new(load(&args.directory, environment)?.integration);
    let given = match args.form.read(&integration.manifest) {
        Ok(form) => form,
        Err(FormFailure::Command(error)) => return Err(error),
        Err(FormFailure::Form(errors)) => return form_exit(&errors, environment),
    };
    let form = dispatch::fill_in(&integration.manifest, &given);
    let moment = Chance.moment();
    let subscribe = |form: &FormValues, placeholders: bool| {
        Subscription::new(
            &integration,
            form,
            Settings { compat: args.compat, placeholders, moment, ..Settings::default() },
        )
    };
    let real = match subscribe(&form, form != given) {
        Ok(subscription) => subscription,
        Err(errors) => return form_exit(&errors, environment),
    };
    let masked = dispatch::masked(&integration.manifest, &form);
    let hides = masked != form && !args.show_secrets;
    // Masks are planned, not painted over: a secret is nowhere in what is shown, however a template spells it.
    let shown = if hides { subscribe(&masked, true).ok() } else { None };

    let standing_in = dispatch::placeholders(if hides { &masked } else { &form }, &given);

    // A sample that passes the policy and is then left out by an empty template would show nothing.
    let rank = |event: &Event<'_>| match real.plan(event) {
        Ok(Plan::Skip(SkipReason::Denied | SkipReason::NotAllowed)) => 2,
        Ok(Plan::Skip(_)) => 1,
        Ok(Plan::Send(_)) | Err(_) => 0,
    };
    let sources = events::choose(&args.contexts, args.kind.as_deref(), &args.directory, rank)?;
    let mut plans = Vec::with_capacity(sources.len());
    for source in &sources {
        let event = source.event()?;
        let plan = real.plan(&event).map(|plan| match &shown {
            Some(shown) => hide(plan, shown.plan(&event), &real),
            None => plan,
        });
        let plan = plan.map(|plan| with_plain(plan, &standing_in));
        let ruling = integration.manifest.hook().map(|_| real.ruling(&event));
        let added =
            plan.as_ref().ok().and_then(sent).map(|request| real.profile().stamp.added(request)).unwrap_or_default();
        plans.push(ShownPlan { event: name(source, &event), ruling, plan, added });
    }
    show(args.format, &plans, &standing_in, environment)?;
    if hides && plans.iter().any(|plan| matches!(plan.plan, Ok(Plan::Send(_)))) {
        writeln!(environment.stderr(), "note: secrets are masked; `--show-secrets` shows them")?;
    }
    Ok(exit(&plans))
}

/// What is shown of a plan: the one made with masks, with the signatures of the real one. They prove who
/// sent the body and do not tell the secret, and made with a mask they would be wrong.
fn hide(real: Plan, masked: Result<Plan, PlanError>, subscription: &Subscription) -> Plan {
    let Plan::Send(real) = real else { return real };
    match masked {
        Ok(Plan::Send(mut masked)) => {
            let signed = subscription.profile().stamp.steady_signatures(&real).unwrap_or_default();
            for (name, value) in signed {
                for header in masked.headers.iter_mut().filter(|(own, _)| own.eq_ignore_ascii_case(&name)) {
                    header.1.clone_from(&value);
                }
            }
            Plan::Send(masked)
        }
        // A template that takes another way for a mask than for the secret: then the real one, painted over.
        _ => {
            let mask = subscription.mask();
            let mut painted = real;
            painted.url = mask.apply(&painted.url);
            painted.body = mask.apply(&painted.body);
            for (_, value) in &mut painted.headers {
                *value = mask.apply(value);
            }
            Plan::Send(painted)
        }
    }
}

/// A plan that shows placeholders as they are, also where a template encodes them.
fn with_plain(plan: Plan, placeholders: &[String]) -> Plan {
    let Plan::Send(mut request) = plan else { return plan };
    let plain = |text: &mut String| *text = dispatch::with_plain_placeholders(text, placeholders);
    plain(&mut request.url);
    plain(&mut request.body);
    for (_, value) in &mut request.headers {
        *value = dispatch::with_plain_credentials(value, placeholders);
        plain(value);
    }
    Plan::Send(request)
}

fn sent(plan: &Plan) -> Option<&OutboundRequest> {
    match plan {
        Plan::Send(request) => Some(request),
        Plan::Skip(_) => None,
    }
}

fn name(source: &EventSource, event: &Event<'_>) -> String {
    match event.kind() {
        "" => source.name.clone(),
        kind => format!("{} (kind `{kind}`)", source.name),
    }
}

fn show(
    format: Format,
    plans: &[ShownPlan],
    placeholders: &[String],
    environment: &Environment,
) -> Result<(), CliError> {
    let mut out = environment.stdout();
    match (format, plans) {
        (Format::Human, _) => {
            for (at, plan) in plans.iter().enumerate() {
                if at > 0 {
                    writeln!(out)?;
                }
                plan.human(&mut out)?;
            }
        }
        (Format::Curl, _) => {
            for plan in plans {
                plan.curl(placeholders, &mut out)?;
                if plan.is_unsigned() {
                    let note =
                        "`$SIGNATURE` stands for a signature, which takes the secret to make: give it with `--form`";
                    writeln!(environment.stderr(), "note: {note}")?;
                }
                if let Some(reason) = plan.skipped() {
                    writeln!(environment.stderr(), "{}: nothing to send: {reason}", plan.event)?;
                }
            }
        }
        // For one event an object; if it could not be planned, standard error has it all.
        (Format::Json, [plan]) if plan.plan.is_ok() => writeln!(out, "{:#}", plan.json())?,
        (Format::Json, [_]) => {}
        (Format::Json, _) => {
            writeln!(out, "{:#}", serde_json::Value::Array(plans.iter().map(ShownPlan::json).collect()))?;
        }
    }
    out.flush()?;
    for plan in plans {
        if let Err(error) = &plan.plan {
            tell_errors(std::slice::from_ref(error), environment)?;
        }
    }
    Ok(())
}

fn exit(plans: &[ShownPlan]) -> Exit {
    if plans.iter().any(|plan| plan.plan.is_err()) {
        Exit::Errors
    } else if plans.iter().all(|plan| plan.skipped().is_some()) {
        Exit::NotSent
    } else {
        Exit::Done
    }
}

/// Mistakes of the form are the user's own, on this very command line; the others are the author's.
pub(super) fn form_exit(errors: &[PlanError], environment: &Environment) -> Result<Exit, CliError> {
    tell_errors(errors, environment)?;
    let form = errors.iter().all(|error| matches!(error.kind, PlanErrorKind::Form(_)));
    Ok(if form { Exit::Usage } else { Exit::Errors })
}
