//! Decoding of samples at the lowest sufficient resolution.

use super::{Codestream, decoder};
use safelight_core::{Frame, Plane, Result, SampleEncoding, Samples, Size, View};

/// Decodes `codestream` at the lowest resolution that covers `needed`.
pub(super) fn frame(codestream: &Codestream, needed: Size) -> Result<Frame> {
    let skipped = skipped(codestream, needed);
    let size = codestream.size;
    // The decoders take the logarithm of the ratio of the sizes, rounded down: for these sizes it is exact.
    let target = (size.w >> skipped, size.h >> skipped);
    let reduced = reduced(size, skipped);
    let is_high_throughput = codestream.header.is_high_throughput();
    let decode = if is_high_throughput { decoder::high_throughput } else { decoder::part_one };
    let values = decode(codestream, target, reduced)?;
    let samples = scale(codestream.stored, values);
    let whole = Frame::whole(size, codestream.model, Samples::U8(Vec::new()));
    let is_scaled = !matches!(codestream.stored.bits, 8 | 16) || codestream.stored.is_signed;
    let encoding = is_scaled.then_some(codestream.stored);
    let planes = vec![place(reduced, codestream.model.channels(), samples, skipped)];
    // A sample of a lower resolution is at the first of the pixels that it covers, not in their middle.
    let offset = (f64::from(1 << skipped) - 1.0) / 2.0;
    let view = View { x: offset, y: offset, ..View::whole(size) };
    Ok(Frame { planes, view, encoding, ..whole })
}

/// The size of the lowest resolution that covers `needed`.
pub(super) fn reduced_size(codestream: &Codestream, needed: Size) -> Size {
    reduced(codestream.size, skipped(codestream, needed))
}

fn reduced(size: Size, skipped: u32) -> Size {
    Size::new(size.w.div_ceil(1 << skipped), size.h.div_ceil(1 << skipped))
}

/// The number of resolutions that are not needed. The largest of the others has at least 1.5 times the needed
/// samples on each axis, as for JPEG.
fn skipped(codestream: &Codestream, needed: Size) -> u32 {
    let sizes = &codestream.header.sizes;
    let levels = codestream.header.styles.iter().map(|style| u32::from(style.levels)).min().unwrap_or(0);
    let is_enough = |skipped: &u32| {
        let axis = |side: u32, needed: u32| {
            0 < side >> skipped && 3 * u64::from(needed) <= 2 * u64::from(side.div_ceil(1 << skipped))
        };
        // A tile that does not start at a sample of a resolution may contain none of its samples.
        let is_aligned = |tile: u32, side: u32| side <= tile || tile.is_multiple_of(1 << skipped);
        axis(codestream.size.w, needed.w)
            && axis(codestream.size.h, needed.h)
            && is_aligned(sizes.tile.w, codestream.size.w)
            && is_aligned(sizes.tile.h, codestream.size.h)
    };
    (1..=levels.min(15)).take_while(is_enough).last().unwrap_or(0)
}

/// Scales `values`, which start at 0 even if they are signed, to the full range of their type.
fn scale(stored: SampleEncoding, values: Samples) -> Samples {
    match values {
        _ if matches!(stored.bits, 8 | 16) => values,
        Samples::U8(mut samples) => {
            let table: Vec<u8> = (0..=255).map(|value| stored.sample(value, 255) as u8).collect();
            for sample in &mut samples {
                *sample = table[usize::from(*sample)];
            }
            Samples::U8(samples)
        }
        Samples::U16(mut samples) => {
            let table: Vec<u16> = (0..=u16::MAX).map(|value| stored.sample(value, u16::MAX)).collect();
            for sample in &mut samples {
                *sample = table[usize::from(*sample)];
            }
            Samples::U16(samples)
        }
    }
}

/// A plane at its resolution. Below full resolution, its last column and row are repeated, because the image may
/// extend half a sample beyond them.
fn place(size: Size, channels: u8, samples: Samples, skipped: u32) -> Plane {
    let step = f64::from(1_u32 << skipped);
    if skipped == 0 {
        return Plane { size, channels, samples, step: (step, step) };
    }
    let samples = match samples {
        Samples::U8(samples) => Samples::U8(extended(&samples, size, channels.into())),
        Samples::U16(samples) => Samples::U16(extended(&samples, size, channels.into())),
    };
    Plane { size: Size::new(size.w + 1, size.h + 1), channels, samples, step: (step, step) }
}

fn extended<T: Copy>(samples: &[T], size: Size, channels: usize) -> Vec<T> {
    let row = size.w as usize * channels;
    let mut all = Vec::with_capacity((row + channels) * (size.h as usize + 1));
    let last = samples.len().saturating_sub(row);
    for row in samples.chunks_exact(row).chain([&samples[last..]]) {
        all.extend_from_slice(row);
        all.extend_from_slice(&row[row.len() - channels..]);
    }
    all
}
