//! The time that caches and functions at the edge go by, which a test can move on.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant, SystemTime},
};

/// A clock. Clones are the same clock.
#[derive(Clone, Debug)]
pub struct Clock {
    start: Instant,
    ahead: Arc<Mutex<Duration>>,
}

impl Default for Clock {
    fn default() -> Self {
        Self { start: Instant::now(), ahead: Arc::default() }
    }
}

impl Clock {
    /// Moves on by `step`, at once.
    pub fn advance(&self, step: Duration) {
        *self.ahead.lock().unwrap_or_else(PoisonError::into_inner) += step;
    }

    /// Time since the clock was made.
    pub fn now(&self) -> Duration {
        self.start.elapsed() + self.ahead()
    }

    /// The time of day.
    pub fn time(&self) -> SystemTime {
        SystemTime::now() + self.ahead()
    }

    fn ahead(&self) -> Duration {
        *self.ahead.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
