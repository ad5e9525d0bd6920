//! An EXIF block as JSON, in the groups and with the names of the npm package `exif-reader`.

mod json;
mod directory;
mod kind;
mod value;
mod names;
mod harmless;
mod position;
mod error;

pub use directory::MAX_ENTRIES;
pub use error::ExifError;
pub use json::Exif;
pub use position::Position;
