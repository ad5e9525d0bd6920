//! The response: an EXIF block as one JSON object, in the groups of `exif-reader`.

use super::{
    ExifError,
    directory::{Directories, Entry},
    harmless::is_harmless,
    names::name,
    value::{self, EntryValue},
};
use safelight_containers::{ByteOrder, locate_tiff};
use safelight_core::Limits;
use serde::{Serialize, Serializer, ser::SerializeMap};

/// The key of the list of omitted tags.
const WITHHELD: &str = "withheld";

/// The entries of a block that are shown, and the names of the others.
///
/// Serialises as one object: `bigEndian`, the groups, and `withheld`.
#[derive(Debug)]
pub struct Exif<'a> {
    pub(super) tiff: &'a [u8],
    pub(super) order: ByteOrder,
    /// Sorted by group.
    pub(super) shown: Vec<Entry>,
    /// Entries of which only the names are shown.
    pub(super) withheld: Vec<Entry>,
    /// The maximum bytes of JSON.
    max_json_bytes: usize,
}

impl<'a> Exif<'a> {
    /// Reads `block`, an EXIF block from a container or a whole TIFF: all tags, or those that are harmless and the names
    /// of the others.
    ///
    /// # Errors
    /// [`ExifError`] if no entry can be read, or if a limit is exceeded.
    pub fn read(block: &'a [u8], limits: &Limits, shows_all: bool) -> Result<Self, ExifError> {
        let tiff = locate_tiff(block).ok_or(ExifError::NoHeader)?;
        let Directories { order, entries } = Directories::read(tiff)?;
        let (mut shown, withheld): (Vec<_>, Vec<_>) =
            entries.into_iter().partition(|entry| shows_all || is_harmless(entry, tiff));
        let values = drop_excess_values(&mut shown, tiff.len(), max_value_bytes(limits));
        let max_json_bytes = KEY_BYTES * (1 + shown.len() + withheld.len()) + values;
        Ok(Self { tiff, order, shown, withheld, max_json_bytes })
    }

    /// Returns the block as a JSON object.
    #[allow(clippy::missing_panics_doc, reason = "writing to a Vec cannot fail, and all keys are strings")]
    pub fn to_json(&self) -> Vec<u8> {
        let mut json = Vec::with_capacity(self.max_json_bytes);
        serde_json::to_writer(&mut json, self).expect("a Vec and keys that are strings");
        json
    }
}

/// The maximum bytes of a key with its punctuation, of the punctuation of a group, and of a name in the list of
/// omitted tags. The longest key is `SourceExposureTimesOfCompositeImage`.
const KEY_BYTES: usize = 64;

/// Returns the maximum bytes of JSON for all values. A block that is one large `MakerNote` needs four thirds
/// of its size.
fn max_value_bytes(limits: &Limits) -> u64 {
    limits.max_metadata_bytes.saturating_mul(2)
}

/// Removes the values that would exceed `max_bytes` of JSON, or with which the values would be longer than the
/// block, of `block_bytes`, that contains them. Returns the maximum bytes of the JSON of the rest.
///
/// Values of one block may overlap, so a small block could produce a large response. Together they are longer than
/// their block only if they do; cameras and programs share at most a few numbers between entries, and every entry
/// adds eight bytes that are no value.
fn drop_excess_values(entries: &mut [Entry], block_bytes: usize, max_bytes: u64) -> usize {
    let (mut bytes, mut used) = (0, 0);
    for entry in entries {
        let (Some(kind), Some(value)) = (entry.kind, &entry.value) else { continue };
        let (len, json) = (value.len(), value::max_json_bytes(kind, value.len()));
        if bytes + json <= max_bytes && used + len <= block_bytes {
            (bytes, used) = (bytes + json, used + len);
        } else {
            entry.value = None;
        }
    }
    usize::try_from(bytes).unwrap_or(0)
}

impl Serialize for Exif<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("bigEndian", &(self.order == ByteOrder::Big))?;
        for entries in self.shown.chunk_by(|one, two| one.group == two.group) {
            if let Some(first) = entries.first() {
                map.serialize_entry(first.group.key(), &Tags { exif: self, entries })?;
            }
        }
        if !self.withheld.is_empty() {
            map.serialize_entry(WITHHELD, &Names(&self.withheld))?;
        }
        map.end()
    }
}

/// The entries of one group.
struct Tags<'a> {
    exif: &'a Exif<'a>,
    entries: &'a [Entry],
}

impl Serialize for Tags<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let &Exif { tiff, order, .. } = self.exif;
        let mut map = serializer.serialize_map(Some(self.entries.len()))?;
        for entry in self.entries {
            let value = EntryValue { tiff, order, entry };
            match name(entry.group, entry.tag) {
                Some(name) => map.serialize_entry(name, &value)?,
                None => map.serialize_entry(&entry.tag, &value)?,
            }
        }
        map.end()
    }
}

/// The names of entries with their groups, such as `Image.Artist`.
struct Names<'a>(&'a [Entry]);

impl Serialize for Names<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(|entry| {
            let group = entry.group.key();
            match name(entry.group, entry.tag) {
                Some(name) => format!("{group}.{name}"),
                None => format!("{group}.{}", entry.tag),
            }
        }))
    }
}
