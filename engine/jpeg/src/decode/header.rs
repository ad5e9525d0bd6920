//! What a file says before its first scan: ITU-T T.81 B.2.2 and B.2.3, JFIF's and Adobe's segments.

use super::{Scales, error::DecodeError, layout::Layout, segments::Segments};
use crate::markers::{APP0, APP14, DAC, DHT, DNL, EOI, JPG, SOF0, SOF2, SOF15, SOI, SOS};

/// The frame of a file that [`Decoder`](super::Decoder) covers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// Pixels, 1 to 65535.
    pub width: u32,
    /// Pixels, 1 to 65535.
    pub height: u32,
    /// The colour model of the components.
    pub colour_model: ColourModel,
    /// Whether coefficients are refined scan by scan.
    pub is_progressive: bool,
    /// One or three.
    pub(super) components: Vec<Sampling>,
}

/// What the planes are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColourModel {
    /// Luma only.
    Grey,
    /// Luma, blue difference, red difference by the equations of JFIF 1.02.
    Ycc,
    /// Red, green and blue.
    Rgb,
}

/// What a frame header says of a component.
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
    /// Reads the start of a file; `None` says that more of it is needed.
    ///
    /// That is up to the first scan, or where the frame header leaves the height open, up to the DNL segment
    /// behind that scan (T.81 B.2.5).
    ///
    /// # Errors
    /// [`DecodeError::Damaged`], or [`DecodeError::Unsupported`] for what another decoder may know.
    pub fn read(source: &[u8]) -> Result<Option<Self>, DecodeError> {
        let mut rest = source;
        match rest.split_off(..2) {
            Some([0xFF, SOI]) => (),
            None if [0xFF, SOI].starts_with(source) => return Ok(None),
            _ => return Err(DecodeError::Damaged("no start of image")),
        }
        let mut segments = Segments::default();
        let (mut header, mut has_jfif, mut adobe_transform) = (None, false, None);
        while let Some(marker) = segments.take(&mut rest)? {
            let body = segments.body();
            match marker {
                DHT | JPG | DAC => (),
                SOF0..=SOF2 if header.is_none() => header = Some(Self::parse(marker, body)?),
                SOF0..=SOF2 => return Err(DecodeError::Damaged("a second frame header")),
                0xC3..=SOF15 => {
                    return Err(DecodeError::Unsupported("lossless, hierarchical or arithmetic coding"));
                }
                APP0 => has_jfif |= body.starts_with(b"JFIF\0") && body.len() >= 14,
                // Adobe Technical Note 5116, section 18: the transform is the twelfth byte.
                APP14 if body.starts_with(b"Adobe") => {
                    adobe_transform = body.get(11).copied().or(adobe_transform);
                }
                EOI => return Err(DecodeError::Damaged("the end before the first scan")),
                SOS => {
                    let mut header = header.ok_or(DecodeError::Damaged("a scan before its frame header"))?;
                    header.colour_model = Self::colour_model(&header.components, has_jfif, adobe_transform);
                    if header.height == 0 {
                        let Some(lines) = lines_behind(rest)? else { return Ok(None) };
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

    /// Reads a frame header. The colours are those of one component or of three without further word.
    pub(super) fn parse(marker: u8, body: &[u8]) -> Result<Self, DecodeError> {
        let [precision, y1, y0, x1, x0, count, components @ ..] = body else {
            return Err(DecodeError::Damaged("a frame header that is too short"));
        };
        if *precision != 8 {
            return Err(DecodeError::Unsupported("a precision other than 8 bits"));
        }
        if components.len() != 3 * usize::from(*count) {
            return Err(DecodeError::Damaged("a frame header of the wrong length"));
        }
        if !matches!(count, 1 | 3) {
            return Err(DecodeError::Unsupported("a number of components other than one and three"));
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
            // There is nothing that the factors could relate to, and every MCU is one block (A.2.2).
            (only.h, only.v) = (1, 1);
        }
        Ok(Self {
            width,
            height: u16::from_be_bytes([*y1, *y0]).into(),
            colour_model: if components.len() == 1 { ColourModel::Grey } else { ColourModel::Ycc },
            is_progressive: marker == SOF2,
            components,
        })
    }

    /// Guesses as libjpeg does (`default_decompress_parms` of jdapimin.c).
    fn colour_model(components: &[Sampling], has_jfif: bool, adobe_transform: Option<u8>) -> ColourModel {
        let [first, second, third] = components else { return ColourModel::Grey };
        match (adobe_transform, [first.id, second.id, third.id]) {
            _ if has_jfif => ColourModel::Ycc,
            (Some(0), _) | (None, [b'R', b'G', b'B']) => ColourModel::Rgb,
            _ => ColourModel::Ycc,
        }
    }

    /// Whether `parsed`, as [`parse`](Self::parse) found it in the file, is the frame of this header.
    pub(super) fn is_frame(&self, parsed: &Self) -> bool {
        (self.width, self.is_progressive, &self.components)
            == (parsed.width, parsed.is_progressive, &parsed.components)
            && (parsed.height == self.height || parsed.height == 0)
    }

    /// Pixels that each component's samples stand for at 8/8: columns, rows.
    pub fn steps(&self) -> Vec<(f64, f64)> {
        let layout = Layout::new(self, Scales { first: 8, others: 8 });
        layout.parts.iter().map(|part| part.step).collect()
    }

    /// Whether all components are of one resolution.
    pub fn has_one_resolution(&self) -> bool {
        self.components.windows(2).all(|two| (two[0].h, two[0].v) == (two[1].h, two[1].v))
    }

    /// The most bytes that a decoder holds at once, whatever the file does behind its header. `is_parallel` says
    /// whether it may work on all cores, for which it collects restart intervals.
    pub fn memory(&self, scales: Scales, is_parallel: bool) -> u64 {
        Layout::new(self, scales).memory(is_parallel)
    }
}

/// The number of lines that a DNL segment behind the entropy-coded data of the first scan says, once it is
/// there.
fn lines_behind(mut data: &[u8]) -> Result<Option<u32>, DecodeError> {
    const OPEN: DecodeError = DecodeError::Damaged("a height of 0");
    while let Some(at) = memchr::memchr(0xFF, data) {
        data = &data[at..];
        match data {
            [_, 0xFF, ..] => data = &data[1..],
            [_, 0 | 0xD0..=0xD7, ..] => data = &data[2..],
            [_, DNL, 0, 4, high, low, ..] => {
                let lines = u32::from(u16::from_be_bytes([*high, *low]));
                return if lines == 0 { Err(OPEN) } else { Ok(Some(lines)) };
            }
            [_] => break,
            [_, DNL, ..] if data.len() < 6 => break,
            _ => return Err(OPEN),
        }
    }
    Ok(None)
}
