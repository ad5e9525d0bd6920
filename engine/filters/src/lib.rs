#![doc = include_str!("../README.md")]

mod gaussian;
mod thumbnail;
pub mod colour;

pub use gaussian::gaussian;
pub use thumbnail::Thumbnail;
