#![doc = include_str!("../README.md")]

use bytes::Bytes;
use safelight_core::{
    Decode, Decoder, Detection, Encoder, Format, Frame, Image, Limits, PixelOp, Plan, Result, Settings, Size,
    Step, testing::Output,
};
use safelight_registry::{REGISTRY, TRANSFORMS};

/// Size in bytes of the chunks in which a server reads a source.
pub const CHUNK_BYTES: usize = 128 << 10;

/// Runs `query` over `source` as a server does, in chunks of [`CHUNK_BYTES`].
///
/// # Errors
/// The error of the plan or the session.
pub fn run(query: &str, source: &Bytes) -> Result<Output> {
    let plan = Plan::new(REGISTRY, REGISTRY.query(query, "")?)?;
    Output::collect(plan.start(&Settings::default()), source, CHUNK_BYTES)
}

/// Returns the decoder for `source`.
///
/// # Panics
/// If no decoder supports the format: the input of a bench is wrong.
pub fn decoder_of(source: &[u8]) -> &'static dyn Decoder {
    let Detection::Known(format) = Format::detect(source) else { panic!("the image has no known format") };
    REGISTRY.decoder(format).expect("a format with a decoder")
}

/// Returns the encoder of `format`.
///
/// # Panics
/// If no encoder supports the format.
pub fn encoder(format: Format) -> &'static dyn Encoder {
    REGISTRY.encoder(format).expect("a format with an encoder")
}

/// Decodes all frames of `source`, at full size.
///
/// # Errors
/// The error of the decoder.
pub fn decode(source: &Bytes) -> Result<Image> {
    let needed = Size::new(u32::MAX, u32::MAX);
    decoder_of(source).decode(
        source.clone(),
        &Decode { needed, all_frames: true, keep_profile: false, chroma: (1, 1) },
        &Limits::default(),
    )
}

/// Returns the size in bytes of all samples of `frames`.
pub fn sample_bytes(frames: &[Frame]) -> u64 {
    let planes = frames.iter().flat_map(|frame| &frame.planes);
    planes
        .map(|plane| {
            let bytes = if matches!(plane.samples, safelight_core::Samples::U16(_)) { 2 } else { 1 };
            plane.size.pixels() * u64::from(plane.channels) * bytes
        })
        .sum()
}

/// Returns the pixel step of the transform named `transform` for `query`, or `None` if it has no step on
/// pixels.
///
/// # Panics
/// If the query is invalid, or there is no such transform.
pub fn pixel_op(transform: &str, query: &str) -> Option<Box<dyn PixelOp>> {
    let query = REGISTRY.query(query, "").expect("a valid query");
    let transform = TRANSFORMS.iter().find(|it| it.name() == transform).expect("a registered transform");
    match transform.step(&query) {
        Ok(Some(Step::Pixels(op) | Step::PixelsIfDecoding(op))) => Some(op),
        _ => None,
    }
}

/// Returns a JPEG of about `bytes` bytes, whose entropy-coded data are noise with byte stuffing.
///
/// It cannot be decoded, but its layout is that of a photo: `header` comes before the scan, and `trailer`
/// after the end of the image.
pub fn large_jpeg(header: &[u8], bytes: usize, trailer: &[u8]) -> Bytes {
    let mut jpeg = header.to_vec();
    let mut state = 0x2545_F491_4F6C_DD1D_u64;
    while jpeg.len() < bytes {
        // Xorshift64, Marsaglia 2003.
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        for byte in state.to_le_bytes() {
            jpeg.push(byte);
            if byte == 0xFF {
                jpeg.push(0);
            }
        }
    }
    jpeg.extend_from_slice(&[0xFF, 0xD9]);
    jpeg.extend_from_slice(trailer);
    Bytes::from(jpeg)
}
