//! Overlays: images drawn on a canvas (ISO/IEC 23008-12 section 6.6.2.2).

use super::still::{Still, stronger};
use crate::{
    animation::{cut, drop_opaque_alpha},
    canvas::Canvas,
    error::CodecError,
    header::check_pixels,
    rgb8::Rgb8,
};
use safelight_containers::heif::Overlay;
use safelight_core::{Cost, Format, Frame, Isolation, Limits, Model, Rect, Result, Samples, Size, Stop};

/// An overlay whose headers were read and checked.
pub(super) struct OverlayImage {
    format: Format,
    pub(super) size: Size,
    /// Red, green, blue, alpha.
    background: [u8; 4],
    layers: Vec<Layer>,
}

struct Layer {
    x: i32,
    y: i32,
    image: Still,
}

impl OverlayImage {
    /// Reads the headers of all layers, and checks their pixels together.
    pub(super) fn new(format: Format, overlay: &Overlay, limits: &Limits) -> Result<Self> {
        check_pixels(format, overlay.size, limits)?;
        let mut layers = Vec::new();
        let mut pixels = 0_u64;
        for layer in &overlay.layers {
            let image = Still::new(format, &layer.image, limits)?;
            let size = image.decoded_size(1);
            pixels = pixels.saturating_add(size.pixels());
            if limits.max_pixels < pixels {
                return Err(CodecError::TooManyPixels { format, size, max: limits.max_pixels }.into());
            }
            layers.push(Layer { x: layer.x, y: layer.y, image });
        }
        let background = overlay.background.map(|channel| (channel >> 8) as u8);
        Ok(Self { format, size: overlay.size, background, layers })
    }

    /// Returns the cost of the frame.
    pub(super) fn cost(&self) -> Cost {
        /// Bytes of a pixel of the canvas, and of a layer while it is turned and converted.
        const CANVAS_BYTES: u64 = 4;
        const LAYER_BYTES: u64 = 12;
        let layers = self.layers.iter().map(|Layer { image, .. }| {
            let drawn = Cost::new(image.decoded_size(1).pixels().saturating_mul(LAYER_BYTES), 0);
            image.cost(1).then(drawn)
        });
        let layers = layers.fold(Cost::default(), Cost::then);
        layers + Cost::new(self.size.pixels().saturating_mul(CANVAS_BYTES), self.size.pixels())
    }

    /// Returns whether the canvas shows through.
    pub(super) fn has_alpha(&self) -> bool {
        self.background[3] != u8::MAX
    }

    /// Returns the reason to decode in a child process.
    pub(super) fn isolation(&self) -> Isolation {
        self.layers.iter().map(|layer| layer.image.isolation()).fold(Isolation::Never, stronger)
    }

    /// Draws all layers.
    pub(super) fn frame(&self, is_parallel: bool, stop: &Stop) -> Result<Frame> {
        let mut canvas = Canvas::new(self.size);
        for pixel in canvas.rgba.as_chunks_mut::<4>().0 {
            *pixel = self.background;
        }
        for Layer { x, y, image } in &self.layers {
            let frame =
                image.frame(1, (1, 1), is_parallel, stop)?.materialize()?.turn(image.orientation.into())?;
            let pixels = Rgb8::from_frame(self.format, &frame)?;
            draw(&mut canvas, (*x, *y), &pixels);
        }
        let mut samples = [canvas.rgba];
        let model = if drop_opaque_alpha(&mut samples) { Model::Rgb } else { Model::Rgba };
        let [samples] = samples;
        Ok(Frame::whole(self.size, model, Samples::U8(samples)))
    }
}

/// Draws the part of `pixels` that is on the canvas.
fn draw(canvas: &mut Canvas, at: (i32, i32), pixels: &Rgb8) {
    // The parts that are left of the canvas, or above.
    let (cut_x, cut_y) = (at.0.min(0).unsigned_abs(), at.1.min(0).unsigned_abs());
    let (x, y) = (at.0.max(0).unsigned_abs(), at.1.max(0).unsigned_abs());
    let Size { w, h } = pixels.size;
    if w <= cut_x || h <= cut_y {
        return;
    }
    let size = Size::new(w - cut_x, h - cut_y);
    let visible = cut(&pixels.samples, pixels.size, pixels.channels(), Rect { x: cut_x, y: cut_y, size });
    let model = if pixels.has_alpha { Model::Rgba } else { Model::Rgb };
    canvas.draw(Rect { x, y, size }, &visible, model, true);
}
