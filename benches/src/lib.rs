#![doc = include_str!("../README.md")]

use bytes::Bytes;
use safelight_core::{
    Decode, Decoder, Detection, Encoder, Format, Frame, Image, Limits, PixelOp, Plan, Result, Settings, Size,
    Step, testing::Output,
};
use safelight_registry::{REGISTRY, TRANSFORMS};

/// Bytes that a door reads at a time.
pub const CHUNK_BYTES: usize = 128 << 10;

/// Runs `query` over `source` as a door does, in chunks of [`CHUNK_BYTES`].
///
/// # Errors
/// What the plan or the session refuses.
pub fn run(query: &str, source: &Bytes) -> Result<Output> {
    let plan = Plan::new(REGISTRY, REGISTRY.query(query, "")?)?;
    Output::collect(plan.start(&Settings::default()), source, CHUNK_BYTES)
}

/// The decoder for `source`.
///
/// # Panics
/// If there is none: the input of the bench is wrong.
pub fn decoder_of(source: &[u8]) -> &'static dyn Decoder {
    let Detection::Known(format) = Format::detect(source) else { panic!("the image has no known format") };
    REGISTRY.decoder(format).expect("a format with a decoder")
}

/// The encoder of `format`.
///
/// # Panics
/// If there is none.
pub fn encoder(format: Format) -> &'static dyn Encoder {
    REGISTRY.encoder(format).expect("a format with an encoder")
}

/// All frames of `source`, at full size.
///
/// # Errors
/// Those of the decoder.
pub fn decode(source: &Bytes) -> Result<Image> {
    let needed = Size::new(u32::MAX, u32::MAX);
    decoder_of(source).decode(
        source.clone(),
        &Decode { needed, all_frames: true, keep_profile: false, chroma: (1, 1) },
        &Limits::default(),
    )
}

/// Bytes of all samples of `frames`.
pub fn sample_bytes(frames: &[Frame]) -> u64 {
    let planes = frames.iter().flat_map(|frame| &frame.planes);
    planes
        .map(|plane| {
            let bytes = if matches!(plane.samples, safelight_core::Samples::U16(_)) { 2 } else { 1 };
            plane.size.pixels() * u64::from(plane.channels) * bytes
        })
        .sum()
}

/// The step of `transform`, by its name, for `query`.
///
/// # Panics
/// If there is none: the caller is a bench, and its query is wrong.
pub fn op(transform: &str, query: &str) -> Box<dyn PixelOp> {
    let query = REGISTRY.query(query, "").expect("a sound query");
    let transform = TRANSFORMS.iter().find(|it| it.name() == transform).expect("a known transform");
    match transform.step(&query) {
        Ok(Some(Step::Pixels(op) | Step::PixelsIfDecoding(op))) => op,
        _ => panic!("{transform:?} has no step on pixels for it"),
    }
}

/// A JPEG of about `bytes` bytes, whose entropy-coded data are noise, stuffed as an encoder does it.
///
/// No decoder would make a picture of it, but where its parts lie is as in any photo: `header` stands
/// before the scan, and `trailer` behind the end of the image.
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
