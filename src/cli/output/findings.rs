//! Findings, in every format: `validate` prints them all, other commands those that stopped them.

use std::collections::HashSet;
use std::io::{self, Write};

use super::texts::{Located, Texts};
use super::{github, human, json, sarif};
use crate::cli::environment::Environment;
use crate::finding::{Finding, Severity};

/// How findings are printed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub(in crate::cli) enum Format {
    /// For people: the line, underlined, and the remedy
    #[default]
    Human,
    /// For programs: one JSON document
    Json,
    /// For code scanners: SARIF 2.1.0
    Sarif,
    /// For GitHub Actions: workflow annotations
    Github,
}

/// How many of what there were.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::cli) struct Counts {
    pub(in crate::cli) integrations: usize,
    pub(in crate::cli) errors: usize,
    pub(in crate::cli) warnings: usize,
}

impl Counts {
    /// Counts the findings of a number of integrations.
    pub(in crate::cli) fn of(findings: &[Finding], integrations: usize) -> Self {
        let errors = findings.iter().filter(|finding| finding.severity == Severity::Error).count();
        Counts { integrations, errors, warnings: findings.len() - errors }
    }
}

/// Puts findings in the order of files, lines and columns, and tells each once.
pub(in crate::cli) fn in_order(findings: &mut Vec<Finding>) {
    // Stable: of one place, what loading found comes first, then rule by rule.
    findings.sort_by(|one, other| {
        let key = |finding: &Finding| (finding.place.span.start, finding.place.span.end);
        (&one.place.file, key(one)).cmp(&(&other.place.file, key(other)))
    });
    let mut told = HashSet::new();
    findings.retain(|finding| {
        let place = &finding.place;
        told.insert((finding.rule, place.file.clone(), place.span.clone(), finding.message.clone()))
    });
}

/// Prints findings, which are in order.
pub(in crate::cli) fn print(
    out: &mut impl Write,
    format: Format,
    findings: &[Finding],
    counts: Counts,
    environment: &Environment,
) -> io::Result<()> {
    if format == Format::Human {
        print_for_people(out, findings, environment)?;
        return human::summary(out, counts);
    }
    let mut texts = Texts::default();
    let located: Vec<Located<'_>> = findings.iter().map(|finding| texts.locate(finding)).collect();
    match format {
        Format::Human => Ok(()),
        Format::Json => json::print(out, &located, counts),
        Format::Sarif => sarif::print(out, &located, &environment.folder),
        Format::Github => github::print(out, &located, &environment.folder),
    }
}

/// Prints findings for people without a summary: for commands that stop because of them.
pub(in crate::cli) fn print_for_people(
    out: &mut impl Write,
    findings: &[Finding],
    environment: &Environment,
) -> io::Result<()> {
    let mut texts = Texts::default();
    let located: Vec<Located<'_>> = findings.iter().map(|finding| texts.locate(finding)).collect();
    human::print(out, &located, &texts, environment)
}
