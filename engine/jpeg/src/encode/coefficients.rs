//! The coefficients of a component, for progressive scans.

use super::{EncodeError, Options, component::Component};

/// The nonzero coefficients, block by block from left to right and top to bottom.
pub(super) struct Coefficients {
    /// The DC coefficient of each block.
    pub(super) dc: Vec<i16>,
    /// The nonzero AC coefficients of each block: bit k for coefficient k in zigzag order.
    masks: Vec<u64>,
    /// The values of the nonzero AC coefficients.
    values: Vec<i16>,
}

impl Coefficients {
    /// Transforms and quantises all blocks of `component`.
    ///
    /// # Errors
    /// [`EncodeError::Interrupted`].
    pub(super) fn of(component: &Component, options: &Options) -> Result<Self, EncodeError> {
        let (columns, rows) = component.blocks;
        let count = columns * rows;
        let mut all =
            Self { dc: Vec::with_capacity(count), masks: Vec::with_capacity(count), values: Vec::new() };
        let mut block = [0; 64];
        for y in 0..rows {
            options.check()?;
            for x in 0..columns {
                let mask = component.block((x, y), &mut block) & !1;
                all.dc.push(block[0]);
                all.masks.push(mask);
                all.values.extend(ones(mask).map(|at| block[at as usize % 64]));
            }
        }
        Ok(all)
    }

    /// Returns the nonzero coefficients of each block among `first` to `last`: a mask of them, and their
    /// values.
    pub(super) fn bands(&self, first: u32, last: u32) -> impl Iterator<Item = (u64, &[i16])> {
        let (below, up_to) = ((1 << first) - 1, u64::MAX >> (63 - last));
        let mut rest = &self.values[..];
        self.masks.iter().map(move |mask| {
            let (block, after) = rest.split_at(mask.count_ones() as usize);
            rest = after;
            let skipped = (mask & below).count_ones() as usize;
            let band = mask & up_to & !below;
            (band, &block[skipped..skipped + band.count_ones() as usize])
        })
    }
}

/// Returns the positions of the bits that are set in `mask`, the lowest first.
#[inline]
pub(super) fn ones(mut mask: u64) -> impl Iterator<Item = u32> {
    std::iter::from_fn(move || {
        let at = mask.trailing_zeros();
        (mask != 0).then(|| {
            mask &= mask - 1;
            at
        })
    })
}
