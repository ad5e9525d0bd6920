//! The boxes of a JP2 file that decoders need, built from what they may contain (T.800 I.5).

use super::jp2_boxes;
use crate::icc;
use bytes::{BufMut, Bytes, BytesMut};

/// Brands that say which readers can show the file (T.800 I.5.2, T.801 M.6, T.814 D.2).
const BRANDS: [&[u8; 4]; 4] = [b"jp2 ", b"jpx ", b"jpxb", b"jph "];

/// Bytes of a resolution: two fractions and their exponents (T.800 I.5.3.7).
const RESOLUTION_BYTES: usize = 10;

/// Methods of a colour specification (T.800 table I.9): a number, and a restricted or any profile (T.801 table M.22).
const ENUMERATED: u8 = 1;
const PROFILES: [u8; 2] = [2, 3];

/// The file type box with the known brands of `body`.
pub(super) fn file_type(body: &[u8]) -> Bytes {
    let is_known = |brand: &&[u8]| BRANDS.iter().any(|known| known.as_slice() == *brand);
    let brands = body.chunks_exact(4).enumerate().filter(|(index, _)| *index != 1);
    let known: Vec<_> = brands.map(|(_, brand)| brand).filter(is_known).collect();
    let major = known.first().copied().unwrap_or(BRANDS[0]);
    let compatible = known.get(1..).unwrap_or_default().concat();
    new_box(b"ftyp", &[major, &[0; 4], &compatible])
}

/// The image header box with the known boxes of `body`.
pub(super) fn image_header(body: &[u8]) -> Bytes {
    let kept: Vec<_> = jp2_boxes(body).filter_map(|(kind, body)| kept(kind, body)).collect();
    new_box(b"jp2h", &[&kept.concat()])
}

/// A box of an image header in the length that it must have; `None` for one of another length or meaning.
fn kept(kind: &[u8; 4], body: &[u8]) -> Option<Bytes> {
    let is_kept = match kind {
        b"ihdr" => body.len() == 14,
        // A depth for each component; a palette; the components and channels that samples become.
        b"bpcc" => (1..=1 << 14).contains(&body.len()),
        b"pclr" => is_palette(body),
        b"cmap" => !body.is_empty() && body.len().is_multiple_of(4),
        b"cdef" => is_channel_definition(body),
        b"colr" => return colour(body),
        b"res " => {
            let parts = jp2_boxes(body)
                .filter(|(kind, body)| matches!(*kind, b"resc" | b"resd") && body.len() == RESOLUTION_BYTES);
            let parts: Vec<_> = parts.map(|(kind, body)| new_box(kind, &[body])).collect();
            return (!parts.is_empty()).then(|| new_box(kind, &[&parts.concat()]));
        }
        _ => false,
    };
    is_kept.then(|| new_box(kind, &[body]))
}

/// T.800 I.5.3.4: the number of entries, that of columns, the depth of each, and the entries.
fn is_palette(body: &[u8]) -> bool {
    let [high, low, columns, rest @ ..] = body else { return false };
    let columns = usize::from(*columns);
    let Some(depths) = rest.get(..columns) else { return false };
    let entry: usize = depths.iter().map(|depth| usize::from((depth & 0x7F) / 8 + 1)).sum();
    rest.len() == columns + entry * usize::from(u16::from_be_bytes([*high, *low]))
}

/// T.800 I.5.3.6: the number of channels, and three numbers of 16 bits for each.
fn is_channel_definition(body: &[u8]) -> bool {
    let [high, low, rest @ ..] = body else { return false };
    rest.len() == 6 * usize::from(u16::from_be_bytes([*high, *low]))
}

/// T.800 I.5.3.3: the method, a precedence, an approximation, and a number or a profile.
fn colour(body: &[u8]) -> Option<Bytes> {
    const HEAD_BYTES: usize = 3;
    let (head, rest) = body.split_at_checked(HEAD_BYTES)?;
    match head[0] {
        ENUMERATED => Some(new_box(b"colr", &[head, rest.get(..4)?])),
        method if PROFILES.contains(&method) => {
            Some(new_box(b"colr", &[head, &icc::without_identity(rest)?]))
        }
        _ => None,
    }
}

/// A box with the bytes of all `pieces`.
fn new_box(kind: &[u8; 4], pieces: &[&[u8]]) -> Bytes {
    let length = 8 + pieces.iter().map(|piece| piece.len()).sum::<usize>();
    let mut all = BytesMut::with_capacity(length);
    all.put_u32(length as u32);
    all.put_slice(kind);
    for piece in pieces {
        all.put_slice(piece);
    }
    all.freeze()
}
