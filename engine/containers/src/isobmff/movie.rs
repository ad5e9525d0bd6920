//! The box `moov` of image sequences: which tracks show the pictures, where their samples lie, and what
//! is left of the box (ISO/IEC 14496-12 sections 8.2 to 8.7, ISO/IEC 23008-12 section 7).

use super::{
    boxes::{BoxSpan, Code, Draft, Fault, children, single},
    meta::MAX_EXTENTS,
    properties, redact,
};
use crate::{Class, part_map::Claim};
use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Range,
};

/// What is done with a box by its type; boxes without a rule become `free`.
type Rules = &'static [(&'static Code, Rule)];

#[derive(Clone, Copy, Debug)]
enum Rule {
    /// Kept as it is.
    Whole,
    /// Kept, with rules for what is in it.
    Inside(Rules),
    /// Kept without the times of its creation and modification, which it begins with.
    Timeless,
    Handler,
    DataInformation,
    SampleDescriptions,
    /// Kept, with only the references that bind transparency to a picture.
    References,
}

const TRACK: Rules = &[
    (b"tkhd", Rule::Timeless),
    (b"tref", Rule::References),
    (b"edts", Rule::Inside(&[(b"elst", Rule::Whole)])),
    (b"mdia", Rule::Inside(MEDIA)),
];
const MEDIA: Rules =
    &[(b"mdhd", Rule::Timeless), (b"hdlr", Rule::Handler), (b"minf", Rule::Inside(MEDIA_INFORMATION))];
const MEDIA_INFORMATION: Rules = &[
    (b"vmhd", Rule::Whole),
    (b"nmhd", Rule::Whole),
    (b"dinf", Rule::DataInformation),
    (b"stbl", Rule::Inside(SAMPLE_TABLE)),
];
const SAMPLE_TABLE: Rules = &[
    (b"stsd", Rule::SampleDescriptions),
    (b"stts", Rule::Whole),
    (b"ctts", Rule::Whole),
    (b"cslg", Rule::Whole),
    (b"stss", Rule::Whole),
    (b"stsc", Rule::Whole),
    (b"stsz", Rule::Whole),
    (b"stco", Rule::Whole),
    (b"co64", Rule::Whole),
];

/// Sample entries of pictures whose samples hold nothing but the picture.
const PICTURES: &[&Code] = &[b"av01", b"hvc1", b"hev1", b"lhv1", b"avc1", b"avc3", b"vvc1", b"vvi1", b"evc1"];

/// Bytes of a visual sample entry before the boxes in it (ISO/IEC 14496-12 section 12.1.3).
const SAMPLE_ENTRY_BYTES: usize = 78;
/// Where, in these, the name of the encoder stands.
const COMPRESSOR_NAME: Range<usize> = 42..74;

/// A track, as far as it says whether it is needed.
#[derive(Debug)]
struct Track {
    id: u32,
    handler: Code,
    /// The tracks that it is transparency for, or another auxiliary picture.
    auxiliary_for: Vec<u32>,
    is_thumbnail: bool,
    sample_table: BoxSpan,
    sample_entries: Vec<BoxSpan>,
    /// Whether each entry of its data references is the source itself.
    same_file: Vec<bool>,
}

/// Drafts what takes the place of the `moov` box that `data` is, and claims its samples.
pub(super) fn read(data: &[u8]) -> Result<(Draft<'_>, Vec<Claim>), Fault> {
    let span = children(data, 0..data.len())?.first().copied().ok_or(Fault::Damaged(0, "no box"))?;
    let boxes = children(data, span.body..span.end)?;
    if boxes.iter().any(|inner| &inner.kind == b"mvex") {
        return Err(Fault::Unsupported("its pictures come in fragments"));
    }
    let mut tracks = BTreeMap::new();
    for inner in boxes.iter().filter(|inner| &inner.kind == b"trak") {
        tracks.extend(Track::read(data, *inner)?.map(|track| (inner.start, track)));
    }
    let shown: BTreeSet<u32> =
        tracks.values().filter(|track| track.is_shown()).map(|track| track.id).collect();
    let is_kept = |track: &&Track| {
        let is_bound = || track.auxiliary_for.iter().any(|id| shown.contains(id));
        track.is_shown() || (track.is_alpha(data) && is_bound())
    };

    let (mut draft, mut claims) = (Draft::new(data), Vec::new());
    draft.keep_head(span);
    for &inner in &boxes {
        match (&inner.kind, tracks.get(&inner.start).filter(is_kept)) {
            (b"mvhd", _) => timeless(&mut draft, inner)?,
            (_, Some(track)) => {
                track.check()?;
                apply(&mut draft, inner, TRACK)?;
                let samples = sample_ranges(data, track.sample_table, MAX_EXTENTS - claims.len())?;
                claims.extend(samples.into_iter().map(|range| Claim::kept(range, Class::ImageData)));
            }
            (_, None) => draft.free(inner),
        }
    }
    Ok((draft, claims))
}

impl Track {
    /// Reads the `trak` box `span`; `None` for a track of something other than pictures.
    fn read(data: &[u8], span: BoxSpan) -> Result<Option<Self>, Fault> {
        let boxes = children(data, span.body..span.end)?;
        let inside = |boxes: &[BoxSpan], kind| {
            single(boxes, kind)?.ok_or(Fault::Damaged(span.start, "a track that lacks a box"))
        };
        let media = inside(&boxes, *b"mdia")?;
        let media = children(data, media.body..media.end)?;
        let mut handler = inside(&media, *b"hdlr")?.fields(data);
        handler.bytes(8)?;
        let handler = handler.code()?;
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

    /// Whether it holds the pictures that are shown.
    fn is_shown(&self) -> bool {
        &self.handler == b"pict" && !self.is_thumbnail && self.auxiliary_for.is_empty()
    }

    fn is_alpha(&self, data: &[u8]) -> bool {
        let says_alpha = |entry: &BoxSpan| {
            let inner = children(data, entry.end.min(entry.body + SAMPLE_ENTRY_BYTES)..entry.end);
            inner.is_ok_and(|inner| inner.into_iter().any(|span| properties::is_alpha(span, data)))
        };
        &self.handler == b"auxv"
            && !self.sample_entries.is_empty()
            && self.sample_entries.iter().all(says_alpha)
    }

    /// Checks that everything about a track that is kept is understood.
    fn check(&self) -> Result<(), Fault> {
        if !self.sample_entries.iter().all(|entry| PICTURES.contains(&&entry.kind)) {
            return Err(Fault::Unsupported("its sequence is coded in a way that is not known"));
        }
        if !self.same_file.iter().all(|same| *same) {
            return Err(Fault::Unsupported("its sequence lies in another file"));
        }
        Ok(())
    }
}

/// The boxes of a full box that states their number first.
fn list(data: &[u8], span: BoxSpan) -> Result<Vec<BoxSpan>, Fault> {
    let mut fields = span.fields(data);
    fields.bytes(8)?;
    children(data, fields.at..span.end)
}

fn apply(draft: &mut Draft, span: BoxSpan, rules: Rules) -> Result<(), Fault> {
    draft.keep_head(span);
    for inner in children(draft.source, span.body..span.end)? {
        match rules.iter().find(|(kind, _)| **kind == inner.kind).map(|(_, rule)| *rule) {
            None => draft.free(inner),
            Some(Rule::Whole) => draft.keep_all(inner),
            // As deep as the rules are, which are constant.
            Some(Rule::Inside(rules)) => apply(draft, inner, rules)?,
            Some(Rule::Timeless) => timeless(draft, inner)?,
            Some(Rule::Handler) => redact::handler(draft, inner),
            Some(Rule::DataInformation) => redact::data_information(draft, inner)?,
            Some(Rule::SampleDescriptions) => sample_descriptions(draft, inner)?,
            Some(Rule::References) => {
                draft.keep_head(inner);
                for reference in children(draft.source, inner.body..inner.end)? {
                    match &reference.kind {
                        b"auxl" | b"prem" => draft.keep_all(reference),
                        _ => draft.free(reference),
                    }
                }
            }
        }
    }
    Ok(())
}

/// Bytes of the times that `mvhd`, `tkhd` and `mdhd` begin with.
const fn times_bytes(version: u8) -> usize {
    if version == 1 { 16 } else { 8 }
}

fn timeless(draft: &mut Draft, span: BoxSpan) -> Result<(), Fault> {
    let mut fields = span.fields(draft.source);
    let (version, _) = fields.version()?;
    let start = fields.at;
    fields.bytes(times_bytes(version))?;
    draft.keep_all(span);
    draft.blank(start..fields.at);
    Ok(())
}

fn sample_descriptions(draft: &mut Draft, span: BoxSpan) -> Result<(), Fault> {
    let entries = list(draft.source, span)?;
    draft.keep(span.start..span.body + 8);
    for entry in entries {
        entry.fields(draft.source).bytes(SAMPLE_ENTRY_BYTES)?;
        let inner = entry.body + SAMPLE_ENTRY_BYTES;
        draft.keep(entry.start..inner);
        draft.blank(entry.body + COMPRESSOR_NAME.start..entry.body + COMPRESSOR_NAME.end);
        for property in children(draft.source, inner..entry.end)? {
            properties::keep(draft, property, draft.source);
        }
    }
    Ok(())
}

/// Where the samples of a track lie, chunk by chunk (ISO/IEC 14496-12 section 8.7); at most `most`.
fn sample_ranges(data: &[u8], table: BoxSpan, most: usize) -> Result<Vec<Range<u64>>, Fault> {
    let table = children(data, table.body..table.end)?;
    let missing =
        Fault::Damaged(table.first().map_or(0, |first| first.start), "a track without a sample table");
    let (offsets, offset_size) = match (single(&table, *b"stco")?, single(&table, *b"co64")?) {
        (Some(span), None) => (span, 4),
        (None, Some(span)) => (span, 8),
        _ => return Err(missing),
    };
    let mut offsets = offsets.fields(data);
    offsets.version()?;
    let chunk_count = offsets.u32()?;
    if most < chunk_count as usize {
        return Err(Fault::Damaged(offsets.at, "too many chunks"));
    }

    let mut sizes =
        single(&table, *b"stsz")?.ok_or(Fault::Unsupported("its sample sizes are packed"))?.fields(data);
    sizes.version()?;
    let same_size = u64::from(sizes.u32()?);
    let mut samples_left = sizes.u32()?;

    let mut runs = single(&table, *b"stsc")?.ok_or(missing)?.fields(data);
    runs.version()?;
    let mut runs_left = runs.u32()?;
    let (mut samples_per_chunk, mut next_run) = (0, next_run(&mut runs, &mut runs_left)?);

    let mut ranges = Vec::new();
    for chunk in 1..=chunk_count {
        if let Some((_, samples)) = next_run.filter(|(first, _)| *first == chunk) {
            samples_per_chunk = samples;
            next_run = self::next_run(&mut runs, &mut runs_left)?;
        }
        let start = offsets.uint(offset_size)?;
        let samples = samples_per_chunk.min(samples_left);
        samples_left -= samples;
        // Sizes that are all the same are not listed; others are, so the loop ends with the list.
        let bytes = match same_size {
            0 => (0..samples).try_fold(0, |sum, _| Ok(sum + u64::from(sizes.u32()?)))?,
            size => size.checked_mul(samples.into()).ok_or(missing)?,
        };
        let end = start.checked_add(bytes).ok_or(Fault::Damaged(offsets.at, "samples outside the source"))?;
        ranges.push(start..end);
    }
    match (samples_left, next_run) {
        (0, None) => Ok(ranges),
        _ => Err(Fault::Damaged(offsets.at, "samples without a chunk")),
    }
}

/// The next entry of `stsc`: the first chunk that it holds for, and how many samples these have.
fn next_run(runs: &mut super::boxes::Fields, left: &mut u32) -> Result<Option<(u32, u32)>, Fault> {
    if *left == 0 {
        return Ok(None);
    }
    *left -= 1;
    let run = (runs.u32()?, runs.u32()?);
    let _description = runs.u32()?;
    Ok(Some(run))
}
