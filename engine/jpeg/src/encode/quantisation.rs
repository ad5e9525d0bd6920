//! The quantisation tables of a quality.

/// The quantisation steps of the 64 coefficients, row by row.
pub(super) type Quantisation = [u16; 64];

/// The table of T.81 K.1 for luma.
#[rustfmt::skip]
const LUMA: Quantisation = [
    16, 11, 10, 16,  24,  40,  51,  61,
    12, 12, 14, 19,  26,  58,  60,  55,
    14, 13, 16, 24,  40,  57,  69,  56,
    14, 17, 22, 29,  51,  87,  80,  62,
    18, 22, 37, 56,  68, 109, 103,  77,
    24, 35, 55, 64,  81, 104, 113,  92,
    49, 64, 78, 87, 103, 121, 120, 101,
    72, 92, 95, 98, 112, 100, 103,  99,
];

/// The table of T.81 K.2 for chroma.
#[rustfmt::skip]
const CHROMA: Quantisation = [
    17, 18, 24, 47, 99, 99, 99, 99,
    18, 21, 26, 66, 99, 99, 99, 99,
    24, 26, 56, 99, 99, 99, 99, 99,
    47, 66, 99, 99, 99, 99, 99, 99,
    99, 99, 99, 99, 99, 99, 99, 99,
    99, 99, 99, 99, 99, 99, 99, 99,
    99, 99, 99, 99, 99, 99, 99, 99,
    99, 99, 99, 99, 99, 99, 99, 99,
];

/// Returns the tables of luma and chroma for `quality`, 1 to 100: those of Annex K at 50, all ones at 100.
///
/// The scale is that of libjpeg's `jpeg_quality_scaling`, so a quality means the same as in other programs.
/// Steps are clamped to 8 bits, which baseline requires.
pub(super) fn tables(quality: u8) -> [Quantisation; 2] {
    let quality = u32::from(quality.clamp(1, 100));
    let percent = if quality < 50 { 5000 / quality } else { 200 - 2 * quality };
    [LUMA, CHROMA]
        .map(|table| table.map(|step| ((u32::from(step) * percent + 50) / 100).clamp(1, 255) as u16))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn qualities_scale_tables_as_in_libjpeg() {
        let check = |quality, luma: [u16; 3], chroma_last: u16| {
            let [first, second] = tables(quality);
            assert_eq!((&first[..3], second[63]), (&luma[..], chroma_last), "{quality}");
        };
        check(1, [255, 255, 255], 255);
        check(10, [80, 55, 50], 255);
        check(50, [16, 11, 10], 99);
        check(80, [6, 4, 4], 40);
        check(95, [2, 1, 1], 10);
        check(100, [1, 1, 1], 1);
        assert_eq!((tables(0), tables(255)), (tables(1), tables(100)));
    }
}
