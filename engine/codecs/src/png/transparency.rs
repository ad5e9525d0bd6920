//! The transparent grey of images with fewer than 8 bits a sample.
//!
//! Only as many bits of it as a sample has count (W3C PNG Third Edition, section 11.3.1.1), and some programs set the
//! others. The `png` crate compares them all, so they are cleared before it reads them.

use bytes::Bytes;

/// The parts of the file `source`, with the other bits of the transparent grey cleared.
pub(super) fn masked(source: Bytes) -> Vec<Bytes> {
    let Some((at, grey)) = transparent_grey(&source) else { return vec![source] };
    let checked = [b"tRNS\0", &[grey][..]].concat();
    let checksum = crc32fast::hash(&checked).to_be_bytes();
    let chunk = [&checked, &checksum[..]].concat();
    let end = at + chunk.len();
    vec![source.slice(..at), chunk.into(), source.slice(end..)]
}

/// The position of the kind of a `tRNS` chunk with bits that do not count, and its value without them.
fn transparent_grey(source: &[u8]) -> Option<(usize, u8)> {
    const SIGNATURE_BYTES: usize = 8;
    let header = source.get(SIGNATURE_BYTES + 8..SIGNATURE_BYTES + 8 + 13)?;
    let [.., bits, colours, _, _, _] = *header else { return None };
    if colours != 0 || !matches!(bits, 1 | 2 | 4) {
        return None;
    }
    let mut at = SIGNATURE_BYTES;
    loop {
        let (length, rest) = source.get(at..)?.split_first_chunk::<4>()?;
        let length = u32::from_be_bytes(*length) as usize;
        match rest.split_first_chunk::<4>()? {
            (b"IDAT", _) => return None,
            (b"tRNS", [high, low, _, _, _, _, ..]) if length == 2 => {
                let grey = low & ((1 << bits) - 1);
                return ((*high, *low) != (0, grey)).then_some((at + 4, grey));
            }
            _ => at = at.checked_add(length)?.checked_add(12)?,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chunk(kind: &[u8; 4], data: &[u8]) -> Vec<u8> {
        let checked = [kind, data].concat();
        let checksum = crc32fast::hash(&checked).to_be_bytes();
        [&(data.len() as u32).to_be_bytes()[..], &checked, &checksum].concat()
    }

    #[test]
    fn only_bits_of_a_sample_are_kept() {
        let file = |bits, colours, transparent: &[u8]| {
            let header = [0, 0, 0, 1, 0, 0, 0, 1, bits, colours, 0, 0, 0];
            let chunks = [chunk(b"IHDR", &header), chunk(b"tRNS", transparent), chunk(b"IDAT", &[])].concat();
            Bytes::from([b"\x89PNG\r\n\x1a\n", &*chunks].concat())
        };
        let check = |bits, colours, transparent: &[u8], expected: &[u8]| {
            let parts = masked(file(bits, colours, transparent));
            assert_eq!(parts.concat(), file(bits, colours, expected), "{bits} bits: {transparent:?}");
        };
        check(1, 0, &[0xFF, 0x5B], &[0, 1]);
        check(2, 0, &[0, 0x5B], &[0, 3]);
        check(4, 0, &[1, 0], &[0, 0]);
        check(4, 0, &[0, 7], &[0, 7]);
        check(8, 0, &[1, 7], &[1, 7]);
        check(4, 3, &[0xFF, 0xFF], &[0xFF, 0xFF]);
        check(4, 0, &[0xFF], &[0xFF]);
        for length in 0..file(1, 0, &[0xFF, 0x5B]).len() {
            masked(file(1, 0, &[0xFF, 0x5B]).slice(..length));
        }
    }
}
