//! The decoder: JPEG files (ITU-T T.81) to planes, at n/8 of their size.
//!
//! It supports baseline, extended sequential and progressive files of 8 and 12 bits, in Huffman and arithmetic
//! coding, and lossless files in Huffman coding; grey, YCbCr and RGB; all sampling factors, except in lossless
//! files; restart intervals; several scans; a height that follows the first scan. [`Header::read`] needs only the start of a file, and
//! [`Header::is_covered`] returns whether the decoder supports it.
//!
//! The decoder does no I/O: [`Decoder::push`] takes bytes as they arrive, decodes as far as they allow, and
//! returns [`Progress::Done`] when it needs no more of the file. The planes do not depend on how the bytes
//! are divided into chunks.
//!
//! # Damage
//! - Damage before the end of the first scan header is an error: there is nothing to show.
//! - Later damage yields planes with [`Planes::is_damaged`] set:
//!   - If a marker or the end of the file cuts a restart interval short (or the scan, without restart
//!     intervals), the decoder completes the current MCU with zero bits. The remaining MCUs are mid-grey or,
//!     in a progressive file, as earlier scans left them. libjpeg shows the same, except that it smooths
//!     blocks.
//!   - Bits that are no Huffman code count as 17 bits with symbol 0. Coefficients after the 64th of a block
//!     are ignored. Both are as in libjpeg.
//!   - Arithmetic coding has no end that shows: zeros follow the data of a restart interval, as in libjpeg,
//!     and are damage only at the end of the file. Decisions that no encoder makes end the interval. An interval
//!     that is missing altogether is mid-grey or as earlier scans left it; so it is in lossless files.
//!   - If a restart marker is missing or has the wrong number, decoding resumes like libjpeg's
//!     `jpeg_resync_to_restart`.
//!   - Damage in a segment between two scans ends the decode there.
//! - A file with more than 200 scans is rejected, since a scan of a few bytes can cost a pass over all
//!   blocks. One scan for each coefficient of three components makes 190, libjpeg's own progression has 10,
//!   and `cjpeg` accepts scripts of at most 100.

mod header;
mod decoder;
mod planes;
mod scan;
mod sequential;
mod parallel;
mod coefficients;
mod progressive;
mod passes;
mod arithmetic;
mod arithmetic_passes;
mod lossless;
mod predictor;
mod output;
mod ac;
mod huffman;
mod bits;
mod entropy;
mod segments;
mod tables;
mod retained;
mod layout;
mod profile;
mod error;
#[cfg(test)]
mod tests;

pub use decoder::{Decoder, Progress};
pub use error::DecodeError;
pub use header::{Coding, ColourModel, Header};
pub use planes::{Component, Planes};

/// The scales of a decode, 1 to 8: n makes n × n samples of each block of 8 × 8 source samples.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scales {
    /// The scale of the first component: luma, or red.
    pub first: u8,
    /// The scale of the other two components.
    pub others: u8,
}

impl Scales {
    /// Returns the scale of a component, by its index, within 1 to 8.
    fn eighths(self, component: usize) -> usize {
        usize::from(if component == 0 { self.first } else { self.others }).clamp(1, 8)
    }
}
