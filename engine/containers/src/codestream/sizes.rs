//! Sizes and components: the SIZ segment, T.800 A.5.1.

use super::CodestreamError;
use safelight_core::Size;

/// The contents of SIZ. No size is 0, and the image is within its grid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sizes {
    /// The end of the image on the reference grid.
    pub grid: Size,
    /// The start of the image.
    pub origin: Size,
    /// The size of a tile.
    pub tile: Size,
    /// The start of the first tile; not beyond `origin`.
    pub tile_origin: Size,
    /// The components; at least one.
    pub components: Vec<Component>,
}

/// A component of the image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Component {
    /// Bits per sample, 1 to 38.
    pub bits: u8,
    /// Whether samples are in two's complement.
    pub is_signed: bool,
    /// Grid points for each sample: columns, rows.
    pub step: (u8, u8),
}

impl Sizes {
    /// The most components that are supported.
    pub const MAX_COMPONENTS: usize = 16;

    pub(super) fn read(payload: &[u8]) -> Result<Self, CodestreamError> {
        let wrong = || CodestreamError::Damaged("invalid sizes (SIZ)");
        let (fixed, components) = payload.split_at_checked(36).ok_or_else(wrong)?;
        let number = |at: usize| {
            let bytes = fixed.get(at..).and_then(|rest| rest.first_chunk());
            bytes.map(|bytes| u32::from_be_bytes(*bytes)).ok_or_else(wrong)
        };
        let size = |at: usize| Ok(Size::new(number(at)?, number(at + 4)?));
        let (grid, origin, tile, tile_origin) = (size(2)?, size(10)?, size(18)?, size(26)?);
        let (components, rest) = components.as_chunks::<3>();
        let count = usize::from(u16::from_be_bytes([fixed[34], fixed[35]]));
        if Self::MAX_COMPONENTS < components.len() {
            return Err(CodestreamError::Unsupported("more than 16 components"));
        }
        let components: Vec<_> = components.iter().map(Component::read).collect();
        let is_valid = |[origin, end, tile, start]: [u32; 4]| {
            origin < end
                && start <= origin
                && 0 < tile
                && u64::from(origin) < u64::from(start) + u64::from(tile)
        };
        let are_valid = is_valid([origin.w, grid.w, tile.w, tile_origin.w])
            && is_valid([origin.h, grid.h, tile.h, tile_origin.h])
            && count == components.len()
            && 0 < count
            && rest.is_empty()
            && components.iter().all(|it| it.bits <= 38 && 0 < it.step.0 && 0 < it.step.1);
        if are_valid { Ok(Self { grid, origin, tile, tile_origin, components }) } else { Err(wrong()) }
    }

    /// The size of the image on the reference grid.
    pub fn picture(&self) -> Size {
        Size::new(self.grid.w - self.origin.w, self.grid.h - self.origin.h)
    }

    /// The number of tiles.
    pub fn tiles(&self) -> u64 {
        let axis = |end: u32, start: u32, tile: u32| u64::from((end - start).div_ceil(tile));
        axis(self.grid.w, self.tile_origin.w, self.tile.w)
            * axis(self.grid.h, self.tile_origin.h, self.tile.h)
    }
}

impl Component {
    fn read([depth, x, y]: &[u8; 3]) -> Self {
        Self { bits: (depth & 0x7F) + 1, is_signed: depth & 0x80 != 0, step: (*x, *y) }
    }
}
