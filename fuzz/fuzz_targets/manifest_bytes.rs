//! Whatever bytes are a manifest, it loads or is told what is wrong; what loads is checked like any other.
#![no_main]

use std::path::PathBuf;
use std::sync::LazyLock;

use flagpost::catalog::Catalog;
use flagpost::checks;

/// A folder of this process alone.
static FOLDER: LazyLock<PathBuf> = LazyLock::new(|| {
    let folder = std::env::temp_dir().join(format!("flagpost-fuzz-{}", std::process::id())).join("fuzzed");
    std::fs::create_dir_all(&folder).expect("a folder for manifests can be made");
    folder
});

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    std::fs::write(FOLDER.join("manifest.json"), bytes).expect("a manifest can be written");
    let catalog = Catalog::open(&[FOLDER.clone()]).expect("there is a manifest");
    for finding in checks::report(&catalog, false) {
        assert!(!finding.message.is_empty());
        assert!(finding.place.span.start <= finding.place.span.end);
    }
});
