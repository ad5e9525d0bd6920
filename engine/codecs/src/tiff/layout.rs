//! The layout of the samples of an image, from the fields of its directory (TIFF 6.0, sections 4 to 22).

use super::FORMAT;
use super::coding::Coding;
use crate::error::CodecError;
use safelight_containers::{TiffField, TiffFields};
use safelight_core::{Model, SampleEncoding, Size};
use std::ops::Range;

mod tag {
    pub(super) const WIDTH: u16 = 256;
    pub(super) const HEIGHT: u16 = 257;
    pub(super) const BITS_PER_SAMPLE: u16 = 258;
    pub(super) const COMPRESSION: u16 = 259;
    pub(super) const PHOTOMETRIC: u16 = 262;
    pub(super) const FILL_ORDER: u16 = 266;
    pub(super) const STRIP_OFFSETS: u16 = 273;
    pub(super) const SAMPLES_PER_PIXEL: u16 = 277;
    pub(super) const ROWS_PER_STRIP: u16 = 278;
    pub(super) const STRIP_BYTE_COUNTS: u16 = 279;
    pub(super) const PLANAR_CONFIGURATION: u16 = 284;
    pub(super) const PREDICTOR: u16 = 317;
    pub(super) const COLOR_MAP: u16 = 320;
    pub(super) const TILE_WIDTH: u16 = 322;
    pub(super) const TILE_LENGTH: u16 = 323;
    pub(super) const TILE_OFFSETS: u16 = 324;
    pub(super) const TILE_BYTE_COUNTS: u16 = 325;
    pub(super) const INK_SET: u16 = 332;
    pub(super) const EXTRA_SAMPLES: u16 = 338;
    pub(super) const SAMPLE_FORMAT: u16 = 339;
    pub(super) const JPEG_TABLES: u16 = 347;
}

/// The layout of an image, checked: arithmetic with its numbers does not overflow.
pub(super) struct Layout {
    pub(super) size: Size,
    /// Bits of a sample, 1 to 16.
    pub(super) bits: u8,
    /// Samples of a pixel, extra ones included.
    pub(super) samples: u16,
    pub(super) colours: Colours,
    pub(super) alpha: Option<Alpha>,
    /// Whether each sample of a pixel is in pieces of its own.
    pub(super) is_planar: bool,
    pub(super) coding: Coding,
    /// Whether samples are differences from the sample to the left (section 14).
    pub(super) is_predicted: bool,
    pub(super) order: Order,
    /// Columns and rows of a strip or tile.
    pub(super) piece: Size,
    /// Strips or tiles in a row and in a column of the image.
    pub(super) pieces: Size,
    /// Whether the pieces are tiles.
    is_tiled: bool,
}

/// The order of what a sample consists of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Order {
    /// Whether the lowest byte is first.
    pub(super) is_little_endian: bool,
    /// Whether the lowest bit of a byte is first (`FillOrder` 2, section 8).
    pub(super) is_reversed: bool,
}

/// The meaning of the samples (section 8).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Colours {
    Grey {
        is_inverted: bool,
    },
    Rgb,
    /// Indices into a table, shape `[3, entries]`, of 8 bits.
    Palette(Vec<u8>),
    Cmyk,
}

/// The sample of a pixel that is its opacity (section 18).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Alpha {
    pub(super) sample: u16,
    /// Whether colours were multiplied by it.
    pub(super) is_associated: bool,
}

impl Layout {
    /// Reads the fields of the first image.
    ///
    /// # Errors
    /// [`CodecError::Damaged`] and [`CodecError::Unsupported`].
    pub(super) fn read(fields: &TiffFields) -> Result<Self, CodecError> {
        let number = |tag: u16| fields.get(tag).and_then(|field| field.get(0));
        let positive = |tag| number(tag).and_then(|side| u32::try_from(side).ok()).filter(|side| 0 < *side);
        let (Some(w), Some(h)) = (positive(tag::WIDTH), positive(tag::HEIGHT)) else {
            return Err(damaged("a width or height of 0"));
        };
        let size = Size::new(w, h);
        let samples = number(tag::SAMPLES_PER_PIXEL).unwrap_or(1);
        let samples = u16::try_from(samples).ok().filter(|samples| (1..=MAX_SAMPLES).contains(samples));
        let samples = samples.ok_or_else(|| unsupported("more than 16 samples in a pixel, or none"))?;
        let bits = bits(fields)?;
        check_sample_format(fields)?;
        let compression = number(tag::COMPRESSION).unwrap_or(1);
        let photometric = number(tag::PHOTOMETRIC);
        let is_ycbcr = photometric == Some(YCBCR);
        let coding = Coding::new(compression, is_ycbcr, fields.bytes(tag::JPEG_TABLES))?;
        let colours = colours(fields, photometric, samples, bits, &coding)?;
        let is_predicted = match number(tag::PREDICTOR).unwrap_or(1) {
            1 => false,
            2 if bits == 8 || bits == 16 => true,
            _ => return Err(unsupported("a predictor of floating-point or packed samples")),
        };
        if coding.is_jpeg() && bits != 8 {
            return Err(unsupported("JPEG of other than 8 bits"));
        }
        let mut layout = Self {
            size,
            bits,
            samples,
            alpha: alpha(fields, samples, colours.samples()),
            colours,
            is_planar: 1 < samples && number(tag::PLANAR_CONFIGURATION) == Some(2),
            // JPEG has filters of its own.
            is_predicted: is_predicted && coding.has_predictor(),
            coding,
            order: Order {
                is_little_endian: fields.is_little_endian(),
                is_reversed: number(tag::FILL_ORDER) == Some(2),
            },
            piece: size,
            pieces: Size::new(1, 1),
            is_tiled: false,
        };
        if let (Some(w), Some(h)) = (positive(tag::TILE_WIDTH), positive(tag::TILE_LENGTH)) {
            layout.is_tiled = true;
            layout.piece = Size::new(w, h);
        } else {
            let rows = positive(tag::ROWS_PER_STRIP).unwrap_or(size.h);
            layout.piece = Size::new(size.w, rows.min(size.h));
        }
        layout.pieces = Size::new(size.w.div_ceil(layout.piece.w), size.h.div_ceil(layout.piece.h));
        Ok(layout)
    }

    /// Planes that are in pieces of their own.
    pub(super) const fn planes(&self) -> u16 {
        if self.is_planar { self.samples } else { 1 }
    }

    /// Samples of a pixel in one piece.
    pub(super) const fn piece_samples(&self) -> usize {
        if self.is_planar { 1 } else { self.samples as usize }
    }

    /// Bytes of a row of a piece, which starts at a whole byte.
    pub(super) const fn row_bytes(&self) -> u64 {
        (self.piece.w as u64 * self.piece_samples() as u64 * self.bits as u64).div_ceil(8)
    }

    /// Bytes of a decoded piece.
    pub(super) const fn piece_bytes(&self) -> u64 {
        self.row_bytes().saturating_mul(self.piece.h as u64)
    }

    /// Strips or tiles of all planes.
    pub(super) fn piece_count(&self) -> u64 {
        self.pieces.pixels().saturating_mul(self.planes().into())
    }

    /// Channels of the frame, before CMYK becomes RGB.
    pub(super) fn channels(&self) -> usize {
        let colours = match self.colours {
            Colours::Grey { .. } => 1,
            Colours::Rgb | Colours::Palette(_) => 3,
            Colours::Cmyk => 4,
        };
        colours + usize::from(self.alpha.is_some())
    }

    /// The model of the frame.
    pub(super) const fn model(&self) -> Model {
        match (&self.colours, self.alpha) {
            (Colours::Grey { .. }, None) => Model::Grey,
            (Colours::Grey { .. }, Some(_)) => Model::GreyAlpha,
            (_, None) => Model::Rgb,
            (_, Some(_)) => Model::Rgba,
        }
    }

    /// Whether a row of samples, or of their differences, is one of the frame.
    pub(super) fn is_plain(&self) -> bool {
        let is_changed = matches!(self.colours, Colours::Palette(_) | Colours::Grey { is_inverted: true });
        let is_last = self.alpha.is_none_or(|alpha| alpha.sample + 1 == self.samples);
        let is_same = usize::from(self.samples) == self.channels() && is_last;
        self.bits == 8 && is_same && !self.is_planar && !is_changed
    }

    /// Whether the samples of the frame have 16 bits. CMYK and palettes become RGB of 8 bits.
    pub(super) const fn is_wide(&self) -> bool {
        8 < self.bits && matches!(self.colours, Colours::Grey { .. } | Colours::Rgb)
    }

    /// The depth in the file, where it is not that of the frame.
    pub(super) fn encoding(&self) -> Option<SampleEncoding> {
        let is_scaled = self.is_wide() && self.bits < 16;
        is_scaled.then_some(SampleEncoding { bits: self.bits, is_signed: false })
    }

    /// The fields with the position and length of every piece, of which positions exist for all.
    ///
    /// # Errors
    /// [`CodecError::Damaged`] if there are fewer positions than pieces.
    pub(super) fn locations<'a>(&self, fields: &TiffFields<'a>) -> Result<Locations<'a>, CodecError> {
        let strips = (tag::STRIP_OFFSETS, tag::STRIP_BYTE_COUNTS);
        let tiles = (tag::TILE_OFFSETS, tag::TILE_BYTE_COUNTS);
        // Old programs wrote positions of tiles under the tags of strips, as TIFF 5 allowed, and libtiff reads either.
        let (first, other) = if self.is_tiled { (tiles, strips) } else { (strips, tiles) };
        let found = |(offsets, counts)| Some((fields.get(offsets)?, fields.get(counts)));
        let (offsets, counts) =
            found(first).or_else(|| found(other)).ok_or_else(|| damaged("no positions of its samples"))?;
        if offsets.len() < self.piece_count() {
            return Err(damaged("fewer positions than strips or tiles"));
        }
        let raw_bytes = (!self.coding.is_compressed()).then(|| self.piece_bytes());
        Ok(Locations { offsets, counts, raw_bytes })
    }
}

impl Colours {
    /// Samples of a pixel that are its colour.
    const fn samples(&self) -> u16 {
        match self {
            Self::Grey { .. } | Self::Palette(_) => 1,
            Self::Rgb => 3,
            Self::Cmyk => 4,
        }
    }
}

/// Positions of strips or tiles.
pub(super) struct Locations<'a> {
    offsets: TiffField<'a>,
    counts: Option<TiffField<'a>>,
    /// The length of a piece that is not compressed.
    raw_bytes: Option<u64>,
}

impl Locations<'_> {
    /// The bytes of the piece at `index`, cut at the end of the file of `length` bytes.
    ///
    /// Without a count, or with 0, they are as long as samples that are not compressed, or reach to the next piece or to the
    /// end.
    pub(super) fn piece(&self, index: u64, length: usize) -> Option<Range<usize>> {
        let start = self.offsets.get(index)?;
        let count = self.counts.as_ref().and_then(|counts| counts.get(index)).filter(|count| 0 < *count);
        let next = || self.offsets.get(index + 1).filter(|next| start < *next);
        let end = count.or(self.raw_bytes).map(|count| start.saturating_add(count)).or_else(next);
        let end = end.unwrap_or(u64::MAX).min(length as u64);
        (start < end).then_some(start as usize..end as usize)
    }
}

/// The maximum number of samples in a pixel: separations and extra samples beyond these are not for display.
const MAX_SAMPLES: u16 = 16;
/// The code of luma and chroma (section 21).
const YCBCR: u64 = 6;

/// Bits of every sample.
fn bits(fields: &TiffFields) -> Result<u8, CodecError> {
    let Some(field) = fields.get(tag::BITS_PER_SAMPLE) else { return Ok(1) };
    let first = field.get(0).unwrap_or(1);
    if (0..field.len().min(MAX_SAMPLES.into())).any(|index| field.get(index) != Some(first)) {
        return Err(unsupported("samples of several depths"));
    }
    match u8::try_from(first) {
        Ok(bits @ 1..=16) => Ok(bits),
        _ => Err(unsupported("samples of more than 16 bits")),
    }
}

fn check_sample_format(fields: &TiffFields) -> Result<(), CodecError> {
    let format = fields.get(tag::SAMPLE_FORMAT).and_then(|field| field.get(0));
    match format {
        // 4 is "undefined", which readers take for unsigned.
        None | Some(1 | 4) => Ok(()),
        Some(2) => Err(unsupported("signed samples")),
        Some(_) => Err(unsupported("floating-point samples")),
    }
}

fn colours(
    fields: &TiffFields,
    photometric: Option<u64>,
    samples: u16,
    bits: u8,
    coding: &Coding,
) -> Result<Colours, CodecError> {
    let colours = match photometric {
        Some(0) => Colours::Grey { is_inverted: true },
        Some(1) => Colours::Grey { is_inverted: false },
        // Old programs leave the field out.
        None if samples < 3 => Colours::Grey { is_inverted: false },
        Some(2) | None => Colours::Rgb,
        Some(3) => Colours::Palette(palette(fields, bits)?),
        Some(5) => match fields.get(tag::INK_SET).and_then(|field| field.get(0)) {
            None | Some(1) => Colours::Cmyk,
            Some(_) => return Err(unsupported("separations other than CMYK")),
        },
        // The decoder of JPEG converts them.
        Some(YCBCR) if coding.is_jpeg() => Colours::Rgb,
        Some(YCBCR) => return Err(unsupported("YCbCr that is not coded as JPEG")),
        Some(_) => return Err(unsupported("colours other than greyscale, RGB, a palette or CMYK")),
    };
    if samples < colours.samples() {
        return Err(damaged("fewer samples in a pixel than its colours need"));
    }
    Ok(colours)
}

/// The table of colours, of 16 bits in the file (section 5). Some programs write 8 bits there, as libtiff finds by
/// the same check.
fn palette(fields: &TiffFields, bits: u8) -> Result<Vec<u8>, CodecError> {
    if 8 < bits {
        return Err(unsupported("a palette of more than 256 colours"));
    }
    let field = fields.get(tag::COLOR_MAP).ok_or_else(|| damaged("no palette"))?;
    let entries = 3 << bits;
    let levels: Option<Vec<_>> = (0..entries).map(|index| field.get(index)).collect();
    let levels = levels.ok_or_else(|| damaged("a palette that is cut short"))?;
    let shift = if levels.iter().any(|level| 255 < *level) { 8 } else { 0 };
    Ok(levels.into_iter().map(|level| (level >> shift).min(255) as u8).collect())
}

/// The first extra sample that is stated to be opacity. A single extra sample without a statement is opacity too, as in
/// libvips and `GraphicsMagick`.
fn alpha(fields: &TiffFields, samples: u16, colours: u16) -> Option<Alpha> {
    const ASSOCIATED: u64 = 1;
    const UNASSOCIATED: u64 = 2;
    let extra = samples.checked_sub(colours).filter(|extra| 0 < *extra)?;
    let field = fields.get(tag::EXTRA_SAMPLES);
    let kind = |index: u16| field.as_ref().and_then(|field| field.get(index.into()));
    let stated = (0..extra).find(|index| matches!(kind(*index), Some(ASSOCIATED | UNASSOCIATED)));
    let index = stated.or((extra == 1).then_some(0))?;
    Some(Alpha { sample: colours + index, is_associated: kind(index) == Some(ASSOCIATED) })
}

pub(super) fn damaged(what: &'static str) -> CodecError {
    CodecError::Damaged(FORMAT, what.into())
}

pub(super) fn unsupported(what: &'static str) -> CodecError {
    CodecError::Unsupported(FORMAT, what)
}
