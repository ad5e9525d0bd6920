//! The chunks that are kept, and the lengths that they may have (W3C PNG Third Edition, section 11).

use bytes::{BufMut, Bytes, BytesMut};

/// The fields of `IHDR` on which the lengths of other chunks depend.
#[derive(Clone, Copy, Debug)]
pub(super) struct Header {
    bit_depth: u8,
    colour: Colour,
    /// Entries of `PLTE`; 0 before it.
    palette: u32,
}

/// A colour type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Colour {
    Grey,
    Rgb,
    Palette,
    GreyAlpha,
    Rgba,
    Unknown,
}

/// The most bytes of a palette.
const MAX_PALETTE_BYTES: u32 = 3 << 8;

/// Bytes of the sequence number that `fdAT` begins with.
pub(super) const MIN_FRAME_DATA_BYTES: u32 = 4;

/// Whether a chunk, which a file may have once, changes how the image looks.
pub(super) const fn is_known(kind: &[u8; 4]) -> bool {
    matches!(
        kind,
        b"PLTE"
            | b"tRNS"
            | b"gAMA"
            | b"cHRM"
            | b"sRGB"
            | b"cICP"
            | b"mDCV"
            | b"cLLI"
            | b"sBIT"
            | b"bKGD"
            | b"hIST"
            | b"pHYs"
            | b"acTL"
    )
}

impl Header {
    /// The length of the data of `IHDR`.
    pub(super) const BYTES: u32 = 13;

    /// Reads the data of `IHDR`.
    pub(super) fn read(data: &[u8]) -> Self {
        let colour = match data.get(9) {
            Some(0) => Colour::Grey,
            Some(2) => Colour::Rgb,
            Some(3) => Colour::Palette,
            Some(4) => Colour::GreyAlpha,
            Some(6) => Colour::Rgba,
            _ => Colour::Unknown,
        };
        Self { bit_depth: data.get(8).copied().unwrap_or_default(), colour, palette: 0 }
    }

    /// The header of a file whose palette has `bytes` bytes.
    pub(super) const fn with_palette(self, bytes: u32) -> Self {
        Self { palette: bytes / 3, ..self }
    }

    pub(super) fn needs_palette(self) -> bool {
        self.colour == Colour::Palette
    }

    /// The most bytes of a palette of which samples can name all entries.
    pub(super) fn max_palette_bytes(self) -> u32 {
        if self.colour == Colour::Palette { 3 << self.bit_depth.min(8) } else { MAX_PALETTE_BYTES }
    }

    /// Whether a palette of `bytes` bytes is valid, except that it has entries that no sample can name.
    pub(super) fn is_long_palette(self, bytes: u32) -> bool {
        bytes.is_multiple_of(3) && (self.max_palette_bytes() + 1..=MAX_PALETTE_BYTES).contains(&bytes)
    }

    /// Whether a chunk of type `kind` may have `length` bytes of data.
    pub(super) fn allows(self, kind: &[u8; 4], length: u32) -> bool {
        use Colour::{Grey, GreyAlpha, Palette, Rgb, Rgba, Unknown};
        let is_entry_count = |count: u32| (1..=self.palette).contains(&count);
        match kind {
            b"PLTE" => {
                matches!(self.colour, Palette | Rgb | Rgba)
                    && length.is_multiple_of(3)
                    && (3..=self.max_palette_bytes()).contains(&length)
            }
            b"tRNS" => match self.colour {
                Grey => length == 2,
                Rgb => length == 6,
                Palette => is_entry_count(length),
                GreyAlpha | Rgba | Unknown => false,
            },
            b"sBIT" => match self.colour {
                Grey => length == 1,
                GreyAlpha => length == 2,
                Rgb | Palette => length == 3,
                Rgba => length == 4,
                Unknown => false,
            },
            b"bKGD" => match self.colour {
                Palette => length == 1,
                Grey | GreyAlpha => length == 2,
                Rgb | Rgba => length == 6,
                Unknown => false,
            },
            b"hIST" => 0 < self.palette && length == 2 * self.palette,
            b"sRGB" => length == 1,
            b"gAMA" | b"cICP" => length == 4,
            b"acTL" | b"cLLI" => length == 8,
            b"pHYs" => length == 9,
            b"mDCV" => length == 24,
            b"fcTL" => length == 26,
            b"cHRM" => length == 32,
            _ => false,
        }
    }
}

/// A chunk of type `kind` with the bytes of all `pieces`.
pub(super) fn chunk(kind: &[u8; 4], pieces: &[&[u8]]) -> Bytes {
    let length = pieces.iter().map(|piece| piece.len()).sum::<usize>();
    let mut chunk = BytesMut::with_capacity(12 + length);
    chunk.put_u32(length as u32);
    chunk.put_slice(kind);
    for piece in pieces {
        chunk.put_slice(piece);
    }
    chunk.put_u32(crc32fast::hash(&chunk[4..]));
    chunk.freeze()
}
