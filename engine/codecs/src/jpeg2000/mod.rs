//! JPEG 2000 (ITU-T T.800) and HTJ2K (T.814), bare codestreams and JP2 and JPH files: decoded by
//! `hayro-jpeg2000` and `dicom-toolkit-jpeg2000`, which are Rust without `unsafe`; not encoded. Images that the
//! decoders get wrong, or for which they allocate without bound, are rejected here, by their headers.

mod decode;
mod decoder;
mod file;
mod pieces;

use crate::colour;
use crate::error::CodecError;
use crate::guard;
use crate::header::check_pixels;
use bytes::Bytes;
use file::File;
use safelight_containers::codestream::{CodestreamError, Component, MainHeader};
use safelight_core::{
    Cost, Decode, Decoder, Format, Geometry, Header, Image, Isolation, Limits, Model, Opened, Orientation,
    Result, SampleEncoding, Size, Stop,
};

/// The format in errors.
const FORMAT: Format = Format::Jpeg2000;

/// Tables and buffers of a decode that do not grow with the image.
const WORK_BYTES: u64 = 1 << 20;

/// Decodes JPEG 2000, HTJ2K included.
#[derive(Debug)]
pub struct Jpeg2000;

impl Decoder for Jpeg2000 {
    fn format(&self) -> Format {
        FORMAT
    }

    fn open(&self, source: Bytes, limits: &Limits) -> Result<Box<dyn Opened>> {
        guard::open(FORMAT, || OpenedJpeg2000::new(&source, limits))
    }
}

/// A source whose headers passed every check.
struct OpenedJpeg2000 {
    codestream: Codestream,
    header: Header,
    /// The most bytes that a decode allocates for tiles, precincts, blocks and layers.
    pieces: u64,
    max_metadata_bytes: u64,
}

impl OpenedJpeg2000 {
    fn new(source: &Bytes, limits: &Limits) -> Result<Self> {
        let codestream = Codestream::read(source, limits)?;
        let geometry = Geometry { size: codestream.size, orientation: Orientation::UPRIGHT };
        let pieces = pieces::bytes(&codestream)?;
        let sample_bytes = codestream.stored.bits.div_ceil(8);
        let header = Header { geometry, is_animated: false, frames: 1, has_palette: false, sample_bytes };
        let max_metadata_bytes = limits.max_metadata_bytes;
        Ok(Self { codestream, header, pieces, max_metadata_bytes })
    }
}

impl Opened for OpenedJpeg2000 {
    fn header(&self) -> &Header {
        &self.header
    }

    fn cost(&self, decode: &Decode) -> Cost {
        /// Nanoseconds for each decoded sample.
        const SAMPLE_NS: u64 = 250;
        let Size { w, h } = self.codestream.size;
        let pieces = self.pieces.div_ceil(self.codestream.size.pixels());
        let pixel_bytes = pieces.saturating_add(self.codestream.pixel_bytes());
        // Buffers of the transform are a sample longer than the image on each axis.
        let pixels = (u64::from(w) + 1).saturating_mul(u64::from(h) + 1);
        let profile = colour::PROFILE_BYTES.saturating_add(self.max_metadata_bytes);
        let bytes = pixels.saturating_mul(pixel_bytes).saturating_add(WORK_BYTES).saturating_add(profile);
        let samples = self.decoded_size(decode).pixels() * u64::from(self.codestream.model.channels());
        Cost::new(bytes, samples * SAMPLE_NS)
    }

    fn decoded_size(&self, decode: &Decode) -> Size {
        decode::reduced_size(&self.codestream, decode.needed)
    }

    fn isolation(&self) -> Isolation {
        Isolation::IfLong
    }

    fn decode(self: Box<Self>, decode: &Decode, stop: &Stop) -> Result<Image> {
        stop.check()?;
        let mut frames = vec![decode::frame(&self.codestream, decode.needed)?];
        let icc = self.codestream.file.icc.filter(|icc| icc.len() as u64 <= self.max_metadata_bytes);
        let profile = colour::to_srgb(&mut frames, icc.map(|icc| icc.to_vec()), decode);
        Ok(Image { frames, delays_ms: Vec::new(), plays: 0, profile })
    }
}

/// A codestream whose main header passed every check.
struct Codestream {
    file: File,
    header: MainHeader,
    size: Size,
    model: Model,
    /// The samples before they are scaled.
    stored: SampleEncoding,
}

impl Codestream {
    fn read(source: &Bytes, limits: &Limits) -> Result<Self> {
        let file = File::read(source)?;
        let unsupported = |what| Err(CodecError::Unsupported(FORMAT, what).into());
        let header = MainHeader::read(&file.main_header)?;
        let sizes = &header.sizes;
        let [Component { bits, is_signed, .. }, ..] = *sizes.components else {
            return Err(CodestreamError::Damaged("it has no components").into());
        };
        if sizes.components.iter().any(|it| it.step != (1, 1)) {
            return unsupported("components with fewer samples than pixels");
        }
        if sizes.components.iter().any(|it| (it.bits, it.is_signed) != (bits, is_signed)) {
            return unsupported("components of several depths");
        }
        if 16 < bits {
            return unsupported("more than 16 bits for each sample");
        }
        if sizes.origin != Size::new(0, 0) {
            return unsupported("the image does not start at the origin of its grid");
        }
        let model = match sizes.components.len() {
            1 => Model::Grey,
            2 => Model::GreyAlpha,
            3 => Model::Rgb,
            4 => Model::Rgba,
            _ => return unsupported("more than four components"),
        };
        let size = sizes.picture();
        check_pixels(FORMAT, size, limits)?;
        Ok(Self { file, size, model, stored: SampleEncoding { bits, is_signed }, header })
    }

    /// The most bytes that a decode allocates for a pixel, besides tiles, precincts, blocks and layers.
    fn pixel_bytes(&self) -> u64 {
        let channels = u64::from(self.model.channels());
        let sample_bytes = u64::from(self.stored.bits.div_ceil(8));
        // Coefficients and transformed samples are floating-point numbers, for one component twice and for its
        // second-largest resolution too; then the samples that the decoder returns.
        8 * channels + 4 + 2 + sample_bytes * channels
    }
}
