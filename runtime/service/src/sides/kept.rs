//! The side images in memory, within a bound that also holds for those that requests still use.

use super::Slot;
use lru::LruCache;
use safelight_core::{Error, Kind, Result, SideImage};
use std::{
    num::NonZeroUsize,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};

/// Bytes of all side images.
const MAX_BYTES: u64 = 128 << 20;

/// Bytes of the largest one: four samples of 16 bits for each pixel.
const LARGEST_BYTES: u64 = 8 * SideImage::MAX_PIXELS;

/// Bytes of one permit.
const UNIT_BYTES: u64 = 1 << 10;

/// Side images of one origin that are kept. They are few, since operators name them.
const MAX_IMAGES: NonZeroUsize = NonZeroUsize::new(16).expect("not zero");

/// The side images of one origin by their paths.
#[derive(Debug)]
pub(super) struct Kept {
    slots: Mutex<LruCache<String, Arc<Slot>>>,
    /// Permits of all origins.
    room: Arc<Semaphore>,
}

impl Default for Kept {
    fn default() -> Self {
        Self::new(Arc::new(Semaphore::new((MAX_BYTES / UNIT_BYTES) as usize)))
    }
}

/// Memory of a side image.
#[derive(Debug)]
pub(super) struct Room(OwnedSemaphorePermit);

impl Kept {
    fn new(room: Arc<Semaphore>) -> Self {
        Self { slots: Mutex::new(LruCache::new(MAX_IMAGES)), room }
    }

    /// Returns an empty set that shares the memory.
    pub(super) fn beside(&self) -> Self {
        Self::new(self.room.clone())
    }

    /// Returns the slot of a path.
    pub(super) fn slot(&self, path: &str) -> Arc<Slot> {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        slots.get_or_insert(path.to_owned(), Arc::default).clone()
    }

    /// Takes memory for a side image of any size. Images that were used longest ago make room; then it waits for requests.
    ///
    /// # Errors
    /// [`Kind::Busy`], if there is none in time.
    pub(super) async fn room(&self, max_wait: Duration) -> Result<Room> {
        let units = (LARGEST_BYTES / UNIT_BYTES) as u32;
        loop {
            if let Ok(permit) = self.room.clone().try_acquire_many_owned(units) {
                return Ok(Room(permit));
            }
            let oldest = self.slots.lock().unwrap_or_else(PoisonError::into_inner).pop_lru();
            if oldest.is_none() {
                break;
            }
        }
        let busy = |_| {
            Error::new(Kind::Busy, "watermark", "server busy: no memory for a watermark became free in time")
                .with_retry_after(1)
        };
        match timeout(max_wait, self.room.clone().acquire_many_owned(units)).await {
            Ok(Ok(permit)) => Ok(Room(permit)),
            Ok(Err(_)) => Err(Error::new(Kind::Internal, "watermark", "the memory is closed")),
            Err(error) => Err(busy(error)),
        }
    }
}

impl Room {
    /// Gives back what is more than `bytes`.
    pub(super) fn shrunk(mut self, bytes: u64) -> Self {
        let units = usize::try_from(bytes.div_ceil(UNIT_BYTES)).unwrap_or(usize::MAX);
        drop(self.0.split(self.0.num_permits().saturating_sub(units)));
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn images_in_use_keep_their_memory() {
        let kept = Kept::default();
        let mut rooms = Vec::new();
        for _ in 0..MAX_BYTES / LARGEST_BYTES {
            rooms.push(kept.room(Duration::from_millis(20)).await.unwrap());
        }
        let error = kept.room(Duration::from_millis(20)).await.unwrap_err();
        assert_eq!(error.kind, Kind::Busy);
        // Of other origins too.
        assert!(kept.beside().room(Duration::from_millis(20)).await.is_err());
        let small = rooms.pop().unwrap().shrunk(1);
        assert!(kept.room(Duration::from_millis(20)).await.is_ok());
        drop(small);
    }
}
