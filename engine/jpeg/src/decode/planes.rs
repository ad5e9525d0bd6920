//! What is decoded.

use super::header::ColourModel;

/// A picture in planes.
#[derive(Clone, Debug, PartialEq)]
pub struct Planes {
    /// Source pixels.
    pub width: u32,
    /// Source pixels.
    pub height: u32,
    /// The colour model of the components.
    pub colour_model: ColourModel,
    /// One, or three in the order of the frame header.
    pub components: Vec<Component>,
    /// The colour profile, if there is a whole one of at most 3 MiB before the first scan.
    pub profile: Option<Vec<u8>>,
    /// Whether something was missing or not as it should be; see the policy in [`decode`](super).
    pub is_damaged: bool,
}

/// One plane, of whole MCUs, so that all components of a picture cover the same source pixels.
#[derive(Clone, Debug, PartialEq)]
pub struct Component {
    /// `[h, w]`, row by row.
    ///
    /// Blocks that lie outside of the picture altogether repeat the last sample inside.
    pub samples: Vec<u8>,
    /// Columns.
    pub w: usize,
    /// Rows.
    pub h: usize,
    /// Source pixels for each sample, across and down. The first sample covers those from 0 on.
    pub step: (f64, f64),
}

impl Component {
    /// Makes what lies beyond `w`×`h` samples, whole blocks, repeat the last sample of its row or column.
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
