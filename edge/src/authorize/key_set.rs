//! The keys behind one URL: when they are good enough, when to fetch them, and who does.

use super::key::{self, Key, KeySetError};
use std::{collections::HashMap, sync::Arc};

/// Seconds without another fetch after one that failed or did not bring the key it was for. Without them,
/// anybody could have the issuer flooded by inventing key ids.
pub const PENALTY_SECS: u64 = 10;
/// Seconds after which a fetch counts as given up, and is handed to somebody else.
pub const FETCH_SECS: u64 = 10;

/// The keys behind one URL.
#[derive(Debug)]
pub(super) struct KeySet {
    pub(super) url: Arc<str>,
    /// Age from which they are fetched again.
    pub(super) refresh_secs: u64,
    /// Age from which they are not used any more.
    pub(super) expiry_secs: u64,
    keys: HashMap<String, Arc<Key>>,
    /// When the fetch of `keys` began.
    fetched: Option<u64>,
    fetch: Fetch,
}

/// What goes on behind the URL; times are seconds since the epoch.
#[derive(Debug)]
enum Fetch {
    Idle,
    UnderWay {
        since: u64,
        wanted: Option<String>,
    },
    /// It brought no set.
    Failed {
        at: u64,
    },
    /// It brought a set without the key that it was for.
    InVain {
        at: u64,
    },
}

/// What there is for a key id.
#[derive(Debug)]
pub(super) enum Found {
    Key(Arc<Key>),
    /// The caller fetches the set, and asks again.
    Fetch,
    /// Somebody else is fetching it; ask again when that is done.
    Wait,
    /// The set, fetched for it a moment ago, does not have it.
    Unknown,
    /// Nobody can tell: fetching the set failed a moment ago.
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
            fetch: Fetch::Idle,
        }
    }

    /// Looks for the key `id`.
    pub(super) fn find(&mut self, id: &str, now: u64) -> Found {
        // Distances, so that a clock that was set back makes keys old instead of young.
        let age = self.fetched.map(|fetched| now.abs_diff(fetched));
        let is_younger_than = |secs| age.is_some_and(|age| age < secs);
        let key = self.keys.get(id).filter(|_| is_younger_than(self.expiry_secs));
        if let Some(key) = key
            && is_younger_than(self.refresh_secs)
        {
            return Found::Key(Arc::clone(key));
        }
        let otherwise = match self.fetch {
            Fetch::UnderWay { since, .. } if now.abs_diff(since) < FETCH_SECS => Found::Wait,
            Fetch::Failed { at } if now.abs_diff(at) < PENALTY_SECS => Found::Unavailable,
            Fetch::InVain { at } if now.abs_diff(at) < PENALTY_SECS => Found::Unknown,
            _ => {
                let wanted = key.is_none().then(|| id.to_owned());
                self.fetch = Fetch::UnderWay { since: now, wanted };
                return Found::Fetch;
            }
        };
        key.map_or(otherwise, |key| Found::Key(Arc::clone(key)))
    }

    /// Takes the answer to a fetch.
    ///
    /// # Errors
    /// [`KeySetError`]. Unless nobody asked, it counts as a fetch that failed.
    pub(super) fn fetched(&mut self, body: &[u8], now: u64) -> Result<(), KeySetError> {
        let Fetch::UnderWay { since, wanted } = &mut self.fetch else { return Err(KeySetError::NotAsked) };
        let (since, wanted) = (*since, wanted.take());
        self.fetch = Fetch::Failed { at: now };
        self.keys = key::key_set(body)?;
        self.fetched = Some(since);
        let is_there = wanted.is_none_or(|id| self.keys.contains_key(&id));
        self.fetch = if is_there { Fetch::Idle } else { Fetch::InVain { at: now } };
        Ok(())
    }

    /// Takes the failure of a fetch.
    pub(super) fn failed(&mut self, now: u64) {
        if matches!(self.fetch, Fetch::UnderWay { .. }) {
            self.fetch = Fetch::Failed { at: now };
        }
    }
}
