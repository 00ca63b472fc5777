//! What `validate` says about an integration with one mistake in it, and about one without.

mod rules {
    mod documented;
    mod echoes;
    mod forms;
    mod hooks;
    mod other_capabilities;
    mod policies;
    mod spelling;
    mod support;
    mod templates;
}
