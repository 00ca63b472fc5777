//! Every template, rendered with every event it may meet.

mod json;
mod stage;

pub use stage::Stage;
