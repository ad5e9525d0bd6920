#![doc = include_str!("../README.md")]

mod comparison;
mod scale;
mod blur;
mod colour;
mod weights;
mod prediction;
mod curves;

pub use comparison::Comparison;
pub use curves::{AVIF, JPEG, WEBP};
pub use prediction::{Curve, PROPERTIES, Texture, log_of_loss};
