#![doc = include_str!("../README.md")]

mod walker;
mod driver;
mod part;
mod grammar;
mod grammars;
mod jpeg;
mod jpeg2000;
mod jpegxl;
mod png;
mod webp;
mod gif;
mod bmp;
mod ico;
mod isobmff;
mod tiff;
mod raw;
mod part_map;
mod strip;
mod input;
mod exif;
mod exif_text;
mod error;

pub mod codestream;
pub mod icc;
pub mod svg;

pub use error::ContainerError;
pub use exif::{ExifFraming, locate_tiff, read_orientation};
pub use exif_text::decode_exif_text;
pub use isobmff::heif;
pub use jpeg2000::jp2_boxes;
pub use part::{Class, Event, Part, Removal};
pub use raw::{RawPreview, raw_preview};
pub use tiff::{ByteOrder, Entry as TiffEntry, TiffField, TiffFields, TiffReader, is_camera_raw};
pub use walker::Walker;
