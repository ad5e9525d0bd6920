//! Tokens that were verified, so that each is verified once.

use super::{Claims, key::Key, token::Window};
use lru::LruCache;
use ring::digest::{self, SHA256};
use std::{num::NonZeroUsize, sync::Arc};

/// SHA-256 of a token. The token itself is never kept: memory must not be worth stealing.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Fingerprint([u8; 32]);

impl Fingerprint {
    pub(super) fn of(token: &str) -> Self {
        let mut bytes = [0; 32];
        bytes.copy_from_slice(digest::digest(&SHA256, token.as_bytes()).as_ref());
        Self(bytes)
    }
}

/// A verified token.
#[derive(Clone)]
pub(super) struct Verified {
    pub(super) window: Window,
    /// Index of the key set.
    pub(super) key_set: usize,
    /// It counts only as long as this key is in the set.
    pub(super) key: Arc<Key>,
    pub(super) claims: Arc<Claims>,
}

/// The tokens that were shown last, up to a number of them.
pub(super) struct Remembered(Option<LruCache<Fingerprint, Verified>>);

impl Remembered {
    pub(super) fn new(capacity: usize) -> Self {
        Self(NonZeroUsize::new(capacity).map(|capacity| {
            // Bounded after it was made, since otherwise all of its memory would be reserved at once.
            let mut cache = LruCache::unbounded();
            cache.resize(capacity);
            cache
        }))
    }

    pub(super) fn get(&mut self, token: &Fingerprint) -> Option<Verified> {
        self.0.as_mut()?.get(token).cloned()
    }

    pub(super) fn insert(&mut self, token: Fingerprint, verified: Verified) {
        if let Some(cache) = &mut self.0 {
            cache.put(token, verified);
        }
    }

    pub(super) fn forget(&mut self, token: &Fingerprint) {
        if let Some(cache) = &mut self.0 {
            cache.pop(token);
        }
    }
}

impl std::fmt::Debug for Remembered {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Remembered").field(&self.0.as_ref().map(LruCache::len)).finish()
    }
}
