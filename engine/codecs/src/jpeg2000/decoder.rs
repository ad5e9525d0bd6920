//! The two decoders. Each returns the values of all components, interleaved; they start at 0 even if signed.
//!
//! Both are lenient: data missing at the end of a codestream, such as after a cut between resolutions, count as 0.

use super::{Codestream, FORMAT};
use crate::error::CodecError;
use safelight_core::{Result, Samples, Size};

/// Decodes blocks of T.800 at the resolution of this `size`; `target` is the same size, rounded down.
pub(super) fn part_one(codestream: &Codestream, target: (u32, u32), size: Size) -> Result<Samples> {
    use hayro_jpeg2000::{ComponentData, DecodeSettings, DecoderContext, Image};
    let settings =
        DecodeSettings { resolve_palette_indices: false, strict: false, target_resolution: Some(target) };
    let damaged = |error| CodecError::Damaged(FORMAT, Box::new(error));
    let image = Image::new(&codestream.file.codestream, &settings).map_err(damaged)?;
    let mut context = DecoderContext::default();
    let decoded = image.decode(&mut context).map_err(damaged)?;
    let components: Vec<_> = decoded.components().iter().map(ComponentData::samples).collect();
    let is_whole = |component: &&[f32]| component.len() as u64 == size.pixels();
    if components.len() != usize::from(codestream.model.channels()) || !components.iter().all(is_whole) {
        return Err(wrong_size());
    }
    let max = f32::from(u16::MAX >> (16 - codestream.stored.bits));
    let value = |value: f32| value.round().clamp(0.0, max);
    Ok(if codestream.stored.bits <= 8 {
        Samples::U8(interleaved(&components, |sample| value(sample) as u8))
    } else {
        Samples::U16(interleaved(&components, |sample| value(sample) as u16))
    })
}

/// Decodes blocks of T.814 or T.800; the arguments are those of [`part_one`].
pub(super) fn high_throughput(codestream: &Codestream, target: (u32, u32), size: Size) -> Result<Samples> {
    use dicom_toolkit_jpeg2000::{DecodeSettings, Image};
    let settings =
        DecodeSettings { resolve_palette_indices: false, strict: false, target_resolution: Some(target) };
    let damaged = |error| CodecError::Damaged(FORMAT, Box::new(error));
    let image = Image::new(&codestream.file.codestream, &settings).map_err(damaged)?;
    let decoded = image.decode_native().map_err(damaged)?;
    let samples = if codestream.stored.bits <= 8 {
        Samples::U8(decoded.data)
    } else {
        let (values, _) = decoded.data.as_chunks();
        Samples::U16(values.iter().map(|bytes| u16::from_le_bytes(*bytes)).collect())
    };
    let count = match &samples {
        Samples::U8(samples) => samples.len(),
        Samples::U16(samples) => samples.len(),
    };
    if count as u64 != size.pixels() * u64::from(codestream.model.channels()) {
        return Err(wrong_size());
    }
    Ok(samples)
}

fn interleaved<T: Copy + Default>(components: &[&[f32]], value: impl Fn(f32) -> T) -> Vec<T> {
    let channels = components.len();
    let count = components.iter().map(|component| component.len()).sum();
    let mut samples = vec![T::default(); count];
    for (channel, component) in components.iter().enumerate() {
        for (sample, found) in samples.iter_mut().skip(channel).step_by(channels).zip(*component) {
            *sample = value(*found);
        }
    }
    samples
}

fn wrong_size() -> safelight_core::Error {
    CodecError::Damaged(FORMAT, "the decoded size differs from the header".into()).into()
}
