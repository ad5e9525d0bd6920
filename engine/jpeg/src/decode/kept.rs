//! The coefficients that an inverse transform to fewer samples looks at.

use crate::zigzag::NATURAL_ORDER;

/// Where coefficients go that nobody looks at.
const NOWHERE: u8 = 64;

/// The n×n coefficients of lowest frequency.
#[derive(Clone, Debug)]
pub(super) struct Kept {
    /// Samples a side.
    pub(super) n: usize,
    /// The last of them in zigzag order.
    pub(super) last: usize,
    /// Those of them that are set, by their number in zigzag order.
    pub(super) mask: u64,
    /// For each in zigzag order, its place in natural order. Damaged data leads beyond the 64.
    places: [u8; 256],
}

impl Kept {
    pub(super) fn new(n: usize) -> Self {
        let mut kept = Self { n, last: 0, mask: 0, places: [NOWHERE; 256] };
        for (k, place) in NATURAL_ORDER.iter().enumerate() {
            if usize::from(place / 8) < n && usize::from(place % 8) < n {
                kept.places[k] = *place;
                kept.last = k;
                kept.mask |= 1 << k;
            }
        }
        kept
    }

    /// Where a coefficient of the zigzag sequence stands among those kept of all blocks, n×n of each row by row.
    #[inline]
    pub(super) fn index(&self, block: usize, k: usize) -> Option<usize> {
        let place = usize::from(self.places[k & 255]);
        (place != usize::from(NOWHERE)).then(|| (block * self.n + place / 8) * self.n + place % 8)
    }
}

/// A block in natural order, and behind it room for what is not kept.
#[derive(Debug)]
#[repr(align(32))]
pub(super) struct Scratch([i16; 256]);

impl Scratch {
    pub(super) fn new() -> Self {
        Self([0; 256])
    }

    /// The block.
    #[inline]
    pub(super) fn block(&mut self) -> &mut [i16; 64] {
        self.0.first_chunk_mut().expect("256 are more than 64")
    }

    /// Sets the k-th coefficient in zigzag order, if it is kept.
    #[inline]
    pub(super) fn set(&mut self, kept: &Kept, k: usize, value: i16) {
        self.0[usize::from(kept.places[k & 255])] = value;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn corners_end_where_the_zigzag_leaves_them() {
        let check = |n: usize, last: usize, mask: u64| {
            let kept = Kept::new(n);
            assert_eq!((kept.last, kept.mask.count_ones() as usize), (last, n * n), "{n}");
            assert_eq!(kept.mask, mask | kept.mask & !0xFFFF, "{n}");
        };
        check(1, 0, 0b1);
        check(2, 4, 0b1_0111);
        check(3, 12, 0b1_0001_1011_1111);
        check(8, 63, 0xFFFF);
    }

    #[test]
    fn what_is_not_kept_changes_nothing() {
        let (kept, mut scratch) = (Kept::new(2), Scratch::new());
        for k in 0..256 {
            scratch.set(&kept, k, 7);
        }
        let set: Vec<_> = scratch.block().iter().enumerate().filter(|it| *it.1 != 0).map(|it| it.0).collect();
        assert_eq!(set, [0, 1, 8, 9]);
    }
}
