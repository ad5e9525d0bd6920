//! The box `moov` of image sequences: selection of the tracks that are shown, the ranges of their samples, and
//! the redacted box (ISO/IEC 14496-12 sections 8.2 to 8.7, ISO/IEC 23008-12 section 7).

use super::{
    boxes::{BoxSpan, Fields, FourCc, IndexError, Redaction, children, outermost, single},
    meta::MAX_EXTENTS,
    properties, redact, tables,
};
use crate::{Class, part_map::Claim};
use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Range,
};

/// The rule for each type of box; boxes without a rule become `free`.
type Rules = &'static [(&'static FourCc, Rule)];

#[derive(Clone, Copy, Debug)]
enum Rule {
    /// Kept, as long as its fields.
    Table,
    /// Kept, with rules for its contents.
    Inside(Rules),
    /// Kept without the times of creation and modification at its start.
    WithoutTimes,
    Handler,
    DataInformation,
    SampleDescriptions,
    /// Kept, with only the references from an alpha plane to an image.
    References,
}

const TRACK: Rules = &[
    (b"tkhd", Rule::WithoutTimes),
    (b"tref", Rule::References),
    (b"edts", Rule::Inside(&[(b"elst", Rule::Table)])),
    (b"mdia", Rule::Inside(MEDIA)),
];
const MEDIA: Rules =
    &[(b"mdhd", Rule::WithoutTimes), (b"hdlr", Rule::Handler), (b"minf", Rule::Inside(MEDIA_INFORMATION))];
const MEDIA_INFORMATION: Rules = &[
    (b"vmhd", Rule::Table),
    (b"nmhd", Rule::Table),
    (b"dinf", Rule::DataInformation),
    (b"stbl", Rule::Inside(SAMPLE_TABLE)),
];
const SAMPLE_TABLE: Rules = &[
    (b"stsd", Rule::SampleDescriptions),
    (b"stts", Rule::Table),
    (b"ctts", Rule::Table),
    (b"cslg", Rule::Table),
    (b"stss", Rule::Table),
    (b"stsc", Rule::Table),
    (b"stsz", Rule::Table),
    (b"stco", Rule::Table),
    (b"co64", Rule::Table),
];

/// Sample entries of images whose samples contain no metadata.
const PICTURES: &[&FourCc] =
    &[b"av01", b"hvc1", b"hev1", b"lhv1", b"avc1", b"avc3", b"vvc1", b"vvi1", b"evc1"];

/// Bytes of a visual sample entry before the boxes in it (ISO/IEC 14496-12 section 12.1.3).
pub(super) const SAMPLE_ENTRY_BYTES: usize = 78;
/// The range of the name of the encoder in these bytes.
const COMPRESSOR_NAME: Range<usize> = 42..74;

/// The properties of a track that decide whether it is kept.
#[derive(Debug)]
pub(super) struct Track {
    pub(super) id: u32,
    handler: FourCc,
    /// The tracks for which it is an alpha plane or another auxiliary image.
    pub(super) auxiliary_for: Vec<u32>,
    is_thumbnail: bool,
    pub(super) sample_table: BoxSpan,
    pub(super) sample_entries: Vec<BoxSpan>,
    /// Whether each entry of its data references is the source.
    same_file: Vec<bool>,
}

/// Redacts the `moov` box `data`, and claims the samples of the tracks that are kept.
pub(super) fn read(data: &[u8]) -> Result<(Redaction<'_>, Vec<Claim>), IndexError> {
    let span = outermost(data)?;
    let boxes = children(data, span.body..span.end)?;
    let tracks = tracks(data, &boxes)?;
    let shown: BTreeSet<u32> =
        tracks.values().filter(|track| track.is_shown()).map(|track| track.id).collect();
    let is_kept = |track: &&Track| {
        let is_bound = || track.auxiliary_for.iter().any(|id| shown.contains(id));
        track.is_shown() || (track.is_alpha(data) && is_bound())
    };

    let (mut redaction, mut claims) = (Redaction::new(data), Vec::new());
    redaction.keep_head(span);
    for &inner in &boxes {
        match (&inner.kind, tracks.get(&inner.start).filter(is_kept)) {
            (b"mvhd", _) => keep_without_times(&mut redaction, inner)?,
            (_, Some(track)) => {
                track.check()?;
                apply(&mut redaction, inner, TRACK)?;
                let samples = sample_ranges(data, track.sample_table, MAX_EXTENTS - claims.len())?;
                claims.extend(samples.into_iter().map(|range| Claim::kept(range, Class::ImageData)));
            }
            (_, None) => redaction.free(inner),
        }
    }
    Ok((redaction, claims))
}

/// The tracks with images among the boxes of a `moov` box, by their offset.
pub(super) fn tracks(data: &[u8], boxes: &[BoxSpan]) -> Result<BTreeMap<usize, Track>, IndexError> {
    if boxes.iter().any(|inner| &inner.kind == b"mvex") {
        return Err(IndexError::Unsupported("a fragmented sequence"));
    }
    let mut tracks = BTreeMap::new();
    for inner in boxes.iter().filter(|inner| &inner.kind == b"trak") {
        tracks.extend(Track::read(data, *inner)?.map(|track| (inner.start, track)));
    }
    Ok(tracks)
}

impl Track {
    /// Parses the `trak` box `span`; `None` for a track without images.
    fn read(data: &[u8], span: BoxSpan) -> Result<Option<Self>, IndexError> {
        let boxes = children(data, span.body..span.end)?;
        let inside = |boxes: &[BoxSpan], kind| {
            single(boxes, kind)?.ok_or(IndexError::Damaged(span.start, "a track that lacks a box"))
        };
        let media = inside(&boxes, *b"mdia")?;
        let media = children(data, media.body..media.end)?;
        let mut handler = inside(&media, *b"hdlr")?.fields(data);
        handler.bytes(8)?;
        let handler = handler.four_cc()?;
        if !matches!(&handler, b"pict" | b"auxv") {
            return Ok(None);
        }
        let mut header = inside(&boxes, *b"tkhd")?.fields(data);
        let (version, _) = header.version()?;
        header.bytes(times_bytes(version))?;
        let id = header.u32()?;

        let information = inside(&media, *b"minf")?;
        let information = children(data, information.body..information.end)?;
        let sample_table = inside(&information, *b"stbl")?;
        let table = children(data, sample_table.body..sample_table.end)?;
        let descriptions = inside(&table, *b"stsd")?;
        let sample_entries = list(data, descriptions)?;
        let data_information = inside(&information, *b"dinf")?;
        let data_information = children(data, data_information.body..data_information.end)?;
        let references = list(data, inside(&data_information, *b"dref")?)?;
        let same_file = references.into_iter().map(|entry| redact::is_same_file(entry, data)).collect();

        let references = match single(&boxes, *b"tref")? {
            Some(span) => children(data, span.body..span.end)?,
            None => Vec::new(),
        };
        let mut auxiliary_for = Vec::new();
        for reference in references.iter().filter(|reference| &reference.kind == b"auxl") {
            let mut fields = reference.fields(data);
            while 0 < fields.left() {
                auxiliary_for.push(fields.u32()?);
            }
        }
        let is_thumbnail = references.iter().any(|reference| &reference.kind == b"thmb");
        Ok(Some(Self { id, handler, auxiliary_for, is_thumbnail, sample_table, sample_entries, same_file }))
    }

    /// Whether readers show its images.
    pub(super) fn is_shown(&self) -> bool {
        &self.handler == b"pict" && !self.is_thumbnail && self.auxiliary_for.is_empty()
    }

    pub(super) fn is_alpha(&self, data: &[u8]) -> bool {
        let says_alpha = |entry: &BoxSpan| {
            let inner = children(data, entry.end.min(entry.body + SAMPLE_ENTRY_BYTES)..entry.end);
            inner.is_ok_and(|inner| inner.into_iter().any(|span| properties::is_alpha(span, data)))
        };
        &self.handler == b"auxv"
            && !self.sample_entries.is_empty()
            && self.sample_entries.iter().all(says_alpha)
    }

    /// Checks that a kept track is supported.
    pub(super) fn check(&self) -> Result<(), IndexError> {
        if !self.sample_entries.iter().all(|entry| PICTURES.contains(&&entry.kind)) {
            return Err(IndexError::Unsupported("an unknown coding of the sequence"));
        }
        if !self.same_file.iter().all(|same| *same) {
            return Err(IndexError::Unsupported("the sequence is in another file"));
        }
        Ok(())
    }
}

/// The boxes inside a full box that begins with their number.
fn list(data: &[u8], span: BoxSpan) -> Result<Vec<BoxSpan>, IndexError> {
    let mut fields = span.fields(data);
    fields.bytes(8)?;
    children(data, fields.at..span.end)
}

fn apply(redaction: &mut Redaction, span: BoxSpan, rules: Rules) -> Result<(), IndexError> {
    redaction.keep_head(span);
    for inner in children(redaction.source, span.body..span.end)? {
        match rules.iter().find(|(kind, _)| **kind == inner.kind).map(|(_, rule)| *rule) {
            None => redaction.free(inner),
            Some(Rule::Table) => tables::keep(redaction, inner)?,
            // The recursion is as deep as the rules, which are constant.
            Some(Rule::Inside(rules)) => apply(redaction, inner, rules)?,
            Some(Rule::WithoutTimes) => keep_without_times(redaction, inner)?,
            Some(Rule::Handler) => redact::handler(redaction, inner),
            Some(Rule::DataInformation) => redact::data_information(redaction, inner)?,
            Some(Rule::SampleDescriptions) => sample_descriptions(redaction, inner)?,
            Some(Rule::References) => {
                redaction.keep_head(inner);
                for reference in children(redaction.source, inner.body..inner.end)? {
                    match &reference.kind {
                        b"auxl" | b"prem" => redaction.keep_all(reference),
                        _ => redaction.free(reference),
                    }
                }
            }
        }
    }
    Ok(())
}

/// Bytes of the times at the start of `mvhd`, `tkhd` and `mdhd`.
pub(super) const fn times_bytes(version: u8) -> usize {
    if version == 1 { 16 } else { 8 }
}

fn keep_without_times(redaction: &mut Redaction, span: BoxSpan) -> Result<(), IndexError> {
    let mut fields = span.fields(redaction.source);
    let (version, _) = fields.version()?;
    let start = fields.at;
    fields.bytes(times_bytes(version))?;
    tables::keep(redaction, span)?;
    redaction.blank(start..fields.at);
    Ok(())
}

fn sample_descriptions(redaction: &mut Redaction, span: BoxSpan) -> Result<(), IndexError> {
    let entries = list(redaction.source, span)?;
    redaction.keep(span.start..span.body + 8);
    for entry in entries {
        entry.fields(redaction.source).bytes(SAMPLE_ENTRY_BYTES)?;
        let inner = entry.body + SAMPLE_ENTRY_BYTES;
        redaction.keep(entry.start..inner);
        redaction.blank(entry.body + COMPRESSOR_NAME.start..entry.body + COMPRESSOR_NAME.end);
        for property in children(redaction.source, inner..entry.end)? {
            properties::keep(redaction, property, redaction.source);
        }
    }
    Ok(())
}

/// The ranges of the samples of a track, one for each chunk; at most `max`.
fn sample_ranges(data: &[u8], table: BoxSpan, max: usize) -> Result<Vec<Range<u64>>, IndexError> {
    let mut ranges = Vec::new();
    for_each_chunk(data, table, max, |chunk, sizes| {
        let out_of_bounds = IndexError::Damaged(sizes.at, "samples outside of the source");
        // Equal sizes are not listed. Different sizes are, so the loop ends with the list.
        let bytes = match chunk.sample_bytes {
            0 => (0..chunk.samples).try_fold(0, |sum, _| Ok(sum + u64::from(sizes.u32()?)))?,
            size => size.checked_mul(chunk.samples.into()).ok_or(out_of_bounds)?,
        };
        ranges.push(chunk.start..chunk.start.checked_add(bytes).ok_or(out_of_bounds)?);
        Ok(())
    })?;
    Ok(ranges)
}

/// Samples of a track that follow one another in the source.
#[derive(Clone, Copy, Debug)]
pub(super) struct Chunk {
    pub(super) start: u64,
    pub(super) samples: u32,
    /// The size of each sample; 0 if the sizes are listed.
    pub(super) sample_bytes: u64,
}

/// Calls `each` with every chunk of a track, at most `max`, and with the list of sizes, from which it takes those of
/// the chunk (ISO/IEC 14496-12 section 8.7).
pub(super) fn for_each_chunk(
    data: &[u8],
    table: BoxSpan,
    max: usize,
    mut each: impl FnMut(Chunk, &mut Fields) -> Result<(), IndexError>,
) -> Result<(), IndexError> {
    let table = children(data, table.body..table.end)?;
    let missing =
        IndexError::Damaged(table.first().map_or(0, |first| first.start), "a track without a sample table");
    let (offsets, offset_size) = match (single(&table, *b"stco")?, single(&table, *b"co64")?) {
        (Some(span), None) => (span, 4),
        (None, Some(span)) => (span, 8),
        _ => return Err(missing),
    };
    let mut offsets = offsets.fields(data);
    offsets.version()?;
    let chunk_count = offsets.u32()?;
    if max < chunk_count as usize {
        return Err(IndexError::Damaged(offsets.at, "too many chunks"));
    }

    let mut sizes =
        single(&table, *b"stsz")?.ok_or(IndexError::Unsupported("packed sample sizes"))?.fields(data);
    sizes.version()?;
    let sample_bytes = u64::from(sizes.u32()?);
    let mut samples_left = sizes.u32()?;

    let mut runs = single(&table, *b"stsc")?.ok_or(missing)?.fields(data);
    runs.version()?;
    let mut runs_left = runs.u32()?;
    let (mut samples_per_chunk, mut next_run) = (0, next_run(&mut runs, &mut runs_left)?);

    for chunk in 1..=chunk_count {
        if let Some((_, samples)) = next_run.filter(|(first, _)| *first == chunk) {
            samples_per_chunk = samples;
            next_run = self::next_run(&mut runs, &mut runs_left)?;
        }
        let start = offsets.uint(offset_size)?;
        let samples = samples_per_chunk.min(samples_left);
        samples_left -= samples;
        each(Chunk { start, samples, sample_bytes }, &mut sizes)?;
    }
    match (samples_left, next_run) {
        (0, None) => Ok(()),
        _ => Err(IndexError::Damaged(offsets.at, "samples without a chunk")),
    }
}

/// The next entry of `stsc`: the first chunk to which it applies, and the number of samples for each chunk.
fn next_run(runs: &mut Fields, left: &mut u32) -> Result<Option<(u32, u32)>, IndexError> {
    if *left == 0 {
        return Ok(None);
    }
    *left -= 1;
    let run = (runs.u32()?, runs.u32()?);
    let _description = runs.u32()?;
    Ok(Some(run))
}
