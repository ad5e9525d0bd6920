//! The application extension with an ICC profile (ICC.1:2022 annex B.6).

use super::APPLICATION_BYTES;
use crate::icc;
use bytes::{BufMut, Bytes, BytesMut};

const MAX_SUB_BLOCK_BYTES: usize = 255;
/// The longest extension that is kept.
pub(super) const MAX_EXTENSION_BYTES: usize =
    icc::MAX_BYTES + icc::MAX_BYTES / MAX_SUB_BLOCK_BYTES + APPLICATION_BYTES;

/// The extension with the profile of `extension` without identities; `None` if it has none.
pub(super) fn rewrite(extension: &[u8]) -> Option<Bytes> {
    let (head, mut rest) = extension.split_at_checked(APPLICATION_BYTES)?;
    let mut profile = Vec::with_capacity(rest.len());
    while let Some((length, data)) = rest.split_first().filter(|(length, _)| 0 < **length) {
        let (data, after) = data.split_at_checked(usize::from(*length))?;
        profile.extend_from_slice(data);
        rest = after;
    }
    let profile = icc::without_identity(&profile)?;
    let mut extension = BytesMut::with_capacity(extension.len());
    extension.put_slice(head);
    for data in profile.chunks(MAX_SUB_BLOCK_BYTES) {
        extension.put_u8(data.len() as u8);
        extension.put_slice(data);
    }
    extension.put_u8(0);
    Some(extension.freeze())
}
