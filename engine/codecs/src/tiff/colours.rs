//! The meaning of the samples of an image (TIFF 6.0, sections 8, 16, 18, 21 and 23).

use super::coding::Coding;
use super::depth::Depth;
use super::error::{damaged, unsupported};
use super::ycbcr::YCbCr;
use crate::error::CodecError;
use crate::lab::Lab;
use safelight_containers::TiffFields;

mod tag {
    pub(super) const COLOR_MAP: u16 = 320;
    pub(super) const INK_SET: u16 = 332;
    pub(super) const EXTRA_SAMPLES: u16 = 338;
}

/// The meaning of the samples (section 8).
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Colours {
    Grey {
        is_inverted: bool,
    },
    Rgb,
    /// Indices into a table, shape `[3, entries]`, of 8 bits.
    Palette(Vec<u8>),
    Cmyk,
    /// Luma and chroma that are not coded as JPEG, whose decoder converts them.
    YCbCr(YCbCr),
    Lab(Lab),
}

/// The sample of a pixel that is its opacity (section 18).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Alpha {
    pub(super) sample: u16,
    /// Whether colours were multiplied by it.
    pub(super) is_associated: bool,
}

impl Colours {
    /// Samples of a pixel that are its colour.
    pub(super) const fn samples(&self) -> u16 {
        match self {
            Self::Grey { .. } | Self::Palette(_) => 1,
            Self::Rgb | Self::YCbCr(_) | Self::Lab(_) => 3,
            Self::Cmyk => 4,
        }
    }

    /// Pixels, columns and rows, for each sample of chroma.
    pub(super) const fn subsampling(&self) -> (u32, u32) {
        if let Self::YCbCr(ycbcr) = self { ycbcr.subsampling } else { (1, 1) }
    }
}

/// The samples that a pixel needs, for files of old programs, which leave their number out.
pub(super) const fn least_samples(photometric: Option<u64>) -> u64 {
    match photometric {
        Some(2 | 6 | 8 | 9) => 3,
        Some(5) => 4,
        _ => 1,
    }
}

/// Reads the meaning that the number `photometric` states.
///
/// # Errors
/// [`CodecError::Damaged`] and [`CodecError::Unsupported`].
pub(super) fn colours(
    fields: &TiffFields,
    photometric: Option<u64>,
    samples: u16,
    depth: Depth,
    coding: &Coding,
) -> Result<Colours, CodecError> {
    let colours = match photometric {
        Some(0) => Colours::Grey { is_inverted: true },
        Some(1) => Colours::Grey { is_inverted: false },
        // Old programs leave the field out.
        None if samples < 3 => Colours::Grey { is_inverted: false },
        Some(2) | None => Colours::Rgb,
        Some(3) => Colours::Palette(palette(fields, depth)?),
        Some(5) => match fields.get(tag::INK_SET).and_then(|field| field.get(0)) {
            None | Some(1) => Colours::Cmyk,
            Some(_) => return Err(unsupported("separations other than CMYK")),
        },
        Some(6) if coding.is_converted() => Colours::Rgb,
        Some(6) if depth.is_u8() => Colours::YCbCr(YCbCr::read(fields, samples, coding.is_upsampled())?),
        Some(6) => return Err(unsupported("YCbCr of other than 8 bits")),
        Some(8 | 9) if !matches!(depth.bits, 8 | 16) || depth.encoding().is_none() => {
            return Err(unsupported("L*a*b* of other than 8 or 16 bits"));
        }
        Some(8) => Colours::Lab(Lab::Cie),
        Some(9) => Colours::Lab(Lab::Icc),
        Some(_) => {
            return Err(unsupported("colours other than greyscale, RGB, a palette, CMYK, YCbCr or L*a*b*"));
        }
    };
    if samples < colours.samples() {
        return Err(damaged("fewer samples in a pixel than its colours need"));
    }
    Ok(colours)
}

/// The table of colours, of 16 bits in the file (section 5). Some programs write 8 bits there, as libtiff finds by
/// the same check.
fn palette(fields: &TiffFields, depth: Depth) -> Result<Vec<u8>, CodecError> {
    if !depth.is_unsigned() {
        return Err(unsupported("indices into a palette of other than 1 to 16 bits"));
    }
    let field = fields.get(tag::COLOR_MAP).ok_or_else(|| damaged("no palette"))?;
    let entries = 3 << depth.bits;
    let levels = || (0..entries).map_while(|index| field.get(index));
    let shift = if levels().any(|level| 255 < level) { 8 } else { 0 };
    let table: Vec<u8> = levels().map(|level| (level >> shift).min(255) as u8).collect();
    if (table.len() as u64) < entries {
        return Err(damaged("a palette that is cut short"));
    }
    Ok(table)
}

/// The first extra sample that is stated to be opacity. A single extra sample without a statement is opacity too, as in
/// libvips and `GraphicsMagick`.
pub(super) fn alpha(fields: &TiffFields, samples: u16, colours: u16) -> Option<Alpha> {
    const ASSOCIATED: u64 = 1;
    const UNASSOCIATED: u64 = 2;
    let extra = samples.checked_sub(colours).filter(|extra| 0 < *extra)?;
    let field = fields.get(tag::EXTRA_SAMPLES);
    let kind = |index: u16| field.as_ref().and_then(|field| field.get(index.into()));
    let stated = (0..extra).find(|index| matches!(kind(*index), Some(ASSOCIATED | UNASSOCIATED)));
    let index = stated.or((extra == 1).then_some(0))?;
    Some(Alpha { sample: colours + index, is_associated: kind(index) == Some(ASSOCIATED) })
}
