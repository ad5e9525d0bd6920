//! Retries of requests that only read.

use std::time::Duration;
use tokio::time::sleep;

/// The longest pause before the first retry; each later one may be twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(100);

/// The longest `Retry-After` that is waited for, in seconds: a viewer waits too, and can retry itself.
const MAX_WAIT_SECS: u32 = 1;

/// The retries that a request has left.
#[derive(Clone, Debug)]
pub(crate) struct Retries {
    left: u32,
    pause: Duration,
}

impl Retries {
    /// At most `count` retries.
    pub(crate) fn new(count: u32) -> Self {
        Self { left: count, pause: FIRST_PAUSE }
    }

    /// Waits before the next retry, as long as the source says. Returns whether there is one.
    pub(crate) async fn wait(&mut self, retry_after: Option<u32>) -> bool {
        if self.left == 0 || retry_after.is_some_and(|secs| MAX_WAIT_SECS < secs) {
            return false;
        }
        self.left -= 1;
        // A random part of the pause, so that requests rejected together do not return together.
        let random = self.pause.mul_f64(fastrand::f64());
        self.pause *= 2;
        sleep(random + Duration::from_secs(retry_after.unwrap_or_default().into())).await;
        true
    }
}
