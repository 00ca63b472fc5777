//! Findings as one JSON document.

use std::io::{self, Write};

use serde::Serialize;

use super::findings::Counts;
use super::texts::Located;
use crate::finding::Severity;

#[derive(Serialize)]
struct Document<'f> {
    findings: Vec<Entry<'f>>,
    integrations: usize,
    errors: usize,
    warnings: usize,
}

#[derive(Serialize)]
struct Entry<'f> {
    rule: &'f str,
    severity: Severity,
    file: String,
    line: usize,
    column: usize,
    pointer: Option<&'f str>,
    message: &'f str,
    help: Option<&'f str>,
}

pub(super) fn print(out: &mut impl Write, located: &[Located<'_>], counts: Counts) -> io::Result<()> {
    let findings = located
        .iter()
        .map(|located| Entry {
            rule: located.finding.rule,
            severity: located.finding.severity,
            file: located.file(),
            line: located.line,
            column: located.column,
            pointer: located.finding.place.pointer.as_deref(),
            message: &located.finding.message,
            help: located.finding.help.as_deref(),
        })
        .collect();
    let Counts { integrations, errors, warnings } = counts;
    serde_json::to_writer_pretty(&mut *out, &Document { findings, integrations, errors, warnings })?;
    writeln!(out)
}
