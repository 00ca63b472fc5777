//! What handlebars.js gave for small templates.
