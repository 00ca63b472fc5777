//! `impossible-resource`

use super::policy_place;
use super::prelude::*;
use crate::policy::{Mistake, Policy};

/// A resource of an unknown type, or at the wrong depth, matches nothing, ever.
pub(super) struct ImpossibleResource;

impl Rule for ImpossibleResource {
    fn id(&self) -> &'static str {
        "impossible-resource"
    }

    fn summary(&self) -> &'static str {
        "a resource of the policy cannot exist: unknown type, wrong depth, missing parent"
    }

    fn check(&self, scene: Scene<'_>, out: &mut Vec<Finding>) {
        let Err(errors) = Policy::compile(&super::statements(scene)) else { return };
        for error in errors.iter().filter(|error| is_about_resource(&error.mistake)) {
            let place = policy_place(scene, &error.spot);
            out.push(self.finding(place, error.to_string()).maybe_helped(error.help()));
        }
    }
}

pub(super) fn is_about_resource(mistake: &Mistake) -> bool {
    matches!(
        mistake,
        Mistake::UnknownType { .. }
            | Mistake::WildcardInType(_)
            | Mistake::NoSlash { .. }
            | Mistake::NoType(_)
            | Mistake::NoName { .. }
            | Mistake::NameOnNameless { .. }
            | Mistake::MissingParents { .. }
            | Mistake::WrongParents { .. }
    )
}
