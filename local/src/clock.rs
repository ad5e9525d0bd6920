//! The time that caches and edge functions use. Tests can advance it.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant, SystemTime},
};

/// A clock. Clones share the same time.
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
    /// Advances the clock by `step` at once.
    pub fn advance(&self, step: Duration) {
        *self.ahead.lock().unwrap_or_else(PoisonError::into_inner) += step;
    }

    /// Returns the time since the clock was created.
    pub fn now(&self) -> Duration {
        self.start.elapsed() + self.ahead()
    }

    /// Returns the time of day.
    pub fn time(&self) -> SystemTime {
        SystemTime::now() + self.ahead()
    }

    fn ahead(&self) -> Duration {
        *self.ahead.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
