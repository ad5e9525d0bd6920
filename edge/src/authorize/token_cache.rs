//! A cache of verified tokens, so that each signature is checked once.

use super::{Claims, key::Key, token::Window};
use lru::LruCache;
use ring::digest::{self, SHA256};
use std::{num::NonZeroUsize, sync::Arc};

/// SHA-256 of a token. The cache never stores the token itself, so a memory dump reveals no tokens.
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
    /// The key that signed the token. The entry is valid only while this key is in the set.
    pub(super) key: Arc<Key>,
    pub(super) claims: Arc<Claims>,
}

/// The most recently used tokens, up to a capacity. `None` if the capacity is 0.
pub(super) struct TokenCache(Option<LruCache<Fingerprint, Verified>>);

impl TokenCache {
    pub(super) fn new(capacity: usize) -> Self {
        Self(NonZeroUsize::new(capacity).map(|capacity| {
            // Resized after construction: `LruCache::new(capacity)` would allocate all of its memory at once.
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

    pub(super) fn remove(&mut self, token: &Fingerprint) {
        if let Some(cache) = &mut self.0 {
            cache.pop(token);
        }
    }
}

impl std::fmt::Debug for TokenCache {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("TokenCache").field(&self.0.as_ref().map(LruCache::len)).finish()
    }
}
