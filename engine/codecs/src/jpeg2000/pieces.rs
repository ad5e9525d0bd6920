//! Memory of the decoder for the pieces of a codestream: tiles, precincts, blocks and layers. The header alone
//! states their number, and there may be many more of them than pixels.

use super::{Codestream, FORMAT};
use crate::error::CodecError;
use safelight_containers::codestream::Style;
use safelight_core::{Result, Size};

/// A list that grows exists in its old size and in twice that size.
const GROWTH: u64 = 3;
/// A tile and its first tile-part.
const TILE_BYTES: u64 = 512;
/// A component of a tile: precincts and step sizes of 33 resolutions.
const COMPONENT_BYTES: u64 = 1024;
const TILE_PART_BYTES: u64 = 128 * GROWTH;
/// A precinct in its sub-band and in the order of packets, and the roots of its two tag trees.
const PRECINCT_BYTES: u64 = 288 * GROWTH;
/// A block and its nodes in two tag trees.
const BLOCK_BYTES: u64 = (48 + 2 * 2 * 48) * GROWTH;
/// A layer of a block, and two segments of coded bytes.
const LAYER_BYTES: u64 = (24 + 2 * 24) * GROWTH;
/// Segments of a block where every pass may end one: a block of 32 bits has 94 passes.
const PASSES_BYTES: u64 = 94 * 24 * GROWTH;
/// The bits of a style that make passes end segments: bypass, and termination on each pass.
const ENDING_PASSES: u8 = 0x01 | 0x04;

/// The limit for pieces, in bytes for each sample.
const MAX_SAMPLE_BYTES: u64 = 64;
/// An allowance on top of [`MAX_SAMPLE_BYTES`], for small images.
const MAX_FIXED_BYTES: u64 = 16 << 20;

/// The most bytes that a decode allocates for pieces.
///
/// # Errors
/// [`safelight_core::Kind::UnsupportedFormat`] if that is out of proportion to the samples.
pub(super) fn bytes(codestream: &Codestream) -> Result<u64> {
    let header = &codestream.header;
    let components = header.sizes.components.len() as u64;
    let tiles = header.sizes.tiles().saturating_mul(TILE_BYTES + components * COMPONENT_BYTES);
    let parts = codestream.file.tile_parts.saturating_mul(TILE_PART_BYTES);
    let tile =
        Size::new(header.sizes.tile.w.min(codestream.size.w), header.sizes.tile.h.min(codestream.size.h));
    // Lists are reused from tile to tile.
    let blocks = header.styles.iter().map(|style| component_bytes(style, tile, header.layers.into()));
    let blocks = blocks.fold(0, u64::saturating_add);
    let all = tiles.saturating_add(parts).saturating_add(blocks);
    let samples = codestream.size.pixels().saturating_mul(components);
    if samples.saturating_mul(MAX_SAMPLE_BYTES).saturating_add(MAX_FIXED_BYTES) < all {
        return Err(CodecError::Unsupported(
            FORMAT,
            "too many tiles, precincts, blocks or layers for its size",
        )
        .into());
    }
    Ok(all)
}

/// Bytes for the precincts, blocks and layers of a component in a tile (T.800 B.6 and B.7).
fn component_bytes(style: &Style, tile: Size, layers: u64) -> u64 {
    let of_resolution = |resolution: u8| {
        let level = style.levels - resolution;
        let (x, y) = style.precinct(resolution);
        // Sub-bands and precincts of all resolutions except the smallest have half the size.
        let (bands, half) = if resolution == 0 { (1, 0) } else { (3, 1) };
        // A partition that does not start with the tile has one piece more, and so has a rounded size.
        let count = |side: u32, level: u8, exponent: u8| ((u64::from(side) >> level) >> exponent) + 3;
        let precincts = count(tile.w, level, x).saturating_mul(count(tile.h, level, y));
        let block = (style.block.0.min(x.saturating_sub(half)), style.block.1.min(y.saturating_sub(half)));
        let level = level + half;
        let blocks = count(tile.w, level, block.0).saturating_mul(count(tile.h, level, block.1));
        let passes = if style.mode & ENDING_PASSES == 0 { 0 } else { PASSES_BYTES };
        let block_bytes = layers.saturating_mul(LAYER_BYTES).saturating_add(BLOCK_BYTES + passes);
        let bytes =
            precincts.saturating_mul(PRECINCT_BYTES).saturating_add(blocks.saturating_mul(block_bytes));
        bytes.saturating_mul(bands)
    };
    (0..=style.levels).map(of_resolution).fold(0, u64::saturating_add)
}
