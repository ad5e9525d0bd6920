//! The layout of the samples of an image, from the fields of its directory (TIFF 6.0, sections 4 to 22).

use super::coding::Coding;
use super::colours::{Alpha, Colours, alpha, colours, least_samples};
use super::depth::{Depth, MAX_SAMPLES, Order};
use super::error::{damaged, unsupported};
use super::jpeg_tables;
use crate::error::CodecError;
use safelight_containers::{TiffField, TiffFields};
use safelight_core::{Model, SampleEncoding, Size};
use std::ops::Range;

mod tag {
    pub(super) const WIDTH: u16 = 256;
    pub(super) const HEIGHT: u16 = 257;
    pub(super) const COMPRESSION: u16 = 259;
    pub(super) const PHOTOMETRIC: u16 = 262;
    pub(super) const FILL_ORDER: u16 = 266;
    pub(super) const STRIP_OFFSETS: u16 = 273;
    pub(super) const SAMPLES_PER_PIXEL: u16 = 277;
    pub(super) const ROWS_PER_STRIP: u16 = 278;
    pub(super) const STRIP_BYTE_COUNTS: u16 = 279;
    pub(super) const PLANAR_CONFIGURATION: u16 = 284;
    pub(super) const PREDICTOR: u16 = 317;
    pub(super) const TILE_WIDTH: u16 = 322;
    pub(super) const TILE_LENGTH: u16 = 323;
    pub(super) const TILE_OFFSETS: u16 = 324;
    pub(super) const TILE_BYTE_COUNTS: u16 = 325;
}

/// The layout of an image, checked: arithmetic with its numbers does not overflow.
pub(super) struct Layout {
    pub(super) size: Size,
    pub(super) depth: Depth,
    /// Samples of a pixel, extra ones included.
    pub(super) samples: u16,
    pub(super) colours: Colours,
    pub(super) alpha: Option<Alpha>,
    /// Whether each sample of a pixel is in pieces of its own.
    pub(super) is_planar: bool,
    pub(super) coding: Coding,
    pub(super) predictor: Predictor,
    pub(super) order: Order,
    /// Columns and rows of a strip or tile.
    pub(super) piece: Size,
    /// Strips or tiles in a row and in a column of the image.
    pub(super) pieces: Size,
    /// Whether the pieces are tiles.
    is_tiled: bool,
}

/// What samples were replaced with before they were compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Predictor {
    /// Nothing.
    None,
    /// Differences from the sample to the left (section 14).
    Horizontal,
    /// Differences of the bytes of floating-point samples, which are apart: Adobe Photoshop TIFF Technical Note 3.
    Bytes,
}

impl Layout {
    /// Reads the fields of an image in `source`.
    ///
    /// # Errors
    /// [`CodecError::Damaged`] and [`CodecError::Unsupported`].
    pub(super) fn read(fields: &TiffFields, source: &[u8]) -> Result<Self, CodecError> {
        let number = |tag: u16| fields.get(tag).and_then(|field| field.get(0));
        let positive = |tag| number(tag).and_then(|side| u32::try_from(side).ok()).filter(|side| 0 < *side);
        let (Some(w), Some(h)) = (positive(tag::WIDTH), positive(tag::HEIGHT)) else {
            return Err(damaged("a width or height of 0"));
        };
        let size = Size::new(w, h);
        let photometric = number(tag::PHOTOMETRIC);
        let samples = number(tag::SAMPLES_PER_PIXEL).unwrap_or(least_samples(photometric));
        let samples = u16::try_from(samples).ok().filter(|samples| (1..=MAX_SAMPLES).contains(samples));
        let samples = samples.ok_or_else(|| unsupported("more than 16 samples in a pixel, or none"))?;
        let depth = Depth::read(fields)?;
        let coding = Coding::read(fields, source, number(tag::COMPRESSION).unwrap_or(1))?;
        let colours = colours(fields, photometric, samples, depth, &coding)?;
        // Which of L*, a* and b* have signs is known, whatever the format of the samples states.
        let depth = if matches!(colours, Colours::Lab(_)) { depth.unsigned() } else { depth };
        let is_planar = 1 < samples && number(tag::PLANAR_CONFIGURATION) == Some(2);
        // JPEG and fax have predictions of their own.
        let predictor = match number(tag::PREDICTOR).filter(|_| coding.has_predictor()) {
            None | Some(1) => Predictor::None,
            Some(2) if colours.subsampling() == (1, 1) => Predictor::Horizontal,
            Some(3) if depth.has_bytes() => Predictor::Bytes,
            Some(_) => return Err(unsupported("a predictor that does not fit its samples")),
        };
        if coding.is_jpeg() && !depth.is_u8() {
            return Err(unsupported("JPEG of other than 8 bits"));
        }
        if coding.is_fax() && (depth.bits != 1 || samples != 1) {
            return Err(damaged("fax coding of other than one bit for each pixel"));
        }
        let is_tiled = positive(tag::TILE_WIDTH).zip(positive(tag::TILE_LENGTH));
        let piece = match is_tiled {
            _ if coding.is_whole() => size,
            Some((w, h)) => Size::new(w, h),
            None => Size::new(size.w, positive(tag::ROWS_PER_STRIP).unwrap_or(size.h).min(size.h)),
        };
        Ok(Self {
            size,
            depth,
            samples,
            alpha: alpha(fields, samples, colours.samples()),
            colours,
            is_planar,
            predictor,
            coding,
            order: Order {
                is_little_endian: fields.is_little_endian(),
                is_reversed: number(tag::FILL_ORDER) == Some(2),
            },
            piece,
            pieces: Size::new(size.w.div_ceil(piece.w), size.h.div_ceil(piece.h)),
            is_tiled: is_tiled.is_some(),
        })
    }

    /// Planes that are in pieces of their own.
    pub(super) const fn planes(&self) -> u16 {
        if self.is_planar { self.samples } else { 1 }
    }

    /// Samples of a pixel in one piece.
    pub(super) const fn piece_samples(&self) -> usize {
        if self.is_planar { 1 } else { self.samples as usize }
    }

    /// Pixels, columns and rows, for each sample of `plane`: chroma may have fewer (section 21).
    pub(super) const fn step(&self, plane: u16) -> (u32, u32) {
        let is_chroma = self.is_planar && matches!(plane, 1 | 2);
        if is_chroma { self.colours.subsampling() } else { (1, 1) }
    }

    /// Columns and rows that a unit of samples covers: pixels are stored in blocks if luma and chroma are together and
    /// chroma has fewer samples (section 21).
    pub(super) const fn block(&self) -> (u32, u32) {
        if self.is_planar { (1, 1) } else { self.colours.subsampling() }
    }

    /// Bytes of a row of samples, or of blocks, in a piece of `plane`. A row starts at a whole byte.
    pub(super) const fn row_bytes(&self, plane: u16) -> u64 {
        let columns = self.piece.w.div_ceil(self.step(plane).0);
        let (w, h) = self.block();
        // The two samples of chroma are shared by the block.
        let samples = (w as u64 * h as u64 - 1) + self.piece_samples() as u64;
        (columns.div_ceil(w) as u64 * samples * self.depth.bits as u64).div_ceil(8)
    }

    /// Bytes of the first `rows` rows of pixels in a piece of `plane`.
    pub(super) const fn rows_bytes(&self, plane: u16, rows: u32) -> u64 {
        let rows = rows.div_ceil(self.step(plane).1).div_ceil(self.block().1);
        self.row_bytes(plane).saturating_mul(rows as u64)
    }

    /// Bytes of a decoded piece, at most.
    pub(super) const fn piece_bytes(&self) -> u64 {
        self.rows_bytes(0, self.piece.h)
    }

    /// Strips or tiles of all planes.
    pub(super) fn piece_count(&self) -> u64 {
        self.pieces.pixels().saturating_mul(self.planes().into())
    }

    /// Channels of the frame, before CMYK becomes RGB.
    pub(super) fn channels(&self) -> usize {
        let colours = match self.colours {
            Colours::Grey { .. } => 1,
            Colours::Rgb | Colours::Palette(_) | Colours::YCbCr(_) | Colours::Lab(_) => 3,
            Colours::Cmyk => 4,
        };
        colours + usize::from(self.alpha.is_some())
    }

    /// The model of the frame.
    pub(super) fn model(&self) -> Model {
        match (&self.colours, self.alpha.is_some()) {
            (Colours::Grey { .. }, false) => Model::Grey,
            (Colours::Grey { .. }, true) => Model::GreyAlpha,
            (_, false) => Model::Rgb,
            (_, true) => Model::Rgba,
        }
    }

    /// Whether a row of samples, or of their differences, is one of the frame.
    pub(super) fn is_plain(&self) -> bool {
        let is_changed = matches!(self.colours, Colours::Palette(_) | Colours::Grey { is_inverted: true });
        let is_last = self.alpha.is_none_or(|alpha| alpha.sample + 1 == self.samples);
        let is_same = usize::from(self.samples) == self.channels() && is_last;
        self.depth.is_u8() && is_same && !self.is_planar && self.block() == (1, 1) && !is_changed
    }

    /// Whether the samples of the frame have 16 bits. CMYK and palettes become RGB of 8 bits.
    pub(super) const fn is_wide(&self) -> bool {
        8 < self.depth.bits && matches!(self.colours, Colours::Grey { .. } | Colours::Rgb | Colours::Lab(_))
    }

    /// The depth in the file, where it is not that of the frame.
    pub(super) fn encoding(&self) -> Option<SampleEncoding> {
        let is_linear = matches!(self.colours, Colours::Grey { .. } | Colours::Rgb);
        let encoding = self.depth.encoding().filter(|_| is_linear)?;
        let is_scaled = self.is_wide() && encoding.bits < 16;
        (is_scaled || encoding.is_signed).then_some(encoding)
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
        let found = if self.coding.is_whole() {
            // The stated length often is that of the header only.
            fields.get(jpeg_tables::INTERCHANGE).map(|offset| (offset, None))
        } else {
            found(first).or_else(|| found(other))
        };
        let (offsets, counts) = found.ok_or_else(|| damaged("no positions of its samples"))?;
        if offsets.len() < self.piece_count() {
            return Err(damaged("fewer positions than strips or tiles"));
        }
        let raw_bytes = (!self.coding.is_compressed()).then(|| self.piece_bytes());
        Ok(Locations { offsets, counts, raw_bytes })
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
