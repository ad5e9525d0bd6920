#![doc = include_str!("../README.md")]

mod examples;
mod params;

pub use examples::{example_queries, example_query, example_query_len, example_values};
pub use params::params_json;

use safelight_core::{Codec, Registry, Transform};

/// All transforms, in the order of execution.
pub const TRANSFORMS: &[&dyn Transform] = &[
    &safelight_resolution::Resolution,
    &safelight_show_exif::ShowExif,
    &safelight_strip_exif::StripExif,
    &safelight_orient::Orient,
    &safelight_crop::Crop,
    &safelight_window::Window,
    &safelight_resize::Resize,
    &safelight_background::Background,
    &safelight_rotate_flip::RotateFlip,
    &safelight_blur::Blur,
    &safelight_sharpen::Sharpen,
    &safelight_format::Format,
];

/// All codecs, in sniffing order.
pub const CODECS: &[&dyn Codec] = &[
    &safelight_codecs::Jpeg,
    &safelight_codecs::Png,
    &safelight_codecs::Webp,
    &safelight_codecs::Gif,
    &safelight_codecs::Avif,
    &safelight_codecs::Jpeg2000,
    &safelight_codecs::Tiff,
    &safelight_codecs::Bmp,
    &safelight_codecs::Ico,
];

/// All transforms and codecs.
pub const REGISTRY: Registry = Registry { transforms: TRANSFORMS, codecs: CODECS };
