//! Decisions of a slow oracle.
