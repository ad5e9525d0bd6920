//! The chunks of a WebP file: RFC 9649, section 2.

use super::FORMAT;
use crate::error::CodecError;
use bytes::Bytes;
use safelight_core::{Limits, Rect, Size};

/// Allowance for coded bytes besides pixels: headers and tables.
pub(super) const SPARE_BYTES: u64 = 64 << 10;

/// The headers of a file. Its parts are slices of the source.
pub(super) struct File {
    pub(super) canvas: Size,
    pub(super) profile: Option<Bytes>,
    /// The number of plays of the animation; 0 means forever.
    pub(super) plays: u32,
    pub(super) is_animated: bool,
    /// All chunks.
    chunks: Bytes,
}

/// An image of a file, with its position and drawing method.
pub(super) struct Part<'a> {
    pub(super) rect: Rect,
    pub(super) delay_ms: u32,
    /// Whether it is blended with the canvas; otherwise it replaces the pixels there.
    pub(super) blends: bool,
    /// Whether its rectangle is cleared before the next part.
    pub(super) is_cleared: bool,
    pub(super) bitstream: Bitstream<'a>,
}

/// An encoded image.
pub(super) struct Bitstream<'a> {
    pub(super) size: Size,
    /// The `ALPH` chunk of a lossy image.
    pub(super) alpha: Option<&'a [u8]>,
    /// `VP8 ` or `VP8L`.
    pub(super) kind: [u8; 4],
    pub(super) coded: &'a [u8],
}

impl File {
    /// Reads the first chunks of a file.
    ///
    /// # Errors
    /// [`CodecError::Damaged`] if there is no image.
    pub(super) fn from_bytes(source: &Bytes) -> Result<Self, CodecError> {
        let (head, rest) = source.split_first_chunk::<12>().ok_or_else(|| damaged("there is no header"))?;
        let riff_bytes = u32_le(&head[4..]) as usize;
        let chunks = rest.get(..riff_bytes.saturating_sub(4)).unwrap_or(rest);
        let Some((first, content)) = Chunks(chunks).next() else { return Err(damaged("there is no chunk")) };
        let mut file = Self {
            canvas: Size::new(0, 0),
            profile: None,
            plays: 1,
            is_animated: false,
            chunks: source.slice_ref(chunks),
        };
        if first != *b"VP8X" {
            file.canvas = Bitstream::from_chunks(Chunks(chunks))?.size;
            return Ok(file);
        }
        let extended = content.first_chunk::<10>().ok_or_else(|| damaged("VP8X is cut short"))?;
        file.canvas = Size::new(u24_le(&extended[4..]) + 1, u24_le(&extended[7..]) + 1);
        file.is_animated = extended[0] & 0x02 != 0;
        for (kind, content) in Chunks(chunks) {
            match (&kind, content) {
                (b"ICCP", _) if file.profile.is_none() => file.profile = Some(source.slice_ref(content)),
                (b"ANIM", [_, _, _, _, low, high, ..]) => {
                    file.plays = u16::from_le_bytes([*low, *high]).into();
                }
                // Neither follows an image (RFC 9649, section 2.7).
                (b"ANMF" | b"VP8 " | b"VP8L", _) => break,
                _ => (),
            }
        }
        Ok(file)
    }

    /// Counts the frames, up to one more than `limits` allow.
    pub(super) fn count_frames(&self, limits: &Limits) -> u32 {
        if !self.is_animated {
            return 1;
        }
        let frames = Chunks(&self.chunks).filter(|(kind, _)| kind == b"ANMF");
        frames.take((limits.max_frames as usize).saturating_add(1)).count() as u32
    }

    /// The most bytes that a decode of one frame allocates at once for a pixel, its result included.
    pub(super) fn pixel_bytes(&self, limits: &Limits) -> u32 {
        /// The canvas, and its copy with a frame.
        const CANVASES: u64 = 4 + 4;
        let parts = self.parts().take(limits.max_frames as usize).flatten();
        let bitstream = parts.map(|part| part.bitstream.decode_bytes()).max().unwrap_or(0);
        let bitstream = bitstream.div_ceil(self.canvas.pixels().max(1));
        (bitstream + if self.is_animated { CANVASES } else { 0 }).try_into().unwrap_or(u32::MAX)
    }

    /// The images in order of display; a single one for a still image.
    pub(super) fn parts(&self) -> impl Iterator<Item = Result<Part<'_>, CodecError>> {
        let canvas = self.canvas;
        let still = (!self.is_animated).then(|| Part::still(Chunks(&self.chunks), canvas));
        let frames = Chunks(&self.chunks).filter(|(kind, _)| kind == b"ANMF");
        let frames = frames.map(move |(_, content)| Part::frame(content, canvas));
        still.into_iter().chain(frames.take(if self.is_animated { usize::MAX } else { 0 }))
    }
}

impl<'a> Part<'a> {
    fn still(chunks: Chunks<'a>, canvas: Size) -> Result<Self, CodecError> {
        let bitstream = Bitstream::from_chunks(chunks)?;
        let rect = Rect { x: 0, y: 0, size: bitstream.size };
        if bitstream.size != canvas {
            return Err(damaged("the bitstream is not as large as the canvas"));
        }
        Ok(Self { rect, delay_ms: 0, blends: false, is_cleared: false, bitstream })
    }

    /// Reads the content of an `ANMF` chunk.
    fn frame(content: &'a [u8], canvas: Size) -> Result<Self, CodecError> {
        let (head, chunks) =
            content.split_first_chunk::<16>().ok_or_else(|| damaged("a frame is cut short"))?;
        let [x, y, w, h, delay_ms] = [0, 3, 6, 9, 12].map(|at| u24_le(&head[at..]));
        let rect = Rect { x: x * 2, y: y * 2, size: Size::new(w + 1, h + 1) };
        if canvas.w < rect.x + rect.size.w || canvas.h < rect.y + rect.size.h {
            return Err(damaged("a frame lies outside the canvas"));
        }
        let bitstream = Bitstream::from_chunks(Chunks(chunks))?;
        if bitstream.size != rect.size {
            return Err(damaged("a bitstream is not as large as its frame"));
        }
        let (blends, is_cleared) = (head[15] & 0x02 == 0, head[15] & 0x01 != 0);
        Ok(Self { rect, delay_ms, blends, is_cleared, bitstream })
    }
}

impl<'a> Bitstream<'a> {
    /// The most bytes that its decoder allocates at once, its result included.
    fn decode_bytes(&self) -> u64 {
        /// The decoder reads coded bytes into a buffer that doubles, and converts it into another.
        const COPIES: u64 = 4;
        let (pixels, coded) = (self.size.pixels(), self.coded.len() as u64);
        match (self.alpha, &self.kind) {
            // Samples of four channels, planes of luma and chroma, and the coded bytes, or later the alpha
            // with the buffer of its decoder.
            (Some(_), _) => pixels * (4 + 2) + (pixels * 5).max(coded * COPIES),
            // The same with three channels.
            (None, b"VP8 ") => pixels * (3 + 2) + coded * COPIES,
            // Samples of four channels, and again without alpha.
            _ => pixels * (4 + 3),
        }
    }

    /// The first image among `chunks`, with the size in its own header: decoders allocate by that size, not by that
    /// of the canvas.
    fn from_chunks(chunks: Chunks<'a>) -> Result<Self, CodecError> {
        let mut alpha = None;
        for (kind, coded) in chunks {
            let size = match &kind {
                b"ALPH" => {
                    alpha = Some(coded);
                    continue;
                }
                b"VP8 " => lossy_size(coded),
                b"VP8L" => lossless_size(coded),
                _ => continue,
            };
            let size = size.ok_or_else(|| damaged("the bitstream has no header"))?;
            // Bytes that an image of this size cannot need are withheld from the decoder, which may copy them.
            let max = size.pixels().saturating_mul(4).saturating_add(SPARE_BYTES);
            let coded = coded.get(..usize::try_from(max).unwrap_or(usize::MAX)).unwrap_or(coded);
            return Ok(Self { size, alpha: alpha.filter(|_| &kind == b"VP8 "), kind, coded });
        }
        Err(damaged("there is no bitstream"))
    }
}

/// The size in the header of a key frame: RFC 6386, section 9.1.
fn lossy_size(coded: &[u8]) -> Option<Size> {
    let [tag, _, _, 0x9D, 0x01, 0x2A, w_low, w_high, h_low, h_high] = coded.first_chunk()? else {
        return None;
    };
    let side = |low: &u8, high: &u8| u32::from(u16::from_le_bytes([*low, *high]) & 0x3FFF);
    (tag & 0x01 == 0).then(|| Size::new(side(w_low, w_high), side(h_low, h_high)))
}

/// The size in the header of a lossless image: RFC 9649, section 3.4.
fn lossless_size(coded: &[u8]) -> Option<Size> {
    let [0x2F, fields @ ..] = coded.first_chunk::<5>()? else { return None };
    let fields = u32::from_le_bytes(*fields);
    Some(Size::new((fields & 0x3FFF) + 1, (fields >> 14 & 0x3FFF) + 1))
}

/// Kinds and contents of chunks; the last may be truncated.
#[derive(Clone)]
struct Chunks<'a>(&'a [u8]);

impl<'a> Iterator for Chunks<'a> {
    type Item = ([u8; 4], &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let (head, rest) = self.0.split_first_chunk::<8>()?;
        let [a, b, c, d, ..] = *head;
        let bytes = u32_le(&head[4..]) as usize;
        let content = rest.get(..bytes).unwrap_or(rest);
        // Chunks of odd length are padded by a byte.
        self.0 = rest.get(bytes.saturating_add(bytes & 1)..).unwrap_or_default();
        Some(([a, b, c, d], content))
    }
}

fn u32_le(bytes: &[u8]) -> u32 {
    bytes.first_chunk().map_or(0, |bytes| u32::from_le_bytes(*bytes))
}

fn u24_le(bytes: &[u8]) -> u32 {
    bytes.first_chunk().map_or(0, |[low, middle, high]| u32::from_le_bytes([*low, *middle, *high, 0]))
}

fn damaged(what: &'static str) -> CodecError {
    CodecError::Damaged(FORMAT, what.into())
}
