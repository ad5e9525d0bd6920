//! The answer: an EXIF block as one JSON object, in the groups of `exif-reader`.

use crate::{
    ShowError,
    directory::{self, Entry},
    names::name,
    redact::is_private,
    value::{self, Shown},
};
use exif::{Context, Exif, In, Reader};
use safelight_containers::locate_tiff;
use safelight_core::Settings;
use serde::{Serialize, Serializer, ser::SerializeMap};

/// The answer for a source without EXIF.
pub(crate) const EMPTY: &[u8] = b"{}";

/// Groups in the order of the answer.
const GROUPS: [(&str, In, Context); 5] = [
    ("Image", In::PRIMARY, Context::Tiff),
    ("Thumbnail", In::THUMBNAIL, Context::Tiff),
    ("Photo", In::PRIMARY, Context::Exif),
    ("GPSInfo", In::PRIMARY, Context::Gps),
    ("Iop", In::PRIMARY, Context::Interop),
];

/// Decodes `block`, an EXIF block as a container carries it or a whole TIFF, and writes it as JSON.
///
/// # Errors
/// [`ShowError`], if nothing at all can be read or a limit is exceeded.
pub(crate) fn to_json(mut block: Vec<u8>, settings: &Settings) -> Result<Vec<u8>, ShowError> {
    let before = block.len() - locate_tiff(&block).ok_or(ShowError::NoHeader)?.len();
    block.drain(..before);

    let mut entries = directory::read_entries(&mut block)?;
    let has_entries = !entries.is_empty();
    if settings.redact {
        entries.retain(|entry| !is_private(entry.tag));
    }
    let capacity = hide_excess(&mut entries, max_value_bytes(settings));

    let mut first_error = None;
    let exif = Reader::new()
        .continue_on_error(true)
        .read_raw(block)
        .or_else(|error| error.distill_partial_result(|errors| first_error = errors.into_iter().next()))
        .map_err(ShowError::NoEntry)?;
    if let Some(error) = first_error.filter(|_| !has_entries) {
        return Err(ShowError::NoEntry(error));
    }

    let mut json = Vec::with_capacity(capacity);
    let answer = Answer { exif: &exif, entries: &entries };
    serde_json::to_writer(&mut json, &answer).expect("a Vec takes all bytes, and all keys are strings");
    Ok(json)
}

/// Most bytes of JSON for the values of an answer. A block that is one large `MakerNote` takes four
/// thirds of its size.
fn max_value_bytes(settings: &Settings) -> u64 {
    settings.limits.max_metadata_bytes.saturating_mul(2)
}

/// Hides the values that would take more than `max_bytes`: they may overlap, so that a small block can
/// ask for a large answer. Gives the length that the answer then has at the most.
fn hide_excess(entries: &mut [Entry], max_bytes: u64) -> usize {
    /// Of a key with its punctuation, the longest being `SourceExposureTimesOfCompositeImage`, and of
    /// what stands around a group.
    const KEY_BYTES: usize = 64;
    let keys = KEY_BYTES * (1 + entries.len());
    let mut bytes = 0;
    for entry in entries {
        let value = entry.value.as_ref().map_or(0, |_| value::most_json_bytes(entry));
        if bytes + value <= max_bytes {
            bytes += value;
        } else {
            entry.value = None;
        }
    }
    keys + usize::try_from(bytes).unwrap_or(0)
}

struct Answer<'a> {
    exif: &'a Exif,
    entries: &'a [Entry],
}

impl Serialize for Answer<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let directories =
            || self.entries.chunk_by(|one, two| (one.ifd, one.tag.context()) == (two.ifd, two.tag.context()));
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("bigEndian", &!self.exif.little_endian())?;
        for (group, ifd, context) in GROUPS {
            let is_group = |entry: &Entry| (entry.ifd, entry.tag.context()) == (ifd, context);
            if let Some(entries) = directories().find(|entries| entries.first().is_some_and(is_group)) {
                map.serialize_entry(group, &Group { exif: self.exif, entries })?;
            }
        }
        map.end()
    }
}

struct Group<'a> {
    exif: &'a Exif,
    entries: &'a [Entry],
}

impl Serialize for Group<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.entries.len()))?;
        for entry in self.entries {
            let value = Shown { exif: self.exif, entry };
            match name(entry.tag) {
                Some(name) => map.serialize_entry(name, &value)?,
                None => map.serialize_entry(&entry.tag.number(), &value)?,
            }
        }
        map.end()
    }
}
