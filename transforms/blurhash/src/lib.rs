#![doc = include_str!("../README.md")]

mod hash;

pub use hash::hash;

use safelight_core::{Cost, Frame, Param, ParamKind, Query, Report, Result, Size, Step, Stop, Transform};
use safelight_filters::Thumbnail;

const BLURHASH: Param = Param {
    key: "blurhash",
    aliases: &[],
    kind: ParamKind::Flag,
    default: None,
    doc: "responds with a BlurHash, as JSON",
};

/// The most pixels of a side that are read. More do not change four terms.
const MAX_SIDE: u32 = 100;

/// The transform `blurhash`.
#[derive(Clone, Copy, Debug)]
pub struct BlurHash;

impl Transform for BlurHash {
    fn name(&self) -> &'static str {
        "blurhash"
    }

    fn params(&self) -> &'static [Param] {
        &[BLURHASH]
    }

    fn step(&self, query: &Query) -> Result<Option<Step>> {
        Ok(query.get(BLURHASH.key).map(|_| Step::Report(Box::new(HashReport))))
    }
}

/// The report.
#[derive(Debug)]
struct HashReport;

impl Report for HashReport {
    fn key(&self) -> &'static str {
        BLURHASH.key
    }

    fn needed(&self, size: Size) -> Size {
        Thumbnail::size_within(size, MAX_SIDE)
    }

    fn cost(&self, pixels: u64) -> Cost {
        /// Nanoseconds for each pixel that is averaged, and for all of the hash.
        const PIXEL_NS: u64 = 10;
        const HASH_NS: u64 = 5_000_000;
        /// Bytes of the thumbnail in linear light.
        const BYTES: u64 = 1 << 20;
        Cost::new(BYTES, HASH_NS + PIXEL_NS * pixels)
    }

    fn value(&self, frame: &Frame, stop: &Stop) -> Result<String> {
        let thumbnail = Thumbnail::new(frame, self.needed(frame.geometry.size), stop)?;
        let terms = if thumbnail.size.w < thumbnail.size.h { (3, 4) } else { (4, 3) };
        let hash = hash(&thumbnail, terms);
        // Base 83 has no character that JSON escapes.
        Ok(format!("\"{hash}\""))
    }
}
