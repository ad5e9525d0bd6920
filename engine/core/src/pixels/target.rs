//! The search for the best quality whose output is small enough.

use crate::{Error, Format, Kind, Result};

/// The most encodes of one request.
pub(super) const MAX_ENCODES: u32 = 5;

/// The part of the limit that is aimed at, since guesses miss a little.
const AIM: f64 = 0.97;

/// Encodes at `first`, and while there are more than `max` bytes, at other qualities. Returns the output of the highest
/// quality that was small enough, after at most [`MAX_ENCODES`].
///
/// # Errors
/// Those of `encode`; [`Kind::InvalidParam`] if the lowest quality takes more than `max` bytes.
pub(super) fn encode_within(
    max: u32,
    first: u8,
    format: Format,
    mut encode: impl FnMut(u8) -> Result<Vec<u8>>,
) -> Result<Vec<u8>> {
    let is_small = |output: &[u8]| output.len() as u64 <= u64::from(max);
    let aim = (f64::from(max) * AIM).max(1.0).ln();
    let mut output = encode(first)?;
    if is_small(&output) {
        return Ok(output);
    }
    let mut large = (first, bytes_ln(&output));
    let mut small: Option<(u8, Vec<u8>)> = None;
    for left in (0..MAX_ENCODES - 1).rev() {
        let lowest = small.as_ref().map_or(0, |(quality, _)| *quality);
        // No quality is left between the two.
        if large.0 <= lowest + 1 {
            break;
        }
        let guess = match &small {
            // Up to a quality of 60, the bytes of photos grow nearly as a power of it.
            Some((quality, output)) => {
                let (low, low_ln) = (f64::from(*quality), bytes_ln(output));
                low * (f64::from(large.0) / low).powf((aim - low_ln) / (large.1 - low_ln))
            }
            None if left == 0 => 1.0,
            // Above it they grow faster, so that the first guess is rather too low.
            None => f64::from(large.0) * (aim - large.1).exp(),
        };
        let quality = (guess.floor() as u8).clamp(lowest + 1, large.0 - 1);
        output = encode(quality)?;
        if is_small(&output) {
            small = Some((quality, output));
        } else {
            large = (quality, bytes_ln(&output));
        }
    }
    match small {
        Some((_, output)) => Ok(output),
        None => Err(too_large(max, large.1.exp().round() as u64, format)),
    }
}

/// Returns the error for an output of `bytes` that cannot become smaller.
pub(super) fn too_large(max: u32, bytes: u64, format: Format) -> Error {
    let message = format!(
        "maxBytes: the image takes {bytes} bytes as {format} at the lowest quality, more than {max}; choose a smaller \
         size, another format or a higher limit"
    );
    Error::new(Kind::InvalidParam, "pixels", message)
}

fn bytes_ln(output: &[u8]) -> f64 {
    (output.len().max(1) as f64).ln()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Searches with an encoder whose output has `bytes` for a quality. Returns the quality of the result and the
    /// number of encodes.
    fn search(max: u32, first: u8, bytes: impl Fn(u8) -> usize) -> (Result<u8>, u32) {
        let mut count = 0;
        let result = encode_within(max, first, Format::Jpeg, |quality| {
            count += 1;
            let mut output = vec![0; bytes(quality)];
            output[0] = quality;
            Ok(output)
        });
        (result.map(|output| output[0]), count)
    }

    /// Bytes that grow like those of a photo: as a power of the quality, and faster at the highest qualities.
    fn photo(scale: f64) -> impl Fn(u8) -> usize {
        move |quality| {
            let quality = f64::from(quality);
            (scale * quality.powf(0.8) * (1.6 * (quality / 100.0).powi(8)).exp()) as usize
        }
    }

    #[test]
    fn a_small_output_is_encoded_once() {
        let (quality, count) = search(100_000, 80, photo(1000.0));
        assert_eq!((quality.unwrap(), count), (80, 1));
    }

    #[test]
    fn the_best_quality_is_nearly_reached_within_five_encodes() {
        for (max, first) in [(20_000, 80), (35_000, 80), (12_000, 50), (5_000, 100), (60_000, 100)] {
            let bytes = photo(1000.0);
            let (quality, count) = search(max, first, &bytes);
            let quality = quality.unwrap();
            let best = (1..=first).rev().find(|quality| bytes(*quality) <= max as usize).unwrap();
            assert!(count <= MAX_ENCODES && bytes(quality) <= max as usize, "{max}, {first}");
            // From the highest qualities, the first guess is far too low.
            let max_loss = if first == 100 { 8 } else { 3 };
            assert!(best - quality <= max_loss, "{max}, {first}: {quality} instead of {best} after {count}");
        }
    }

    #[test]
    fn every_limit_holds_or_is_an_error() {
        for max in (1..60_000).step_by(97) {
            for scale in [1.0, 90.0, 1000.0, 5000.0] {
                let bytes = photo(scale);
                let (quality, count) = search(max, 90, &bytes);
                assert!(count <= MAX_ENCODES);
                match quality {
                    Ok(quality) => assert!(bytes(quality) <= max as usize),
                    Err(error) => {
                        assert_eq!(error.kind, Kind::InvalidParam);
                        assert!(max < bytes(1) as u32, "{error}");
                    }
                }
            }
        }
    }

    #[test]
    fn bytes_need_not_grow_with_quality() {
        let (quality, count) = search(500, 80, |quality| if quality == 1 { 400 } else { 600 });
        assert_eq!((quality.unwrap(), count), (1, MAX_ENCODES));
        let (error, _) = search(500, 80, |_| 600);
        assert!(error.unwrap_err().message.contains("takes 600 bytes as JPEG"));
    }
}
