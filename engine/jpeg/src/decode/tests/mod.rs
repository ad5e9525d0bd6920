//! Tests of whole files, many of them comparisons with libjpeg-turbo.
//!
//! The comparisons run `djpeg`, `cjpeg` and `jpegtran` (Debian's `libjpeg-turbo-progs`). If these are not
//! installed, they print that and return.

mod libjpeg;
mod agreement;
mod hostile;
mod structure;
mod coding;
mod lossless;

use super::{DecodeError, Decoder, Header, Planes, Progress, Scales};

/// One scale for all components.
fn scales(n: u8) -> Scales {
    Scales { first: n, others: n }
}

fn header(file: &[u8]) -> Result<Header, DecodeError> {
    Header::read(file)?.ok_or(DecodeError::Damaged("the end before the first scan"))
}

fn decode_with(file: &[u8], scales: Scales, chunk: usize, is_parallel: bool) -> Result<Planes, DecodeError> {
    let mut decoder = Decoder::new(header(file)?, scales, is_parallel)?;
    for chunk in file.chunks(chunk) {
        if decoder.push(chunk)? == Progress::Done {
            break;
        }
    }
    decoder.finish()
}

/// Decodes samples of more than 8 bits.
fn decode_wide(file: &[u8], scales: Scales, chunk: usize) -> Result<Planes<u16>, DecodeError> {
    let mut decoder = Decoder::new(header(file)?, scales, false)?;
    for chunk in file.chunks(chunk) {
        if decoder.push(chunk)? == Progress::Done {
            break;
        }
    }
    decoder.finish_wide_unless(&|| false)
}

fn decode(file: &[u8], n: u8) -> Result<Planes, DecodeError> {
    decode_with(file, scales(n), usize::MAX, false)
}

/// The offsets of a marker.
fn find(file: &[u8], marker: u8) -> Vec<usize> {
    (0..file.len() - 1).filter(|at| file[*at..].starts_with(&[0xFF, marker])).collect()
}
