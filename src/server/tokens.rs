//! Access tokens: kept as hashes, so that whoever reads the store cannot ask with them.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::{SecureRandom, SystemRandom};
use serde::{Deserialize, Serialize};

use crate::finding::near_miss;
use crate::secret::Secret;
use crate::store::{Digest, Expected, Moment, Shelf, Store, StoreError};

/// How a token starts, so that scanners of code and logs can tell what it is.
const START: &str = "fp_";

/// What a token may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    /// Look at everything.
    Read,
    /// Change subscriptions, send tests, replay.
    Write,
    /// Hand in events where a source does not verify its senders itself.
    Ingest,
}

impl Scope {
    /// Every scope.
    pub const ALL: [Scope; 3] = [Scope::Read, Scope::Write, Scope::Ingest];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Scope::Read => "read",
            Scope::Write => "write",
            Scope::Ingest => "ingest",
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

impl FromStr for Scope {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Scope::ALL.into_iter().find(|scope| scope.name() == text).ok_or_else(|| {
            match near_miss(text, Scope::ALL.map(Scope::name)) {
                Some(near) => format!("no scope is named `{text}`; did you mean `{near}`?"),
                None => format!("no scope is named `{text}`; there are `read`, `write` and `ingest`"),
            }
        })
    }
}

/// A token as it is kept: what it may do, and not what it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Token {
    /// What people call it.
    pub name: String,
    /// What it may do.
    pub scopes: Vec<Scope>,
    /// When it was made, in milliseconds since 1970.
    pub created: i64,
}

/// A token in a list: the beginning of its hash names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedToken {
    /// The first twelve digits of its hash.
    pub id: String,
    /// The token.
    pub token: Token,
}

/// Digits of a hash that stand for it in lists.
const SHOWN: usize = 12;

/// Why a token was not made.
#[derive(Debug, thiserror::Error)]
pub enum CreateError {
    /// There is one of this name.
    #[error("a token is named `{0}` already")]
    Taken(String),
    /// The store did not do it.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why a token was not removed.
#[derive(Debug, thiserror::Error)]
pub enum RevokeError {
    /// None has this id or name, or several have.
    #[error("{0}")]
    Which(String),
    /// The store did not do it.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Makes a token. It is shown this once and cannot be read again. Its name is its own, so that it can be revoked by it.
///
/// # Errors
/// Another one has the name; the store did not keep it; [`StoreError::Damaged`] when the machine gives no random
/// numbers.
pub async fn create(store: &dyn Store, name: &str, scopes: &[Scope], now: Moment) -> Result<Secret, CreateError> {
    if all(store).await?.iter().any(|(_, token)| token.name == name) {
        return Err(CreateError::Taken(name.to_owned()));
    }
    let mut bytes = [0; 32];
    let drawn = SystemRandom::new().fill(&mut bytes);
    drawn.map_err(|_| StoreError::Damaged("the machine gives no random numbers".to_owned()))?;
    let secret = Secret::new(format!("{START}{}", URL_SAFE_NO_PAD.encode(bytes)));
    let mut scopes = scopes.to_vec();
    scopes.sort_unstable();
    scopes.dedup();
    let token = Token { name: name.to_owned(), scopes, created: now.millis() };
    let content = serde_json::to_vec(&token).unwrap_or_default();
    store.put_document(Shelf::Token, hash(secret.expose()), content, Expected::Nothing).await?;
    Ok(secret)
}

/// Every token, in no order that means anything.
///
/// # Errors
/// The store cannot be read.
pub async fn list(store: &dyn Store) -> Result<Vec<ListedToken>, StoreError> {
    Ok(all(store).await?.into_iter().map(|(hash, token)| ListedToken { id: shown(&hash), token }).collect())
}

async fn all(store: &dyn Store) -> Result<Vec<(String, Token)>, StoreError> {
    let mut tokens = Vec::new();
    let mut after = None;
    loop {
        let page = store.documents(Shelf::Token, after, 100).await?;
        let Some(last) = page.last() else { return Ok(tokens) };
        after = Some(last.name.clone());
        tokens.extend(page.into_iter().filter_map(|document| {
            let token = serde_json::from_slice(&document.content).ok()?;
            Some((document.name, token))
        }));
    }
}

/// Removes the token with this id or name.
///
/// # Errors
/// None is meant by it, or more than one is; or the store did not do it.
pub async fn revoke(store: &dyn Store, which: &str) -> Result<ListedToken, RevokeError> {
    let tokens = all(store).await?;
    let mut meant = tokens.iter().filter(|(hash, token)| shown(hash) == which || token.name == which);
    let Some((hash, token)) = meant.next() else {
        let names = tokens.iter().map(|(_, token)| token.name.as_str());
        let near = near_miss(which, names).map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
        return Err(RevokeError::Which(format!("no token has the id or the name `{which}`{near}")));
    };
    if meant.next().is_some() {
        return Err(RevokeError::Which(format!("several tokens are named `{which}`; take the id of one")));
    }
    store.remove_document(Shelf::Token, hash.clone(), Expected::Whatever).await?;
    Ok(ListedToken { id: shown(hash), token: token.clone() })
}

/// The token that was presented, if it is one.
pub(super) async fn find(store: &dyn Store, presented: &str) -> Result<Option<Token>, StoreError> {
    let document = store.document(Shelf::Token, hash(presented)).await?;
    Ok(document.and_then(|document| serde_json::from_slice(&document.content).ok()))
}

/// Whether there is any token.
///
/// # Errors
/// The store cannot be read.
pub async fn any(store: &dyn Store) -> Result<bool, StoreError> {
    Ok(!store.documents(Shelf::Token, None, 1).await?.is_empty())
}

// A plain hash is enough: a token has 256 bits of chance in it, and nobody guesses those.
pub(super) fn hash(presented: &str) -> String {
    Digest::of(presented.as_bytes()).to_string()
}

fn shown(hash: &str) -> String {
    hash.get(..SHOWN).unwrap_or(hash).to_owned()
}

#[cfg(test)]
mod tests {
    use super::{CreateError, RevokeError, Scope, Token, create, find, list, revoke};
    use crate::store::{Expected, MemoryStore, Moment, Shelf, Store};

    fn wait<T>(future: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread().build().expect("a runtime").block_on(future)
    }

    #[test]
    fn a_token_is_found_by_what_it_is_and_kept_as_a_hash() {
        wait(async {
            let store = MemoryStore::default();
            let now = Moment::from_millis(5);
            let scopes = [Scope::Write, Scope::Read, Scope::Write];
            let secret = create(&store, "ci", &scopes, now).await.expect("it is made");
            let found = find(&store, secret.expose()).await.expect("the store works").expect("it is found");
            assert_eq!((found.name.as_str(), found.scopes), ("ci", vec![Scope::Read, Scope::Write]));
            assert!(find(&store, "fp_other").await.expect("the store works").is_none());
            let kept = store.documents(Shelf::Token, None, 9).await.expect("the store works");
            assert!(!format!("{kept:?}").contains(secret.expose()));
            assert!(!String::from_utf8_lossy(&kept[0].content).contains(&secret.expose()[3..20]));
        });
    }

    #[test]
    fn a_revoked_token_is_gone_and_an_unclear_name_revokes_nothing() {
        wait(async {
            let store = MemoryStore::default();
            for name in ["ci", "grafana"] {
                create(&store, name, &[Scope::Read], Moment::default()).await.expect("it is made");
            }
            let again = create(&store, "ci", &[Scope::Read], Moment::default()).await;
            assert!(matches!(again, Err(CreateError::Taken(name)) if name == "ci"));
            // Stores from before names were unique have such.
            let twin = Token { name: "grafana".to_owned(), scopes: vec![Scope::Read], created: 0 };
            let content = serde_json::to_vec(&twin).expect("a token is JSON");
            let kept = store.put_document(Shelf::Token, super::hash("fp_twin"), content, Expected::Nothing).await;
            kept.expect("it is kept");
            assert!(matches!(revoke(&store, "grafana").await, Err(RevokeError::Which(_))));
            let near = revoke(&store, "grafan").await.expect_err("nobody is named so").to_string();
            assert!(near.contains("did you mean `grafana`?"), "{near}");
            revoke(&store, "ci").await.expect("it is revoked");
            let left = list(&store).await.expect("the store works");
            assert_eq!(left.len(), 2);
            revoke(&store, &left[0].id).await.expect("an id is clear");
            assert_eq!(list(&store).await.expect("the store works").len(), 1);
        });
    }

    #[test]
    fn scopes_are_read_back_and_slips_recognised() {
        for scope in Scope::ALL {
            assert_eq!(scope.name().parse(), Ok(scope));
        }
        assert!("wriet".parse::<Scope>().expect_err("a slip").contains("`write`"));
    }
}
