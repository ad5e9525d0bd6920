#![doc = include_str!("../README.md")]

mod walker;
mod part;
mod sniff;
mod input;
mod index;
mod jpeg;
mod png;
mod webp;
mod gif;
mod isobmff;
mod tiff;
mod exif;
mod error;

pub mod codestream;

pub use error::ContainerError;
pub use exif::{ExifFrame, locate_tiff, read_orientation};
pub use part::{Class, Event, Part, Removal};
pub use sniff::Container;
pub use walker::Walker;
