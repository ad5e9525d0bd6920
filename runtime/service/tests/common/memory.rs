//! A source in memory that counts its reads, and can wait and change.

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use http::{HeaderMap, request::Parts};
use safelight_core::{Error, Kind, Result};
use safelight_service::source::{Key, Meta, Opened, Origin, Probe, Resource, Source};
use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, SystemTime},
};
use tokio::sync::Semaphore;

/// One image under every key. Clones are the same image.
#[derive(Clone, Debug)]
pub(crate) struct Memory(Arc<State>);

#[derive(Debug)]
pub(crate) struct State {
    bytes: Bytes,
    chunk: usize,
    meta: Mutex<Meta>,
    /// Whether every second open finds another entity tag.
    fickle: bool,
    /// Whether it can be opened in the middle.
    seekable: bool,
    /// Delivers one chunk for each permit.
    gate: Semaphore,
    /// Offsets of the opens.
    opens: Mutex<Vec<u64>>,
    probes: AtomicU64,
    read: AtomicU64,
}

/// The time of the last change in these tests: Sun, 06 Nov 1994 08:49:37 GMT.
const CHANGED: Duration = Duration::from_secs(784_111_777);

impl Memory {
    pub(crate) fn new(bytes: impl Into<Bytes>) -> Self {
        let bytes = bytes.into();
        let meta = Meta {
            size: Some(bytes.len() as u64),
            etag: Some("\"one\"".to_owned()),
            last_modified: Some(SystemTime::UNIX_EPOCH + CHANGED),
            cache_control: None,
        };
        Self(Arc::new(State {
            bytes,
            chunk: 64 << 10,
            meta: Mutex::new(meta),
            fickle: false,
            seekable: true,
            gate: Semaphore::new(Semaphore::MAX_PERMITS),
            opens: Mutex::default(),
            probes: AtomicU64::new(0),
            read: AtomicU64::new(0),
        }))
    }

    /// Returns the same source with changes. Call it before the first clone.
    pub(crate) fn with(mut self, change: impl FnOnce(&mut Knobs)) -> Self {
        let state = Arc::get_mut(&mut self.0).expect("not cloned yet");
        let mut knobs = Knobs {
            chunk: state.chunk,
            meta: state.meta.get_mut().unwrap().clone(),
            fickle: state.fickle,
            seekable: state.seekable,
            gate: None,
        };
        change(&mut knobs);
        state.chunk = knobs.chunk;
        state.meta = Mutex::new(knobs.meta);
        state.fickle = knobs.fickle;
        state.seekable = knobs.seekable;
        if let Some(permits) = knobs.gate {
            state.gate = Semaphore::new(permits);
        }
        self
    }

    /// Delivers this many more chunks.
    pub(crate) fn release(&self, chunks: usize) {
        self.0.gate.add_permits(chunks);
    }

    /// Changes the version of the image.
    pub(crate) fn set_etag(&self, etag: &str) {
        self.0.meta.lock().unwrap().etag = Some(etag.to_owned());
    }

    /// Returns the offsets of the opens, in order.
    pub(crate) fn opens(&self) -> Vec<u64> {
        self.0.opens.lock().unwrap().clone()
    }

    /// Number of probes.
    pub(crate) fn probes(&self) -> u64 {
        self.0.probes.load(Ordering::SeqCst)
    }

    /// Returns the number of bytes that were read.
    pub(crate) fn read(&self) -> u64 {
        self.0.read.load(Ordering::SeqCst)
    }
}

/// The settings of a [`Memory`].
pub(crate) struct Knobs {
    pub(crate) chunk: usize,
    pub(crate) meta: Meta,
    pub(crate) fickle: bool,
    pub(crate) seekable: bool,
    pub(crate) gate: Option<usize>,
}

impl Origin for Memory {
    fn resolve(&self, parts: &Parts, _: &[u8]) -> Result<Resource> {
        Key::from_request(parts)?;
        Ok(Resource::image(self.clone()))
    }
}

#[async_trait]
impl Source for Memory {
    async fn probe(&self) -> Result<Probe> {
        self.0.probes.fetch_add(1, Ordering::SeqCst);
        Ok(Probe::Described { meta: self.0.meta.lock().unwrap().clone(), headers: HeaderMap::new() })
    }

    async fn open(&self, from: u64, pin: Option<&Meta>) -> Result<Opened> {
        if from != 0 && !self.0.seekable {
            return Err(Error::new(Kind::Upstream, "memory", "has no middle"));
        }
        let opens = {
            let mut opens = self.0.opens.lock().unwrap();
            opens.push(from);
            opens.len()
        };
        if self.0.fickle && opens % 2 == 0 {
            self.set_etag(&format!("\"version {opens}\""));
        }
        let meta = self.0.meta.lock().unwrap().clone();
        if pin.is_some_and(|pin| !pin.is_same_version(&meta)) {
            return Err(Error::new(Kind::PreconditionFailed, "memory", "changed"));
        }
        let rest = self.0.bytes.slice((from as usize).min(self.0.bytes.len())..);
        let chunks = stream::unfold((self.clone(), rest), |(memory, mut rest)| async move {
            if rest.is_empty() {
                return None;
            }
            memory.0.gate.acquire().await.unwrap().forget();
            let chunk = rest.split_to(memory.0.chunk.min(rest.len()));
            memory.0.read.fetch_add(chunk.len() as u64, Ordering::SeqCst);
            Some((Ok(chunk), (memory, rest)))
        });
        Ok(Opened::new(meta, chunks.boxed()))
    }
}
