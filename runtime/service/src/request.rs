//! A request for one picture, whichever door it came through.

use crate::source::Key;
use http::{HeaderMap, Method, Version, request::Parts};
use safelight_core::{Error, Kind, Result};
use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use uuid::Uuid;

/// What of a request decides its answer.
#[derive(Debug)]
pub struct Request {
    /// Names the request in the response, in problems and in the log.
    pub id: String,
    /// The query string as it came, without the question mark.
    pub query: String,
    /// Conditions and range are read from here.
    pub headers: HeaderMap,
    /// Whether a body is wanted: not for `HEAD`, to which ranges do not apply either.
    pub wants_body: bool,
    /// Whether the answer's length must be known before its first byte, because the client takes the
    /// end of the connection for the end of the answer: HTTP/1.0 does (RFC 9112 6.3).
    pub needs_length: bool,
    /// Counts what the answer costs.
    pub meter: Arc<Meter>,
}

/// What an answer cost so far.
#[derive(Debug, Default)]
pub struct Meter {
    read: AtomicU64,
    work_micros: AtomicU64,
}

impl Meter {
    /// Bytes that the source delivered.
    pub fn read(&self) -> u64 {
        self.read.load(Ordering::Relaxed)
    }

    /// How long transforms worked: scanned, decoded, changed, encoded.
    pub fn work(&self) -> Duration {
        Duration::from_micros(self.work_micros.load(Ordering::Relaxed))
    }

    /// Counts bytes that the source delivered.
    pub fn add_read(&self, bytes: usize) {
        self.read.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    pub(crate) fn add_work(&self, time: Duration) {
        self.work_micros.fetch_add(time.as_micros() as u64, Ordering::Relaxed);
    }
}

impl Request {
    /// Splits an HTTP request into the picture's key and what is wanted of it.
    ///
    /// # Errors
    /// [`Kind::MethodNotAllowed`] or [`Kind::NotFound`].
    pub fn from_http(parts: &Parts, id: String, meter: Arc<Meter>) -> Result<(Key, Self)> {
        if parts.method != Method::GET && parts.method != Method::HEAD {
            let message = format!("{} is not answered here; GET and HEAD are", parts.method);
            return Err(Error::new(Kind::MethodNotAllowed, "method", message));
        }
        let key = Key::from_path(parts.uri.path())?;
        let query = parts.uri.query().unwrap_or_default().to_owned();
        let wants_body = parts.method == Method::GET;
        let needs_length = wants_body && parts.version < Version::HTTP_11;
        Ok((key, Self { id, query, headers: parts.headers.clone(), wants_body, needs_length, meter }))
    }
}

/// The `Accept` header, all its lines as one.
pub fn accept(headers: &HeaderMap) -> String {
    let lines = headers.get_all(http::header::ACCEPT).iter().filter_map(|line| line.to_str().ok());
    lines.collect::<Vec<_>>().join(",")
}

/// The caller's `X-Request-Id` where it is one that can stand in a log, else a new one.
pub fn request_id(headers: &HeaderMap) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.:=+/@".contains(&byte);
    let is_sane = |id: &&str| (1..=128).contains(&id.len()) && id.bytes().all(is_plain);
    let given = headers.get("x-request-id").and_then(|id| id.to_str().ok()).filter(is_sane);
    given.map_or_else(|| Uuid::new_v4().to_string(), str::to_owned)
}
