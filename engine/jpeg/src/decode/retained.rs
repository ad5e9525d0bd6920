//! The coefficients that an inverse transform to n × n samples reads.

use crate::zigzag::NATURAL_ORDER;

/// The place of coefficients that no transform reads.
const NOWHERE: u8 = 64;

/// The n × n coefficients of lowest frequency.
#[derive(Clone, Debug)]
pub(super) struct RetainedCoefficients {
    /// Width and height of a decoded block in samples.
    pub(super) n: usize,
    /// The last retained coefficient in zigzag order.
    pub(super) last: usize,
    /// The retained coefficients: bit k for coefficient k in zigzag order.
    pub(super) mask: u64,
    /// The place of each coefficient of the zigzag order in natural order. Damaged data has indexes above 63.
    places: [u8; 256],
}

impl RetainedCoefficients {
    /// Lists the coefficients for blocks of n × n samples.
    pub(super) fn new(n: usize) -> Self {
        let mut retained = Self { n, last: 0, mask: 0, places: [NOWHERE; 256] };
        for (k, place) in NATURAL_ORDER.iter().enumerate() {
            if usize::from(place / 8) < n && usize::from(place % 8) < n {
                retained.places[k] = *place;
                retained.last = k;
                retained.mask |= 1 << k;
            }
        }
        retained
    }

    /// Returns the index of coefficient `k` of `block` among the retained coefficients of all blocks, n × n
    /// of each block row by row. `k` is in zigzag order; the result is `None` if it is not retained.
    #[inline]
    pub(super) fn index(&self, block: usize, k: usize) -> Option<usize> {
        let place = usize::from(self.places[k & 255]);
        (place != usize::from(NOWHERE)).then(|| (block * self.n + place / 8) * self.n + place % 8)
    }
}

/// A block in natural order, followed by space for coefficients that are not retained.
#[derive(Debug)]
#[repr(align(32))]
pub(super) struct Scratch([i16; 256]);

impl Scratch {
    /// Returns a block of zeros.
    pub(super) fn new() -> Self {
        Self([0; 256])
    }

    /// Returns the block.
    #[inline]
    pub(super) fn block(&mut self) -> &mut [i16; 64] {
        self.0.first_chunk_mut().expect("256 is more than 64")
    }

    /// Sets the k-th coefficient in zigzag order, if it is retained.
    #[inline]
    pub(super) fn set(&mut self, retained: &RetainedCoefficients, k: usize, value: i16) {
        self.0[usize::from(retained.places[k & 255])] = value;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retained_coefficients_end_at_the_last_of_the_corner() {
        let check = |n: usize, last: usize, mask: u64| {
            let retained = RetainedCoefficients::new(n);
            assert_eq!((retained.last, retained.mask.count_ones() as usize), (last, n * n), "{n}");
            assert_eq!(retained.mask, mask | retained.mask & !0xFFFF, "{n}");
        };
        check(1, 0, 0b1);
        check(2, 4, 0b1_0111);
        check(3, 12, 0b1_0001_1011_1111);
        check(8, 63, 0xFFFF);
    }

    #[test]
    fn other_coefficients_do_not_change_the_block() {
        let (retained, mut scratch) = (RetainedCoefficients::new(2), Scratch::new());
        for k in 0..256 {
            scratch.set(&retained, k, 7);
        }
        let set: Vec<_> = scratch.block().iter().enumerate().filter(|it| *it.1 != 0).map(|it| it.0).collect();
        assert_eq!(set, [0, 1, 8, 9]);
    }
}
