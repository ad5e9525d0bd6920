//! What the decoder holds for each of the pieces that a codestream is cut into: tiles, precincts, blocks,
//! layers. Nothing but the header says how many there are, and they may be many more than pixels.

use super::{NAME, Picture};
use crate::error::CodecError;
use safelight_containers::codestream::Style;
use safelight_core::{Result, Size};

/// A list that grows holds itself once as it was and once of twice the size.
const GROWTH: u64 = 3;
/// A tile and its first tile-part.
const TILE_BYTES: u64 = 512;
/// What a tile holds of a component: precincts and step sizes of 33 resolutions.
const COMPONENT_BYTES: u64 = 1024;
const TILE_PART_BYTES: u64 = 128 * GROWTH;
/// A precinct in its sub-band and in the order of packets, and the roots of its two tag trees.
const PRECINCT_BYTES: u64 = 288 * GROWTH;
/// A block and its nodes in two tag trees.
const BLOCK_BYTES: u64 = (48 + 2 * 2 * 48) * GROWTH;
/// A layer of a block, and two segments of coded bytes.
const LAYER_BYTES: u64 = (24 + 2 * 24) * GROWTH;
/// Segments of a block in which every pass may end one: a block of 32 bits has 94 passes.
const PASSES_BYTES: u64 = 94 * 24 * GROWTH;
/// The bits of a style with which passes end segments: bypass, and termination on each pass.
const ENDING_PASSES: u8 = 0x01 | 0x04;

/// Most bytes for each sample, and apart from them, that pieces may take.
const MOST_SAMPLE_BYTES: u64 = 64;
const MOST_FIXED_BYTES: u64 = 16 << 20;

/// Most bytes that a decode holds for pieces.
///
/// # Errors
/// [`safelight_core::Kind::UnsupportedFormat`] if that is out of proportion.
pub(super) fn bytes(picture: &Picture) -> Result<u64> {
    let header = &picture.header;
    let components = header.sizes.components.len() as u64;
    let tiles = header.sizes.tiles().saturating_mul(TILE_BYTES + components * COMPONENT_BYTES);
    let parts = picture.file.tile_parts.saturating_mul(TILE_PART_BYTES);
    let tile = Size::new(header.sizes.tile.w.min(picture.size.w), header.sizes.tile.h.min(picture.size.h));
    // Lists are kept from tile to tile.
    let blocks = header.styles.iter().map(|style| component_bytes(style, tile, header.layers.into()));
    let blocks = blocks.fold(0, u64::saturating_add);
    let all = tiles.saturating_add(parts).saturating_add(blocks);
    let samples = picture.size.pixels().saturating_mul(components);
    if samples.saturating_mul(MOST_SAMPLE_BYTES).saturating_add(MOST_FIXED_BYTES) < all {
        return Err(CodecError::Unsupported(NAME, "a picture cut into so many pieces").into());
    }
    Ok(all)
}

/// Bytes for the precincts, blocks and layers of a component in a tile (T.800 B.6 and B.7).
fn component_bytes(style: &Style, tile: Size, layers: u64) -> u64 {
    let of_resolution = |resolution: u8| {
        let level = style.levels - resolution;
        let (x, y) = style.precinct(resolution);
        // Sub-bands of all resolutions but the smallest are half as large, and so are their precincts.
        let (bands, half) = if resolution == 0 { (1, 0) } else { (3, 1) };
        // A partition that does not start with the tile has a piece more, and so has a rounded size.
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
