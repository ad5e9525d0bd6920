//! Encoding of PNG, always lossless.

use super::{
    FORMAT,
    palette::{self, Paletted},
};
use crate::{error::CodecError, samples};
use png::{BitDepth, ColorType, Compression, DeflateCompression, Encoder, Filter, Info};
use safelight_core::{Cost, Image, Model, Result, Samples, Size, Stop};
use std::{borrow::Cow, io::Write};

/// The cost of an encode of an image of `size`.
pub(super) fn cost(size: Size) -> Cost {
    /// The indices of a palette or the bytes of 16-bit samples, and a file of incompressible RGBA of 16 bits.
    const PIXEL_BYTES: u64 = 24;
    const WORK_BYTES: u64 = 2 << 20;
    /// Nanoseconds for each pixel.
    const PIXEL_NS: u64 = 60;
    Cost::new(size.pixels() * PIXEL_BYTES + WORK_BYTES, size.pixels() * PIXEL_NS)
}

/// Encodes the first frame of `image`.
pub(super) fn encode(image: &Image, stop: &Stop) -> Result<Vec<u8>> {
    let not_encoded = |what: &'static str| CodecError::NotEncoded(FORMAT, what.into());
    let frame = image.frames.first().ok_or_else(|| not_encoded("an image without frames"))?;
    let plane = samples::whole(frame).ok_or_else(|| not_encoded("planes that are not whole"))?;
    let Size { w, h } = plane.size;
    let mut info = Info::with_size(w, h);
    info.icc_profile = image.profile.as_deref().map(Cow::Borrowed);
    info.color_type = match frame.model {
        Model::Grey => ColorType::Grayscale,
        Model::GreyAlpha => ColorType::GrayscaleAlpha,
        Model::Rgb | Model::Ycc { .. } => ColorType::Rgb,
        Model::Rgba => ColorType::Rgba,
    };
    let channels = usize::from(plane.channels);
    let encoded = match &plane.samples {
        Samples::U16(samples) => {
            info.bit_depth = BitDepth::Sixteen;
            let bytes: Vec<_> = samples.iter().flat_map(|sample| sample.to_be_bytes()).collect();
            let significant = frame.encoding.filter(|encoding| encoding.bits < 16);
            let significant = significant.map(|encoding| vec![encoding.bits; channels]);
            write(info, &bytes, Effort::Photo, significant, stop)?
        }
        Samples::U8(samples) => {
            let few = (3 <= channels).then(|| palette::of(samples, w as usize, channels)).flatten();
            if let Some(Paletted { colours, alphas, depth, rows }) = few {
                info.color_type = ColorType::Indexed;
                info.bit_depth = depth;
                info.palette = Some(colours.into());
                info.trns = (!alphas.is_empty()).then(|| alphas.into());
                write(info, &rows, Effort::Drawing, None, stop)?
            } else {
                info.bit_depth = BitDepth::Eight;
                write(info, samples, Effort::of(samples, w as usize * channels, channels), None, stop)?
            }
        }
    };
    Ok(encoded)
}

/// The compression level. Level 6 takes a quarter more time for 1 % fewer bytes, 4 % at most; level 4 takes a fifth
/// less time for up to 7 % more bytes.
const DRAWING_LEVEL: u8 = 5;

/// The filters and compression that suit a kind of image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Effort {
    /// Filters flatten gradients, and leave few repetitions for the deflater to find.
    Photo,
    /// Filters break up the repetitions that the deflater finds.
    Drawing,
}

impl Effort {
    /// Returns `Drawing` if at least half of the pixels equal their left neighbours.
    fn of(samples: &[u8], row: usize, channels: usize) -> Self {
        let pairs = || {
            samples
                .chunks_exact(row.max(1))
                .step_by(8)
                .flat_map(|row| row.chunks_exact(channels).zip(row.chunks_exact(channels).skip(1)))
        };
        let same = pairs().filter(|(left, right)| left == right).count();
        if pairs().count() <= 2 * same { Self::Drawing } else { Self::Photo }
    }
}

/// Writes a file. `significant` is the number of bits of each channel before it was scaled (section 11.3.2.4).
fn write(
    info: Info,
    rows: &[u8],
    effort: Effort,
    significant: Option<Vec<u8>>,
    stop: &Stop,
) -> Result<Vec<u8>> {
    /// Bytes of samples between two checks whether to stop, and of a chunk of compressed data.
    const BLOCK_BYTES: usize = 256 << 10;
    let failed = |error| CodecError::NotEncoded(FORMAT, Box::new(error));
    let mut file = Vec::new();
    let mut encoder = Encoder::with_info(&mut file, info).map_err(failed)?;
    match effort {
        Effort::Photo => encoder.set_compression(Compression::Fast),
        Effort::Drawing => {
            encoder.set_filter(Filter::NoFilter);
            encoder.set_deflate_compression(DeflateCompression::Level(DRAWING_LEVEL));
        }
    }
    let mut writer = encoder.write_header().map_err(failed)?;
    if let Some(bits) = significant {
        writer.write_chunk(png::chunk::sBIT, &bits).map_err(failed)?;
    }
    let mut stream = writer.stream_writer_with_size(BLOCK_BYTES).map_err(failed)?;
    for block in rows.chunks(BLOCK_BYTES) {
        stop.check()?;
        stream.write_all(block).map_err(|error| failed(error.into()))?;
    }
    stream.finish().map_err(failed)?;
    writer.finish().map_err(failed)?;
    Ok(file)
}
