//! `flagpost serve`: flags, variables and a file become settings; settings become a running server.

mod demo;
mod flags;
mod key;
mod layers;
mod logging;
mod otlp;
mod settings;
mod start;
mod table;
mod traces;

use std::io::Write;
use std::path::PathBuf;

use super::environment::Environment;
use super::error::CliError;
use super::exit::Exit;
pub(super) use flags::SettingFlags;
use layers::Layered;
use settings::Settings;

/// The file that is read when none is named.
const USUAL_FILE: &str = "flagpost.toml";

#[derive(Debug, clap::Args)]
pub(super) struct ServeArgs {
    /// TOML file of settings and sources [default: `flagpost.toml`, if there is one]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,

    /// Print the settings as a file, each with where it is from, and end
    #[arg(long)]
    print_config: bool,

    /// Start with a receiver built in, a few subscriptions and events flowing; what it keeps is gone at the end
    #[arg(long)]
    demo: bool,

    #[command(flatten)]
    settings: SettingFlags,
}

pub(super) fn run(args: &ServeArgs, environment: &Environment) -> Result<Exit, CliError> {
    let layered = layers(args.config.as_ref(), &args.settings, environment)?;
    let mut settings = Settings::read(&layered)?;
    if args.print_config {
        write!(environment.stdout(), "{}", settings::printed(&layered))?;
        return Ok(Exit::Done);
    }
    let exporter = logging::start(&settings, environment)?;
    if !args.demo {
        return start::run(&settings, environment, None, exporter);
    }
    let stage = demo::Stage::build(&mut settings)?;
    start::run(&settings, environment, Some(&stage), exporter)
}

/// What flags, variables and the file say together.
fn layers(config: Option<&PathBuf>, flags: &SettingFlags, environment: &Environment) -> Result<Layered, CliError> {
    let named = config.cloned().or_else(|| environment.variable("FLAGPOST_CONFIG").map(PathBuf::from));
    let usual = || Some(PathBuf::from(USUAL_FILE)).filter(|file| file.is_file());
    let Some(file) = named.or_else(usual) else {
        return Layered::new(&flags.0, environment.variables(), None);
    };
    let name = file.display().to_string();
    let text =
        std::fs::read_to_string(&file).map_err(|error| CliError::usage(format!("cannot read `{name}`: {error}")))?;
    Layered::new(&flags.0, environment.variables(), Some((&name, &text)))
}

/// The folder of the store as the settings say, for commands that open it themselves.
pub(super) fn data_folder(
    config: Option<&PathBuf>,
    data: Option<&PathBuf>,
    environment: &Environment,
) -> Result<PathBuf, CliError> {
    match data {
        Some(data) => Ok(data.clone()),
        None => Ok(PathBuf::from(layers(config, &SettingFlags::default(), environment)?.text("data"))),
    }
}

/// The store's file in the data folder.
pub(super) fn store_file(data: &std::path::Path) -> PathBuf {
    data.join("flagpost.db")
}

/// Makes the data folder. It is nobody else's: the store in it holds what passed through.
pub(super) fn make_folder(data: &std::path::Path) -> Result<(), CliError> {
    refuse_a_file(data)?;
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    let made = builder.create(data);
    made.map_err(|error| {
        CliError::failed(format!("cannot make the folder `{}`: {error}", data.display()))
            .help("make it writable for who starts the server, or name another folder with `--data`")
    })
}

/// Who names the store's file means the folder that it lies in.
pub(super) fn refuse_a_file(data: &std::path::Path) -> Result<(), CliError> {
    if !data.is_file() {
        return Ok(());
    }
    let folder = data.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(std::path::Path::new("."));
    Err(CliError::usage(format!("`{}` is a file, and not the folder of a store", data.display()))
        .help(format!("name the folder that it lies in: `--data {}`", folder.display())))
}

/// What keeps the store in this file from being opened, with a remedy.
pub(super) fn opening_error(error: &crate::store::StoreError, file: &std::path::Path) -> CliError {
    let told = store_error(error);
    match error {
        crate::store::StoreError::InUse(_) => told,
        _ => CliError { message: format!("cannot open `{}`: {}", file.display(), told.message), ..told },
    }
}

/// What a store cannot do, with a remedy.
pub(super) fn store_error(error: &crate::store::StoreError) -> CliError {
    use crate::store::StoreError;
    let told = CliError::failed(error.to_string());
    match error {
        StoreError::InUse(_) => told.help("end the other process, or name another folder with `--data`"),
        StoreError::TooOld { .. } => {
            told.help("stop the older server and start this one, which brings the store up to date")
        }
        StoreError::TooNew { .. } => told.help("use the newer program; a store is never taken back to an older form"),
        StoreError::Damaged(_) => told.help("go back to a backup; `docs/operating.md` tells how"),
        StoreError::Unavailable { .. } => told.help("make room, or let the file be written"),
        _ => told,
    }
}
