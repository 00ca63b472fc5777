//! Retry profiles, the sender, the address guard; has never heard of templates.
