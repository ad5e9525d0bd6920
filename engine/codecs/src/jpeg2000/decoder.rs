//! The two decoders: each gives the values of all components, interleaved, from 0 up also where they are signed.
//!
//! Neither is strict: what a codestream lacks at its end, as one that was cut behind a resolution does, is 0.

use super::{NAME, Picture};
use crate::error::CodecError;
use safelight_core::{Result, Samples, Size};

/// Decodes blocks as T.800 codes them, at the resolution of which `target` is the size, rounded down, and `size`
/// the size.
pub(super) fn part_one(picture: &Picture, target: (u32, u32), size: Size) -> Result<Samples> {
    use hayro_jpeg2000::{ComponentData, DecodeSettings, DecoderContext, Image};
    let settings =
        DecodeSettings { resolve_palette_indices: false, strict: false, target_resolution: Some(target) };
    let damaged = |error| CodecError::Damaged(NAME, Box::new(error));
    let image = Image::new(picture.file.codestream, &settings).map_err(damaged)?;
    let mut context = DecoderContext::default();
    let decoded = image.decode(&mut context).map_err(damaged)?;
    let components: Vec<_> = decoded.components().iter().map(ComponentData::samples).collect();
    let is_whole = |component: &&[f32]| component.len() as u64 == size.pixels();
    if components.len() != usize::from(picture.model.channels()) || !components.iter().all(is_whole) {
        return Err(wrong_size());
    }
    let most = f32::from(u16::MAX >> (16 - picture.stored.bits));
    let value = |value: f32| value.round().clamp(0.0, most);
    Ok(if picture.stored.bits <= 8 {
        Samples::U8(interleaved(&components, |sample| value(sample) as u8))
    } else {
        Samples::U16(interleaved(&components, |sample| value(sample) as u16))
    })
}

/// Decodes blocks as T.814 codes them, or as T.800 does, arguments as for [`part_one`].
pub(super) fn high_throughput(picture: &Picture, target: (u32, u32), size: Size) -> Result<Samples> {
    use dicom_toolkit_jpeg2000::{DecodeSettings, Image};
    let settings =
        DecodeSettings { resolve_palette_indices: false, strict: false, target_resolution: Some(target) };
    let damaged = |error| CodecError::Damaged(NAME, Box::new(error));
    let image = Image::new(picture.file.codestream, &settings).map_err(damaged)?;
    let decoded = image.decode_native().map_err(damaged)?;
    let samples = if picture.stored.bits <= 8 {
        Samples::U8(decoded.data)
    } else {
        let (values, _) = decoded.data.as_chunks();
        Samples::U16(values.iter().map(|bytes| u16::from_le_bytes(*bytes)).collect())
    };
    let count = match &samples {
        Samples::U8(samples) => samples.len(),
        Samples::U16(samples) => samples.len(),
    };
    if count as u64 != size.pixels() * u64::from(picture.model.channels()) {
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
    CodecError::Damaged(NAME, "the decode is not of the size that the header says".into()).into()
}
