//! Files and standard input, as sources; what a folder serves is read in the same way.

use super::{Chunks, Meta, Source};
use async_trait::async_trait;
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use safelight_core::{Error, Kind, Result};
use std::{
    fs,
    io::{self, Read, Seek, SeekFrom},
    path::PathBuf,
    time::UNIX_EPOCH,
};
use tokio::{io::AsyncReadExt, task};

/// Bytes of the first read: most answers about metadata need no second one. Later ones read as much
/// again as was read before, so that what needs a little more does not read much more.
const FIRST_CHUNK: u64 = 64 << 10;

/// Most bytes of a read: large enough that the hop to a blocking thread does not count, small
/// enough that a thousand slow clients hold little.
const CHUNK: u64 = 128 << 10;

/// A file that the user of the command line named; no path is out of its reach.
#[derive(Debug)]
pub struct File {
    /// Where it lies.
    pub path: PathBuf,
}

#[async_trait]
impl Source for File {
    async fn meta(&self) -> Result<Meta> {
        self.open(0, None).await.map(|(meta, _)| meta)
    }

    async fn open(&self, from: u64, pin: Option<&Meta>) -> Result<(Meta, Chunks)> {
        let path = self.path.clone();
        blocking(move || fs::File::open(path)).await.and_then(|file| chunks(file, from, pin))
    }
}

/// Standard input: it can be read once, from its beginning.
#[derive(Debug)]
pub struct Stdin;

#[async_trait]
impl Source for Stdin {
    async fn meta(&self) -> Result<Meta> {
        Ok(Meta { size: None, etag: None, last_modified: None, cache_control: None })
    }

    async fn open(&self, from: u64, _pin: Option<&Meta>) -> Result<(Meta, Chunks)> {
        if from != 0 {
            return Err(Error::new(Kind::Upstream, "stdin", "cannot be read from the middle"));
        }
        let chunks = stream::try_unfold(tokio::io::stdin(), |mut stdin| async move {
            let mut chunk = Vec::with_capacity(CHUNK as usize);
            let count = stdin.read_buf(&mut chunk).await.map_err(unreadable)?;
            Ok((0 < count).then(|| (Bytes::from(chunk), stdin)))
        });
        Ok((self.meta().await?, chunks.boxed()))
    }
}

/// Describes and reads an open file.
///
/// The file stays open at its place: no path is looked up again.
pub(super) fn chunks(mut file: fs::File, from: u64, pin: Option<&Meta>) -> Result<(Meta, Chunks)> {
    let meta = describe(&file)?;
    meta.check(pin)?;
    let left = meta.size.unwrap_or_default().saturating_sub(from);
    file.seek(SeekFrom::Start(from)).map_err(unreadable)?;

    let opened = meta.clone();
    let chunks = stream::try_unfold((file, left, 0), move |(file, left, done)| {
        let opened = opened.clone();
        async move {
            if left == 0 {
                return Ok(None);
            }
            let length = left.min(done.clamp(FIRST_CHUNK, CHUNK));
            let (file, chunk) = blocking(move || read(file, length)).await?;
            // A file that was rewritten in place is neither its old self nor its new one.
            if left == length && !describe(&file)?.is_same_version(&opened) {
                return Err(Error::new(Kind::Upstream, "file", "was changed while it was read"));
            }
            Ok(Some((chunk, (file, left - length, done + length))))
        }
    });
    Ok((meta, chunks.boxed()))
}

/// What the open file itself says, whatever its path means by now.
fn describe(file: &fs::File) -> Result<Meta> {
    let metadata = file.metadata().map_err(unreadable)?;
    if !metadata.is_file() {
        return Err(Error::new(Kind::NotFound, "file", "there is no picture here"));
    }
    let modified = metadata.modified().map_err(unreadable)?;
    let nanos = modified.duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
    let etag = format!("\"{:x}-{nanos:x}-{:x}\"", inode(&metadata), metadata.len());
    Ok(Meta {
        size: Some(metadata.len()),
        etag: Some(etag),
        last_modified: Some(modified),
        cache_control: None,
    })
}

/// Tells a file that was moved over another from it, where the system numbers files.
fn inode(metadata: &fs::Metadata) -> u64 {
    #[cfg(unix)]
    return std::os::unix::fs::MetadataExt::ino(metadata);
    #[cfg(not(unix))]
    return 0;
}

/// Reads exactly `length` bytes.
fn read(mut file: fs::File, length: u64) -> io::Result<(fs::File, Bytes)> {
    let mut chunk = Vec::with_capacity(length as usize);
    let count = (&mut file).take(length).read_to_end(&mut chunk)? as u64;
    if count < length {
        return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the file was cut while it was read"));
    }
    Ok((file, Bytes::from(chunk)))
}

/// Runs what may wait for a disk where waiting is allowed.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> Result<T> {
    task::spawn_blocking(work).await.map_err(io::Error::from).flatten().map_err(unreadable)
}

/// Who may not read a file shall not learn that it exists.
fn unreadable(error: io::Error) -> Error {
    use io::ErrorKind::{
        InvalidFilename, InvalidInput, IsADirectory, NotADirectory, NotFound, PermissionDenied,
    };
    match error.kind() {
        NotFound | PermissionDenied | NotADirectory | IsADirectory | InvalidFilename | InvalidInput => {
            Error::new(Kind::NotFound, "file", "there is no picture here").with_source(error)
        }
        _ => Error::new(Kind::Upstream, "file", "could not be read").with_source(error),
    }
}
