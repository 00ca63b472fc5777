//! `unguarded-variable`

use super::prelude::*;
use crate::checks::near::listed;
use crate::checks::soundness::Missing;

/// Some events lack what others have: a comment, custom properties, a key.
pub(super) struct UnguardedVariable;

impl Rule for UnguardedVariable {
    fn id(&self) -> &'static str {
        "unguarded-variable"
    }

    fn summary(&self) -> &'static str {
        "a template prints a name that some events lack, or makes `undefined` of it"
    }

    fn check(&self, scene: Scene<'_>, out: &mut Vec<Finding>) {
        let absents = &scene.rehearsal.absents;
        for absent in absents {
            let place = scene.within(&scene.readings[absent.reading], absent.span.clone());
            let (helper, guard) = (&absent.helper, &absent.guard);
            let (printed, state) = if absent.absent { ("undefined", "absent") } else { ("null", "null") };
            let message = format!("`{helper}` prints `{printed}` when `{guard}` is {state}");
            let help = format!("wrap it in `{{{{#if {guard}}}}}…{{{{/if}}}}`");
            let finding = self.finding(place, message).helped(help);
            out.push(if absent.reached { finding } else { finding.mild() });
        }
        let told = |missing: &Missing| {
            absents.iter().any(|absent| absent.reading == missing.reading && absent.span == missing.span)
        };
        for missing in scene.rehearsal.missing.iter().filter(|missing| !told(missing)) {
            let reading = &scene.readings[missing.reading];
            let place = scene.within(reading, missing.span.clone());
            let name = &missing.name;
            if missing.form {
                let message = format!("`{name}` has no value where the integration is tested");
                let help = format!("guard it: `{{{{#if {name}}}}}…{{{{/if}}}}`");
                out.push(self.finding(place, message).helped(help));
                continue;
            }
            let shown = 3;
            let more = missing.samples.len().saturating_sub(shown);
            let named: Vec<String> = missing.samples.iter().take(shown).map(|name| format!("`{name}`")).collect();
            let samples = match more {
                0 => listed(missing.samples.iter().map(String::as_str)),
                more => format!("{} and {more} more", named.join(", ")),
            };
            let lack = if missing.samples.len() == 1 { "lacks" } else { "lack" };
            let message = format!("`{name}` is not in every event: {samples} {lack} it");
            let help = format!("wrap it in `{{{{#if {}}}}}…{{{{/if}}}}`; without it, it prints nothing", missing.guard);
            let finding = self.finding(place, message).helped(help);
            out.push(if missing.reference { finding } else { finding.mild() });
        }
    }
}
