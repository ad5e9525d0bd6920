//! Rows of pixels that are not compressed.

use super::dib::Dib;
use crate::tone::srgb8;
use safelight_core::Model;

/// The model of the pixels: greyscale if all colours of a palette are grey.
pub(super) fn model(dib: &Dib) -> Model {
    let is_grey = !dib.palette.is_empty() && dib.palette.iter().all(|[r, g, b]| r == g && g == b);
    match (is_grey, dib.has_alpha()) {
        (true, _) => Model::Grey,
        (false, true) => Model::Rgba,
        (false, false) => Model::Rgb,
    }
}

/// Converts rows of a bitmap.
pub(super) struct Rows<'a> {
    dib: &'a Dib,
    channels: [Channel; 4],
}

impl<'a> Rows<'a> {
    pub(super) fn new(dib: &'a Dib) -> Self {
        Self { dib, channels: dib.masks.map(Channel::new) }
    }

    /// Converts the row `packed` to samples of [`model`].
    pub(super) fn convert(&self, packed: &[u8], model: Model, out: &mut [u8]) {
        let channels = usize::from(model.channels());
        let pixels = out.chunks_exact_mut(channels);
        match self.dib.bits {
            bits @ 1..=8 => {
                let per_byte = 8 / bits as usize;
                for (x, out) in pixels.enumerate() {
                    let shift = 8 - bits as usize * (x % per_byte + 1);
                    let index = packed[x / per_byte] >> shift & (u8::MAX >> (8 - bits));
                    let colour = self.dib.palette.get(usize::from(index)).copied().unwrap_or_default();
                    out.copy_from_slice(&colour[..channels]);
                }
            }
            16 => {
                for (out, pixel) in pixels.zip(packed.as_chunks().0) {
                    self.put_channels(u16::from_le_bytes(*pixel).into(), out);
                }
            }
            24 => {
                for (out, [b, g, r]) in pixels.zip(packed.as_chunks().0) {
                    out.copy_from_slice(&[*r, *g, *b]);
                }
            }
            32 => {
                for (out, pixel) in pixels.zip(packed.as_chunks().0) {
                    self.put_channels(u32::from_le_bytes(*pixel), out);
                }
            }
            _ => {
                for (out, pixel) in pixels.zip(packed.as_chunks::<8>().0) {
                    let [b, g, r, alpha] = *pixel.as_chunks().0 else { continue };
                    let [r, g, b] = [r, g, b].map(|part| srgb8(fixed(part)));
                    let alpha = (fixed(alpha).clamp(0.0, 1.0) * 255.0).round() as u8;
                    out.copy_from_slice(&[r, g, b, alpha]);
                }
            }
        }
    }

    fn put_channels(&self, pixel: u32, out: &mut [u8]) {
        for (out, channel) in out.iter_mut().zip(&self.channels) {
            *out = channel.level(pixel);
        }
    }
}

/// A number of 16 bits, of which 13 are a fraction, as pixels of 64 bits have for linear light.
fn fixed(bytes: [u8; 2]) -> f32 {
    f32::from(i16::from_le_bytes(bytes)) / f32::from(1_u16 << 13)
}

/// A part of a pixel.
struct Channel {
    mask: u32,
    shift: u32,
    max: u64,
}

impl Channel {
    fn new(mask: u32) -> Self {
        let shift = if mask == 0 { 0 } else { mask.trailing_zeros() };
        Self { mask, shift, max: u64::from(mask >> shift).max(1) }
    }

    fn level(&self, pixel: u32) -> u8 {
        let value = u64::from((pixel & self.mask) >> self.shift);
        ((value * 255 + self.max / 2) / self.max) as u8
    }
}
