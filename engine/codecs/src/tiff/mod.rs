//! TIFF 6.0 and `BigTIFF`: an image of a file, the first unless a page is asked for, decoded here from its strips or tiles. Crates in Rust decode what
//! other formats share: JPEG, LZW, deflate and Zstandard.

mod layout;
mod colours;
mod depth;
mod coding;
mod fax;
mod jpeg;
mod jpeg_tables;
mod zstd;
mod pixels;
mod ycbcr;
mod error;

use crate::header::check_pixels;
use crate::{colour, guard};
use bytes::Bytes;
use colours::Colours;
use error::damaged;
use layout::{Layout, Locations};
use pixels::{Pixels, ROW_SAMPLE_BYTES};
use safelight_containers::{TiffFields, is_camera_raw};
use safelight_core::{
    Cost, Decode, Decoder, Format, Frame, Geometry, Header, Image, Limits, Opened, Orientation, Result,
    Samples, Size, Stop, no_page,
};
use std::borrow::Cow;

/// The format in errors.
const FORMAT: Format = Format::Tiff;
/// The tags of the orientation and of the ICC profile.
const ORIENTATION: u16 = 274;
const ICC_PROFILE: u16 = 34675;

/// Decodes an image of a TIFF.
#[derive(Debug)]
pub struct Tiff;

impl Decoder for Tiff {
    fn format(&self) -> Format {
        FORMAT
    }

    fn open(&self, source: Bytes, limits: &Limits) -> Result<Box<dyn Opened>> {
        if is_camera_raw(&source) {
            return open_raw(&source, limits);
        }
        guard::open(FORMAT, || OpenedTiff::new(source, 0, limits))
    }

    fn open_page(&self, source: Bytes, page: u32, limits: &Limits) -> Result<Box<dyn Opened>> {
        guard::open(FORMAT, || OpenedTiff::new(source, page, limits))
    }
}

/// Opens the photo of a camera raw file, whose first image often is a thumbnail.
#[cfg(feature = "raw")]
fn open_raw(source: &Bytes, limits: &Limits) -> Result<Box<dyn Opened>> {
    crate::raw::open(FORMAT, source, limits)
}

/// This build has no decoder for it.
#[cfg(not(feature = "raw"))]
fn open_raw(_: &Bytes, _: &Limits) -> Result<Box<dyn Opened>> {
    Err(error::unsupported("a camera raw file").into())
}

/// A TIFF of which a directory was read and checked.
struct OpenedTiff {
    source: Bytes,
    page: u32,
    layout: Layout,
    header: Header,
    /// The longest strip or tile, and all of them together, in bytes of the file.
    coded: Coded,
    max_metadata_bytes: u64,
}

#[derive(Default)]
struct Coded {
    longest: u64,
    all: u64,
}

impl OpenedTiff {
    fn new(source: Bytes, page: u32, limits: &Limits) -> Result<Self> {
        let fields = fields(&source, page)?;
        let layout = Layout::read(&fields, &source)?;
        check_pixels(FORMAT, layout.size, limits)?;
        // A tile may be larger than the image.
        check_pixels(FORMAT, layout.piece, limits)?;
        let locations = layout.locations(&fields)?;
        let mut coded = Coded::default();
        for range in (0..layout.piece_count()).filter_map(|index| locations.piece(index, source.len())) {
            coded.longest = coded.longest.max(range.len() as u64);
            coded.all += range.len() as u64;
        }
        let orientation =
            fields.get(ORIENTATION).and_then(|field| field.get(0)).and_then(|turn| turn.try_into().ok());
        let orientation = orientation.and_then(Orientation::new).unwrap_or(Orientation::UPRIGHT);
        let header = Header {
            geometry: Geometry { size: layout.size, orientation },
            is_animated: false,
            frames: 1,
            has_palette: matches!(layout.colours, Colours::Palette(_)),
            sample_bytes: if layout.is_wide() { 2 } else { 1 },
        };
        Ok(Self { source, page, layout, header, coded, max_metadata_bytes: limits.max_metadata_bytes })
    }

    /// Decodes all pieces; CMYK stays CMYK.
    fn samples(&self, fields: &TiffFields, stop: &Stop) -> Result<Samples> {
        let Self { layout, .. } = self;
        let locations = layout.locations(fields)?;
        let mut pixels = Pixels::new(layout);
        let mut raw = vec![0; layout.piece_bytes() as usize];
        let mut index = 0;
        for plane in 0..layout.planes() {
            for y in (0..layout.pieces.h).map(|row| row * layout.piece.h) {
                for x in (0..layout.pieces.w).map(|column| column * layout.piece.w) {
                    stop.check()?;
                    self.decode_piece(&locations, index, (y, plane), &mut raw, stop)?;
                    pixels.place(&mut raw, (x, y), plane);
                    index += 1;
                }
            }
        }
        Ok(pixels.into_samples())
    }

    /// Decodes the piece at `index`, whose first row is `y`, of the sample `plane`, to `raw`.
    fn decode_piece(
        &self,
        locations: &Locations,
        index: u64,
        (y, plane): (u32, u16),
        raw: &mut [u8],
        stop: &Stop,
    ) -> Result<()> {
        let Self { layout, source, .. } = self;
        let range = locations.piece(index, source.len());
        let coded = range.and_then(|range| source.get(range)).unwrap_or_default();
        // JPEG has an order of its own.
        let coded = if layout.order.is_reversed && !layout.coding.is_jpeg() {
            Cow::Owned(coded.iter().map(|byte| byte.reverse_bits()).collect())
        } else {
            Cow::Borrowed(coded)
        };
        // A strip at the end may have the rows that are left, or all.
        let rows = layout.piece.h.min(layout.size.h - y);
        let size = Size::new(layout.piece.w, if layout.coding.is_jpeg() { layout.piece.h } else { rows });
        let made = layout.coding.decode(&coded, raw, size, layout.piece_samples(), stop)?;
        if (made as u64) < layout.rows_bytes(plane, rows) {
            return Err(damaged("samples are missing").into());
        }
        Ok(())
    }
}

impl Opened for OpenedTiff {
    fn header(&self) -> &Header {
        &self.header
    }

    fn cost(&self, _decode: &Decode) -> Cost {
        /// Nanoseconds for each sample of a pixel, the conversion of CMYK, each coded byte, and each strip or tile.
        const SAMPLE_NS: u64 = 8;
        const CMYK_NS: u64 = 120;
        const CODED_NS: u64 = 15;
        const PIECE_NS: u64 = 10_000;
        let Self { layout, coded, .. } = self;
        let (pixels, samples) = (layout.size.pixels(), u64::from(layout.samples));
        let channels = layout.channels() as u64 * u64::from(self.header.sample_bytes);
        // CMYK with alpha is taken apart and put together again.
        let is_split = layout.colours == Colours::Cmyk && layout.alpha.is_some();
        let channels = if is_split { 2 * channels } else { channels };
        let row = layout.row_bytes(0).saturating_mul(8 * ROW_SAMPLE_BYTES) / u64::from(layout.depth.bits);
        let reversed = if layout.order.is_reversed { coded.longest } else { 0 };
        let work = layout.coding.work_bytes(layout.piece, samples, layout.piece_bytes(), coded.longest);
        let metadata = self.max_metadata_bytes.saturating_add(colour::PROFILE_BYTES);
        let parts = [pixels.saturating_mul(channels), layout.piece_bytes(), row, reversed, work, metadata];
        let cmyk_ns = if layout.colours == Colours::Cmyk { CMYK_NS } else { 0 };
        let work_ns = [
            pixels.saturating_mul(samples * SAMPLE_NS + cmyk_ns),
            coded.all.saturating_mul(CODED_NS),
            layout.piece_count().saturating_mul(PIECE_NS),
        ];
        let sum = |parts: &[u64]| parts.iter().copied().fold(0, u64::saturating_add);
        Cost::new(sum(&parts), sum(&work_ns))
    }

    fn decode(self: Box<Self>, decode: &Decode, stop: &Stop) -> Result<Image> {
        let fields = fields(&self.source, self.page)?;
        let icc = fields.bytes(ICC_PROFILE).filter(|icc| icc.len() as u64 <= self.max_metadata_bytes);
        let mut samples = self.samples(&fields, stop)?;
        let Layout { size, alpha, .. } = self.layout;
        let is_cmyk = self.layout.colours == Colours::Cmyk;
        if let (true, Samples::U8(cmyk)) = (is_cmyk, &mut samples) {
            *cmyk = colour::cmyk_to_rgb_with_alpha(std::mem::take(cmyk), alpha.is_some(), icc);
        }
        let frame = Frame::whole(size, self.layout.model(), samples);
        let (geometry, encoding) = (self.header.geometry, self.layout.encoding());
        let mut frames = vec![Frame { geometry, encoding, ..frame }];
        let icc = icc.filter(|_| !is_cmyk).map(<[u8]>::to_vec);
        let profile = colour::to_srgb(&mut frames, icc, decode);
        Ok(Image { frames, delays_ms: Vec::new(), plays: 0, profile })
    }
}

fn fields(source: &[u8], page: u32) -> Result<TiffFields<'_>> {
    TiffFields::of_page(source, page).map_err(|pages| match pages {
        0 => damaged("no directory").into(),
        pages => no_page(page, pages),
    })
}
