#![doc = include_str!("../README.md")]

mod sample;
mod gaussian;
mod thumbnail;
mod mosaic;
mod channels;
mod canvas;
mod resample;
mod saliency;
pub mod colour;

pub use canvas::place;
pub use channels::{with_alpha, with_channels_of};
pub use gaussian::gaussian;
pub use mosaic::mosaic;
pub use resample::Resampler;
pub use saliency::salient;
pub use thumbnail::Thumbnail;
