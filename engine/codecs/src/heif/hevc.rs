//! HEVC (ITU-T H.265), still pictures: decoded by `heifer-hevc-dec`, which is Rust without `unsafe`.

use super::{
    coding::Info,
    planes::{Layout, Planes, shrink as shrunk},
    rgb::Signal,
};
use crate::error::CodecError;
use heifer_hevc_dec::{
    Error as HevcError,
    decoder::{DecodeOptions, decode_picture},
    nal::{NalHeader, NalUnit, NalUnitType},
    params::Sps,
    recon::Frame,
};
use memchr::memmem;
use safelight_containers::heif::Coded;
use safelight_core::{Format, Size};

/// Nanoseconds for each pixel, and for each coded byte.
pub(super) const NS: (u64, u64) = (15, 60);
/// Bytes that a decode allocates at any size: tables, and lists of units.
pub(super) const WORK_BYTES: u64 = 256 << 10;
/// The most NAL units of a picture; level 6.2 allows 600 slices.
const MAX_UNITS: usize = 4096;

/// Bytes that a decode allocates for each coded pixel, besides the shrunk planes.
pub(super) fn pixel_bytes(info: &Info) -> u64 {
    /// Modes, filters and slices of blocks of 4 by 4 pixels.
    const BLOCKS: u64 = 4;
    // Planes are words at any depth.
    let planes = 2 + info.layout.chroma.map_or(0, |(across, down)| u64::from(4 / (across * down)));
    // They exist twice while the borders are cut off.
    let copies = if info.coded == info.size { 1 } else { 2 };
    BLOCKS + copies * planes
}

/// Reads the sequence parameter set of `coded`.
pub(super) fn info(format: Format, coded: &Coded) -> Result<Info, CodecError> {
    let data = coded.data.concat();
    let units = Units::read(format, &coded.config, &data)?;
    let is_sps = |unit: &&&[u8]| matches!(kind(unit), Some(NalUnitType::Sps));
    let missing = || CodecError::Damaged(format, "it has no sequence parameter set".into());
    let sps = units.0.iter().find(is_sps).ok_or_else(missing)?;
    let sps = NalUnit::parse(sps).and_then(|unit| Sps::parse(&unit.rbsp));
    let sps = sps.map_err(|error| failure(format, error))?;
    if sps.separate_colour_plane_flag
        || (sps.chroma_format_idc != 0 && sps.bit_depth_luma != sps.bit_depth_chroma)
    {
        return Err(CodecError::Unsupported(format, "planes of separate colours, or of different depths"));
    }
    let (w, h) = sps.output_size();
    let signal = sps.vui.as_ref().map_or(Signal::UNSPECIFIED, |vui| Signal {
        primaries: vui.colour_primaries,
        transfer: vui.transfer_characteristics,
        matrix: vui.matrix_coeffs,
        is_full_range: vui.video_full_range_flag,
    });
    Ok(Info {
        size: Size::new(w, h),
        coded: Size::new(sps.pic_width_in_luma_samples, sps.pic_height_in_luma_samples),
        layout: layout(format, sps.bit_depth_luma, sps.chroma_format_idc)?,
        signal,
    })
}

/// Decodes the first picture of `coded`.
pub(super) fn decode(format: Format, coded: &Coded, info: &Info, shrink: u32) -> Result<Planes, CodecError> {
    let data = coded.data.concat();
    let stream = Units::read(format, &coded.config, &data)?.to_stream();
    drop(data);
    let options = DecodeOptions { max_pixels: info.coded.pixels(), ..DecodeOptions::default() };
    let frame = decode_picture(&stream, options).map_err(|error| failure(format, error))?;
    let size = Size::new(frame.widths[0], frame.heights[0]);
    if size != info.size || layout(format, frame.bit_depth[0], frame.chroma_format)? != info.layout {
        return Err(CodecError::Damaged(format, "its pictures are of different kinds".into()));
    }
    planes(&frame, info, shrink).ok_or_else(|| CodecError::Damaged(format, "a plane is incomplete".into()))
}

/// Shrinks the planes of `frame`; `None` if one is not whole.
fn planes(frame: &Frame, info: &Info, shrink: u32) -> Option<Planes> {
    let Info { layout, size, .. } = *info;
    let planes = layout.sizes(size, 1).zip(&frame.planes).map(|(size, samples)| {
        let w = size.w as usize;
        let is_whole = samples.len() as u64 == size.pixels();
        is_whole.then(|| shrunk(size, shrink, layout.bits, |y| &samples[y * w..]))
    });
    Some(Planes { layout, planes: planes.collect::<Option<_>>()? })
}

fn layout(format: Format, bits: u8, chroma_format: u8) -> Result<Layout, CodecError> {
    // Table 6-1.
    let chroma = match chroma_format {
        0 => None,
        1 => Some((2, 2)),
        2 => Some((2, 1)),
        _ => Some((1, 1)),
    };
    match bits {
        8..=16 => Ok(Layout { bits, chroma }),
        _ => Err(CodecError::Unsupported(format, "samples of more than 16 bits")),
    }
}

/// The NAL units that a decode needs: parameter sets and slices of the base layer.
struct Units<'a>(Vec<&'a [u8]>);

impl<'a> Units<'a> {
    /// Reads the parameter sets of an `hvcC` box, and the units of an item (ISO/IEC 14496-15 section 8.3.2).
    fn read(format: Format, config: &'a [u8], data: &'a [u8]) -> Result<Self, CodecError> {
        let damaged = |what: &'static str| CodecError::Damaged(format, what.into());
        let mut units = Self(Vec::new());
        let short = || damaged("its configuration is too short");
        let mut config = Reader(config);
        let head = config.take(23).ok_or_else(short)?;
        let length_bytes = usize::from(head[21] & 3) + 1;
        for _ in 0..head[22] {
            let _kind = config.uint(1).ok_or_else(short)?;
            for _ in 0..config.uint(2).ok_or_else(short)? {
                let unit = config.uint(2).and_then(|bytes| config.take(bytes)).ok_or_else(short)?;
                units.push(unit).map_err(damaged)?;
            }
        }
        let mut data = Reader(data);
        while !data.0.is_empty() {
            let unit = data.uint(length_bytes).and_then(|bytes| data.take(bytes));
            units.push(unit.ok_or_else(|| damaged("its samples are too short"))?).map_err(damaged)?;
        }
        Ok(units)
    }

    fn push(&mut self, unit: &'a [u8]) -> Result<(), &'static str> {
        let is_needed = kind(unit)
            .is_some_and(|kind| kind.is_slice() || matches!(kind, NalUnitType::Sps | NalUnitType::Pps));
        if !is_needed {
            return Ok(());
        }
        if MAX_UNITS <= self.0.len() {
            return Err("too many slices");
        }
        // The start of another unit (section 7.4.2), which would be split once more.
        if memmem::find(unit, &[0, 0, 1]).is_some() {
            return Err("a unit inside another");
        }
        self.0.push(unit);
        Ok(())
    }

    /// Returns the byte stream of Annex B.
    fn to_stream(&self) -> Vec<u8> {
        let bytes = self.0.iter().map(|unit| unit.len() + 3).sum();
        let mut stream = Vec::with_capacity(bytes);
        for unit in &self.0 {
            stream.extend_from_slice(&[0, 0, 1]);
            stream.extend_from_slice(unit);
        }
        stream
    }
}

/// The kind of `unit`; `None` if it is damaged or in another layer.
fn kind(unit: &[u8]) -> Option<NalUnitType> {
    let header = NalHeader::parse(unit).ok()?;
    (header.layer_id == 0).then_some(header.unit_type)
}

/// A reader of big-endian numbers.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, bytes: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(bytes)?;
        self.0 = rest;
        Some(taken)
    }

    fn uint(&mut self, bytes: usize) -> Option<usize> {
        Some(self.take(bytes)?.iter().fold(0, |number, byte| number << 8 | usize::from(*byte)))
    }
}

fn failure(format: Format, error: HevcError) -> CodecError {
    match error {
        HevcError::Unimplemented(what) => CodecError::Unsupported(format, what),
        error => CodecError::Damaged(format, Box::new(error)),
    }
}
