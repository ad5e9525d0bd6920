#![doc = include_str!("../README.md")]

use bytes::Bytes;
use safelight_core::{Answer, Plan, Result, Settings};
use safelight_registry::REGISTRY;

/// Bytes that a door reads at a time.
pub const CHUNK_BYTES: usize = 128 << 10;

/// Runs `query` over `source` as a door does, in chunks of [`CHUNK_BYTES`].
///
/// # Errors
/// What the plan or the session refuses.
pub fn run(query: &str, source: &Bytes) -> Result<Answer> {
    let plan = Plan::new(REGISTRY, REGISTRY.query(query, "")?)?;
    Answer::new(plan.start(&Settings::default()), source, CHUNK_BYTES)
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
