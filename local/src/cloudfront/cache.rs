//! Answers that are kept at the edge.

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

/// The largest answer that is kept.
const MAX_KEPT: usize = 32 << 20;

/// What tells one answer from another.
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

/// A kept answer.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
    kept_at: Duration,
    ttl: Duration,
}

/// What the cache knows.
pub(super) enum Found {
    /// An answer, and its age in seconds.
    Fresh(Entry, u64),
    /// An answer that the origin has to confirm.
    Stale(Entry),
    Nothing,
}

/// The answers of one distribution.
#[derive(Debug)]
pub(super) struct Cache {
    clock: Clock,
    entries: Mutex<HashMap<Key, Entry>>,
    /// Who asks the origin for what is not kept yet; others who want the same wait for it.
    asking: Mutex<HashMap<Key, Arc<Turn>>>,
}

/// The right to ask the origin for an answer, which one request has at a time.
type Turn = tokio::sync::Mutex<()>;

impl Cache {
    pub(super) fn new(clock: Clock) -> Self {
        Self { clock, entries: Mutex::default(), asking: Mutex::default() }
    }

    /// The answer for `key`. That to a `GET` is good for a `HEAD` too.
    pub(super) fn find(&self, key: &Key) -> Found {
        let entries = self.entries();
        let as_get = Key { is_head: false, ..key.clone() };
        let Some(entry) = entries.get(&as_get).or_else(|| entries.get(key)).cloned() else {
            return Found::Nothing;
        };
        let age = self.clock.now().saturating_sub(entry.kept_at);
        if age < entry.ttl { Found::Fresh(entry, age.as_secs()) } else { Found::Stale(entry) }
    }

    /// Waits until nobody asks the origin for the answer of `key`.
    pub(super) async fn turn(&self, key: &Key) -> OwnedMutexGuard<()> {
        let turn = {
            let mut asking = self.asking.lock().unwrap_or_else(PoisonError::into_inner);
            asking.retain(|_, turn| 1 < Arc::strong_count(turn));
            asking.entry(key.clone()).or_default().clone()
        };
        turn.lock_owned().await
    }

    /// `response`, kept under `key` for `ttl` when all of it has been passed on.
    pub(super) fn keep(
        self: &Arc<Self>,
        key: Key,
        response: Response<Body>,
        ttl: Duration,
        turn: Option<OwnedMutexGuard<()>>,
    ) -> Response<Body> {
        if ttl.is_zero() {
            return response;
        }
        let (parts, body) = response.into_parts();
        let (status, headers) = (parts.status, parts.headers.clone());
        let cache = self.clone();
        let (pipe, passed_on) = pipe();
        tokio::spawn(async move {
            let _turn = turn;
            let mut kept = Some(BytesMut::new());
            let mut chunks = Chunks::new(body);
            while let Some(chunk) = chunks.next().await? {
                kept = kept.filter(|kept| kept.len() + chunk.len() <= MAX_KEPT);
                if let Some(kept) = &mut kept {
                    kept.extend_from_slice(&chunk);
                }
                if !pipe.send(chunk).await {
                    return Ok(());
                }
            }
            if let Some(kept) = kept {
                let entry = Entry { status, headers, body: kept.freeze(), kept_at: cache.clock.now(), ttl };
                cache.entries().insert(key, entry);
            }
            // The viewer who has it all finds it kept.
            pipe.finish().await;
            Ok::<_, BoxError>(())
        });
        Response::from_parts(parts, passed_on)
    }

    /// Keeps `entry`, which the origin confirmed, for another `ttl`.
    pub(super) fn renew(&self, key: Key, entry: &Entry, ttl: Duration) -> Entry {
        let renewed = Entry { kept_at: self.clock.now(), ttl, ..entry.clone() };
        self.entries().insert(key, renewed.clone());
        renewed
    }

    fn entries(&self) -> MutexGuard<'_, HashMap<Key, Entry>> {
        // Entries come and go whole: a panic elsewhere leaves none of them half changed.
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Entry {
    /// Asks in `headers` whether the answer still holds; `false` where it has nothing to ask with.
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

    /// The answer to `request`, which may have conditions or ask for a part.
    pub(super) fn answer(&self, request: &Request<Bytes>, age: u64, word: &'static str) -> Response<Body> {
        let mut response = self.plain(request);
        let is_error = response.status().is_client_error() || response.status().is_server_error();
        let word = if is_error { "Error from cloudfront" } else { word };
        response.headers_mut().insert(X_CACHE, HeaderValue::from_static(word));
        response.headers_mut().insert(header::AGE, age.into());
        response
    }

    fn plain(&self, request: &Request<Bytes>) -> Response<Body> {
        let verdict = conditional::weigh(request.headers(), &self.headers);
        if let Some(status) = verdict.filter(|_| self.status == StatusCode::OK) {
            let mut response = self.response(status, empty());
            response.headers_mut().remove(header::CONTENT_LENGTH);
            return response;
        }
        // For a HEAD without a kept GET the length stands in the headers alone.
        if request.method() == Method::HEAD {
            return self.response(self.status, empty());
        }
        match self.part(request.headers()) {
            Some((from, to)) => {
                let length = self.body.len();
                let mut response =
                    self.response(StatusCode::PARTIAL_CONTENT, full(self.body.slice(from..to)));
                let range = format!("bytes {from}-{}/{length}", to - 1);
                let range = HeaderValue::try_from(range).expect("digits are a valid value");
                response.headers_mut().insert(header::CONTENT_RANGE, range);
                response.headers_mut().typed_insert(ContentLength((to - from) as u64));
                response
            }
            None => self.response(self.status, full(self.body.clone())),
        }
    }

    /// The one part that is asked for, half open; `None` is all of it.
    fn part(&self, headers: &HeaderMap) -> Option<(usize, usize)> {
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

    fn response(&self, status: StatusCode, body: Body) -> Response<Body> {
        let mut response = Response::new(body);
        *response.status_mut() = status;
        *response.headers_mut() = self.headers.clone();
        response
    }
}
