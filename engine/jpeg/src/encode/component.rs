//! The components of a frame, divided into blocks of 8 × 8 samples.

use super::{
    EncodeError, Image, Options, Plane, Planes,
    quantisation::{self, Quantisation},
};
use crate::dct::Forward;

/// The quantised coefficients of a block in zigzag order.
pub(super) type Block = [i16; 64];

/// A component of the frame (T.81 A.1.1).
pub(super) struct Component<'a> {
    /// The index of the quantisation and Huffman tables: 0 for luma, 1 for chroma.
    pub(super) table: usize,
    /// Blocks in an MCU: columns, rows.
    pub(super) sampling: (usize, usize),
    /// Blocks that have samples of the image: columns, rows.
    pub(super) blocks: (usize, usize),
    number: u8,
    plane: Plane<'a>,
    forward: Forward,
}

impl<'a> Component<'a> {
    /// Returns the components of `image`, quantised with `tables`: luma only, or Y, Cb and Cr.
    ///
    /// # Errors
    /// [`EncodeError::Empty`] and [`EncodeError::ShortPlane`].
    pub(super) fn all(image: &Image<'a>, tables: &[Quantisation; 2]) -> Result<Vec<Self>, EncodeError> {
        let (width, height) = (usize::from(image.width), usize::from(image.height));
        let new =
            |number: u8, plane: Plane<'a>, sampling, steps: (usize, usize)| -> Result<Self, EncodeError> {
                let (w, h) = (width.div_ceil(steps.0), height.div_ceil(steps.1));
                let table = usize::from(number != 0);
                Ok(Self {
                    table,
                    sampling,
                    blocks: (w.div_ceil(8), h.div_ceil(8)),
                    number,
                    plane: plane.crop(w, h)?,
                    forward: Forward::new(&tables[table], quantisation::thresholds(&tables[table], table)),
                })
            };
        match image.planes {
            Planes::Grey(plane) => Ok(vec![new(0, plane, (1, 1), (1, 1))?]),
            Planes::Ycc { planes: [y, cb, cr], chroma } => {
                let steps = chroma.steps();
                let y = new(0, y, steps, (1, 1))?;
                Ok(vec![y, new(1, cb, (1, 1), steps)?, new(2, cr, (1, 1), steps)?])
            }
        }
    }

    /// Returns the component's number in the file; JFIF counts from 1.
    pub(super) const fn id(&self) -> u8 {
        self.number + 1
    }

    /// Transforms and quantises the block in column `x` and row `y`. Bit k of the result is set if
    /// coefficient k is nonzero. Outside the image, its last row and column are repeated, so that invisible
    /// samples add few bits.
    #[inline]
    pub(super) fn block(&self, (x, y): (usize, usize), out: &mut Block) -> u64 {
        let Plane { samples, stride, w, h } = self.plane;
        let (x, y) = (8 * x, 8 * y);
        if x + 8 <= w && y + 8 <= h {
            return self.forward.block(&samples[y * stride + x..], stride, out);
        }
        let mut edge = [0; 64];
        for (number, row) in edge.chunks_exact_mut(8).enumerate() {
            let start = (y + number).min(h - 1) * stride;
            for (column, sample) in row.iter_mut().enumerate() {
                *sample = samples[start + (x + column).min(w - 1)];
            }
        }
        self.forward.block(&edge, 8, out)
    }
}

/// Returns the MCUs of a scan of all components: columns, rows (T.81 A.2).
pub(super) fn mcus(image: &Image, components: &[Component]) -> (usize, usize) {
    let largest = |side: fn(&Component) -> usize| components.iter().map(side).max().unwrap_or(1);
    let (h, v) = (largest(|part| part.sampling.0), largest(|part| part.sampling.1));
    (usize::from(image.width).div_ceil(8 * h), usize::from(image.height).div_ceil(8 * v))
}

/// Calls `each` with the number of a component and the position of one of its blocks, in the order of a scan
/// of all components. The position is `None` where an MCU extends past the blocks that have samples.
///
/// # Errors
/// [`EncodeError::Interrupted`].
#[inline]
pub(super) fn for_each_interleaved(
    (columns, rows): (usize, usize),
    components: &[Component],
    options: &Options,
    mut each: impl FnMut(usize, Option<(usize, usize)>),
) -> Result<(), EncodeError> {
    for row in 0..rows {
        options.check()?;
        for column in 0..columns {
            for (number, part) in components.iter().enumerate() {
                let (h, v) = part.sampling;
                for y in row * v..(row + 1) * v {
                    for x in column * h..(column + 1) * h {
                        let has_samples = x < part.blocks.0 && y < part.blocks.1;
                        each(number, has_samples.then_some((x, y)));
                    }
                }
            }
        }
    }
    Ok(())
}

impl Plane<'_> {
    /// Returns the first `w` columns and `h` rows of the plane.
    fn crop(self, w: usize, h: usize) -> Result<Self, EncodeError> {
        if w == 0 || h == 0 {
            return Err(EncodeError::Empty);
        }
        let last_row = self.stride.checked_mul(h - 1);
        let is_whole = last_row.and_then(|start| self.samples.get(start..)?.get(..w)).is_some();
        if self.w < w || self.h < h || self.stride < w || !is_whole {
            return Err(EncodeError::ShortPlane);
        }
        Ok(Self { w, h, ..self })
    }
}
