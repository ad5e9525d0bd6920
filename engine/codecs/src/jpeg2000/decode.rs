//! Samples, at the lowest resolution that will do.

use super::{Picture, decoder};
use safelight_core::{Frame, Plane, Result, SampleEncoding, Samples, Size, View};

/// Decodes `picture` so that it covers `needed`.
pub(super) fn frame(picture: &Picture, needed: Size) -> Result<Frame> {
    let skipped = skipped(picture, needed);
    let size = picture.size;
    // The decoders take the logarithm of the quotient of the sizes, rounded down: of these it is exact.
    let target = (size.w >> skipped, size.h >> skipped);
    let reduced = Size::new(size.w.div_ceil(1 << skipped), size.h.div_ceil(1 << skipped));
    let is_high_throughput = picture.header.is_high_throughput();
    let decode = if is_high_throughput { decoder::high_throughput } else { decoder::part_one };
    let values = decode(picture, target, reduced)?;
    let samples = scale(picture.stored, values);
    let whole = Frame::whole(size, picture.model, Samples::U8(Vec::new()));
    let is_scaled = !matches!(picture.stored.bits, 8 | 16) || picture.stored.is_signed;
    let encoding = is_scaled.then_some(picture.stored);
    let planes = vec![place(reduced, picture.model.channels(), samples, skipped)];
    // A sample of a lower resolution lies on the first of the pixels that it stands for, not between them.
    let offset = (f64::from(1 << skipped) - 1.0) / 2.0;
    let view = View { x: offset, y: offset, ..View::whole(size) };
    Ok(Frame { planes, view, encoding, ..whole })
}

/// How many resolutions are not needed. Of those that are left, the largest has half as many samples again as
/// are needed on each axis, as the codec of JPEG has it.
fn skipped(picture: &Picture, needed: Size) -> u32 {
    let sizes = &picture.header.sizes;
    let levels = picture.header.styles.iter().map(|style| u32::from(style.levels)).min().unwrap_or(0);
    let is_enough = |skipped: &u32| {
        let axis = |side: u32, needed: u32| {
            0 < side >> skipped && 3 * u64::from(needed) <= 2 * u64::from(side.div_ceil(1 << skipped))
        };
        // A tile may have no sample of a resolution if it does not start on one.
        let is_aligned = |tile: u32, side: u32| side <= tile || tile.is_multiple_of(1 << skipped);
        axis(picture.size.w, needed.w)
            && axis(picture.size.h, needed.h)
            && is_aligned(sizes.tile.w, picture.size.w)
            && is_aligned(sizes.tile.h, picture.size.h)
    };
    (1..=levels.min(15)).take_while(is_enough).last().unwrap_or(0)
}

/// `values`, from 0 up also where they are signed, scaled to all of their type.
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

/// A plane at its resolution. One that is not the largest gets its last column and row once more, for a picture
/// may reach half a sample beyond them.
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
