//! Calls of helpers that give a value.

use std::borrow::Cow;

use super::scope::Scope;
use super::{Fault, Run};
use crate::render::compiled::{CallId, Helper, Operand, Path};
use crate::render::error::{RenderError, RenderErrorKind};
use crate::render::helpers::{
    Credentials, Formatted, basic_auth_header_value, edge_grid_auth, format_with_offset, near_miss, path_encode,
    query_encode,
};
use crate::render::js::{Js, to_number};
use crate::value::Number;

impl<'t> Run<'t, '_> {
    pub(super) fn call(&mut self, id: CallId, scope: &Scope<'_, 't>) -> Result<Js<'t>, Fault> {
        let call = self.template.call(id);
        self.charge(1, call.span)?;
        let arguments = self.template.arguments(call);
        self.named_arguments(id, scope)?;
        match call.helper {
            Helper::Lookup => self.lookup(id, arguments, scope),
            Helper::Log => {
                for argument in arguments {
                    self.operand(*argument, scope)?;
                }
                Ok(Js::Undefined)
            }
            Helper::PathEncode => {
                let [text] = self.texts(id, arguments, "one value", scope)?;
                self.made(id, path_encode(&text))
            }
            Helper::QueryEncode => {
                let [text] = self.texts(id, arguments, "one value", scope)?;
                self.made(id, query_encode(&text))
            }
            Helper::BasicAuthHeaderValue => {
                let [user, password] = self.texts(id, arguments, "a user and a password", scope)?;
                self.made(id, basic_auth_header_value(&user, &password))
            }
            Helper::FormatWithOffset => self.format_with_offset(id, arguments, scope),
            Helper::EdgeGridAuth => self.edge_grid_auth(id, arguments, scope),
            Helper::If | Helper::Unless | Helper::Each | Helper::With | Helper::Equal => {
                let name = self.call_name(id);
                Err(self
                    .refuse(id, format!("`{name}` is used as a block"))
                    .help(format!("write `{{{{#{name} …}}}}…{{{{/{name}}}}}`")))
            }
            Helper::Hook => {
                let name = self.call_name(id);
                Err(self.refuse(id, format!("`{name}` cannot be called from a template")))
            }
            Helper::Unknown(path) => {
                let path = self.template.path(path);
                let given = !arguments.is_empty();
                // handlebars.js would call whatever the name leads to; of data, nothing can be called.
                if given || self.options.strict || self.leads_somewhere(path, scope) {
                    return Err(self.unknown_helper(id, path));
                }
                Ok(Js::Undefined)
            }
        }
    }

    /// Named arguments mean nothing to most helpers, but what fails in them fails the call. Whether
    /// `includeZero` is among them and truthy.
    pub(super) fn named_arguments(&mut self, id: CallId, scope: &Scope<'_, 't>) -> Result<bool, Fault> {
        let template = self.template;
        let mut includes_zero = None;
        for entry in template.hash(template.call(id)) {
            let value = self.operand(entry.value, scope)?;
            // Of a repeated name, the first is meant.
            if includes_zero.is_none() && template.text(entry.key) == "includeZero" {
                includes_zero = Some(self.world.truthy(&value));
            }
        }
        Ok(includes_zero.unwrap_or(false))
    }

    fn unknown_helper(&self, id: CallId, path: &Path) -> Fault {
        let name = self.call_name(id);
        let error = RenderError::new(
            RenderErrorKind::UnknownHelper(name.to_owned()),
            path.span.range(),
            format!("no helper is named `{name}`"),
        );
        match near_miss(name) {
            Some(known) => error.help(format!("did you mean `{known}`?")),
            None => error,
        }
    }

    fn lookup(&mut self, id: CallId, arguments: &[Operand], scope: &Scope<'_, 't>) -> Result<Js<'t>, Fault> {
        let Some((first, rest)) = arguments.split_first() else {
            return Err(self.refuse(id, "`lookup` takes a value and the name of its member"));
        };
        let value = self.operand(*first, scope)?;
        let mut name = None;
        for argument in rest {
            let argument = self.operand(*argument, scope)?;
            name.get_or_insert(argument);
        }
        if !self.world.truthy(&value) {
            return Ok(value);
        }
        let (Some(name), 1) = (name, rest.len()) else {
            return Err(self.refuse(id, "`lookup` takes a value and the name of its member"));
        };
        let name = self.text_of(id, &name)?;
        Ok(self.world.member(&value, &name))
    }

    fn format_with_offset(
        &mut self,
        id: CallId,
        arguments: &[Operand],
        scope: &Scope<'_, 't>,
    ) -> Result<Js<'t>, Fault> {
        let &[milliseconds, offset, format] = arguments else {
            return Err(self.refuse(id, "`formatWithOffset` takes milliseconds, an offset in seconds and a format"));
        };
        let milliseconds = self.operand(milliseconds, scope)?;
        let offset = self.operand(offset, scope)?;
        let format = self.operand(format, scope)?;
        let format = self.text_of(id, &format)?;
        let formatted = to_number(&milliseconds)
            .zip(to_number(&offset))
            .and_then(|(milliseconds, offset)| format_with_offset(milliseconds, offset, &format));
        match formatted {
            Some(Formatted::Number(number)) => Ok(Js::Number(Number::from(number))),
            Some(Formatted::Text(text)) => self.made(id, text),
            None => {
                let (milliseconds, offset) = (self.text_of(id, &milliseconds)?, self.text_of(id, &offset)?);
                Err(self.refuse(id, format!("`{milliseconds}` milliseconds and `{offset}` seconds make no time")))
            }
        }
    }

    fn edge_grid_auth(&mut self, id: CallId, arguments: &[Operand], scope: &Scope<'_, 't>) -> Result<Js<'t>, Fault> {
        let [method, path, host, _network, _namespace, _group, _key, client_secret, client_token, access_token] = self
            .texts(
                id,
                arguments,
                "method, path, hostname, network, namespace, group, key, client secret, client token and access token",
                scope,
            )?;
        if method.eq_ignore_ascii_case("POST") {
            return Err(self.refuse(id, "`edgeGridAuth` cannot sign a `POST`: its body would have to be signed"));
        }
        let path = self.filled(&path, scope);
        let credentials =
            Credentials { client_secret: &client_secret, client_token: &client_token, access_token: &access_token };
        let moment = self.options.moment;
        let nonce = uuid_text(moment.nonce);
        match edge_grid_auth(credentials, &method, &host, &path, moment.milliseconds, &nonce) {
            Some(header) => self.made(id, header),
            None => Err(self.refuse(id, "`edgeGridAuth` was given a moment without a date")),
        }
    }

    /// A text with each `{{name}}` in it replaced by its value: a path is written once, as in the address.
    fn filled<'p>(&self, text: &'p str, scope: &Scope<'_, 't>) -> Cow<'p, str> {
        if !text.contains("{{") {
            return Cow::Borrowed(text);
        }
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("{{") {
            let Some((name, behind)) = after.split_once("}}") else { break };
            out.push_str(before);
            let name = name.trim();
            let value = name.split('.').fold(scope.this.clone(), |value, part| self.world.member(&value, part));
            if !matches!(value, Js::Undefined | Js::Null) {
                out.push_str(&self.world.text(&value));
            }
            rest = behind;
        }
        out.push_str(rest);
        Cow::Owned(out)
    }

    /// Exactly `N` arguments as texts.
    fn texts<const N: usize>(
        &mut self,
        id: CallId,
        arguments: &[Operand],
        expected: &str,
        scope: &Scope<'_, 't>,
    ) -> Result<[Cow<'t, str>; N], Fault> {
        let Ok(arguments) = <[Operand; N]>::try_from(arguments) else {
            let name = self.call_name(id);
            return Err(self.refuse(id, format!("`{name}` takes {expected}")));
        };
        let mut texts = std::array::from_fn(|_| Cow::Borrowed(""));
        for (text, argument) in texts.iter_mut().zip(arguments) {
            let value = self.operand(argument, scope)?;
            if self.options.exact && matches!(value, Js::Undefined | Js::Null) {
                return Err(self.no_text(id, argument, matches!(value, Js::Undefined)));
            }
            *text = self.text_of(id, &value)?;
        }
        Ok(texts)
    }

    fn no_text(&self, id: CallId, argument: Operand, absent: bool) -> Fault {
        let span = match argument {
            Operand::Path(path) => self.template.path(path).span,
            _ => self.template.call(id).span,
        };
        let (helper, written) = (self.call_name(id), self.template.text(span));
        let kind = RenderErrorKind::NoText(written.to_owned(), absent);
        let printed = if absent { "undefined" } else { "null" };
        RenderError::new(kind, span.range(), format!("`{helper}` makes `{printed}` of `{written}`"))
    }

    /// `String(value)`, paid for by its length.
    fn text_of(&mut self, id: CallId, value: &Js<'t>) -> Result<Cow<'t, str>, Fault> {
        let text = self.world.text(value);
        self.charge(u64::try_from(text.len() / 64).unwrap_or(u64::MAX), self.template.call(id).span)?;
        Ok(text)
    }

    /// A text that a helper made, paid for by its length.
    fn made(&mut self, id: CallId, text: String) -> Result<Js<'t>, Fault> {
        self.charge(u64::try_from(text.len() / 16).unwrap_or(u64::MAX), self.template.call(id).span)?;
        Ok(Js::Made(text.into()))
    }
}

/// A number in the form of a UUID.
fn uuid_text(number: u128) -> String {
    let digits = format!("{number:032x}");
    [&digits[..8], &digits[8..12], &digits[12..16], &digits[16..20], &digits[20..]].join("-")
}
