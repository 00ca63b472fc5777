//! From integration, event and form to a plan: a request to send, or the reason to send none.
