//! The cache of a distribution.

use super::{CachePolicy, X_CACHE};
use crate::{
    body::{Body, BoxError, Chunks, empty, full, pipe},
    clock::Clock,
    conditional,
};
use bytes::{Bytes, BytesMut};
use headers::{ContentLength, HeaderMapExt, IfRange, Range};
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, header};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::sync::OwnedMutexGuard;

/// Size in bytes of the largest response that is cached.
const MAX_CACHED_BYTES: usize = 32 << 20;

/// The cache key.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Key {
    is_head: bool,
    path: String,
    query: String,
    headers: Vec<Option<HeaderValue>>,
}

impl Key {
    pub(super) fn new(request: &Request<Bytes>, policy: &CachePolicy) -> Self {
        Self {
            is_head: request.method() == Method::HEAD,
            path: request.uri().path().to_owned(),
            query: policy.query(request, None),
            headers: policy.headers.iter().map(|name| request.headers().get(name).cloned()).collect(),
        }
    }
}

/// A cached response.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
    stored_at: Duration,
    ttl: Duration,
}

/// The result of a cache lookup.
pub(super) enum Lookup {
    /// A fresh response, and its age in seconds.
    Fresh(Entry, u64),
    /// A response that the origin must revalidate.
    Stale(Entry),
    /// No response.
    Missing,
}

/// The cached responses of one distribution.
#[derive(Debug)]
pub(super) struct Cache {
    clock: Clock,
    entries: Mutex<HashMap<Key, Entry>>,
    /// Locks of the responses that are being fetched; other requests for the same response wait.
    fetches: Mutex<HashMap<Key, Arc<FetchLock>>>,
}

/// The lock for fetching one response from the origin.
type FetchLock = tokio::sync::Mutex<()>;

impl Cache {
    pub(super) fn new(clock: Clock) -> Self {
        Self { clock, entries: Mutex::default(), fetches: Mutex::default() }
    }

    /// Looks up the response for `key`. A cached response to `GET` also serves `HEAD`.
    pub(super) fn find(&self, key: &Key) -> Lookup {
        let entries = self.entries();
        let as_get = Key { is_head: false, ..key.clone() };
        let Some(entry) = entries.get(&as_get).or_else(|| entries.get(key)).cloned() else {
            return Lookup::Missing;
        };
        let age = self.clock.now().saturating_sub(entry.stored_at);
        if age < entry.ttl { Lookup::Fresh(entry, age.as_secs()) } else { Lookup::Stale(entry) }
    }

    /// Waits until no other request fetches the response for `key`.
    pub(super) async fn lock_fetch(&self, key: &Key) -> OwnedMutexGuard<()> {
        let lock = {
            let mut fetches = self.fetches.lock().unwrap_or_else(PoisonError::into_inner);
            fetches.retain(|_, lock| 1 < Arc::strong_count(lock));
            fetches.entry(key.clone()).or_default().clone()
        };
        lock.lock_owned().await
    }

    /// Returns `response`, and caches it under `key` for `ttl` once its whole body was forwarded.
    pub(super) fn store(
        self: &Arc<Self>,
        key: Key,
        response: Response<Body>,
        ttl: Duration,
        lock: Option<OwnedMutexGuard<()>>,
    ) -> Response<Body> {
        if ttl.is_zero() {
            return response;
        }
        let (parts, body) = response.into_parts();
        let (status, headers) = (parts.status, parts.headers.clone());
        let cache = self.clone();
        let (pipe, forwarded) = pipe();
        tokio::spawn(async move {
            let _lock = lock;
            let mut copy = Some(BytesMut::new());
            let mut chunks = Chunks::new(body);
            while let Some(chunk) = chunks.next().await? {
                copy = copy.filter(|copy| copy.len() + chunk.len() <= MAX_CACHED_BYTES);
                if let Some(copy) = &mut copy {
                    copy.extend_from_slice(&chunk);
                }
                if !pipe.send(chunk).await {
                    return Ok(());
                }
            }
            if let Some(copy) = copy {
                let entry = Entry { status, headers, body: copy.freeze(), stored_at: cache.clock.now(), ttl };
                cache.entries().insert(key, entry);
            }
            // Cached before the end is sent: a viewer that has the whole body finds it in the cache.
            pipe.finish().await;
            Ok::<_, BoxError>(())
        });
        Response::from_parts(parts, forwarded)
    }

    /// Caches `entry`, which the origin revalidated, for another `ttl`.
    pub(super) fn renew(&self, key: Key, entry: &Entry, ttl: Duration) -> Entry {
        let renewed = Entry { stored_at: self.clock.now(), ttl, ..entry.clone() };
        self.entries().insert(key, renewed.clone());
        renewed
    }

    fn entries(&self) -> MutexGuard<'_, HashMap<Key, Entry>> {
        // Entries are inserted and removed as a whole, so a panic elsewhere leaves none half changed.
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Entry {
    /// Adds a condition to `headers` that revalidates the response. Returns `false` if the response has no
    /// validator.
    pub(super) fn make_conditional(&self, headers: &mut HeaderMap) -> bool {
        let Some(etag) = self.headers.get(header::ETAG).filter(|_| self.status == StatusCode::OK) else {
            return false;
        };
        for name in [header::IF_MATCH, header::IF_MODIFIED_SINCE, header::IF_UNMODIFIED_SINCE, header::RANGE]
        {
            headers.remove(name);
        }
        headers.insert(header::IF_NONE_MATCH, etag.clone());
        true
    }

    /// Returns the response to `request`, which may have conditions or a range.
    pub(super) fn to_response(
        &self,
        request: &Request<Bytes>,
        age: u64,
        x_cache: &'static str,
    ) -> Response<Body> {
        let mut response = self.respond(request);
        let is_error = response.status().is_client_error() || response.status().is_server_error();
        let x_cache = if is_error { "Error from cloudfront" } else { x_cache };
        response.headers_mut().insert(X_CACHE, HeaderValue::from_static(x_cache));
        response.headers_mut().insert(header::AGE, age.into());
        response
    }

    fn respond(&self, request: &Request<Bytes>) -> Response<Body> {
        let status = conditional::evaluate(request.headers(), &self.headers);
        if let Some(status) = status.filter(|_| self.status == StatusCode::OK) {
            let mut response = self.with_body(status, empty());
            response.headers_mut().remove(header::CONTENT_LENGTH);
            return response;
        }
        // Without a cached GET, only the headers of a HEAD response know the length.
        if request.method() == Method::HEAD {
            return self.with_body(self.status, empty());
        }
        match self.range(request.headers()) {
            Some((from, to)) => {
                let length = self.body.len();
                let mut response =
                    self.with_body(StatusCode::PARTIAL_CONTENT, full(self.body.slice(from..to)));
                let range = format!("bytes {from}-{}/{length}", to - 1);
                let range = HeaderValue::try_from(range).expect("digits are a valid value");
                response.headers_mut().insert(header::CONTENT_RANGE, range);
                response.headers_mut().typed_insert(ContentLength((to - from) as u64));
                response
            }
            None => self.with_body(self.status, full(self.body.clone())),
        }
    }

    /// Returns the one requested part as a half-open byte range; `None` for the whole body.
    fn range(&self, headers: &HeaderMap) -> Option<(usize, usize)> {
        if self.status != StatusCode::OK || headers.typed_get::<IfRange>().is_some() {
            return None;
        }
        let range = headers.typed_get::<Range>()?;
        let mut ranges = range.satisfiable_ranges(self.body.len() as u64);
        let (std::ops::Bound::Included(from), to) = ranges.next()? else { return None };
        let to = match to {
            std::ops::Bound::Included(to) => to.saturating_add(1),
            std::ops::Bound::Excluded(to) => to,
            std::ops::Bound::Unbounded => u64::MAX,
        };
        let (from, to) =
            (usize::try_from(from).ok()?, usize::try_from(to).unwrap_or(usize::MAX).min(self.body.len()));
        (from < to && ranges.next().is_none()).then_some((from, to))
    }

    fn with_body(&self, status: StatusCode, body: Body) -> Response<Body> {
        let mut response = Response::new(body);
        *response.status_mut() = status;
        *response.headers_mut() = self.headers.clone();
        response
    }
}
