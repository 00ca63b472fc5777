//! Real integrations load and validate.

use flagpost::catalog::Catalog;
use flagpost::finding::Finding;

fn findings() -> Option<Vec<Finding>> {
    let root = crate::corpus_path("corpus/integrations")?;
    let catalog = Catalog::open(&[root]).expect("the corpus has integrations");
    let findings = flagpost::checks::report(&catalog, false);
    Some(findings)
}

#[test]
fn print() {
    let Some(findings) = findings() else { return };
    for finding in findings {
        println!(
            "{:?} {} {} {:?} {}\n      {} | {:?}",
            finding.severity,
            finding.rule,
            finding.place.file.display(),
            finding.place.span,
            finding.place.pointer.as_deref().unwrap_or_default(),
            finding.message,
            finding.help
        );
    }
}
