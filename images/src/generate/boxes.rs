//! Boxes of ISO-BMFF (ISO/IEC 14496-12) and of JUMBF (ISO/IEC 19566-5), which have the same layout.

/// Returns a box: size, type, content.
pub(super) fn boxed(kind: [u8; 4], content: &[u8]) -> Vec<u8> {
    [&(content.len() as u32 + 8).to_be_bytes(), kind.as_slice(), content].concat()
}

/// Returns a box with a version, and no flags.
pub(super) fn full(kind: [u8; 4], version: u8, content: &[u8]) -> Vec<u8> {
    boxed(kind, &[&[version, 0, 0, 0], content].concat())
}
