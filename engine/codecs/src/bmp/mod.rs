//! BMP: headers of Windows and OS/2, rows, and runs of pixels.

mod dib;
mod rows;
mod runs;

use crate::animation::drop_opaque_alpha;
use crate::error::CodecError;
use crate::header::check_pixels;
use crate::{colour, guard};
use bytes::Bytes;
#[cfg(feature = "ico")]
pub(crate) use dib::row_bytes;
use dib::{Coding, u32_at};
pub(crate) use dib::{Dib, FILE_HEADER_BYTES, Place};
use rows::Rows;
use safelight_core::{
    Cost, Decode, Decoder, Format, Frame, Geometry, Header, Image, Limits, Model, Opened, Orientation,
    Result, Samples, Stop,
};

/// Decodes BMP.
#[derive(Debug)]
pub struct Bmp;

impl Decoder for Bmp {
    fn format(&self) -> Format {
        Format::Bmp
    }

    fn open(&self, source: Bytes, limits: &Limits) -> Result<Box<dyn Opened>> {
        guard::open(Format::Bmp, || OpenedBmp::new(&source, limits))
    }
}

/// A bitmap whose header was read.
pub(crate) struct Bitmap {
    format: Format,
    /// The bytes from the header on.
    source: Bytes,
    pub(crate) dib: Dib,
    pub(crate) icc: Option<Vec<u8>>,
}

impl Bitmap {
    /// Reads the header of a bitmap; errors name `format`.
    ///
    /// # Errors
    /// [`safelight_core::Kind::Corrupt`], [`safelight_core::Kind::UnsupportedFormat`] or
    /// [`safelight_core::Kind::LimitExceeded`].
    pub(crate) fn new(format: Format, source: Bytes, place: Place, limits: &Limits) -> Result<Self> {
        let dib = Dib::read(format, &source, place)?;
        check_pixels(format, dib.size, limits)?;
        let icc = dib.profile(&source).filter(|icc| icc.len() as u64 <= limits.max_metadata_bytes);
        let icc = icc.map(<[u8]>::to_vec);
        Ok(Self { format, source, dib, icc })
    }

    /// Decodes the samples, shape `[size.h, size.w, channels of the model]`.
    ///
    /// # Errors
    /// [`safelight_core::Kind::Corrupt`], and those of [`Stop::check`].
    pub(crate) fn samples(&self, stop: &Stop) -> Result<(Model, Vec<u8>)> {
        let Self { dib, .. } = self;
        let coded = dib.samples(&self.source);
        let (w, pixels) = (dib.size.w as usize, dib.size.pixels() as usize);
        if dib.coding == Coding::Runs {
            let mut rgba = [vec![0; 4 * pixels]];
            runs::draw(dib, coded, &mut rgba[0], stop)?;
            let model = if drop_opaque_alpha(&mut rgba) { Model::Rgb } else { Model::Rgba };
            let [samples] = rgba;
            return Ok((model, samples));
        }
        let model = rows::model(dib);
        let length = w * usize::from(model.channels());
        let missing = || CodecError::Damaged(self.format, "rows are missing".into());
        let packed_bytes = dib::row_bytes(dib.size.w, dib.bits).ok_or_else(missing)?;
        // Some programs leave out what fills the last row.
        let last_row = (w * dib.bits as usize).div_ceil(8);
        let least = packed_bytes * (dib.size.h as usize - 1) + last_row;
        if coded.len() < least {
            return Err(missing().into());
        }
        let mut samples = vec![0; length * dib.size.h as usize];
        let rows = Rows::new(dib);
        for (row, packed) in (0..dib.size.h).zip(coded.chunks(packed_bytes)) {
            stop.check()?;
            let at = dib.place_of(row) as usize * length;
            rows.convert(packed, model, &mut samples[at..at + length]);
        }
        Ok((model, samples))
    }

    /// The header of the image.
    pub(crate) fn header(&self) -> Header {
        let geometry = Geometry { size: self.dib.size, orientation: Orientation::UPRIGHT };
        Header { geometry, is_animated: false, frames: 1, has_palette: false, sample_bytes: 1 }
    }

    /// The cost of a decode that allocates `pixel_bytes` for each pixel besides the samples.
    pub(crate) fn cost(&self, pixel_bytes: u64) -> Cost {
        /// Bytes and nanoseconds for each pixel.
        const PIXEL_BYTES: u64 = 4;
        const PIXEL_NS: u64 = 20;
        /// The palette.
        const WORK_BYTES: u64 = 64 << 10;
        let profile = 2 * self.icc.as_ref().map_or(0, Vec::len) as u64 + colour::PROFILE_BYTES;
        let pixels = self.dib.size.pixels();
        let bytes = pixels.saturating_mul(PIXEL_BYTES + pixel_bytes).saturating_add(WORK_BYTES + profile);
        Cost::new(bytes, pixels.saturating_mul(PIXEL_NS))
    }
}

struct OpenedBmp {
    bitmap: Bitmap,
    header: Header,
}

impl OpenedBmp {
    fn new(source: &Bytes, limits: &Limits) -> Result<Self> {
        let cut = || CodecError::Damaged(Format::Bmp, "the header is cut short".into());
        let samples_at = u32_at(source, 10).ok_or_else(cut)? as usize;
        let place = Place::File { samples_at: samples_at.saturating_sub(FILE_HEADER_BYTES) };
        let dib = source.slice(FILE_HEADER_BYTES.min(source.len())..);
        let bitmap = Bitmap::new(Format::Bmp, dib, place, limits)?;
        Ok(Self { header: bitmap.header(), bitmap })
    }
}

impl Opened for OpenedBmp {
    fn header(&self) -> &Header {
        &self.header
    }

    fn cost(&self, _decode: &Decode) -> Cost {
        self.bitmap.cost(0)
    }

    fn decode(self: Box<Self>, decode: &Decode, stop: &Stop) -> Result<Image> {
        let Self { bitmap, header } = *self;
        let (model, samples) = bitmap.samples(stop)?;
        let mut frames = vec![Frame::whole(header.geometry.size, model, Samples::U8(samples))];
        let profile = colour::to_srgb(&mut frames, bitmap.icc, decode);
        Ok(Image { frames, delays_ms: Vec::new(), plays: 0, profile })
    }
}
