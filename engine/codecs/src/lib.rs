#![doc = include_str!("../README.md")]
#![cfg_attr(
    not(all(
        feature = "jpeg",
        feature = "png",
        feature = "webp",
        feature = "gif",
        feature = "avif",
        feature = "heic",
        feature = "jpeg2000",
        feature = "jxl",
        feature = "tiff",
        feature = "bmp",
        feature = "ico",
        feature = "svg",
        feature = "psd",
        feature = "raw"
    )),
    allow(dead_code, reason = "a build of some formats needs a part of what they share")
)]

#[cfg(feature = "jpeg")]
mod jpeg;
#[cfg(feature = "png")]
mod png;
#[cfg(feature = "webp")]
mod webp;
#[cfg(feature = "gif")]
mod gif;
#[cfg(feature = "avif")]
mod avif;
#[cfg(any(feature = "avif", feature = "heic"))]
mod heif;
#[cfg(feature = "jpeg2000")]
mod jpeg2000;
#[cfg(feature = "jxl")]
mod jxl;
#[cfg(feature = "tiff")]
mod tiff;
#[cfg(feature = "bmp")]
mod bmp;
#[cfg(feature = "ico")]
mod ico;
#[cfg(feature = "svg")]
mod svg;
#[cfg(feature = "psd")]
mod psd;
#[cfg(feature = "raw")]
mod raw;
mod decoders;

mod animation;
mod canvas;
mod colour;
mod error;
mod guard;
#[cfg(any(feature = "jxl", feature = "avif", feature = "heic"))]
mod hdr;
mod header;
#[cfg(any(feature = "tiff", feature = "psd"))]
mod lab;
#[cfg(any(feature = "tiff", feature = "psd"))]
mod pack_bits;
mod profile;
#[cfg(any(feature = "png", feature = "gif"))]
mod quantise;
mod rgb8;
mod samples;
mod tone;
#[cfg(any(feature = "png", feature = "webp", feature = "bmp"))]
mod segments;

#[cfg(feature = "avif")]
pub use avif::Avif;
#[cfg(feature = "bmp")]
pub use bmp::Bmp;
pub use decoders::DECODERS;
#[cfg(feature = "gif")]
pub use gif::Gif;
#[cfg(feature = "heic")]
pub use heif::Heic;
#[cfg(any(feature = "avif", feature = "heic"))]
pub use heif::Heif;
#[cfg(feature = "ico")]
pub use ico::Ico;
#[cfg(feature = "jpeg")]
pub use jpeg::Jpeg;
#[cfg(feature = "jpeg2000")]
pub use jpeg2000::Jpeg2000;
#[cfg(feature = "jxl")]
pub use jxl::Jxl;
#[cfg(feature = "png")]
pub use png::Png;
#[cfg(feature = "psd")]
pub use psd::Psd;
#[cfg(feature = "raw")]
pub use raw::Raw;
#[cfg(feature = "svg")]
pub use svg::Svg;
#[cfg(feature = "tiff")]
pub use tiff::Tiff;
#[cfg(feature = "webp")]
pub use webp::Webp;
