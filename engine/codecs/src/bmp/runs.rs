//! Runs of pixels (Windows GDI, "Bitmap Compression"; OS/2 for 24 bits).

use super::dib::Dib;
use safelight_core::{Result, Stop};

/// Draws the pixels of `coded` to `rgba`, the image. Pixels that are skipped, or after the end of the data, stay as they are.
pub(super) fn draw(dib: &Dib, coded: &[u8], rgba: &mut [u8], stop: &Stop) -> Result<()> {
    let (w, h) = (dib.size.w, dib.size.h);
    let (mut x, mut y) = (0_u32, 0_u32);
    let mut bytes = coded;
    while y < h {
        let Some(code) = take(&mut bytes, 2) else { break };
        match *code {
            [0, 0] => {
                stop.check()?;
                (x, y) = (0, y + 1);
            }
            [0, 1] => break,
            [0, 2] => {
                let Some([right, up]) = take(&mut bytes, 2) else { break };
                (x, y) = (x.saturating_add((*right).into()), y.saturating_add((*up).into()));
            }
            [0, count] => {
                // Pixels as they are, padded to 16 bits.
                let length = (usize::from(count) * dib.bits as usize).div_ceil(8);
                let Some(pixels) = take(&mut bytes, length) else { break };
                bytes = bytes.get(length % 2..).unwrap_or_default();
                for index in 0..count.into() {
                    put(dib, rgba, (x, y), colour(dib, pixels, index));
                    x = x.saturating_add(1);
                }
            }
            [count, first] => {
                let rest = if dib.bits == 24 { 2 } else { 0 };
                let Some(rest) = take(&mut bytes, rest) else { break };
                let pixel = [&[first], rest].concat();
                // A run of 4 bits alternates between two pixels.
                let period = if dib.bits == 4 { 2 } else { 1 };
                for index in 0..usize::from(count).min(w.saturating_sub(x) as usize) {
                    put(dib, rgba, (x, y), colour(dib, &pixel, index % period));
                    x += 1;
                }
            }
            _ => break,
        }
    }
    Ok(())
}

/// Takes the first `count` bytes.
fn take<'a>(bytes: &mut &'a [u8], count: usize) -> Option<&'a [u8]> {
    let (taken, rest) = bytes.split_at_checked(count)?;
    *bytes = rest;
    Some(taken)
}

/// The colour of the pixel at `index`.
fn colour(dib: &Dib, pixels: &[u8], index: usize) -> [u8; 3] {
    let entry = |index: u8| dib.palette.get(usize::from(index)).copied().unwrap_or_default();
    match dib.bits {
        4 => entry(pixels[index / 2] >> (4 - index % 2 * 4) & 15),
        8 => entry(pixels[index]),
        _ => [pixels[3 * index + 2], pixels[3 * index + 1], pixels[3 * index]],
    }
}

/// Draws a pixel, if it is inside.
fn put(dib: &Dib, rgba: &mut [u8], (x, y): (u32, u32), colour: [u8; 3]) {
    if x < dib.size.w && y < dib.size.h {
        let at = dib.place_of(y) as usize * dib.size.w as usize + x as usize;
        rgba[4 * at..][..3].copy_from_slice(&colour);
        rgba[4 * at + 3] = u8::MAX;
    }
}
