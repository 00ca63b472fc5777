//! Which parts of a request are the same for every event: they are made once, when an integration is switched on.

use super::error::PlanError;
use crate::manifest::Manifest;
use crate::render::{Step, Template};

/// A part of a request, made from a template.
#[derive(Debug)]
pub(super) enum Made<T> {
    /// Made already: no event changes it. A mistake is kept, and told with each event.
    Once(Result<T, PlanError>),
    /// Made for each event, from the template at this place among those of the integration.
    EachTime {
        /// The place.
        template: usize,
    },
}

impl<T> Made<T> {
    /// The template's place, while it is not made yet.
    pub(super) fn template(&self) -> Option<usize> {
        match self {
            Made::Once(_) => None,
            Made::EachTime { template } => Some(*template),
        }
    }
}

/// Whether a template of an address or a header reads nothing but form variables, so that it makes the same for
/// every event.
///
/// What cannot be known without rendering (a section, `this`, a name that a helper makes) counts as reading the
/// event. `edgeGridAuth` signs the moment.
pub(super) fn is_steady(template: &Template, manifest: &Manifest) -> bool {
    let of_form = |steps: &[Step]| match steps.first() {
        // The event lies over a form variable of the same name.
        Some(Step::Member(name)) if name == "context" => false,
        Some(Step::Member(name)) => manifest.form_variables.iter().any(|variable| variable.key == *name),
        Some(Step::Item) | None => false,
    };
    template.references().iter().all(|reference| reference.resolved.as_deref().is_some_and(of_form))
        && template.helper_calls().iter().all(|call| call.known && call.name != "edgeGridAuth")
}

#[cfg(test)]
mod tests {
    use super::is_steady;
    use crate::manifest::Manifest;
    use crate::render::Template;

    #[test]
    fn what_reads_only_the_form_is_steady() {
        let json = serde_json::json!({"formVariables": [
            {"key": "site", "name": "Site", "type": "string"}, {"key": "list", "name": "List", "type": "multiselect"},
            {"key": "context", "name": "Context", "type": "string"},
        ]});
        let manifest = Manifest::from_json(&json);
        for (template, steady) in [
            ("https://example.com/x", true),
            ("https://{{site}}/x", true),
            ("https://{{pathEncode site}}/{{#if list}}{{site}}{{/if}}", true),
            ("{{#each list}}{{this}},{{/each}}", true),
            ("{{basicAuthHeaderValue site 'x'}}", true),
            ("https://{{site}}/{{context._id}}", false),
            ("{{context}}", false),
            ("{{unknown}}", false),
            ("{{this}}", false),
            ("{{@root.site}}", true),
            ("{{@root.context.key}}", false),
            ("{{#each this}}{{@key}}{{/each}}", false),
            ("{{lookup this site}}", false),
            ("{{#site}}{{other}}{{/site}}", false),
            ("{{edgeGridAuth site}}", false),
            ("{{formatWithOffset context.timestamp.milliseconds 1}}", false),
        ] {
            let compiled = Template::compile(template).expect("it compiles");
            assert_eq!(is_steady(&compiled, &manifest), steady, "{template}");
        }
    }
}
