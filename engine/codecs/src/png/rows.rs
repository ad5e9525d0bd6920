//! A faster decoder for the most common images: RGB of 8 bits, not interlaced.
//!
//! It stops at unexpected data; the `png` crate then decodes the image or reports the error.

use super::avx2::Avx2;
use fdeflate::Decompressor;
use png::{BitDepth, ColorType, Info};
use safelight_core::{Result, Stop};

/// The distance that the inflater looks back (RFC 1951).
const WINDOW: usize = 32 << 10;
/// The minimum of bytes that are inflated before the window moves: few enough to stay in the cache.
const AHEAD: usize = 128 << 10;

/// The filter of a row (section 9.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Filter {
    None,
    Sub,
    Up,
    Average,
    Paeth,
}

impl Filter {
    /// The filter with this number.
    pub(super) const fn new(number: u8) -> Option<Self> {
        Some(match number {
            0 => Self::None,
            1 => Self::Sub,
            2 => Self::Up,
            3 => Self::Average,
            4 => Self::Paeth,
            _ => return None,
        })
    }
}

/// The samples of the default image of the file `bytes`, whose header is `info`; `None` for an image of another
/// kind, a damaged one, or a processor without AVX2.
///
/// # Errors
/// Those of [`Stop::check`].
pub(super) fn read(bytes: &[u8], info: &Info, stop: &Stop) -> Result<Option<Vec<u8>>> {
    let samples = read_unless_stopped(bytes, info, stop);
    stop.check().map(|()| samples)
}

fn read_unless_stopped(bytes: &[u8], info: &Info, stop: &Stop) -> Option<Vec<u8>> {
    let is_common =
        0 < info.width && !info.interlaced && info.bit_depth == BitDepth::Eight && info.trns.is_none();
    let avx2 = Avx2::detect().filter(|_| is_common)?;
    let (w, h) = (info.width as usize, info.height as usize);
    match info.color_type {
        ColorType::Rgb => Rows::<3>::new(avx2, w, h, stop).read(bytes),
        ColorType::Rgba => Rows::<4>::new(avx2, w, h, stop).read(bytes),
        _ => None,
    }
}

/// An image of `N` channels while it is decoded.
struct Rows<const N: usize> {
    stop: Stop,
    avx2: Avx2,
    w: usize,
    h: usize,
    inflater: Decompressor,
    /// The window, followed by filtered rows.
    inflated: Vec<u8>,
    /// The start of the first row that is not yet unfiltered.
    next: usize,
    /// The end of the inflated bytes.
    end: usize,
    /// The row above the first one, all zeros.
    blank: Vec<[u8; N]>,
    pixels: Vec<[u8; N]>,
}

impl<const N: usize> Rows<N> {
    fn new(avx2: Avx2, w: usize, h: usize, stop: &Stop) -> Self {
        let mut inflater = Decompressor::new();
        // As in the `png` crate: every chunk has a checksum of its own.
        inflater.ignore_adler32();
        Self {
            stop: stop.clone(),
            avx2,
            w,
            h,
            inflater,
            inflated: vec![0; WINDOW + AHEAD + 2 * (1 + N * w)],
            next: 0,
            end: 0,
            blank: vec![[0; N]; w],
            pixels: Vec::with_capacity(w * h),
        }
    }

    /// All samples; `None` if the file has more or fewer than its size requires.
    fn read(mut self, bytes: &[u8]) -> Option<Vec<u8>> {
        let mut rest = bytes.get(8..)?;
        let mut has_begun = false;
        loop {
            let (length, after) = rest.split_first_chunk::<4>()?;
            let is_data = after.first_chunk::<4>()? == b"IDAT";
            if has_begun && !is_data {
                break;
            }
            let length = 4 + u32::from_be_bytes(*length) as usize;
            let (named, after) = after.split_at_checked(length)?;
            let (checksum, after) = after.split_first_chunk::<4>()?;
            if is_data {
                // A fuzzer cannot guess a checksum; the crate skips the check as well.
                if !cfg!(fuzzing) && crc32fast::hash(named) != u32::from_be_bytes(*checksum) {
                    return None;
                }
                self.push(&named[4..], false)?;
                has_begun = true;
            }
            rest = after;
        }
        self.push(&[], true)?;
        let is_whole = self.pixels.len() == self.w * self.h && self.inflater.is_done();
        is_whole.then(|| self.pixels.into_flattened())
    }

    /// Inflates `data` and the bytes that the inflater buffered before.
    fn push(&mut self, mut data: &[u8], is_last: bool) -> Option<()> {
        while !self.inflater.is_done() {
            self.stop.check().ok()?;
            let (used, made) = self.inflater.read(data, &mut self.inflated, self.end, is_last).ok()?;
            data = &data[used..];
            self.end += made;
            self.unfilter()?;
            self.make_room();
            if used == 0 && made == 0 {
                break;
            }
        }
        data.is_empty().then_some(())
    }

    /// Unfilters rows while there are two of them, or the last one; `None` if there are too many rows, or for an
    /// unknown filter.
    fn unfilter(&mut self) -> Option<()> {
        let Self { w, h, .. } = *self;
        let row_bytes = 1 + N * w;
        loop {
            let left = h - self.pixels.len() / w;
            let inflated = &self.inflated[self.next..self.end];
            if left == 0 {
                return inflated.is_empty().then_some(());
            }
            if inflated.len() < row_bytes * left.min(2) {
                return Some(());
            }
            let (upper, below) = inflated.split_at(row_bytes);
            let filter = Filter::new(upper[0])?;
            let is_pair = 1 < left && filter == Filter::Paeth && Filter::new(below[0]) == Some(filter);
            let start = self.pixels.len();
            self.pixels.extend_from_slice(upper[1..].as_chunks().0);
            if is_pair {
                self.pixels.extend_from_slice(below[1..row_bytes].as_chunks().0);
            }
            let (done, rows) = self.pixels.split_at_mut(start);
            let above = done.len().checked_sub(w).map_or(&*self.blank, |above| &done[above..]);
            if is_pair {
                let (upper, lower) = rows.split_at_mut(w);
                self.avx2.paeth_pair(above, upper, lower);
            } else {
                self.avx2.row(filter, above, rows);
            }
            self.next += row_bytes * (1 + usize::from(is_pair));
        }
    }

    /// Moves the window to the front when little room is left after it.
    fn make_room(&mut self) {
        if self.inflated.len() - self.end < AHEAD / 16 {
            let first = self.next.min(self.end.saturating_sub(WINDOW));
            self.inflated.copy_within(first..self.end, 0);
            self.next -= first;
            self.end -= first;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::png::read_values;
    use crate::segments::Segments;
    use bytes::Bytes;
    use png::{Decoder, Encoder};
    use safelight_core::Limits;

    /// A file of `channels` with smooth and with noisy samples.
    fn file(w: u32, h: u32, channels: usize, filter: png::Filter, chunk: usize) -> Vec<u8> {
        let mut state = w ^ h << 8;
        let samples = (0..w as usize * h as usize * channels).map(|index| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            if state < 1 << 30 { (state >> 16) as u8 } else { (index / 7) as u8 }
        });
        let samples = samples.collect::<Vec<_>>();
        let mut bytes = Vec::new();
        let mut encoder = Encoder::new(&mut bytes, w, h);
        encoder.set_color(if channels == 3 { ColorType::Rgb } else { ColorType::Rgba });
        encoder.set_filter(filter);
        let mut writer = encoder.write_header().unwrap();
        let mut stream = writer.stream_writer_with_size(chunk).unwrap();
        std::io::Write::write_all(&mut stream, &samples).unwrap();
        stream.finish().unwrap();
        writer.finish().unwrap();
        bytes
    }

    /// The samples as decoded here, and as decoded by the crate.
    fn both(bytes: &[u8]) -> (Option<Vec<u8>>, Option<Vec<u8>>) {
        let Ok(mut reader) = Decoder::new(Segments::new(vec![Bytes::copy_from_slice(bytes)])).read_info()
        else {
            return (None, None);
        };
        let (w, h) = reader.info().size();
        let row = w as usize * reader.info().color_type.samples();
        let stop = Stop::default();
        let ours = read(bytes, reader.info(), &stop).expect("nothing stops it");
        (ours, read_values(&mut reader, row, h, &Limits::default(), &stop).ok())
    }

    const FILTERS: [png::Filter; 6] = [
        png::Filter::NoFilter,
        png::Filter::Sub,
        png::Filter::Up,
        png::Filter::Avg,
        png::Filter::Paeth,
        png::Filter::Adaptive,
    ];

    #[test]
    fn images_equal_those_of_the_crate() {
        if Avx2::detect().is_none() {
            return;
        }
        for channels in [3, 4] {
            for filter in FILTERS {
                for (w, h, chunk) in [(1, 1, 1), (1, 40, 3), (40, 1, 7), (33, 19, 50), (700, 401, 8192)] {
                    let (ours, theirs) = both(&file(w, h, channels, filter, chunk));
                    assert!(ours.is_some() && ours == theirs, "{w} x {h} of {channels}, {filter:?}");
                }
            }
        }
    }

    #[test]
    fn damaged_images_are_left_to_the_crate() {
        let whole = file(60, 50, 4, png::Filter::Adaptive, 300);
        for end in 0..whole.len() {
            let (ours, theirs) = both(&whole[..end]);
            assert!(ours.is_none() || ours == theirs, "cut at {end}");
        }
        let mut state = 1_u32;
        for round in 0..4000 {
            let mut bytes = whole.clone();
            for _ in 0..=round % 3 {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                let at = 33 + (state >> 8) as usize % (bytes.len() - 33);
                bytes[at] ^= 1 << (state >> 29);
            }
            // Correct the checksums, so that the damage reaches the inflater.
            let mut at = 8;
            while let Some(length) = bytes.get(at..).and_then(|rest| rest.first_chunk::<4>()) {
                let end = at + 8 + u32::from_be_bytes(*length) as usize;
                let Some(named) = bytes.get(at + 4..end) else { break };
                let checksum = crc32fast::hash(named).to_be_bytes();
                let Some(place) = bytes.get_mut(end..end + 4) else { break };
                place.copy_from_slice(&checksum);
                at = end + 4;
            }
            let (ours, theirs) = both(&bytes);
            assert!(ours.is_none() || ours == theirs, "round {round}");
        }
    }

    #[test]
    fn other_kinds_are_left_to_the_crate() {
        let mut bytes = Vec::new();
        let mut encoder = Encoder::new(&mut bytes, 2, 2);
        encoder.set_color(ColorType::Grayscale);
        encoder.write_header().unwrap().write_image_data(&[1, 2, 3, 4]).unwrap();
        let (ours, theirs) = both(&bytes);
        assert_eq!((ours, theirs), (None, Some(vec![1, 2, 3, 4])));
        assert!((0..=4).all(|number| Filter::new(number).is_some()) && Filter::new(5).is_none());
    }
}
