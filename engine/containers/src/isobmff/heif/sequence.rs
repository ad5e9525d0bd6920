//! The tracks of a `moov` box (ISO/IEC 14496-12 sections 8.3 to 8.7, ISO/IEC 23008-12 section 7).

use super::{Coded, Sample, Sequence, Track, property::Properties};
use crate::isobmff::{
    boxes::{BoxSpan, FourCc, IndexError, children, outermost, single},
    meta::MAX_EXTENTS,
    movie::{self, SAMPLE_ENTRY_BYTES, for_each_chunk, times_bytes},
};
use bytes::Bytes;
use safelight_core::Size;

/// Reads the first track that is shown, and its alpha plane; `None` without such a track.
pub(super) fn read(source: &Bytes, index: &Bytes) -> Result<Option<Sequence>, IndexError> {
    let span = outermost(index)?;
    let boxes = children(index, span.body..span.end)?;
    let tracks = movie::tracks(index, &boxes)?;
    let Some((colour_at, colour)) = tracks.iter().find(|(_, track)| track.is_shown()) else {
        return Ok(None);
    };
    let is_its_alpha =
        |track: &movie::Track| track.auxiliary_for.contains(&colour.id) && track.is_alpha(index);
    let alpha = tracks.iter().find(|(_, track)| is_its_alpha(track));
    let box_at = |at: usize| boxes.iter().copied().find(|span| span.start == at).unwrap_or(span);
    let is_premultiplied = match alpha {
        Some((_, alpha)) => has_reference(index, box_at(*colour_at), *b"prem", alpha.id)?,
        None => false,
    };
    let alpha = alpha.map(|(at, alpha)| Track::read(source, index, alpha, box_at(*at))).transpose()?;
    let plays = plays(index, box_at(*colour_at))?;
    let colour = Track::read(source, index, colour, box_at(*colour_at))?;
    Ok(Some(Sequence { colour, alpha, is_premultiplied, plays }))
}

/// The box at the end of `path` inside `span`.
fn inside(index: &[u8], span: BoxSpan, path: &[FourCc]) -> Result<Option<BoxSpan>, IndexError> {
    let mut span = span;
    for kind in path {
        match single(&children(index, span.body..span.end)?, *kind)? {
            Some(inner) => span = inner,
            None => return Ok(None),
        }
    }
    Ok(Some(span))
}

/// Whether the track `span` has a reference of type `kind` to the track `to`.
fn has_reference(index: &[u8], span: BoxSpan, kind: FourCc, to: u32) -> Result<bool, IndexError> {
    let Some(reference) = inside(index, span, &[*b"tref", kind])? else { return Ok(false) };
    let mut fields = reference.fields(index);
    while 4 <= fields.left() {
        if fields.u32()? == to {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The number of times that the edit list of the track `span` plays it; 0 for ever, also without a list, as in browsers.
fn plays(index: &[u8], span: BoxSpan) -> Result<u32, IndexError> {
    let Some(list) = inside(index, span, &[*b"edts", *b"elst"])? else { return Ok(0) };
    let Some(header) = inside(index, span, &[*b"tkhd"])? else { return Ok(0) };
    let mut header = header.fields(index);
    let (version, _) = header.version()?;
    header.bytes(times_bytes(version) + 8)?;
    let width = if version == 1 { 8 } else { 4 };
    let duration = header.uint(width)?;
    let mut list = list.fields(index);
    let (version, flags) = list.version()?;
    let is_repeated = flags & 1 == 1;
    if !is_repeated {
        return Ok(1);
    }
    let _entries = list.u32()?;
    let segment = list.uint(if version == 1 { 8 } else { 4 })?;
    let is_endless = duration == if width == 8 { u64::MAX } else { u64::from(u32::MAX) };
    if is_endless || segment == 0 {
        return Ok(0);
    }
    Ok(u32::try_from(duration.div_ceil(segment)).unwrap_or(0))
}

impl Track {
    /// Reads the `trak` box `span`, of which `track` was parsed.
    fn read(source: &Bytes, index: &Bytes, track: &movie::Track, span: BoxSpan) -> Result<Self, IndexError> {
        track.check()?;
        let &[entry] = track.sample_entries.as_slice() else {
            return Err(IndexError::Unsupported("a sequence of several codings"));
        };
        let header = inside(index, span, &[*b"mdia", *b"mdhd"])?;
        let mut header =
            header.ok_or(IndexError::Damaged(span.start, "a track that lacks a box"))?.fields(index);
        let (version, _) = header.version()?;
        header.bytes(times_bytes(version))?;
        let timescale = u64::from(header.u32()?).max(1);

        let mut samples: Vec<Sample> = Vec::new();
        let mut delays = Delays::new(index, track.sample_table, timescale)?;
        for_each_chunk(index, track.sample_table, MAX_EXTENTS, |chunk, sizes| {
            let mut start = chunk.start;
            for _ in 0..chunk.samples {
                let bytes = match chunk.sample_bytes {
                    0 => u64::from(sizes.u32()?),
                    bytes => bytes,
                };
                let end = start.checked_add(bytes).filter(|end| *end <= source.len() as u64);
                let end = end.ok_or(IndexError::Damaged(sizes.at, "samples outside of the source"))?;
                if MAX_EXTENTS <= samples.len() {
                    return Err(IndexError::Damaged(sizes.at, "too many samples"));
                }
                let data = source.slice(start as usize..end as usize);
                samples.push(Sample { data, delay_ms: delays.next()? });
                start = end;
            }
            Ok(())
        })?;
        let first_sync = first_sync(index, track.sample_table)?;
        if samples.len() <= first_sync {
            return Err(IndexError::Damaged(span.start, "a sequence without images"));
        }
        Ok(Self { coded: configuration(index, entry)?, samples, first_sync })
    }
}

/// Number of the first sample that can be decoded alone (ISO/IEC 14496-12 section 8.6.2).
fn first_sync(index: &[u8], table: BoxSpan) -> Result<usize, IndexError> {
    let Some(list) = inside(index, table, &[*b"stss"])? else { return Ok(0) };
    let mut fields = list.fields(index);
    fields.version()?;
    // An empty list means that there is none; the first is the best that can be tried.
    Ok(if fields.u32()? == 0 { 0 } else { (fields.u32()? as usize).saturating_sub(1) })
}

/// Reads a visual sample entry (ISO/IEC 14496-12 section 12.1.3).
fn configuration(index: &Bytes, entry: BoxSpan) -> Result<Coded, IndexError> {
    /// Bytes before the sides.
    const SIDES_AT: usize = 24;
    let mut fields = entry.fields(index);
    fields.bytes(SIDES_AT)?;
    let size = Size::new(fields.u16()?.into(), fields.u16()?.into());
    let mut properties = Properties::default();
    let inner = entry.end.min(entry.body + SAMPLE_ENTRY_BYTES)..entry.end;
    for span in children(index, inner)? {
        properties.add(span, index)?;
    }
    properties.size = Some(size);
    properties.into_coded(entry.kind, Vec::new())
}

/// The durations of samples in milliseconds, from the runs of `stts` (ISO/IEC 14496-12 section 8.6.1.2).
struct Delays<'a> {
    runs: Option<crate::isobmff::boxes::Fields<'a>>,
    runs_left: u32,
    /// Samples of the run that are left, and the duration of each.
    run: (u32, u32),
    timescale: u64,
    /// The sum of all durations until now.
    ticks: u64,
}

impl<'a> Delays<'a> {
    fn new(index: &'a [u8], table: BoxSpan, timescale: u64) -> Result<Self, IndexError> {
        let mut runs = inside(index, table, &[*b"stts"])?.map(|span| span.fields(index));
        let runs_left = match &mut runs {
            Some(runs) => {
                runs.version()?;
                runs.u32()?
            }
            None => 0,
        };
        Ok(Self { runs, runs_left, run: (0, 0), timescale, ticks: 0 })
    }

    /// The duration of the next sample; the rounding errors of all do not add up.
    fn next(&mut self) -> Result<u32, IndexError> {
        while self.run.0 == 0
            && 0 < self.runs_left
            && let Some(runs) = &mut self.runs
        {
            self.runs_left -= 1;
            self.run = (runs.u32()?, runs.u32()?);
        }
        // The last duration lasts if the list is too short.
        self.run.0 = self.run.0.saturating_sub(1);
        let to_ms = |ticks: u64| ticks.saturating_mul(1000) / self.timescale;
        let before = to_ms(self.ticks);
        self.ticks = self.ticks.saturating_add(self.run.1.into());
        Ok(u32::try_from(to_ms(self.ticks) - before).unwrap_or(u32::MAX))
    }
}
