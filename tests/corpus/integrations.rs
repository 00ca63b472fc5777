//! Real integrations load and validate.

use flagpost::catalog::Catalog;
use flagpost::finding::{Finding, Severity};

/// Errors that are real: rule, file, and why it is one.
const REAL: [(&str, &str, &str); 1] = [(
    "trailing-comma",
    "split/templates/flagList.json.hbs",
    "the list's last member has a comma behind it: this is not JSON",
)];

/// Warnings are worth a look each; so many rules tell any, and each of these was looked at.
const LOOKED_AT: [(&str, &str, &str); 8] = [
    ("default-without-optional", "akamai-edgeworkers/manifest.json", "`network` is required and has a default"),
    ("unencoded-url-value", "appoptics/manifest.json", "a key with a slash in it would end the host there"),
    ("unguarded-variable", "datadog/templates/default.json.hbs", "webhooks have no key, metrics no site link"),
    ("unguarded-variable", "datadog/templates/default.json.hbs", "webhooks have no key, metrics no site link"),
    ("unguarded-variable", "datadog-private/templates/default.json.hbs", "webhooks have no key, metrics no site link"),
    ("unguarded-variable", "datadog-private/templates/default.json.hbs", "webhooks have no key, metrics no site link"),
    ("unguarded-variable", "elastic/templates/template.json.hbs", "members have no key, metrics no site link"),
    ("unguarded-variable", "elastic/templates/template.json.hbs", "members have no key, metrics no site link"),
];

fn findings() -> Option<Vec<Finding>> {
    let root = crate::corpus_path("corpus/integrations")?;
    let catalog = Catalog::open(&[root]).expect("the corpus has integrations");
    assert_eq!(catalog.folders, catalog.integrations.len(), "every folder loads");
    Some(flagpost::checks::report(&catalog, false))
}

fn shown(finding: &Finding) -> String {
    let place = &finding.place;
    let (file, pointer) = (place.file.display(), place.pointer.as_deref().unwrap_or_default());
    format!("{} {file}:{:?} {pointer}: {}", finding.rule, place.span, finding.message)
}

fn is_listed(finding: &Finding, list: &[(&str, &str, &str)]) -> bool {
    list.iter().any(|(rule, file, _)| finding.rule == *rule && finding.place.file.ends_with(file))
}

#[test]
fn no_real_integration_has_an_error_that_is_none() {
    let Some(findings) = findings() else { return };
    let errors = || findings.iter().filter(|finding| finding.severity == Severity::Error);
    let wrong: Vec<String> = errors().filter(|finding| !is_listed(finding, &REAL)).map(shown).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(errors().count(), REAL.len(), "every real error is found");
}

#[test]
fn warnings_about_real_integrations_are_few_and_true() {
    let Some(findings) = findings() else { return };
    let warnings = || findings.iter().filter(|finding| finding.severity == Severity::Warning);
    let new: Vec<String> = warnings().filter(|finding| !is_listed(finding, &LOOKED_AT)).map(shown).collect();
    assert!(new.is_empty(), "{}", new.join("\n"));
    assert_eq!(warnings().count(), LOOKED_AT.len(), "every warning is found");
}
