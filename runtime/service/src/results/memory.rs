//! Results in memory, within a bound that holds for results that are still being sent too.

use super::{
    ResultBody,
    key::{Pattern, ResultKey},
};
use bytes::Bytes;
use lru::LruCache;
use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::SystemTime,
};

/// The share of the memory that one result may take is one in this many.
const MAX_SHARE: u64 = 8;

/// The bytes that a result takes besides its body, about.
const OVERHEAD_BYTES: u64 = 1 << 10;

/// A kept result.
#[derive(Clone, Debug)]
pub(super) struct Kept {
    pub(super) result: Arc<ResultBody>,
    /// When the source had this version.
    pub(super) checked: SystemTime,
}

/// The results in memory. The one that was used longest ago makes room.
#[derive(Debug)]
pub(super) struct Memory {
    max_bytes: u64,
    /// Bytes of all results that exist, also of those that were removed and are still being sent.
    used: Arc<AtomicU64>,
    kept: Mutex<LruCache<ResultKey, Kept>>,
}

/// Room for a result. Dropping it frees the room.
#[derive(Debug)]
pub(super) struct Room {
    bytes: u64,
    used: Arc<AtomicU64>,
}

impl Room {
    /// Returns the same bytes. They and every slice of them keep the room.
    pub(super) fn own(self, bytes: Bytes) -> Bytes {
        struct Owner(Bytes, #[expect(dead_code, reason = "freed when it is dropped")] Room);
        impl AsRef<[u8]> for Owner {
            fn as_ref(&self) -> &[u8] {
                &self.0
            }
        }
        Bytes::from_owner(Owner(bytes, self))
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        self.used.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

impl Memory {
    pub(super) fn new(max_bytes: u64) -> Self {
        Self { max_bytes, used: Arc::default(), kept: Mutex::new(LruCache::unbounded()) }
    }

    pub(super) fn get(&self, key: &ResultKey) -> Option<Kept> {
        self.lock().get(key).cloned()
    }

    /// Returns room for a result of `bytes` bytes, for which others make room; `None` if there cannot be any.
    pub(super) fn reserve(&self, bytes: u64) -> Option<Room> {
        let bytes = bytes.saturating_add(OVERHEAD_BYTES);
        if self.max_bytes / MAX_SHARE < bytes {
            return None;
        }
        let mut kept = self.lock();
        loop {
            let room = self.used.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |used| {
                used.checked_add(bytes).filter(|used| *used <= self.max_bytes)
            });
            if room.is_ok() {
                return Some(Room { bytes, used: self.used.clone() });
            }
            // It frees nothing while the result is being sent.
            kept.pop_lru()?;
        }
    }

    /// Keeps a result, unless it was purged: `is_current` is asked while no purge removes results.
    pub(super) fn insert(&self, key: &ResultKey, new: Kept, is_current: impl FnOnce() -> bool) {
        let mut kept = self.lock();
        if is_current() {
            kept.put(key.clone(), new);
        }
    }

    pub(super) fn confirm(&self, key: &ResultKey, now: SystemTime) {
        if let Some(kept) = self.lock().get_mut(key) {
            kept.checked = now;
        }
    }

    pub(super) fn remove(&self, pattern: &Pattern<'_>) -> usize {
        let mut kept = self.lock();
        let keys: Vec<_> =
            kept.iter().map(|(key, _)| key).filter(|key| pattern.matches(&key.path)).cloned().collect();
        for key in &keys {
            kept.pop(key);
        }
        keys.len()
    }

    pub(super) fn bytes(&self) -> u64 {
        self.used.load(Ordering::Relaxed)
    }

    fn lock(&self) -> MutexGuard<'_, LruCache<ResultKey, Kept>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Meta;
    use http::HeaderMap;

    fn key(name: &str) -> ResultKey {
        ResultKey::new(name, &[name])
    }

    fn insert(memory: &Memory, name: &str, bytes: usize) -> Option<Bytes> {
        let room = memory.reserve(bytes as u64)?;
        let bytes = room.own(Bytes::from(vec![0; bytes]));
        let result = ResultBody {
            content_type: http::HeaderValue::from_static("image/png"),
            bytes: bytes.clone(),
            meta: Meta::default(),
            headers: HeaderMap::new(),
        };
        memory
            .insert(&key(name), Kept { result: Arc::new(result), checked: SystemTime::UNIX_EPOCH }, || true);
        Some(bytes)
    }

    #[test]
    fn the_bound_holds_for_results_that_are_being_sent() {
        const SIZE: usize = 7 << 10;
        let memory = Memory::new(64 << 10);
        for name in ["a", "b", "c", "d", "e", "f", "g", "h"] {
            drop(insert(&memory, name, SIZE).unwrap());
        }
        assert_eq!(memory.bytes(), 64 << 10);
        // The one that was used longest ago makes room.
        assert!(memory.get(&key("a")).is_some());
        drop(insert(&memory, "i", SIZE).unwrap());
        assert!(memory.get(&key("a")).is_some() && memory.get(&key("b")).is_none());

        let sent: Vec<_> =
            ["j", "k", "l", "m", "n", "o", "p", "q"].map(|name| insert(&memory, name, SIZE).unwrap()).into();
        assert!(insert(&memory, "r", SIZE).is_none(), "all bytes are being sent");
        drop(sent);
        assert!(insert(&memory, "r", SIZE).is_some());
        assert!(insert(&memory, "s", 8 << 10).is_none(), "more than its share");
        assert_eq!(memory.remove(&Pattern::new("/")), 1);
        assert_eq!(memory.bytes(), 0);
    }
}
