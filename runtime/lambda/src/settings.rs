//! Settings of the function, from its environment and from the access point that it serves.

use clap::{
    ArgAction, Args, Command, CommandFactory, FromArgMatches, Parser,
    builder::{BoolishValueParser, Resettable, TypedValueParser},
    error::ContextKind,
};
use safelight_service::{
    auth::AuthSettings,
    config::{ConfigError, ConfigSettings, FunctionSettings, add_file, check_variables},
    dialect::DialectArguments,
    fonts::FontSettings,
    log::chain,
    policy::Policy,
    signature::SignatureSettings,
    site::OriginArguments,
    source::SourceSettings,
};
use serde_json::{Map, Value};
use std::{
    ffi::{OsStr, OsString},
    fmt::Display,
};
use tracing::level_filters::LevelFilter;

/// Settings from the function's environment.
#[derive(Clone, Debug, Parser)]
#[command(name = "bootstrap", disable_help_flag = true)]
pub struct Settings {
    /// The configuration file.
    #[command(flatten)]
    pub config: ConfigSettings,

    /// The images that a Function URL or an API serves.
    #[command(flatten)]
    pub function: FunctionSettings,

    /// Further origins of a Function URL or an API.
    #[command(flatten)]
    pub origins: OriginArguments,

    /// Settings of the bucket and of HealthImaging.
    #[command(flatten)]
    pub sources: SourceSettings,

    /// The check of tokens for a Function URL or an API.
    #[command(flatten)]
    pub auth: AuthSettings,

    /// The check of signed URLs for a Function URL or an API.
    #[command(flatten)]
    pub signatures: SignatureSettings,

    /// The other services whose URLs a Function URL or an API understands.
    #[command(flatten)]
    pub dialects: DialectArguments,

    /// Log level: off, error, warn, info (a line for each request), debug, trace
    #[arg(long, env = "SAFELIGHT_LOG", value_name = "LEVEL", default_value = "info")]
    pub log: LevelFilter,

    /// Settings of the operator.
    #[command(flatten)]
    pub policy: Policy,

    /// Fonts of drawings.
    #[command(flatten)]
    pub fonts: FontSettings,

    /// Megabytes that the function may use.
    #[arg(long, env = "AWS_LAMBDA_FUNCTION_MEMORY_SIZE", default_value_t = 128)]
    pub memory_megabytes: u64,

    /// Region of the bucket and of the access point.
    #[arg(long, env = "AWS_REGION", default_value = "us-east-1")]
    pub region: String,

    /// Endpoint of S3, if it is not that of the region.
    #[arg(long, env = "AWS_ENDPOINT_URL_S3")]
    pub s3_endpoint: Option<String>,

    /// Endpoint of all services.
    #[arg(long, env = "AWS_ENDPOINT_URL")]
    pub endpoint: Option<String>,
}

/// An invalid setting.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{setting}: {reason}")]
pub struct SettingsError {
    /// Name of the setting, as the operator wrote it.
    pub setting: String,
    /// Reason.
    pub reason: String,
}

impl Settings {
    /// Reads the environment and the configuration file.
    ///
    /// # Errors
    /// [`SettingsError`] for an unknown setting or an invalid value.
    pub fn from_env() -> Result<Self, SettingsError> {
        check_variables(std::env::vars_os().filter_map(|(name, _)| name.into_string().ok()))?;
        let mut arguments = vec![OsString::from("bootstrap")];
        add_file(&Self::command(), &mut arguments, &[])?;
        let settings = Self::try_parse_from(arguments).map_err(|error| settings_error(&error))?;
        settings.signatures.check().map_err(|error| SettingsError {
            setting: "SAFELIGHT_REQUIRE_SIGNATURE".to_owned(),
            reason: error.to_string(),
        })?;
        Ok(settings)
    }

    /// Reads the environment, the configuration file and an access point's `payload`, which overrides both: a JSON object
    /// of the same settings by the same names.
    ///
    /// # Errors
    /// [`SettingsError`] for an unknown setting or an invalid value.
    pub fn with_payload(payload: &str) -> Result<Policy, SettingsError> {
        let invalid = |setting: &str, reason: &dyn Display| SettingsError {
            setting: setting.to_owned(),
            reason: reason.to_string(),
        };
        let own: Map<String, Value> =
            serde_json::from_str(payload).map_err(|error| invalid("payload", &error))?;

        let known = Policy::augment_args(Command::new("payload"));
        let mut command = Self::command();
        let mut arguments = vec![OsString::from("bootstrap")];
        let mut all_replaced = Vec::new();
        for (name, value) in own {
            let argument = known
                .get_arguments()
                .find(|argument| argument.get_env().is_some_and(|variable| variable == name.as_str()))
                .ok_or_else(|| invalid(&name, &"unknown setting of an access point"))?;
            let long = argument.get_long().unwrap_or_default();
            let is_switch = matches!(argument.get_action(), ArgAction::SetTrue);
            let added = match (&value, is_switch) {
                (Value::Bool(_) | Value::String(_), true) => {
                    let expected = || invalid(&name, &format!("expected true or false, got {value}"));
                    switch(&value).ok_or_else(expected)?.then(|| format!("--{long}"))
                }
                (Value::String(text), false) => Some(format!("--{long}={text}")),
                (Value::Number(number), false) => Some(format!("--{long}={number}")),
                (Value::Object(_) | Value::Array(_), false) => Some(format!("--{long}={value}")),
                (other, _) => return Err(invalid(&name, &format!("invalid type of the value {other}"))),
            };
            arguments.extend(added.map(OsString::from));
            // Otherwise the function's environment would override a switch that is off.
            let mut replaced = vec![argument.get_id().as_str()];
            if EXIF_SETTINGS.contains(&replaced[0]) {
                replaced = EXIF_SETTINGS.to_vec();
            }
            for id in replaced {
                command = command.mut_arg(id, |argument| argument.env(Resettable::Reset));
                all_replaced.push(id.to_owned());
            }
        }
        add_file(&command, &mut arguments, &all_replaced)?;
        let matches = command.try_get_matches_from(arguments).map_err(|error| settings_error(&error))?;
        Policy::from_arg_matches(&matches).map_err(|error| settings_error(&error))
    }

    /// Returns the endpoint of S3, if it is not that of AWS.
    pub fn endpoint(&self) -> Option<&str> {
        self.s3_endpoint.as_deref().or(self.endpoint.as_deref())
    }

    /// Returns the default memory for images: three quarters of the function's, because the program, its buffers and
    /// its connections need the rest.
    pub fn memory_bytes(&self) -> u64 {
        (self.memory_megabytes << 20) / 4 * 3
    }
}

impl From<ConfigError> for SettingsError {
    fn from(error: ConfigError) -> Self {
        let setting = match &error {
            ConfigError::Variable { name, .. } | ConfigError::Setting { name, .. } => name.clone(),
            ConfigError::Read { .. } | ConfigError::Syntax { .. } => "SAFELIGHT_CONFIG".to_owned(),
        };
        Self { setting, reason: chain(&error) }
    }
}

/// The arguments of [`Policy`] that decide about EXIF: a payload with one of them replaces both.
const EXIF_SETTINGS: [&str; 2] = ["exif", "redact"];

/// Returns the state of a switch, which may be text, as in the environment.
fn switch(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(is_on) => Some(*is_on),
        Value::String(text) => {
            BoolishValueParser::new().parse_ref(&Command::new("payload"), None, OsStr::new(text)).ok()
        }
        _ => None,
    }
}

/// Converts an error to the operator's terms: the function has no command line.
fn settings_error(error: &clap::Error) -> SettingsError {
    let mut command = Settings::command();
    command.build();
    let name = error.get(ContextKind::InvalidArg).map(ToString::to_string).unwrap_or_default();
    let argument = command.get_arguments().find(|argument| argument.to_string() == name);
    let variable = argument.and_then(|argument| argument.get_env());
    let setting = variable.map_or_else(|| "settings".to_owned(), |name| name.to_string_lossy().into_owned());
    let cause = std::error::Error::source(error).map(|cause| format!(": {cause}")).unwrap_or_default();
    let reason = match error.get(ContextKind::InvalidValue) {
        Some(value) => format!("invalid value {:?}{cause}", value.to_string()),
        None => error.to_string().lines().next().unwrap_or_default().to_owned(),
    };
    SettingsError { setting, reason }
}

#[cfg(test)]
mod tests {
    use super::*;
    use safelight_core::{ExifDetail, Registry};
    use safelight_service::{decode_pool::PoolLimits, handle::Service};

    const NONE: Registry = Registry { transforms: &[], decoders: &[], encoders: &[] };

    fn service(payload: &str) -> Service {
        Settings::with_payload(payload).unwrap().service(NONE, &PoolLimits::default()).unwrap()
    }

    #[test]
    fn a_payload_has_settings_by_their_names() {
        assert_eq!(service("{}").settings.exif, ExifDetail::Harmless);
        let set = service(
            r#"{"SAFELIGHT_EXIF": "all", "SAFELIGHT_MAX_PIXELS": 1000, "SAFELIGHT_MAX_FRAMES": "7",
                "SAFELIGHT_KEEP_PROFILE": false, "SAFELIGHT_MAX_SOURCE_BYTES": "64MiB"}"#,
        );
        assert!(set.settings.exif == ExifDetail::All && !set.settings.keep_profile);
        assert_eq!(set.settings.limits.max_source_bytes, 64 << 20);
        assert_eq!((set.settings.limits.max_pixels, set.settings.limits.max_frames), (1000, 7));
    }

    #[test]
    fn a_switch_may_be_text() {
        for (value, expected) in
            [("true", true), ("\"true\"", true), ("\"Yes\"", true), ("false", false), ("\"false\"", false)]
        {
            let payload = format!(r#"{{"SAFELIGHT_KEEP_PROFILE": {value}}}"#);
            assert_eq!(service(&payload).settings.keep_profile, expected, "{payload}");
        }
    }

    #[test]
    fn redaction_leaves_only_harmless_exif() {
        for (payload, expected) in [
            (r#"{"SAFELIGHT_REDACT": "true"}"#, ExifDetail::Harmless),
            (r#"{"SAFELIGHT_REDACT": true, "SAFELIGHT_EXIF": "all"}"#, ExifDetail::Harmless),
            (r#"{"SAFELIGHT_REDACT": false, "SAFELIGHT_EXIF": "all"}"#, ExifDetail::All),
            (r#"{"SAFELIGHT_REDACT": false}"#, ExifDetail::Harmless),
        ] {
            assert_eq!(service(payload).settings.exif, expected, "{payload}");
        }
    }

    #[test]
    fn an_invalid_payload_is_rejected_by_name() {
        for (payload, name) in [
            ("", "payload"),
            ("[]", "payload"),
            (r#"{"SAFELIGHT_REDAKT": true}"#, "SAFELIGHT_REDAKT"),
            (r#"{"SAFELIGHT_BUCKET": "b"}"#, "SAFELIGHT_BUCKET"),
            (r#"{"SAFELIGHT_REDACT": "perhaps"}"#, "SAFELIGHT_REDACT"),
            (r#"{"SAFELIGHT_REDACT": 1}"#, "SAFELIGHT_REDACT"),
            (r#"{"SAFELIGHT_EXIF": "some"}"#, "SAFELIGHT_EXIF"),
            (r#"{"SAFELIGHT_EXIF": true}"#, "SAFELIGHT_EXIF"),
            (r#"{"SAFELIGHT_MAX_PIXELS": "much"}"#, "SAFELIGHT_MAX_PIXELS"),
            (r#"{"SAFELIGHT_MAX_PIXELS": -1}"#, "SAFELIGHT_MAX_PIXELS"),
            (r#"{"SAFELIGHT_SOURCE_TIMEOUT_SECS": 0}"#, "SAFELIGHT_SOURCE_TIMEOUT_SECS"),
        ] {
            let error = Settings::with_payload(payload).unwrap_err();
            assert_eq!(error.setting, name, "{payload}: {error}");
            assert!(!error.reason.is_empty());
        }
    }
}
