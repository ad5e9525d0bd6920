//! The commands about the configuration file.

use crate::cli::{ConfigCommand, Serve};
use anyhow::{Context, anyhow};
use clap::{Args, Command, FromArgMatches, builder::Resettable};
use safelight_registry::REGISTRY;
use safelight_service::{
    config::{ConfigFile, ConfigSettings, FunctionSettings, add_file, schema::schema},
    decode_pool::PoolLimits,
};
use std::ffi::OsString;

/// Runs a command and returns what it prints.
pub(crate) fn run(command: &ConfigCommand) -> anyhow::Result<String> {
    match command {
        ConfigCommand::Check { file } => check(file),
        ConfigCommand::Schema => Ok(format!("{:#}\n", schema(&[server(), function()]))),
    }
}

/// Returns a command whose arguments are the settings of the server.
fn server() -> Command {
    Serve::augment_args(Command::new("serve"))
}

/// Returns a command whose arguments are the settings that only the Lambda function reads.
fn function() -> Command {
    ConfigSettings::augment_args(FunctionSettings::augment_args(Command::new("function")))
}

/// Checks the settings of `setting`, a file or its content, as the programs do, without the environment.
fn check(setting: &str) -> anyhow::Result<String> {
    let file = ConfigFile::load(setting)?;
    let invalid = || format!("{} is invalid", file.name);
    let parse = |command: Command| {
        let command = command.mut_args(|arg| arg.env(Resettable::Reset));
        let mut arguments: Vec<_> = ["safelight", "--config", setting].map(OsString::from).into();
        add_file(&command, &mut arguments, &[])?;
        command.try_get_matches_from(arguments).map_err(|error| plain(&error)).with_context(invalid)
    };
    let serve = Serve::from_arg_matches(&parse(server())?)?;
    // The command line may have the source, and folders may be on another machine.
    serve.policy.service(REGISTRY, &PoolLimits::default()).with_context(invalid)?;
    serve.check_origins(REGISTRY).with_context(invalid)?;
    serve.signatures.check().with_context(invalid)?;
    serve.dialects.dialects().with_context(invalid)?;
    parse(function())?;
    Ok(format!("{} is valid\n", file.name))
}

/// Returns the message of `error` alone: without its cause, which the message repeats, and without clap's advice about
/// the command line.
fn plain(error: &clap::Error) -> anyhow::Error {
    let text = error.to_string();
    let text = text.split("\n\nFor more information").next().unwrap_or_default();
    anyhow!("{}", text.strip_prefix("error: ").unwrap_or(text).trim_end())
}
