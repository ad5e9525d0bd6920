//! One plane, or a part of it between its samples, at another size with Lanczos3: of one channel of bytes in
//! code of our own, of everything else with `fast_image_resize`.

use crate::plane::resize_plane;
use fast_image_resize::{
    MulDiv, PixelType, ResizeOptions, Resizer,
    images::{CroppedImage, CroppedImageMut, Image},
};
use safelight_core::{Error, Kind, Model, Plane, Rect, Result, Samples, Size, View};

/// Scales the part `part` of a plane to `size`.
///
/// `part` lies in `picture`, both in pixels of the source. The kernel reaches beyond `part`, but no
/// further than the samples that the picture touches: what a crop left out stays out.
///
/// # Errors
/// [`Kind::Internal`] if the picture does not lie on the plane.
pub(crate) fn resample(plane: Plane, model: Model, picture: View, part: View, size: Size) -> Result<Plane> {
    let Plane { size: from, channels, mut samples, step } = plane;
    let columns = Span::new((picture.x, picture.w), (part.x, part.w), step.0);
    let rows = Span::new((picture.y, picture.h), (part.y, part.h), step.1);
    if let (Samples::U8(samples), 1) = (&samples, channels) {
        let samples = Samples::U8(resample_bytes(samples, from, &columns, &rows, size)?);
        return Ok(Plane { size, channels, samples, step: (1.0, 1.0) });
    }
    let (columns, rows) = (columns.within(), rows.within());
    let is_opaque = !model.has_alpha() || is_opaque(&samples, channels);
    let pixel_type = pixel_type(&samples, channels)?;
    let options =
        ResizeOptions::new().crop(columns.start, rows.start, columns.length, rows.length).use_alpha(false);

    let pixels = (size.w as usize).saturating_mul(size.h as usize);
    let length = pixels.saturating_mul(channels.into());
    let mut scaled = match samples {
        Samples::U8(_) => Samples::U8(vec![0; length]),
        Samples::U16(_) => Samples::U16(vec![0; length]),
    };
    let mut source = image(&mut samples, from, pixel_type)?;
    let mut target = image(&mut scaled, size, pixel_type)?;
    let [x, y] = [columns.first, rows.first];
    let [w, h] = [columns.count, rows.count];
    if !is_opaque {
        let mut source = CroppedImageMut::new(&mut source, x, y, w, h).map_err(defect)?;
        MulDiv::new().multiply_alpha_inplace(&mut source).map_err(defect)?;
    }
    let source = CroppedImage::new(&source, x, y, w, h).map_err(defect)?;
    Resizer::new().resize(&source, &mut target, &options).map_err(defect)?;
    if !is_opaque {
        MulDiv::new().divide_alpha_inplace(&mut target).map_err(defect)?;
    }
    Ok(Plane { size, channels, samples: scaled, step: (1.0, 1.0) })
}

fn resample_bytes(samples: &[u8], from: Size, columns: &Span, rows: &Span, size: Size) -> Result<Vec<u8>> {
    let readable = Rect { x: columns.first, y: rows.first, size: Size::new(columns.count, rows.count) };
    let is_on_plane = |span: &Span, side| 0 < span.count && span.first.saturating_add(span.count) <= side;
    let length = (from.w as usize).checked_mul(from.h as usize);
    if length != Some(samples.len()) || !is_on_plane(columns, from.w) || !is_on_plane(rows, from.h) {
        return Err(Error::new(Kind::Internal, "resize", "the picture does not lie on its plane"));
    }
    let (x, y) = (f64::from(columns.first) + columns.start, f64::from(rows.first) + rows.start);
    let part = View { x, y, w: columns.length, h: rows.length };
    Ok(resize_plane(samples, from, readable, part, size))
}

/// Where a picture lies on one axis of a plane.
struct Span {
    /// The first sample that it touches.
    first: u32,
    /// How many it touches.
    count: u32,
    /// Where the part that is wanted starts, in samples from the first.
    start: f64,
    /// Its extent in samples.
    length: f64,
}

impl Span {
    /// `picture` and `part` are start and length, in pixels of the source.
    fn new(picture: (f64, f64), part: (f64, f64), step: f64) -> Self {
        let first = snapped(picture.0 / step).floor();
        let count = snapped((picture.0 + picture.1) / step).ceil() - first;
        let (start, length) = (snapped(part.0 / step - first), snapped(part.1 / step));
        Self { first: first as u32, count: count as u32, start, length }
    }

    /// With no more of the part than lies on the samples: it is past them by the arithmetic alone.
    fn within(self) -> Self {
        let start = self.start.max(0.0);
        Self { start, length: self.length.min(f64::from(self.count) - start), ..self }
    }
}

/// A position that is whole but for the arithmetic, made whole: a sample that is touched by a
/// thousand-millionth is not touched.
fn snapped(position: f64) -> f64 {
    let whole = position.round();
    if (position - whole).abs() < 1e-6 { whole } else { position }
}

fn is_opaque(samples: &Samples, channels: u8) -> bool {
    let channels = usize::from(channels.max(1));
    match samples {
        Samples::U8(samples) => samples.chunks_exact(channels).all(|pixel| pixel.last() == Some(&u8::MAX)),
        Samples::U16(samples) => samples.chunks_exact(channels).all(|pixel| pixel.last() == Some(&u16::MAX)),
    }
}

fn pixel_type(samples: &Samples, channels: u8) -> Result<PixelType> {
    Ok(match (samples, channels) {
        (Samples::U8(_), 1) => PixelType::U8,
        (Samples::U8(_), 2) => PixelType::U8x2,
        (Samples::U8(_), 3) => PixelType::U8x3,
        (Samples::U8(_), 4) => PixelType::U8x4,
        (Samples::U16(_), 1) => PixelType::U16,
        (Samples::U16(_), 2) => PixelType::U16x2,
        (Samples::U16(_), 3) => PixelType::U16x3,
        (Samples::U16(_), 4) => PixelType::U16x4,
        _ => return Err(Error::new(Kind::Internal, "resize", format!("a plane of {channels} channels"))),
    })
}

fn image(samples: &mut Samples, size: Size, pixel_type: PixelType) -> Result<Image<'_>> {
    let bytes = match samples {
        Samples::U8(samples) => samples.as_mut_slice(),
        Samples::U16(samples) => bytemuck::cast_slice_mut(samples),
    };
    Image::from_slice_u8(size.w, size.h, bytes, pixel_type).map_err(defect)
}

fn defect(cause: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::new(Kind::Internal, "resize", "the picture could not be scaled").with_source(cause)
}
