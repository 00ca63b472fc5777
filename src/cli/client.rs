//! Asks a running server. The token comes from `FLAGPOST_TOKEN` alone: a command line is for all to see.

use std::time::Duration;

use reqwest::{Client as Http, Method, Response};
use serde_json::Value as Json;

use super::environment::Environment;
use super::error::CliError;
use crate::secret::Secret;

/// Where a server is when nobody says otherwise.
const USUAL_SERVER: &str = "http://127.0.0.1:7400";

#[derive(Debug, clap::Args)]
pub(super) struct ServerArguments {
    /// Address of the server; `FLAGPOST_SERVER` says it too [default: http://127.0.0.1:7400]. `FLAGPOST_TOKEN` holds
    /// the token
    #[arg(long, value_name = "URL")]
    server: Option<String>,
}

/// A server that is asked.
pub(super) struct Client {
    http: Http,
    server: String,
    token: Option<Secret>,
}

/// Runs a command that asks a server.
pub(super) fn block_on<T>(asking: impl Future<Output = Result<T, CliError>>) -> Result<T, CliError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(|error| CliError::failed(format!("cannot start: {error}")))?.block_on(asking)
}

impl Client {
    pub(super) fn new(arguments: &ServerArguments, environment: &Environment) -> Result<Self, CliError> {
        let given = arguments.server.as_deref().or_else(|| environment.variable("FLAGPOST_SERVER"));
        let server = given.unwrap_or(USUAL_SERVER).trim_end_matches('/').to_owned();
        let web = url::Url::parse(&server).is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
        if !web {
            return Err(CliError::usage(format!("`{server}` is not the address of a server"))
                .help("write it as `http://127.0.0.1:7400`"));
        }
        // That somebody has installed one before is fine.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = Http::builder()
            .user_agent(concat!("flagpost/", env!("CARGO_PKG_VERSION")))
            // A token is for this server and no other.
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(Duration::from_secs(5))
            .build()
            .map_err(|error| CliError::failed(format!("cannot start: {error}")))?;
        Ok(Client { http, server, token: environment.variable("FLAGPOST_TOKEN").map(Secret::new) })
    }

    pub(super) async fn get(&self, path: &str, query: &[(&str, String)]) -> Result<Json, CliError> {
        read(self.ask(Method::GET, path, query, None).await?).await
    }

    pub(super) async fn post(&self, path: &str, body: &Json) -> Result<Json, CliError> {
        read(self.ask(Method::POST, path, &[], Some(body)).await?).await
    }

    /// Asks for an answer that is read as it comes.
    pub(super) async fn follow(&self, path: &str, query: &[(&str, String)]) -> Result<Response, CliError> {
        let response = self.ask(Method::GET, path, query, None).await?;
        if response.status().is_success() { Ok(response) } else { Err(refusal(response).await) }
    }

    async fn ask(
        &self,
        method: Method,
        path: &str,
        query: &[(&str, String)],
        body: Option<&Json>,
    ) -> Result<Response, CliError> {
        let mut address = format!("{}{path}", self.server);
        if !query.is_empty() {
            let query = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(query).finish();
            address = format!("{address}?{query}");
        }
        let mut request = self.http.request(method, address);
        if let Some(token) = &self.token {
            request = request.bearer_auth(token.expose());
        }
        if let Some(body) = body {
            request = request.header("content-type", "application/json").body(body.to_string());
        }
        request.send().await.map_err(|error| {
            let why = if error.is_connect() { "nothing answers there" } else { "the connection broke" };
            CliError::failed(format!("cannot ask `{}`: {why}", self.server))
                .help("start it with `flagpost serve`, or say where it is with `--server`")
        })
    }
}

async fn read(response: Response) -> Result<Json, CliError> {
    if !response.status().is_success() {
        return Err(refusal(response).await);
    }
    let body = response.bytes().await;
    let body = body.map_err(|_| CliError::failed("the answer broke off".to_owned()))?;
    serde_json::from_slice(&body).map_err(|_| CliError::failed("the answer is not of a flagpost server".to_owned()))
}

/// What a server said in place of an answer.
async fn refusal(response: Response) -> CliError {
    let status = response.status();
    let body = response.bytes().await.unwrap_or_default();
    let problem: Json = serde_json::from_slice(&body).unwrap_or_default();
    let text = |name: &str| problem.get(name).and_then(Json::as_str).map(str::to_owned);
    let mut message = text("detail").unwrap_or_else(|| format!("the server answers {status}"));
    let errors = problem.get("errors").and_then(Json::as_array).map_or(&[][..], Vec::as_slice);
    if errors.len() > 1 {
        for error in errors {
            let part = |name: &str| error.get(name).and_then(Json::as_str).unwrap_or_default();
            message.push_str(&format!("\n  `{}`: {}", part("pointer"), part("message")));
        }
    }
    let told = CliError::failed(message);
    match (text("help"), status.as_u16()) {
        (Some(help), 401) => told.help(format!("{help}; this command takes it from `FLAGPOST_TOKEN`")),
        (Some(help), _) => told.help(help),
        (None, _) => told,
    }
}

/// A text as one segment of a path.
pub(super) fn segment(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>().replace('+', "%20")
}
