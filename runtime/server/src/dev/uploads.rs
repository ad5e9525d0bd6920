//! Files that the page sends, kept until the server stops.

use super::Dev;
use axum::{
    body::{Body, to_bytes},
    extract::State,
    response::{IntoResponse, Response},
};
use safelight_core::Kind;
use safelight_service::status;
use std::{
    fs, io,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};
use tempfile::TempDir;
use tokio::task::spawn_blocking;

/// The number of files that are kept.
const MAX_FILES: u64 = 32;

/// The folder of uploads.
#[derive(Debug)]
pub(super) struct Uploads {
    folder: TempDir,
    max_bytes: u64,
    /// The number of the next file.
    next: AtomicU64,
}

impl Uploads {
    /// Returns an empty folder for files of at most `max_bytes`.
    ///
    /// # Errors
    /// Those of the system.
    pub(super) fn new(max_bytes: u64) -> io::Result<Self> {
        Ok(Self { folder: TempDir::with_prefix("safelight-")?, max_bytes, next: AtomicU64::new(0) })
    }

    pub(super) fn folder(&self) -> &Path {
        self.folder.path()
    }
}

/// Stores the body, and responds with the path of the file.
pub(super) async fn upload(State(dev): State<Arc<Dev>>, body: Body) -> Response {
    let max_bytes = usize::try_from(dev.uploads.max_bytes).unwrap_or(usize::MAX);
    let Ok(bytes) = to_bytes(body, max_bytes).await else {
        return (status::of(Kind::LimitExceeded), "the file is too large\n").into_response();
    };
    let number = dev.uploads.next.fetch_add(1, Ordering::Relaxed);
    let stored = spawn_blocking(move || {
        let path = |number: u64| dev.uploads.folder().join(number.to_string());
        if let Some(oldest) = number.checked_sub(MAX_FILES) {
            // It may be gone already.
            let _ = fs::remove_file(path(oldest));
        }
        fs::write(path(number), bytes)
    });
    match stored.await {
        Ok(Ok(())) => super::json(format!("{{\"path\":\"{}/{number}\"}}", Dev::UPLOADS)).into_response(),
        _ => (status::of(Kind::Internal), "the file cannot be stored\n").into_response(),
    }
}
