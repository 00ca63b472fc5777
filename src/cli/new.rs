//! `flagpost new`.

use std::io::Write;
use std::path::{Path, PathBuf};

use super::environment::Environment;
use super::error::CliError;
use super::exit::Exit;
use crate::catalog::{Blueprint, IntegrationKey, ScaffoldError, scaffold};

#[derive(Debug, clap::Args)]
pub(super) struct NewArgs {
    /// Key of the new integration: lower-case letters, digits and hyphens; it names the folder
    #[arg(value_name = "KEY")]
    key: String,
    /// The folder that integrations are in; it is made if need be
    #[arg(long, value_name = "DIR", default_value = "integrations")]
    directory: PathBuf,
    /// Name for people; made from the key if left out
    #[arg(long)]
    name: Option<String>,
    /// Where changes are sent; if left out, administrators fill it in
    #[arg(long)]
    url: Option<String>,
}

pub(super) fn run(args: &NewArgs, environment: &Environment) -> Result<Exit, CliError> {
    let key = IntegrationKey::parse(&args.key).map_err(|error| {
        let help = match &error.suggestion {
            Some(key) => format!("did you mean `{key}`?"),
            None => "write lower-case letters, digits and hyphens, such as `my-tool`".to_owned(),
        };
        CliError::usage(error.to_string()).help(help)
    })?;
    let blueprint = Blueprint { key, name: args.name.clone(), url: args.url.clone() };
    let (folder, files) = scaffold(&args.directory, &blueprint).map_err(told)?;
    let mut stdout = environment.stdout();
    writeln!(stdout, "created {}", folder.display())?;
    for file in files {
        writeln!(stdout, "  {file}")?;
    }
    let folder = for_a_shell(&folder);
    writeln!(stdout, "\nnext, see that it is right and what it would send:")?;
    writeln!(stdout, "  flagpost validate {folder}")?;
    writeln!(stdout, "  flagpost preview {folder}")?;
    Ok(Exit::Done)
}

fn told(error: ScaffoldError) -> CliError {
    let message = error.to_string();
    match error {
        ScaffoldError::Name(_) => CliError::usage(message).help("give `--name` a name of that length"),
        ScaffoldError::Url { .. } => {
            CliError::usage(message).help("give `--url` the whole address, such as `https://api.example.com/events`")
        }
        ScaffoldError::Exists(_) => CliError::usage(message).help("choose another key, or remove it first"),
        ScaffoldError::Write { source, .. } => CliError::failed(format!("{message}: {source}")),
    }
}

/// A path that can be pasted into a shell.
fn for_a_shell(path: &Path) -> String {
    let path = path.display().to_string();
    let plain = |character: char| character.is_alphanumeric() || "-_./+:@%,".contains(character);
    if path.chars().all(plain) { path } else { format!("'{}'", path.replace('\'', r"'\''")) }
}

#[cfg(test)]
mod tests {
    use super::for_a_shell;
    use std::path::Path;

    #[test]
    fn a_path_survives_the_shell() {
        for (path, pasted) in
            [("a/b-c", "a/b-c"), ("my folder/x", "'my folder/x'"), ("it's", r"'it'\''s'"), ("$HOME", "'$HOME'")]
        {
            assert_eq!(for_a_shell(Path::new(path)), pasted);
        }
    }
}
