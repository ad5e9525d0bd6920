//! Decoding of blocks to composed frames.

use super::blocks::{Block, File, Item, SubBlocks};
use super::damaged;
use crate::animation::{Frames, drop_opaque_alpha};
use crate::canvas::{After, Canvas, Composer};
use crate::colour;
use safelight_core::{Decode, Frame, Image, Limits, Model, Rect, Result, Samples, Size, Stop};
use weezl::{BitOrder, LzwStatus, decode::Configuration};

/// Composes frames on a canvas of this size. The caller has checked their pixels against the limits.
pub(super) fn image(
    file: &File,
    (size, wanted): (Size, Frames),
    decode: &Decode,
    limits: &Limits,
    stop: &Stop,
) -> Result<Image> {
    let mut composer = Composer::new(size);
    let (mut frames, mut delays_ms) = (Vec::new(), Vec::new());
    let mut plays = 1;
    let mut icc = None;
    let mut index = 0;
    for item in file.items() {
        match item {
            Item::Plays(stated) => plays = stated,
            Item::Profile(blocks) => icc = icc.or_else(|| profile(blocks, limits)),
            // The profile and the number of plays are before the frames, but for rare files.
            Item::Image(_) if index == wanted.composed() => break,
            Item::Image(block) => {
                let is_drawn = draw(&mut composer, &block, stop);
                stop.check()?;
                if !is_drawn && index == 0 {
                    return Err(damaged("the first frame has no pixel").into());
                }
                if wanted.has(index) {
                    frames.push(composer.canvas().rgba.clone());
                    delays_ms.push(block.control.delay_ms);
                }
                index += 1;
            }
        }
    }
    drop(composer);
    if frames.is_empty() {
        return Err(damaged("there is no frame").into());
    }
    let model = if drop_opaque_alpha(&mut frames) { Model::Rgb } else { Model::Rgba };
    let mut frames: Vec<_> =
        frames.into_iter().map(|samples| Frame::whole(size, model, Samples::U8(samples))).collect();
    let profile = colour::to_srgb(&mut frames, icc, decode);
    if frames.len() == 1 {
        return Ok(Image { frames, delays_ms: Vec::new(), plays: 0, profile });
    }
    Ok(Image { frames, delays_ms, plays, profile })
}

/// The profile in sub-blocks; `None` if it is longer than metadata may be.
fn profile(blocks: SubBlocks, limits: &Limits) -> Option<Vec<u8>> {
    let bytes: u64 = blocks.clone().map(|block| block.len() as u64).sum();
    (bytes <= limits.max_metadata_bytes).then(|| blocks.collect::<Vec<_>>().concat())
}

/// Draws the next frame (GIF89a, sections 20 and 23), as far as `stop` allows. Returns whether any of its pixels could be
/// decoded.
fn draw(composer: &mut Composer, block: &Block, stop: &Stop) -> bool {
    let after = match block.control.disposal {
        2 => After::Clear,
        3 => After::Restore,
        _ => After::Keep,
    };
    let canvas = composer.begin(block.rect, after);
    let mut pen = Pen { canvas, block, row: 0, column: 0 };
    decode_indices(block, |indices| stop.reason().is_none() && pen.draw(indices))
}

/// The position in a frame while it is drawn.
struct Pen<'a> {
    canvas: &'a mut Canvas,
    block: &'a Block<'a>,
    /// The number of the row in the order of the file.
    row: u32,
    column: u32,
}

impl Pen<'_> {
    /// Draws the next pixels, and returns whether more of the frame is on the canvas.
    fn draw(&mut self, mut indices: &[u8]) -> bool {
        let Size { w, h } = self.block.rect.size;
        while !indices.is_empty() && self.row < h {
            let (run, rest) = indices.split_at(indices.len().min((w - self.column) as usize));
            let y = if self.block.is_interlaced { interlaced(self.row, h) } else { self.row };
            self.draw_run(run, y);
            self.column += run.len() as u32;
            if self.column == w {
                (self.column, self.row) = (0, self.row + 1);
            }
            indices = rest;
        }
        // Rows below the canvas are the last ones unless they are interlaced.
        let is_visible = self.block.is_interlaced || self.block.rect.y + self.row < self.canvas.size().h;
        self.row < h && is_visible
    }

    /// Draws pixels of row `y` of the frame.
    fn draw_run(&mut self, run: &[u8], y: u32) {
        // As Pillow and libvips show a file without any table.
        const BLACK: &[[u8; 3]] = &[[0; 3]; 256];
        let rect = self.block.rect;
        let place = Rect { x: rect.x + self.column, y: rect.y + y, size: Size::new(run.len() as u32, 1) };
        let colours = self.block.colours.unwrap_or(BLACK);
        let Some(row) = self.canvas.rows(place).next() else { return };
        for (pixel, index) in row.as_chunks_mut::<4>().0.iter_mut().zip(run) {
            // An index outside the table draws nothing.
            if let Some([r, g, b]) = colours.get(usize::from(*index))
                && self.block.control.transparent != Some(*index)
            {
                *pixel = [*r, *g, *b, u8::MAX];
            }
        }
    }
}

/// The row of a frame of `h` rows that is number `row` in an interlaced file (GIF89a, appendix E).
fn interlaced(row: u32, h: u32) -> u32 {
    let mut before = 0;
    for (start, step) in [(0, 8), (4, 8), (2, 4), (1, 2)] {
        let count = h.saturating_sub(start).div_ceil(step);
        if row - before < count {
            return start + (row - before) * step;
        }
        before += count;
    }
    row
}

/// Decodes indices and passes them to `draw` until it returns false, or until the data end or are damaged. Returns
/// whether there were any.
fn decode_indices(block: &Block, mut draw: impl FnMut(&[u8]) -> bool) -> bool {
    // Larger codes do not fit in 12 bits (appendix F).
    if !(1..=11).contains(&block.code_bits) {
        return false;
    }
    let mut decoder =
        Configuration::new(BitOrder::Lsb, block.code_bits).with_yield_on_full_buffer(true).build();
    let mut indices = [0; 4096];
    let mut is_drawn = false;
    for mut data in block.data.clone() {
        // Until it has used the data, and made all that it can from them.
        loop {
            let result = decoder.decode_bytes(data, &mut indices);
            data = &data[result.consumed_in..];
            let made = &indices[..result.consumed_out];
            is_drawn |= !made.is_empty();
            if !draw(made) || !matches!(result.status, Ok(LzwStatus::Ok | LzwStatus::NoProgress)) {
                return is_drawn;
            }
            if result.consumed_in == 0 && made.is_empty() {
                break;
            }
        }
    }
    is_drawn
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn interlaced_rows_are_in_four_passes() {
        let rows = |h| (0..h).map(|row| interlaced(row, h)).collect::<Vec<_>>();
        assert_eq!(rows(10), [0, 8, 4, 2, 6, 1, 3, 5, 7, 9]);
        assert_eq!(rows(1), [0]);
        assert_eq!(rows(3), [0, 2, 1]);
    }
}
