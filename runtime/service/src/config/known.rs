//! The names of all settings, whichever program reads them.

use super::ConfigError;
use safelight_core::nearest::{alternatives, nearest};
use serde::Deserialize;
use std::{collections::BTreeMap, sync::LazyLock};

/// Generated from the settings of all programs; a test of the server keeps the file current.
const SCHEMA: &str = include_str!("../../config.schema.json");

/// The start of the names of our variables.
const PREFIX: &str = "SAFELIGHT_";

/// A setting of some program.
#[derive(Clone, Debug)]
pub struct Known {
    /// Name in the configuration file.
    pub name: &'static str,
    /// Name of the environment variable.
    pub variable: &'static str,
}

/// What is read of the schema. All else is skipped, because a function reads it at each cold start.
#[derive(Deserialize)]
struct Schema {
    #[serde(borrow)]
    properties: BTreeMap<&'static str, Property>,
}

#[derive(Deserialize)]
struct Property {
    // The key is [`super::schema::VARIABLE`].
    #[serde(rename = "x-variable")]
    variable: &'static str,
}

static KNOWN: LazyLock<Vec<Known>> = LazyLock::new(|| {
    let Schema { properties } = serde_json::from_str(SCHEMA).expect("a test writes the file");
    properties.into_iter().map(|(name, Property { variable })| Known { name, variable }).collect()
});

/// Returns the settings of all programs.
pub fn known_settings() -> impl Iterator<Item = &'static Known> {
    KNOWN.iter()
}

/// Checks that every variable of the environment whose name begins as ours is a setting. `names` are its names.
///
/// # Errors
/// [`ConfigError::Variable`].
pub fn check_variables(names: impl IntoIterator<Item = String>) -> Result<(), ConfigError> {
    for name in names {
        let Some(own) = name.strip_prefix(PREFIX) else { continue };
        let is_known = name == CONFIG_VARIABLE || KNOWN.iter().any(|known| known.variable == name);
        if !is_known && !is_service_link(own) {
            let variables = KNOWN.iter().map(|known| known.variable).chain([CONFIG_VARIABLE]);
            // Without what all have in common, which would make any two names alike.
            let remedy = remedy_with(PREFIX, own, variables.filter_map(|known| known.strip_prefix(PREFIX)));
            return Err(ConfigError::Variable { name, remedy });
        }
    }
    Ok(())
}

/// The variable that names the file, which is no setting in the file.
const CONFIG_VARIABLE: &str = "SAFELIGHT_CONFIG";

/// Returns whether Kubernetes sets a variable of this name for a service whose name begins with ours (Kubernetes,
/// "Discovering services").
fn is_service_link(own: &str) -> bool {
    let is_end = |text: &str, end: &str| text == end || text.ends_with(&format!("_{end}"));
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let is_protocol = |text: &str| {
        let (number, rest) = text.split_once('_').unwrap_or((text, ""));
        let (protocol, part) = rest.split_once('_').unwrap_or((rest, ""));
        is_number(number)
            && ["TCP", "UDP", "SCTP"].contains(&protocol)
            && ["", "ADDR", "PORT", "PROTO"].contains(&part)
    };
    is_end(own, "SERVICE_HOST")
        || is_end(own, "PORT")
        || own.starts_with("SERVICE_PORT")
        || own.contains("_SERVICE_PORT")
        || own
            .match_indices("PORT_")
            .any(|(at, word)| (at == 0 || own[..at].ends_with('_')) && is_protocol(&own[at + word.len()..]))
}

/// Returns what a user who wrote `found` should do: `: did you mean NAME?`, or nothing if no name is near.
pub(super) fn remedy<'a>(found: &str, names: impl Iterator<Item = &'a str>) -> String {
    remedy_with("", found, names)
}

fn remedy_with<'a>(prefix: &str, found: &str, names: impl Iterator<Item = &'a str>) -> String {
    let nearest: Vec<_> = nearest(found, names).into_iter().map(|name| format!("{prefix}{name}")).collect();
    let nearest: Vec<_> = nearest.iter().map(String::as_str).collect();
    if nearest.is_empty() { String::new() } else { format!(": did you mean {}?", alternatives(&nearest)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_variables_are_rejected_with_the_nearest() {
        let check = |name: &str, expected: Option<&str>| {
            let found = check_variables([name.to_owned()]).err().map(|error| error.to_string());
            assert_eq!(found.as_deref(), expected, "{name}");
        };
        for name in [
            "HOME",
            "SAFELIGHT_LOG",
            "SAFELIGHT_CONFIG",
            "SAFELIGHT_BUCKET",
            "SAFELIGHT_SERVICE_HOST",
            "SAFELIGHT_SERVICE_PORT",
            "SAFELIGHT_SERVICE_PORT_HTTP",
            "SAFELIGHT_PORT",
            "SAFELIGHT_PORT_8080_TCP",
            "SAFELIGHT_PORT_8080_TCP_PROTO",
            "SAFELIGHT_ADMIN_SERVICE_HOST",
            "SAFELIGHT_ADMIN_PORT_9_UDP_ADDR",
        ] {
            check(name, None);
        }
        check(
            "SAFELIGHT_REDCAT",
            Some("unknown environment variable SAFELIGHT_REDCAT: did you mean SAFELIGHT_REDACT?"),
        );
        check("SAFELIGHT_", Some("unknown environment variable SAFELIGHT_"));
        check("SAFELIGHT_WHATEVER", Some("unknown environment variable SAFELIGHT_WHATEVER"));
        check("SAFELIGHT_PORT_X_TCP", Some("unknown environment variable SAFELIGHT_PORT_X_TCP"));
    }
}
