//! What handlebars.js rendered for real templates.
