//! `flagpost send`.

use std::io::Write;
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::chance::{Chance, SystemClock};
use super::environment::Environment;
use super::error::CliError;
use super::events::EventSource;
use super::exit::Exit;
use super::form_arguments::{FormArguments, FormFailure};
use super::integration_argument::{LoadedIntegration, load, tell_errors};
use super::preview::form_exit;
use super::shown::{verdict_word, visible};
use crate::delivery::{
    AddressGuard, Attempt, Ending, Limits, Order, Profile, Sender, StopReason, SystemResolver, deliver,
};
use crate::dispatch::{Plan, Settings, Subscription};
use crate::secret::Mask;

/// What is shown of an answer that was no success.
const SHOWN_ANSWER: usize = 2_000;

#[derive(Debug, clap::Args)]
pub(super) struct SendArgs {
    /// Folder of the integration
    directory: PathBuf,

    /// The event's file, or `-` for standard input
    #[arg(long, value_name = "FILE")]
    context: PathBuf,

    #[command(flatten)]
    form: FormArguments,

    /// Allow a receiver on this machine or in a private network
    #[arg(long)]
    allow_private: bool,

    /// Deliver by this retry profile in place of the integration's own
    #[arg(long, value_name = "NAME")]
    profile: Option<String>,

    /// Attempts in all, in place of the profile's number
    #[arg(long, value_name = "N")]
    max_attempts: Option<NonZeroU32>,

    /// Seconds that one attempt may take, in place of the profile's
    #[arg(long, value_name = "SECONDS", value_parser = some_seconds)]
    timeout: Option<Duration>,

    /// Seconds of the longest pause to sit through; when the profile or the receiver asks for a longer one, this
    /// command stops
    #[arg(long, value_name = "SECONDS", value_parser = seconds, default_value = "60")]
    max_pause: Duration,
}

fn seconds(text: &str) -> Result<Duration, String> {
    let wrong = || "a number of seconds, as in `30` or `0.5`".to_owned();
    text.parse::<f64>().ok().and_then(|count| Duration::try_from_secs_f64(count).ok()).ok_or_else(wrong)
}

/// An attempt that may take no time can only fail.
fn some_seconds(text: &str) -> Result<Duration, String> {
    let wrong = || "more than no time, as in `30` or `0.5`".to_owned();
    seconds(text).and_then(|time| if time.is_zero() { Err(wrong()) } else { Ok(time) })
}

pub(super) fn run(args: &SendArgs, environment: &Environment) -> Result<Exit, CliError> {
    let profile = args.profile.as_deref().map(named).transpose()?;
    let LoadedIntegration { integration, errors } = load(&args.directory, environment)?;
    if errors > 0 {
        let message = format!("`{}` has mistakes, and nothing is sent by it", args.directory.display());
        return Err(CliError::failed(message).help("mend them, or look at it with `preview`"));
    }
    let integration = Arc::new(integration);
    let form = match args.form.read(&integration.manifest) {
        Ok(form) => form,
        Err(FormFailure::Command(error)) => return Err(error),
        Err(FormFailure::Form(errors)) => return form_exit(&errors, environment),
    };
    let source = EventSource::read(&args.context)?;
    let event = source.event()?;
    let chance = Chance;
    let settings = Settings { profile: profile.as_ref(), moment: chance.moment(), ..Settings::default() };
    let subscription = match Subscription::new(&integration, &form, settings) {
        Ok(subscription) => subscription,
        Err(errors) => return form_exit(&errors, environment),
    };
    let request = match subscription.plan(&event) {
        Ok(Plan::Send(request)) => request,
        Ok(Plan::Skip(reason)) => {
            let mut out = environment.stdout();
            let ruling = subscription.ruling(&event);
            writeln!(out, "decision  {}: {}", verdict_word(ruling.verdict), visible(&ruling.reason))?;
            writeln!(out, "nothing to send: {}", visible(&reason.to_string()))?;
            return Ok(Exit::NotSent);
        }
        Err(error) => {
            tell_errors(&[error], environment)?;
            return Ok(Exit::Errors);
        }
    };
    let mut profile = subscription.profile().clone();
    profile.schedule.attempts = args.max_attempts.unwrap_or(profile.schedule.attempts);
    profile.timeout = args.timeout.unwrap_or(profile.timeout);
    let order =
        Order { request: &request, profile: &profile, id: &chance.delivery_id(), longest_pause: args.max_pause };
    carry_out(&order, args, subscription.mask(), environment)
}

fn named(name: &str) -> Result<Profile, CliError> {
    Profile::named(name).ok_or_else(|| {
        let help = match crate::finding::near_miss(name, Profile::names()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!(
                "the profiles are {}",
                Profile::names().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
            ),
        };
        CliError::usage(format!("no delivery profile is named `{name}`")).help(help)
    })
}

fn carry_out(order: &Order<'_>, args: &SendArgs, mask: &Mask, environment: &Environment) -> Result<Exit, CliError> {
    let guard = if args.allow_private { AddressGuard::allowing_private() } else { AddressGuard::public_only() };
    let sender = Sender::new(guard, SystemResolver, Limits::default());
    let (clock, chance) = (SystemClock::start(), Chance);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| CliError::failed(format!("cannot start: {error}")))?;
    let mut told = Ok(());
    let ending = runtime.block_on(async {
        let delivering = deliver(
            order,
            &sender,
            &clock,
            || chance.share(),
            |attempt| {
                let told_now = tell(attempt, mask, environment);
                if told.is_ok() {
                    told = told_now;
                }
            },
        );
        tokio::select! {
            ending = delivering => Some(ending),
            _ = tokio::signal::ctrl_c() => None,
        }
    });
    told?;
    let mut stderr = environment.stderr();
    match ending {
        Some(Ending::Delivered { attempts }) => {
            writeln!(environment.stdout(), "delivered after {}", counted(attempts))?;
            return Ok(Exit::Done);
        }
        Some(Ending::Undelivered { attempts, reason }) => {
            let why = explain(&reason, order, args);
            writeln!(stderr, "error: not delivered after {}: {why}", counted(attempts))?;
            if let StopReason::TooLongAPause(pause) = reason {
                let wait = pause.as_secs_f64().ceil();
                writeln!(stderr, "  = help: `--max-pause {wait}` sits through it")?;
            }
        }
        None => writeln!(stderr, "error: not delivered: interrupted")?,
    }
    Ok(Exit::Refused)
}

fn counted(attempts: NonZeroU32) -> String {
    if attempts.get() == 1 { "1 attempt".to_owned() } else { format!("{attempts} attempts") }
}

fn explain(reason: &StopReason, order: &Order<'_>, args: &SendArgs) -> String {
    match reason {
        StopReason::Final => format!("the profile `{}` takes this for final", order.profile.name),
        StopReason::Gone => "the receiver says that it is gone for good".to_owned(),
        StopReason::Exhausted if args.max_attempts.is_some() => {
            format!("no attempt is left: `--max-attempts` allows {}", order.profile.schedule.attempts)
        }
        StopReason::Exhausted => format!("no attempt is left by the profile `{}`", order.profile.name),
        StopReason::TooLongAPause(pause) => format!("the next attempt is due in {}", shown_pause(*pause)),
        StopReason::Unsendable => "the request cannot be sent".to_owned(),
    }
}

fn tell(attempt: &Attempt, mask: &Mask, environment: &Environment) -> Result<(), CliError> {
    let mut out = environment.stdout();
    write!(out, "attempt {} of {}: ", attempt.number, attempt.of)?;
    match &attempt.outcome {
        Ok(answer) => {
            write!(out, "{}", answer.status)?;
            if let Some(reason) = answer.reason() {
                write!(out, " {reason}")?;
            }
            if let Some(address) = answer.address {
                write!(out, " from {address}")?;
            }
        }
        Err(failure) => write!(out, "{}", visible(&mask.apply(&failure.message)))?,
    }
    write!(out, ", {} ms", attempt.took.as_millis())?;
    match attempt.next {
        Some(pause) => writeln!(out, "; next in {}", shown_pause(pause))?,
        None => writeln!(out)?,
    }
    match &attempt.outcome {
        Ok(answer) if !(200..300).contains(&answer.status) => {
            if mask.is_blind() && !answer.body.is_empty() {
                writeln!(out, "  (the answer is not shown: a secret of the form is too short to be found in it)")?;
                out.flush()?;
                return Ok(());
            }
            let body = mask.apply(&String::from_utf8_lossy(&answer.body));
            let shown: String = body.chars().take(SHOWN_ANSWER).collect();
            for line in visible(&shown).lines() {
                writeln!(out, "  | {line}")?;
            }
            if answer.truncated || shown.len() < body.len() {
                writeln!(out, "  | …")?;
            }
        }
        Err(failure) => {
            if let Some(help) = &failure.help {
                writeln!(out, "  = help: {help}")?;
            }
        }
        Ok(_) => {}
    }
    out.flush()?;
    Ok(())
}

fn shown_pause(pause: Duration) -> String {
    match pause.as_secs() {
        0 => format!("{} ms", pause.as_millis()),
        seconds @ 1..=119 => format!("{seconds} s"),
        seconds @ 120..=7_199 => format!("{} min", seconds / 60),
        seconds => format!("{} h", seconds / 3_600),
    }
}
