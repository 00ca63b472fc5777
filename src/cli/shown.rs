//! Plans as the user sees them: for people, for programs, for a shell.

use std::io::Write;

use super::curl;
use super::error::CliError;
use crate::dispatch::{Plan, PlanError, Ruling, SIGNATURE, SkipReason};
use crate::outbound::OutboundRequest;
use crate::policy::Verdict;

/// One event and what becomes of it.
pub(super) struct ShownPlan {
    pub(super) event: String,
    /// The policy's word; nothing is decided where there is no hook.
    pub(super) ruling: Option<Ruling>,
    pub(super) plan: Result<Plan, PlanError>,
    /// Names of headers that each attempt adds, with values of its own.
    pub(super) added: Vec<String>,
}

pub(super) fn verdict_word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Allow => "allow",
        Verdict::Deny => "deny",
        Verdict::None => "none",
    }
}

impl ShownPlan {
    pub(super) fn human(&self, out: &mut impl Write) -> Result<(), CliError> {
        writeln!(out, "event     {}", visible(&self.event))?;
        if let Some(ruling) = &self.ruling {
            let target = match ruling.action.as_str() {
                "" => ruling.target.clone(),
                action => format!("{action} on {}", ruling.target),
            };
            writeln!(out, "{}", format!("target    {}", visible(&target)).trim_end())?;
            writeln!(out, "decision  {}: {}", verdict_word(ruling.verdict), visible(&ruling.reason))?;
        }
        match &self.plan {
            Ok(Plan::Send(request)) => {
                writeln!(out, "\n{} {}", request.method, visible(&request.url))?;
                for (name, value) in &request.headers {
                    writeln!(out, "{}", visible(&format!("{name}: {value}")).trim_end())?;
                }
                if !self.added.is_empty() {
                    writeln!(out, "(each attempt adds {})", self.added.join(", "))?;
                }
                writeln!(out)?;
                if request.body.is_empty() && request.method == "GET" {
                    writeln!(out, "(no body: a `GET` carries none, so what the template makes is not sent)")?;
                } else if request.body.is_empty() {
                    writeln!(out, "(no body)")?;
                } else {
                    let body = visible(&request.body);
                    write!(out, "{body}{}", if body.ends_with('\n') { "" } else { "\n" })?;
                }
            }
            Ok(Plan::Skip(reason)) => writeln!(out, "\nnothing to send: {}", visible(&reason.to_string()))?,
            Err(_) => {}
        }
        Ok(())
    }

    /// The command alone, so that it can be piped into a shell, which fills in the placeholders.
    pub(super) fn curl(&self, placeholders: &[String], out: &mut impl Write) -> Result<(), CliError> {
        if let Ok(Plan::Send(request)) = &self.plan {
            writeln!(out, "{}", curl::command(request, placeholders))?;
        }
        Ok(())
    }

    pub(super) fn json(&self) -> serde_json::Value {
        let decision = self.ruling.as_ref().map(|ruling| {
            serde_json::json!({
                "decision": verdict_word(ruling.verdict),
                "statement": ruling.statement,
                "target": ruling.target,
                "action": ruling.action,
                "reason": ruling.reason,
            })
        });
        let (request, skip) = match &self.plan {
            Ok(Plan::Send(request)) => (Some(request_json(request)), None),
            Ok(Plan::Skip(reason)) => (None, Some(reason.to_string())),
            Err(_) => (None, None),
        };
        serde_json::json!({ "decision": decision, "request": request, "skip": skip })
    }

    /// Whether a placeholder stands where a signature belongs.
    pub(super) fn is_unsigned(&self) -> bool {
        matches!(&self.plan, Ok(Plan::Send(request)) if request.headers.iter().any(|(_, value)| value == SIGNATURE))
    }

    pub(super) fn skipped(&self) -> Option<&SkipReason> {
        match &self.plan {
            Ok(Plan::Skip(reason)) => Some(reason),
            _ => None,
        }
    }
}

fn request_json(request: &OutboundRequest) -> serde_json::Value {
    serde_json::json!({
        "url": request.url,
        "method": request.method,
        "headers": request.headers,
        "body": request.body,
    })
}

/// Text with its control characters spelled out: a terminal must not act on what a stranger wrote, nor turn it
/// around (the marks of bidirectional text).
pub(super) fn visible(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut out, letter| {
        let turns = matches!(letter, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}');
        if turns || (letter.is_control() && !matches!(letter, '\n' | '\t')) {
            out.extend(letter.escape_default());
        } else {
            out.push(letter);
        }
        out
    })
}
