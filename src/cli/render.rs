//! `flagpost render`: one template, one context, exactly the bytes that come of it.

use std::borrow::Cow;
use std::io::{Read, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};

use super::environment::Environment;
use super::error::CliError;
use super::exit::Exit;
use crate::render::{Context, Escape, Options, Template, json_escaped};
use crate::value::{Object, Value};

#[derive(Debug, clap::Args)]
pub(super) struct RenderArgs {
    /// The template; `-` reads standard input
    #[arg(long, value_name = "FILE")]
    template: PathBuf,
    /// The context: any JSON value; `-` reads standard input
    #[arg(long, value_name = "FILE")]
    context: PathBuf,
    /// A form value, `formVariables.KEY` in the template; may be repeated
    #[arg(long, value_name = "KEY=VALUE")]
    form: Vec<String>,
    /// A JSON object with form values; `--form` goes before it
    #[arg(long, value_name = "FILE")]
    form_file: Option<PathBuf>,
    /// Make a missing name an error
    #[arg(long)]
    strict: bool,
    /// Render as the reference's preview does: strings of a JSON template's event escaped for JSON, then
    /// everything in `{{}}` for HTML
    #[arg(long)]
    compat: bool,
    /// What values are escaped for; `auto` goes by the template's file name. With `--compat`, only whether the
    /// template is JSON
    #[arg(long, value_enum, default_value = "auto")]
    escape: EscapeChoice,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum EscapeChoice {
    Auto,
    Json,
    Html,
    None,
}

/// The member of a context that holds form values.
const FORM_VARIABLES: &str = "formVariables";

pub(super) fn run(args: &RenderArgs, environment: &Environment) -> Result<Exit, CliError> {
    let standard_input = Path::new("-");
    if args.template == standard_input && args.context == standard_input {
        return Err(CliError::usage("template and context cannot both come from standard input"));
    }
    let source = String::from_utf8(read(&args.template)?).map_err(|error| {
        let line =
            1 + error.as_bytes()[..error.utf8_error().valid_up_to()].iter().filter(|byte| **byte == b'\n').count();
        CliError::usage(format!("`{}` is not UTF-8, see line {line}", args.template.display()))
    })?;
    let context = read(&args.context)?;
    let context = parse(&args.context, &context)?;
    let form_file = args.form_file.as_deref().map(|file| Ok::<_, CliError>((file, read(file)?))).transpose()?;
    let form_file =
        form_file.as_ref().map(|(file, bytes)| Ok::<_, CliError>((*file, parse(file, bytes)?))).transpose()?;

    let escape = match args.escape {
        EscapeChoice::Auto => Escape::for_file_name(&args.template.to_string_lossy()),
        EscapeChoice::Json => Escape::Json,
        EscapeChoice::Html => Escape::Html,
        EscapeChoice::None => Escape::None,
    };
    let form = form_values(args, &context, form_file)?;
    let (root, options) = if args.compat {
        let root = if escape == Escape::Json { json_escaped(&context) } else { context.clone() };
        (Cow::Owned(root), Options::new(Escape::Html))
    } else {
        (Cow::Borrowed(&context), Options::new(escape))
    };
    let overlay: Vec<(&str, &Value<'_>)> = form.iter().map(|form| (FORM_VARIABLES, form)).collect();
    let options = Options { strict: args.strict, ..options };

    let template =
        Template::compile(&source).map_err(|error| mistake(args, &source, &error.message, error.help, error.span))?;
    let rendered = template
        .render(Context { root: &root, overlay: &overlay }, options)
        .map_err(|error| mistake(args, &source, &error.message, error.help, error.span))?;
    let mut stdout = environment.stdout();
    stdout.write_all(rendered.as_bytes())?;
    stdout.flush()?;
    Ok(Exit::Done)
}

fn read(file: &Path) -> Result<Vec<u8>, CliError> {
    let mut bytes = Vec::new();
    let result = if file == Path::new("-") {
        std::io::stdin().lock().read_to_end(&mut bytes).map(|_| bytes)
    } else {
        std::fs::read(file)
    };
    result.map_err(|error| CliError::usage(format!("cannot read `{}`: {error}", file.display())))
}

fn parse<'b>(file: &Path, bytes: &'b [u8]) -> Result<Value<'b>, CliError> {
    Value::parse(bytes).map_err(|error| {
        let column = error.column.max(1);
        CliError::usage(format!(
            "`{}` is not JSON: {error}\n  --> {}:{}:{column}",
            file.display(),
            file.display(),
            error.line
        ))
    })
}

/// The form values by which the template's `formVariables` are made: what the context has, the file's values
/// over it, then those of the command line. `None` when nothing was given; but `--compat` escapes no form
/// values, wherever they come from, so there the context's own count as given.
fn form_values<'v>(
    args: &'v RenderArgs,
    context: &'v Value<'v>,
    form_file: Option<(&Path, Value<'v>)>,
) -> Result<Option<Value<'v>>, CliError> {
    let own = context.get(FORM_VARIABLES);
    if args.form.is_empty() && form_file.is_none() {
        return Ok(own.filter(|_| args.compat).cloned());
    }
    let mut members = own.and_then(Value::as_object).cloned().map(Object::into_members).unwrap_or_default();
    if let Some((file, values)) = form_file {
        let Value::Object(values) = values else {
            return Err(CliError::usage(format!("`{}` must hold a JSON object", file.display())));
        };
        members.extend(values.into_members());
    }
    for pair in &args.form {
        let Some((key, value)) = pair.split_once('=').filter(|(key, _)| !key.is_empty()) else {
            return Err(CliError::usage(format!("`{pair}` is no form value")).help("write `--form KEY=VALUE`"));
        };
        members.push((Cow::Borrowed(key), Value::text(value)));
    }
    Ok(Some(Object::from_members(members).into()))
}

/// A mistake in the template, with the line it is on.
fn mistake(args: &RenderArgs, source: &str, message: &str, help: Option<String>, span: Range<usize>) -> CliError {
    let mut error = CliError::failed(format!("{message}\n{}", underlined(&args.template, source, span)));
    error.help = help;
    error
}

/// `FILE:LINE:COLUMN` and the source line with the span underlined.
fn underlined(file: &Path, source: &str, span: Range<usize>) -> String {
    // Characters shown of a long line, before and from the span on.
    const BEFORE: usize = 40;
    const AFTER: usize = 80;
    let start = (0..=span.start.min(source.len())).rev().find(|at| source.is_char_boundary(*at)).unwrap_or(0);
    let line_start = source[..start].rfind('\n').map_or(0, |found| found + 1);
    let line = source[line_start..].lines().next().unwrap_or_default();
    let number = source[..line_start].matches('\n').count() + 1;
    let before = &source[line_start..start];
    let column = before.chars().count() + 1;
    let marked = source.get(start..span.end.min(line_start + line.len())).unwrap_or_default();
    let skipped = (column - 1).saturating_sub(BEFORE);
    let shown: String = line
        .chars()
        .skip(skipped)
        .take(BEFORE + AFTER)
        .map(|character| if character.is_control() { ' ' } else { character })
        .collect();
    let marks = "^".repeat(marked.chars().count().clamp(1, AFTER));
    let margin = " ".repeat(number.to_string().len());
    let indent = " ".repeat(column - 1 - skipped);
    format!(
        "{margin}--> {}:{number}:{column}\n{margin} |\n{number} | {shown}\n{margin} | {indent}{marks}",
        file.display()
    )
}
