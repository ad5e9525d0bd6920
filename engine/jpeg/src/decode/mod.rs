//! Decodes JPEG files (ITU-T T.81) to planes, at n/8 of their size.
//!
//! Covers what cameras and software write: baseline, extended sequential and progressive Huffman coding of 8
//! bits; grey, YCbCr and RGB; all sampling factors; restart intervals, several scans, a height that comes
//! behind the first scan. [`Header::read`] tells from the start of a file whether it is covered.
//!
//! The decoder is sans-IO: [`Decoder::push`] takes bytes as they arrive, does the work that they allow, and
//! says when nothing behind is needed. What comes out does not depend on how the bytes are cut into chunks.
//!
//! # Damage
//! - Before the first scan header is whole, damage is an error, as there is nothing to show.
//! - From then on there always is a picture, with [`Planes::is_damaged`] set:
//!   - Where the data of a restart interval (without any: of a scan) ends early, by the end of the file or by a
//!     marker, the MCU under way is finished with bits of 0, and the others are mid-grey or, in a progressive
//!     file, what earlier scans made of them. This is what libjpeg shows, but for its smoothing of blocks.
//!   - Bits that are no code count as a code of symbol 0 and 17 bits, and coefficients behind the last of a
//!     block as none, as in libjpeg.
//!   - Where a restart marker is missing or another stands in its place, decoding resumes as
//!     `jpeg_resync_to_restart` of libjpeg does.
//!   - Damage in a segment between two scans ends the picture there.
//! - A file with more than 200 scans is refused: each can cost a look at every block for some bytes of source.
//!   One scan for each coefficient of three components is 190, libjpeg's own progression has 10, and `cjpeg`
//!   takes no script of more than 100.

mod header;
mod decoder;
mod planes;
mod scan;
mod sequential;
mod parallel;
mod progressive;
mod passes;
mod ac;
mod huffman;
mod bits;
mod entropy;
mod segments;
mod tables;
mod kept;
mod layout;
mod profile;
mod error;
#[cfg(test)]
mod tests;

pub use decoder::{Decoder, Progress};
pub use error::DecodeError;
pub use header::{ColourModel, Header};
pub use planes::{Component, Planes};

/// How many samples a side eight samples of the source become, 1 to 8.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scales {
    /// Of the first component: luma, or red.
    pub first: u8,
    /// Of the two others.
    pub others: u8,
}

impl Scales {
    /// Of a component.
    fn eighths(self, component: usize) -> usize {
        usize::from(if component == 0 { self.first } else { self.others }).clamp(1, 8)
    }
}
