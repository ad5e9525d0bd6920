//! Settings of the rules for queries: see [`safelight_edge::rules`].

use crate::setting::table;
use clap::{Args, builder::BoolishValueParser};
use safelight_core::KeyRules;
use safelight_edge::rules::{Allow, Ladders, Presets, RuleSettings};

/// Settings of the rules for queries.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct RuleArguments {
    /// Ignore unknown query keys instead of rejecting them
    #[arg(long, env = "SAFELIGHT_LENIENT", value_parser = BoolishValueParser::new())]
    lenient: bool,

    /// Query keys to ignore, separated by commas, besides those of trackers, S3 and CloudFront; a star matches any end, as
    /// in utm_*
    #[arg(long, env = "SAFELIGHT_IGNORE_KEYS", value_name = "KEYS", value_delimiter = ',')]
    ignore_keys: Vec<String>,

    /// Named queries for preset=NAME, as a table of names and queries: JSON, or @ and the name of a file with it
    #[arg(long, env = "SAFELIGHT_PRESETS", value_name = "JSON", value_parser = table::<Presets>)]
    presets: Option<Presets>,

    /// Reject queries that do not name a preset, or have other keys
    #[arg(long, env = "SAFELIGHT_ONLY_PRESETS", value_parser = BoolishValueParser::new())]
    only_presets: bool,

    /// Parameters, values and formats that viewers may ask for, as a table with keys, values and formats: JSON, or @ and
    /// the name of a file with it
    #[arg(long, env = "SAFELIGHT_ALLOW", value_name = "JSON", value_parser = table::<Allow>)]
    allow: Option<Allow>,

    /// Values of parameters that others are rounded up to, as a table of parameters and lists: JSON, or @ and the name of
    /// a file with it
    #[arg(long, env = "SAFELIGHT_LADDERS", value_name = "JSON", value_parser = table::<Ladders>)]
    ladders: Option<Ladders>,
}

impl RuleArguments {
    /// Returns the settings of the rules.
    pub(crate) fn settings(&self) -> RuleSettings {
        RuleSettings {
            keys: KeyRules { is_lenient: self.lenient, ignored: self.ignore_keys.clone() },
            presets: self.presets.clone().unwrap_or_default(),
            only_presets: self.only_presets,
            allow: self.allow.clone().unwrap_or_default(),
            ladders: self.ladders.clone().unwrap_or_default(),
        }
    }
}
