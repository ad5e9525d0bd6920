//! Files of a ZIP archive (PKWARE, APPNOTE.TXT 6.3.10), stored or deflated.

use std::collections::BTreeMap;

/// Returns the files of an archive by their names.
pub(crate) fn files(archive: &[u8]) -> BTreeMap<String, Vec<u8>> {
    let short = |at: usize| usize::from(u16::from_le_bytes([archive[at], archive[at + 1]]));
    let long = |at: usize| short(at) | short(at + 2) << 16;
    // The end of the central directory has no comment.
    let end = archive.len() - 22;
    let (count, mut at) = (short(end + 10), long(end + 16));
    let mut files = BTreeMap::new();
    for _ in 0..count {
        let (method, packed, local) = (short(at + 10), long(at + 20), long(at + 42));
        let [name, extra, comment] = [28, 30, 32].map(|field| short(at + field));
        let text = String::from_utf8_lossy(&archive[at + 46..at + 46 + name]).into_owned();
        let start = local + 30 + short(local + 26) + short(local + 28);
        let bytes = &archive[start..start + packed];
        let bytes = match method {
            0 => bytes.to_vec(),
            8 => miniz_oxide::inflate::decompress_to_vec(bytes).unwrap(),
            _ => panic!("{text}: method {method}"),
        };
        if !text.ends_with('/') {
            files.insert(text, bytes);
        }
        at += 46 + name + extra + comment;
    }
    files
}
