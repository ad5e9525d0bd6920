#![doc = include_str!("../README.md")]

mod avif;
mod gif;
mod jpeg;
mod jpeg2000;
mod png;
mod still;
mod webp;

mod animation;
mod colour;
mod error;
mod header;
mod profile;
mod rgb8;
mod samples;

pub use avif::Avif;
pub use gif::Gif;
pub use jpeg::Jpeg;
pub use jpeg2000::Jpeg2000;
pub use png::Png;
pub use still::{Bmp, Ico, Tiff};
pub use webp::Webp;
