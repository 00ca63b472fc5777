//! Tests of a subscription: the validation template's event, or the sample, through the real path.

use std::sync::Arc;

use super::Service;
use crate::catalog::samples_for;
use crate::delivery::Failure;
use crate::dispatch;
use crate::event::Event;
use crate::outbound::OutboundRequest;
use crate::service::subscriptions::Served;
use crate::service::worker::{Body, Letter, headers, masked_body, masked_headers, send};
use crate::service::{HeaderView, SentView, ServiceError, TestReport};
use crate::store::SubscriptionId;

/// The sample that is asked for first.
const FIRST_CHOICE: &str = "flag/";

impl Service {
    /// Sends the validation template's event, or the sample, through the real path.
    ///
    /// # Errors
    /// There is no such subscription. A receiver that refuses is a report.
    pub async fn test_subscription(&self, id: &str) -> Result<TestReport, ServiceError> {
        let table = self.core.table.load_full();
        let active = table.get(&SubscriptionId::new(id)).ok_or_else(|| self.no_subscription(id))?;
        match &active.state {
            Ok(served) => self.test(&active.id, served, false).await,
            Err(mistakes) => Err(ServiceError::Invalid(mistakes.clone())),
        }
    }

    /// Tests what is served, or a draft of it.
    pub(super) async fn test(
        &self,
        subscription: &SubscriptionId,
        served: &Arc<Served>,
        draft: bool,
    ) -> Result<TestReport, ServiceError> {
        let core = &self.core;
        let sample = sample_for(served);
        let Ok(event) = Event::parse(&sample) else {
            return Err(ServiceError::Broken("there is no sample event to send".to_owned()));
        };
        let id = format!("msg_test_{:016x}", ((core.chance)() * 9_007_199_254_740_992.0) as u64);
        let sent = shown_request(served, &event, &id, core.clock.now());
        let begin = core.elapsed();
        let letter =
            Letter { subscription, served, pinned: None, event: &event, body: Body::Validation, id: &id, draft };
        let outcome = send(core, letter).await;
        let took_ms = core.elapsed().saturating_sub(begin).as_secs_f64() * 1e3;
        Ok(match &outcome.outcome {
            Err(Failure { message, help, .. }) => TestReport {
                succeeded: false,
                sent,
                status: None,
                headers: Vec::new(),
                body: None,
                error: Some(outcome.masked(message)),
                help: help.as_ref().map(|help| outcome.masked(help)),
                took_ms,
            },
            Ok(answer) => {
                let succeeded = served.planner.profile().success.contains(answer.status);
                let hidden = if !served.shows_answers() {
                    Some("its answer is not shown, because the integration does not allow it")
                } else if outcome.is_blind() {
                    Some("its answer is not shown, because a secret of the form is too short to be found in it")
                } else {
                    None
                };
                let shown = hidden.is_none().then(|| masked_body(answer, &outcome, core.settings.answer_bytes));
                TestReport {
                    succeeded,
                    sent,
                    status: Some(answer.status),
                    headers: shown.as_ref().map_or_else(Vec::new, |_| header_views(masked_headers(answer, &outcome))),
                    body: shown.map(|body| String::from_utf8_lossy(&body).into_owned()),
                    error: (!succeeded).then(|| format!("the receiver answered {}", answer.status)),
                    help: hidden.filter(|_| !succeeded).map(str::to_owned),
                    took_ms,
                }
            }
        })
    }
}

/// A sample event that the subscription has a body for; the first one when there is none.
fn sample_for(served: &Served) -> Vec<u8> {
    let mut samples = samples_for(&served.planner.integration().directory);
    samples.sort_by_key(|sample| !sample.name.starts_with(FIRST_CHOICE));
    let allowed = samples.iter().find(|sample| {
        Event::parse(&sample.bytes).is_ok_and(|event| {
            served.planner.decide(&event.targets()).allows()
                && matches!(served.planner.body(&event), Ok(dispatch::Body::Text(_)))
        })
    });
    let any = || {
        samples.iter().find(|sample| {
            Event::parse(&sample.bytes)
                .is_ok_and(|event| matches!(served.planner.body(&event), Ok(dispatch::Body::Text(_))))
        })
    };
    allowed.or_else(any).or(samples.first()).map(|sample| sample.bytes.clone()).unwrap_or_default()
}

/// The request as it may be shown: planned with masks, so that a secret is nowhere in it.
fn shown_request(served: &Served, event: &Event<'_>, id: &str, now: std::time::SystemTime) -> Option<SentView> {
    let planner = served.masked().ok()?;
    let dispatch::Body::Text(body) = planner.validation_body(event).ok()? else { return None };
    let request = planner.request(event, body).ok()?;
    let unsigned = headers(served, &OutboundRequest { signing: None, ..request.clone() }, id, now).ok()?;
    // The stand-in for the secret may not have the form that a scheme asks for.
    let mut shown = headers(served, &request, id, now).unwrap_or_else(|_| unsigned.clone());
    for header in &mut shown {
        if header.0.to_ascii_lowercase().contains("signature") || !unsigned.contains(header) {
            "[signature]".clone_into(&mut header.1);
        }
    }
    let mask = served.planner.mask();
    Some(SentView {
        method: request.method,
        url: mask.apply(&request.url),
        headers: header_views(shown.into_iter().map(|(name, value)| (name, mask.apply(&value))).collect()),
        body: mask.apply(&request.body),
    })
}

pub(super) fn header_views(headers: Vec<(String, String)>) -> Vec<HeaderView> {
    headers.into_iter().map(|(name, value)| HeaderView { name, value }).collect()
}
