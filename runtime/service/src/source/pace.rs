//! The slowest source that is read to its end.

use super::Chunks;
use futures_util::{StreamExt, stream};
use safelight_core::{Error, Kind};
use std::time::{Duration, Instant};

/// The rate below which a source is given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MinRate {
    /// Bytes in a second of waiting. Defaults to 8 KiB, the speed of an ISDN line: no origin that works is slower,
    /// and a source of a megabyte occupies its place for two minutes at most. 0 is no limit.
    pub bytes_per_sec: u64,
    /// Time of waiting after which the rate is checked. Defaults to 30 seconds, so that a pause is forgiven.
    pub window: Duration,
}

impl Default for MinRate {
    fn default() -> Self {
        Self { bytes_per_sec: 8 << 10, window: Duration::from_secs(30) }
    }
}

/// Returns `chunks`, which end with [`Kind::Timeout`] if they come too slowly.
///
/// Only the time counts in which the source lets the reader wait. While a slow client reads, nothing is requested of
/// the source, and what it has sent by then arrives without a wait.
pub(super) fn paced(chunks: Chunks, rate: MinRate) -> Chunks {
    let start = (chunks, Window::default());
    stream::try_unfold(start, move |(mut chunks, mut window)| async move {
        let requested = Instant::now();
        let Some(chunk) = chunks.next().await.transpose()? else { return Ok(None) };
        if !window.add(requested.elapsed(), chunk.len(), rate) {
            return Err(too_slow(rate));
        }
        Ok(Some((chunk, (chunks, window))))
    })
    .boxed()
}

/// Waits and bytes since the rate was last checked.
#[derive(Clone, Copy, Debug, Default)]
struct Window {
    waited: Duration,
    bytes: u64,
}

impl Window {
    /// Adds a chunk of `bytes` that came after `waited`. Returns whether the source is fast enough.
    fn add(&mut self, waited: Duration, bytes: usize, rate: MinRate) -> bool {
        self.waited += waited;
        self.bytes += bytes as u64;
        if self.waited < rate.window {
            return true;
        }
        let Self { waited, bytes } = std::mem::take(self);
        rate.bytes_per_sec as f64 * waited.as_secs_f64() <= bytes as f64
    }
}

fn too_slow(rate: MinRate) -> Error {
    let message = format!("the source sends fewer than {} bytes a second", rate.bytes_per_sec);
    Error::new(Kind::Timeout, "source", message)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Checks how many of 100 chunks of `bytes`, each after `millis`, are read.
    fn check(bytes: usize, millis: u64, expected: usize) {
        let rate = MinRate { bytes_per_sec: 1000, window: Duration::from_secs(10) };
        let mut window = Window::default();
        let read = (0..100).take_while(|_| window.add(Duration::from_millis(millis), bytes, rate)).count();
        assert_eq!(read, expected, "{bytes} bytes every {millis} ms");
    }

    #[test]
    fn a_source_is_given_up_at_the_end_of_a_window() {
        check(1000, 1000, 100);
        check(999, 1000, 9);
        check(1, 1, 100);
        check(1, 1000, 9);
        check(20_000, 15_000, 100);
        check(14_999, 15_000, 0);
    }
}
