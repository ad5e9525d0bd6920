//! Placement of an image on a background.

use safelight_core::{Colour, Error, Frame, Geometry, Kind, Model, Result, Samples, Size, View};

/// Places a whole, upright image on a canvas of `size` pixels of the colour `background`, its top left corner at column and
/// row `offset`. The model gains RGB or alpha if the background has it and the image does not. What is beyond the canvas is
/// cut off.
///
/// # Errors
/// [`Kind::Internal`] if the image has more than one plane.
pub fn place(frame: &Frame, size: Size, offset: (u32, u32), background: Colour) -> Result<Frame> {
    let model = including(frame.model, background);
    let [plane] = frame.planes.as_slice() else {
        return Err(Error::new(Kind::Internal, "canvas", "only images of one plane can be placed"));
    };
    let [r, g, b] = background.rgb;
    let pixel: &[u8] = match model {
        Model::Grey => &[r],
        Model::GreyAlpha => &[r, background.alpha],
        Model::Rgb | Model::Ycc { .. } => &[r, g, b],
        Model::Rgba => &[r, g, b, background.alpha],
    };
    let canvas = Canvas { size, offset, image: plane.size, from: frame.model, to: model };
    let samples = match &plane.samples {
        Samples::U8(samples) => Samples::U8(canvas.filled(samples, pixel, u8::MAX)),
        Samples::U16(samples) => {
            let pixel: Vec<_> = pixel.iter().map(|&sample| u16::from(sample) * 257).collect();
            Samples::U16(canvas.filled(samples, &pixel, u16::MAX))
        }
    };
    let geometry = Geometry { size, ..frame.geometry };
    Ok(Frame { geometry, view: View::whole(size), ..Frame::whole(size, model, samples) })
}

/// Returns the model that has the channels of both.
pub(crate) fn including(model: Model, colour: Colour) -> Model {
    let has_colour = !matches!(model, Model::Grey | Model::GreyAlpha) || !colour.is_grey();
    let has_alpha = model.has_alpha() || colour.alpha != 255;
    match (has_colour, has_alpha) {
        (false, false) => Model::Grey,
        (false, true) => Model::GreyAlpha,
        (true, false) => Model::Rgb,
        (true, true) => Model::Rgba,
    }
}

struct Canvas {
    size: Size,
    offset: (u32, u32),
    /// Size of the image.
    image: Size,
    from: Model,
    to: Model,
}

impl Canvas {
    /// Returns `samples` on a canvas filled with `pixel`; `max` is opaque.
    fn filled<T: Copy>(&self, samples: &[T], pixel: &[T], max: T) -> Vec<T> {
        let channels = pixel.len();
        let mut canvas = pixel.repeat((self.size.w as usize).saturating_mul(self.size.h as usize));
        let stride = (self.size.w as usize * channels).max(1);
        let own_channels = usize::from(self.from.channels());
        let own_stride = (self.image.w as usize * own_channels).max(1);
        let rows = canvas.chunks_exact_mut(stride).skip(self.offset.1 as usize);
        for (own_row, row) in samples.chunks_exact(own_stride).zip(rows) {
            let pixels = row.chunks_exact_mut(channels).skip(self.offset.0 as usize);
            for (from, to) in own_row.chunks_exact(own_channels).zip(pixels) {
                self.put(from, to, max);
            }
        }
        canvas
    }

    /// Copies one pixel to a model that has at least its channels.
    fn put<T: Copy>(&self, from: &[T], to: &mut [T], max: T) {
        let colours = if self.from.has_alpha() { from.len() - 1 } else { from.len() };
        let (to, alpha) = if self.to.has_alpha() {
            let (alpha, to) = to.split_last_mut().expect("a model with alpha has channels");
            (to, Some(alpha))
        } else {
            (to, None)
        };
        // Grey is repeated for red, green and blue.
        to.iter_mut().zip(from[..colours].iter().cycle()).for_each(|(to, from)| *to = *from);
        if let Some(alpha) = alpha {
            *alpha = from.get(colours).copied().unwrap_or(max);
        }
    }
}
