//! The pixels of a picture, at its own size and at halves of it, so that a small copy shows every pixel.

use super::FORMAT;
use crate::error::CodecError;
use crate::rgb8::Rgb8;
use resvg::tiny_skia::{
    ColorU8, FilterQuality, IntSize, Paint, Pattern, Pixmap, PremultipliedColorU8, Rect, SpreadMode,
    Transform,
};
use resvg::usvg::ImageRendering;
use safelight_core::{Image, Result, Size, Turn};

/// A picture that is drawn.
pub(super) struct Raster {
    pub(super) size: Size,
    /// Its pixels, and those of each half of the level before; none if it is not drawn.
    pub(super) levels: Vec<Pixmap>,
}

impl Raster {
    /// Bytes of a pixel: those of all levels are a third more than those of the first.
    pub(super) const PIXEL_BYTES: u64 = 6;
    /// Bytes of a pixel while it is converted: turned, interleaved, of 8 bits.
    pub(super) const WORK_BYTES: u64 = 16;

    /// Converts the first frame of `image`, which is `size` when it is upright.
    pub(super) fn new(image: Image, size: Size) -> Result<Self> {
        let missing = || CodecError::Damaged(FORMAT, "a picture without pixels".into());
        let frame = image.frames.into_iter().next().ok_or_else(missing)?;
        let turn = Turn::from(frame.geometry.orientation);
        let frame = frame.materialize()?.turn(turn)?;
        let rgb = Rgb8::from_frame(FORMAT, &frame)?;
        let premultiplied = |pixel: &[u8]| {
            let alpha = pixel.get(3).copied().unwrap_or(u8::MAX);
            let pixel = ColorU8::from_rgba(pixel[0], pixel[1], pixel[2], alpha).premultiply();
            [pixel.red(), pixel.green(), pixel.blue(), pixel.alpha()]
        };
        let mut samples = Vec::with_capacity(size.pixels() as usize * 4);
        samples.extend(rgb.samples.chunks_exact(rgb.channels()).flat_map(premultiplied));
        let whole = IntSize::from_wh(size.w, size.h).and_then(|size| Pixmap::from_vec(samples, size));
        let mut levels = vec![whole.ok_or_else(missing)?];
        while let Some(half) = levels.last().and_then(halved) {
            levels.push(half);
        }
        Ok(Self { size, levels })
    }

    /// Draws it with its top left corner at the origin of `transform`.
    pub(super) fn draw(&self, rendering: ImageRendering, transform: Transform, canvas: &mut Pixmap) {
        let quality = match rendering {
            ImageRendering::OptimizeQuality | ImageRendering::HighQuality => FilterQuality::Bicubic,
            ImageRendering::Smooth => FilterQuality::Bilinear,
            ImageRendering::OptimizeSpeed | ImageRendering::CrispEdges | ImageRendering::Pixelated => {
                FilterQuality::Nearest
            }
        };
        let level = if quality == FilterQuality::Nearest { 0 } else { level(transform) };
        let level = level.min(self.levels.len().saturating_sub(1));
        let (w, h) = (self.size.w as f32, self.size.h as f32);
        let (Some(pixels), Some(area)) = (self.levels.get(level), Rect::from_xywh(0.0, 0.0, w, h)) else {
            return;
        };
        let scale = (1_u32 << level) as f32;
        let placed = Transform::from_scale(scale, scale);
        let shader = Pattern::new(pixels.as_ref(), SpreadMode::Pad, quality, 1.0, placed);
        let paint = Paint { shader, ..Paint::default() };
        canvas.fill_rect(area, &paint, transform, None);
    }
}

/// How often a picture may be halved, and still has a pixel for each that is drawn.
fn level(transform: Transform) -> usize {
    let (x, y) = transform.get_scale();
    let shrunk = 1.0 / x.max(y);
    if shrunk.is_finite() && 2.0 <= shrunk { shrunk.log2() as usize } else { 0 }
}

/// The means of two by two pixels; `None` for a single pixel.
fn halved(pixels: &Pixmap) -> Option<Pixmap> {
    let (w, h) = (pixels.width() as usize, pixels.height() as usize);
    if w.max(h) == 1 {
        return None;
    }
    let (half_w, half_h) = (w.div_ceil(2), h.div_ceil(2));
    let mut half = Pixmap::new(half_w as u32, half_h as u32)?;
    let source = pixels.pixels();
    for (at, mean) in half.pixels_mut().iter_mut().enumerate() {
        let (x, y) = (at % half_w * 2, at / half_w * 2);
        // The last column and row of an odd size count twice.
        let (right, below) = ((x + 1).min(w - 1), (y + 1).min(h - 1));
        let four = [(x, y), (right, y), (x, below), (right, below)].map(|(x, y)| source[y * w + x]);
        let sum = |sample: fn(PremultipliedColorU8) -> u8| {
            let sum: u32 = four.into_iter().map(|pixel| u32::from(sample(pixel))).sum();
            ((sum + 2) / 4) as u8
        };
        let [red, green, blue, alpha] = [
            sum(PremultipliedColorU8::red),
            sum(PremultipliedColorU8::green),
            sum(PremultipliedColorU8::blue),
            sum(PremultipliedColorU8::alpha),
        ];
        *mean = PremultipliedColorU8::from_rgba(red, green, blue, alpha)?;
    }
    Some(half)
}

#[cfg(test)]
mod tests {
    use super::*;
    use safelight_core::{Frame, Model, Orientation, Samples};

    fn raster(size: Size, samples: Vec<u8>, orientation: u8) -> Raster {
        let mut frame = Frame::whole(size, Model::Grey, Samples::U8(samples));
        frame.geometry.orientation = Orientation::new(orientation).unwrap();
        let upright = Turn::from(frame.geometry.orientation).size(size);
        let image = Image { frames: vec![frame], delays_ms: Vec::new(), plays: 0, profile: None };
        Raster::new(image, upright).unwrap()
    }

    #[test]
    fn levels_are_means_and_upright() {
        let check = |raster: &Raster, expected: &[&[u8]]| {
            let reds = |level: &Pixmap| level.pixels().iter().map(|pixel| pixel.red()).collect::<Vec<_>>();
            assert_eq!(raster.levels.iter().map(reds).collect::<Vec<_>>(), expected);
        };
        check(&raster(Size::new(3, 1), vec![0, 100, 200], 1), &[&[0, 100, 200], &[50, 200], &[125]]);
        check(&raster(Size::new(3, 1), vec![0, 100, 200], 3), &[&[200, 100, 0], &[150, 0], &[75]]);
        check(&raster(Size::new(2, 2), vec![0, 1, 2, 3], 6), &[&[2, 0, 3, 1], &[2]]);
        check(&raster(Size::new(1, 1), vec![9], 8), &[&[9]]);
    }

    #[test]
    fn a_level_has_a_pixel_for_each_that_is_drawn() {
        for (scale, expected) in [(3.0, 0), (1.0, 0), (0.51, 0), (0.5, 1), (0.26, 1), (0.25, 2), (0.0, 0)] {
            assert_eq!(level(Transform::from_scale(scale, scale / 2.0)), expected, "{scale}");
        }
        assert_eq!(level(Transform::from_rotate(30.0).pre_scale(0.24, 0.24)), 2);
    }
}
