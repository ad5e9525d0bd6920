//! Decoded pixels and the nominal geometry that they stand for.

use crate::{Error, Kind, Result};

/// Width and height in pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Size {
    /// Columns.
    pub w: u32,
    /// Rows.
    pub h: u32,
}

impl Size {
    /// A size of `w` columns and `h` rows.
    pub const fn new(w: u32, h: u32) -> Self {
        Self { w, h }
    }

    /// Whether `self` is at least `other` on both axes.
    pub const fn covers(self, other: Self) -> bool {
        other.w <= self.w && other.h <= self.h
    }

    /// The smallest size that covers both.
    #[must_use]
    pub fn union(self, other: Self) -> Self {
        Self::new(self.w.max(other.w), self.h.max(other.h))
    }

    /// Width for height.
    #[must_use]
    pub const fn transposed(self) -> Self {
        Self::new(self.h, self.w)
    }

    /// Number of pixels.
    pub const fn pixels(self) -> u64 {
        self.w as u64 * self.h as u64
    }
}

/// A half-open rectangle, origin top left, in nominal pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rect {
    /// Left edge.
    pub x: u32,
    /// Top edge.
    pub y: u32,
    /// Extent.
    pub size: Size,
}

/// How stored pixels must be turned for display: EXIF 2.32 tag 0x0112, 1 to 8; 1 is upright.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Orientation(u8);

impl Orientation {
    /// As stored, row 0 at the top and column 0 at the left.
    pub const UPRIGHT: Self = Self(1);

    /// The orientation of EXIF's number `value`, if it is one.
    pub fn new(value: u8) -> Option<Self> {
        (1..=8).contains(&value).then_some(Self(value))
    }

    /// EXIF's number, 1 to 8.
    pub const fn get(self) -> u8 {
        self.0
    }

    /// Whether width and height change places for display: 5 to 8.
    pub const fn is_transposed(self) -> bool {
        5 <= self.0
    }
}

/// What is known of a picture before its pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Geometry {
    /// Nominal size, as stored: before `orientation` is applied.
    pub size: Size,
    /// How it must still be turned.
    pub orientation: Orientation,
}

/// The part of a frame's planes that is the picture, in pixels of the source, possibly fractional.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct View {
    /// Left edge.
    pub x: f64,
    /// Top edge.
    pub y: f64,
    /// Width.
    pub w: f64,
    /// Height.
    pub h: f64,
}

impl View {
    /// All of `size`.
    pub fn whole(size: Size) -> Self {
        Self { x: 0.0, y: 0.0, w: size.w.into(), h: size.h.into() }
    }
}

/// Samples, row-major, channels interleaved, no padding between rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Samples {
    /// 0 to 255.
    U8(Vec<u8>),
    /// 0 to 65 535.
    U16(Vec<u16>),
}

/// What the samples of a picture were in its source, where that is not the full range of their type. In a
/// frame they are scaled up to it, so that nobody but who asks for stored values need know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stored {
    /// Of a sample, 1 to 16; no more than the type of the samples has.
    pub bits: u8,
    /// Whether they went from `-2^(bits - 1)` up: the least of them is 0 in a frame.
    pub is_signed: bool,
}

impl Stored {
    /// The stored value of a sample that is `sample` of `most`, 255 or 65 535.
    pub fn value(self, sample: u16, most: u16) -> i32 {
        let (sample, most) = (u32::from(sample), u32::from(most));
        i32::from(((sample * self.most() + most / 2) / most) as u16) - self.offset()
    }

    /// The sample of `most`, 255 or 65 535, for a value above the least that can be stored:
    /// [`Stored::value`] gives it back. Above the largest it is `most`.
    pub fn sample(self, above_least: u16, most: u16) -> u16 {
        let above_least = u32::from(above_least).min(self.most());
        ((above_least * u32::from(most) + self.most() / 2) / self.most()) as u16
    }

    /// How far the largest value lies above the least.
    const fn most(self) -> u32 {
        (1 << self.bits) - 1
    }

    const fn offset(self) -> i32 {
        if self.is_signed { 1 << (self.bits - 1) } else { 0 }
    }
}

/// A buffer of one or more interleaved channels.
#[derive(Clone, Debug, PartialEq)]
pub struct Plane {
    /// Size of the buffer.
    pub size: Size,
    /// Channels per sample point.
    pub channels: u8,
    /// Shape `[size.h, size.w, channels]`.
    pub samples: Samples,
    /// Pixels of the source per sample point: columns, rows. 1 at full size, 2 after a decode at one
    /// half, twice as much for chroma of half the resolution.
    pub step: (f64, f64),
}

/// What the channels of a frame are. Colours are sRGB unless the image holds another profile; alpha
/// is straight, not premultiplied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Model {
    /// One plane of one channel.
    Grey,
    /// One plane of two channels.
    GreyAlpha,
    /// One plane of three channels.
    Rgb,
    /// One plane of four channels.
    Rgba,
    /// Three planes of one channel, 8 bits: luma and the two colour differences of sRGB by JFIF 1.02, each
    /// from 0 to 255. A sample of chroma lies in the middle of the samples of luma that it stands for, and
    /// may stand for several.
    Ycc {
        /// Pixels of the answer, columns and rows, for which one sample of chroma is enough. It binds who
        /// scales the planes; these may hold more, or fewer.
        chroma: (u8, u8),
    },
}

impl Model {
    /// Channels of all planes together.
    pub const fn channels(self) -> u8 {
        match self {
            Self::Grey => 1,
            Self::GreyAlpha => 2,
            Self::Rgb | Self::Ycc { .. } => 3,
            Self::Rgba => 4,
        }
    }

    /// Whether the last channel is alpha.
    pub const fn has_alpha(self) -> bool {
        matches!(self, Self::GreyAlpha | Self::Rgba)
    }
}

/// Decoded pixels and the picture that they stand for.
#[derive(Clone, Debug, PartialEq)]
pub struct Frame {
    /// Nominal size and orientation, whatever the decoder's shrink.
    pub geometry: Geometry,
    /// Where the picture lies in the planes.
    pub view: View,
    /// What the channels are.
    pub model: Model,
    /// The samples: one plane, or as many as the model says.
    pub planes: Vec<Plane>,
    /// What the samples were before they were scaled; `None` if they are as they were.
    pub stored: Option<Stored>,
}

/// An image: a frame, or several of one geometry and model with the times they are shown.
#[derive(Clone, Debug, PartialEq)]
pub struct Image {
    /// In order of display; at least one.
    pub frames: Vec<Frame>,
    /// How long each frame is shown, in milliseconds; empty for a still image.
    pub delays_ms: Vec<u32>,
    /// How often an animation is played; 0 for ever.
    pub plays: u32,
    /// The ICC profile of the samples; `None` for sRGB.
    pub profile: Option<Vec<u8>>,
}

impl Frame {
    /// A frame whose picture is all of one upright plane at full size.
    pub fn whole(size: Size, model: Model, samples: Samples) -> Self {
        let plane = Plane { size, channels: model.channels(), samples, step: (1.0, 1.0) };
        let geometry = Geometry { size, orientation: Orientation::UPRIGHT };
        Self { geometry, view: View::whole(size), model, planes: vec![plane], stored: None }
    }

    /// Narrows the picture to `rect`; touches no sample.
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
}

impl Frame {
    /// The picture as whole planes, for encoders and for steps that index pixels. Chroma stays as coarse
    /// as it is; where a crop cut through its samples, the picture becomes [`Model::Rgb`].
    ///
    /// # Errors
    /// [`crate::Kind::Internal`] if the planes are not at full size: such a frame must be resized.
    pub fn flatten(mut self) -> Result<Self> {
        let size = self.geometry.size;
        let is_at = |position: f64, length: f64, side: u32| {
            position.fract() == 0.0 && 0.0 <= position && length - f64::from(side) == 0.0
        };
        let View { x, y, w, h } = self.view;
        if !self.is_full_size() || !is_at(x, w, size.w) || !is_at(y, h, size.h) {
            return Err(Error::new(Kind::Internal, "frame", "the picture does not lie on whole pixels"));
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

    /// Whether the planes were not shrunk: a sample for each pixel, chroma not counted.
    pub fn is_full_size(&self) -> bool {
        self.planes.first().is_some_and(|plane| plane.step == (1.0, 1.0))
    }
}

impl Plane {
    fn part(&self, x: usize, y: usize, size: Size) -> Result<Self> {
        let channels = usize::from(self.channels);
        let stride = self.size.w as usize * channels;
        let row = size.w as usize * channels;
        let rows = || (y..y + size.h as usize).map(|y| y * stride + x * channels);
        let copy = || -> Option<Samples> {
            Some(match &self.samples {
                Samples::U8(all) => Samples::U8(copy_rows(all, rows(), row)?),
                Samples::U16(all) => Samples::U16(copy_rows(all, rows(), row)?),
            })
        };
        let outside = || Error::new(Kind::Internal, "frame", "the picture lies outside its planes");
        Ok(Self { size, samples: copy().ok_or_else(outside)?, ..*self })
    }
}

fn copy_rows<T: Copy>(all: &[T], starts: impl Iterator<Item = usize>, row: usize) -> Option<Vec<T>> {
    let rows: Option<Vec<_>> = starts.map(|start| all.get(start..start + row)).collect();
    rows.map(|rows| rows.concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crop_is_cut_out_when_it_must_be() {
        let samples = Samples::U8((0..12).collect());
        let mut frame = Frame::whole(Size::new(4, 3), Model::Grey, samples);
        frame.crop(Rect { x: 1, y: 1, size: Size::new(2, 2) });
        frame.crop(Rect { x: 1, y: 0, size: Size::new(1, 2) });
        let cut = frame.flatten().unwrap();
        assert_eq!(cut, Frame::whole(Size::new(1, 2), Model::Grey, Samples::U8(vec![6, 10])));
    }

    #[test]
    fn stored_values_come_back() {
        for (bits, most) in (1..=8).map(|bits| (bits, 255)).chain((1..=16).map(|bits| (bits, 65_535))) {
            for is_signed in [false, true] {
                let stored = Stored { bits, is_signed };
                let least = if is_signed { -(1 << (bits - 1)) } else { 0 };
                for value in 0..1 << bits {
                    let sample = stored.sample(value as u16, most);
                    assert_eq!(stored.value(sample, most), value + least, "{stored:?}");
                    // What W3C PNG 13.12 asks of a scale, for whoever undoes it by a shift.
                    let shift = if most == 255 { 8 } else { 16 } - bits;
                    assert_eq!(i32::from(sample >> shift), value, "{stored:?}");
                }
                assert_eq!(stored.sample(u16::MAX, most), most);
            }
        }
    }

    #[test]
    fn what_lies_between_pixels_cannot_be_cut_out() {
        let mut frame = Frame::whole(Size::new(4, 3), Model::Grey, Samples::U8(vec![0; 12]));
        frame.view.x = 0.5;
        frame.view.w = 2.0;
        frame.geometry.size.w = 2;
        assert_eq!(frame.flatten().unwrap_err().kind, Kind::Internal);
    }
}
