//! Settings of the operator: the same names in every program.

use crate::{
    StartError,
    cache_control::{CacheSettings, Fallback},
    decode_pool::{DecodePool, PoolLimits},
    handle::Service,
    quantity::{parse_bytes, parse_count},
    rules::RuleArguments,
    setting::table,
    sides::{SideSettings, Sides, Watermarks},
    site::{OriginSettings, Origins, QualityTarget},
    streaming::Streaming,
};
use clap::{
    Args,
    builder::{BoolishValueParser, PossibleValuesParser, TypedValueParser},
};
use safelight_core::{ExifDetail, Limits, Registry, Settings};
use safelight_edge::rules::{Allow, Ladders, Presets, RuleSettings, Rules};
use schemars::{JsonSchema, generate::SchemaSettings};
use serde_json::Value;
use std::{sync::Arc, time::Duration};

/// Returns the schema of a table.
type TableSchema = fn() -> Value;

/// The settings that are tables, and their schemas.
pub(crate) const TABLES: &[(&str, TableSchema)] = &[
    ("allow", schema_of::<Allow>),
    ("cache", schema_of::<CacheSettings>),
    ("dialects", schema_of::<safelight_dialects::Settings>),
    ("origins", schema_of::<Origins>),
    ("authorize", schema_of::<safelight_edge::authorize::Config>),
    ("fallback", schema_of::<Fallback>),
    ("ladders", schema_of::<Ladders>),
    ("presets", schema_of::<Presets>),
    ("watermarks", schema_of::<Watermarks>),
];

pub(crate) fn schema_of<T: JsonSchema>() -> Value {
    // Without references, so that the schema of a setting can be a part of another.
    let generator = SchemaSettings::draft2020_12().with(|settings| settings.inline_subschemas = true);
    let mut schema = generator.into_generator().into_root_schema_for::<T>();
    schema.remove("$schema");
    schema.remove("title");
    schema.into()
}

/// Settings of the operator, with defaults that suit most.
#[derive(Args, Clone, Debug)]
pub struct Policy {
    /// EXIF that is shown as JSON: harmless (camera, exposure, dates, sizes), all (also place, names, serial numbers, free
    /// text), or what the edge in front allows, without which any viewer could ask for all
    #[arg(long, env = "SAFELIGHT_EXIF", value_name = "TAGS", default_value = "harmless",
          value_parser = PossibleValuesParser::new(["harmless", "all", "edge"]).map(|word| exif_detail(&word)))]
    exif: ExifDetail,

    /// The same as --exif harmless, also beside --exif all
    #[arg(long, env = "SAFELIGHT_REDACT", value_parser = BoolishValueParser::new())]
    redact: bool,

    #[command(flatten)]
    rules: RuleArguments,

    /// Ask browsers for client hints, and let width=auto and dpr=auto follow them. A cache in front must vary by these headers
    #[arg(long, env = "SAFELIGHT_CLIENT_HINTS", value_parser = BoolishValueParser::new())]
    client_hints: bool,

    /// Images in place of errors, as a table of statuses, as in the table errors of the cache, and paths of the same origin:
    /// JSON, or @ and the name of a file with it
    #[arg(long, env = "SAFELIGHT_FALLBACK", value_name = "JSON", value_parser = table::<Fallback>)]
    fallback: Option<Fallback>,

    /// Lifetimes of responses in caches, as a table with max-age, shared-max-age, stale-while-revalidate, stale-if-error,
    /// immutable, override-source and errors: JSON, or @ and the name of a file with it
    #[arg(long, env = "SAFELIGHT_CACHE", value_name = "JSON", value_parser = table::<CacheSettings>)]
    cache: Option<CacheSettings>,

    #[command(flatten)]
    sides: SideSettings,

    /// Maximum bytes of a source that must be buffered whole (TIFF, some HEIF)
    #[arg(long, env = "SAFELIGHT_MAX_SOURCE_BYTES", value_name = "BYTES", value_parser = parse_bytes,
          default_value_t = Limits::default().max_source_bytes)]
    max_source_bytes: u64,

    /// Maximum bytes of one metadata block
    #[arg(long, env = "SAFELIGHT_MAX_METADATA_BYTES", value_name = "BYTES", value_parser = parse_bytes,
          default_value_t = Limits::default().max_metadata_bytes)]
    max_metadata_bytes: u64,

    /// Maximum pixels of a source to decode, all frames of an animation together
    #[arg(long, env = "SAFELIGHT_MAX_PIXELS", value_name = "PIXELS", value_parser = parse_count,
          default_value_t = Limits::default().max_pixels)]
    max_pixels: u64,

    /// Maximum frames of an animation
    #[arg(long, env = "SAFELIGHT_MAX_FRAMES", value_name = "COUNT",
          default_value_t = Limits::default().max_frames)]
    max_frames: u32,

    /// Maximum width and height of an output image, in pixels
    #[arg(long, env = "SAFELIGHT_MAX_OUTPUT_SIDE", value_name = "PIXELS",
          default_value_t = Limits::default().max_output_side)]
    max_output_side: u32,

    /// Maximum pixels of an output image; of each frame of an animation
    #[arg(long, env = "SAFELIGHT_MAX_OUTPUT_PIXELS", value_name = "PIXELS", value_parser = parse_count,
          default_value_t = Limits::default().max_output_pixels)]
    max_output_pixels: u64,

    /// Maximum pixels of an output image above 4 million, as a multiple of the source's pixels
    #[arg(long, env = "SAFELIGHT_MAX_ENLARGEMENT", value_name = "FACTOR",
          default_value_t = Limits::default().max_enlargement)]
    max_enlargement: u32,

    /// Maximum CPU time that a transform may take by estimate, in milliseconds; more is rejected with 413 before
    /// anything is decoded
    #[arg(long = "max-work", env = "SAFELIGHT_MAX_WORK", value_name = "MILLISECONDS",
          default_value_t = Limits::default().max_work_ms)]
    max_work_ms: u64,

    /// Keep RGB profiles in re-encoded images instead of converting to sRGB; grey and CMYK images are always
    /// converted
    #[arg(long, env = "SAFELIGHT_KEEP_PROFILE", value_parser = BoolishValueParser::new())]
    keep_profile: bool,

    /// SSIMULACRA2 score at which quality=auto and format=best aim: 90 is visually lossless, 70 high and 50 medium quality
    #[arg(long, env = "SAFELIGHT_QUALITY_TARGET", value_name = "SCORE", default_value_t = Settings::default().quality_target,
          value_parser = quality_target)]
    quality_target: u8,

    /// Memory budget in bytes for all requests together; default: 1 GiB, in a Lambda function three quarters of its
    /// memory
    #[arg(long, env = "SAFELIGHT_MEMORY_BYTES", value_name = "BYTES", value_parser = parse_bytes)]
    memory_bytes: Option<u64>,

    /// Maximum images that are processed at a time; default: the number of cores
    #[arg(long, env = "SAFELIGHT_WORKERS", value_name = "COUNT")]
    workers: Option<usize>,

    /// Maximum images that wait to be processed; more are rejected with 503
    #[arg(long, env = "SAFELIGHT_MAX_WAITING", value_name = "COUNT",
          default_value_t = PoolLimits::default().max_waiting)]
    max_waiting: usize,

    /// Maximum seconds that an image waits for memory and a core; then it is rejected with 503
    #[arg(long, env = "SAFELIGHT_QUEUE_TIMEOUT_SECS", value_name = "SECONDS",
          default_value_t = PoolLimits::default().queue_timeout.as_secs(), value_parser = clap::value_parser!(u64).range(1..))]
    queue_timeout_secs: u64,

    /// Maximum seconds to decode, transform and encode an image, its source included; then it is stopped with 504
    #[arg(long, env = "SAFELIGHT_WORK_TIMEOUT_SECS", value_name = "SECONDS",
          default_value_t = PoolLimits::default().work_timeout.as_secs(), value_parser = clap::value_parser!(u64).range(1..))]
    work_timeout_secs: u64,

    /// Maximum seconds without data from a source
    #[arg(long, env = "SAFELIGHT_SOURCE_TIMEOUT_SECS", value_name = "SECONDS", default_value_t = 30,
          value_parser = clap::value_parser!(u64).range(1..))]
    source_timeout_secs: u64,
}

impl Policy {
    /// Returns the state that all requests share; `defaults` apply where nothing is set.
    ///
    /// # Errors
    /// [`StartError::Rules`] for rules that do not fit the parameters of `registry`.
    pub fn service(&self, registry: Registry, defaults: &PoolLimits) -> Result<Service, StartError> {
        let limits = Limits {
            max_source_bytes: self.max_source_bytes,
            max_metadata_bytes: self.max_metadata_bytes,
            max_pixels: self.max_pixels,
            max_frames: self.max_frames,
            max_output_side: self.max_output_side,
            max_output_pixels: self.max_output_pixels,
            max_enlargement: self.max_enlargement,
            max_work_ms: self.max_work_ms,
        };
        let pool = PoolLimits {
            memory_bytes: self.memory_bytes.unwrap_or(defaults.memory_bytes),
            workers: self.workers.unwrap_or(defaults.workers),
            max_waiting: self.max_waiting,
            queue_timeout: Duration::from_secs(self.queue_timeout_secs),
            work_timeout: Duration::from_secs(self.work_timeout_secs),
        };
        Ok(Service {
            registry,
            settings: Settings {
                limits,
                exif: if self.redact { ExifDetail::Harmless } else { self.exif },
                keep_profile: self.keep_profile,
                fonts: String::new(),
                quality_target: self.quality_target,
            },
            rules: Arc::new(Rules::new(self.rules.settings(), registry.params())?),
            cache: self.cache.clone().unwrap_or_default(),
            fallback: self.fallback.clone().unwrap_or_default(),
            has_client_hints: self.client_hints,
            is_checked_by_cdn: false,
            source_timeout: Duration::from_secs(self.source_timeout_secs),
            decode_pool: Arc::new(DecodePool::new(pool)),
            metrics: Arc::default(),
            streaming: Streaming::default(),
            results: Arc::default(),
            sides: Sides::new(self.sides.clone()),
        })
    }

    /// Returns `service` with the settings of one origin.
    ///
    /// # Errors
    /// As for [`Policy::service`].
    pub(crate) fn service_of(
        &self,
        service: &Service,
        origin: &OriginSettings,
    ) -> Result<Service, StartError> {
        let own = self.rules.settings();
        let rules = RuleSettings {
            keys: own.keys,
            presets: origin.presets.clone().unwrap_or(own.presets),
            only_presets: origin.only_presets.unwrap_or(own.only_presets),
            allow: origin.allow.clone().unwrap_or(own.allow),
            ladders: origin.ladders.clone().unwrap_or(own.ladders),
        };
        let rules = Arc::new(Rules::new(rules, service.registry.params())?);
        let cache = origin.cache.clone().unwrap_or_else(|| service.cache.clone());
        let fallback = origin.fallback.clone().unwrap_or_else(|| service.fallback.clone());
        let SideSettings { watermarks, watermark_paths } = self.sides.clone();
        let sides = service.sides.clone().with_settings(SideSettings {
            watermarks: origin.watermarks.clone().or(watermarks),
            watermark_paths: origin.watermark_paths.clone().unwrap_or(watermark_paths),
        });
        let mut settings = service.settings.clone();
        settings.quality_target = origin.quality_target.map_or(settings.quality_target, u8::from);
        Ok(Service { settings, rules, cache, fallback, sides, ..service.clone() })
    }
}

/// Parses a score that [`QualityTarget`] allows.
fn quality_target(text: &str) -> Result<u8, String> {
    let score = text.parse::<u8>().map_err(|error| error.to_string())?;
    QualityTarget::try_from(score).map(u8::from)
}

fn exif_detail(word: &str) -> ExifDetail {
    match word {
        "all" => ExifDetail::All,
        "edge" => ExifDetail::ByQuery,
        _ => ExifDetail::Harmless,
    }
}
