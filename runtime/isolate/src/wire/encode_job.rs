//! The task of an encoder.

use super::{
    fields::{Fields, Parts, invalid},
    format::{number, read_format},
    image::{put_image, read_image},
};
use safelight_core::{Chroma, Compression, Encode, Format, Image};
use std::{
    borrow::Cow,
    io::{self, Read},
};

/// An image to encode.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct EncodeJob {
    pub(crate) format: Format,
    pub(crate) options: Encode,
    pub(crate) image: Image,
}

impl EncodeJob {
    /// Returns the bytes of a job, in parts. Samples are not copied.
    pub(crate) fn to_parts<'a>(format: Format, options: &Encode, image: &'a Image) -> Vec<Cow<'a, [u8]>> {
        let mut parts = Parts::default();
        parts.put(super::ENCODE);
        parts.put(number(Some(format)));
        // Without a wildcard, so that a new option is not forgotten.
        let Encode {
            format,
            animated_format,
            quality,
            progressive,
            compression,
            // Encoders do not see these.
            universal: _,
            candidates: _,
            auto_quality: _,
            max_bytes: _,
            effort,
            alpha_quality,
            chroma,
            background,
        } = options;
        parts.put([number(*format), number(*animated_format)]);
        parts.put([u8::from(*progressive)]);
        for option in [quality, effort, alpha_quality] {
            parts.put([u8::from(option.is_some()), option.unwrap_or_default()]);
        }
        parts.put([position(&COMPRESSIONS, compression), position(&CHROMAS, chroma)]);
        parts.put(*background);
        put_image(&mut parts, image);
        parts.into_parts()
    }

    /// Reads what follows the kind of the job.
    pub(super) fn read(fields: &mut Fields<impl Read>) -> io::Result<Self> {
        let format = read_format(fields)?.ok_or_else(|| invalid("format"))?;
        let options = Encode {
            format: read_format(fields)?,
            animated_format: read_format(fields)?,
            progressive: fields.take_bool()?,
            quality: read_option(fields)?,
            effort: read_option(fields)?,
            alpha_quality: read_option(fields)?,
            compression: read_choice(fields, &COMPRESSIONS)?,
            universal: false,
            candidates: &[],
            auto_quality: false,
            max_bytes: None,
            chroma: read_choice(fields, &CHROMAS)?,
            background: fields.take()?,
        };
        Ok(Self { format, options, image: read_image(fields)? })
    }
}

/// The values of [`Encode::compression`], by their numbers.
const COMPRESSIONS: [Option<Compression>; 4] =
    [None, Some(Compression::Lossy), Some(Compression::NearLossless), Some(Compression::Lossless)];

/// The values of [`Encode::chroma`], by their numbers.
const CHROMAS: [Option<Chroma>; 3] = [None, Some(Chroma::Half), Some(Chroma::Full)];

/// Returns the number of `value`. A value that is missing in `all` gets a number that is rejected.
fn position<T: PartialEq>(all: &[T], value: &T) -> u8 {
    all.iter().position(|other| other == value).unwrap_or(all.len()) as u8
}

fn read_choice<T: Copy>(fields: &mut Fields<impl Read>, all: &[T]) -> io::Result<T> {
    let number: u8 = fields.take()?;
    all.get(usize::from(number)).copied().ok_or_else(|| invalid("choice"))
}

fn read_option(fields: &mut Fields<impl Read>) -> io::Result<Option<u8>> {
    let is_some = fields.take_bool()?;
    let value = fields.take()?;
    Ok(is_some.then_some(value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::Job;
    use safelight_core::{Frame, Model, Plane, SampleEncoding, Samples, Size};

    /// Returns a job for each model, sample type and option.
    fn jobs() -> Vec<EncodeJob> {
        let size = Size::new(3, 2);
        let whole = |model: Model, samples| Frame::whole(size, model, samples);
        let mut planes = whole(Model::Grey, Samples::U8(vec![7; 6]));
        planes.model = Model::Ycc { chroma: (2, 2) };
        let chroma = |sample| Plane {
            size: Size::new(2, 1),
            channels: 1,
            samples: Samples::U8(vec![sample; 2]),
            step: (2.0, 2.0),
        };
        planes.planes.extend([chroma(8), chroma(9)]);
        let mut signed = whole(Model::GreyAlpha, Samples::U16((0..12).collect()));
        signed.encoding = Some(SampleEncoding { bits: 12, is_signed: true });
        signed.view.x = 0.5;
        let rgb = || whole(Model::Rgb, Samples::U8((0..18).collect()));
        let still = |frame| Image { frames: vec![frame], delays_ms: vec![], plays: 0, profile: None };
        let film = Image { frames: vec![rgb(), rgb()], delays_ms: vec![10, 20], plays: 3, profile: None };
        let rgba = whole(Model::Rgba, Samples::U16(vec![u16::MAX; 24]));
        let images = [still(planes), still(signed), still(rgb()), still(rgba), film];
        let options = Encode {
            format: Some(Format::Avif),
            animated_format: Some(Format::Webp),
            quality: Some(70),
            progressive: true,
            compression: Some(Compression::NearLossless),
            universal: false,
            candidates: &[],
            auto_quality: false,
            max_bytes: None,
            effort: Some(9),
            alpha_quality: Some(0),
            chroma: Some(Chroma::Full),
            background: [1, 2, 3],
        };
        let other = Encode { compression: Some(Compression::Lossless), ..Encode::default() };
        let options = [options, other].into_iter().cycle();
        let job = |(image, options)| EncodeJob { format: Format::Avif, options, image };
        images.into_iter().zip(options).map(job).collect()
    }

    fn bytes(job: &EncodeJob) -> Vec<u8> {
        EncodeJob::to_parts(job.format, &job.options, &job.image).concat()
    }

    fn read(bytes: &[u8]) -> io::Result<EncodeJob> {
        match Job::read(bytes, bytes.len() as u64)? {
            Job::Encode(job) => Ok(job),
            Job::Decode(_) => Err(invalid("kind")),
        }
    }

    #[test]
    fn jobs_survive_the_round_trip() {
        for job in jobs() {
            assert_eq!(read(&bytes(&job)).unwrap(), job);
        }
    }

    #[test]
    fn truncated_jobs_are_rejected() {
        for job in jobs() {
            let bytes = bytes(&job);
            for length in 0..bytes.len() {
                assert!(read(&bytes[..length]).is_err(), "{length} of {}", bytes.len());
            }
        }
    }

    #[test]
    fn changed_jobs_are_rejected_or_consistent() {
        const CHANGES: usize = 20_000;
        let mut random = fastrand::Rng::with_seed(1);
        let (mut rejected, mut accepted) = (0, 0);
        for job in jobs() {
            let original = bytes(&job);
            for _ in 0..CHANGES {
                let mut bytes = original.clone();
                for _ in 0..random.usize(1..4) {
                    let at = random.usize(..bytes.len());
                    bytes[at] = if random.bool() { random.u8(..) } else { 1_u8.rotate_left(random.u32(..8)) };
                }
                match read(&bytes) {
                    Err(_) => rejected += 1,
                    Ok(job) => {
                        accepted += 1;
                        check(&job.image, bytes.len());
                    }
                }
            }
        }
        assert!(CHANGES < rejected && CHANGES < accepted, "{rejected} rejected, {accepted} accepted");
    }

    /// Checks what the code behind the boundary relies on.
    fn check(image: &Image, bytes: usize) {
        assert!(!image.frames.is_empty());
        assert!(image.delays_ms.is_empty() || image.delays_ms.len() == image.frames.len());
        let mut samples = 0;
        for frame in &image.frames {
            let channels: u8 = frame.planes.iter().map(|plane| plane.channels).sum();
            assert_eq!(channels, frame.model.channels());
            for plane in &frame.planes {
                assert_eq!(plane.samples.len() as u64, plane.size.pixels() * u64::from(plane.channels));
                samples += plane.samples.len();
            }
        }
        assert!(samples <= bytes);
    }
}
