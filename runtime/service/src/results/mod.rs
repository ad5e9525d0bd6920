//! Results are computed once: equal requests at the same time share one run, and a cache keeps results for later ones.
//!
//! A result is the whole response to a plan that decodes, without the range and the conditions of a request. Its key
//! names the source, the canonical query and the settings that change it. The cache keeps results with the validators
//! of their source, and asks the source again after a time that the operator chooses.

mod disk;
mod flight;
mod key;
mod memory;

pub use key::ResultKey;

use crate::source::Meta;
use bytes::Bytes;
use disk::Disk;
use flight::Flights;
use http::{HeaderMap, HeaderValue};
use memory::Memory;
use safelight_core::Result;
use std::{
    io,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, SystemTime},
};
use tracing::warn;

/// The whole response to a plan, with what describes its source.
#[derive(Clone, Debug)]
pub struct ResultBody {
    /// MIME type.
    pub content_type: HeaderValue,
    /// The bytes.
    pub bytes: Bytes,
    /// Metadata of the source.
    pub meta: Meta,
    /// Headers of the source that every response repeats.
    pub headers: HeaderMap,
}

/// Bounds of the cache.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResultSettings {
    /// Bytes of results in memory, those that are being sent included. Defaults to 0: nothing is kept.
    pub memory_bytes: u64,
    /// The folder of results on disk. Defaults to `None`.
    pub folder: Option<PathBuf>,
    /// Bytes of results on disk. Defaults to 1 GiB.
    pub folder_bytes: u64,
    /// The time for which a result is served before the source is asked whether it has changed. Defaults to 60 seconds.
    pub max_age: Duration,
}

impl Default for ResultSettings {
    fn default() -> Self {
        Self { memory_bytes: 0, folder: None, folder_bytes: 1 << 30, max_age: Duration::from_mins(1) }
    }
}

/// A result of the cache.
#[derive(Debug)]
pub enum Cached {
    /// It may be served.
    Fresh(Arc<ResultBody>),
    /// It may be served if the source still has this version.
    Stale(Arc<ResultBody>),
}

/// The results that are computed, and those that are kept.
#[derive(Debug)]
pub struct Results {
    settings: ResultSettings,
    flights: Flights,
    memory: Memory,
    disk: Option<Arc<Disk>>,
    /// The number of purges, by which a run notices that its result may be of an old source.
    purges: AtomicU64,
}

impl Default for Results {
    /// Keeps nothing.
    fn default() -> Self {
        Self {
            settings: ResultSettings::default(),
            flights: Flights::default(),
            memory: Memory::new(0),
            disk: None,
            purges: AtomicU64::default(),
        }
    }
}

impl Results {
    /// Opens the cache. What is damaged in its folder is removed.
    ///
    /// # Errors
    /// The folder cannot be created, read or locked.
    pub fn open(settings: ResultSettings) -> io::Result<Self> {
        let disk = match &settings.folder {
            Some(folder) => Some(Arc::new(Disk::open(folder, settings.folder_bytes)?)),
            None => None,
        };
        Ok(Self { memory: Memory::new(settings.memory_bytes), disk, settings, ..Self::default() })
    }

    /// Returns the result for `key`, if it is kept.
    pub(crate) async fn get(&self, key: &ResultKey) -> Option<Cached> {
        let kept = match self.memory.get(key) {
            Some(kept) => kept,
            None => self.read(key).await?,
        };
        let age = SystemTime::now().duration_since(kept.checked).unwrap_or(Duration::MAX);
        let is_fresh = age < self.settings.max_age;
        Some(if is_fresh { Cached::Fresh(kept.result) } else { Cached::Stale(kept.result) })
    }

    /// Reads a result from disk to memory.
    async fn read(&self, key: &ResultKey) -> Option<memory::Kept> {
        let disk = self.disk.clone()?;
        // Within the bound of memory: else the result is computed, within that of the pool.
        let room = self.memory.reserve(disk.length(key)?)?;
        let (own, purges) = (key.clone(), self.purges());
        let read = tokio::task::spawn_blocking(move || disk.read(&own)).await;
        let (mut result, checked) = read.ok()??;
        result.bytes = room.own(result.bytes);
        let kept = memory::Kept { result: Arc::new(result), checked };
        self.memory.insert(key, kept.clone(), || purges == self.purges());
        Some(kept)
    }

    /// Notes that the source of a result still has the same version.
    pub(crate) fn confirm(&self, key: &ResultKey) {
        let now = SystemTime::now();
        self.memory.confirm(key, now);
        if let Some(disk) = &self.disk {
            disk.confirm(key, now);
        }
    }

    /// Returns the result of `run`, or of an equal run that has begun and not ended, and whether `run` was started. Keeps
    /// the result, unless it was purged meanwhile.
    pub(crate) async fn share<F>(
        self: &Arc<Self>,
        key: &ResultKey,
        run: impl FnOnce() -> F,
    ) -> (bool, Result<Arc<ResultBody>>)
    where
        F: Future<Output = Result<ResultBody>> + Send + 'static,
    {
        let purges = self.purges();
        let (results, own) = (self.clone(), key.clone());
        let start = || {
            let run = run();
            async move {
                let result = Arc::new(run.await?);
                results.keep(&own, &result, purges);
                Ok(result)
            }
        };
        self.flights.join(key, start).await
    }

    /// Keeps a result that was computed since the purge number `purges`.
    fn keep(self: &Arc<Self>, key: &ResultKey, result: &Arc<ResultBody>, purges: u64) {
        // Without validators, nothing would tell that the source has changed.
        if !self.is_kept() || (result.meta.etag.is_none() && result.meta.last_modified.is_none()) {
            return;
        }
        let checked = SystemTime::now();
        if let Some(room) = self.memory.reserve(result.bytes.len() as u64) {
            // A copy: the memory of the original is of the pool, and is needed there.
            let bytes = room.own(Bytes::copy_from_slice(&result.bytes));
            let kept = memory::Kept { result: Arc::new(ResultBody { bytes, ..(**result).clone() }), checked };
            self.memory.insert(key, kept, || purges == self.purges());
        }
        let Some(disk) = self.disk.clone() else { return };
        let Some(turn) = disk.turn() else { return };
        let (results, key, result) = (self.clone(), key.clone(), result.clone());
        tokio::task::spawn_blocking(move || {
            let _turn = turn;
            if let Err(error) = disk.write(&key, &result, checked, || purges == results.purges()) {
                warn!(%error, "a result was not written");
            }
        });
    }

    /// Returns whether results are kept at all.
    pub(crate) fn is_kept(&self) -> bool {
        0 < self.settings.memory_bytes
    }

    /// Forgets all results of the source at `path`; with a slash at its end, of all below it. Returns their number.
    ///
    /// Runs that have begun are not joined any more, and their results not kept.
    pub fn purge(&self, path: &str) -> usize {
        // First, so that what is inserted from here on is not of an older run.
        self.purges.fetch_add(1, Ordering::SeqCst);
        let pattern = key::Pattern::new(path);
        self.flights.forget(&pattern);
        let in_memory = self.memory.remove(&pattern);
        let on_disk = self.disk.as_ref().map_or(0, |disk| disk.remove(&pattern));
        in_memory.max(on_disk)
    }

    fn purges(&self) -> u64 {
        self.purges.load(Ordering::SeqCst)
    }

    /// Returns the bytes in memory and on disk.
    pub fn bytes(&self) -> (u64, u64) {
        (self.memory.bytes(), self.disk.as_ref().map_or(0, |disk| disk.bytes()))
    }
}
