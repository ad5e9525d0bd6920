//! A box of content credentials. It has the right structure, but no signature.

use super::CREATOR;
use crate::generate::boxes::boxed;

/// Returns a JUMBF superbox of C2PA (ISO/IEC 19566-5) with one JSON claim.
pub(in crate::generate) fn manifest() -> Vec<u8> {
    let claim = format!("{{\"dc:title\":\"Evening over the lake\",\"author\":[{{\"name\":\"{CREATOR}\"}}]}}");
    let content = superbox(*b"json", "stds.schema-org.CreativeWork", &boxed(*b"json", claim.as_bytes()));
    superbox(*b"c2pa", "c2pa", &content)
}

/// Returns a superbox for content of type `kind`, which is the start of its UUID.
fn superbox(kind: [u8; 4], label: &str, content: &[u8]) -> Vec<u8> {
    const UUID_TAIL: [u8; 12] = [0x00, 0x11, 0x00, 0x10, 0x80, 0x00, 0x00, 0xAA, 0x00, 0x38, 0x9B, 0x71];
    // Toggles: requestable, with a label.
    let description = [kind.as_slice(), &UUID_TAIL, &[0x03], label.as_bytes(), &[0]].concat();
    boxed(*b"jumb", &[boxed(*b"jumd", &description), content.to_vec()].concat())
}
