//! EXIF blocks: location of the TIFF structure, the orientation, and the minimal block that remains after a
//! strip.

use crate::tiff::TiffReader;
use bytes::{BufMut, Bytes, BytesMut};
use safelight_core::Orientation;

/// Bytes of a TIFF structure with an orientation and nothing else.
const MINIMAL_BYTES: usize = 26;

/// The signature that precedes the TIFF structure in JPEG and, against the specifications, in other formats.
pub(crate) const EXIF_SIGNATURE: &[u8] = b"Exif\0\0";

/// The orientation that the TIFF structure `tiff` states, if it states a valid one.
pub fn read_orientation(tiff: &[u8]) -> Option<Orientation> {
    const TAG: u16 = 0x0112;
    let (reader, first) = TiffReader::new(tiff)?;
    let ifd = reader.ifd(first)?;
    let entry = ifd.entries.iter().find(|entry| entry.tag == TAG)?;
    let value = reader.uints(entry).next()?;
    u8::try_from(value).ok().and_then(Orientation::new)
}

/// Returns a TIFF structure with `orientation` and nothing else.
fn to_tiff(orientation: Orientation) -> [u8; MINIMAL_BYTES] {
    let mut tiff = *b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\0\0\0\0\0\0\0";
    tiff[19] = orientation.get();
    tiff
}

/// The TIFF structure in an EXIF block. Some writers put a signature, a JPEG segment header or an offset
/// before it.
///
/// `None` if the structure does not begin in the first 33 bytes.
pub fn locate_tiff(block: &[u8]) -> Option<&[u8]> {
    const MAX_PREFIX: usize = 32;
    let is_start = |at: &usize| {
        matches!(block.get(*at..*at + 4), Some([b'I', b'I', 42 | 43, 0] | [b'M', b'M', 0, 42 | 43]))
    };
    (0..=MAX_PREFIX.min(block.len())).find(is_start).and_then(|at| block.get(at..))
}

/// The framing of an EXIF block in a container.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExifFraming {
    /// A JPEG APP1 segment.
    Segment,
    /// A PNG `eXIf` chunk.
    PngChunk,
    /// A WebP `EXIF` chunk of this length in bytes, header and padding included, which must not change.
    WebpChunk(usize),
    /// The data of an ISO-BMFF item of this length in bytes, which must not change.
    Item(usize),
}

impl ExifFraming {
    /// The length of the replacement in bytes, if it is fixed; zeros follow the bytes of
    /// [`ExifFraming::minimal`].
    pub const fn length(self) -> Option<usize> {
        match self {
            Self::Segment | Self::PngChunk => None,
            Self::WebpChunk(length) | Self::Item(length) => Some(length),
        }
    }

    /// The replacement of a block that states `orientation`.
    pub fn minimal(self, orientation: Option<Orientation>) -> Bytes {
        let tiff = to_tiff(orientation.unwrap_or(Orientation::UPRIGHT));
        let is_upright = matches!(orientation, None | Some(Orientation::UPRIGHT));
        let mut out = BytesMut::new();
        match self {
            Self::Segment | Self::PngChunk if is_upright => (),
            Self::Segment => {
                out.put_slice(&[0xFF, 0xE1]);
                out.put_u16((2 + EXIF_SIGNATURE.len() + MINIMAL_BYTES) as u16);
                out.put_slice(EXIF_SIGNATURE);
                out.put_slice(&tiff);
            }
            Self::PngChunk => {
                out.put_u32(MINIMAL_BYTES as u32);
                out.put_slice(b"eXIf");
                out.put_slice(&tiff);
                out.put_u32(crc32fast::hash(&out[4..]));
            }
            Self::WebpChunk(len) => {
                let fits = 8 + MINIMAL_BYTES <= len;
                out.put_slice(if fits { b"EXIF" } else { b"JUNK" });
                out.put_u32_le(len.saturating_sub(8) as u32);
                if fits {
                    out.put_slice(&tiff);
                }
            }
            // The first four bytes are the offset of the TIFF structure after them: ISO/IEC 23008-12 A.2.1.
            Self::Item(len) if 4 + MINIMAL_BYTES <= len => {
                out.put_u32(0);
                out.put_slice(&tiff);
            }
            Self::Item(_) => (),
        }
        out.freeze()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn minimal_blocks_keep_the_orientation() {
        for value in 1..=8 {
            let orientation = Orientation::new(value).unwrap();
            assert_eq!(read_orientation(&to_tiff(orientation)), Some(orientation));
            for framing in [ExifFraming::WebpChunk(100), ExifFraming::Item(31), ExifFraming::Item(30)] {
                let block = framing.minimal(Some(orientation));
                let tiff = locate_tiff(&block).unwrap();
                assert_eq!(read_orientation(tiff), Some(orientation), "{framing:?}");
            }
        }
        assert_eq!(ExifFraming::Segment.minimal(Some(Orientation::UPRIGHT)), Bytes::new());
        assert_eq!(ExifFraming::Item(29).minimal(None), Bytes::new());
        assert_eq!(ExifFraming::WebpChunk(10).minimal(None), Bytes::from_static(b"JUNK\x02\0\0\0"));
    }

    #[test]
    fn invalid_blocks_have_no_orientation() {
        for tiff in [&b""[..], b"II*\0", b"II*\0\xff\xff\xff\xff", b"MM\0*\0\0\0\x08\xff\xff\x01\x12"] {
            assert_eq!(read_orientation(tiff), None);
        }
    }
}
