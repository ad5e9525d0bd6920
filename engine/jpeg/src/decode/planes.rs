//! The result of a decode.

use super::header::ColourModel;

/// A decoded image in planes of 8 bits, or of more with `u16`.
#[derive(Clone, Debug, PartialEq)]
pub struct Planes<S = u8> {
    /// Columns of source pixels.
    pub width: u32,
    /// Rows of source pixels.
    pub height: u32,
    /// The colour model of the components: grey, YCbCr or RGB.
    pub colour_model: ColourModel,
    /// One plane, or three in the order of the frame header.
    pub components: Vec<Component<S>>,
    /// The ICC profile, if the file has a complete one of at most 3 MiB before its first scan.
    pub profile: Option<Vec<u8>>,
    /// Whether parts of the file were missing or damaged; see [Damage](super#damage).
    pub is_damaged: bool,
}

/// One plane of whole MCUs, so that all planes of an image cover the same source pixels.
#[derive(Clone, Debug, PartialEq)]
pub struct Component<S = u8> {
    /// Samples of shape `[h, w]`, 0 to 255 or to the maximum of the file's precision (full range), rows from top to bottom without gaps.
    ///
    /// Blocks entirely outside the image repeat the last sample of their row or column.
    pub samples: Vec<S>,
    /// Columns.
    pub w: usize,
    /// Rows.
    pub h: usize,
    /// Source pixels for each sample: columns, rows. The first sample covers the pixels from 0 to the step.
    pub step: (f64, f64),
}

impl<S: Copy> Component<S> {
    /// Fills the samples outside the first `w` × `h`, which are whole blocks, with the last sample of their
    /// row or column.
    pub(super) fn pad(&mut self, w: usize, h: usize) {
        if w < self.w {
            for row in self.samples.chunks_exact_mut(self.w).take(h) {
                let last = row[w - 1];
                row[w..].fill(last);
            }
        }
        for y in h..self.h {
            self.samples.copy_within((h - 1) * self.w..h * self.w, y * self.w);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn padding_repeats_the_edge() {
        let mut plane = Component { samples: (0..12).collect(), w: 4, h: 3, step: (1.0, 1.0) };
        plane.pad(3, 2);
        assert_eq!(plane.samples, [0, 1, 2, 2, 4, 5, 6, 6, 4, 5, 6, 6]);
    }
}
