//! Decoding of CMYK by `zune-jpeg`: [`safelight_jpeg`] does not support four components.

use super::{FORMAT, MAX_MCU_SIDE, OpenedJpeg};
use crate::{
    colour::{self, PROFILE_BYTES},
    error::CodecError,
};
use bytes::Bytes;
use safelight_core::{
    Cost, Decode, Frame, Header, Image, Isolation, Model, Opened, Result, Samples, Stop, frame::rgb_from_ycc,
};
use safelight_jpeg::decode;
use zune_core::{bytestream::ZCursor, colorspace::ColorSpace, options::DecoderOptions};
use zune_jpeg::JpegDecoder;

/// Bytes for each column: a row of MCUs of every component, before and after their chroma is upsampled.
const COLUMN_BYTES: u64 = 1024;

/// The largest sampling factor of a component. `zune-jpeg` calls some files with larger ones damaged; no program is
/// known to write them.
const MAX_FACTOR: u8 = 2;

/// A whole JPEG of this kind.
pub(super) struct OpenedFallback {
    source: Bytes,
    opened: OpenedJpeg,
}

impl OpenedFallback {
    /// # Errors
    /// [`safelight_core::Kind::UnsupportedFormat`] for sampling factors above 2, arithmetic coding, lossless coding and
    /// 12 bits.
    pub(super) fn new(source: Bytes, opened: OpenedJpeg) -> Result<Self, CodecError> {
        if opened.jpeg.coding != decode::Coding::Huffman || opened.jpeg.is_wide() {
            let what = "CMYK in arithmetic coding, in lossless coding, or with 12 bits";
            return Err(CodecError::Unsupported(FORMAT, what));
        }
        if opened.jpeg.sampling_factors().iter().any(|(across, down)| MAX_FACTOR < *across.max(down)) {
            return Err(CodecError::Unsupported(FORMAT, "CMYK with sampling factors above 2"));
        }
        Ok(Self { source, opened })
    }
}

impl Opened for OpenedFallback {
    fn header(&self) -> &Header {
        &self.opened.header
    }

    fn cost(&self, _decode: &Decode) -> Cost {
        /// Nanoseconds for each pixel, conversion from CMYK included.
        const PIXEL_NS: u64 = 160;
        let jpeg = &self.opened.jpeg;
        let (w, h) = (u64::from(jpeg.width) + MAX_MCU_SIDE, u64::from(jpeg.height) + MAX_MCU_SIDE);
        let bytes = w * h * u64::from(jpeg.pixel_bytes()) + w * COLUMN_BYTES + PROFILE_BYTES;
        Cost::new(bytes, w * h * PIXEL_NS)
    }

    fn isolation(&self) -> Isolation {
        Isolation::IfLong
    }

    /// Decodes at full size, to RGB.
    fn decode(self: Box<Self>, _decode: &Decode, stop: &Stop) -> Result<Image> {
        stop.check()?;
        let Self { source, opened: OpenedJpeg { header: Header { geometry, .. }, jpeg } } = *self;
        let (samples, icc) = decode_samples(&source, &jpeg)?;
        let samples = Samples::U8(colour::cmyk_to_rgb(samples, icc.as_deref()));
        let frame = Frame { geometry, ..Frame::whole(geometry.size, Model::Rgb, samples) };
        Ok(Image { frames: vec![frame], delays_ms: Vec::new(), plays: 0, profile: None })
    }
}

/// Decodes all pixels to CMYK, 0 for none, and returns them with the profile. In a truncated file, the missing ones are
/// grey, as in libjpeg.
fn decode_samples(bytes: &[u8], header: &decode::Header) -> Result<(Vec<u8>, Option<Vec<u8>>), CodecError> {
    let damaged = |error| CodecError::Damaged(FORMAT, Box::new(error));
    let inconsistent = |what: &'static str| CodecError::Damaged(FORMAT, what.into());
    let limit = |size: u32| size as usize;
    let options = DecoderOptions::default()
        .set_strict_mode(false)
        .set_max_width(limit(header.width))
        .set_max_height(limit(header.height));
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(bytes), options);
    decoder.decode_headers().map_err(damaged)?;
    let is_same = decoder.dimensions() == Some((limit(header.width), limit(header.height)))
        && decoder.info().is_some_and(|info| usize::from(info.components) == header.component_count());
    if !is_same {
        return Err(inconsistent("two frame headers"));
    }
    let Some(output @ (ColorSpace::CMYK | ColorSpace::YCCK)) = decoder.input_colorspace() else {
        return Err(inconsistent("four components other than CMYK"));
    };
    decoder.set_options(options.jpeg_set_out_colorspace(output));
    let mut samples = decoder.decode().map_err(damaged)?;
    if output == ColorSpace::YCCK {
        samples.chunks_exact_mut(4).for_each(ycck_to_cmyk);
    }
    // Samples are complements, as Adobe's programs write them, whether a file says that it is theirs or not: browsers,
    // libvips and Pillow agree.
    for sample in &mut samples {
        *sample = 255 - *sample;
    }
    Ok((samples, decoder.icc_profile()))
}

/// Cyan, magenta and yellow are the complements of red, green and blue (Adobe Technical Note 5116, section 18).
fn ycck_to_cmyk(pixel: &mut [u8]) {
    let [y, cb, cr, _] = pixel else { return };
    [*y, *cb, *cr] = rgb_from_ycc(*y, *cb, *cr).map(|light| 255 - light);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ycck_follows_jfif() {
        let check = |pixel: [u8; 4], expected: [u8; 4]| {
            let mut cmyk = pixel;
            ycck_to_cmyk(&mut cmyk);
            assert_eq!(cmyk, expected, "{pixel:?}");
        };
        check([255, 128, 128, 9], [0, 0, 0, 9]);
        check([0, 128, 128, 9], [255, 255, 255, 9]);
        // Pure red has Y = 76, Cb = 85, Cr = 255.
        check([76, 85, 255, 0], [1, 255, 255, 0]);
        check([29, 255, 107, 0], [255, 255, 1, 0]);
    }
}
