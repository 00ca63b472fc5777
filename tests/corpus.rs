//! Real integrations, reference renderings and verdicts, read from the folder that `FLAGPOST_CORPUS` names.
//!
//! The project passes without that folder: each test then says so and stops.

mod corpus {
    mod goldens;
    mod handlebars;
    mod integrations;
    mod mutants;
    mod plans;
    mod policy;
    mod sources;
}

/// A file of the corpus; `None`, with a word on standard error, when there is no corpus.
#[expect(clippy::print_stderr, reason = "the one place that tests look for the corpus")]
fn corpus_path(name: &str) -> Option<std::path::PathBuf> {
    match std::env::var_os("FLAGPOST_CORPUS") {
        Some(folder) => Some(std::path::Path::new(&folder).join(name)),
        None => {
            eprintln!("FLAGPOST_CORPUS is not set: nothing to compare with");
            None
        }
    }
}
