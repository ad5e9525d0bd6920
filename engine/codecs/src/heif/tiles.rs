//! Pictures of one or many tiles, decoded tile by tile and shrunk on the way.

use super::{
    coding::{Coding, Info},
    planes::{Planes, SHRINKS},
    rgb::Signal,
};
use crate::{error::CodecError, header::check_pixels};
use rayon::prelude::*;
use safelight_containers::heif::{Coded, Grid, Picture};
use safelight_core::{Cost, Format, Isolation, Limits, Result, Size, Stop};
use std::sync::Arc;

/// The minimum of decoded samples for each needed one, as for JPEG: means of blocks are blurred less than that.
const MARGIN: f64 = 1.5;
/// The most tiles that are decoded at the same time.
const MAX_THREADS: usize = 8;
/// Tiles that are decoded before the planes take them in, for each thread: fewer threads wait for the last.
const TILES_PER_THREAD: usize = 4;

/// A coded image, or a grid of them.
#[derive(Clone, Debug)]
pub(super) struct Tiles {
    format: Format,
    coding: Coding,
    pub(super) size: Size,
    /// The headers of the first tile, which all others must have.
    pub(super) info: Info,
    /// Tiles inside the picture, with their columns and rows.
    parts: Vec<(u32, u32, Arc<Coded>)>,
}

impl Tiles {
    /// Reads the headers of `picture`, which is no overlay, and checks its sizes.
    pub(super) fn new(format: Format, picture: &Picture, limits: &Limits) -> Result<Self> {
        let first = match picture {
            Picture::Coded(coded) => coded,
            Picture::Grid(grid) => {
                grid.tiles.first().ok_or_else(|| damaged(format, "a grid without tiles"))?
            }
            Picture::Overlay(_) => {
                return Err(CodecError::Unsupported(format, "an overlay inside another").into());
            }
        };
        let coding = Coding::of(format, first)?;
        let info = coding.info(format, first)?;
        check_pixels(format, info.size, limits)?;
        check_pixels(format, info.coded, limits)?;
        let (size, parts) = match picture {
            Picture::Grid(grid) => (grid.size, grid_tiles(format, grid, &info, coding)?),
            _ => (info.size, vec![(0, 0, first.clone())]),
        };
        check_pixels(format, size, limits)?;
        Ok(Self { format, coding, size, info, parts })
    }

    /// Returns the most by which the planes can be shrunk so that a part of `shown` pixels has the samples of `needed`.
    pub(super) fn shrink(&self, shown: Size, needed: Size) -> u32 {
        let most =
            if 1 < self.parts.len() { self.info.layout.most_shrink(self.info.size) } else { SHRINKS[3] };
        let is_enough = |shrink: &u32| {
            let axis =
                |shown: u32, needed: u32| f64::from(needed) * MARGIN * f64::from(*shrink) <= f64::from(shown);
            *shrink <= most && axis(shown.w, needed.w) && axis(shown.h, needed.h)
        };
        SHRINKS.into_iter().rev().find(is_enough).unwrap_or(1)
    }

    /// Returns the cost of the planes.
    pub(super) fn cost(&self, shrink: u32) -> Cost {
        /// Copies of the coded bytes: joined, as a stream, and as units.
        const COPIES: u64 = 3;
        let Info { coded, layout, size, .. } = self.info;
        let bytes = |tile: &Coded| tile.data.iter().map(|part| part.len() as u64).sum::<u64>();
        let (mut most, mut all) = (0, 0_u64);
        for (.., part) in &self.parts {
            let bytes = bytes(part);
            (most, all) = (bytes.max(most), all.saturating_add(bytes));
        }
        let count = self.parts.len() as u64;
        let decode =
            coded.pixels().saturating_mul(self.coding.pixel_bytes(&self.info)).saturating_add(most * COPIES);
        let decode = decode.saturating_add(self.coding.work_bytes());
        let (pixel_ns, byte_ns) = self.coding.ns();
        let pixels = coded.pixels().saturating_mul(count);
        let cpu_ns = pixels.saturating_mul(pixel_ns).saturating_add(all.saturating_mul(byte_ns));
        let tile = layout.bytes(size, shrink);
        let bytes = if count == 1 && self.size == size {
            decode.saturating_add(tile)
        } else {
            let (threads, batch) = match self.isolation() {
                Isolation::Never => (threads() as u64, batch(threads()) as u64),
                _ => (1, 1),
            };
            let tiles = decode.saturating_mul(threads.min(count));
            let tiles = tiles.saturating_add(tile.saturating_mul(batch.min(count)));
            tiles.saturating_add(layout.bytes(self.size, shrink))
        };
        Cost::new(bytes, cpu_ns)
    }

    /// Returns the reason to decode in a child process.
    pub(super) fn isolation(&self) -> Isolation {
        self.coding.isolation(self.info.coded.pixels())
    }

    /// Returns what the samples mean.
    pub(super) fn signal(&self) -> Signal {
        self.info.signal
    }

    /// Returns whether samples of an alpha plane use the full range.
    pub(super) fn is_alpha_full_range(&self) -> bool {
        self.coding.is_alpha_full_range(self.info.signal)
    }

    /// Decodes the planes. Of a single picture they may have another size than stated. Several threads decode tiles if
    /// `is_parallel`, which no child process allows.
    pub(super) fn planes(&self, shrink: u32, is_parallel: bool, stop: &Stop) -> Result<Planes> {
        let decode = |tile: &Coded| -> Result<Planes> {
            stop.check()?;
            Ok(self.coding.decode(self.format, tile, &self.info, shrink)?)
        };
        if let [(.., only)] = self.parts.as_slice()
            && self.size == self.info.size
        {
            return decode(only);
        }
        let Info { layout, size, .. } = self.info;
        let mut planes = Planes::blank(layout, self.size, shrink);
        let batch = if is_parallel { batch(threads()) } else { 1 };
        for batch in self.parts.chunks(batch) {
            let decode = |(column, row, tile): &(u32, u32, Arc<Coded>)| Ok((*column, *row, decode(tile)?));
            let tiles: Vec<_> = match batch {
                [only] => vec![decode(only)?],
                batch => batch.par_iter().map(decode).collect::<Result<_>>()?,
            };
            for (column, row, tile) in tiles {
                if !tile.planes.iter().map(|plane| plane.size).eq(layout.sizes(size, shrink)) {
                    return Err(damaged(self.format, "its tiles have different sizes").into());
                }
                planes.paste(&tile, column, row);
            }
        }
        Ok(planes)
    }
}

/// The number of tiles that are decoded at the same time.
fn threads() -> usize {
    rayon::current_num_threads().min(MAX_THREADS)
}

/// The number of tiles that `threads` threads decode before the planes take them in.
fn batch(threads: usize) -> usize {
    match threads {
        // There may be more threads than that.
        MAX_THREADS => MAX_THREADS,
        threads => threads * TILES_PER_THREAD,
    }
}

/// The tiles of `grid` that are inside the picture, if they cover it.
fn grid_tiles(
    format: Format,
    grid: &Grid,
    info: &Info,
    coding: Coding,
) -> Result<Vec<(u32, u32, Arc<Coded>)>, CodecError> {
    let Size { w, h } = info.size;
    let reach = Size::new(w.saturating_mul(grid.columns), h.saturating_mul(grid.rows));
    if !reach.covers(grid.size) {
        return Err(damaged(format, "its tiles do not cover it"));
    }
    let (across, down) = info.layout.chroma.unwrap_or((1, 1));
    let is_split = |side: u32, tile: u32, step: u32| tile < side && !tile.is_multiple_of(step);
    if is_split(grid.size.w, w, across) || is_split(grid.size.h, h, down) {
        return Err(CodecError::Unsupported(format, "tiles whose edges cut samples of chroma"));
    }
    let places = (0..grid.rows).flat_map(|row| (0..grid.columns).map(move |column| (column, row)));
    let mut tiles = Vec::new();
    for ((column, row), tile) in places.zip(&grid.tiles) {
        if column.saturating_mul(w) < grid.size.w && row.saturating_mul(h) < grid.size.h {
            if Coding::of(format, tile)? != coding {
                return Err(CodecError::Unsupported(format, "tiles of different codings"));
            }
            tiles.push((column, row, tile.clone()));
        }
    }
    Ok(tiles)
}

fn damaged(format: Format, what: &'static str) -> CodecError {
    CodecError::Damaged(format, what.into())
}
