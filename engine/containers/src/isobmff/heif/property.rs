//! Values of properties, in items and in sample entries.

use super::{Aperture, Colours, Nclx, Transform};
use crate::isobmff::boxes::{BoxSpan, IndexError};
use bytes::Bytes;
use safelight_core::Size;

/// The properties of one item or sample entry that a decoder needs.
#[derive(Debug, Default)]
pub(super) struct Properties {
    pub(super) size: Option<Size>,
    pub(super) transforms: Vec<Transform>,
    pub(super) colours: Colours,
    pub(super) config: Option<Bytes>,
    pub(super) operating_point: u8,
    pub(super) layer: Option<u8>,
}

impl Properties {
    /// Adds the property `span` of the index `index`.
    pub(super) fn add(&mut self, span: BoxSpan, index: &Bytes) -> Result<(), IndexError> {
        let mut fields = span.fields(index);
        match &span.kind {
            b"ispe" => {
                fields.version()?;
                self.size = Some(Size::new(fields.u32()?, fields.u32()?));
            }
            b"av1C" | b"hvcC" => self.config = Some(index.slice(span.body..span.end)),
            b"clap" => {
                let mut numbers = [0; 8];
                for number in &mut numbers {
                    *number = fields.u32()?;
                }
                let [w, w_by, h, h_by, x, x_by, y, y_by] = numbers;
                self.transforms.push(Transform::Crop(Aperture {
                    width: (w, w_by),
                    height: (h, h_by),
                    across: (x.cast_signed(), x_by),
                    down: (y.cast_signed(), y_by),
                }));
            }
            b"irot" => self.transforms.push(Transform::Rotate(fields.u8()? & 3)),
            b"imir" => self.transforms.push(Transform::Mirror(fields.u8()? & 1 == 1)),
            b"colr" => self.add_colours(span, index)?,
            // ISO/IEC 14496-12, sections 12.1.6 and 12.1.7. Zero means that it is not known.
            b"clli" => self.colours.content_peak = fields.u16().ok().map(u32::from).filter(|peak| *peak != 0),
            b"mdcv" => {
                // The chromaticities of three primaries and of white are before.
                let peak = fields.bytes(16).and_then(|_| fields.u32()).ok();
                self.colours.display_peak = peak.map(|peak| peak / MDCV_UNITS).filter(|peak| *peak != 0);
            }
            b"a1op" => self.operating_point = fields.u8()?,
            // 65 535 means all layers, of which the last is the best.
            b"lsel" => self.layer = u8::try_from(fields.u16()?).ok(),
            _ => (),
        }
        Ok(())
    }

    /// Adds a `colr` box; the first of each kind counts.
    fn add_colours(&mut self, span: BoxSpan, index: &Bytes) -> Result<(), IndexError> {
        let mut fields = span.fields(index);
        match &fields.four_cc()? {
            b"nclx" => {
                let mut code_point = || Ok(u8::try_from(fields.u16()?).unwrap_or(UNSPECIFIED));
                let (primaries, transfer, matrix) = (code_point()?, code_point()?, code_point()?);
                let is_full_range = fields.u8()? & 0x80 != 0;
                self.colours.nclx.get_or_insert(Nclx { primaries, transfer, matrix, is_full_range });
            }
            b"prof" | b"rICC" => {
                self.colours.icc.get_or_insert_with(|| index.slice(fields.at..span.end));
            }
            _ => (),
        }
        Ok(())
    }
}

/// The units of `mdcv` in 1 cd/m².
const MDCV_UNITS: u32 = 10_000;
/// The code point of what is not specified.
const UNSPECIFIED: u8 = 2;
