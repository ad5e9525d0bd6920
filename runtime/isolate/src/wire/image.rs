//! Images.

use super::fields::{Fields, Parts, invalid};
use crate::TaskResult;
use safelight_core::{
    Frame, Geometry, Image, Model, Orientation, Plane, SampleEncoding, Samples, Size, View,
};
use std::{
    borrow::Cow,
    io::{self, Read},
};

/// Returns the bytes of an image, in parts. Samples are not copied.
pub(crate) fn image_parts(image: &Image) -> Vec<Cow<'_, [u8]>> {
    let mut parts = Parts::default();
    put_image(&mut parts, image);
    parts.into_parts()
}

/// Reads the bytes of [`image_parts`].
pub(crate) fn image_from(result: TaskResult) -> io::Result<Image> {
    let bytes = result.remaining();
    read_image(&mut Fields::new(result, bytes))
}

/// Writes an image. Its profile is not written: see [`crate::IsolatedEncoder`].
pub(super) fn put_image<'a>(parts: &mut Parts<'a>, image: &'a Image) {
    parts.put(image.plays);
    parts.put(image.delays_ms.len() as u32);
    parts.put_all(&image.delays_ms);
    parts.put(image.frames.len() as u32);
    for frame in &image.frames {
        put_frame(parts, frame);
    }
}

/// Reads an image, whose frames have the planes of their models.
pub(super) fn read_image(fields: &mut Fields<impl Read>) -> io::Result<Image> {
    let plays = fields.take()?;
    let delays: u32 = fields.take()?;
    let delays_ms = fields.take_all(delays.into())?;
    let frames: u32 = fields.take()?;
    if frames == 0 || (delays != 0 && delays != frames) {
        return Err(invalid("number of frames"));
    }
    // Without a capacity, because the number may be wrong.
    let mut image = Image { frames: Vec::new(), delays_ms, plays, profile: None };
    for _ in 0..frames {
        image.frames.push(read_frame(fields)?);
    }
    Ok(image)
}

fn put_frame<'a>(parts: &mut Parts<'a>, frame: &'a Frame) {
    put_size(parts, frame.geometry.size);
    parts.put(frame.geometry.orientation.get());
    let View { x, y, w, h } = frame.view;
    parts.put([x, y, w, h]);
    let (model, chroma) = match frame.model {
        Model::Grey => (0, (0, 0)),
        Model::GreyAlpha => (1, (0, 0)),
        Model::Rgb => (2, (0, 0)),
        Model::Rgba => (3, (0, 0)),
        Model::Ycc { chroma } => (4_u8, chroma),
    };
    parts.put([model, chroma.0, chroma.1]);
    // Samples have at least one bit.
    let encoding = frame.encoding.unwrap_or(SampleEncoding { bits: 0, is_signed: false });
    parts.put([encoding.bits, encoding.is_signed.into()]);
    parts.put(frame.planes.len() as u8);
    for plane in &frame.planes {
        put_size(parts, plane.size);
        parts.put(plane.channels);
        parts.put([plane.step.0, plane.step.1]);
        match &plane.samples {
            Samples::U8(samples) => {
                parts.put(8_u8);
                parts.put_all(samples);
            }
            Samples::U16(samples) => {
                parts.put(16_u8);
                parts.put_all(samples);
            }
        }
    }
}

fn read_frame(fields: &mut Fields<impl Read>) -> io::Result<Frame> {
    let size = read_size(fields)?;
    let orientation = Orientation::new(fields.take::<u8>()?).ok_or_else(|| invalid("orientation"))?;
    let [x, y, w, h] = read_finite(fields)?;
    let model = match fields.take::<[u8; 3]>()? {
        [0, 0, 0] => Model::Grey,
        [1, 0, 0] => Model::GreyAlpha,
        [2, 0, 0] => Model::Rgb,
        [3, 0, 0] => Model::Rgba,
        [4, columns @ 1..=u8::MAX, rows @ 1..=u8::MAX] => Model::Ycc { chroma: (columns, rows) },
        [_, _, _] => return Err(invalid("model")),
    };
    let encoding = match fields.take::<[u8; 2]>()? {
        [0, 0] => None,
        [bits @ 1..=16, is_signed @ 0..=1] => Some(SampleEncoding { bits, is_signed: is_signed == 1 }),
        [_, _] => return Err(invalid("encoding of samples")),
    };
    let (planes, channels) = match model {
        Model::Ycc { .. } => (3, 1),
        model => (1, model.channels()),
    };
    if fields.take::<u8>()? != planes {
        return Err(invalid("number of planes"));
    }
    let planes = (0..planes).map(|_| read_plane(fields, channels)).collect::<io::Result<_>>()?;
    Ok(Frame { geometry: Geometry { size, orientation }, view: View { x, y, w, h }, model, planes, encoding })
}

fn read_plane(fields: &mut Fields<impl Read>, channels: u8) -> io::Result<Plane> {
    let size = read_size(fields)?;
    if fields.take::<u8>()? != channels {
        return Err(invalid("number of channels"));
    }
    let [columns, rows] = read_finite(fields)?;
    let count = size.pixels().checked_mul(channels.into()).ok_or_else(|| invalid("size"))?;
    let samples = match fields.take::<u8>()? {
        8 => Samples::U8(fields.take_all(count)?),
        16 => Samples::U16(fields.take_all(count)?),
        _ => return Err(invalid("bits of a sample")),
    };
    Ok(Plane { size, channels, samples, step: (columns, rows) })
}

fn put_size(parts: &mut Parts<'_>, size: Size) {
    parts.put([size.w, size.h]);
}

pub(super) fn read_size(fields: &mut Fields<impl Read>) -> io::Result<Size> {
    let [w, h] = fields.take()?;
    Ok(Size { w, h })
}

fn read_finite<const N: usize>(fields: &mut Fields<impl Read>) -> io::Result<[f64; N]>
where
    [f64; N]: bytemuck::AnyBitPattern + bytemuck::NoUninit,
{
    let values: [f64; N] = fields.take()?;
    if values.iter().all(|value| value.is_finite()) { Ok(values) } else { Err(invalid("position")) }
}
