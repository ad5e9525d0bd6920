//! Scaling of a plane, or of a part of it at fractional positions, with Lanczos3: 8 bits by the kernels of this
//! crate, 16 bits by `fast_image_resize`.

mod plane;

use fast_image_resize::{
    MulDiv, PixelTrait, ResizeOptions, Resizer,
    images::{TypedCroppedImage, TypedCroppedImageMut, TypedImage},
    pixels::{U16, U16x2, U16x3, U16x4},
};
use plane::{Pixels, Scaling};
use safelight_core::{Error, Kind, Model, Plane, Rect, Result, Samples, Size, Stop, View};

/// Scales parts of planes.
#[derive(Debug)]
pub struct Resampler<'a> {
    stop: &'a Stop,
    /// The weights of the previous plane, since both chroma planes use the same.
    scaling: Option<Scaling>,
}

impl<'a> Resampler<'a> {
    /// A resampler that works until `stop` is set.
    pub fn new(stop: &'a Stop) -> Self {
        Self { stop, scaling: None }
    }

    /// Scales the part `part` of a plane to `size`.
    ///
    /// `part` is within `image`, both in source pixels. The kernel reads beyond `part`, but only samples that
    /// `image` touches, so none that a crop removed.
    ///
    /// # Errors
    /// [`Kind::Internal`] if the plane does not cover the image, or has more than four channels; those of
    /// [`Stop::check`].
    pub fn resample(
        &mut self,
        plane: Plane,
        model: Model,
        image: View,
        part: View,
        size: Size,
    ) -> Result<Plane> {
        let (spans, shape) = (spans(&plane, image, part), (plane.size, plane.channels));
        let samples = match plane.samples {
            Samples::U8(samples) => Samples::U8(self.bytes(&samples, shape, model, &spans, size)?),
            Samples::U16(samples) => {
                self.stop.check()?;
                Samples::U16(words(samples, shape, model.has_alpha(), &spans, size)?)
            }
        };
        Ok(Plane { size, samples, step: (1.0, 1.0), ..plane })
    }

    /// As [`Resampler::resample`], for a plane that stays. Of 16 bits, it is copied.
    ///
    /// # Errors
    /// As for [`Resampler::resample`].
    pub fn resample_shared(
        &mut self,
        plane: &Plane,
        model: Model,
        image: View,
        part: View,
        size: Size,
    ) -> Result<Plane> {
        let Samples::U8(samples) = &plane.samples else {
            return self.resample(plane.clone(), model, image, part, size);
        };
        let (spans, shape) = (spans(plane, image, part), (plane.size, plane.channels));
        let samples = Samples::U8(self.bytes(samples, shape, model, &spans, size)?);
        Ok(Plane { size, samples, step: (1.0, 1.0), channels: plane.channels })
    }

    fn bytes(
        &mut self,
        samples: &[u8],
        (from, channels): (Size, u8),
        model: Model,
        (columns, rows): &(Span, Span),
        size: Size,
    ) -> Result<Vec<u8>> {
        let pixels = Pixels::new(channels, model.has_alpha()).ok_or_else(|| too_many(channels))?;
        let readable = Rect { x: columns.first, y: rows.first, size: Size::new(columns.count, rows.count) };
        let is_on_plane = |span: &Span, side| 0 < span.count && span.first.saturating_add(span.count) <= side;
        let length = (from.w as usize).checked_mul(from.h as usize);
        let length = length.and_then(|length| length.checked_mul(channels.into()));
        if length != Some(samples.len()) || !is_on_plane(columns, from.w) || !is_on_plane(rows, from.h) {
            return Err(Error::new(Kind::Internal, "resample", "the plane does not cover the image"));
        }
        let (x, y) = (f64::from(columns.first) + columns.start, f64::from(rows.first) + rows.start);
        let part = View { x, y, w: columns.length, h: rows.length };
        let reusable = self.scaling.take().filter(|scaling| scaling.is_of(readable, part, size));
        let scaling = self.scaling.insert(reusable.unwrap_or_else(|| Scaling::new(readable, part, size)));
        scaling.apply(samples, from.w as usize, pixels, self.stop)
    }
}

/// Returns the positions of `image` and of `part` on a plane: columns and rows.
fn spans(plane: &Plane, image: View, part: View) -> (Span, Span) {
    let columns = Span::new((image.x, image.w), (part.x, part.w), plane.step.0);
    (columns, Span::new((image.y, image.h), (part.y, part.h), plane.step.1))
}

/// Scales the 16-bit samples of a plane of size `from`.
fn words(
    samples: Vec<u16>,
    (from, channels): (Size, u8),
    has_alpha: bool,
    spans: &(Span, Span),
    size: Size,
) -> Result<Vec<u16>> {
    let is_opaque =
        !has_alpha || samples.chunks_exact(channels.into()).all(|pixel| pixel.last() == Some(&u16::MAX));
    let pixels = (size.w as usize).saturating_mul(size.h as usize);
    let target = vec![0; pixels.saturating_mul(channels.into())];
    // A generic call would link code for all pixel types: some megabytes.
    let scale = match channels {
        1 => scale_words::<U16>,
        2 => scale_words::<U16x2>,
        3 => scale_words::<U16x3>,
        4 => scale_words::<U16x4>,
        _ => return Err(too_many(channels)),
    };
    scale((samples, from), (target, size), spans, is_opaque)
}

/// Scales `source` to `target`, each given as samples and size; returns the target.
fn scale_words<P: PixelTrait>(
    (mut source, from): (Vec<u16>, Size),
    (mut target, size): (Vec<u16>, Size),
    (columns, rows): &(Span, Span),
    is_opaque: bool,
) -> Result<Vec<u16>> {
    let (columns, rows) = (columns.within(), rows.within());
    let options =
        ResizeOptions::new().crop(columns.start, rows.start, columns.length, rows.length).use_alpha(false);
    let mut read = image::<P>(&mut source, from)?;
    let mut written = image::<P>(&mut target, size)?;
    let [x, y] = [columns.first, rows.first];
    let [w, h] = [columns.count, rows.count];
    if !is_opaque {
        let mut read = TypedCroppedImageMut::from_ref(&mut read, x, y, w, h).map_err(defect)?;
        MulDiv::new().multiply_alpha_inplace_typed(&mut read).map_err(defect)?;
    }
    let read = TypedCroppedImage::from_ref(&read, x, y, w, h).map_err(defect)?;
    Resizer::new().resize_typed(&read, &mut written, &options).map_err(defect)?;
    if !is_opaque {
        MulDiv::new().divide_alpha_inplace_typed(&mut written).map_err(defect)?;
    }
    Ok(target)
}

/// The position of an image on one axis of a plane.
struct Span {
    /// The first sample that the image touches.
    first: u32,
    /// Number of samples that the image touches.
    count: u32,
    /// Start of the part to scale, in samples from `first`.
    start: f64,
    /// Length of that part in samples.
    length: f64,
}

impl Span {
    /// `image` and `part` are start and length, in source pixels.
    fn new(image: (f64, f64), part: (f64, f64), step: f64) -> Self {
        let first = snapped(image.0 / step).floor();
        let count = snapped((image.0 + image.1) / step).ceil() - first;
        let (start, length) = (snapped(part.0 / step - first), snapped(part.1 / step));
        Self { first: first as u32, count: count as u32, start, length }
    }

    /// Cuts the part at the samples, which it exceeds only by rounding errors.
    fn within(&self) -> Self {
        let start = self.start.max(0.0);
        Self { start, length: self.length.min(f64::from(self.count) - start), ..*self }
    }
}

/// Rounds a position that is an integer except for rounding errors, so that a sample does not count as touched
/// because of them.
fn snapped(position: f64) -> f64 {
    let whole = position.round();
    if (position - whole).abs() < 1e-6 { whole } else { position }
}

fn image<P: PixelTrait>(samples: &mut [u16], size: Size) -> Result<TypedImage<'_, P>> {
    TypedImage::from_buffer(size.w, size.h, bytemuck::cast_slice_mut(samples)).map_err(defect)
}

fn too_many(channels: u8) -> Error {
    Error::new(Kind::Internal, "resample", format!("a plane of {channels} channels"))
}

fn defect(cause: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::new(Kind::Internal, "resample", "the image could not be scaled").with_source(cause)
}
