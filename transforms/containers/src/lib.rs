#![doc = include_str!("../README.md")]

mod error;
mod exif;
mod gif;
mod index;
mod input;
mod isobmff;
mod jpeg;
mod part;
mod png;
mod sniff;
mod tiff;
mod walker;
mod webp;

pub use error::ContainerError;
pub use exif::{ExifFrame, Orientation, locate_tiff};
pub use part::{Class, Event, Part, Removal};
pub use sniff::Container;
pub use walker::Walker;
