//! Decoded pixels and their nominal geometry.

mod geometry;
mod samples;
mod model;
mod image;
mod turn;
mod ycc;

pub use geometry::{Geometry, Orientation, Rect, Size, View};
pub use image::{Image, Profile, ToSrgb};
pub use model::{ColourClass, Model};
pub use samples::{Plane, SampleEncoding, Samples};
pub use turn::Turn;
pub use ycc::{Sample, interleave, rgb_from_ycc};

use crate::{Error, Kind, Result};

/// Decoded pixels of one image, or of one moment of an animation.
#[derive(Clone, Debug, PartialEq)]
pub struct Frame {
    /// Nominal size and orientation, independent of the scale of the decode.
    pub geometry: Geometry,
    /// The part of the planes that the image consists of.
    pub view: View,
    /// The meaning of the channels.
    pub model: Model,
    /// The samples: one plane, or as many as the model has.
    pub planes: Vec<Plane>,
    /// Range and sign of the samples in the source; `None` if they use the full range of their type. A step
    /// that computes new values sets `None`.
    pub encoding: Option<SampleEncoding>,
}

impl Frame {
    /// Returns a frame that consists of all of one upright plane at full size.
    pub fn whole(size: Size, model: Model, samples: Samples) -> Self {
        let plane = Plane { size, channels: model.channels(), samples, step: (1.0, 1.0) };
        let geometry = Geometry { size, orientation: Orientation::UPRIGHT };
        Self { geometry, view: View::whole(size), model, planes: vec![plane], encoding: None }
    }

    /// Narrows the view to `rect`; touches no sample.
    pub fn crop(&mut self, rect: Rect) {
        let (view, size) = (self.view, self.geometry.size);
        let (sx, sy) = (view.w / f64::from(size.w), view.h / f64::from(size.h));
        self.view = View {
            x: view.x + sx * f64::from(rect.x),
            y: view.y + sy * f64::from(rect.y),
            w: sx * f64::from(rect.size.w),
            h: sy * f64::from(rect.size.h),
        };
        self.geometry.size = rect.size;
    }

    /// Copies the view into planes of exactly its size, for encoders and for steps that index pixels. Chroma
    /// keeps its resolution; if the view's edge cuts a chroma sample, the result is [`Model::Rgb`].
    ///
    /// # Errors
    /// [`crate::Kind::Internal`] if the planes are not at full size.
    pub fn materialize(mut self) -> Result<Self> {
        let size = self.geometry.size;
        let is_at = |position: f64, length: f64, side: u32| {
            position.fract() == 0.0 && 0.0 <= position && length - f64::from(side) == 0.0
        };
        let View { x, y, w, h } = self.view;
        if !self.is_full_size() || !is_at(x, w, size.w) || !is_at(y, h, size.h) {
            return Err(Error::new(Kind::Internal, "frame", "the view is not aligned to whole pixels"));
        }
        let is_between =
            |plane: &Plane| (x / plane.step.0).fract() != 0.0 || (y / plane.step.1).fract() != 0.0;
        if self.planes.iter().any(is_between) {
            self = self.into_rgb()?;
        }
        for plane in &mut self.planes {
            let (columns, rows) = plane.step;
            let part = Size::new((w / columns).ceil() as u32, (h / rows).ceil() as u32);
            if plane.size != part {
                *plane = plane.part((x / columns) as usize, (y / rows) as usize, part)?;
            }
        }
        self.view = View::whole(size);
        Ok(self)
    }

    /// Copies `height` rows from row `y` on of a frame that [`Frame::materialize`] returned. No sample of chroma may
    /// cover rows on both sides of `y`.
    ///
    /// # Errors
    /// [`crate::Kind::Internal`] if there are fewer rows.
    pub(crate) fn rows(&self, y: u32, height: u32) -> Result<Self> {
        let size = Size::new(self.geometry.size.w, height);
        let part = |plane: &Plane| {
            let (first, rows) = (f64::from(y) / plane.step.1, (f64::from(height) / plane.step.1).ceil());
            plane.part(0, first as usize, Size::new(plane.size.w, rows as u32))
        };
        let planes = self.planes.iter().map(part).collect::<Result<_>>()?;
        let geometry = Geometry { size, ..self.geometry };
        Ok(Self { geometry, view: View::whole(size), planes, ..*self })
    }

    /// Returns whether the planes have one sample for each pixel; chroma is not counted.
    pub fn is_full_size(&self) -> bool {
        self.planes.first().is_some_and(|plane| plane.step == (1.0, 1.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn materialize_copies_the_cropped_view() {
        let samples = Samples::U8((0..12).collect());
        let mut frame = Frame::whole(Size::new(4, 3), Model::Grey, samples);
        frame.crop(Rect { x: 1, y: 1, size: Size::new(2, 2) });
        frame.crop(Rect { x: 1, y: 0, size: Size::new(1, 2) });
        let cut = frame.materialize().unwrap();
        assert_eq!(cut, Frame::whole(Size::new(1, 2), Model::Grey, Samples::U8(vec![6, 10])));
    }

    #[test]
    fn materialize_rejects_a_view_between_pixels() {
        let mut frame = Frame::whole(Size::new(4, 3), Model::Grey, Samples::U8(vec![0; 12]));
        frame.view.x = 0.5;
        frame.view.w = 2.0;
        frame.geometry.size.w = 2;
        assert_eq!(frame.materialize().unwrap_err().kind, Kind::Internal);
    }
}
