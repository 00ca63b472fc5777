//! Everything about an integration under one form that does not depend on the event, worked out once.

use std::collections::HashSet;
use std::sync::Arc;

use percent_encoding::percent_decode_str;
use url::Url;

use super::address::{self, Address};
use super::error::{HOOK, Part, PlanError, PlanErrorKind, compiled, manifest_spot, spot};
use super::form::{FormScope, settle};
use super::headers;
use super::plan::{Body, Plan, Ruling, SkipReason};
use super::standard_payload;
use super::steady::{Made, is_steady};
use super::way::{self, HeaderWay, Way};
use crate::catalog::{Integration, TemplateText};
use crate::delivery::Profile;
use crate::event::Event;
use crate::form::{FormValue, FormValues};
use crate::outbound::{OutboundRequest, basic_credentials};
use crate::policy::{Decision, Policy, Target, Verdict};
use crate::render::{self, Context, Escape, Moment, Options, RenderError, Step};
use crate::secret::{Mask, Secret};
use crate::value::Value;

/// Stands for a signature while the signing secret is a placeholder.
pub const SIGNATURE: &str = "$SIGNATURE";

/// Keys of templates that are no kinds of events.
const DEFAULT: &str = "default";
const VALIDATION: &str = "validation";

/// What an administrator gets who writes no policy: every change of a flag in production, as on the platform
/// that this format comes from.
const POLICY_WITHOUT_A_WORD: &str =
    r#"[{"effect": "allow", "resources": ["proj/*:env/production:flag/*"], "actions": ["*"]}]"#;

/// How a subscription plans.
#[derive(Debug, Clone, Copy, Default)]
pub struct Settings<'s> {
    /// Statements in place of the manifest's own, as JSON.
    pub policy: Option<&'s [serde_json::Value]>,
    /// Delivery rules in place of the manifest's own.
    pub profile: Option<&'s Profile>,
    /// When and under which number `edgeGridAuth` signs.
    pub moment: Moment,
    /// Renders as the reference's preview does, for comparing. Nothing planned so is for sending.
    pub compat: bool,
    /// Whether the form holds placeholders: the address need not be one then. Not for sending either.
    pub placeholders: bool,
}

/// What the templates of addresses and headers see beside the form.
#[derive(Clone, Copy)]
struct Scope<'s> {
    context: &'s Value<'s>,
    moment: Moment,
}

/// An integration, switched on: its policy compiled, its form settled, its templates at hand.
#[derive(Debug)]
pub struct Subscription {
    integration: Arc<Integration>,
    policy: Policy,
    form: FormScope,
    profile: Profile,
    way: Result<Way, SkipReason>,
    moment: Moment,
    compat: bool,
    placeholders: bool,
    mask: Mask,
    /// What is wrong with the parts that no event changes.
    unsendable: Vec<PlanError>,
}

impl Subscription {
    /// Settles everything that does not depend on the event.
    ///
    /// # Errors
    /// Every mistake in the form, the policy, the delivery rules, the method and the names of headers; and
    /// templates of the address or a header that do not compile.
    pub fn new(
        integration: &Arc<Integration>,
        form: &FormValues,
        settings: Settings<'_>,
    ) -> Result<Subscription, Vec<PlanError>> {
        let mut mistakes = Vec::new();
        let scope = settle(integration, form, settings.placeholders).map_err(|errors| mistakes.extend(errors));
        let policy = policy(integration, settings.policy).map_err(|errors| mistakes.extend(errors));
        let own_profile = settings.profile.cloned().map_or_else(|| profile(integration), Ok);
        let profile = own_profile.map_err(|errors| mistakes.extend(errors));
        let way = way::find(integration, form, settings.placeholders, &mut mistakes);
        match (scope, policy, profile) {
            (Ok(form_scope), Ok(policy), Ok(profile)) if mistakes.is_empty() => {
                let mask = Mask::new(&secrets(integration, form));
                let mut subscription = Subscription {
                    integration: Arc::clone(integration),
                    policy,
                    form: form_scope,
                    profile,
                    way,
                    moment: settings.moment,
                    compat: settings.compat,
                    placeholders: settings.placeholders,
                    mask,
                    unsendable: Vec::new(),
                };
                subscription.make_what_is_steady();
                Ok(subscription)
            }
            _ => Err(mistakes),
        }
    }

    /// The integration.
    pub fn integration(&self) -> &Arc<Integration> {
        &self.integration
    }

    /// Its policy.
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// The rules of its deliveries.
    pub fn profile(&self) -> &Profile {
        &self.profile
    }

    /// Hides the secrets of its form in text that somebody else wrote.
    pub fn mask(&self) -> &Mask {
        &self.mask
    }

    /// What keeps every request from being sent, whatever the event: a line break in a header, an address that is
    /// none. Told by the form variables that it comes from, so that whoever fills in the form hears of it first.
    pub fn unsendable(&self) -> &[PlanError] {
        &self.unsendable
    }

    /// The address that every request goes to, where no event changes it.
    pub fn steady_address(&self) -> Option<&str> {
        match &self.way.as_ref().ok()?.address {
            Made::Once(made) => Some(&made.as_ref().ok()?.url),
            Made::EachTime { .. } => None,
        }
    }

    /// Whether address and headers are made of the form alone: then a request needs nothing of an event but its body.
    pub fn is_steady(&self) -> bool {
        self.way.as_ref().is_ok_and(|way| {
            let made = |made: &Made<String>| matches!(made, Made::Once(_));
            matches!(way.address, Made::Once(_)) && way.headers.iter().all(|header| made(&header.value))
        })
    }

    /// Whether both send to the same place: the same scheme, host and port, where the form alone decides it; where an
    /// event takes part in it, whether the address is made of the same values of the form.
    pub fn sends_where(&self, other: &Subscription) -> bool {
        let (Ok(own), Ok(others)) = (&self.way, &other.way) else { return false };
        match (&own.address, &others.address) {
            (Made::Once(Ok(a)), Made::Once(Ok(b))) => match (Url::parse(&a.url), Url::parse(&b.url)) {
                (Ok(a), Ok(b)) => a.origin() == b.origin(),
                _ => false,
            },
            (Made::EachTime { template: a }, Made::EachTime { template: b }) => {
                self.integration.templates[*a].text == other.integration.templates[*b].text
                    && self.makes_of(*a) == other.makes_of(*b)
            }
            _ => false,
        }
    }

    /// The values of the form that a template reads; all of them where that cannot be told without rendering.
    fn makes_of(&self, template: usize) -> Vec<(String, Option<&Value<'_>>)> {
        let Ok(compiled) = &self.integration.templates[template].compiled else { return Vec::new() };
        let mut read = Vec::new();
        for reference in compiled.references() {
            match reference.resolved.as_deref().and_then(|steps| steps.first()) {
                Some(Step::Member(key)) => read.push((key.clone(), self.form.variables.get(key))),
                _ => return vec![(String::new(), Some(&self.form.variables))],
            }
        }
        read
    }

    /// What the policy says about `event`, with the reason. Planning does not need it: it is for showing.
    pub fn ruling(&self, event: &Event<'_>) -> Ruling {
        let targets = event.targets();
        let explanation = self.policy.explain(&targets);
        let decision = &explanation.decision;
        Ruling {
            verdict: decision.verdict,
            statement: decision.statement,
            target: decision.resource(),
            action: decision.action().to_owned(),
            reason: explanation.whole_reason(),
        }
    }

    /// What happens with `event`.
    ///
    /// # Errors
    /// A template that does not compile or fails on this event, an address that is none, a header that cannot
    /// be sent.
    pub fn plan(&self, event: &Event<'_>) -> Result<Plan, PlanError> {
        self.plan_for(event, &event.targets())
    }

    /// The same, with the event's targets at hand: for an event that many subscriptions look at.
    ///
    /// # Errors
    /// As [`Subscription::plan`].
    pub fn plan_for(&self, event: &Event<'_>, targets: &[Target<'_>]) -> Result<Plan, PlanError> {
        if let Err(reason) = &self.way {
            return Ok(Plan::Skip(reason.clone()));
        }
        match self.decide(targets).verdict {
            Verdict::Allow => {}
            Verdict::Deny => return Ok(Plan::Skip(SkipReason::Denied)),
            Verdict::None => return Ok(Plan::Skip(SkipReason::NotAllowed)),
        }
        match self.body(event)? {
            Body::Text(body) => self.request(event, body).map(Plan::Send),
            Body::Skip(reason) => Ok(Plan::Skip(reason)),
        }
    }

    /// What the policy decides about an event with these targets.
    pub fn decide<'a>(&'a self, targets: &'a [Target<'a>]) -> Decision<'a> {
        self.policy.decide_any(targets)
    }

    /// The body for an event that the policy lets through. It depends on integration, event and form alone.
    ///
    /// # Errors
    /// A template that does not compile or fails on this event.
    pub fn body(&self, event: &Event<'_>) -> Result<Body, PlanError> {
        let way = match &self.way {
            Ok(way) => way,
            Err(reason) => return Ok(Body::Skip(reason.clone())),
        };
        if way.standard_payload {
            return Ok(Body::Text(standard_payload::body(event)));
        }
        let kind = event.kind();
        // `validation` is the body of the "test connection" button, whatever kinds there will be.
        let named = |wanted: &str| way.bodies.iter().find(|(key, _)| *key == wanted);
        let own = Some(kind).filter(|kind| !matches!(*kind, DEFAULT | VALIDATION)).and_then(named);
        match own.or_else(|| named(DEFAULT)) {
            Some((key, template)) => self.rendered(key, *template, event),
            None => Ok(Body::Skip(SkipReason::NoTemplate { kind: kind.to_owned() })),
        }
    }

    /// The body that tests a connection: of the template that is there for it, else of the event's own.
    ///
    /// # Errors
    /// As [`Subscription::body`].
    pub fn validation_body(&self, event: &Event<'_>) -> Result<Body, PlanError> {
        let of_way =
            |way: &Way| way.bodies.iter().find(|(key, _)| *key == VALIDATION && !way.standard_payload).copied();
        match self.way.as_ref().ok().and_then(of_way) {
            Some((key, template)) => self.rendered(key, template, event),
            None => self.body(event),
        }
    }

    /// The body that one template makes. Its file may be missing: then nothing else takes its place.
    fn rendered(&self, key: &'static str, template: Option<usize>, event: &Event<'_>) -> Result<Body, PlanError> {
        let Some(text) = template.map(|at| &self.integration.templates[at]) else {
            let pointer = format!("{HOOK}/templates/{key}");
            let path = self.integration.source.json.pointer(&pointer).and_then(serde_json::Value::as_str);
            let message = format!("the `{key}` template cannot be read: `{}`", path.unwrap_or_default());
            return Err(PlanError::new(PlanErrorKind::Template, message).at(manifest_spot(&self.integration, &pointer)));
        };
        let body = self.render_body(key, text, event)?;
        let empty = body.trim().is_empty();
        Ok(if empty { Body::Skip(SkipReason::EmptyBody { template: key }) } else { Body::Text(body) })
    }

    fn render_body(&self, key: &str, text: &TemplateText, event: &Event<'_>) -> Result<String, PlanError> {
        let what = Part::Body(key);
        let template = compiled(&self.integration, text, what)?;
        let overlay = [("formVariables", &self.form.for_bodies)];
        let escaped;
        let (root, escape) = if self.compat {
            // The reference escapes an event's strings for JSON first, and everything for HTML after that.
            escaped = match text.escape {
                Escape::Json => render::json_escaped(&event.context),
                Escape::Html | Escape::None => event.context.clone(),
            };
            (&escaped, Escape::Html)
        } else {
            (&event.context, text.escape)
        };
        template
            .render(Context { root, overlay: &overlay }, Self::options(escape, self.moment))
            .map_err(|error| self.failed(text, what, &error))
    }

    /// Renders the template of an address or a header: form variables at the root, the event under `context`.
    fn render_part(&self, at: usize, what: Part<'_>, scope: Scope<'_>) -> Result<String, PlanError> {
        let text = &self.integration.templates[at];
        let template = compiled(&self.integration, text, what)?;
        let overlay = [("oauth", &self.form.oauth), ("context", scope.context)];
        let escape = if self.compat { Escape::Html } else { text.escape };
        template
            .render(Context { root: &self.form.variables, overlay: &overlay }, Self::options(escape, scope.moment))
            .map_err(|error| self.failed(text, what, &error))
    }

    fn options(escape: Escape, moment: Moment) -> Options {
        Options { moment, ..Options::new(escape) }
    }

    fn failed(&self, text: &TemplateText, what: Part<'_>, error: &RenderError) -> PlanError {
        let message = self.mask.apply(&format!("{what} fails on this event: {error}"));
        PlanError::new(PlanErrorKind::Render, message)
            .help(error.help.as_deref().map(|help| self.mask.apply(help)))
            .at(spot(&self.integration, text, error.span.clone()))
    }

    /// The request that brings `body`: address, headers and steady signatures as the form has them.
    ///
    /// # Errors
    /// A template that fails on this event, an address that is none, a header that cannot be sent, or an
    /// integration that sends nothing.
    pub fn request(&self, event: &Event<'_>, body: String) -> Result<OutboundRequest, PlanError> {
        self.request_at(event, body, self.moment)
    }

    /// The same, signed by `edgeGridAuth` at `moment`.
    ///
    /// # Errors
    /// As [`Subscription::request`].
    pub fn request_at(&self, event: &Event<'_>, body: String, moment: Moment) -> Result<OutboundRequest, PlanError> {
        let way = match &self.way {
            Ok(way) => way,
            Err(reason) => return Err(PlanError::new(PlanErrorKind::Address, reason.to_string())),
        };
        let scope = Scope { context: &event.context, moment };
        let address = match &way.address {
            Made::Once(made) => made.clone()?,
            Made::EachTime { template } => self.address(*template, scope)?,
        };
        // A GET asks for something and has nothing to bring: many servers and proxies refuse one with a body.
        let body = if way.method == "GET" { String::new() } else { body };
        let mut request = OutboundRequest {
            method: way.method.clone(),
            url: address.url,
            headers: Vec::with_capacity(way.headers.len() + 2),
            body,
            signing: way.signing.clone(),
            skip_certificate_check: way.skip_certificate_check,
        };
        for header in &way.headers {
            let value = match &header.value {
                Made::Once(made) => made.clone()?,
                Made::EachTime { template } => self.header(*template, &header.name, scope)?,
            };
            request.headers.push((header.name.clone(), value));
        }
        if way.says_json && !request.body.is_empty() {
            request.headers.push(("Content-Type".to_owned(), "application/json".to_owned()));
        }
        if let Some(authorization) = address.authorization.filter(|_| request.header("authorization").is_none()) {
            request.headers.push(("Authorization".to_owned(), authorization));
        }
        let signatures =
            self.profile.stamp.steady_signatures(&request).map_err(|error| {
                PlanError::new(PlanErrorKind::Header, format!("the body cannot be signed: {error}"))
            })?;
        for (name, value) in signatures {
            let value = if way.unsigned { SIGNATURE.to_owned() } else { value };
            request.headers.retain(|(own, _)| !own.eq_ignore_ascii_case(&name));
            request.headers.push((name, value));
        }
        Ok(request)
    }

    fn address(&self, template: usize, scope: Scope<'_>) -> Result<Address, PlanError> {
        let rendered = self.render_part(template, Part::Address, scope)?;
        let text = &self.integration.templates[template];
        address::finish(&rendered, &text.text, self.placeholders).map_err(|reason| {
            let shown = self.mask.apply(rendered.trim());
            PlanError::new(PlanErrorKind::Address, format!("`{shown}` is no address to send to: {reason}"))
                .help(match reason.contains("user name or password") {
                    true => format!("write `{{{{queryEncode …}}}}` for each of them; it was made by `{}`", text.text),
                    false => format!("it was made by `{}`", text.text),
                })
                .at(spot(&self.integration, text, 0..text.text.len()))
        })
    }

    fn header(&self, template: usize, name: &str, scope: Scope<'_>) -> Result<String, PlanError> {
        let rendered = self.render_part(template, Part::Header(name), scope)?;
        match headers::check_value(&rendered) {
            Ok(value) => Ok(value.to_owned()),
            Err(what) => {
                let text = &self.integration.templates[template];
                Err(PlanError::new(PlanErrorKind::Header, format!("the value of header `{name}` has a {what} in it"))
                    .help(format!("it was made by `{}`; check the form for a stray line end", text.text))
                    .at(spot(&self.integration, text, 0..text.text.len())))
            }
        }
    }

    /// The form variables that a steady template reads; those alone that hold a control character, when some do.
    fn suspects(&self, template: usize) -> Vec<String> {
        let Ok(compiled) = &self.integration.templates[template].compiled else { return Vec::new() };
        let mut keys: Vec<String> = Vec::new();
        for reference in compiled.references() {
            if let Some(Step::Member(key)) = reference.resolved.as_deref().and_then(|steps| steps.first())
                && !keys.contains(key)
            {
                keys.push(key.clone());
            }
        }
        let dirty = |key: &&String| {
            let text = self.form.variables.get(key).and_then(Value::as_str);
            text.is_some_and(|text| headers::check_value(text).is_err())
        };
        let dirty: Vec<String> = keys.iter().filter(dirty).cloned().collect();
        if dirty.is_empty() { keys } else { dirty }
    }

    fn make_what_is_steady(&mut self) {
        let Ok(way) = &self.way else { return };
        let steady = |at: &usize| {
            let compiled = self.integration.templates[*at].compiled.as_ref();
            compiled.is_ok_and(|template| is_steady(template, &self.integration.manifest))
        };
        let scope = Scope { context: &Value::Null, moment: self.moment };
        let address = way.address.template().filter(steady).map(|at| self.address(at, scope));
        let header = |header: &HeaderWay| {
            let at = header.value.template().filter(steady)?;
            Some(self.header(at, &header.name, scope))
        };
        let headers: Vec<Option<Result<String, PlanError>>> = way.headers.iter().map(header).collect();
        let wrong = |template: Option<usize>, error: Option<&PlanError>| {
            Some(PlanError { kind: PlanErrorKind::Form(self.suspects(template?)), ..error?.clone() })
        };
        let of_address = address.as_ref().and_then(|made| made.as_ref().err());
        let of_headers = way.headers.iter().zip(&headers).filter_map(|(header, made)| {
            wrong(header.value.template(), made.as_ref().and_then(|made| made.as_ref().err()))
        });
        let unsendable = wrong(way.address.template(), of_address).into_iter().chain(of_headers).collect();
        self.unsendable = unsendable;
        let Ok(way) = &mut self.way else { return };
        if let Some(made) = address {
            way.address = Made::Once(made);
        }
        for (header, made) in way.headers.iter_mut().zip(headers) {
            if let Some(made) = made {
                header.value = Made::Once(made);
            }
        }
    }
}

fn policy(integration: &Integration, own: Option<&[serde_json::Value]>) -> Result<Policy, Vec<PlanError>> {
    let pointer = format!("{HOOK}/defaultPolicy");
    // From the JSON itself: a statement that could not be read whole might allow what it was to deny.
    let written = own.or_else(|| integration.source.json.pointer(&pointer)?.as_array().map(Vec::as_slice));
    let default: Vec<serde_json::Value>;
    let statements = match written {
        Some(statements) => statements,
        None => {
            default = serde_json::from_str(POLICY_WITHOUT_A_WORD).unwrap_or_default();
            &default
        }
    };
    Policy::from_json(statements).map_err(|errors| {
        let located = errors.into_iter().map(|error| {
            let mistake = PlanError::new(PlanErrorKind::Policy, error.to_string()).help(error.help());
            if own.is_some() {
                return mistake;
            }
            mistake.at(manifest_spot(integration, &format!("{pointer}{}", error.spot.pointer())))
        });
        located.collect()
    })
}

fn profile(integration: &Integration) -> Result<Profile, Vec<PlanError>> {
    let written = integration.manifest.hook().and_then(|hook| hook.delivery.as_ref()).filter(|value| !value.is_null());
    let Some(written) = written else { return Ok(Profile::engine_default()) };
    Profile::from_json(written).map_err(|mistakes| {
        let located = mistakes.into_iter().map(|mistake| {
            PlanError::new(PlanErrorKind::Profile, mistake.message)
                .help(mistake.help)
                .at(manifest_spot(integration, &format!("{HOOK}/delivery{}", mistake.pointer)))
        });
        located.collect()
    })
}

/// Every secret of a form: values of variables that say so, passwords in addresses, and the OAuth token.
fn secrets(integration: &Integration, form: &FormValues) -> Vec<Secret> {
    let variables = integration.manifest.form_variables.iter().filter(|variable| variable.secret());
    let declared: HashSet<&str> = variables.map(|variable| variable.key.as_str()).collect();
    let values = form.values.iter().filter_map(|(key, value)| match value {
        FormValue::Secret(secret) => Some(secret.clone()),
        FormValue::Text(text) if declared.contains(key.as_str()) => Some(Secret::new(text.clone())),
        _ => None,
    });
    let texts = form.values.values().filter_map(|value| match value {
        FormValue::Text(text) => Some(text.as_str()),
        _ => None,
    });
    let texts = texts.chain(form.oauth.iter().map(|oauth| oauth.base_uri.as_str()));
    let passwords = texts.filter_map(|text| {
        let url = Url::parse(text).ok()?;
        let password = url.password()?;
        // A receiver may repeat it as it was written or as it was meant.
        let meant = percent_decode_str(password).decode_utf8_lossy().into_owned();
        // The whole pair too: around the password alone its base64 keeps some bits.
        let pair = basic_credentials(url.username(), password);
        Some([Secret::new(password), Secret::new(meant), Secret::new(pair)])
    });
    let tokens = form.oauth.iter().map(|oauth| oauth.access_token.clone());
    values.chain(tokens).chain(passwords.flatten()).collect()
}
