//! The configuration file: a TOML document with the settings of all programs.
//!
//! A setting has the name of its flag. Flags override environment variables, which override the file. The file's
//! settings become flags of the command line, so that one parser checks them all.

mod known;
mod function;
pub mod schema;
#[cfg(test)]
mod typos;

pub use function::FunctionSettings;
pub use known::{check_variables, known_settings};

use clap::{
    Arg, ArgAction, ArgMatches, Args, Command,
    parser::ValueSource::{CommandLine, EnvVariable},
};
use std::{ffi::OsString, fs, io};
use toml::{Table, Value};

/// The setting that names the file.
#[derive(Args, Clone, Debug)]
pub struct ConfigSettings {
    /// Configuration file in TOML, or its content: text with an equals sign or several lines
    #[arg(long, env = "SAFELIGHT_CONFIG", value_name = "FILE", hide_env_values = true)]
    pub config: Option<String>,
}

/// The id of [`ConfigSettings::config`].
const CONFIG: &str = "config";

/// Reasons for which a configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read the configuration {path}")]
    Read {
        /// Path as it was given.
        path: String,
        /// Error of the system.
        source: io::Error,
    },
    /// The file is not TOML.
    #[error("{file} is not TOML: {}", source.to_string().trim_end())]
    Syntax {
        /// Name of the file.
        file: String,
        /// Error with the place in the file.
        source: Box<toml::de::Error>,
    },
    /// The file has a setting that does not exist.
    #[error("{file}: unknown setting {name}{remedy}")]
    Setting {
        /// Name of the file.
        file: String,
        /// Name of the setting.
        name: String,
        /// The names that could be meant, or nothing.
        remedy: String,
    },
    /// The environment has a variable that does not exist.
    #[error("unknown environment variable {name}{remedy}")]
    Variable {
        /// Name of the variable.
        name: String,
        /// The names that could be meant, or nothing.
        remedy: String,
    },
}

/// A configuration file.
#[derive(Clone, Debug, Default)]
pub struct ConfigFile {
    /// Its path, or a description of the variable that has its content.
    pub name: String,
    settings: Table,
}

impl ConfigFile {
    /// Reads `setting`: the path of a file, or, with an equals sign or several lines, its content.
    ///
    /// # Errors
    /// [`ConfigError`], also for an unknown setting.
    pub fn load(setting: &str) -> Result<Self, ConfigError> {
        if setting.contains(['=', '\n']) {
            return Self::parse("the content of SAFELIGHT_CONFIG", setting);
        }
        let text = fs::read_to_string(setting)
            .map_err(|source| ConfigError::Read { path: setting.to_owned(), source })?;
        Self::parse(setting, &text)
    }

    fn parse(name: &str, text: &str) -> Result<Self, ConfigError> {
        let file = || name.to_owned();
        let settings: Table = toml::from_str(text)
            .map_err(|source| ConfigError::Syntax { file: file(), source: Box::new(source) })?;
        for setting in settings.keys() {
            if !known_settings().any(|known| known.name == setting) {
                let remedy = known::remedy(setting, known_settings().map(|known| known.name));
                return Err(ConfigError::Setting { file: file(), name: setting.clone(), remedy });
            }
        }
        Ok(Self { name: file(), settings })
    }

    /// Returns whether the file has this setting.
    pub fn has(&self, name: &str) -> bool {
        self.settings.contains_key(name)
    }

    /// Returns the file's settings as arguments of `command`, without those that `is_set` says to be set elsewhere.
    /// Settings of other programs are skipped.
    fn arguments(&self, command: &Command, is_set: impl Fn(&Arg) -> bool) -> Vec<OsString> {
        let argument = |arg: &Arg| {
            let value = self.settings.get(name_of(arg))?;
            match (arg.get_action(), value) {
                _ if is_set(arg) => None,
                (ArgAction::SetTrue, Value::Boolean(true)) => Some(format!("--{}", name_of(arg))),
                (ArgAction::SetTrue, Value::Boolean(false)) => None,
                _ if arg.is_positional() => Some(to_text(value)),
                _ => Some(format!("--{}={}", name_of(arg), to_text(value))),
            }
        };
        command.get_arguments().filter_map(argument).map(OsString::from).collect()
    }
}

/// Returns the name of a setting: of its flag, or of its place on the command line.
pub fn name_of(arg: &Arg) -> &str {
    arg.get_long().unwrap_or(arg.get_id().as_str())
}

/// Returns a value as on the command line: a list of plain values with commas, tables as JSON.
fn to_text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) if !items.iter().any(|item| item.is_table() || item.is_array()) => {
            items.iter().map(to_text).collect::<Vec<_>>().join(",")
        }
        Value::Array(_) | Value::Table(_) => {
            // TOML's values are those of JSON, and times, which become text.
            serde_json::to_string(value).unwrap_or_default()
        }
        Value::Integer(number) => number.to_string(),
        Value::Float(number) => number.to_string(),
        Value::Boolean(is_set) => is_set.to_string(),
        Value::Datetime(time) => time.to_string(),
    }
}

/// Adds the settings of the configuration file that `arguments` or the environment name to `arguments`, which begin with
/// the name of the program. Settings of arguments and environment take precedence, and so do those whose ids are
/// `replaced`.
///
/// Returns the file, if there is one.
///
/// # Errors
/// [`ConfigError`].
pub fn add_file(
    command: &Command,
    arguments: &mut Vec<OsString>,
    replaced: &[String],
) -> Result<Option<ConfigFile>, ConfigError> {
    // The first of two passes. Its errors are those of the second.
    let lenient = command.clone().ignore_errors(true).subcommand_required(false);
    let Ok(matches) = lenient.try_get_matches_from(arguments.iter()) else { return Ok(None) };
    let (command, matches, index) = match matches.subcommand() {
        Some((name, inner)) => {
            let Some(subcommand) = command.find_subcommand(name) else { return Ok(None) };
            let index = arguments.iter().position(|argument| argument == name).map_or(1, |index| index + 1);
            (subcommand, inner, index)
        }
        None => (command, &matches, arguments.len()),
    };
    let Ok(Some(setting)) = matches.try_get_one::<String>(CONFIG) else { return Ok(None) };
    let file = ConfigFile::load(setting)?;
    let is_replaced = |arg: &Arg| replaced.iter().any(|id| arg.get_id() == id);
    let added = file.arguments(command, |arg| is_replaced(arg) || is_set(matches, arg));
    arguments.splice(index..index, added);
    Ok(Some(file))
}

fn is_set(matches: &ArgMatches, arg: &Arg) -> bool {
    matches!(matches.value_source(arg.get_id().as_str()), Some(CommandLine | EnvVariable))
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::{CommandFactory, Parser, Subcommand};

    #[derive(Debug, Parser)]
    struct Program {
        #[command(subcommand)]
        command: Sub,
    }

    #[derive(Debug, Subcommand)]
    enum Sub {
        Serve {
            source: String,
            #[arg(long, default_value_t = 9)]
            max_pixels: u64,
            #[arg(long)]
            lenient: bool,
            #[arg(long, value_delimiter = ',')]
            ignore_keys: Vec<String>,
            #[arg(long)]
            presets: Option<String>,
            #[command(flatten)]
            config: ConfigSettings,
        },
    }

    fn parsed(arguments: &[&str]) -> String {
        let mut arguments = ["safelight"].iter().chain(arguments).map(OsString::from).collect();
        add_file(&Program::command(), &mut arguments, &[]).unwrap();
        let Sub::Serve { source, max_pixels, lenient, ignore_keys, presets, .. } =
            Program::try_parse_from(arguments).unwrap().command;
        format!("{source} {max_pixels} {lenient} {ignore_keys:?} {}", presets.unwrap_or_default())
    }

    #[test]
    fn arguments_override_the_file() {
        const FILE: &str = "source = 'folder'\nmax-pixels = 7\nlenient = true\nignore-keys = ['a', 'b']\nlisten = ':80'\n\
                            [presets]\ncard = 'w=1'\n";
        let check = |arguments: &[&str], expected: &str| {
            let arguments = [arguments, &["--config", FILE]].concat();
            assert_eq!(parsed(&arguments), expected, "{arguments:?}");
        };
        check(&["serve"], r#"folder 7 true ["a", "b"] {"card":"w=1"}"#);
        check(&["serve", "other", "--max-pixels=8"], r#"other 8 true ["a", "b"] {"card":"w=1"}"#);
        check(&["serve", "--ignore-keys", "c", "--presets", "x"], r#"folder 7 true ["c"] x"#);
        assert_eq!(parsed(&["serve", "serve", "--config", "lenient = false"]), "serve 9 false [] ");
    }

    #[test]
    fn mistakes_are_named() {
        let check = |content: &str, expected: &str| {
            let error = ConfigFile::load(content).unwrap_err().to_string();
            assert!(error.starts_with(expected), "{content}: {error}");
        };
        let file = "the content of SAFELIGHT_CONFIG";
        check("max-pixel = 1", &format!("{file}: unknown setting max-pixel: did you mean max-pixels?"));
        check("max_pixels = 1", &format!("{file}: unknown setting max_pixels: did you mean max-pixels?"));
        check("[originss.'/a']\nsource = ''", &format!("{file}: unknown setting originss"));
        check("lenient = yes", &format!("{file} is not TOML: TOML parse error at line 1, column 11"));
        check("/nowhere.toml", "cannot read the configuration /nowhere.toml");
    }
}
