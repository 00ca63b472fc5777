//! `flagpost list`.

use std::io::Write;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::environment::Environment;
use super::error::CliError;
use super::exit::Exit;
use crate::catalog::{Catalog, CatalogError, Integration};
use crate::finding::{Finding, Severity};
use crate::manifest::AuditLogEventsHook;
use crate::policy::{Effect, Statement};

#[derive(Debug, clap::Args)]
pub(super) struct ListArgs {
    /// An integration, or a folder of them [default: integrations]
    path: Option<PathBuf>,
    /// How the list is printed
    #[arg(long, value_enum, default_value_t = Format::Human)]
    format: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// A line for each integration, in columns
    Human,
    /// One JSON document
    Json,
}

pub(super) fn run(args: &ListArgs, environment: &Environment) -> Result<Exit, CliError> {
    let paths: Vec<PathBuf> = args.path.iter().cloned().collect();
    let catalog = Catalog::open(&paths).map_err(told)?;
    let entries = entries(&catalog);
    let mut stdout = environment.stdout();
    match args.format {
        Format::Human => print_columns(&mut stdout, &entries)?,
        Format::Json => {
            let document = serde_json::json!({ "integrations": entries });
            writeln!(stdout, "{document:#}")?;
        }
    }
    let broken = entries.iter().filter(|entry| !entry.broken.is_empty()).count();
    if broken > 0 {
        let path = args.path.as_deref().map(|path| format!(" {}", path.display())).unwrap_or_default();
        writeln!(environment.stderr(), "{broken} of {} broken: `flagpost validate{path}` says why", entries.len())?;
    }
    Ok(Exit::Done)
}

fn told(error: CatalogError) -> CliError {
    CliError::usage(error.to_string()).help("name a folder of integrations, or start one with `flagpost new`")
}

/// One integration of the list.
#[derive(Debug, Serialize)]
struct Entry {
    key: String,
    name: String,
    version: String,
    directory: String,
    /// Whether it stays off the page of integrations.
    hidden: bool,
    capabilities: Vec<String>,
    /// Kinds of events with a template of their own; `*` is every other kind.
    kinds: Vec<&'static str>,
    policy: Vec<Statement>,
    /// Why it cannot be used; empty when it can.
    broken: Vec<String>,
}

/// Every integration, broken ones among them, in the order of their keys.
fn entries(catalog: &Catalog) -> Vec<Entry> {
    let mut entries: Vec<Entry> = catalog.integrations.iter().map(entry).collect();
    for finding in catalog.findings.iter().filter(|finding| finding.severity == Severity::Error) {
        let file = &finding.place.file;
        let known = catalog.integrations.iter().position(|integration| file.starts_with(&integration.directory));
        match known {
            Some(index) => entries[index].broken.push(finding.message.clone()),
            None => unreadable(&mut entries, finding),
        }
    }
    entries.sort_by(|one, other| one.key.cmp(&other.key).then_with(|| one.directory.cmp(&other.directory)));
    entries
}

/// Adds a finding of a folder whose manifest could not be read.
fn unreadable(entries: &mut Vec<Entry>, finding: &Finding) {
    let folder = finding.place.file.parent().unwrap_or(Path::new("."));
    let directory = folder.display().to_string();
    if let Some(entry) = entries.iter_mut().find(|entry| entry.directory == directory) {
        entry.broken.push(finding.message.clone());
        return;
    }
    let key = folder.file_name().map_or_else(|| directory.clone(), |name| name.to_string_lossy().into_owned());
    entries.push(Entry {
        key,
        name: String::new(),
        version: String::new(),
        directory,
        hidden: false,
        capabilities: Vec::new(),
        kinds: Vec::new(),
        policy: Vec::new(),
        broken: vec![finding.message.clone()],
    });
}

fn entry(integration: &Integration) -> Entry {
    let manifest = &integration.manifest;
    let hook = manifest.hook();
    let capabilities = integration.source.json.get("capabilities").and_then(serde_json::Value::as_object);
    Entry {
        key: integration.key.clone(),
        name: one_line(&manifest.name),
        version: one_line(&manifest.version),
        directory: integration.directory.display().to_string(),
        hidden: manifest.hide_on_integrations_page,
        capabilities: capabilities.map(|members| members.keys().cloned().collect()).unwrap_or_default(),
        kinds: hook.map(kinds).unwrap_or_default(),
        policy: hook.and_then(|hook| hook.default_policy.clone()).unwrap_or_default(),
        broken: Vec::new(),
    }
}

fn kinds(hook: &AuditLogEventsHook) -> Vec<&'static str> {
    if hook.use_standard_webhook_payload {
        return vec!["*"];
    }
    // `validation` serves a button, not a kind of event.
    let named = hook.templates.named().map(|(kind, _)| kind).filter(|kind| *kind != "validation");
    named.map(|kind| if kind == "default" { "*" } else { kind }).collect()
}

/// A text of a manifest, fit for a line of a table.
fn one_line(text: &str) -> String {
    text.chars().map(|character| if character.is_control() { ' ' } else { character }).collect()
}

/// Longer names would push the other columns out of a terminal.
const LONGEST_NAME: usize = 28;

fn shortened(name: &str) -> String {
    if name.chars().count() <= LONGEST_NAME {
        return name.to_owned();
    }
    let kept: String = name.chars().take(LONGEST_NAME - 1).collect();
    format!("{}…", kept.trim_end())
}

const HEADINGS: [&str; 6] = ["KEY", "NAME", "VERSION", "KINDS", "POLICY", "CAPABILITIES"];

fn print_columns(out: &mut impl Write, entries: &[Entry]) -> std::io::Result<()> {
    let rows: Vec<[String; 6]> = entries.iter().map(row).collect();
    let width = |column: usize| {
        let cells = rows.iter().map(|row| row[column].chars().count());
        cells.chain([HEADINGS[column].len()]).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..HEADINGS.len()).map(width).collect();
    let headings = HEADINGS.map(str::to_owned);
    for row in std::iter::once(&headings).chain(&rows) {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(&widths) {
            let padding = width.saturating_sub(cell.chars().count()) + 2;
            line.push_str(cell);
            line.extend(std::iter::repeat_n(' ', padding));
        }
        writeln!(out, "{}", line.trim_end())?;
    }
    Ok(())
}

/// One line, so that `grep` finds whole integrations; what is not there is `-`, so that columns can be counted.
fn row(entry: &Entry) -> [String; 6] {
    let or_dash = |text: String| if text.is_empty() { "-".to_owned() } else { text };
    let last = match entry.broken.as_slice() {
        [] => or_dash(entry.capabilities.join(",")),
        [only] => format!("broken: {}", one_line(only)),
        [first, more @ ..] => format!("broken: {} (and {} more)", one_line(first), more.len()),
    };
    let name = shortened(&entry.name);
    let name = if entry.hidden { format!("{name} (hidden)") } else { name };
    [
        or_dash(one_line(&entry.key)),
        or_dash(name),
        or_dash(entry.version.clone()),
        or_dash(entry.kinds.join(",")),
        or_dash(policy_summary(&entry.policy)),
        last,
    ]
}

/// The first statement and how many there are besides.
fn policy_summary(policy: &[Statement]) -> String {
    let Some((first, more)) = policy.split_first() else { return String::new() };
    let effect = match first.effect.unwrap_or_default() {
        Effect::Allow => "allow",
        Effect::Deny => "deny",
    };
    let resources = listed(first.resources.as_deref(), first.not_resources.as_deref(), "resources");
    let actions = match listed(first.actions.as_deref(), first.not_actions.as_deref(), "actions").as_str() {
        "*" => String::new(),
        actions => format!(" ({actions})"),
    };
    let more = if more.is_empty() { String::new() } else { format!(" +{}", more.len()) };
    one_line(&format!("{effect} {resources}{actions}{more}"))
}

/// One of them by name, several by number.
fn listed(these: Option<&[String]>, all_but: Option<&[String]>, what: &str) -> String {
    match (these, all_but) {
        (Some([only]), _) => only.clone(),
        (Some(several), _) => format!("{} {what}", several.len()),
        (None, Some([only])) => format!("all but {only}"),
        (None, Some(several)) => format!("all but {} {what}", several.len()),
        (None, None) => "*".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::{Entry, policy_summary, row};
    use crate::policy::Statement;

    fn summary(policy: &str) -> String {
        policy_summary(&serde_json::from_str::<Vec<Statement>>(policy).unwrap_or_default())
    }

    #[test]
    fn a_policy_is_told_by_its_first_statement() {
        for (policy, told) in [
            ("[]", ""),
            ("[{}]", "allow *"),
            (r#"[{"effect":"allow","resources":["proj/*"],"actions":["*"]}]"#, "allow proj/*"),
            (r#"[{"effect":"deny","resources":["a/*","b/*"],"actions":["x"]},{}]"#, "deny 2 resources (x) +1"),
            (r#"[{"notResources":["acct"],"notActions":["x","y"]}]"#, "allow all but acct (all but 2 actions)"),
            (r#"[{"resources":[],"actions":[]}]"#, "allow 0 resources (0 actions)"),
        ] {
            assert_eq!(summary(policy), told, "{policy}");
        }
    }

    #[test]
    fn a_row_has_no_empty_cell_and_no_second_line() {
        let entry = Entry {
            key: "a\nb".to_owned(),
            name: String::new(),
            version: String::new(),
            directory: String::new(),
            hidden: false,
            capabilities: Vec::new(),
            kinds: Vec::new(),
            policy: Vec::new(),
            broken: vec!["one\ntwo".to_owned(), "three".to_owned()],
        };
        assert_eq!(row(&entry), ["a b", "-", "-", "-", "-", "broken: one two (and 1 more)"]);
    }
}
