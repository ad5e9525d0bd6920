//! The sections of a file: header, colour table, resources, layers, composite.

use super::FORMAT;
use crate::error::CodecError;
use bytes::Bytes;
use safelight_core::Size;

/// The meaning of the samples.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Colours {
    /// One bit for each pixel, 1 for black.
    Bitmap,
    /// Also the one plate of a duotone, as the specification advises.
    Grey,
    Indexed,
    Rgb,
    /// Complements: 0 is full.
    Cmyk,
    Lab,
}

/// The coding of the composite.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Coding {
    Raw,
    /// Runs, after a table of the bytes of each row, in numbers of so many bytes.
    PackBits(usize),
}

/// What a file says of its composite.
pub(super) struct Composite {
    pub(super) size: Size,
    pub(super) colours: Colours,
    /// Bits of a sample: 1, 8, 16, or 32 of a number with a fraction.
    pub(super) depth: u16,
    /// The planes that are stored.
    pub(super) planes: u16,
    /// Whether the plane after those of the colours is transparency.
    pub(super) has_alpha: bool,
    /// Reds, then greens, then blues, 256 each; empty unless the colours are indexed.
    pub(super) palette: Bytes,
    /// The entry of the palette that is transparent.
    pub(super) transparent: Option<u8>,
    pub(super) icc: Option<Bytes>,
    pub(super) coding: Coding,
    /// The coded planes, to the end of the file.
    pub(super) data: Bytes,
}

impl Colours {
    /// The planes that are colours.
    pub(super) const fn planes(self) -> u16 {
        match self {
            Self::Bitmap | Self::Grey | Self::Indexed => 1,
            Self::Rgb | Self::Lab => 3,
            Self::Cmyk => 4,
        }
    }
}

/// The numbers of resources that matter.
mod resource {
    pub(super) const PROFILE: u16 = 1039;
    pub(super) const TRANSPARENT_INDEX: u16 = 1047;
    pub(super) const VERSION: u16 = 1057;
}

impl Composite {
    /// Reads all sections of a file, without a sample.
    ///
    /// # Errors
    /// [`CodecError::Damaged`], and [`CodecError::Unsupported`] for what has no meaning here, or no composite.
    pub(super) fn read(source: &Bytes) -> Result<Self, CodecError> {
        let mut file = Fields { bytes: source.clone(), is_large: false };
        let unsupported = |what| CodecError::Unsupported(FORMAT, what);
        let (signature, version) = (file.take(4)?, file.u16()?);
        if signature != b"8BPS"[..] || !matches!(version, 1 | 2) {
            return Err(damaged("neither PSD nor PSB"));
        }
        file.is_large = version == 2;
        file.take(6)?;
        let (planes, h, w, depth, mode) = (file.u16()?, file.u32()?, file.u32()?, file.u16()?, file.u16()?);
        let colours = match (mode, depth) {
            (0, 1) => Colours::Bitmap,
            (1 | 8, 8 | 16) | (1, 32) => Colours::Grey,
            (2, 8) => Colours::Indexed,
            (3, 8 | 16 | 32) => Colours::Rgb,
            (4, 8 | 16) => Colours::Cmyk,
            (9, 8 | 16) => Colours::Lab,
            (7, _) => return Err(unsupported("its channels have colours of their own (multichannel)")),
            _ => return Err(unsupported("its colour mode with this depth")),
        };
        if planes < colours.planes() {
            return Err(damaged("fewer channels than its colour mode has"));
        }
        let table = file.section(false)?;
        let palette = if colours == Colours::Indexed { table } else { Bytes::new() };
        if colours == Colours::Indexed && palette.len() < 768 {
            return Err(damaged("no colour table"));
        }
        let resources = Resources::read(file.section(false)?);
        if resources.lacks_composite {
            return Err(unsupported("it was saved without a composite (Maximize Compatibility)"));
        }
        let layers = file.section(true)?;
        let has_alpha = colours.planes() < planes && has_merged_alpha(layers, file.is_large).unwrap_or(false);
        let coding = match file.u16()? {
            0 => Coding::Raw,
            1 => Coding::PackBits(if file.is_large { 4 } else { 2 }),
            _ => return Err(unsupported("its composite is compressed by other than PackBits")),
        };
        Ok(Self {
            size: Size::new(w, h),
            colours,
            depth,
            planes,
            has_alpha,
            palette,
            transparent: resources.transparent.filter(|_| colours == Colours::Indexed),
            icc: resources.icc,
            coding,
            data: file.bytes,
        })
    }
}

/// The resources that matter.
#[derive(Default)]
struct Resources {
    icc: Option<Bytes>,
    transparent: Option<u8>,
    lacks_composite: bool,
}

impl Resources {
    /// Reads them as far as they are well-formed.
    fn read(section: Bytes) -> Self {
        let mut found = Self::default();
        let mut fields = Fields { bytes: section, is_large: false };
        while let Ok((number, data)) = fields.resource() {
            match number {
                resource::PROFILE => found.icc = Some(data),
                resource::TRANSPARENT_INDEX => {
                    let index = data.first_chunk().map(|index| u16::from_be_bytes(*index));
                    found.transparent = index.and_then(|index| index.try_into().ok());
                }
                // The number of the version, then whether there is a composite.
                resource::VERSION => found.lacks_composite = data.get(4) == Some(&0),
                _ => (),
            }
        }
        found
    }
}

/// Whether the section of layers states that the composite has transparency: by a negative number of layers, or by a
/// block for it. `None` where the section is not well-formed.
fn has_merged_alpha(section: Bytes, is_large: bool) -> Option<bool> {
    let is_negative = |layers: &Bytes| layers.first().is_some_and(|byte| 0x80 <= *byte);
    let mut fields = Fields { bytes: section, is_large };
    if is_negative(&fields.section(true).ok()?) {
        return Some(true);
    }
    // The mask of all layers.
    fields.section(false).ok()?;
    loop {
        let signature = fields.take(4).ok()?;
        if signature != b"8BIM"[..] && signature != b"8B64"[..] {
            return None;
        }
        let key = fields.take(4).ok()?;
        let data = fields.section(signature == b"8B64"[..] || has_long_length(&key)).ok()?;
        let padding = data.len().wrapping_neg() % 4;
        match &key[..] {
            b"Mtrn" | b"Mt16" | b"Mt32" => return Some(true),
            // Layers of 16 and 32 bits are here.
            b"Layr" | b"Lr16" | b"Lr32" if is_negative(&data) => return Some(true),
            _ => (),
        }
        fields.take(padding).ok()?;
    }
}

/// Whether the length of a block has eight bytes in a large file.
fn has_long_length(key: &[u8]) -> bool {
    const LONG: [&[u8; 4]; 13] = [
        b"LMsk", b"Lr16", b"Lr32", b"Layr", b"Mt16", b"Mt32", b"Mtrn", b"Alph", b"FMsk", b"lnk2", b"FEid",
        b"FXid", b"PxSD",
    ];
    LONG.iter().any(|known| key == *known)
}

/// Fields in a row, big-endian. A part shares the memory of the source.
struct Fields {
    bytes: Bytes,
    /// Whether it is of a PSB, in which some lengths have eight bytes.
    is_large: bool,
}

impl Fields {
    fn take(&mut self, count: usize) -> Result<Bytes, CodecError> {
        if self.bytes.len() < count {
            return Err(damaged("the file is cut short"));
        }
        Ok(self.bytes.split_to(count))
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], CodecError> {
        self.take(N)?.first_chunk().copied().ok_or_else(|| damaged("the file is cut short"))
    }

    fn u16(&mut self) -> Result<u16, CodecError> {
        self.array().map(u16::from_be_bytes)
    }

    fn u32(&mut self) -> Result<u32, CodecError> {
        self.array().map(u32::from_be_bytes)
    }

    /// A length and as many bytes. In a large file, lengths that are `is_long` have eight bytes.
    fn section(&mut self, is_long: bool) -> Result<Bytes, CodecError> {
        let length =
            if is_long && self.is_large { self.array().map(u64::from_be_bytes)? } else { self.u32()?.into() };
        self.take(usize::try_from(length).unwrap_or(usize::MAX))
    }

    /// A resource: signature, number, name, data. Name and data have an even length with what fills them.
    fn resource(&mut self) -> Result<(u16, Bytes), CodecError> {
        self.take(4)?;
        let number = self.u16()?;
        let name = usize::from(self.array::<1>()?[0]);
        self.take(name + (name + 1) % 2)?;
        let data = self.section(false)?;
        // The last one may lack it.
        self.take((data.len() % 2).min(self.bytes.len()))?;
        Ok((number, data))
    }
}

fn damaged(what: &'static str) -> CodecError {
    CodecError::Damaged(FORMAT, what.into())
}
