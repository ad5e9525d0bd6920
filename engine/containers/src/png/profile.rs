//! The chunk `iCCP`: a name, and a compressed profile (W3C PNG Third Edition, section 11.3.2.3).

use super::chunks::chunk;
use crate::icc;
use bytes::Bytes;
use miniz_oxide::{deflate::compress_to_vec_zlib, inflate::decompress_to_vec_zlib_with_limit};

/// The name, which often is that of a display, becomes this one. After it, the number of the compression method.
const NAME: &[u8] = b"icc\0\0";
/// The level of libpng; large profiles are compressed at the fastest one, so that they do not delay other requests.
const LEVEL: u8 = 6;
const FAST_LEVEL: u8 = 1;
/// The longest profile that is compressed at [`LEVEL`].
const MAX_SMALL_BYTES: usize = 128 << 10;

/// The chunk with the profile of `data`, the data of a chunk, without identities; `None` if it has none.
pub(super) fn rewrite(data: &[u8]) -> Option<Bytes> {
    const MAX_NAME_BYTES: usize = 79;
    let name_bytes = data.iter().take(MAX_NAME_BYTES + 1).position(|byte| *byte == 0)?;
    let [0, compressed @ ..] = data.get(name_bytes + 1..)? else { return None };
    let profile = decompress_to_vec_zlib_with_limit(compressed, icc::MAX_BYTES).ok()?;
    let level = if profile.len() <= MAX_SMALL_BYTES { LEVEL } else { FAST_LEVEL };
    let compressed = compress_to_vec_zlib(&icc::without_identity(&profile)?, level);
    Some(chunk(b"iCCP", &[NAME, &compressed]))
}
