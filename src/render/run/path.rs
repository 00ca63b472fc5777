//! Names to values, as lenient or strict as handlebars.js.

use super::scope::{Frame, ParamValues, Scope};
use super::{Fault, Run};
use crate::render::compiled::{Part, Path, Start};
use crate::render::error::{RenderError, RenderErrorKind};
use crate::render::js::{Js, World};
use crate::value::{Number, Value};

impl<'t> Run<'t, '_> {
    /// The value of a name that is printed or opens a section. Strictly, it must be there.
    #[inline]
    pub(super) fn path_value(&self, path: &Path, scope: &Scope<'_, 't>, strict: bool) -> Result<Js<'t>, Fault> {
        if strict { self.strict_value(path, scope, true) } else { self.lenient_value(path, scope) }
    }

    /// The value of a name that is given to a helper. Strictly, all but its last part must be there.
    pub(super) fn argument_value(&self, path: &Path, scope: &Scope<'_, 't>) -> Result<Js<'t>, Fault> {
        if self.options.strict { self.strict_value(path, scope, false) } else { self.lenient_value(path, scope) }
    }

    fn lenient_value(&self, path: &Path, scope: &Scope<'_, 't>) -> Result<Js<'t>, Fault> {
        let template = self.template;
        let parts = template.parts(path);
        match path.start {
            Start::Context(depth) => {
                let Some(context) = scope.context(depth) else { return Ok(Js::Undefined) };
                let (object, [first, rest @ ..]) = (context, parts) else { return Ok(context.clone()) };
                let found = match object {
                    Js::Object(object) => object.get_near(template.text(first.name), &first.guess),
                    Js::Root if !self.world.plain => self.world.root_member(template.text(first.name), &first.guess),
                    other => return Ok(self.members(other.clone(), parts)),
                };
                let Some(mut value) = found else { return Ok(Js::Undefined) };
                for (at, part) in rest.iter().enumerate() {
                    let Value::Object(object) = value else {
                        return Ok(self.members(Js::from(value), &rest[at..]));
                    };
                    match object.get_near(template.text(part.name), &part.guess) {
                        Some(member) => value = member,
                        None => return Ok(Js::Undefined),
                    }
                }
                Ok(Js::from(value))
            }
            Start::Param { .. } => Ok(self.members(self.param(path, scope)?, parts)),
            Start::Data(depth) => {
                let [first, rest @ ..] = parts else { return Ok(Js::Undefined) };
                let Some(frame) = scope.frame(depth) else { return Ok(Js::Undefined) };
                let mut value = data(frame, template.text(first.name));
                for part in rest {
                    // Unlike elsewhere, a falsy value on the way is the answer.
                    if !self.world.truthy(&value) {
                        break;
                    }
                    value = self.world.member(&value, template.text(part.name));
                }
                Ok(value)
            }
        }
    }

    fn members(&self, mut value: Js<'t>, parts: &[Part]) -> Js<'t> {
        for part in parts {
            if matches!(value, Js::Undefined | Js::Null) {
                break;
            }
            value = self.world.member(&value, self.template.text(part.name));
        }
        value
    }

    fn param(&self, path: &Path, scope: &Scope<'_, 't>) -> Result<Js<'t>, Fault> {
        let Start::Param { level, index } = path.start else { return Ok(Js::Undefined) };
        let mut at = scope.params;
        while let Some(params) = at {
            if params.level == level {
                return match (params.values, index) {
                    (ParamValues::Refused, _) => Err(RenderError::new(
                        RenderErrorKind::Helper,
                        path.span.range(),
                        format!(
                            "`{}` names a block parameter of a block that gives none",
                            self.template.text(path.span)
                        ),
                    )
                    .help("`each` and `with` give block parameters")),
                    (ParamValues::Context(value) | ParamValues::Item(value, _), 0) => Ok(value.clone()),
                    (ParamValues::Item(_, key), 1) => Ok(key.clone()),
                    _ => Ok(Js::Undefined),
                };
            }
            at = params.up;
        }
        Ok(Js::Undefined)
    }

    /// `terminal`: whether the last part must be there, too.
    fn strict_value(&self, path: &Path, scope: &Scope<'_, 't>, terminal: bool) -> Result<Js<'t>, Fault> {
        let template = self.template;
        let parts = template.parts(path);
        let (mut value, parts, terminal) = match path.start {
            Start::Context(depth) => (scope.context(depth).cloned().unwrap_or(Js::Undefined), parts, terminal),
            // As in handlebars.js, a block parameter's last part may be missing even when it is printed.
            Start::Param { .. } => (self.param(path, scope)?, parts, false),
            Start::Data(depth) => {
                let [first, rest @ ..] = parts else { return Ok(Js::Undefined) };
                let name = template.text(first.name);
                let value = match scope.frame(depth) {
                    Some(frame) => data(frame, name),
                    None => return Err(self.missing(path, None)),
                };
                if terminal && rest.is_empty() && matches!(value, Js::Undefined) && !inherited(self.world, name) {
                    return Err(self.missing(path, None));
                }
                (value, rest, terminal)
            }
        };
        let last = parts.len().wrapping_sub(1);
        // The value before, and the name that was looked up in it: where a typing error would be.
        let mut around: Option<(Js<'t>, &str)> = None;
        for (at, part) in parts.iter().enumerate() {
            let name = template.text(part.name);
            if terminal && at == last {
                if self.world.has(&value, name) != Some(true) {
                    return Err(self.missing(path, Some((&value, name))));
                }
            } else if matches!(value, Js::Undefined | Js::Null) {
                return Err(self.missing(path, around.as_ref().map(|(value, name)| (value, *name))));
            }
            let member = self.world.member(&value, name);
            around = Some((std::mem::replace(&mut value, member), name));
        }
        Ok(value)
    }

    fn missing(&self, path: &Path, lookup: Option<(&Js<'t>, &str)>) -> Fault {
        let written = self.template.text(path.span);
        let error = RenderError::new(
            RenderErrorKind::Missing(written.to_owned()),
            path.span.range(),
            format!("nothing provides `{written}`"),
        );
        match lookup.and_then(|(value, name)| self.near_member(value, name)) {
            Some(near) => error.help(format!("did you mean `{near}`?")),
            None => error,
        }
    }

    /// The member whose name is most like `name`.
    fn near_member(&self, value: &Js<'t>, name: &str) -> Option<&'t str> {
        // Long names are data, not names that someone mistyped; comparing them would be slow.
        let short = |name: &str| name.len() <= 64;
        let known: Vec<&'t str> = match value {
            Js::Object(object) => object.iter().map(|(known, _)| known).collect(),
            Js::Root => self.world.root_members().map(|(known, _)| known).collect(),
            _ => return None,
        };
        known
            .into_iter()
            .filter(|known| short(known) && short(name))
            .map(|known| (strsim::damerau_levenshtein(name, known), known))
            .filter(|(distance, known)| *distance > 0 && *distance <= (known.chars().count() / 3).max(1))
            .min_by_key(|(distance, _)| *distance)
            .map(|(_, known)| known)
    }

    /// Whether the path leads to something truthy, asked without any strictness.
    pub(super) fn leads_somewhere(&self, path: &Path, scope: &Scope<'_, 't>) -> bool {
        self.lenient_value(path, scope).is_ok_and(|value| self.world.truthy(&value))
    }
}

/// An `@` name. Frames copy those around them, so the nearest loop answers for `@index` and its like.
fn data<'t>(frame: &Frame<'_, 't>, name: &str) -> Js<'t> {
    if name == "root" {
        return frame.root.clone();
    }
    let Some(turn) = &frame.turn else { return Js::Undefined };
    match name {
        "key" => turn.key.clone(),
        "index" => Js::Number(Number::Unsigned(u64::try_from(turn.index).unwrap_or(u64::MAX))),
        "first" => Js::Bool(turn.index == 0),
        "last" => Js::Bool(turn.last),
        _ => Js::Undefined,
    }
}

fn inherited(world: World<'_>, name: &str) -> bool {
    world.has(&Js::Nothing, name) == Some(true)
}
