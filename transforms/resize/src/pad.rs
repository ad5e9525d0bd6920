//! Placement of an image on a background.

use crate::fit::Layout;
use safelight_core::{Colour, Error, Frame, Kind, Model, Result, Samples, Size};

/// Places a whole, upright image on a canvas of `background` according to `layout`. The model gains RGB or alpha if
/// the background has it and the image does not.
///
/// # Errors
/// [`Kind::Internal`] if the image has more than one plane.
pub(crate) fn pad(frame: &Frame, layout: &Layout, background: Colour) -> Result<Frame> {
    let model = including(frame.model, background);
    let [plane] = frame.planes.as_slice() else {
        return Err(Error::new(Kind::Internal, "resize", "only images of one plane can be padded"));
    };
    let [r, g, b] = background.rgb;
    let pixel: &[u8] = match model {
        Model::Grey => &[r],
        Model::GreyAlpha => &[r, background.alpha],
        Model::Rgb | Model::Ycc { .. } => &[r, g, b],
        Model::Rgba => &[r, g, b, background.alpha],
    };
    let canvas = Canvas { layout, from: frame.model, to: model };
    let samples = match &plane.samples {
        Samples::U8(samples) => Samples::U8(canvas.filled(samples, pixel, u8::MAX)),
        Samples::U16(samples) => {
            let pixel: Vec<_> = pixel.iter().map(|&sample| u16::from(sample) * 257).collect();
            Samples::U16(canvas.filled(samples, &pixel, u16::MAX))
        }
    };
    Ok(Frame::whole(layout.output, model, samples))
}

fn including(model: Model, background: Colour) -> Model {
    let has_colour = !matches!(model, Model::Grey | Model::GreyAlpha) || !background.is_grey();
    let has_alpha = model.has_alpha() || background.alpha != 255;
    match (has_colour, has_alpha) {
        (false, false) => Model::Grey,
        (false, true) => Model::GreyAlpha,
        (true, false) => Model::Rgb,
        (true, true) => Model::Rgba,
    }
}

struct Canvas<'a> {
    layout: &'a Layout,
    from: Model,
    to: Model,
}

impl Canvas<'_> {
    /// Returns `samples` on a canvas filled with `pixel`; `max` is opaque.
    fn filled<T: Copy>(&self, samples: &[T], pixel: &[T], max: T) -> Vec<T> {
        let Layout { scaled, offset, output, .. } = *self.layout;
        let channels = pixel.len();
        let mut canvas = pixel.repeat(area(output));
        let stride = (output.w as usize * channels).max(1);
        let own_channels = usize::from(self.from.channels());
        let own_stride = (scaled.w as usize * own_channels).max(1);
        let rows = canvas.chunks_exact_mut(stride).skip(offset.1 as usize);
        for (own_row, row) in samples.chunks_exact(own_stride).zip(rows) {
            let pixels = row.chunks_exact_mut(channels).skip(offset.0 as usize);
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

fn area(size: Size) -> usize {
    (size.w as usize).saturating_mul(size.h as usize)
}
