#![doc = include_str!("../README.md")]

mod gaussian;
mod thumbnail;

pub use gaussian::gaussian;
pub use thumbnail::Thumbnail;
