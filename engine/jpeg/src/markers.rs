//! The codes of JPEG markers: the byte that follows 0xFF (ITU-T T.81 table B.1).

/// The start of a baseline frame, Huffman coding.
pub const SOF0: u8 = 0xC0;
/// The start of an extended sequential frame, Huffman coding.
pub const SOF1: u8 = 0xC1;
/// The start of a progressive frame, Huffman coding.
pub const SOF2: u8 = 0xC2;
/// The start of a lossless frame, Huffman coding.
pub const SOF3: u8 = 0xC3;
/// Huffman tables.
pub const DHT: u8 = 0xC4;
/// A reserved code, among those of frames.
pub const JPG: u8 = 0xC8;
/// The start of an extended sequential frame, arithmetic coding.
pub const SOF9: u8 = 0xC9;
/// The start of a progressive frame, arithmetic coding.
pub const SOF10: u8 = 0xCA;
/// Conditioning of arithmetic coding.
pub const DAC: u8 = 0xCC;
/// The start of a differential lossless frame, arithmetic coding. The last code of a frame.
pub const SOF15: u8 = 0xCF;
/// The first of eight restart markers, which have no segment.
pub const RST0: u8 = 0xD0;
/// The last of eight restart markers.
pub const RST7: u8 = 0xD7;
/// The start of an image; it has no segment.
pub const SOI: u8 = 0xD8;
/// The end of an image; it has no segment.
pub const EOI: u8 = 0xD9;
/// The start of a scan.
pub const SOS: u8 = 0xDA;
/// Quantisation tables.
pub const DQT: u8 = 0xDB;
/// The number of lines, after the first scan.
pub const DNL: u8 = 0xDC;
/// The restart interval.
pub const DRI: u8 = 0xDD;
/// Application segment 0: JFIF.
pub const APP0: u8 = 0xE0;
/// Application segment 1: EXIF and XMP.
pub const APP1: u8 = 0xE1;
/// Application segment 2: ICC profiles.
pub const APP2: u8 = 0xE2;
/// Application segment 14: Adobe's colour transform.
pub const APP14: u8 = 0xEE;
