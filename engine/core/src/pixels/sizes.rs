//! The sizes and the cost that follow from a chain of steps and a source.

use crate::{Cost, Geometry, Header, PixelOp, Result, Size};

/// The sizes that follow from a chain of steps and a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SizePlan {
    /// Geometry of the output.
    pub output: Geometry,
    /// The smallest decode that is enough for all steps.
    pub needed: Size,
}

/// Computes geometries forwards through the steps, and needed sizes backwards.
///
/// # Errors
/// [`crate::Kind::InvalidParam`] if a step cannot be applied to its input.
pub fn plan_sizes(ops: &[Box<dyn PixelOp>], source: Geometry) -> Result<SizePlan> {
    let SizePlan { output, needed } = plan_drawing(ops, source)?;
    Ok(SizePlan { output, needed: needed.intersection(source.size) })
}

/// As [`plan_sizes`], for a drawing, of which more may be needed than its nominal size.
///
/// # Errors
/// As for [`plan_sizes`].
pub(super) fn plan_drawing(ops: &[Box<dyn PixelOp>], source: Geometry) -> Result<SizePlan> {
    let mut output = source;
    for op in ops {
        output = op.output(output)?;
    }
    Ok(SizePlan { output, needed: needed_for(ops, source, output.size)? })
}

/// Returns the smallest decode that gives `need` of the output of all steps; it may be larger than the source.
///
/// # Errors
/// As for [`plan_sizes`].
pub(super) fn needed_for(ops: &[Box<dyn PixelOp>], source: Geometry, need: Size) -> Result<Size> {
    let mut inputs = Vec::with_capacity(ops.len());
    let mut output = source;
    for op in ops {
        inputs.push(output);
        output = op.output(output)?;
    }
    let backwards = ops.iter().zip(&inputs).rev();
    Ok(backwards.fold(need, |need, (op, &input)| op.needed(input, need)))
}

/// The parts of a plan that have a cost.
pub(super) struct Parts<'a> {
    pub(super) ops: &'a [Box<dyn PixelOp>],
    pub(super) header: &'a Header,
    /// Frames that are decoded.
    pub(super) frames: u32,
    /// The cost of the decode, and the size of a frame that it returns.
    pub(super) decode: (Cost, Size),
    /// The cost of what follows the steps, the last frames not included.
    pub(super) end: Cost,
    /// The most pixels of an output whose size depends on content; 0 if it does not.
    pub(super) max_output: u64,
}

impl Parts<'_> {
    /// Returns the cost of decode, steps and encode.
    ///
    /// # Errors
    /// As for [`plan_sizes`].
    pub(super) fn cost(&self) -> Result<Cost> {
        /// Steps may add channels: RGB from grey, alpha.
        const MAX_CHANNELS: u64 = 4;
        let pixel_bytes = MAX_CHANNELS * u64::from(self.header.sample_bytes);
        let frames = u64::from(self.frames.max(1));
        let (decode, decoded) = self.decode;

        let source = self.header.geometry.size;
        let mut geometry = self.header.geometry;
        let mut pixels = decoded.pixels();
        let mut steps = Cost::default();
        let mut is_open = false;
        for op in self.ops {
            geometry = op.output(geometry)?;
            let output = decoded_pixels(geometry.size, source, decoded, pixels);
            let output = if is_open { output.max(self.max_output) } else { output };
            is_open |= op.depends_on_content();
            let own = op.cost(pixels, output);
            let bytes = pixels.saturating_add(output).saturating_mul(pixel_bytes).saturating_add(own.bytes);
            steps = steps.then(Cost::new(bytes, own.cpu_ns.saturating_mul(frames)));
            pixels = output;
        }
        // After the last step, frames are cut to whole planes and converted for the encoder.
        let output = geometry.size.pixels().max(self.max_output);
        steps = steps.then(Cost::new(pixels.saturating_add(output).saturating_mul(pixel_bytes), 0));
        // Steps work on one frame at a time; the others are still as decoded, or finished.
        let others = decoded.pixels().max(output).saturating_mul(frames - 1).saturating_mul(pixel_bytes);
        steps.bytes = steps.bytes.saturating_add(others);

        let image = Cost::new(output.saturating_mul(frames).saturating_mul(pixel_bytes), 0);
        Ok(decode.then(steps).then(image + self.end))
    }
}

/// Returns a square of at least so many pixels.
pub(super) fn square(pixels: u64) -> Size {
    let side = u32::try_from(pixels.isqrt() + 1).unwrap_or(u32::MAX);
    Size::new(side, side)
}

/// Returns the most pixels of the output of steps, one of which depends on content and states `output` at most for the
/// whole image: a part of it may have another aspect ratio, and then be scaled to more pixels.
pub(super) fn max_open_output(output: Size) -> u64 {
    /// Small images are cheap, and may become tall or wide.
    const FREE_PIXELS: u64 = 1_000_000;
    output.pixels().saturating_mul(2).max(FREE_PIXELS)
}

/// Returns the most pixels in the planes of a step's output of nominal size `output`, if its input has `input` of them
/// and the source, of nominal size `source`, was decoded to `decoded`.
fn decoded_pixels(output: Size, source: Size, decoded: Size, input: u64) -> u64 {
    if decoded == source {
        return output.pixels();
    }
    // A step keeps the scale of the decode, or it resamples to full size.
    let share = u128::from(output.pixels()) * u128::from(decoded.pixels());
    let scaled = u64::try_from(share.div_ceil(u128::from(source.pixels().max(1)))).unwrap_or(u64::MAX);
    if source.pixels() < decoded.pixels() {
        // Of a drawing. A step that keeps the scale turns it or cuts it.
        return scaled.min(input).max(output.pixels());
    }
    // A smaller decode was chosen because the output has at most as many pixels as the decode.
    scaled.max(output.pixels().min(input))
}
