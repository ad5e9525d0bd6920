//! The chunk `iCCP`: a name, and a compressed profile (W3C PNG Third Edition, section 11.3.2.3).

use super::chunks::chunk;
use crate::icc;
use bytes::Bytes;
use fdeflate::{StoredOnlyCompressor, compress_to_vec, decompress_to_vec_bounded};
use std::io::Cursor;

/// The name, which often is that of a display, becomes this one. After it, the number of the compression method.
const NAME: &[u8] = b"icc\0\0";

/// The chunk with the profile of `data`, the data of a chunk, without identities; `None` if it has none.
pub(super) fn rewrite(data: &[u8]) -> Option<Bytes> {
    const MAX_NAME_BYTES: usize = 79;
    let name_bytes = data.iter().take(MAX_NAME_BYTES + 1).position(|byte| *byte == 0)?;
    let [0, compressed @ ..] = data.get(name_bytes + 1..)? else { return None };
    let profile = decompress_to_vec_bounded(compressed, icc::MAX_BYTES).ok()?;
    let compressed = compress(&icc::without_identity(&profile)?)?;
    Some(chunk(b"iCCP", &[NAME, &compressed]))
}

/// A zlib stream of `profile`. What was blanked becomes short, and the rest is stored as it is if that is shorter: a
/// thorough compression of a small profile takes longer than the strip of its image.
fn compress(profile: &[u8]) -> Option<Vec<u8>> {
    let compressed = compress_to_vec(profile);
    if compressed.len() <= StoredOnlyCompressor::<()>::compressed_size(profile.len()) {
        return Some(compressed);
    }
    let mut stored = StoredOnlyCompressor::new(Cursor::new(Vec::new())).ok()?;
    stored.write_data(profile).ok()?;
    Some(stored.finish().ok()?.into_inner())
}
