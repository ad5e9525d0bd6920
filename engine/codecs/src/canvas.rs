//! The canvas on which the frames of an animation are drawn one over the other.

use safelight_core::{Model, Rect, Size};

/// The area on which frames are drawn one over the other.
pub(crate) struct Canvas {
    size: Size,
    /// Shape `[size.h, size.w, 4]`, alpha straight; transparent at first.
    pub(crate) rgba: Vec<u8>,
}

impl Canvas {
    /// A transparent canvas. `size` has been checked against the limits.
    pub(crate) fn new(size: Size) -> Self {
        Self { size, rgba: vec![0; size.pixels() as usize * 4] }
    }

    /// Its width and height.
    pub(crate) const fn size(&self) -> Size {
        self.size
    }

    /// Makes the part of `rect` that is on the canvas transparent.
    pub(crate) fn clear(&mut self, rect: Rect) {
        self.rows(rect).for_each(|row| row.fill(0));
    }

    /// Draws `samples` of `model`, which fill `rect`: blended with the canvas, or replacing its pixels. The part outside of
    /// the canvas is left out.
    pub(crate) fn draw(&mut self, rect: Rect, samples: &[u8], model: Model, is_blended: bool) {
        let channels = usize::from(model.channels());
        let sources = samples.chunks_exact(rect.size.w as usize * channels);
        for (row, source) in self.rows(rect).zip(sources) {
            if model == Model::Rgba && !is_blended {
                row.copy_from_slice(&source[..row.len()]);
                continue;
            }
            for (below, above) in row.as_chunks_mut::<4>().0.iter_mut().zip(source.chunks_exact(channels)) {
                let above = match *above {
                    [grey] => [grey, grey, grey, u8::MAX],
                    [grey, alpha] => [grey, grey, grey, alpha],
                    [r, g, b] => [r, g, b, u8::MAX],
                    [r, g, b, alpha] => [r, g, b, alpha],
                    _ => continue,
                };
                match above[3] {
                    0 if is_blended => (),
                    1..=254 if is_blended => blend(below, above),
                    _ => *below = above,
                }
            }
        }
    }

    /// The rows of the part of `rect` that is on the canvas.
    pub(crate) fn rows(&mut self, rect: Rect) -> impl Iterator<Item = &mut [u8]> {
        rows(&mut self.rgba, self.size, rect)
    }
}

/// The rows of the part of `rect` that is in `rgba`, shape `[size.h, size.w, 4]`.
pub(crate) fn rows(rgba: &mut [u8], size: Size, rect: Rect) -> impl Iterator<Item = &mut [u8]> {
    let (left, right) = (rect.x.min(size.w), rect.x.saturating_add(rect.size.w).min(size.w));
    let columns = left as usize * 4..right as usize * 4;
    let rows = rgba.chunks_exact_mut(size.w as usize * 4);
    rows.skip(rect.y as usize).take(rect.size.h as usize).filter_map(move |row| row.get_mut(columns.clone()))
}

/// The change to the canvas after a frame was shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum After {
    Keep,
    /// The frame's rectangle becomes transparent. No viewer shows a background colour.
    Clear,
    /// The canvas is restored to its state before the frame.
    Restore,
}

/// Draws frames one over the other.
pub(crate) struct Composer {
    canvas: Canvas,
    pending: Pending,
}

/// The change to the canvas before the next frame is drawn.
enum Pending {
    Nothing,
    Clear(Rect),
    Restore(Vec<u8>),
}

impl Composer {
    /// Begins with a transparent canvas. `size` has been checked against the limits.
    pub(crate) fn new(size: Size) -> Self {
        Self { canvas: Canvas::new(size), pending: Pending::Nothing }
    }

    /// Begins a frame in `rect`, and returns the canvas on which to draw it.
    pub(crate) fn begin(&mut self, rect: Rect, after: After) -> &mut Canvas {
        match std::mem::replace(&mut self.pending, Pending::Nothing) {
            Pending::Nothing => (),
            Pending::Clear(rect) => self.canvas.clear(rect),
            Pending::Restore(rgba) => self.canvas.rgba = rgba,
        }
        self.pending = match after {
            After::Keep => Pending::Nothing,
            After::Clear => Pending::Clear(rect),
            After::Restore => Pending::Restore(self.canvas.rgba.clone()),
        };
        &mut self.canvas
    }

    /// The canvas with the frames that were drawn.
    pub(crate) const fn canvas(&self) -> &Canvas {
        &self.canvas
    }
}

/// Blends a translucent pixel over another; alpha is straight in both.
fn blend(below: &mut [u8; 4], above: [u8; 4]) {
    let opacity = u32::from(above[3]);
    // In units of 1 / 255², so that one division at the end rounds once.
    let (over, under) = (opacity * 255, u32::from(below[3]) * (255 - opacity));
    let total = over + under;
    for (below, above) in below[..3].iter_mut().zip(above) {
        *below = ((u32::from(above) * over + u32::from(*below) * under + total / 2) / total) as u8;
    }
    below[3] = ((total + 127) / 255) as u8;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rectangles_are_clipped_to_the_canvas() {
        let mut canvas = Canvas::new(Size::new(2, 2));
        canvas.rgba.fill(9);
        canvas.clear(Rect { x: 1, y: 1, size: Size::new(u32::MAX, u32::MAX) });
        canvas.clear(Rect { x: 7, y: 0, size: Size::new(1, 1) });
        assert_eq!(canvas.rgba, [[9; 4], [9; 4], [9; 4], [0; 4]].concat());
    }

    #[test]
    fn translucent_pixels_blend() {
        let check = |below: [u8; 4], above: [u8; 4], expected: [u8; 4]| {
            let mut pixel = below;
            blend(&mut pixel, above);
            assert_eq!(pixel, expected, "{above:?} over {below:?}");
        };
        check([0, 0, 0, 0], [10, 20, 30, 128], [10, 20, 30, 128]);
        check([0, 0, 0, 255], [255, 255, 255, 128], [128, 128, 128, 255]);
        check([255, 0, 0, 128], [0, 0, 255, 128], [85, 0, 170, 192]);
        check([255, 255, 255, 255], [255, 255, 255, 1], [255, 255, 255, 255]);
    }

    #[test]
    fn frames_are_drawn_over_others_and_removed() {
        let rect = |x, w| Rect { x, y: 0, size: Size::new(w, 1) };
        let mut composer = Composer::new(Size::new(2, 1));
        composer.begin(rect(0, 2), After::Keep).draw(rect(0, 2), &[9, 7], Model::Grey, false);
        assert_eq!(composer.canvas().rgba, [9, 9, 9, 255, 7, 7, 7, 255]);
        // Beyond the right edge.
        composer.begin(rect(1, 2), After::Restore).draw(rect(1, 2), &[1, 0, 5, 5], Model::GreyAlpha, false);
        assert_eq!(composer.canvas().rgba, [9, 9, 9, 255, 1, 1, 1, 0]);
        composer.begin(rect(0, 1), After::Clear).draw(rect(0, 1), &[1, 2, 3, 0], Model::Rgba, true);
        assert_eq!(composer.canvas().rgba, [9, 9, 9, 255, 7, 7, 7, 255]);
        composer.begin(rect(1, 1), After::Keep).draw(rect(1, 1), &[1, 2, 3], Model::Rgb, true);
        assert_eq!(composer.canvas().rgba, [0, 0, 0, 0, 1, 2, 3, 255]);
    }
}
