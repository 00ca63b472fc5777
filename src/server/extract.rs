//! What a request says, read so that a mistake can be told with the field that holds it.

use std::collections::BTreeMap;

use axum::body::{Body, Bytes};
use axum::extract::{FromRequest, FromRequestParts, Path, Request};
use axum::http::request::Parts;
use serde_json::{Map, Value as Json};

use super::problem::Problem;
use super::state::App;
use crate::finding::near_miss;
use crate::service::FieldMistake;
use crate::store::{Moment, PageRequest};
use crate::value::pointer_token;

/// Reads a body up to a limit.
pub(super) async fn read_body(body: Body, limit: usize) -> Result<Bytes, Problem> {
    axum::body::to_bytes(body, limit).await.map_err(|error| {
        // The one error that is the sender's doing is told apart by its source; a broken connection hears nothing.
        let full = std::error::Error::source(&error).is_some_and(|source| source.to_string().contains("length limit"));
        if full { Problem::too_large(limit) } else { Problem::malformed("the body broke off") }
    })
}

/// A body in JSON.
pub(super) struct JsonBody(pub(super) Json);

impl FromRequest<App> for JsonBody {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &App) -> Result<Self, Problem> {
        let body = read_body(request.into_body(), app.limits.body_bytes).await?;
        if body.iter().all(u8::is_ascii_whitespace) {
            return Err(Problem::malformed("the body is empty").help("send a JSON object"));
        }
        // serde_json's own words hold no part of the body but its place.
        serde_json::from_slice(&body)
            .map(JsonBody)
            .map_err(|error| Problem::malformed(format!("the body is not JSON: {error}")))
    }
}

/// The members of a JSON object, taken one by one. What is left over at the end is a mistake.
pub(super) struct Members {
    members: Map<String, Json>,
    known: Vec<&'static str>,
    mistakes: Vec<FieldMistake>,
}

impl Members {
    pub(super) fn of(json: Json) -> Result<Self, Problem> {
        match json {
            Json::Object(members) => Ok(Members { members, known: Vec::new(), mistakes: Vec::new() }),
            _ => Err(Problem::invalid(vec![FieldMistake::new("", "the body is not a JSON object")])),
        }
    }

    /// Takes a member out and reads it; absent and `null` are nothing.
    pub(super) fn take<T>(&mut self, name: &'static str, read: impl FnOnce(Json) -> Result<T, String>) -> Option<T> {
        self.known.push(name);
        match self.members.shift_remove(name) {
            None | Some(Json::Null) => None,
            Some(value) => read(value).map_err(|wrong| self.mistake(name, wrong)).ok(),
        }
    }

    /// Whether a member is there and holds nothing.
    pub(super) fn is_null(&self, name: &str) -> bool {
        self.members.get(name).is_some_and(Json::is_null)
    }

    pub(super) fn mistake(&mut self, name: &str, wrong: impl Into<String>) {
        self.mistakes.push(FieldMistake::new(format!("/{name}"), wrong));
    }

    /// Whether nothing was found wrong so far.
    pub(super) fn is_sound(&self) -> bool {
        self.mistakes.is_empty()
    }

    pub(super) fn text(&mut self, name: &'static str) -> Option<String> {
        self.take(name, |value| match value {
            Json::String(text) => Ok(text),
            _ => Err("this is not a text".to_owned()),
        })
    }

    pub(super) fn switch(&mut self, name: &'static str) -> Option<bool> {
        self.take(name, |value| value.as_bool().ok_or_else(|| "this is neither `true` nor `false`".to_owned()))
    }

    pub(super) fn number(&mut self, name: &'static str) -> Option<u64> {
        self.take(name, |value| value.as_u64().ok_or_else(|| "this is not a whole number from 0 on".to_owned()))
    }

    pub(super) fn moment(&mut self, name: &'static str) -> Option<Moment> {
        self.take(name, |value| match &value {
            Json::String(text) => moment(text),
            Json::Number(number) => moment(&number.to_string()),
            _ => Err(NOT_A_MOMENT.to_owned()),
        })
    }

    pub(super) fn list(&mut self, name: &'static str) -> Option<Vec<Json>> {
        self.take(name, |value| match value {
            Json::Array(items) => Ok(items),
            _ => Err("this is not a list".to_owned()),
        })
    }

    /// Every mistake, what nobody took among them.
    pub(super) fn finish(mut self) -> Result<(), Problem> {
        for name in self.members.keys() {
            let pointer = format!("/{}", pointer_token(name));
            let mistake = FieldMistake::new(pointer, format!("no field is named `{name}`"));
            let near = near_miss(name, self.known.iter().copied());
            self.mistakes.push(mistake.help(near.map(|near| format!("did you mean `{near}`?"))));
        }
        if self.mistakes.is_empty() { Ok(()) } else { Err(Problem::invalid(self.mistakes)) }
    }
}

const NOT_A_MOMENT: &str = "this is no moment: write it as `2026-01-31T12:00:00Z`, or as milliseconds since 1970";

/// Reads a moment as RFC 3339 or as milliseconds since 1970.
///
/// # Errors
/// It is neither; in one sentence.
pub fn moment(text: &str) -> Result<Moment, String> {
    if let Ok(milliseconds) = text.parse::<i64>() {
        return Ok(Moment::from_millis(milliseconds));
    }
    // `+` in an address reads as a space.
    let read = chrono::DateTime::parse_from_rfc3339(&text.replace(' ', "+"));
    read.map(|moment| Moment::from_millis(moment.timestamp_millis())).map_err(|_| NOT_A_MOMENT.to_owned())
}

/// The parameters behind the `?`, taken one by one. What is left over at the end is a mistake.
pub(super) struct Parameters {
    given: BTreeMap<String, Vec<String>>,
    known: Vec<&'static str>,
}

impl FromRequestParts<App> for Parameters {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Problem> {
        let mut given: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (name, value) in url::form_urlencoded::parse(parts.uri.query().unwrap_or_default().as_bytes()) {
            given.entry(name.into_owned()).or_default().push(value.into_owned());
        }
        Ok(Parameters { given, known: Vec::new() })
    }
}

impl Parameters {
    /// The words of a parameter, written with commas. None of them when it is absent, and never by being empty: to
    /// ask for nothing is a slip, and must not give everything.
    pub(super) fn list(&mut self, name: &'static str) -> Result<Vec<String>, Problem> {
        let Some(text) = self.text(name)? else { return Ok(Vec::new()) };
        let words: Vec<String> = text.split(',').map(|word| word.trim().to_owned()).collect();
        if words.iter().any(String::is_empty) {
            return Err(
                Problem::parameter(name, "there is a word missing").help("leave the parameter out for all of them")
            );
        }
        Ok(words)
    }

    /// The value of a parameter that may stand once.
    pub(super) fn text(&mut self, name: &'static str) -> Result<Option<String>, Problem> {
        self.known.push(name);
        let mut values = self.given.remove(name).unwrap_or_default();
        match values.len() {
            0 | 1 => Ok(values.pop()),
            _ => Err(Problem::parameter(name, "this stands more than once").help("leave one of them")),
        }
    }

    pub(super) fn read<T>(
        &mut self,
        name: &'static str,
        read: impl FnOnce(&str) -> Result<T, String>,
    ) -> Result<Option<T>, Problem> {
        let text = self.text(name)?;
        text.map(|text| read(&text).map_err(|wrong| Problem::parameter(name, wrong))).transpose()
    }

    pub(super) fn moment(&mut self, name: &'static str) -> Result<Option<Moment>, Problem> {
        self.read(name, moment)
    }

    pub(super) fn switch(&mut self, name: &'static str) -> Result<bool, Problem> {
        let read = |text: &str| match text {
            "" | "true" => Ok(true),
            "false" => Ok(false),
            _ => Err(format!("`{text}` is neither `true` nor `false`")),
        };
        Ok(self.read(name, read)?.unwrap_or(false))
    }

    /// How many items a page shall have.
    pub(super) fn limit(&mut self) -> Result<usize, Problem> {
        let read = |text: &str| match text.parse::<usize>() {
            Ok(limit @ 1..=PageRequest::MOST) => Ok(limit),
            _ => Err(format!("`{text}` is not a whole number from 1 to {}", PageRequest::MOST)),
        };
        Ok(self.read("limit", read)?.unwrap_or(50))
    }

    /// Which page is asked for.
    pub(super) fn page(&mut self) -> Result<PageRequest, Problem> {
        let limit = self.limit()?;
        let after = self.read("after", |text| text.parse().map_err(|_| format!("`{text}` is no cursor of a list")))?;
        Ok(PageRequest { after, limit })
    }

    /// Refuses what nobody took.
    pub(super) fn finish(self) -> Result<(), Problem> {
        let Some(name) = self.given.keys().next() else { return Ok(()) };
        let problem = Problem::parameter(name, format!("no parameter is named `{name}`"));
        Err(match near_miss(name, self.known.iter().copied()) {
            Some(near) => problem.help(format!("did you mean `{near}`?")),
            None if self.known.is_empty() => problem.help("there are none here"),
            None => problem.help(match self.known.as_slice() {
                [only] => format!("the only one is `{only}`"),
                known => format!("there are `{}`", known.join("`, `")),
            }),
        })
    }
}

/// No parameters at all. What is behind the `?` would be ignored otherwise, and whoever wrote it would not know.
#[derive(Debug, Clone, Copy)]
pub(super) struct NoParameters;

impl FromRequestParts<App> for NoParameters {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        Parameters::from_request_parts(parts, app).await?.finish().map(|()| NoParameters)
    }
}

/// The one part of the path that a route leaves open.
pub(super) struct Segment(pub(super) String);

impl FromRequestParts<App> for Segment {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let read = Path::<String>::from_request_parts(parts, app).await;
        read.map(|Path(text)| Segment(text)).map_err(|_| Problem::malformed("a part of the path is not text"))
    }
}

/// The number of an event or a delivery.
pub(super) fn number(text: &str, what: &str) -> Result<u64, Problem> {
    let number = text.parse::<u64>().ok().filter(|number| i64::try_from(*number).is_ok());
    number.ok_or_else(|| Problem::not_found(format!("there is no {what} `{text}`")).help("they are named by numbers"))
}

#[cfg(test)]
mod tests {
    use super::{Members, moment};

    #[test]
    fn moments_come_in_two_ways() {
        for (text, milliseconds) in [
            ("0", Some(0)),
            ("1718882641318", Some(1_718_882_641_318)),
            ("2024-06-20T11:24:01.318Z", Some(1_718_882_641_318)),
            ("2024-06-20T13:24:01.318+02:00", Some(1_718_882_641_318)),
            ("2024-06-20T13:24:01.318 02:00", Some(1_718_882_641_318)),
            ("yesterday", None),
            ("2024-06-20", None),
            ("", None),
        ] {
            assert_eq!(moment(text).ok().map(|moment| moment.millis()), milliseconds, "{text}");
        }
    }

    #[test]
    fn members_that_nobody_took_are_told_with_what_was_meant() {
        let mut members = Members::of(serde_json::json!({"form": 1, "dryRum": true, "rate": "x"})).expect("an object");
        assert_eq!(members.moment("from"), None);
        assert_eq!(members.switch("dryRun"), None);
        assert_eq!(members.number("rate"), None);
        let problem = members.finish().expect_err("it is wrong").json();
        let pointers: Vec<&str> =
            problem["errors"].as_array().expect("a list").iter().filter_map(|e| e["pointer"].as_str()).collect();
        assert_eq!(pointers, ["/rate", "/form", "/dryRum"]);
        assert_eq!(problem["errors"][2]["help"], "did you mean `dryRun`?");
    }
}
