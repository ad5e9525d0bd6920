//! The zigzag order: the order of coefficients in a file.

/// The index of the k-th coefficient of a scan in a block of eight rows of eight (ITU-T T.81 figure A.6).
pub(super) const NATURAL_ORDER: [u8; 64] = [
    0, 1, 8, 16, 9, 2, 3, 10, //
    17, 24, 32, 25, 18, 11, 4, 5, //
    12, 19, 26, 33, 40, 48, 41, 34, //
    27, 20, 13, 6, 7, 14, 21, 28, //
    35, 42, 49, 56, 57, 50, 43, 36, //
    29, 22, 15, 23, 30, 37, 44, 51, //
    58, 59, 52, 45, 38, 31, 39, 46, //
    53, 60, 61, 54, 47, 55, 62, 63, //
];

#[cfg(test)]
mod tests {
    use super::NATURAL_ORDER;

    #[test]
    fn order_follows_the_diagonals() {
        let (mut row, mut column, mut upwards) = (0u8, 0u8, true);
        for (k, &natural) in NATURAL_ORDER.iter().enumerate() {
            assert_eq!(natural, row * 8 + column, "coefficient {k}");
            match (upwards, row, column) {
                (true, _, 7) => (row, upwards) = (row + 1, false),
                (true, 0, _) => (column, upwards) = (column + 1, false),
                (true, ..) => (row, column) = (row - 1, column + 1),
                (false, 7, _) => (column, upwards) = (column + 1, true),
                (false, _, 0) => (row, upwards) = (row + 1, true),
                (false, ..) => (row, column) = (row + 1, column - 1),
            }
        }
    }
}
