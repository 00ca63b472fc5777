//! `flagpost token`: makes, lists and revokes access tokens, straight on the store, beside a server or without one.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::chance::Chance;
use super::client::block_on;
use super::environment::Environment;
use super::error::CliError;
use super::exit::Exit;
use super::serve::{data_folder, opening_error, store_error, store_file};
use super::shown::visible;
use crate::server::tokens::{self, CreateError, RevokeError, Scope};
use crate::store::{Moment, Options, SqliteStore, Store, StoreError};

#[derive(Debug, clap::Args)]
pub(super) struct TokenArgs {
    #[command(subcommand)]
    action: Action,

    /// Folder of the store [default: as for `serve`]
    #[arg(long, value_name = "DIR", global = true)]
    data: Option<PathBuf>,

    /// TOML file of settings, as for `serve`
    #[arg(long, value_name = "FILE", global = true)]
    config: Option<PathBuf>,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Make a token and print it, this once
    Create {
        /// What people call it; no two have the same name [default: `token`, or `token-2` and so on]
        #[arg(long)]
        name: Option<String>,
        /// What it may do: `read`, `write`, `ingest`; may stand more than once [default: read and write]
        #[arg(long = "scope", value_name = "SCOPE", value_delimiter = ',')]
        scopes: Vec<Scope>,
    },
    /// List tokens: what they are called and what they may do
    List,
    /// Revoke the token with this id or name; a running server refuses it within a second
    Revoke {
        /// Its id or its name
        token: String,
    },
}

pub(super) fn run(args: &TokenArgs, environment: &Environment) -> Result<Exit, CliError> {
    let data = data_folder(args.config.as_ref(), args.data.as_ref(), environment)?;
    let store = open(&data, matches!(args.action, Action::Create { .. }))?;
    let mut out = environment.stdout();
    match &args.action {
        Action::Create { name, scopes } => {
            let usual = [Scope::Read, Scope::Write];
            let scopes = if scopes.is_empty() { &usual[..] } else { scopes };
            let now = Moment::from_millis(Chance.moment().milliseconds);
            let made = block_on(async {
                let name = match name {
                    Some(name) => name.clone(),
                    None => free_name(&*store).await.map_err(|error| store_error(&error))?,
                };
                Ok(tokens::create(&*store, &name, scopes, now).await)
            })?;
            let secret = made.map_err(|error| match error {
                CreateError::Taken(name) => CliError::failed(format!("a token is named `{name}` already"))
                    .help(format!("take another name, or revoke that one with `flagpost token revoke {name}`")),
                CreateError::Store(error) => store_error(&error),
            })?;
            writeln!(out, "{}", secret.expose())?;
            let names: Vec<&str> = scopes.iter().map(|scope| scope.name()).collect();
            writeln!(environment.stderr(), "keep it now: it cannot be shown again. It may {}", names.join(", "))?;
        }
        Action::List => {
            let mut tokens = block_on(async { tokens::list(&*store).await.map_err(|error| store_error(&error)) })?;
            tokens.sort_by_key(|listed| listed.token.created);
            for listed in tokens {
                let made = chrono::DateTime::from_timestamp_millis(listed.token.created).unwrap_or_default();
                let scopes: Vec<&str> = listed.token.scopes.iter().map(|scope| scope.name()).collect();
                let name = visible(&listed.token.name);
                writeln!(out, "{}  {}  {:<17}  {name}", listed.id, made.format("%Y-%m-%d"), scopes.join(","))?;
            }
        }
        Action::Revoke { token } => {
            let revoked = block_on(async { Ok(tokens::revoke(&*store, token).await) })?;
            let revoked = revoked.map_err(|error| match error {
                RevokeError::Which(sentence) => CliError::failed(sentence).help("`flagpost token list` shows them"),
                RevokeError::Store(error) => store_error(&error),
            })?;
            writeln!(out, "revoked {} ({})", revoked.id, visible(&revoked.token.name))?;
        }
    }
    Ok(Exit::Done)
}

/// `token`, or `token-2` and so on.
async fn free_name(store: &dyn Store) -> Result<String, StoreError> {
    let tokens = tokens::list(store).await?;
    let free = |name: &String| tokens.iter().all(|listed| listed.token.name != *name);
    let mut names = std::iter::once("token".to_owned()).chain((2_u64..).map(|count| format!("token-{count}")));
    Ok(names.find(free).unwrap_or_default())
}

/// Opens the store beside whoever works on it.
fn open(data: &Path, may_make: bool) -> Result<Arc<dyn Store>, CliError> {
    super::serve::refuse_a_file(data)?;
    let file = store_file(data);
    if !file.is_file() {
        if !may_make {
            return Err(CliError::usage(format!("there is no store in `{}`", data.display()))
                .help("name the folder that `serve` uses with `--data`"));
        }
        super::serve::make_folder(data)?;
    }
    let options = Options { readers: 1, verify: false, ..Options::default() };
    let store = SqliteStore::visit(&file, options).map_err(|error| opening_error(&error, &file))?;
    Ok(Arc::new(store))
}
