//! An auditor of stripped files, which accounts for every byte.
//!
//! It shares no code with the walkers, and knows only what a stripped file may consist of: image data, the structure
//! that decoders need in the lengths that standards give it, a colour profile without texts, an orientation, and zeros.
//! All other bytes are an error.

mod bmff;
mod bmp;
mod gif;
mod icc;
mod ico;
mod jpeg;
mod jpeg2000;
mod jpegxl;
mod png;
mod svg;
mod tiff;
mod webp;

/// The result of an audit. The error names a byte and what is wrong with it.
type Result<T = ()> = std::result::Result<T, String>;

/// Accounts for every byte of `file`.
///
/// # Errors
/// The first byte that is not accounted for.
pub(crate) fn audit(file: &[u8]) -> Result {
    match file {
        [0xFF, 0xD8, ..] => jpeg::audit(file, false),
        [0x89, b'P', b'N', b'G', ..] => png::audit(file),
        [b'R', b'I', b'F', b'F', ..] => webp::audit(file),
        [b'G', b'I', b'F', b'8', ..] => gif::audit(file),
        [b'B', b'M', ..] => bmp::audit(file),
        [0, 0, 1, 0, ..] => ico::audit(file),
        [b'I', b'I', 42 | 43, 0, ..] | [b'M', b'M', 0, 42 | 43, ..] => tiff::audit(file),
        [0xFF, 0x4F, ..] => jpeg2000::audit_codestream(file),
        // The end of a codestream is only known to a decoder.
        [0xFF, 0x0A, ..] => Ok(()),
        [_, _, _, _, b'J', b'X', b'L', ..] => jpegxl::audit(file),
        [_, _, _, _, b'j', b'P', ..] => jpeg2000::audit(file),
        [_, _, _, _, b'f', b't', b'y', b'p', ..] => bmff::audit(file),
        [b'<', ..] => svg::audit_document(file),
        _ => Err("an unknown format".into()),
    }
}

fn ensure(condition: bool, at: usize, what: &str) -> Result {
    if condition { Ok(()) } else { Err(format!("byte {at}: {what}")) }
}

/// The number of `bytes` bytes at `at`, most significant first.
fn big(file: &[u8], at: usize, bytes: usize) -> Result<usize> {
    let end = at.checked_add(bytes).ok_or("an offset that is too large")?;
    let bytes = file.get(at..end).ok_or(format!("byte {at}: the file ends in a number"))?;
    Ok(bytes.iter().fold(0, |number, byte| number << 8 | usize::from(*byte)))
}

/// The number of `bytes` bytes at `at`, least significant first.
fn little(file: &[u8], at: usize, bytes: usize) -> Result<usize> {
    let end = at.checked_add(bytes).ok_or("an offset that is too large")?;
    let bytes = file.get(at..end).ok_or(format!("byte {at}: the file ends in a number"))?;
    Ok(bytes.iter().rev().fold(0, |number, byte| number << 8 | usize::from(*byte)))
}

/// The TIFF structure of an EXIF block with the orientation `orientation`.
fn is_orientation(tiff: &[u8]) -> bool {
    let head = b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0";
    tiff.len() == 26 && tiff.starts_with(head) && (1..=8).contains(&tiff[19]) && is_zero(&tiff[20..])
}

fn is_zero(bytes: &[u8]) -> bool {
    bytes.iter().all(|byte| *byte == 0)
}

/// The bytes of a file of which the index states offsets.
struct Account<'a> {
    file: &'a [u8],
    is_known: Vec<bool>,
}

impl<'a> Account<'a> {
    fn new(file: &'a [u8]) -> Self {
        Self { file, is_known: vec![false; file.len()] }
    }

    /// Accounts for the bytes from `start` to `end`, as far as the file has them.
    fn know(&mut self, start: usize, end: usize) {
        let (start, end) = (start.min(self.file.len()), end.min(self.file.len()));
        if start < end {
            self.is_known[start..end].fill(true);
        }
    }

    /// Checks that all other bytes are zero.
    fn finish(self) -> Result {
        let unknown = self.file.iter().zip(&self.is_known).position(|(byte, known)| *byte != 0 && !known);
        match unknown {
            None => Ok(()),
            Some(at) => Err(format!("byte {at}: not accounted for: {:?}", show(&self.file[at..]))),
        }
    }
}

/// The first bytes of `bytes` as text, for messages.
fn show(bytes: &[u8]) -> String {
    bytes.iter().take(24).flat_map(|byte| byte.escape_ascii()).map(char::from).collect()
}
