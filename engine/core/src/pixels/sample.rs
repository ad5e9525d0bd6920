//! The part of an image on which qualities and formats are tried.

use crate::{Error, Frame, Image, Kind, Model, Plane, Result, Samples, Size, Stop};
use std::borrow::Cow;

/// The most pixels of a sample. A larger image is represented by bands of rows.
pub(super) const MAX_PIXELS: u64 = 400_000;
/// Rows of a band: blocks of every encoder end where a band ends.
const BAND: u32 = 64;
/// Rows between two checks whether to stop.
const ROWS: usize = 32;

/// The part of an image on which qualities and formats are tried.
pub(super) struct Sample<'a> {
    pub(super) image: Cow<'a, Image>,
    /// The pixels as they are shown: in sRGB, over the background.
    pub(super) original: Vec<[u8; 3]>,
    /// Whether the sample is all of the image.
    pub(super) is_whole: bool,
}

impl<'a> Sample<'a> {
    /// Returns the sample of an image: of an animation, of its first frame.
    ///
    /// # Errors
    /// [`Kind::Internal`] if the image has no whole frame; those of [`Stop::check`].
    pub(super) fn new(image: &'a Image, background: [u8; 3], stop: &Stop) -> Result<Self> {
        let first = image.frames.first().ok_or_else(no_frame)?;
        let size = first.geometry.size;
        let is_whole = image.frames.len() == 1 && is_whole(size, 1);
        let image = if is_whole {
            Cow::Borrowed(image)
        } else {
            let frame = bands(first, stop)?;
            let profile = image.profile.clone();
            Cow::Owned(Image { frames: vec![frame], delays_ms: Vec::new(), plays: 0, profile })
        };
        let mut shown = vec![image.frames[0].clone().into_rgb()?];
        if let Some(profile) = &image.profile {
            profile.to_srgb(&mut shown);
        }
        stop.check()?;
        let original = over(&shown[0], background)?;
        Ok(Self { image, original, is_whole })
    }

    /// Returns the size in pixels.
    pub(super) fn size(&self) -> Size {
        self.image.frames[0].geometry.size
    }

    /// Returns whether the sample may have transparent parts.
    pub(super) fn has_alpha(&self) -> bool {
        self.image.frames[0].model.has_alpha()
    }

    /// Calls `compare` with each row of the original and of `image`, another version of it over the same background. Returns
    /// whether it has as many pixels.
    ///
    /// # Errors
    /// As for [`Sample::new`].
    pub(super) fn rows(
        &self,
        image: Image,
        background: [u8; 3],
        stop: &Stop,
        mut compare: impl FnMut(&[[u8; 3]], &[[u8; 3]]),
    ) -> Result<bool> {
        let frame = image.frames.into_iter().next().ok_or_else(no_frame)?.materialize()?.into_rgb()?;
        if frame.geometry.size != self.size() {
            return Ok(false);
        }
        let pixels = over(&frame, background)?;
        let width = self.size().w.max(1) as usize;
        for (y, (original, row)) in self.original.chunks(width).zip(pixels.chunks(width)).enumerate() {
            if y.is_multiple_of(ROWS) {
                stop.check()?;
            }
            compare(original, row);
        }
        Ok(true)
    }
}

/// Returns whether the sample of an image of `frames` frames of `size` is all of it.
pub(super) fn is_whole(size: Size, frames: u32) -> bool {
    frames <= 1 && size.pixels() <= MAX_PIXELS
}

/// Returns the most pixels of the sample of an image of `pixels` pixels.
pub(super) fn max_pixels(size: Size) -> Size {
    if size.pixels() <= MAX_PIXELS { size } else { Size::new(size.w, height(size)) }
}

/// Returns the rows of a sample of an image that is larger: at least a band.
fn height(size: Size) -> u32 {
    let rows = u32::try_from(MAX_PIXELS / u64::from(size.w.max(1))).unwrap_or(u32::MAX);
    (rows / BAND * BAND).max(BAND).min(size.h)
}

/// Returns bands of the rows of `frame`, at equal distances.
fn bands(frame: &Frame, stop: &Stop) -> Result<Frame> {
    let size = frame.geometry.size;
    if size.pixels() <= MAX_PIXELS {
        return frame.clone().into_rgb();
    }
    let rows = height(size);
    let count = rows.div_ceil(BAND);
    // Bands begin at multiples of their height, so that no sample of chroma is cut.
    let starts = (0..count).map(|band| {
        let free = u64::from(size.h / BAND - count.min(size.h / BAND));
        let before = free * (2 * u64::from(band) + 1) / (2 * u64::from(count));
        (before as u32 + band) * BAND
    });
    let (mut samples, mut height) = (Samples::U8(Vec::new()), 0);
    let mut model = frame.model;
    for start in starts {
        stop.check()?;
        let part = frame.rows(start, BAND.min(rows - height))?.into_rgb()?;
        model = part.model;
        height += part.geometry.size.h;
        let [Plane { samples: own, .. }] = <[Plane; 1]>::try_from(part.planes).map_err(|_| no_frame())?;
        match (&mut samples, own) {
            (Samples::U8(all), Samples::U8(own)) => all.extend(own),
            (Samples::U16(all), Samples::U16(own)) => all.extend(own),
            (all, own) => *all = own,
        }
    }
    Ok(Frame::whole(Size::new(size.w, height), model, samples))
}

/// Returns the pixels of a frame of one whole plane, in 8 bits, over `background`.
fn over(frame: &Frame, background: [u8; 3]) -> Result<Vec<[u8; 3]>> {
    let [plane] = frame.planes.as_slice() else { return Err(no_frame()) };
    let samples: Cow<[u8]> = match &plane.samples {
        Samples::U8(samples) => samples.into(),
        // Rounded: 65 535 is 255 times 257.
        Samples::U16(samples) => {
            samples.iter().map(|&sample| ((u32::from(sample) + 128) / 257) as u8).collect()
        }
    };
    let mixed = |[r, g, b]: [u8; 3], alpha: u8| {
        let mix = |level: u8, below: u8| {
            let (alpha, level, below) = (u32::from(alpha), u32::from(level), u32::from(below));
            ((level * alpha + below * (255 - alpha) + 127) / 255) as u8
        };
        [mix(r, background[0]), mix(g, background[1]), mix(b, background[2])]
    };
    Ok(match frame.model {
        Model::Grey => samples.iter().map(|&grey| [grey; 3]).collect(),
        Model::GreyAlpha => {
            samples.as_chunks().0.iter().map(|&[grey, alpha]| mixed([grey; 3], alpha)).collect()
        }
        Model::Rgb | Model::Ycc { .. } => samples.as_chunks().0.to_vec(),
        Model::Rgba => {
            samples.as_chunks().0.iter().map(|&[r, g, b, alpha]| mixed([r, g, b], alpha)).collect()
        }
    })
}

fn no_frame() -> Error {
    Error::new(Kind::Internal, "pixels", "the image has no whole frame")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn image(size: Size, model: Model, sample: impl Fn(u64) -> u8) -> Image {
        let samples = (0..size.pixels() * u64::from(model.channels())).map(sample).collect();
        let frame = Frame::whole(size, model, Samples::U8(samples));
        Image { frames: vec![frame], delays_ms: Vec::new(), plays: 0, profile: None }
    }

    fn sample(image: &Image) -> Sample<'_> {
        Sample::new(image, [0, 100, 200], &Stop::default()).unwrap()
    }

    #[test]
    fn a_small_image_is_its_own_sample() {
        let image = image(Size::new(500, 800), Model::Grey, |at| at as u8);
        let sample = sample(&image);
        assert!(sample.is_whole && matches!(sample.image, Cow::Borrowed(_)));
        assert_eq!(sample.original[..2], [[0; 3], [1; 3]]);
    }

    #[test]
    fn a_large_image_is_represented_by_bands_from_all_of_it() {
        for (w, h) in [(1000, 4000), (4001, 3001), (100_000, 60), (16, 60_000), (401, 1000)] {
            let row = |at: u64| (at / u64::from(w) * 255 / u64::from(h)) as u8;
            let size = Size::new(w, h);
            let image = image(size, Model::Grey, row);
            let sample = sample(&image);
            let found = sample.size();
            assert_eq!(found, max_pixels(size), "{w} × {h}");
            assert_eq!(sample.original.len() as u64, found.pixels());
            assert!(found.pixels() <= MAX_PIXELS.max(u64::from(w) * u64::from(BAND)) && !sample.is_whole);
            let levels: Vec<_> = sample.original.iter().map(|pixel| u32::from(pixel[0])).collect();
            assert!(levels.is_sorted(), "{w} × {h}: bands are in order");
            if BAND < h {
                let mean = levels.iter().sum::<u32>() / levels.len() as u32;
                assert!((100..=155).contains(&mean), "{w} × {h}: {mean}");
            }
        }
    }

    #[test]
    fn alpha_shows_the_background() {
        let image = image(Size::new(1, 3), Model::GreyAlpha, |at| [50, 0, 50, 255, 51, 51][at as usize]);
        assert_eq!(sample(&image).original, [[0, 100, 200], [50, 50, 50], [10, 90, 170]]);
    }

    #[test]
    fn a_sample_of_an_animation_is_its_first_frame() {
        let mut animation = image(Size::new(9, 9), Model::Rgb, |_| 7);
        animation.frames.push(animation.frames[0].clone());
        animation.delays_ms = vec![10, 10];
        let sample = sample(&animation);
        assert_eq!((sample.image.frames.len(), sample.image.delays_ms.len()), (1, 0));
        assert!(!sample.is_whole);
    }
}
