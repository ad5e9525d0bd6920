//! The side images in memory, within a bound that also holds for those that requests still use.

use super::Slot;
use lru::LruCache;
use safelight_core::{Error, Kind, Result, SideImage};
use std::{
    num::NonZeroUsize,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
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

/// Side images that are kept. They are few, since operators name them.
const MAX_IMAGES: NonZeroUsize = NonZeroUsize::new(64).expect("not zero");

/// The side images of all origins, by the number of the origin and the path.
#[derive(Debug)]
pub(super) struct Kept {
    slots: Mutex<LruCache<(usize, String), Arc<Slot>>>,
    room: Arc<Semaphore>,
    /// The number of origins.
    origins: AtomicUsize,
}

impl Default for Kept {
    fn default() -> Self {
        let room = Arc::new(Semaphore::new((MAX_BYTES / UNIT_BYTES) as usize));
        Self { slots: Mutex::new(LruCache::new(MAX_IMAGES)), room, origins: AtomicUsize::new(0) }
    }
}

/// Memory of a side image.
#[derive(Debug)]
pub(super) struct Room(OwnedSemaphorePermit);

impl Kept {
    /// Returns a number for another origin.
    pub(super) fn next_origin(&self) -> usize {
        self.origins.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// Returns the slot of a path of an origin.
    pub(super) fn slot(&self, origin: usize, path: &str) -> Arc<Slot> {
        self.slots().get_or_insert((origin, path.to_owned()), Arc::default).clone()
    }

    fn slots(&self) -> MutexGuard<'_, LruCache<(usize, String), Arc<Slot>>> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
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
            if self.slots().pop_lru().is_none() {
                break;
            }
        }
        let busy = |_| {
            let message = "server busy: no memory for a watermark became free in time";
            Error::new(Kind::Busy, "watermark", message).with_retry_after(1)
        };
        let permit = timeout(max_wait, self.room.clone().acquire_many_owned(units)).await.map_err(busy)?;
        permit.map(Room).map_err(|_| Error::new(Kind::Internal, "watermark", "the memory is closed"))
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
    use crate::{sides::Loaded, source::Meta};
    use safelight_core::{Frame, Model, Samples, Size};
    use std::time::Instant;

    #[tokio::test]
    async fn images_in_use_keep_their_memory() {
        let kept = Kept::default();
        let mut rooms = Vec::new();
        for _ in 0..MAX_BYTES / LARGEST_BYTES {
            rooms.push(kept.room(Duration::from_millis(20)).await.unwrap());
        }
        let error = kept.room(Duration::from_millis(20)).await.unwrap_err();
        assert_eq!(error.kind, Kind::Busy);
        let small = rooms.pop().unwrap().shrunk(1);
        assert!(kept.room(Duration::from_millis(20)).await.is_ok());
        drop(small);
    }

    /// Fills the memory with images of one origin; returns them.
    async fn fill(kept: &Kept) -> Vec<SideImage> {
        let origin = kept.next_origin();
        let mut images = Vec::new();
        for index in 0..MAX_BYTES / LARGEST_BYTES {
            let room = kept.room(Duration::from_millis(20)).await.unwrap();
            let frame = Frame::whole(Size::new(1, 1), Model::Grey, Samples::U8(vec![0]));
            let image = SideImage::from(frame).with_owner(room);
            images.push(image.clone());
            let (version, meta) = (String::new(), Meta::default());
            let loaded = Loaded { image, version, meta, checked: Instant::now() };
            *kept.slot(origin, &index.to_string()).lock().await = Some(loaded);
        }
        images
    }

    #[tokio::test]
    async fn idle_images_make_room_for_those_of_another_origin() {
        let kept = Kept::default();
        drop(fill(&kept).await);
        assert!(kept.slot(kept.next_origin(), "0").lock().await.is_none());
        assert!(kept.room(Duration::from_millis(20)).await.is_ok());
    }

    #[tokio::test]
    async fn images_that_were_given_up_keep_their_memory_while_they_are_in_use() {
        let kept = Kept::default();
        let mut images = fill(&kept).await;
        assert_eq!(kept.room(Duration::from_millis(20)).await.unwrap_err().kind, Kind::Busy);
        images.pop();
        assert!(kept.room(Duration::from_millis(20)).await.is_ok());
    }
}
