//! `synced-segment-members`

use super::prelude::*;

/// Members of a cohort come either as one list with a rule that sorts them, or as two lists.
pub(super) struct SyncedSegmentMembers;

const PARSER: &str = "/capabilities/syncedSegment/requestParser";

impl Rule for SyncedSegmentMembers {
    fn id(&self) -> &'static str {
        "synced-segment-members"
    }

    fn summary(&self) -> &'static str {
        "the paths to a cohort's members contradict each other"
    }

    fn check(&self, scene: Scene<'_>, out: &mut Vec<Finding>) {
        if !scene.has(PARSER) {
            return;
        }
        let has = |key: &str| scene.has(&format!("{PARSER}/{key}"));
        let (list, add, remove) = (has("memberArrayPath"), has("addMemberArrayPath"), has("removeMemberArrayPath"));
        let inclusion = has("arrayInclusion");
        let membership = has("memberArrayParser/booleanMembershipPath");
        let mut report = |key: &str, message: &str, help: &str| {
            out.push(self.finding(scene.key(&format!("{PARSER}/{key}")), message.to_owned()).helped(help));
        };
        if add && !remove {
            let help = "name the list of members to remove in `removeMemberArrayPath`";
            report("addMemberArrayPath", "`addMemberArrayPath` stands without `removeMemberArrayPath`", help);
        }
        if remove && !add {
            let help = "name the list of members to add in `addMemberArrayPath`";
            report("removeMemberArrayPath", "`removeMemberArrayPath` stands without `addMemberArrayPath`", help);
        }
        if (add || remove) && list {
            let help = "use one list (`memberArrayPath`) or two (`addMemberArrayPath`, `removeMemberArrayPath`)";
            report("memberArrayPath", "`memberArrayPath` stands beside the paths of two lists", help);
        }
        if (add || remove) && inclusion {
            let help = "remove `arrayInclusion`: the two lists already say who is added";
            report("arrayInclusion", "`arrayInclusion` stands beside the paths of two lists", help);
        } else if inclusion && !list {
            let help = "name the list it decides on in `memberArrayPath`";
            report("arrayInclusion", "`arrayInclusion` stands without `memberArrayPath`", help);
        }
        if membership && !list {
            let help = "name the list of members in `memberArrayPath`";
            let message = "`booleanMembershipPath` stands without `memberArrayPath`";
            report("memberArrayParser/booleanMembershipPath", message, help);
        }
        if membership && inclusion && list {
            let help = "keep one of them: `arrayInclusion` decides for the whole list, `booleanMembershipPath` for each member";
            out.push(
                self.finding(
                    scene.key(&format!("{PARSER}/arrayInclusion")),
                    "`arrayInclusion` and `booleanMembershipPath` both decide who is added".to_owned(),
                )
                .helped(help)
                .mild(),
            );
        }
        if !list && !add && !remove {
            let place = scene.key(PARSER);
            let help = "add `memberArrayPath`, or `addMemberArrayPath` and `removeMemberArrayPath`";
            out.push(self.finding(place, "nothing says where a cohort's members are".to_owned()).helped(help));
        } else if list && !membership && !inclusion && !add && !remove {
            let place = scene.key(&format!("{PARSER}/memberArrayPath"));
            let help = "add `memberArrayParser.booleanMembershipPath`, or `arrayInclusion` for the whole list";
            out.push(self.finding(place, "nothing says whether members are added or removed".to_owned()).helped(help));
        }
    }
}
