//! Where the codestream lies in a file, T.800 Annex I, and where its headers lie in it.

use super::NAME;
use crate::error::CodecError;
use safelight_containers::codestream::{CODESTREAM_START, CodestreamError, HeaderScan, Segments, marker};
use safelight_core::Result;

/// The signature box of JP2 and JPH files (T.800 I.5.1).
pub(super) const SIGNATURE: [u8; 12] = *b"\0\0\0\x0CjP  \r\n\x87\n";

/// Colour spaces of the `colr` box that need no conversion: sRGB and grey (T.800 table I.10).
const COLOURS: [u32; 2] = [16, 17];

/// A codestream and what the file around it says of its colours.
#[derive(Clone, Copy, Debug)]
pub(super) struct File<'a> {
    /// From SOC to the end of the box, or of the source.
    pub(super) codestream: &'a [u8],
    /// From SOC up to the first tile-part.
    pub(super) main_header: &'a [u8],
    /// How many tile-parts there are.
    pub(super) tile_parts: u64,
    pub(super) icc: Option<&'a [u8]>,
}

impl<'a> File<'a> {
    pub(super) fn read(bytes: &'a [u8]) -> Result<Self> {
        let (codestream, icc) =
            if bytes.starts_with(&CODESTREAM_START) { (bytes, None) } else { unwrap(bytes)? };
        if !codestream.starts_with(&CODESTREAM_START) {
            return Err(CodestreamError::Damaged("it has no start").into());
        }
        let end = HeaderScan::main().find(codestream)?.ok_or(CodestreamError::Damaged("it is cut short"))?;
        let (main_header, parts) = codestream.split_at(end);
        let tile_parts = count_tile_parts(parts)?;
        Ok(Self { codestream, main_header, tile_parts, icc })
    }
}

/// The codestream in a JP2 or JPH file, and the profile of its colours.
fn unwrap(file: &[u8]) -> Result<(&[u8], Option<&[u8]>)> {
    let mut icc = None;
    for (kind, payload) in boxes(file) {
        match &kind {
            b"jp2h" => icc = profile(payload)?,
            b"jp2c" => return Ok((payload, icc)),
            _ => (),
        }
    }
    Err(CodestreamError::Damaged("the file around it has none").into())
}

/// The profile that the header box states; `None` where colours are sRGB or grey, or of no stated kind.
fn profile(header: &[u8]) -> Result<Option<&[u8]>> {
    let unsupported = |what| Err(CodecError::Unsupported(NAME, what).into());
    let mut colours = None;
    for (kind, payload) in boxes(header) {
        match &kind {
            b"pclr" => return unsupported("a picture with a palette"),
            // The first says it; others are for those who cannot read it.
            b"colr" if colours.is_none() => colours = Some(payload),
            _ => (),
        }
    }
    match colours {
        Some([1, _, _, a, b, c, d, ..]) if !COLOURS.contains(&u32::from_be_bytes([*a, *b, *c, *d])) => {
            unsupported("a picture of colours that are neither grey nor sRGB nor of a profile")
        }
        Some([2, _, _, icc @ ..]) => Ok(Some(icc)),
        _ => Ok(None),
    }
}

/// The boxes that `bytes` consist of: type and payload. Ends where one reaches beyond them.
fn boxes(bytes: &[u8]) -> impl Iterator<Item = ([u8; 4], &[u8])> {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        let (length, behind) = rest.split_first_chunk::<4>()?;
        let (kind, behind) = behind.split_first_chunk::<4>()?;
        let (head, length) = match u32::from_be_bytes(*length) {
            0 => (8, rest.len()),
            1 => (16, usize::try_from(u64::from_be_bytes(*behind.first_chunk()?)).ok()?),
            length => (8, length as usize),
        };
        let payload = rest.get(head..length)?;
        rest = rest.get(length..)?;
        Some((*kind, payload))
    })
}

/// Counts the tile-parts of a codestream, and refuses those with segments that change how they are coded: the
/// checks of the main header would not hold for them.
fn count_tile_parts(mut parts: &[u8]) -> Result<u64> {
    let damaged = || CodestreamError::Damaged("a tile-part");
    let mut count = 0;
    while parts.starts_with(&[0xFF, marker::SOT]) {
        let end = HeaderScan::tile_part().find(parts)?.ok_or_else(damaged)?;
        for segment in Segments::new(&parts[..end]) {
            match segment?.0 {
                marker::SOT | marker::QCD | marker::QCC | marker::PLT | marker::COM => (),
                _ => {
                    let what = "a codestream with tiles that are coded in ways of their own";
                    return Err(CodecError::Unsupported(NAME, what).into());
                }
            }
        }
        count += 1;
        let length = parts.get(6..).and_then(|rest| rest.first_chunk()).ok_or_else(damaged)?;
        parts = match u32::from_be_bytes(*length) as usize {
            // It goes on to the end.
            0 => &[],
            length if end < length => parts.get(length..).unwrap_or_default(),
            _ => return Err(damaged().into()),
        };
    }
    Ok(count)
}
