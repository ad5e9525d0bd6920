//! The codestream in a file (T.800 Annex I), and the headers in the codestream.

use super::FORMAT;
use crate::error::CodecError;
use bytes::Bytes;
use safelight_containers::{
    codestream::{CODESTREAM_START, CodestreamError, HeaderScan, Segments, marker},
    jp2_boxes,
};
use safelight_core::Result;

/// Colour spaces of the `colr` box that need no conversion: sRGB and grey (T.800 table I.10).
const COLOURS: [u32; 2] = [16, 17];

/// A codestream and the profile that the file states for it.
#[derive(Clone, Debug)]
pub(super) struct File {
    /// From SOC to the end of the box, or of the source.
    pub(super) codestream: Bytes,
    /// From SOC up to the first tile-part.
    pub(super) main_header: Bytes,
    /// The number of tile-parts.
    pub(super) tile_parts: u64,
    pub(super) icc: Option<Bytes>,
}

impl File {
    /// Finds the parts of `source` without copying them.
    pub(super) fn read(source: &Bytes) -> Result<Self> {
        let (codestream, icc) =
            if source.starts_with(&CODESTREAM_START) { (&**source, None) } else { unwrap(source)? };
        if !codestream.starts_with(&CODESTREAM_START) {
            return Err(CodestreamError::Damaged("it has no start marker").into());
        }
        let end = HeaderScan::main()
            .find(codestream)?
            .ok_or(CodestreamError::Damaged("its main header is truncated"))?;
        let (main_header, parts) = codestream.split_at(end);
        let tile_parts = count_tile_parts(parts)?;
        Ok(Self {
            codestream: source.slice_ref(codestream),
            main_header: source.slice_ref(main_header),
            tile_parts,
            icc: icc.map(|icc| source.slice_ref(icc)),
        })
    }
}

/// The codestream and the profile in a JP2 or JPH file.
fn unwrap(file: &[u8]) -> Result<(&[u8], Option<&[u8]>)> {
    let mut icc = None;
    for (kind, payload) in jp2_boxes(file) {
        match kind {
            b"jp2h" => icc = profile(payload)?,
            b"jp2c" => return Ok((payload, icc)),
            _ => (),
        }
    }
    Err(CodestreamError::Damaged("the file contains no codestream").into())
}

/// The profile in the header box; `None` for sRGB, for grey, and where no colour space is stated.
fn profile(header: &[u8]) -> Result<Option<&[u8]>> {
    let unsupported = |what| Err(CodecError::Unsupported(FORMAT, what).into());
    let mut colours = None;
    for (kind, payload) in jp2_boxes(header) {
        match kind {
            b"pclr" => return unsupported("a palette"),
            // The first box applies; others are alternatives for simpler readers.
            b"colr" if colours.is_none() => colours = Some(payload),
            _ => (),
        }
    }
    match colours {
        Some([1, _, _, a, b, c, d, ..]) if !COLOURS.contains(&u32::from_be_bytes([*a, *b, *c, *d])) => {
            unsupported("colours other than greyscale, sRGB or a profile")
        }
        Some([2, _, _, icc @ ..]) => Ok(Some(icc)),
        _ => Ok(None),
    }
}

/// Counts the tile-parts of a codestream, and rejects those with segments that change their coding, which the checks
/// of the main header do not cover.
fn count_tile_parts(mut parts: &[u8]) -> Result<u64> {
    let damaged = || CodestreamError::Damaged("an invalid tile-part");
    let mut count = 0;
    while parts.starts_with(&[0xFF, marker::SOT]) {
        let end = HeaderScan::tile_part().find(parts)?.ok_or_else(damaged)?;
        for segment in Segments::new(&parts[..end]) {
            match segment?.0 {
                marker::SOT | marker::QCD | marker::QCC | marker::PLT | marker::COM => (),
                _ => {
                    let what = "tiles with coding parameters of their own";
                    return Err(CodecError::Unsupported(FORMAT, what).into());
                }
            }
        }
        count += 1;
        let length = parts.get(6..).and_then(|rest| rest.first_chunk()).ok_or_else(damaged)?;
        parts = match u32::from_be_bytes(*length) as usize {
            // It extends to the end.
            0 => &[],
            length if end < length => parts.get(length..).unwrap_or_default(),
            _ => return Err(damaged().into()),
        };
    }
    Ok(count)
}
