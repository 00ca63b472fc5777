//! From integration, event and form to a plan: a request to send, or the reason to send none.
//!
//! Planning is pure: the same integration, event and form give the same request, byte for byte, so that
//! `preview` shows what `send` would do. A [`Subscription`] is everything that does not depend on the event,
//! worked out once; each plan is then a decision and the renders. This room never touches the network.

mod address;
mod error;
mod form;
mod form_text;
mod headers;
mod placeholder;
mod plan;
mod standard_payload;
mod steady;
mod subscription;
mod visibility;
mod way;

pub use error::{PlanError, PlanErrorKind, Spot};
pub use form_text::read_form;
#[cfg(not(fuzzing))]
pub(crate) use headers::check_name as check_header_name;
pub use placeholder::{
    fill_in, masked, placeholder, placeholders, plain_credentials, with_plain_credentials, with_plain_placeholders,
};
pub use plan::{Body, Plan, Ruling, SkipReason};
pub use subscription::{SIGNATURE, Settings, Subscription};

use std::sync::Arc;

use crate::catalog::Integration;
use crate::event::Event;
use crate::form::FormValues;

/// What `integration` does with `event` under `form` and the manifest's own policy.
///
/// # Errors
/// Every mistake in the form, the policy or the delivery rules; or what keeps the request from being made.
pub fn plan(integration: &Arc<Integration>, event: &Event<'_>, form: &FormValues) -> Result<Plan, Vec<PlanError>> {
    let subscription = Subscription::new(integration, form, Settings::default())?;
    subscription.plan(event).map_err(|error| vec![error])
}
