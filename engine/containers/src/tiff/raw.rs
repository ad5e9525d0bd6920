//! Camera raw files in the form of TIFF.

use super::{Ifd, TiffReader, tags};

/// The most fields of directories and sub-directories that are searched.
const MAX_FIELDS: u64 = 1 << 16;

/// Returns whether `source` is a TIFF file of a camera's sensor: DNG, CR2, NEF, ARW, ORF, RW2 and others. Their first
/// directory often is a thumbnail, which is not the photo.
pub fn is_camera_raw(source: &[u8]) -> bool {
    let Some((reader, mut at)) = TiffReader::new(source) else { return false };
    let mut search = Search { reader, fields_left: MAX_FIELDS };
    let mut is_raw = has_raw_signature(source);
    while !is_raw && at != 0 {
        let Some(ifd) = search.read(at) else { return false };
        is_raw = search.is_raw(&ifd);
        at = ifd.next;
    }
    is_raw
}

/// Whether one of `directories`, or of their sub-directories, is that of sensor data.
pub(super) fn has_raw(directories: &[Ifd], reader: TiffReader) -> bool {
    let mut search = Search { reader, fields_left: MAX_FIELDS };
    has_raw_signature(reader.data) || directories.iter().any(|ifd| search.is_raw(ifd))
}

/// Whether the header is that of Canon's CR2, Olympus's ORF or Panasonic's RW2.
fn has_raw_signature(source: &[u8]) -> bool {
    matches!(
        source,
        [b'I', b'I', 42, 0, _, _, _, _, b'C', b'R', ..]
            | [b'I', b'I', b'R', b'O' | b'S', ..]
            | [b'M', b'M', b'O', b'R', ..]
            | [b'I', b'I', b'U', 0, ..]
    )
}

/// A search for directories of sensor data.
struct Search<'a> {
    reader: TiffReader<'a>,
    /// A bound of the work, since directories may refer to each other.
    fields_left: u64,
}

impl Search<'_> {
    /// The directory at `at`, if its fields may still be searched.
    fn read(&mut self, at: u64) -> Option<Ifd> {
        let count = self.reader.uint(at, self.reader.count_bytes())?;
        // A directory without fields counts too, so that a cycle of them ends.
        self.fields_left = self.fields_left.checked_sub(count.max(1))?;
        self.reader.ifd(at)
    }

    fn is_raw(&mut self, ifd: &Ifd) -> bool {
        let reader = self.reader;
        let is_of_sensor = |ifd: &Ifd| ifd.entries.iter().any(|entry| tags::is_raw(entry, &reader));
        let sub_directories = ifd.entries.iter().filter(|entry| entry.tag == tags::SUB_IFDS);
        let offsets = sub_directories.flat_map(|entry| reader.uints(entry));
        is_of_sensor(ifd) || offsets.map_while(|at| self.read(at)).any(|ifd| is_of_sensor(&ifd))
    }
}
