//! The task of a decoder.

use super::{
    fields::{Fields, Parts, invalid},
    format::{number, read_format},
    image::read_size,
};
use bytes::Bytes;
use safelight_core::{Decode, Format, Limits};
use std::{
    borrow::Cow,
    io::{self, Read},
};

/// A source to decode.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct DecodeJob {
    pub(crate) format: Format,
    pub(crate) page: Option<u32>,
    pub(crate) decode: Decode,
    pub(crate) limits: Limits,
    pub(crate) fonts: Vec<Vec<u8>>,
    pub(crate) source: Vec<u8>,
}

impl DecodeJob {
    /// Returns the bytes of a job, in parts. Source and fonts are not copied.
    pub(crate) fn to_parts<'a>(
        format: Format,
        page: Option<u32>,
        decode: &Decode,
        limits: &Limits,
        fonts: &'a [Bytes],
        source: &'a [u8],
    ) -> Vec<Cow<'a, [u8]>> {
        let mut parts = Parts::default();
        parts.put(super::DECODE);
        parts.put(number(Some(format)));
        parts.put(u8::from(page.is_some()));
        parts.put(page.unwrap_or(0));
        // Without wildcards, so that a new field is not forgotten.
        let Decode { needed, all_frames, keep_profile, chroma } = decode;
        parts.put([needed.w, needed.h]);
        parts.put([u8::from(*all_frames), u8::from(*keep_profile), chroma.0, chroma.1]);
        let Limits {
            max_source_bytes,
            max_metadata_bytes,
            max_pixels,
            max_frames,
            max_output_side,
            max_output_pixels,
            max_enlargement,
            max_work_ms,
        } = limits;
        parts.put([*max_source_bytes, *max_metadata_bytes, *max_pixels, *max_output_pixels, *max_work_ms]);
        parts.put([*max_frames, *max_output_side, *max_enlargement]);
        parts.put(fonts.len() as u32);
        for file in fonts.iter().map(Bytes::as_ref).chain([source]) {
            parts.put(file.len() as u64);
            parts.put_all(file);
        }
        parts.into_parts()
    }

    /// Reads what follows the kind of the job.
    pub(super) fn read(fields: &mut Fields<impl Read>) -> io::Result<Self> {
        let format = read_format(fields)?.ok_or_else(|| invalid("format"))?;
        let (is_page, page) = (fields.take_bool()?, fields.take()?);
        let decode = Decode {
            needed: read_size(fields)?,
            all_frames: fields.take_bool()?,
            keep_profile: fields.take_bool()?,
            chroma: fields.take::<[u8; 2]>()?.into(),
        };
        let [max_source_bytes, max_metadata_bytes, max_pixels, max_output_pixels, max_work_ms] =
            fields.take()?;
        let [max_frames, max_output_side, max_enlargement] = fields.take()?;
        let limits = Limits {
            max_source_bytes,
            max_metadata_bytes,
            max_pixels,
            max_frames,
            max_output_side,
            max_output_pixels,
            max_enlargement,
            max_work_ms,
        };
        let count: u32 = fields.take()?;
        // Without a capacity, because the number may be wrong.
        let mut fonts = Vec::new();
        for _ in 0..count {
            let bytes = fields.take()?;
            fonts.push(fields.take_all(bytes)?);
        }
        let bytes = fields.take()?;
        let source = fields.take_all(bytes)?;
        Ok(Self { format, page: is_page.then_some(page), decode, limits, fonts, source })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::Job;
    use safelight_core::Size;

    fn job() -> DecodeJob {
        DecodeJob {
            format: Format::Webp,
            page: Some(5),
            decode: Decode { needed: Size::new(3, 2), all_frames: true, keep_profile: false, chroma: (2, 1) },
            limits: Limits { max_frames: 7, max_work_ms: 8, ..Limits::default() },
            fonts: vec![vec![1, 2], Vec::new()],
            source: (0..100).collect(),
        }
    }

    fn bytes(job: &DecodeJob) -> Vec<u8> {
        let fonts: Vec<Bytes> = job.fonts.iter().cloned().map(Bytes::from).collect();
        DecodeJob::to_parts(job.format, job.page, &job.decode, &job.limits, &fonts, &job.source).concat()
    }

    #[test]
    fn jobs_survive_the_round_trip() {
        let (job, bytes) = (job(), bytes(&job()));
        assert_eq!(Job::read(&*bytes, bytes.len() as u64).unwrap(), Job::Decode(job));
    }

    #[test]
    fn truncated_jobs_are_rejected() {
        let bytes = bytes(&job());
        for length in 0..bytes.len() {
            assert!(Job::read(&bytes[..length], length as u64).is_err(), "{length} of {}", bytes.len());
        }
    }
}
