//! Zstandard (RFC 8878), decoded by `ruzstd`.

use super::coding::CHECKED_BYTES;
use super::error::not_decoded;
use ruzstd::decoding::StreamingDecoder;
use safelight_core::{Result, Stop};
use std::io::Read;

/// The largest block, and the least window that is used (RFC 8878, 3.1.1.2.4).
const BLOCK_BYTES: u64 = 128 << 10;

/// The most bytes that the decode of a piece of so many bytes allocates: the window, which grows, and tables.
pub(super) const fn work_bytes(piece: u64) -> u64 {
    const TABLES: u64 = 2 << 20;
    window_bytes(piece).saturating_mul(3).saturating_add(TABLES)
}

/// The window that is enough for a piece of so many bytes: no match begins before its first byte.
const fn window_bytes(piece: u64) -> u64 {
    let least = if piece < BLOCK_BYTES { BLOCK_BYTES } else { piece };
    match least.checked_next_power_of_two() {
        Some(window) => window,
        None => u64::MAX,
    }
}

/// Decodes a frame to `raw`; returns the decoded bytes.
pub(super) fn decode(coded: &[u8], raw: &mut [u8], stop: &Stop) -> Result<usize> {
    let window = window_bytes(raw.len() as u64);
    let (head, rest) = coded.split_at(coded.len().min(HEAD_BYTES));
    let head = with_window(head, window);
    let source = head.as_slice().chain(rest);
    let mut decoder = StreamingDecoder::new_with_max_window_size(source, window).map_err(not_decoded)?;
    let mut at = 0;
    while at < raw.len() {
        stop.check()?;
        let end = raw.len().min(at + CHECKED_BYTES);
        match decoder.read(&mut raw[at..end]).map_err(not_decoded)? {
            0 => break,
            made => at += made,
        }
    }
    Ok(at)
}

/// The magic number, the descriptor of the header, and the window.
const HEAD_BYTES: usize = 6;

/// The first bytes of a frame with a window of at most `window` bytes, a power of two: a header may state megabytes for a
/// strip of a few bytes, since programs state the window of their settings.
fn with_window(head: &[u8], window: u64) -> Vec<u8> {
    /// The window is the length of the content, which is stated instead.
    const SINGLE_SEGMENT: u8 = 1 << 5;
    /// The bits of a mantissa below the exponent.
    const MANTISSA_BITS: u32 = 3;
    /// The least window as a power of two.
    const LEAST_LOG: u32 = 10;
    let mut head = head.to_vec();
    if let [_, _, _, _, descriptor, stated] = head.as_mut_slice()
        && *descriptor & SINGLE_SEGMENT == 0
    {
        let enough = (window.ilog2() - LEAST_LOG).min(u32::from(u8::MAX >> MANTISSA_BITS)) << MANTISSA_BITS;
        *stated = (*stated).min(enough as u8);
    }
    head
}
