//! `flagpost explain`: the decision of a policy, and why.

mod policy_file;

use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use clap::{ArgGroup, ValueEnum};

use super::environment::Environment;
use super::error::CliError;
use super::exit::Exit;
use super::integration_argument;
use crate::event::Event;
use crate::policy::{self, Explanation, Policy, Resource, Statement, Target, UnstatedTags, Verdict};
use policy_file::{PolicyFile, Trouble};

/// Where the policy is, and what it is asked about.
#[derive(Debug, clap::Args)]
#[command(
    group(ArgGroup::new("policy_of").required(true).args(["directory", "policy"])),
    group(ArgGroup::new("question").required(true).args(["context", "resource"])),
    after_help = "Statements are counted from 1 in text, and from 0 in JSON.\n\
                  Exit status: 0 whatever was decided, 1 when the policy has mistakes, 2 when something cannot be read."
)]
pub(super) struct ExplainArgs {
    /// Integration folder whose default policy is asked
    #[arg(value_name = "DIR")]
    directory: Option<PathBuf>,
    /// JSON file with a list of statements, alone or as `statements`, `policy` or `defaultPolicy`; `-` is standard input
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// Event, as templates see it or with the `accesses` of an audit log entry; `-` is standard input
    #[arg(long, value_name = "EVENT.json")]
    context: Option<PathBuf>,
    /// Resource, with its tags: `proj/web:env/test:flag/nav;ops`; what has no `;` has no tags
    #[arg(long, requires = "action")]
    resource: Option<String>,
    /// What is done to the resource: `updateOn`
    #[arg(long, requires = "resource")]
    action: Option<String>,
    /// For people or for programs
    #[arg(long, value_enum, default_value_t = Format::Human)]
    format: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Human,
    Json,
}

pub(super) fn run(args: &ExplainArgs, environment: &Environment) -> Result<Exit, CliError> {
    if args.policy.as_deref().is_some_and(is_standard_input) && args.context.as_deref().is_some_and(is_standard_input) {
        return Err(CliError::usage("standard input cannot be both the policy and the event"));
    }
    let file = match (&args.directory, &args.policy) {
        (Some(directory), _) => of_directory(directory, environment)?,
        (None, Some(file)) => PolicyFile::read(file)?,
        // Parsing the arguments has seen to it that there is one.
        (None, None) => return Err(CliError::usage("no policy was named")),
    };
    let (policy, warnings) = compiled(&file, environment)?;
    for finding in &file.findings {
        environment.stderr().write_all(file.describe_finding(finding).as_bytes())?;
    }
    for warning in &warnings {
        environment.stderr().write_all(file.describe(warning).as_bytes())?;
    }
    let bytes;
    let event;
    let targets = match (&args.context, &args.resource) {
        (Some(context), _) => {
            bytes = read_bytes(context)?;
            event = parse_event(context, &bytes)?;
            event.targets()
        }
        (None, Some(resource)) => {
            let resource = Resource::parse(resource, UnstatedTags::Empty).map_err(|error| {
                CliError::usage(error.to_string()).help("write it like `proj/web:env/test:flag/nav`")
            })?;
            vec![Target { resource, action: args.action.as_deref().unwrap_or_default().into() }]
        }
        (None, None) => Vec::new(),
    };
    let explanation = policy.explain(&targets);
    let mut stdout = environment.stdout();
    match args.format {
        Format::Human => stdout.write_all(told(&explanation, targets.len()).as_bytes())?,
        Format::Json => {
            let line = serde_json::to_string(&explanation).map_err(std::io::Error::from)?;
            writeln!(stdout, "{line}")?;
        }
    }
    stdout.flush()?;
    Ok(Exit::Done)
}

/// The default policy of the integration in a folder. What `validate` finds while loading it is told here too.
fn of_directory(directory: &Path, environment: &Environment) -> Result<PolicyFile, CliError> {
    // Somebody who names the manifest means the same.
    let is_manifest = directory.is_file() && directory.file_name().is_some_and(|name| name == "manifest.json");
    let folder = match directory.parent() {
        Some(parent) if is_manifest && parent.as_os_str().is_empty() => Path::new("."),
        Some(parent) if is_manifest => parent,
        _ => directory,
    };
    let loaded = integration_argument::load(folder, environment);
    let loaded = loaded.map_err(|error| CliError { exit: Exit::Usage, ..error })?;
    PolicyFile::of_integration(loaded.integration)
}

/// The policy and what is odd about it; or every mistake on standard error.
fn compiled(file: &PolicyFile, environment: &Environment) -> Result<(Policy, Vec<Trouble>), CliError> {
    let (statements, _) = Statement::read_all(&file.statements);
    let warnings = policy::warnings(&statements).into_iter().map(Trouble::from).collect();
    match Policy::from_json(&file.statements) {
        Ok(policy) => Ok((policy, warnings)),
        Err(errors) => {
            let count = errors.len();
            let mut troubles: Vec<Trouble> = errors.into_iter().map(Trouble::from).chain(warnings).collect();
            troubles.sort_by_key(|trouble| file.position_of(trouble));
            for finding in &file.findings {
                environment.stderr().write_all(file.describe_finding(finding).as_bytes())?;
            }
            for trouble in &troubles {
                environment.stderr().write_all(file.describe(trouble).as_bytes())?;
            }
            let mistakes = if count == 1 { "a mistake".to_owned() } else { format!("{count} mistakes") };
            Err(CliError::failed(format!("the policy in `{}` has {mistakes}, so nothing was decided", file.name)))
        }
    }
}

/// The explanation in sentences.
fn told(explanation: &Explanation<'_>, targets: usize) -> String {
    let decision = &explanation.decision;
    let what = match (decision.action(), decision.resource().as_str()) {
        ("", "") => "the event".to_owned(),
        ("", resource) => format!("`{resource}`"),
        (action, "") => format!("`{action}`"),
        (action, resource) => format!("`{action}` on `{resource}`"),
    };
    let heading = match decision.verdict {
        Verdict::Allow => format!("allow: {what} goes through"),
        Verdict::Deny => format!("deny: {what} is held back"),
        Verdict::None => format!("none: no statement speaks of {what}, so it stays"),
    };
    let mut text = format!("{heading}\n  {}\n", explanation.reason());
    for difference in &explanation.undecided {
        text.push_str(&format!("  {difference}: what cannot be decided does not leave\n"));
    }
    if let Some(statement) = explanation.outweighed {
        text.push_str(&format!("  statement {} would allow it, but one deny outweighs any allow\n", statement + 1));
    }
    if targets > 1 {
        text.push_str(&format!("  the event has {targets} targets, and one that is allowed is enough\n"));
    }
    super::shown::visible(&text)
}

fn parse_event<'a>(path: &Path, bytes: &'a [u8]) -> Result<Event<'a>, CliError> {
    let event = Event::parse(bytes).map_err(|error| {
        let place = format!("{}:{}:{}", shown(path), error.line, error.column);
        CliError::usage(format!("the event is not JSON: {} at {place}", error.message))
    })?;
    match event.context.as_object() {
        Some(_) => Ok(event),
        None => Err(CliError::usage(format!("`{}` is no event: an event is a JSON object", shown(path)))),
    }
}

fn is_standard_input(path: &Path) -> bool {
    path == Path::new("-")
}

/// The file as users know it.
fn shown(path: &Path) -> String {
    if is_standard_input(path) { "standard input".to_owned() } else { path.display().to_string() }
}

fn read_bytes(path: &Path) -> Result<Vec<u8>, CliError> {
    let read = if is_standard_input(path) {
        let mut bytes = Vec::new();
        std::io::stdin().lock().read_to_end(&mut bytes).map(|_| bytes)
    } else {
        std::fs::read(path)
    };
    read.map_err(|error| CliError::usage(format!("cannot read `{}`: {error}", shown(path))))
}
