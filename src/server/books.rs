//! `/v1/accounts`: what came in and what became of it, in numbers.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::access::MayRead;
use super::extract::NoParameters;
use super::problem::Problem;
use super::state::App;
use crate::store::{Account, Accounts};

macro_rules! books {
    ($($(#[$doc:meta])* $field:ident: $account:ident,)*) => {
        /// What came in and what became of it.
        #[derive(Debug, Serialize, ToSchema)]
        #[serde(rename_all = "camelCase")]
        pub(super) struct Books {
            $($(#[$doc])* $field: u64,)*
            /// Whether every decision is accounted for.
            balance: bool,
        }

        impl From<&Accounts> for Books {
            fn from(accounts: &Accounts) -> Self {
                Books { $($field: accounts.get(Account::$account),)* balance: accounts.balance() }
            }
        }
    };
}

books! {
    /// Events that were new.
    events: Events,
    /// Events that had come before.
    repeats: Repeats,
    /// Events whose id other bytes had taken.
    conflicts: Conflicts,
    /// Decisions, one for each event and subscription.
    decisions: Decisions,
    /// To send; the delivery waits.
    pending: Pending,
    /// To send; the delivery arrived.
    delivered: Delivered,
    /// To send; the delivery is a dead letter.
    dead: Dead,
    /// To send; the delivery was a dead letter and was replayed.
    replayed: Replayed,
    /// To send; the delivery was called off.
    cancelled: Cancelled,
    /// Denied by a statement.
    denied: Denied,
    /// Allowed by none.
    no_allow: NoAllow,
    /// No template for it.
    no_template: NoTemplate,
    /// The template gave white space only.
    empty_body: EmptyBody,
    /// The template failed.
    render_error: RenderError,
    /// The subscription was switched off.
    paused: Paused,
    /// Events that met no subscription at all.
    unsubscribed: Unsubscribed,
    /// Replays asked for.
    replays: Replays,
    /// Replays that wait.
    replays_pending: ReplaysPending,
    /// Replays that arrived.
    replays_delivered: ReplaysDelivered,
    /// Replays that are dead letters.
    replays_dead: ReplaysDead,
    /// Replays that were dead letters and were replayed.
    replays_replayed: ReplaysReplayed,
    /// Replays that were called off.
    replays_cancelled: ReplaysCancelled,
}

/// Tells the books.
#[utoipa::path(get, path = "/v1/accounts", operation_id = "getAccounts", tag = "operating", security(("token" = ["read"])),
    responses((status = 200, body = Books, description = "The books")))]
pub(super) async fn get(_: MayRead, _: NoParameters, State(app): State<App>) -> Result<Json<Books>, Problem> {
    Ok(Json(Books::from(&app.service.accounts().await?)))
}
