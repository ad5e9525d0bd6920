//! What a JPEG file says before its first scan: ITU-T T.81 B.2.2 and B.2.3, and Adobe's APP14 segment.

use crate::{
    error::CodecError,
    jpeg::markers::{APP14, EOI, SOF0, SOF2, SOI, SOS},
};
use safelight_core::Size;

/// The frame header, and what else tells how the samples are coded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct FrameHeader {
    pub(super) size: Size,
    /// 1, 3 or 4.
    pub(super) components: u8,
    /// Coefficients of the whole picture for each 64 pixels, in blocks of 64.
    blocks: u32,
    /// Whether all coefficients must be held before the first pixel: there are several scans.
    is_buffered: bool,
    /// Whether a program of Adobe wrote it, which stores inks inverted.
    pub(super) has_adobe: bool,
}

impl FrameHeader {
    /// Reads the segments of `source` up to its first scan.
    ///
    /// # Errors
    /// [`CodecError::Damaged`], or [`CodecError::Unsupported`] for coding that is decoded nowhere here.
    pub(super) fn read(source: &[u8]) -> Result<Self, CodecError> {
        let damaged = |what: &'static str| CodecError::Damaged("jpeg", what.into());
        let mut frame: Option<Self> = None;
        let mut has_adobe = false;
        let mut rest = source.get(2..).unwrap_or_default();
        loop {
            let (marker, body, behind) =
                segment(rest).ok_or_else(|| damaged("it ends before its first scan"))?;
            rest = behind;
            match marker {
                0xC4 | 0xC8 | 0xCC => (),
                SOF0..=SOF2 if frame.is_none() => frame = Some(Self::parse(marker, body)?),
                SOF0..=SOF2 => return Err(damaged("a second frame header")),
                0xC3..=0xCF => {
                    return Err(CodecError::Unsupported(
                        "jpeg",
                        "a lossless, hierarchical or arithmetic-coded JPEG",
                    ));
                }
                APP14 => has_adobe |= body.starts_with(b"Adobe"),
                SOI | EOI => return Err(damaged("it ends before its first scan")),
                SOS => {
                    let frame = frame.ok_or_else(|| damaged("a scan before its frame header"))?;
                    let is_partial = body.first().is_some_and(|components| *components < frame.components);
                    return Ok(Self { is_buffered: frame.is_buffered || is_partial, has_adobe, ..frame });
                }
                _ => (),
            }
        }
    }

    fn parse(marker: u8, body: &[u8]) -> Result<Self, CodecError> {
        let [precision, y1, y0, x1, x0, components, sampling @ ..] = body else {
            return Err(CodecError::Damaged("jpeg", "a frame header that is too short".into()));
        };
        if *precision != 8 {
            return Err(CodecError::Unsupported("jpeg", "a JPEG of other than 8 bits"));
        }
        if !matches!(components, 1 | 3 | 4) {
            return Err(CodecError::Unsupported(
                "jpeg",
                "a JPEG of other than one, three or four components",
            ));
        }
        let factors = sampling.chunks_exact(3).take((*components).into());
        let factors: Vec<_> = factors.map(|it| (u32::from(it[1] >> 4), u32::from(it[1] & 15))).collect();
        let is_factor = |factor: u32| (1..=4).contains(&factor);
        if factors.len() < (*components).into()
            || !factors.iter().all(|(h, v)| is_factor(*h) && is_factor(*v))
        {
            return Err(CodecError::Damaged("jpeg", "a sampling factor outside 1 to 4".into()));
        }
        let most = |of: fn(&(u32, u32)) -> u32| factors.iter().map(of).max().unwrap_or(1);
        let unit = most(|factor| factor.0) * most(|factor| factor.1);
        let blocks: u32 = factors.iter().map(|(h, v)| h * v).sum();
        Ok(Self {
            size: Size::new(u16::from_be_bytes([*x1, *x0]).into(), u16::from_be_bytes([*y1, *y0]).into()),
            components: *components,
            blocks: blocks.div_ceil(unit),
            is_buffered: marker == SOF2,
            has_adobe: false,
        })
    }

    /// Most bytes that are held for each pixel: a sample for each component, and each coefficient in two
    /// bytes where all are held.
    pub(super) fn pixel_bytes(&self) -> u32 {
        let coefficients = if self.is_buffered { 2 * self.blocks } else { 0 };
        u32::from(self.components) + coefficients
    }
}

/// The marker at the front of `rest`, or behind bytes that are none (T.81 B.1.1.2); what its segment holds;
/// what lies behind.
fn segment(rest: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let is_marker = |pair: &[u8]| pair[0] == 0xFF && !matches!(pair[1], 0x00 | 0x01 | 0xD0..=0xD7 | 0xFF);
    let at = rest.windows(2).position(is_marker)?;
    let (marker, behind) = rest.get(at + 1..)?.split_first()?;
    if matches!(*marker, SOI | EOI) {
        return Some((*marker, &[], behind));
    }
    let (length, _) = behind.split_first_chunk()?;
    let length = usize::from(u16::from_be_bytes(*length));
    Some((*marker, behind.get(2..length)?, behind.get(length..)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(frame: &[u8], scan: &[u8]) -> Vec<u8> {
        let part = |marker: u8, body: &[u8]| {
            let length = (body.len() as u16 + 2).to_be_bytes();
            [&[0xFF, marker], &length[..], body].concat()
        };
        [&[0xFF, SOI], &*part(APP14, b"Adobe\0d"), &part(frame[0], &frame[1..]), &part(SOS, scan)].concat()
    }

    fn check(frame: &[u8], scan: &[u8], components: u8, pixel_bytes: u32) {
        let header = FrameHeader::read(&file(frame, scan)).unwrap();
        assert_eq!(header.size, Size::new(0x0102, 0x0304));
        assert_eq!((header.components, header.pixel_bytes()), (components, pixel_bytes));
        assert!(header.has_adobe);
    }

    #[test]
    fn headers_say_what_a_decode_holds() {
        check(&[SOF0, 8, 3, 4, 1, 2, 1, 1, 0x22, 0], &[1], 1, 1);
        check(&[SOF0, 8, 3, 4, 1, 2, 3, 1, 0x22, 0, 2, 0x11, 0, 3, 0x11, 0], &[3], 3, 3);
        check(&[SOF0, 8, 3, 4, 1, 2, 3, 1, 0x22, 0, 2, 0x11, 0, 3, 0x11, 0], &[1], 3, 7);
        check(&[SOF2, 8, 3, 4, 1, 2, 3, 1, 0x11, 0, 2, 0x11, 0, 3, 0x11, 0], &[3], 3, 9);
    }

    #[test]
    fn what_cannot_be_decoded_is_told_apart_from_what_is_damaged() {
        let check = |frame: &[u8], expected: &str| {
            assert_eq!(FrameHeader::read(&file(frame, &[1])).unwrap_err().to_string(), expected);
        };
        let damaged = "the picture is damaged and cannot be decoded";
        check(&[SOF0, 12, 3, 4, 1, 2, 1, 1, 0x11, 0], "a JPEG of other than 8 bits cannot be decoded");
        check(
            &[0xC9, 8, 3, 4, 1, 2, 1, 1, 0x11, 0],
            "a lossless, hierarchical or arithmetic-coded JPEG cannot be decoded",
        );
        check(
            &[SOF0, 8, 3, 4, 1, 2, 2, 1, 0x11, 0],
            "a JPEG of other than one, three or four components cannot be decoded",
        );
        check(&[SOF0, 8, 3, 4, 1, 2, 1, 1, 0x51, 0], damaged);
        check(&[SOF0, 8, 3, 4, 1, 2, 3, 1, 0x11, 0], damaged);
        check(&[SOF0, 8, 3], damaged);
        check(&[0xDB, 8, 3], damaged);
    }
}
