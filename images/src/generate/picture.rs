//! Decoded images, and the few operations that the samples need.

/// An image of `[h, w, 3]` samples: R, G, B, 8 bits, row-major, without padding; sRGB unless stated
/// otherwise.
#[derive(Clone)]
pub(super) struct Picture {
    pub(super) w: usize,
    pub(super) h: usize,
    pub(super) rgb: Vec<u8>,
}

impl Picture {
    /// Returns the image whose pixel at `x`, `y` is `pixel(x, y)`.
    fn from_fn(w: usize, h: usize, pixel: impl Fn(usize, usize) -> [u8; 3]) -> Self {
        let rgb = (0..h).flat_map(|y| (0..w).map(move |x| (x, y))).flat_map(|(x, y)| pixel(x, y)).collect();
        Self { w, h, rgb }
    }

    fn at(&self, x: usize, y: usize) -> [u8; 3] {
        let start = (y * self.w + x) * 3;
        [self.rgb[start], self.rgb[start + 1], self.rgb[start + 2]]
    }

    /// Reduces the image to `w` × `h`: each pixel is the mean of the area that it covers. `w` and `h` must
    /// not exceed the image's size.
    pub(super) fn shrunk(&self, w: usize, h: usize) -> Self {
        let (columns, rows) = (covers(self.w, w), covers(self.h, h));
        Self::from_fn(w, h, |x, y| {
            let (mut sum, mut whole) = ([0.0f32; 3], 0.0);
            for &(sy, wy) in &rows[y] {
                for &(sx, wx) in &columns[x] {
                    let pixel = self.at(sx, sy);
                    (0..3).for_each(|c| sum[c] += f32::from(pixel[c]) * wx * wy);
                    whole += wx * wy;
                }
            }
            sum.map(|channel| (channel / whole + 0.5) as u8)
        })
    }

    /// Returns the `w` × `h` pixels whose top left corner is at `x`, `y`.
    pub(super) fn cropped(&self, x: usize, y: usize, w: usize, h: usize) -> Self {
        Self::from_fn(w, h, |column, row| self.at(x + column, y + row))
    }

    /// Returns the image as it must be stored, so that a viewer that applies EXIF `orientation` shows this
    /// one.
    pub(super) fn stored(&self, orientation: u16) -> Self {
        let (w, h) = (self.w, self.h);
        match orientation {
            2 => Self::from_fn(w, h, |x, y| self.at(w - 1 - x, y)),
            3 => Self::from_fn(w, h, |x, y| self.at(w - 1 - x, h - 1 - y)),
            4 => Self::from_fn(w, h, |x, y| self.at(x, h - 1 - y)),
            5 => Self::from_fn(h, w, |x, y| self.at(y, x)),
            6 => Self::from_fn(h, w, |x, y| self.at(w - 1 - y, x)),
            7 => Self::from_fn(h, w, |x, y| self.at(w - 1 - y, h - 1 - x)),
            8 => Self::from_fn(h, w, |x, y| self.at(y, h - 1 - x)),
            _ => self.clone(),
        }
    }

    /// Draws an arrow and the word UP, so that no rotated or mirrored copy looks the same.
    pub(super) fn with_up(&self) -> Self {
        const GLYPHS: [&str; 7] = [
            "..#....#...#.####.",
            ".###...#...#.#...#",
            "#.#.#..#...#.#...#",
            "..#....#...#.####.",
            "..#....#...#.#....",
            "..#....#...#.#....",
            "..#.....###..#....",
        ];
        let scale = self.w / 72;
        let (left, top) = (self.w / 16, self.h / 12);
        let inked = |x: usize, y: usize| {
            let glyph = (x.checked_sub(left), y.checked_sub(top));
            let (Some(x), Some(y)) = glyph else { return false };
            GLYPHS.get(y / scale).and_then(|row| row.as_bytes().get(x / scale)) == Some(&b'#')
        };
        Self::from_fn(self.w, self.h, |x, y| if inked(x, y) { [255, 250, 240] } else { self.at(x, y) })
    }

    /// Converts the colours to Display P3, for samples with its profile.
    pub(super) fn to_display_p3(&self) -> Self {
        let linear: Vec<f32> = (0..=255u8).map(|value| linear(f32::from(value) / 255.0)).collect();
        Self::from_fn(self.w, self.h, |x, y| {
            let [r, g, b] = self.at(x, y).map(|value| linear[usize::from(value)]);
            // From sRGB's primaries to P3's, both with white point D65.
            [
                0.822_462 * r + 0.177_538 * g,
                0.033_194 * r + 0.966_806 * g,
                0.017_083 * r + 0.072_397 * g + 0.910_520 * b,
            ]
            .map(|value| (encoded(value) * 255.0 + 0.5) as u8)
        })
    }
}

/// Returns for each of `to` pixels the covered pixels among `from`, each with its share.
fn covers(from: usize, to: usize) -> Vec<Vec<(usize, f32)>> {
    // In units of 1 / (from * to), so that edges are exact.
    (0..to)
        .map(|pixel| {
            let (start, end) = (pixel * from, (pixel + 1) * from);
            let share = |source: usize| (end.min((source + 1) * to) - start.max(source * to)) as f32;
            (start / to..end.div_ceil(to)).map(|source| (source, share(source))).collect()
        })
        .collect()
}

/// Returns the sRGB encoding of linear light (IEC 61966-2-1).
pub(super) fn encoded(linear: f32) -> f32 {
    if linear <= 0.003_130_8 { linear * 12.92 } else { 1.055 * libm::powf(linear, 1.0 / 2.4) - 0.055 }
}

/// Returns the inverse of [`encoded`].
fn linear(encoded: f32) -> f32 {
    if encoded <= 0.040_45 { encoded / 12.92 } else { libm::powf((encoded + 0.055) / 1.055, 2.4) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Three by two pixels, each with its own red.
    fn picture() -> Picture {
        Picture::from_fn(3, 2, |x, y| [(y * 3 + x) as u8, 0, 0])
    }

    /// Returns the red samples of `picture`, row by row.
    fn reds(picture: &Picture) -> Vec<u8> {
        picture.rgb.iter().step_by(3).copied().collect()
    }

    #[test]
    fn the_first_row_and_column_lie_where_exif_says() {
        let check = |orientation, expected: &[u8]| {
            assert_eq!(reds(&picture().stored(orientation)), expected, "orientation {orientation}");
        };
        // TIFF 6.0, Orientation: for 6, the stored first row is the right side and the first column the top.
        check(1, &[0, 1, 2, 3, 4, 5]);
        check(2, &[2, 1, 0, 5, 4, 3]);
        check(3, &[5, 4, 3, 2, 1, 0]);
        check(4, &[3, 4, 5, 0, 1, 2]);
        check(5, &[0, 3, 1, 4, 2, 5]);
        check(6, &[2, 5, 1, 4, 0, 3]);
        check(7, &[5, 2, 4, 1, 3, 0]);
        check(8, &[3, 0, 4, 1, 5, 2]);
    }

    #[test]
    fn shrinking_is_the_mean_of_what_is_covered() {
        assert_eq!(reds(&picture().shrunk(1, 1)), [3]);
        assert_eq!(reds(&picture().shrunk(3, 1)), [2, 3, 4]);
        assert_eq!(reds(&picture().shrunk(3, 2)), [0, 1, 2, 3, 4, 5]);
    }
}
