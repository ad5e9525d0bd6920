//! The JSON Schema of the configuration file, from the declarations of the settings.

use super::name_of;
use crate::policy::TABLES;
use clap::{Arg, ArgAction, Command, builder::ValueParser};
use serde_json::{Map, Value, json};
use std::any::TypeId;

/// The member of a setting's schema that names its environment variable.
pub const VARIABLE: &str = "x-variable";

/// Returns the schema of a file with the settings of `commands`, sorted by name.
pub fn schema<'a>(commands: impl IntoIterator<Item = &'a Command>) -> Value {
    let arguments = commands.into_iter().flat_map(Command::get_arguments).filter(|arg| is_setting(arg));
    let mut settings: Vec<_> = arguments.map(|arg| (name_of(arg).to_owned(), property(arg))).collect();
    settings.sort_by(|(one, _), (two, _)| one.cmp(two));
    settings.dedup_by(|(one, _), (two, _)| one == two);
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Configuration of Safelight",
        "type": "object",
        "additionalProperties": false,
        "properties": settings.into_iter().collect::<Map<_, _>>(),
    })
}

/// Returns the settings among the arguments of `command`: their names and their environment variables.
pub fn settings(command: &Command) -> impl Iterator<Item = (&str, &str)> {
    let arguments = command.get_arguments().filter(|arg| is_setting(arg));
    arguments.filter_map(|arg| Some((name_of(arg), arg.get_env()?.to_str()?)))
}

/// Returns whether `arg` is a setting, and may be in the file.
fn is_setting(arg: &Arg) -> bool {
    let variable = arg.get_env().and_then(|name| name.to_str()).unwrap_or_default();
    variable.starts_with("SAFELIGHT_") && variable != "SAFELIGHT_CONFIG"
}

fn property(arg: &Arg) -> Value {
    let mut property = match TABLES.iter().find(|(name, _)| *name == name_of(arg)) {
        Some((_, schema)) => schema(),
        None => json!({ "type": type_of(arg) }),
    };
    let words: Vec<_> = arg.get_possible_values().iter().map(|word| word.get_name().to_owned()).collect();
    if !words.is_empty() && !matches!(arg.get_action(), ArgAction::SetTrue) {
        property["enum"] = words.into();
    }
    let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
    property["description"] = help.into();
    let default: Vec<_> = arg.get_default_values().iter().map(|value| value.to_string_lossy()).collect();
    // That of a switch is false. A hidden one is in the description.
    if !default.is_empty()
        && !matches!(arg.get_action(), ArgAction::SetTrue)
        && !arg.is_hide_default_value_set()
    {
        property["default"] = default.join(",").into();
    }
    property[VARIABLE] = arg.get_env().map(|name| name.to_string_lossy()).unwrap_or_default().into();
    property
}

/// Returns the types of a setting's value. Numbers may be text, for their units.
fn type_of(arg: &Arg) -> Value {
    let parser: &ValueParser = arg.get_value_parser();
    let is = |id: TypeId| parser.type_id() == id;
    let numbers = [TypeId::of::<u64>(), TypeId::of::<u32>(), TypeId::of::<usize>()];
    match arg.get_action() {
        ArgAction::SetTrue => json!("boolean"),
        ArgAction::Append => json!(["array", "string"]),
        _ if numbers.into_iter().any(is) => json!(["integer", "string"]),
        _ => json!("string"),
    }
}
