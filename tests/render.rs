//! Rendering: what handlebars.js would print, the command, the limits, and laws that hold for any template.

mod render {
    mod command;
    mod limits;
    mod mistakes;
    mod properties;
    mod rows;
}

use flagpost::render::{Context, Escape, Options, RenderError, Template};
use flagpost::value::Value;

/// Renders `template` over JSON `data`, with no overlay.
pub fn render(template: &str, data: &str, options: Options) -> Result<String, RenderError> {
    let value = Value::parse(data.as_bytes()).expect("the data is JSON");
    let template = Template::compile(template).expect("the template compiles");
    template.render(Context::new(&value), options)
}

/// Leniently, for HTML: what handlebars.js does without options.
pub fn html(template: &str, data: &str) -> String {
    render(template, data, Options::new(Escape::Html)).expect("it renders")
}
