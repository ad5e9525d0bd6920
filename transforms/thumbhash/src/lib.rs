#![doc = include_str!("../README.md")]

mod hash;
mod picture;

pub use hash::{average, hash};
pub use picture::{Picture, picture};

use base64::{Engine, engine::general_purpose::STANDARD};
use safelight_core::{
    Cost, Error, Frame, Kind, Param, ParamKind, Query, Report, Result, Size, Step, Stop, Transform,
};
use safelight_filters::Thumbnail;

const THUMBHASH: Param = Param {
    key: "thumbhash",
    aliases: &[],
    kind: ParamKind::FlagOr(&[DATA]),
    default: None,
    doc: "responds with a ThumbHash in base64, as JSON; `data` gives its picture as a data: URL",
};

/// The value that asks for a picture.
const DATA: &str = "data";

/// The most pixels of a side that the algorithm reads.
const MAX_SIDE: u32 = 100;

/// The transform `thumbhash`.
#[derive(Clone, Copy, Debug)]
pub struct ThumbHash;

impl Transform for ThumbHash {
    fn name(&self) -> &'static str {
        "thumbhash"
    }

    fn params(&self) -> &'static [Param] {
        &[THUMBHASH]
    }

    fn step(&self, query: &Query) -> Result<Option<Step>> {
        let report = |value| Step::Report(Box::new(HashReport { as_picture: value == DATA }));
        Ok(query.get(THUMBHASH.key).map(report))
    }
}

/// The report.
#[derive(Debug)]
struct HashReport {
    /// Whether the value is a picture.
    as_picture: bool,
}

impl Report for HashReport {
    fn key(&self) -> &'static str {
        THUMBHASH.key
    }

    fn needed(&self, size: Size) -> Size {
        Thumbnail::size_within(size, MAX_SIDE)
    }

    fn cost(&self, pixels: u64) -> Cost {
        /// Nanoseconds for each pixel that is averaged, and for all of the hash.
        const PIXEL_NS: u64 = 10;
        const HASH_NS: u64 = 5_000_000;
        /// Bytes of the thumbnail and of its channels.
        const BYTES: u64 = 2 << 20;
        Cost::new(BYTES, HASH_NS + PIXEL_NS * pixels)
    }

    fn value(&self, frame: &Frame, stop: &Stop) -> Result<String> {
        let thumbnail = Thumbnail::new(frame, self.needed(frame.geometry.size), stop)?;
        let hash = hash(&thumbnail);
        if !self.as_picture {
            return Ok(format!("\"{}\"", STANDARD.encode(hash)));
        }
        let invalid = || Error::new(Kind::Internal, "thumbhash", "the hash has no picture");
        let png = picture(&hash).ok_or_else(invalid)?.to_png();
        Ok(format!("\"data:image/png;base64,{}\"", STANDARD.encode(png)))
    }
}
