//! The header of a file: its segments up to the first scan (ITU-T T.81 B.2.2 and B.2.3), with the segments of
//! JFIF and Adobe that name its colour model.

use super::{Scales, error::DecodeError, layout::Layout, profile, segments::Segments};
use crate::markers::{
    APP0, APP2, APP14, DAC, DHT, DNL, EOI, JPG, SOF0, SOF2, SOF3, SOF9, SOF10, SOF15, SOI, SOS,
};

const NO_HEIGHT: DecodeError = DecodeError::Damaged("a height of 0");

/// The header of a file with 1, 3 or 4 components.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// Columns of pixels, 1 to 65535.
    pub width: u32,
    /// Rows of pixels, 1 to 65535.
    pub height: u32,
    /// The colour model of the components.
    pub colour_model: ColourModel,
    /// Bits of a sample: 8 or 12, 2 to 16 in lossless files.
    pub precision: u8,
    /// The coding of samples or coefficients.
    pub coding: Coding,
    /// Whether scans refine coefficients step by step (SOF2 and SOF10).
    pub is_progressive: bool,
    /// Whether the first scan has fewer components than the frame, so that more scans follow.
    pub has_partial_scan: bool,
    /// Bytes of the ICC profile, with the counters of its segments; 0 for none.
    pub profile_bytes: usize,
    /// One, three or four.
    pub(super) components: Vec<Sampling>,
}

/// The coding of a file, by its frame header (T.81 table B.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coding {
    /// Coefficients in Huffman codes (SOF0, SOF1 and SOF2).
    Huffman,
    /// Coefficients in arithmetic coding (SOF9 and SOF10).
    Arithmetic,
    /// Differences of samples in Huffman codes (SOF3).
    Lossless,
}

/// A colour model, by the components of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColourModel {
    /// Luma only.
    Grey,
    /// Luma, blue difference, red difference by the equations of JFIF 1.02.
    Ycc,
    /// Red, green and blue.
    Rgb,
    /// Cyan, magenta, yellow and black. [`Decoder`](super::Decoder) does not support it.
    Cmyk,
    /// The complements of cyan, magenta and yellow as [`Ycc`](Self::Ycc), and black.
    /// [`Decoder`](super::Decoder) does not support it.
    Ycck,
}

/// The part of a frame header that describes a component.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sampling {
    pub(super) id: u8,
    /// Blocks across in an MCU, 1 to 4.
    pub(super) h: u8,
    /// Blocks down in an MCU, 1 to 4.
    pub(super) v: u8,
    /// The quantisation table, 0 to 3.
    pub(super) table: u8,
}

impl Header {
    /// Reads a header from `source`, the first bytes of a file. Returns `None` if it needs more of them.
    ///
    /// The header extends to the first scan header. If the frame header leaves the height open, it extends to
    /// the DNL segment after the first scan (T.81 B.2.5); files of four components must state their height.
    ///
    /// # Errors
    /// - [`DecodeError::Damaged`] if the segments contradict T.81.
    /// - [`DecodeError::Unsupported`] for hierarchical coding, for lossless coding with arithmetic coding or
    ///   subsampling, for a precision other than 8 and 12 bits of files that are not lossless, and for other
    ///   numbers of components than 1, 3 and 4.
    pub fn read(source: &[u8]) -> Result<Option<Self>, DecodeError> {
        let mut rest = source;
        match rest.split_off(..2) {
            Some([0xFF, SOI]) => (),
            None if [0xFF, SOI].starts_with(source) => return Ok(None),
            _ => return Err(DecodeError::Damaged("no start of image")),
        }
        let mut segments = Segments::default();
        let (mut header, mut has_jfif, mut adobe_transform) = (None, false, None);
        let mut profile_bytes = 0;
        while let Some(marker) = segments.take(&mut rest)? {
            let body = segments.body();
            match marker {
                DHT | JPG | DAC => (),
                SOF0..=SOF15 if header.is_none() => header = Some(Self::parse(marker, body)?),
                SOF0..=SOF15 => return Err(DecodeError::Damaged("a second frame header")),
                APP0 => has_jfif |= body.starts_with(b"JFIF\0") && body.len() >= 14,
                APP2 => profile_bytes += profile::part(body).map_or(0, <[u8]>::len),
                // Adobe Technical Note 5116, section 18: the transform is the twelfth byte.
                APP14 if body.starts_with(b"Adobe") => {
                    adobe_transform = body.get(11).copied().or(adobe_transform);
                }
                EOI => return Err(DecodeError::Damaged("the end before the first scan")),
                SOS => {
                    let mut header = header.ok_or(DecodeError::Damaged("a scan before its frame header"))?;
                    header.colour_model = header.guess_colours(has_jfif, adobe_transform);
                    header.profile_bytes = profile_bytes;
                    let count = body.first().copied().unwrap_or_default();
                    header.has_partial_scan = usize::from(count) < header.component_count();
                    if header.height == 0 {
                        if !header.is_covered() {
                            return Err(NO_HEIGHT);
                        }
                        let Some(lines) = find_lines(rest)? else { return Ok(None) };
                        header.height = lines;
                    }
                    return Ok(Some(header));
                }
                _ => (),
            }
            segments.clear();
        }
        Ok(None)
    }

    /// Parses the body of a frame header (T.81 B.2.2). The fields that later segments decide have their
    /// defaults.
    pub(super) fn parse(marker: u8, body: &[u8]) -> Result<Self, DecodeError> {
        let [precision, y1, y0, x1, x0, count, components @ ..] = body else {
            return Err(DecodeError::Damaged("a frame header that is too short"));
        };
        let coding = Coding::of(marker)?;
        match (coding, precision) {
            (Coding::Lossless, 2..=16) | (_, 8 | 12) => (),
            (Coding::Lossless, _) => return Err(DecodeError::Damaged("a precision outside 2 to 16 bits")),
            _ => return Err(DecodeError::Unsupported("a precision other than 8 and 12 bits")),
        }
        if components.len() != 3 * usize::from(*count) {
            return Err(DecodeError::Damaged("a frame header of the wrong length"));
        }
        if !matches!(count, 1 | 3 | 4) {
            return Err(DecodeError::Unsupported("a number of components other than one, three and four"));
        }
        let width = u16::from_be_bytes([*x1, *x0]).into();
        if width == 0 {
            return Err(DecodeError::Damaged("a width of 0"));
        }
        let sampling = |it: &[u8]| Sampling { id: it[0], h: it[1] >> 4, v: it[1] & 15, table: it[2] };
        let mut components: Vec<_> = components.chunks_exact(3).map(sampling).collect();
        if !components.iter().all(|it| (1..=4).contains(&it.h) && (1..=4).contains(&it.v)) {
            return Err(DecodeError::Damaged("a sampling factor outside 1 to 4"));
        }
        if !components.iter().all(|it| it.table < 4) {
            return Err(DecodeError::Damaged("a quantisation table outside 0 to 3"));
        }
        if let [only] = &mut *components {
            // The factors of a single component relate to nothing, and every MCU is one block (A.2.2).
            (only.h, only.v) = (1, 1);
        }
        if coding == Coding::Lossless && components.iter().any(|it| (it.h, it.v) != (1, 1)) {
            return Err(DecodeError::Unsupported("lossless coding with sampling factors other than 1"));
        }
        let mut header = Self {
            width,
            height: u16::from_be_bytes([*y1, *y0]).into(),
            colour_model: ColourModel::Grey,
            precision: *precision,
            coding,
            is_progressive: matches!(marker, SOF2 | SOF10),
            has_partial_scan: false,
            profile_bytes: 0,
            components,
        };
        header.colour_model = header.guess_colours(false, None);
        Ok(header)
    }

    /// Returns whether `parsed`, a frame header from [`parse`](Self::parse), describes the frame of this
    /// header.
    pub(super) fn is_frame(&self, parsed: &Self) -> bool {
        let fixed = |it: &Self| (it.width, it.precision, it.coding, it.is_progressive);
        fixed(self) == fixed(parsed)
            && self.components == parsed.components
            && (parsed.height == self.height || parsed.height == 0)
    }

    /// Returns whether [`Decoder`](super::Decoder) supports the file: its colour model is grey, YCbCr or RGB.
    pub fn is_covered(&self) -> bool {
        !matches!(self.colour_model, ColourModel::Cmyk | ColourModel::Ycck)
    }

    /// Returns whether samples have more than 8 bits, or are lossless:
    /// [`Decoder::finish_wide_unless`](super::Decoder::finish_wide_unless) returns them, and not
    /// [`Decoder::finish`](super::Decoder::finish).
    pub fn is_wide(&self) -> bool {
        8 < self.precision || self.coding == Coding::Lossless
    }

    /// Returns whether the decoder keeps all coefficients until the last scan.
    pub(super) fn buffers_coefficients(&self) -> bool {
        match self.coding {
            Coding::Huffman => self.is_progressive || 8 < self.precision,
            Coding::Arithmetic => true,
            Coding::Lossless => false,
        }
    }

    /// Returns the number of components: 1, 3 or 4.
    pub fn component_count(&self) -> usize {
        self.components.len()
    }

    /// Returns the sampling factors of each component: columns, rows, 1 to 4 (T.81 A.1.1).
    pub fn sampling_factors(&self) -> Vec<(u8, u8)> {
        self.components.iter().map(|it| (it.h, it.v)).collect()
    }

    /// Returns the pixels that a sample of each component covers at 8/8 of the size: columns, rows.
    pub fn steps(&self) -> Vec<(f64, f64)> {
        let layout = Layout::new(self, Scales { first: 8, others: 8 });
        layout.parts.iter().map(|part| part.step).collect()
    }

    /// Returns the maximum number of bytes that a [`Decoder`](super::Decoder) of these `scales` buffers at
    /// any time, its planes included, for all data after the header.
    ///
    /// `is_parallel` is that of [`Decoder::new`](super::Decoder::new): a parallel decoder also buffers
    /// restart intervals.
    pub fn memory(&self, scales: Scales, is_parallel: bool) -> u64 {
        // Twice, for its parts and the whole.
        let profile = 2 * self.profile_bytes.min(profile::MAX_PROFILE_BYTES);
        Layout::new(self, scales).memory(is_parallel) + profile as u64
    }

    /// Guesses the colour model as libjpeg-turbo does (`default_decompress_parms` of jdapimin.c).
    fn guess_colours(&self, has_jfif: bool, adobe_transform: Option<u8>) -> ColourModel {
        let is_lossless = self.coding == Coding::Lossless;
        match (&*self.components, adobe_transform) {
            ([_, _, _], _) if has_jfif => ColourModel::Ycc,
            ([_, _, _], Some(0)) => ColourModel::Rgb,
            ([red, green, blue], None) if is_lossless || [red.id, green.id, blue.id] == *b"RGB" => {
                ColourModel::Rgb
            }
            ([_, _, _], _) => ColourModel::Ycc,
            ([_, _, _, _], None | Some(0)) => ColourModel::Cmyk,
            ([_, _, _, _], _) => ColourModel::Ycck,
            _ => ColourModel::Grey,
        }
    }

    /// Returns the bytes for each pixel that a decoder of the full size buffers if it keeps a sample of every
    /// component and, where the file has several scans, every coefficient in two bytes.
    ///
    /// For files that are not [covered](Self::is_covered), the number estimates other decoders.
    pub fn pixel_bytes(&self) -> u32 {
        let blocks = |it: &Sampling| u32::from(it.h) * u32::from(it.v);
        let largest = |side: fn(&Sampling) -> u8| self.components.iter().map(side).max().unwrap_or(1);
        let unit = u32::from(largest(|it| it.h)) * u32::from(largest(|it| it.v));
        let total: u32 = self.components.iter().map(blocks).sum();
        let has_several_scans = self.is_progressive || self.has_partial_scan;
        let coefficients = if has_several_scans { 2 * total.div_ceil(unit) } else { 0 };
        self.components.len() as u32 + coefficients
    }
}

impl Coding {
    /// Returns the coding of a frame that begins with `marker`.
    fn of(marker: u8) -> Result<Self, DecodeError> {
        match marker {
            SOF0..=SOF2 => Ok(Self::Huffman),
            SOF3 => Ok(Self::Lossless),
            SOF9 | SOF10 => Ok(Self::Arithmetic),
            _ => Err(DecodeError::Unsupported("hierarchical coding, or lossless arithmetic coding")),
        }
    }
}

/// Returns the number of lines in the DNL segment that follows the entropy-coded `data` of the first scan, or
/// `None` if `data` does not reach it.
fn find_lines(mut data: &[u8]) -> Result<Option<u32>, DecodeError> {
    while let Some(at) = memchr::memchr(0xFF, data) {
        data = &data[at..];
        match data {
            // Fill bytes (B.1.1.2): the last one may begin a marker.
            [_, 0xFF, ..] => data = &data[data.iter().take_while(|byte| **byte == 0xFF).count() - 1..],
            [_, 0 | 0xD0..=0xD7, ..] => data = &data[2..],
            [_, DNL, 0, 4, high, low, ..] => {
                let lines = u32::from(u16::from_be_bytes([*high, *low]));
                return if lines == 0 { Err(NO_HEIGHT) } else { Ok(Some(lines)) };
            }
            [_] => break,
            [_, DNL, ..] if data.len() < 6 => break,
            _ => return Err(NO_HEIGHT),
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ADOBE_CMYK: &[u8] = b"Adobe\0d\0\0\0\0\0";
    const YCC_420: [u8; 9] = [1, 0x22, 0, 2, 0x11, 0, 3, 0x11, 0];

    fn segment(marker: u8, body: &[u8]) -> Vec<u8> {
        let length = (body.len() as u16 + 2).to_be_bytes();
        [&[0xFF, marker], &length[..], body].concat()
    }

    /// A file of 0x0102 × 0x0304 pixels up to its first scan, which has `in_scan` components.
    fn file(marker: u8, precision: u8, components: &[u8], in_scan: u8) -> Vec<u8> {
        let count = components.len() as u8 / 3;
        let frame = [&[precision, 3, 4, 1, 2, count], components].concat();
        let (adobe, frame) = (segment(APP14, b"Adobe\0d"), segment(marker, &frame));
        [&[0xFF, SOI], &*adobe, &frame, &segment(SOS, &[in_scan])].concat()
    }

    #[test]
    fn pixel_bytes_count_coefficients_of_several_scans() {
        let check = |marker, components: &[u8], in_scan, expected| {
            let header = Header::read(&file(marker, 8, components, in_scan)).unwrap().unwrap();
            assert_eq!((header.width, header.height), (0x0102, 0x0304));
            assert_eq!((header.component_count(), header.pixel_bytes()), (components.len() / 3, expected));
        };
        let cmyk = [1, 0x11, 0, 2, 0x11, 0, 3, 0x11, 0, 4, 0x11, 0];
        check(SOF0, &[1, 0x22, 0], 1, 1);
        check(SOF0, &YCC_420, 3, 3);
        check(SOF0, &YCC_420, 1, 7);
        check(SOF2, &[1, 0x11, 0, 2, 0x11, 0, 3, 0x11, 0], 3, 9);
        check(SOF0, &cmyk, 4, 4);
        check(SOF0, &cmyk, 1, 12);
        check(SOF2, &cmyk, 4, 12);
    }

    #[test]
    fn unsupported_and_damaged_headers_are_distinct() {
        use DecodeError::{Damaged, Unsupported};
        let check = |file: &[u8], expected| assert_eq!(Header::read(file), Err(expected), "{file:?}");
        let frame = |body: &[u8]| [&[0xFF, SOI][..], &segment(SOF0, body)].concat();
        check(&file(SOF0, 10, &[1, 0x11, 0], 1), Unsupported("a precision other than 8 and 12 bits"));
        check(&file(SOF3, 17, &[1, 0x11, 0], 1), Damaged("a precision outside 2 to 16 bits"));
        check(&file(SOF3, 8, &YCC_420, 3), Unsupported("lossless coding with sampling factors other than 1"));
        for marker in [0xC5, 0xC7, 0xCB, 0xCF] {
            let expected = Unsupported("hierarchical coding, or lossless arithmetic coding");
            check(&file(marker, 8, &[1, 0x11, 0], 1), expected);
        }
        check(
            &file(SOF0, 8, &[1, 0x11, 0, 2, 0x11, 0], 1),
            Unsupported("a number of components other than one, three and four"),
        );
        check(&file(SOF0, 8, &[1, 0x51, 0], 1), Damaged("a sampling factor outside 1 to 4"));
        check(&frame(&[8, 3, 4, 1, 2, 3, 1, 0x11, 0]), Damaged("a frame header of the wrong length"));
        check(&frame(&[8, 3]), Damaged("a frame header that is too short"));
        check(&file(0xDB, 8, &[1, 0x11, 0], 1), Damaged("a scan before its frame header"));
    }

    #[test]
    fn four_components_are_read_and_not_covered() {
        let cmyk = [1, 0x22, 0, 2, 0x11, 0, 3, 0x11, 0, 4, 0x22, 0];
        let check = |adobe: &[u8], expected| {
            let file = file(SOF0, 8, &cmyk, 4);
            // The file's own Adobe segment, of 11 bytes, has no transform.
            let file = [&[0xFF, SOI], &*segment(APP14, adobe), &file[13..]].concat();
            let header = Header::read(&file).unwrap().unwrap();
            assert_eq!((header.colour_model, header.is_covered()), (expected, false));
            assert_eq!(Header::read(&file[..file.len() - 1]), Ok(None));
        };
        check(b"Adobe", ColourModel::Cmyk);
        check(ADOBE_CMYK, ColourModel::Cmyk);
        check(b"Adobe\0d\0\0\0\0\x02", ColourModel::Ycck);
        let mut open = file(SOF0, 8, &cmyk, 4);
        open[18..20].fill(0);
        assert_eq!(Header::read(&open), Err(NO_HEIGHT));
    }
}
