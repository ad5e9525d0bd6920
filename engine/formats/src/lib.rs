#![doc = include_str!("../README.md")]

pub mod mime;
mod format;
mod table;
mod detect;

pub use detect::{DETECT_BYTES, Detection};
pub use format::Format;
pub use table::Abilities;
