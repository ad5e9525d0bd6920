#![doc = include_str!("../README.md")]

mod params;

pub use params::params_json;

use safelight_core::{Codec, Registry, Transform};

/// Every transform. The order is the order of execution.
pub const TRANSFORMS: &[&dyn Transform] = &[&safelight_show_exif::ShowExif, &safelight_strip_exif::StripExif];

/// Every codec, in sniffing order.
pub const CODECS: &[&dyn Codec] = &[];

/// Everything compiled in.
pub const REGISTRY: Registry = Registry { transforms: TRANSFORMS, codecs: CODECS };
