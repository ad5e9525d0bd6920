//! Camera raw files in the form of TIFF.

use super::{Ifd, TiffReader, tags};

/// The reason why a camera raw file is rejected, for error messages.
pub(super) const CAMERA_RAW: &str = "camera raw file, whose photo only a raw converter can show";

/// The most fields of directories and sub-directories that are searched.
const MAX_FIELDS: u64 = 1 << 16;

/// The reason to reject `source` if it is a TIFF file of a camera's sensor: DNG, CR2, NEF, ARW and others. Their first
/// directory often is a thumbnail, which is not the photo.
///
/// The text completes the message of an error: "unsupported TIFF: …".
pub fn camera_raw(source: &[u8]) -> Option<&'static str> {
    let (reader, mut at) = TiffReader::new(source)?;
    let mut search = Search { reader, fields_left: MAX_FIELDS };
    let mut is_raw = is_canon(source);
    while !is_raw && at != 0 {
        let ifd = search.read(at)?;
        is_raw = search.is_raw(&ifd);
        at = ifd.next;
    }
    is_raw.then_some(CAMERA_RAW)
}

/// Whether one of `directories`, or of their sub-directories, is that of sensor data.
pub(super) fn has_raw(directories: &[Ifd], reader: TiffReader) -> bool {
    let mut search = Search { reader, fields_left: MAX_FIELDS };
    is_canon(reader.data) || directories.iter().any(|ifd| search.is_raw(ifd))
}

/// Whether the header is that of Canon's CR2.
fn is_canon(source: &[u8]) -> bool {
    matches!(source.get(..10), Some([b'I', b'I', 42, 0, _, _, _, _, b'C', b'R']))
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
