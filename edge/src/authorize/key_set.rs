//! A cached key set: how long its keys are valid, when to fetch it again, and which caller fetches it.

use super::key::{self, Key, KeySetError};
use std::{collections::HashMap, sync::Arc};

/// Minimum seconds between a fetch that failed, or that lacked the requested key, and the next fetch. Without
/// this limit, requests with invented key ids could flood the issuer.
pub const PENALTY_SECS: u64 = 10;
/// Seconds after which a fetch counts as abandoned and another caller may start one.
pub const FETCH_SECS: u64 = 10;

/// The key set at one URL.
#[derive(Debug)]
pub(super) struct KeySet {
    pub(super) url: Arc<str>,
    /// Age in seconds from which the set is fetched again.
    pub(super) refresh_secs: u64,
    /// Age in seconds from which the set is no longer used.
    pub(super) expiry_secs: u64,
    keys: HashMap<String, Arc<Key>>,
    /// Start time of the fetch that returned `keys`, in seconds since the epoch.
    fetched: Option<u64>,
    state: FetchState,
}

/// The state of the latest fetch. Times are seconds since the epoch.
#[derive(Debug)]
enum FetchState {
    Idle,
    InProgress {
        since: u64,
        /// The missing key id that the fetch was started for.
        key_id: Option<String>,
    },
    /// The fetch returned no key set.
    Failed {
        at: u64,
    },
    /// The fetch returned a key set without the requested key.
    KeyMissing {
        at: u64,
    },
}

/// The result of a look-up by key id.
#[derive(Debug)]
pub(super) enum KeyLookup {
    Found(Arc<Key>),
    /// The caller must fetch the set and then look up again.
    Fetch,
    /// Another caller is fetching the set. Look up again after that fetch.
    Wait,
    /// The set, fetched less than [`PENALTY_SECS`] ago, does not contain the key.
    Unknown,
    /// The key is unknown because the fetch failed less than [`PENALTY_SECS`] ago.
    Unavailable,
}

impl KeySet {
    pub(super) fn new(url: String, refresh_secs: u64, stale_secs: u64) -> Self {
        Self {
            url: url.into(),
            refresh_secs,
            expiry_secs: refresh_secs + stale_secs,
            keys: HashMap::new(),
            fetched: None,
            state: FetchState::Idle,
        }
    }

    /// Looks up the key `id` at `now`, seconds since the epoch.
    pub(super) fn find(&mut self, id: &str, now: u64) -> KeyLookup {
        // Absolute differences: if the clock is set back, keys become older instead of younger.
        let age = self.fetched.map(|fetched| now.abs_diff(fetched));
        let is_younger_than = |secs| age.is_some_and(|age| age < secs);
        let key = self.keys.get(id).filter(|_| is_younger_than(self.expiry_secs));
        if let Some(key) = key
            && is_younger_than(self.refresh_secs)
        {
            return KeyLookup::Found(Arc::clone(key));
        }
        let without_key = match self.state {
            FetchState::InProgress { since, .. } if now.abs_diff(since) < FETCH_SECS => KeyLookup::Wait,
            FetchState::Failed { at } if now.abs_diff(at) < PENALTY_SECS => KeyLookup::Unavailable,
            FetchState::KeyMissing { at } if now.abs_diff(at) < PENALTY_SECS => KeyLookup::Unknown,
            _ => {
                let key_id = key.is_none().then(|| id.to_owned());
                self.state = FetchState::InProgress { since: now, key_id };
                return KeyLookup::Fetch;
            }
        };
        key.map_or(without_key, |key| KeyLookup::Found(Arc::clone(key)))
    }

    /// Stores the response to a fetch, received at `now`, seconds since the epoch.
    ///
    /// # Errors
    /// [`KeySetError`]. Each except [`KeySetError::NotRequested`] counts as a failed fetch.
    pub(super) fn fetched(&mut self, body: &[u8], now: u64) -> Result<(), KeySetError> {
        let FetchState::InProgress { since, key_id } = &mut self.state else {
            return Err(KeySetError::NotRequested);
        };
        let (since, key_id) = (*since, key_id.take());
        self.state = FetchState::Failed { at: now };
        self.keys = key::key_set(body)?;
        self.fetched = Some(since);
        let has_key = key_id.is_none_or(|id| self.keys.contains_key(&id));
        self.state = if has_key { FetchState::Idle } else { FetchState::KeyMissing { at: now } };
        Ok(())
    }

    /// Records a failed fetch at `now`, seconds since the epoch.
    pub(super) fn failed(&mut self, now: u64) {
        if matches!(self.state, FetchState::InProgress { .. }) {
            self.state = FetchState::Failed { at: now };
        }
    }
}
