//! TIFF: the first directory (TIFF 6.0 section 8).

use super::{Facts, jpeg::subsampling};
use safelight_containers::TiffFields;
use safelight_core::Orientation;

/// The most pages that are counted.
const MAX_PAGES: u32 = 100_000;

/// Tags of a directory.
mod tag {
    pub(super) const WIDTH: u16 = 256;
    pub(super) const HEIGHT: u16 = 257;
    pub(super) const BITS: u16 = 258;
    pub(super) const PHOTOMETRIC: u16 = 262;
    pub(super) const ORIENTATION: u16 = 274;
    pub(super) const EXTRA_SAMPLES: u16 = 338;
    pub(super) const SUBSAMPLING: u16 = 530;
}

pub(super) fn read(source: &[u8]) -> Option<Facts> {
    let fields = TiffFields::new(source)?;
    let first = |tag| fields.get(tag)?.get(0);
    let model = first(tag::PHOTOMETRIC);
    let extra = fields.get(tag::EXTRA_SAMPLES);
    let has_alpha =
        extra.is_some_and(|kinds| (0..kinds.len().min(16)).any(|at| matches!(kinds.get(at), Some(1 | 2))));
    let is_ycbcr = model == Some(6);
    let steps = fields.get(tag::SUBSAMPLING);
    let step = |at| steps.as_ref().and_then(|steps| steps.get(at)).map_or(2, |step| step.min(255) as u8);
    Some(Facts {
        width: u32::try_from(first(tag::WIDTH)?).ok(),
        height: u32::try_from(first(tag::HEIGHT)?).ok(),
        orientation: first(tag::ORIENTATION).and_then(|number| Orientation::new(u8::try_from(number).ok()?)),
        bit_depth: Some(first(tag::BITS).map_or(1, |bits| bits.min(64) as u8)),
        color_space: match model {
            Some(0 | 1 | 4) => Some("Gray"),
            Some(2) => Some("RGB"),
            Some(3) => Some("Palette"),
            Some(5) => Some("CMYK"),
            Some(6) => Some("YCbCr"),
            Some(8..=10) => Some("Lab"),
            _ => None,
        },
        chroma_subsampling: if is_ycbcr { subsampling(step(0), step(1)) } else { None },
        has_alpha: Some(has_alpha),
        frames: Some(1),
        pages: Some(match TiffFields::of_page(source, MAX_PAGES) {
            Ok(_) => MAX_PAGES,
            Err(pages) => pages,
        }),
        ..Facts::default()
    })
}
