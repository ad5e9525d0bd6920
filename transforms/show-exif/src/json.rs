//! The response: an EXIF block as one JSON object, in the groups of `exif-reader`.

use crate::{
    ShowError,
    directory::{self, Entry},
    names::name,
    redact::is_private,
    value::{self, EntryValue},
};
use exif::{Context, Exif, In, Reader};
use safelight_containers::locate_tiff;
use safelight_core::Settings;
use serde::{Serialize, Serializer, ser::SerializeMap};

/// The response for a source without EXIF.
pub(crate) const EMPTY: &[u8] = b"{}";

/// The groups in the order of the response.
const GROUPS: [(&str, In, Context); 5] = [
    ("Image", In::PRIMARY, Context::Tiff),
    ("Thumbnail", In::THUMBNAIL, Context::Tiff),
    ("Photo", In::PRIMARY, Context::Exif),
    ("GPSInfo", In::PRIMARY, Context::Gps),
    ("Iop", In::PRIMARY, Context::Interop),
];

/// Converts `block`, an EXIF block from a container or a whole TIFF, to JSON.
///
/// # Errors
/// [`ShowError`] if no entry can be read, or if a limit is exceeded.
pub(crate) fn to_json(mut block: Vec<u8>, settings: &Settings) -> Result<Vec<u8>, ShowError> {
    let prefix = block.len() - locate_tiff(&block).ok_or(ShowError::NoHeader)?.len();
    block.drain(..prefix);

    let mut entries = directory::read_entries(&mut block)?;
    let has_entries = !entries.is_empty();
    if settings.redact {
        entries.retain(|entry| !is_private(entry.tag));
    }
    let capacity = drop_excess_values(&mut entries, block.len(), max_value_bytes(settings));

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
    let directories = Directories { exif: &exif, entries: &entries };
    serde_json::to_writer(&mut json, &directories)
        .expect("writing to a Vec cannot fail, and all keys are strings");
    Ok(json)
}

/// Returns the maximum bytes of JSON for all values. A block that is one large `MakerNote` needs four thirds
/// of its size.
fn max_value_bytes(settings: &Settings) -> u64 {
    settings.limits.max_metadata_bytes.saturating_mul(2)
}

/// Removes the values that would exceed `max_bytes` of JSON, or with which the values would be longer than the
/// block, of `block_bytes`, that contains them. Returns the maximum length of the response.
///
/// Values of one block may overlap, so a small block could produce a large response. Together they are longer than
/// their block only if they do; cameras and programs share at most a few numbers between entries, and every entry
/// adds eight bytes that are no value.
fn drop_excess_values(entries: &mut [Entry], block_bytes: usize, max_bytes: u64) -> usize {
    /// The maximum bytes of a key with its punctuation, and of the punctuation of a group. The longest key is
    /// `SourceExposureTimesOfCompositeImage`.
    const KEY_BYTES: usize = 64;
    let keys = KEY_BYTES * (1 + entries.len());
    let (mut bytes, mut used) = (0, 0);
    for entry in entries {
        let Some(value) = &entry.value else { continue };
        let (len, json) = (value.len(), value::max_json_bytes(entry));
        if bytes + json <= max_bytes && used + len <= block_bytes {
            (bytes, used) = (bytes + json, used + len);
        } else {
            entry.value = None;
        }
    }
    keys + usize::try_from(bytes).unwrap_or(0)
}

/// The entries of all directories, serialised by group.
struct Directories<'a> {
    exif: &'a Exif,
    entries: &'a [Entry],
}

impl Serialize for Directories<'_> {
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

/// The entries of one group.
struct Group<'a> {
    exif: &'a Exif,
    entries: &'a [Entry],
}

impl Serialize for Group<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.entries.len()))?;
        for entry in self.entries {
            let value = EntryValue { exif: self.exif, entry };
            match name(entry.tag) {
                Some(name) => map.serialize_entry(name, &value)?,
                None => map.serialize_entry(&entry.tag.number(), &value)?,
            }
        }
        map.end()
    }
}
