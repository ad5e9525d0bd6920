//! Decoded pictures, by decoders that share no code with ours where there are such.

use super::judge;
use image::{
    AnimationDecoder, DynamicImage, ImageDecoder, ImageError, ImageFormat, ImageReader,
    codecs::{gif::GifDecoder, webp::WebPDecoder},
};
use std::io::Cursor;

/// The first frame of a picture.
pub(crate) struct Picture {
    pub(crate) w: usize,
    pub(crate) h: usize,
    /// Shape `[h, w, 4]`, RGBA from 0 to 1, alpha straight.
    pub(crate) samples: Vec<f32>,
    pub(crate) frames: usize,
    /// Whether the file carries a colour profile; the samples are as they are stored.
    pub(crate) has_profile: bool,
}

impl Picture {
    /// The picture in `bytes`, upright. AVIF is decoded by `avifdec`: `None` where that is missing.
    ///
    /// # Panics
    /// If it cannot be decoded.
    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        if bytes.get(4..8) == Some(b"ftyp") {
            return judge::avifdec(bytes).map(|png| Self::still(&png).expect("avifdec writes PNG"));
        }
        Some(Self::still(bytes).unwrap_or_else(|error| panic!("the picture is no picture: {error}")))
    }

    fn still(bytes: &[u8]) -> Result<Self, ImageError> {
        let mut decoder = ImageReader::new(Cursor::new(bytes)).with_guessed_format()?.into_decoder()?;
        let orientation = decoder.orientation()?;
        let has_profile = decoder.icc_profile()?.is_some();
        let mut image = DynamicImage::from_decoder(decoder)?;
        image.apply_orientation(orientation);
        let image = image.into_rgba32f();
        let (w, h) = (image.width() as usize, image.height() as usize);
        Ok(Self { w, h, samples: image.into_raw(), frames: frames(bytes)?, has_profile })
    }

    pub(crate) fn pixels(&self) -> impl Iterator<Item = &[f32; 4]> {
        self.samples.as_chunks().0.iter()
    }

    pub(crate) fn to_rgba8(&self) -> Vec<u8> {
        self.samples.iter().map(|sample| (sample.clamp(0.0, 1.0) * 255.0).round() as u8).collect()
    }

    /// Returns the peak signal-to-noise ratio in decibels of RGB multiplied with alpha; 99 for equal images.
    ///
    /// # Panics
    /// If the sizes differ.
    pub(crate) fn psnr(&self, other: &Self) -> f64 {
        assert_eq!((self.w, self.h), (other.w, other.h), "pictures of two sizes");
        let light = |pixel: &[f32; 4]| [0, 1, 2].map(|channel| f64::from(pixel[channel] * pixel[3]));
        let square = |(a, b): (&[f32; 4], &[f32; 4])| {
            light(a).iter().zip(light(b)).map(|(a, b)| (a - b).powi(2)).sum::<f64>()
        };
        let squares: f64 = self.pixels().zip(other.pixels()).map(square).sum();
        (-10.0 * (squares / (3 * self.w * self.h) as f64).log10()).min(99.0)
    }
}

fn frames(bytes: &[u8]) -> Result<usize, ImageError> {
    Ok(match image::guess_format(bytes)? {
        ImageFormat::Gif => GifDecoder::new(Cursor::new(bytes))?.into_frames().count(),
        ImageFormat::WebP => {
            let decoder = WebPDecoder::new(Cursor::new(bytes))?;
            if decoder.has_animation() { decoder.into_frames().count() } else { 1 }
        }
        _ => 1,
    })
}
