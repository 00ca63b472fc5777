//! The settings as flags, made from the table.

use clap::{Arg, ArgMatches, Args, Command, FromArgMatches};

use super::table::{Kind, TABLE};

/// The settings that were given as flags, by name.
#[derive(Debug, Clone, Default)]
pub(in crate::cli) struct SettingFlags(pub(super) Vec<(&'static str, String)>);

impl FromArgMatches for SettingFlags {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let given = TABLE
            .iter()
            .filter_map(|setting| Some((setting.name, matches.get_one::<String>(setting.name)?.clone())))
            .collect();
        Ok(SettingFlags(given))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

impl Args for SettingFlags {
    fn augment_args(command: Command) -> Command {
        TABLE.iter().fold(command, |command, setting| {
            let default =
                if setting.default.is_empty() { String::new() } else { format!(" [default: {}]", setting.default) };
            // The parser keeps names for as long as the program runs, and is built once.
            let flag: &'static str = setting.flag().leak();
            let arg = Arg::new(setting.name).long(flag).help(format!("{}{default}", setting.what));
            command.arg(match setting.kind {
                Kind::Text => arg.value_name("TEXT"),
                Kind::Word(words) => {
                    arg.value_name("WORD").value_parser(clap::builder::PossibleValuesParser::new(words))
                }
                Kind::Number => arg.value_name("N"),
                // `--allow-private` alone means yes, and takes no word behind it for its value.
                Kind::Switch => {
                    arg.value_name("BOOL").num_args(0..=1).require_equals(true).default_missing_value("true")
                }
            })
        })
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}
