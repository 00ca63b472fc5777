//! Who may do what: a bearer token with the scope for it.
//!
//! While there is no token at all, a server that listens on this machine alone serves everyone on it, for trying
//! things out. A web page in a browser on this machine is not everyone: requests that come through a page, a proxy
//! or a name that is not this machine's are refused. A proxy can hide, so whoever puts one in front makes a token first.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Version, header};

use tokio::sync::Semaphore;

use super::listening::Peer;
use super::problem::Problem;
use super::state::App;
use super::tokens::{self, Scope, Token};
use crate::store::StoreError;

/// For how long a token that was looked up is believed. A token that is revoked elsewhere works no longer than this.
const BELIEVED: Duration = Duration::from_secs(1);

/// How many tokens are looked up at once.
const TURNS: usize = 4;

/// How many looked-up tokens are remembered.
const REMEMBERED: usize = 1024;

/// What was found under the hashes of tokens that were presented.
#[derive(Default)]
struct Seen(HashMap<String, (Duration, Option<Token>)>);

impl Seen {
    /// What was found a moment ago.
    fn find(&self, hash: &str, now: Duration) -> Option<Option<Token>> {
        let (at, token) = self.0.get(hash)?;
        (now.saturating_sub(*at) < BELIEVED).then(|| token.clone())
    }

    /// Whether there was such a token when it was looked for last, however long ago.
    fn knew(&self, hash: &str) -> bool {
        self.0.get(hash).is_some_and(|(_, token)| token.is_some())
    }

    fn remember(&mut self, hash: &str, token: Option<Token>, now: Duration) {
        if self.0.len() >= REMEMBERED {
            // Guesses first: they do not put those out who are known.
            self.0.retain(|_, (_, token)| token.is_some());
            if self.0.len() >= REMEMBERED {
                self.0.clear();
            }
        }
        self.0.insert(hash.to_owned(), (now, token));
    }
}

/// Looks at tokens, and remembers them for a moment.
pub(super) struct Doorkeeper {
    /// Whether nobody but this machine can connect.
    local: bool,
    seen: Mutex<Seen>,
    any: Mutex<Option<(Duration, bool)>>,
    turns: Semaphore,
}

impl Doorkeeper {
    pub(super) fn new(listening: SocketAddr) -> Self {
        Doorkeeper {
            local: listening.ip().is_loopback(),
            seen: Mutex::default(),
            any: Mutex::default(),
            turns: Semaphore::new(TURNS),
        }
    }

    /// Says who asks, or why they may not.
    async fn admit(&self, app: &App, parts: &Parts, scope: Scope) -> Result<(), Problem> {
        let count = |client: &str| app.limits.of_client(client, app.clock.elapsed());
        let stranger = stranger(parts);
        let presented = match bearer(&parts.headers) {
            Ok(Some(presented)) => presented,
            Ok(None) if scope == Scope::Ingest => {
                // Events that are taken are counted by their source.
                let admitted = self.admit_without(app, parts).await;
                return admitted.or_else(|refused| count(&stranger).and(Err(refused)));
            }
            Ok(None) => {
                count(&stranger)?;
                return self.admit_without(app, parts).await;
            }
            Err(unreadable) => return count(&stranger).and(Err(unreadable)),
        };
        let hash = tokens::hash(presented);
        // Whoever guesses pays, and those who are known do not pay for them: so it must be known first who it is.
        match self.look_up(app, presented, &hash).await? {
            Some(token) if token.scopes.contains(&scope) => match scope {
                Scope::Ingest => Ok(()),
                Scope::Read | Scope::Write => count(&hash),
            },
            Some(token) => {
                count(&hash)?;
                Err(Problem::forbidden(format!("the token `{}` lacks the scope `{scope}`", token.name))
                    .help(format!("`flagpost token create --scope {scope}` makes one that has it")))
            }
            None => {
                count(&stranger)?;
                Err(Problem::unauthenticated("the token is not known").help("it was revoked, or is another server's"))
            }
        }
    }

    async fn admit_without(&self, app: &App, parts: &Parts) -> Result<(), Problem> {
        let needed = || {
            Problem::unauthenticated("a token is needed")
                .help("`flagpost token create` makes one; send it as `Authorization: Bearer …`")
        };
        if !self.local || self.any_token(app).await? {
            return Err(needed());
        }
        if let Some(sign) = sign_of_a_stranger(parts.version, &parts.headers) {
            return Err(needed().help(format!(
                "without tokens only programs on this machine are served, and {sign}; `flagpost token create` makes one"
            )));
        }
        Ok(())
    }

    async fn look_up(&self, app: &App, presented: &str, hash: &str) -> Result<Option<Token>, StoreError> {
        let now = app.clock.elapsed();
        let seen = |seen: &Mutex<Seen>| seen.lock().unwrap_or_else(PoisonError::into_inner).find(hash, now);
        if let Some(token) = seen(&self.seen) {
            return Ok(token);
        }
        let known = self.seen.lock().unwrap_or_else(PoisonError::into_inner).knew(hash);
        // However many guess, the store is asked by a few of them at a time; and who was known does not queue with them.
        let _turn = if known { None } else { Some(self.turns.acquire().await) };
        if let Some(token) = seen(&self.seen) {
            return Ok(token);
        }
        let token = tokens::find(&*app.store, presented).await?;
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).remember(hash, token.clone(), now);
        Ok(token)
    }

    async fn any_token(&self, app: &App) -> Result<bool, StoreError> {
        let now = app.clock.elapsed();
        {
            let known = *self.any.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some((at, any)) = known
                && now.saturating_sub(at) < BELIEVED
            {
                return Ok(any);
            }
        }
        let any = tokens::any(&*app.store).await?;
        *self.any.lock().unwrap_or_else(PoisonError::into_inner) = Some((now, any));
        Ok(any)
    }
}

/// The token of the request. Senders of events use the same header for other schemes, so those are no mistake.
fn bearer(headers: &HeaderMap) -> Result<Option<&str>, Problem> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(Problem::unauthenticated("the header `authorization` stands more than once"));
    }
    let token = value.to_str().ok().and_then(|value| {
        let (scheme, token) = value.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
    });
    match token {
        Some(token) if !token.is_empty() => Ok(Some(token)),
        _ => Err(Problem::unauthenticated("the header `authorization` holds no bearer token")
            .help("write `Authorization: Bearer` and the token")),
    }
}

/// Headers that proxies add, and beginnings of such.
const OF_PROXIES: [&str; 7] =
    ["via", "forwarded", "x-real-ip", "true-client-ip", "x-client-ip", "x-cluster-client-ip", "x-amzn-trace-id"];
const STARTS_OF_PROXIES: [&str; 3] = ["x-forwarded-", "x-envoy-", "cf-"];

/// What shows that a request is not of a program on this machine that means this server.
fn sign_of_a_stranger(version: Version, headers: &HeaderMap) -> Option<&'static str> {
    let text = |name: header::HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    let of_a_proxy =
        |name: &str| OF_PROXIES.contains(&name) || STARTS_OF_PROXIES.iter().any(|start| name.starts_with(start));
    if headers.keys().any(|name| of_a_proxy(name.as_str())) {
        return Some("this request came through a proxy");
    }
    // nginx adds no header unless it is told to, and asks in this version, with this machine's name for its host.
    if version < Version::HTTP_11 {
        return Some("this request is one of HTTP/1.0, as proxies send them");
    }
    // A name that somebody let point to this machine is how pages get behind a browser's rules.
    if text(header::HOST).is_some_and(|host| !is_this_machine(host)) {
        return Some("this request names another host");
    }
    let origin = text(header::ORIGIN);
    let foreign = origin.is_some_and(|origin| origin.split_once("://").is_none_or(|(_, host)| !is_this_machine(host)));
    if foreign || text(header::HeaderName::from_static("sec-fetch-site")) == Some("cross-site") {
        return Some("this request came from a web page");
    }
    None
}

fn is_this_machine(host: &str) -> bool {
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    name.eq_ignore_ascii_case("localhost") || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// Under which name those are counted who are not known otherwise: their address.
pub(super) fn stranger(parts: &Parts) -> String {
    let unknown = IpAddr::from([0, 0, 0, 0]);
    let peer = parts.extensions.get::<ConnectInfo<Peer>>().map_or(unknown, |peer| peer.0.0.ip());
    format!("address {peer}")
}

macro_rules! door {
    ($(#[$doc:meta])* $name:ident, $scope:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy)]
        pub(super) struct $name;

        impl FromRequestParts<App> for $name {
            type Rejection = Problem;

            async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
                app.doorkeeper.admit(app, parts, $scope).await.map(|()| $name)
            }
        }
    };
}

door!(
    /// The caller may look.
    MayRead,
    Scope::Read
);
door!(
    /// The caller may change things.
    MayWrite,
    Scope::Write
);
door!(
    /// The caller may hand in events.
    MayIngest,
    Scope::Ingest
);

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use axum::http::{HeaderMap, HeaderName, HeaderValue, Version};

    use super::{BELIEVED, REMEMBERED, Seen, Token, bearer, sign_of_a_stranger};

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value))).collect()
    }

    #[test]
    fn programs_on_this_machine_are_told_from_pages_and_proxies() {
        for (pairs, served) in [
            (&[("host", "127.0.0.1:7400")][..], true),
            (&[("host", "localhost")], true),
            (&[("host", "[::1]:7400")], true),
            (&[("host", "localhost:7400"), ("origin", "http://localhost:7400")], true),
            (&[("host", "evil.example")], false),
            (&[("host", "localhost.evil.example")], false),
            (&[("host", "127.0.0.1.evil.example")], false),
            (&[("host", "localhost"), ("origin", "https://evil.example")], false),
            (&[("host", "localhost"), ("origin", "null")], false),
            (&[("host", "localhost"), ("sec-fetch-site", "cross-site")], false),
            (&[("host", "localhost"), ("x-forwarded-for", "203.0.113.1")], false),
            (&[("host", "localhost"), ("forwarded", "for=203.0.113.1")], false),
            (&[("host", "localhost"), ("x-forwarded-proto", "https")], false),
            (&[("host", "localhost"), ("via", "1.1 varnish")], false),
            (&[("host", "localhost"), ("x-real-ip", "203.0.113.1")], false),
            (&[("host", "localhost"), ("x-envoy-external-address", "203.0.113.1")], false),
            (&[("host", "localhost"), ("cf-connecting-ip", "203.0.113.1")], false),
            (&[("host", "localhost"), ("x-request-id", "via-cf-forwarded")], true),
        ] {
            assert_eq!(sign_of_a_stranger(Version::HTTP_11, &headers(pairs)).is_none(), served, "{pairs:?}");
        }
        let local = headers(&[("host", "127.0.0.1:7400")]);
        assert!(sign_of_a_stranger(Version::HTTP_2, &local).is_none());
        assert!(sign_of_a_stranger(Version::HTTP_10, &local).is_some(), "that is how nginx asks");
    }

    #[test]
    fn one_bearer_token_is_a_token() {
        let token = |value| bearer(&headers(&[("authorization", value)])).ok().flatten().map(str::to_owned);
        assert_eq!(token("Bearer abc"), Some("abc".to_owned()));
        assert_eq!(token("bearer  abc "), Some("abc".to_owned()));
        assert_eq!(token("Basic abc"), None);
        assert_eq!(token("Bearer "), None);
        assert!(bearer(&headers(&[])).is_ok_and(|token| token.is_none()));
        let mut twice = headers(&[("authorization", "Bearer a")]);
        twice.append("authorization", HeaderValue::from_static("Bearer b"));
        assert!(bearer(&twice).is_err());
    }

    #[test]
    fn what_was_found_is_believed_for_a_moment_and_guesses_put_nobody_out() {
        let token = || Some(Token { name: "ci".to_owned(), scopes: Vec::new(), created: 0 });
        let mut seen = Seen::default();
        let start = Duration::from_secs(5);
        assert_eq!(seen.find("guess", start), None);
        seen.remember("guess", None, start);
        seen.remember("known", token(), start);
        let last = start + BELIEVED - Duration::from_millis(1);
        assert_eq!((seen.find("guess", last), seen.find("known", last)), (Some(None), Some(token())));
        let late = start + BELIEVED;
        assert_eq!(
            (seen.find("guess", late), seen.find("known", late)),
            (None, None),
            "it may be made or revoked by then"
        );
        // Long after, it is still told from a guess: it looks its token up without queueing behind guesses.
        assert_eq!((seen.knew("known"), seen.knew("guess"), seen.knew("never")), (true, false, false));
        for guess in 0..REMEMBERED * 3 {
            seen.remember(&format!("guess-{guess}"), None, start);
            assert!(seen.0.len() <= REMEMBERED);
        }
        assert_eq!(seen.find("known", start), Some(token()));
        assert_eq!(seen.find("guess", start), None, "they make room for each other");
        for known in 0..REMEMBERED * 3 {
            seen.remember(&format!("known-{known}"), token(), start);
            assert!(seen.0.len() <= REMEMBERED);
        }
    }
}
