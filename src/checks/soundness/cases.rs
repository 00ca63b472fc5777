//! The cases that one hook's body is tried with: events, each with a form.

use super::form::{Filling, body_form};
use super::stage::{Properties, SampleEvent, Stage, properties, text};
use super::thin::Lists;
use crate::checks::names::Reading;
use crate::manifest::{FormVariable, HookTemplates, Manifest};
use crate::value::{Object, Value};

/// An event and a form.
#[derive(Debug, Clone, Copy)]
pub(super) struct Case<'c> {
    pub(super) event: &'c Value<'c>,
    /// Custom properties in place of the event's own.
    pub(super) properties: Option<&'c Value<'c>>,
    pub(super) form: &'c Value<'c>,
}

/// What the cases of one template are made of.
#[derive(Debug)]
pub(super) struct Props<'c> {
    two: Value<'c>,
    one: Value<'c>,
    empty: Value<'c>,
    null: Value<'c>,
    hostile: Value<'c>,
    asked: bool,
    forms: Forms<'c>,
}

#[derive(Debug)]
pub(super) struct Forms<'c> {
    pub(super) reference: Value<'c>,
    filled: Value<'c>,
    hostile: Value<'c>,
    empty: Value<'c>,
    /// One variable unlike the others.
    toggled: Vec<Value<'c>>,
}

impl<'c> Props<'c> {
    pub(super) fn new(reading: &Reading<'_>, manifest: &'c Manifest) -> Self {
        let mut names: Vec<String> = Vec::new();
        let mut variables: Vec<&FormVariable> = Vec::new();
        for found in &reading.uses {
            match found.from_root.as_deref().unwrap_or_default() {
                [first, name, ..] if first == "customProperties" && !names.contains(name) => names.push(name.clone()),
                [first, key, ..] if first == "formVariables" => {
                    let variable = manifest.form_variables.iter().find(|variable| variable.key == *key);
                    let news = variable.filter(|variable| !variables.iter().any(|known| known.key == variable.key));
                    variables.extend(news);
                }
                _ => {}
            }
        }
        Props {
            two: properties(&names, Lists::Two),
            one: properties(&names, Lists::One),
            empty: properties(&names, Lists::Empty),
            null: properties(&names, Lists::Null),
            hostile: super::hostile::hostile(&properties(&names, Lists::Two)),
            asked: !names.is_empty(),
            forms: Forms::new(manifest, &variables),
        }
    }

    pub(super) fn reference_form(&self) -> &Value<'c> {
        &self.forms.reference
    }

    fn properties(&self, which: Properties) -> Option<&Value<'c>> {
        match which {
            _ if !self.asked => None,
            Properties::AsTheyAre => None,
            Properties::Hostile => Some(&self.hostile),
            Properties::Asked(Lists::Two) => Some(&self.two),
            Properties::Asked(Lists::One) => Some(&self.one),
            Properties::Asked(Lists::Empty) => Some(&self.empty),
            Properties::Asked(Lists::Null) => Some(&self.null),
        }
    }

    /// Every case of one sample. The sample itself, with the form of the reference, is not among them.
    pub(super) fn cases<'s>(&'s self, sample: &'s SampleEvent<'_>, tell: &mut dyn FnMut(Case<'s>))
    where
        'c: 's,
    {
        let mut add = |event, properties, form| tell(Case { event, properties, form });
        let forms = &self.forms;
        for derived in &sample.derived {
            let hostile = derived.properties == Properties::Hostile;
            add(
                &derived.event,
                self.properties(derived.properties),
                if hostile { &forms.hostile } else { &forms.empty },
            );
        }
        for (index, derived) in sample.more.iter().enumerate() {
            add(&derived.event, self.properties(derived.properties), &forms.filled);
            if index == 0 {
                for form in forms.toggled.iter().chain([&forms.empty]) {
                    add(&derived.event, self.properties(derived.properties), form);
                }
            }
        }
        if let (false, Some(thin)) = (sample.more.is_empty(), sample.derived.last()) {
            for form in forms.toggled.iter().chain([&forms.filled]) {
                add(&thin.event, None, form);
            }
        }
    }
}

impl<'c> Forms<'c> {
    fn new(manifest: &'c Manifest, used: &[&'c FormVariable]) -> Self {
        let filled = body_form(manifest, Filling::Filled);
        let empty = body_form(manifest, Filling::LeftEmpty);
        let mut toggled = Vec::new();
        // Each copies the whole form: of a form with thousands of fields a few have to do.
        let enough = 20_000 / (manifest.form_variables.len() + 1);
        for variable in used.iter().filter(|variable| variable.optional() || is_box(variable)).take(enough.max(8)) {
            for (base, other) in [(&filled, Filling::LeftEmpty), (&empty, Filling::Filled)] {
                toggled.push(super::edit::set(base, &[&variable.key], super::form::value(variable, other)));
            }
        }
        Forms {
            reference: body_form(manifest, Filling::Reference),
            hostile: body_form(manifest, Filling::Hostile),
            filled,
            empty,
            toggled,
        }
    }
}

fn is_box(variable: &FormVariable) -> bool {
    variable.kind == crate::manifest::FormVariableType::Boolean
}

impl<'c> Case<'c> {
    /// What is laid over the event.
    pub(super) fn overlay(&self) -> [(&'static str, &'c Value<'c>); 2] {
        // Without own properties the form stands twice, which changes nothing.
        match self.properties {
            Some(properties) => [("formVariables", self.form), ("customProperties", properties)],
            None => [("formVariables", self.form), ("formVariables", self.form)],
        }
    }

    /// Event and form as one value.
    pub(super) fn merged(&self) -> Value<'c> {
        let mut merged = self.event.clone();
        for (name, value) in self.overlay() {
            merged = super::edit::set(&merged, &[name], Some(value.clone()));
        }
        match merged {
            object @ Value::Object(_) => object,
            _ => Value::Object(Object::default()),
        }
    }
}

/// Whether a hook's template of this name is the one for the event.
pub(super) fn serves(templates: &HookTemplates, name: &str, event: &Value<'_>) -> bool {
    let kind = text(event, &["kind"]);
    let own =
        |kind: &str| templates.named().any(|(other, _)| other == kind && other != "default" && other != "validation");
    match name {
        "default" => !own(kind),
        "validation" => false,
        name => name == kind,
    }
}

/// The samples that a hook's template is tried with: those it serves, and the reference's own.
pub(super) fn samples<'s, 'a>(stage: &'s Stage<'a>, templates: &HookTemplates, name: &str) -> Vec<&'s SampleEvent<'a>> {
    let reference = stage.reference(name);
    stage
        .samples
        .iter()
        .filter(|sample| {
            serves(templates, name, &sample.event) || reference.is_some_and(|other| std::ptr::eq(other, *sample))
        })
        .collect()
}
