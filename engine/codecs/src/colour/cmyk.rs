//! Conversion of CMYK, always to sRGB.

use super::print::Print;
use super::table::CmykTable;
use super::{RUN, Sample, Transform, apply, parse};
use crate::guard;
use moxcms::{ColorProfile, DataColorSpace, Layout};

/// Converts `samples`, shape `[.., 4]`, CMYK from 0 (none) to 255, to sRGB of shape `[.., 3]` in the same buffer.
///
/// Without a profile of CMYK that can be read, they are taken for coated paper: see [`Print`].
pub(crate) fn cmyk_to_rgb(mut samples: Vec<u8>, icc: Option<&[u8]>) -> Vec<u8> {
    let profile = icc.and_then(parse).filter(|profile| profile.color_space == DataColorSpace::Cmyk);
    let conversion = profile.and_then(|profile| Conversion::new(&profile));
    let conversion = conversion.unwrap_or_else(|| Conversion::Print(Box::new(Print::new())));
    let pixels = samples.len() / 4;
    let (mut cmyk, mut rgb) = ([[0; 4]; RUN], [[0; 3]; RUN]);
    for start in (0..pixels).step_by(RUN) {
        let count = RUN.min(pixels - start);
        let (cmyk, rgb) = (&mut cmyk[..count], &mut rgb[..count]);
        cmyk.as_flattened_mut().copy_from_slice(&samples[4 * start..][..4 * count]);
        conversion.apply(cmyk, rgb);
        // Three bytes replace four, so only bytes that were read already are overwritten.
        samples[3 * start..][..3 * count].copy_from_slice(rgb.as_flattened());
    }
    samples.truncate(3 * pixels);
    samples
}

/// As [`cmyk_to_rgb`], for pixels that have a fifth sample of alpha if `has_alpha`: then to RGBA.
#[cfg(any(feature = "psd", feature = "tiff"))]
pub(crate) fn cmyk_to_rgb_with_alpha(samples: Vec<u8>, has_alpha: bool, icc: Option<&[u8]>) -> Vec<u8> {
    if !has_alpha {
        return cmyk_to_rgb(samples, icc);
    }
    let pixels = samples.as_chunks::<5>().0;
    let alphas: Vec<u8> = pixels.iter().map(|[.., alpha]| *alpha).collect();
    let cmyk = pixels.iter().flat_map(|[c, m, y, k, _]| [*c, *m, *y, *k]).collect();
    drop(samples);
    let rgb = cmyk_to_rgb(cmyk, icc);
    rgb.as_chunks::<3>().0.iter().zip(alphas).flat_map(|([r, g, b], alpha)| [*r, *g, *b, alpha]).collect()
}

/// A conversion of pixels.
enum Conversion {
    Table(Box<CmykTable>),
    /// For a profile with tables of other kinds.
    Engine(Transform<u8>),
    /// Without a profile.
    Print(Box<Print>),
}

impl Conversion {
    fn new(profile: &ColorProfile) -> Option<Self> {
        if let Some(table) = CmykTable::new(profile) {
            return Some(Self::Table(Box::new(table)));
        }
        // The engine calls any four channels `Rgba`.
        guard::attempt(|| u8::transform(profile, Layout::Rgba))?.map(Self::Engine)
    }

    fn apply(&self, cmyk: &[[u8; 4]], rgb: &mut [[u8; 3]]) {
        match self {
            Self::Table(table) => convert_each(cmyk, rgb, |pixel| table.convert(pixel)),
            Self::Print(print) => convert_each(cmyk, rgb, |pixel| print.convert(pixel)),
            Self::Engine(transform) => {
                if !apply(transform, cmyk.as_flattened(), rgb.as_flattened_mut()) {
                    let print = Print::new();
                    convert_each(cmyk, rgb, |pixel| print.convert(pixel));
                }
            }
        }
    }
}

/// Converts pixels, of which neighbours are often the same.
fn convert_each(cmyk: &[[u8; 4]], rgb: &mut [[u8; 3]], convert: impl Fn([u8; 4]) -> [u8; 3]) {
    let mut last: Option<([u8; 4], [u8; 3])> = None;
    for (pixel, result) in cmyk.iter().zip(rgb) {
        *result = match last {
            Some((before, converted)) if before == *pixel => converted,
            _ => convert(*pixel),
        };
        last = Some((*pixel, *result));
    }
}
