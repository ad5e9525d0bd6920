//! `PackBits`: runs of equal bytes, and bytes as they are (TIFF 6.0, section 9).

/// Decodes as much of `coded` as `raw` has room for. Returns the bytes that were made.
pub(crate) fn pack_bits(mut coded: &[u8], raw: &mut [u8]) -> usize {
    let mut at = 0;
    while let Some((head, rest)) = coded.split_first() {
        let room = &mut raw[at..];
        let (made, used) = match head.cast_signed() {
            i8::MIN => (0, 0),
            literal @ 0.. => {
                let length = (literal as usize + 1).min(rest.len());
                let made = length.min(room.len());
                room[..made].copy_from_slice(&rest[..made]);
                (made, length)
            }
            repeat => {
                let Some(value) = rest.first() else { break };
                let made = (1 - isize::from(repeat)).unsigned_abs().min(room.len());
                room[..made].fill(*value);
                (made, 1)
            }
        };
        at += made;
        coded = &rest[used..];
        if at == raw.len() {
            break;
        }
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packed_bits_are_unpacked() {
        // The example of section 9, then a literal that is cut short.
        let coded = b"\xFE\xAA\x02\x80\x00\x2A\xFD\xAA\x03\x80\x00\x2A\x22\xF7\xAA\x80\x03\x07";
        let expected = b"\xAA\xAA\xAA\x80\x00\x2A\xAA\xAA\xAA\xAA\x80\x00\x2A\x22\xAA\xAA\xAA\xAA\xAA\xAA\xAA\xAA\xAA\xAA\x07";
        let mut raw = [0; 30];
        let made = pack_bits(coded, &mut raw);
        assert_eq!(&raw[..made], expected);
        assert_eq!(pack_bits(coded, &mut [0; 5]), 5);
        assert_eq!(pack_bits(b"\xFE", &mut [0; 5]), 0);
    }
}
