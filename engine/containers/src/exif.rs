//! The EXIF block as every container carries it: finding the TIFF structure in it, reading the
//! orientation, and writing the one block that outlives a strip.

use crate::tiff::TiffReader;
use bytes::{BufMut, Bytes, BytesMut};
use safelight_core::Orientation;

/// Bytes of the TIFF structure that holds an orientation and nothing else.
const MINIMAL_BYTES: usize = 26;

/// `Exif\0\0`, which stands before the TIFF structure in JPEG and, against the specifications, elsewhere.
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

/// The TIFF structure that states `orientation` and nothing else.
fn to_tiff(orientation: Orientation) -> [u8; MINIMAL_BYTES] {
    let mut tiff = *b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\0\0\0\0\0\0\0";
    tiff[19] = orientation.get();
    tiff
}

/// The TIFF structure in an EXIF block, which may have a signature, a JPEG segment header or an
/// offset before it, as different writers have left there.
///
/// `None` if there is none in the first bytes.
pub fn locate_tiff(block: &[u8]) -> Option<&[u8]> {
    const MAX_BEFORE: usize = 32;
    let is_start = |at: &usize| {
        matches!(block.get(*at..*at + 4), Some([b'I', b'I', 42 | 43, 0] | [b'M', b'M', 0, 42 | 43]))
    };
    (0..=MAX_BEFORE.min(block.len())).find(is_start).and_then(|at| block.get(at..))
}

/// How a container frames an EXIF block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExifFraming {
    /// A JPEG APP1 segment.
    Segment,
    /// A PNG `eXIf` chunk.
    PngChunk,
    /// A WebP `EXIF` chunk of this many bytes, header and padding included, to be kept at that length.
    WebpChunk(usize),
    /// The bytes of an ISO-BMFF item, this many, to be kept at that length.
    Item(usize),
}

impl ExifFraming {
    /// How many bytes must take the block's place, where that is fixed; zeros fill up what
    /// [`ExifFraming::minimal`] leaves.
    pub const fn length(self) -> Option<usize> {
        match self {
            Self::Segment | Self::PngChunk => None,
            Self::WebpChunk(length) | Self::Item(length) => Some(length),
        }
    }

    /// What takes the place of a block that states `orientation`.
    pub fn minimal(self, orientation: Option<Orientation>) -> Bytes {
        let tiff = to_tiff(orientation.unwrap_or(Orientation::UPRIGHT));
        let says_nothing = matches!(orientation, None | Some(Orientation::UPRIGHT));
        let mut out = BytesMut::new();
        match self {
            Self::Segment | Self::PngChunk if says_nothing => (),
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
            // Four bytes say how far behind them the TIFF structure begins: ISO/IEC 23008-12 A.2.1.
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
    fn minimal_blocks_say_what_was_said() {
        for value in 1..=8 {
            let orientation = Orientation::new(value).unwrap();
            assert_eq!(read_orientation(&to_tiff(orientation)), Some(orientation));
            for frame in [ExifFraming::WebpChunk(100), ExifFraming::Item(31), ExifFraming::Item(30)] {
                let block = frame.minimal(Some(orientation));
                let tiff = locate_tiff(&block).unwrap();
                assert_eq!(read_orientation(tiff), Some(orientation), "{frame:?}");
            }
        }
        assert_eq!(ExifFraming::Segment.minimal(Some(Orientation::UPRIGHT)), Bytes::new());
        assert_eq!(ExifFraming::Item(29).minimal(None), Bytes::new());
        assert_eq!(ExifFraming::WebpChunk(10).minimal(None), Bytes::from_static(b"JUNK\x02\0\0\0"));
    }

    #[test]
    fn nonsense_has_no_orientation() {
        for tiff in [&b""[..], b"II*\0", b"II*\0\xff\xff\xff\xff", b"MM\0*\0\0\0\x08\xff\xff\x01\x12"] {
            assert_eq!(read_orientation(tiff), None);
        }
    }
}
