//! The curves of the encoders, at their default effort.
//!
//! `cargo run --release -p safelight-benches --bin qualities -- fit FOLDER...` prints them. These are of 271 images, photos
//! and drawings at widths of 160, 320 and 640 pixels, and for AVIF of every third of them.

use crate::Curve;

/// The curve of JPEG.
pub const JPEG: Curve = Curve {
    knots: &[
        (20, 4.036),
        (35, 3.75),
        (50, 3.569),
        (65, 3.382),
        (75, 3.218),
        (83, 3.029),
        (89, 2.812),
        (90, 2.375),
        (95, 1.965),
    ],
    weights: [-0.085, -0.079, 0.107, 0.167, 0.127, 0.172, -0.018],
};
/// The curve of WebP.
pub const WEBP: Curve = Curve {
    knots: &[
        (10, 4.067),
        (25, 3.832),
        (40, 3.64),
        (55, 3.49),
        (68, 3.361),
        (77, 3.236),
        (85, 3.0),
        (92, 2.734),
        (97, 2.518),
    ],
    weights: [-0.191, -0.061, 0.102, 0.157, -0.025, -0.597, 0.0],
};
/// The curve of AVIF, below the quality at which the encoder takes much more memory.
pub const AVIF: Curve = Curve {
    knots: &[(20, 4.137), (36, 3.884), (50, 3.654), (62, 3.447), (74, 3.256), (89, 2.641)],
    weights: [-1.85, 0.316, 0.064, 0.093, 0.316, -2.068, 0.084],
};
