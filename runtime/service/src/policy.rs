//! What the operator allows: the same settings by the same names, whichever door is open.

use crate::{
    decode_pool::{DecodePool, PoolLimits},
    handle::Service,
};
use clap::{Arg, Args, builder::BoolishValueParser, error::ContextKind};
use safelight_core::{Limits, Settings};
use std::{sync::Arc, time::Duration};

/// What the operator allows: settings whose defaults suit most.
#[derive(Args, Clone, Debug)]
pub struct Policy {
    /// Leave place, serial numbers and names out of EXIF shown as JSON
    #[arg(long, env = "SAFELIGHT_REDACT", value_parser = BoolishValueParser::new())]
    redact: bool,

    /// Most bytes of a source that must be held whole (TIFF, some HEIF)
    #[arg(long, env = "SAFELIGHT_MAX_SOURCE_BYTES", value_name = "BYTES",
          default_value_t = Limits::default().max_source_bytes)]
    max_source_bytes: u64,

    /// Most bytes of one metadata block
    #[arg(long, env = "SAFELIGHT_MAX_METADATA_BYTES", value_name = "BYTES",
          default_value_t = Limits::default().max_metadata_bytes)]
    max_metadata_bytes: u64,

    /// Most pixels of a source to be decoded, all frames of an animation together
    #[arg(long, env = "SAFELIGHT_MAX_PIXELS", value_name = "PIXELS",
          default_value_t = Limits::default().max_pixels)]
    max_pixels: u64,

    /// Most frames of an animation
    #[arg(long, env = "SAFELIGHT_MAX_FRAMES", value_name = "COUNT",
          default_value_t = Limits::default().max_frames)]
    max_frames: u32,

    /// Longest side of an answer
    #[arg(long, env = "SAFELIGHT_MAX_OUTPUT_SIDE", value_name = "PIXELS",
          default_value_t = Limits::default().max_output_side)]
    max_output_side: u32,

    /// Keep the profiles of colours in re-encoded pictures instead of converting to sRGB; grey and inks are
    /// always converted
    #[arg(long, env = "SAFELIGHT_KEEP_PROFILE", value_parser = BoolishValueParser::new())]
    keep_profile: bool,

    /// Bytes that decoded pictures may take, all requests together; 1 GiB if not given, in a Lambda three
    /// quarters of its memory
    #[arg(long, env = "SAFELIGHT_MEMORY_BYTES", value_name = "BYTES")]
    memory_bytes: Option<u64>,

    /// Pictures that are worked on at a time; as many as there are cores if not given
    #[arg(long, env = "SAFELIGHT_WORKERS", value_name = "COUNT")]
    workers: Option<usize>,

    /// Pictures that may wait to be worked on; one more is refused
    #[arg(long, env = "SAFELIGHT_MAX_WAITING", value_name = "COUNT",
          default_value_t = PoolLimits::default().max_waiting)]
    max_waiting: usize,

    /// Longest wait for a source to send something
    #[arg(long, env = "SAFELIGHT_SOURCE_TIMEOUT_SECS", value_name = "SECONDS", default_value_t = 30,
          value_parser = clap::value_parser!(u64).range(1..))]
    source_timeout_secs: u64,
}

impl Policy {
    /// What every request shares; `bounds` hold where nothing is set.
    pub fn service(&self, bounds: &PoolLimits) -> Service {
        let limits = Limits {
            max_source_bytes: self.max_source_bytes,
            max_metadata_bytes: self.max_metadata_bytes,
            max_pixels: self.max_pixels,
            max_frames: self.max_frames,
            max_output_side: self.max_output_side,
        };
        let decode_pool = PoolLimits {
            memory_bytes: self.memory_bytes.unwrap_or(bounds.memory_bytes),
            workers: self.workers.unwrap_or(bounds.workers),
            max_waiting: self.max_waiting,
        };
        Service {
            registry: safelight_registry::REGISTRY,
            settings: Settings { limits, redact: self.redact, keep_profile: self.keep_profile },
            source_timeout: Duration::from_secs(self.source_timeout_secs),
            decode_pool: Arc::new(DecodePool::new(decode_pool)),
        }
    }
}

/// The argument that `error` is about.
pub fn blamed<'a>(arguments: impl IntoIterator<Item = &'a Arg>, error: &clap::Error) -> Option<&'a Arg> {
    let blamed = error.get(ContextKind::InvalidArg)?.to_string();
    arguments.into_iter().find(|argument| argument.to_string() == blamed)
}
