//! Files and standard input as sources. A folder reads its files in the same way.

use super::{Meta, Opened, Source, cached};
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

/// Bytes of the first read: most responses about metadata need no second one. Each later read doubles what was
/// read, so a session that needs a little more does not read much more.
const FIRST_CHUNK_BYTES: u64 = 64 << 10;

/// Maximum bytes of a read: large enough that the switch to a blocking thread does not matter, small enough that a
/// thousand slow clients buffer little.
const MAX_CHUNK_BYTES: u64 = 128 << 10;

/// A file that the user of the command line named. Any path is allowed.
#[derive(Debug)]
pub struct File {
    /// Path of the file.
    pub path: PathBuf,
}

#[async_trait]
impl Source for File {
    async fn open(&self, from: u64, pin: Option<&Meta>) -> Result<Opened> {
        let path = self.path.clone();
        blocking(move || fs::File::open(path)).await.and_then(|file| opened(file, from, pin))
    }
}

/// Standard input, readable once and from its beginning.
#[derive(Debug)]
pub struct Stdin;

#[async_trait]
impl Source for Stdin {
    async fn open(&self, from: u64, _pin: Option<&Meta>) -> Result<Opened> {
        if from != 0 {
            return Err(Error::new(Kind::Upstream, "stdin", "standard input cannot be read from the middle"));
        }
        let chunks = stream::try_unfold(tokio::io::stdin(), |mut stdin| async move {
            let mut chunk = Vec::with_capacity(MAX_CHUNK_BYTES as usize);
            let count = stdin.read_buf(&mut chunk).await.map_err(unreadable)?;
            Ok((0 < count).then(|| (Bytes::from(chunk), stdin)))
        });
        Ok(Opened::new(Meta::default(), chunks.boxed()))
    }
}

/// Describes and reads an open file. Its path is not looked up again.
pub(super) fn opened(file: fs::File, from: u64, pin: Option<&Meta>) -> Result<Opened> {
    let meta = describe(&file)?;
    meta.check(pin)?;
    let end = meta.size.unwrap_or_default();

    let version = meta.clone();
    let chunks = stream::try_unfold((file, from), move |(file, position)| {
        let version = version.clone();
        async move {
            if end <= position {
                return Ok(None);
            }
            let length = (end - position).min((position - from).clamp(FIRST_CHUNK_BYTES, MAX_CHUNK_BYTES));
            let (file, chunk) = match cached::read(&file, position, length) {
                Some(chunk) => (file, chunk),
                None => blocking(move || read(file, position, length)).await?,
            };
            let position = position + chunk.len() as u64;
            // A file that was rewritten in place is neither the old version nor the new one.
            if end <= position && !describe(&file)?.is_same_version(&version) {
                return Err(Error::new(Kind::Upstream, "file", "the source changed while it was read"));
            }
            Ok(Some((chunk, (file, position))))
        }
    });
    Ok(Opened::new(meta, chunks.boxed()))
}

/// Returns the metadata of the open file, even if its path names another file by now.
fn describe(file: &fs::File) -> Result<Meta> {
    let metadata = file.metadata().map_err(unreadable)?;
    if !metadata.is_file() {
        return Err(Error::new(Kind::NotFound, "file", "no image at this path"));
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

/// Returns the number of the file, if the system has one: it tells a file from another that was moved over it.
fn inode(metadata: &fs::Metadata) -> u64 {
    #[cfg(unix)]
    return std::os::unix::fs::MetadataExt::ino(metadata);
    #[cfg(not(unix))]
    return 0;
}

/// Reads exactly `length` bytes from `position` on.
fn read(mut file: fs::File, position: u64, length: u64) -> io::Result<(fs::File, Bytes)> {
    file.seek(SeekFrom::Start(position))?;
    let mut chunk = Vec::with_capacity(length as usize);
    let count = (&mut file).take(length).read_to_end(&mut chunk)? as u64;
    if count < length {
        return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the file was truncated while it was read"));
    }
    Ok((file, Bytes::from(chunk)))
}

/// Runs `work`, which may wait for a disk, on a thread that may block.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> Result<T> {
    task::spawn_blocking(work).await.map_err(io::Error::from).flatten().map_err(unreadable)
}

/// Converts an error. Lack of permission is [`Kind::NotFound`]: a stranger must not learn that the file exists.
fn unreadable(error: io::Error) -> Error {
    use io::ErrorKind::{
        InvalidFilename, InvalidInput, IsADirectory, NotADirectory, NotFound, PermissionDenied,
    };
    let absent = |error| Error::new(Kind::NotFound, "file", "no image at this path").with_source(error);
    match error.kind() {
        NotFound | PermissionDenied | NotADirectory | IsADirectory | InvalidFilename | InvalidInput => {
            absent(error)
        }
        _ if is_no_file(&error) => absent(error),
        _ => Error::new(Kind::Upstream, "file", "the source could not be read").with_source(error),
    }
}

/// Returns whether the path leads to a socket or a device without a driver (`ENXIO`), or to itself (`ELOOP`): the
/// standard library has no stable kinds for these.
#[cfg(unix)]
fn is_no_file(error: &io::Error) -> bool {
    use rustix::io::Errno;
    matches!(Errno::from_io_error(error), Some(Errno::NXIO | Errno::LOOP))
}

#[cfg(not(unix))]
fn is_no_file(_: &io::Error) -> bool {
    false
}
