#![doc = include_str!("../README.md")]

mod clusters;
mod oklab;

pub use clusters::{Cluster, clusters};

use safelight_core::{Cost, Frame, Param, ParamKind, Query, Report, Result, Size, Step, Stop, Transform};
use safelight_filters::Thumbnail;

const PALETTE: Param = Param {
    key: "palette",
    aliases: &[],
    kind: ParamKind::Integer { min: 1, max: 16, unit: "colours" },
    default: None,
    doc: "responds with the main colours and their shares of the image, as JSON",
};

const DOMINANT: Param = Param {
    key: "dominant",
    aliases: &[],
    kind: ParamKind::Flag,
    default: None,
    doc: "responds with the colour of which the image has most, as JSON",
};

/// The most pixels of a side that are read.
const MAX_SIDE: u32 = 100;

/// The colours among which the dominant one is chosen.
const DOMINANT_OF: usize = 6;

/// The transform `palette`.
#[derive(Clone, Copy, Debug)]
pub struct Palette;

/// The transform `dominant`.
#[derive(Clone, Copy, Debug)]
pub struct Dominant;

impl Transform for Palette {
    fn name(&self) -> &'static str {
        "palette"
    }

    fn params(&self) -> &'static [Param] {
        &[PALETTE]
    }

    fn step(&self, query: &Query) -> Result<Option<Step>> {
        let count = query.get(PALETTE.key).and_then(|count| count.parse().ok());
        Ok(count.map(|count| Step::Report(Box::new(ColoursReport { count: Some(count) }))))
    }
}

impl Transform for Dominant {
    fn name(&self) -> &'static str {
        "dominant"
    }

    fn params(&self) -> &'static [Param] {
        &[DOMINANT]
    }

    fn step(&self, query: &Query) -> Result<Option<Step>> {
        Ok(query.get(DOMINANT.key).map(|_| Step::Report(Box::new(ColoursReport { count: None }))))
    }
}

/// The report.
#[derive(Debug)]
struct ColoursReport {
    /// The number of colours; `None` for the dominant one alone.
    count: Option<usize>,
}

impl Report for ColoursReport {
    fn key(&self) -> &'static str {
        if self.count.is_some() { PALETTE.key } else { DOMINANT.key }
    }

    fn needed(&self, size: Size) -> Size {
        Thumbnail::size_within(size, MAX_SIDE)
    }

    fn cost(&self, pixels: u64) -> Cost {
        /// Nanoseconds for each pixel that is averaged, and for all clusters.
        const PIXEL_NS: u64 = 10;
        const CLUSTERS_NS: u64 = 30_000_000;
        /// Bytes of the thumbnail in Oklab.
        const BYTES: u64 = 2 << 20;
        Cost::new(BYTES, CLUSTERS_NS + PIXEL_NS * pixels)
    }

    fn value(&self, frame: &Frame, stop: &Stop) -> Result<String> {
        let thumbnail = Thumbnail::new(frame, self.needed(frame.geometry.size), stop)?;
        let clusters = clusters(&thumbnail, self.count.unwrap_or(DOMINANT_OF), stop)?;
        if self.count.is_none() {
            let first = clusters.first().map(|cluster| format!("\"{}\"", cluster.hex()));
            return Ok(first.unwrap_or_else(|| "null".to_owned()));
        }
        let colours: Vec<_> = clusters
            .iter()
            .map(|cluster| format!("{{\"color\":\"{}\",\"share\":{:.4}}}", cluster.hex(), cluster.share))
            .collect();
        Ok(format!("[{}]", colours.join(",")))
    }
}
