#![doc = include_str!("../README.md")]

mod examples;
mod params;

pub use examples::{example_queries, example_query, example_query_len, example_values};
pub use params::{keys_json, parameters_page, params_json};
pub use safelight_codecs::DECODERS;

use safelight_core::{Encoder, Registry, Transform};

/// All transforms, in the order of execution.
pub const TRANSFORMS: &[&dyn Transform] = &[
    &safelight_resolution::Resolution,
    &safelight_show_exif::ShowExif,
    &safelight_info::Info,
    &safelight_strip_exif::StripExif,
    &safelight_page::Page,
    &safelight_orient::Orient,
    &safelight_redact::Redact,
    &safelight_trim::Trim,
    &safelight_crop::Crop,
    &safelight_window::Window,
    &safelight_resize::Resize,
    &safelight_background::Background,
    &safelight_rotate_flip::RotateFlip,
    &safelight_normalize::Normalize,
    &safelight_adjust::Adjust,
    &safelight_linear::Linear,
    &safelight_grayscale::Grayscale,
    &safelight_sepia::Sepia,
    &safelight_tint::Tint,
    &safelight_duotone::Duotone,
    &safelight_invert::Invert,
    &safelight_pixelate::Pixelate,
    &safelight_blur::Blur,
    &safelight_sharpen::Sharpen,
    &safelight_vignette::Vignette,
    &safelight_padding::Padding,
    &safelight_watermark::Watermark,
    &safelight_round::Round,
    &safelight_flatten::Flatten,
    &safelight_format::Format,
    &safelight_thumbhash::ThumbHash,
    &safelight_blurhash::BlurHash,
    &safelight_palette::Palette,
    &safelight_palette::Dominant,
];

/// Every encoder.
pub const ENCODERS: &[&dyn Encoder] = &[
    #[cfg(feature = "jpeg")]
    &safelight_codecs::Jpeg,
    #[cfg(feature = "png")]
    &safelight_codecs::Png,
    #[cfg(feature = "webp")]
    &safelight_codecs::Webp,
    #[cfg(feature = "gif")]
    &safelight_codecs::Gif,
    #[cfg(feature = "avif")]
    &safelight_codecs::Avif,
];

/// All transforms, decoders and encoders.
pub const REGISTRY: Registry = Registry { transforms: TRANSFORMS, decoders: DECODERS, encoders: ENCODERS };
