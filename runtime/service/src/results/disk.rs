//! Results on disk: a file for each, written beside its name and then renamed, so that a crash leaves no part of one.
//!
//! ```text
//! file = magic (8 bytes) · length of the head (u32) · CRC-32 of the head and the body (u32) · head (JSON) · body
//! ```
//!
//! Numbers are little-endian. A file that does not match its checksum is removed.

use super::{
    ResultBody,
    key::{Pattern, ResultKey},
};
use crate::source::Meta;
use bytes::Bytes;
use crc32fast::Hasher;
use http::{HeaderMap, HeaderName, HeaderValue};
use lru::LruCache;
use serde::{Deserialize, Serialize};
use std::{
    fs, io,
    io::{Read, Write},
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, SystemTime},
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The first bytes of each file: the name of the form, and its version.
const MAGIC: &[u8; 8] = b"SLRESLT1";

/// The bytes before the head.
const PREFIX_BYTES: usize = MAGIC.len() + 8;

/// The longest head that is read.
const MAX_HEAD_BYTES: u32 = 64 << 10;

/// Results that wait to be written, at most: more are not written.
const MAX_WRITES: usize = 16;

/// The extension of files that are being written.
const TEMPORARY: &str = "tmp";

/// The facts about a result that are not in its bytes.
#[derive(Debug, Deserialize, Serialize)]
struct Head {
    path: String,
    content_type: String,
    /// Seconds since 1970.
    checked: u64,
    size: Option<u64>,
    etag: Option<String>,
    /// Nanoseconds since 1970: with fewer digits, it would be another version.
    last_modified: Option<u128>,
    cache_control: Option<String>,
    headers: Vec<(String, String)>,
}

/// The results on disk. The one that was used longest ago makes room.
#[derive(Debug)]
pub(super) struct Disk {
    folder: PathBuf,
    max_bytes: u64,
    used: AtomicU64,
    entries: Mutex<LruCache<ResultKey, Entry>>,
    writes: Arc<Semaphore>,
    /// The number of writes, for names of files that are being written.
    written: AtomicU64,
    /// Locked as long as this process uses the folder.
    _lock: fs::File,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    /// Bytes of the file.
    bytes: u64,
    /// Bytes of the body.
    length: u64,
    checked: SystemTime,
}

impl Disk {
    /// Opens the folder, and reads the heads of its files.
    ///
    /// # Errors
    /// The folder cannot be created or read, or another process uses it.
    pub(super) fn open(folder: &Path, max_bytes: u64) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        let lock = fs::File::create(folder.join("lock"))?;
        lock.try_lock().map_err(|_| io::Error::new(io::ErrorKind::AddrInUse, "another process uses it"))?;
        let disk = Self {
            folder: folder.to_owned(),
            max_bytes,
            used: AtomicU64::default(),
            entries: Mutex::new(LruCache::unbounded()),
            writes: Arc::new(Semaphore::new(MAX_WRITES)),
            written: AtomicU64::default(),
            _lock: lock,
        };
        disk.scan()?;
        Ok(disk)
    }

    /// Indexes the files, from the one that was written first.
    fn scan(&self) -> io::Result<()> {
        let mut found = Vec::new();
        for entry in fs::read_dir(&self.folder)? {
            let path = entry?.path();
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            match parse_hex(name) {
                Some(hash) => match indexed(&path) {
                    Ok((source, entry, modified)) => {
                        found.push((modified, ResultKey { hash, path: source.into() }, entry));
                    }
                    Err(_) => fs::remove_file(&path)?,
                },
                // Of a process that was killed. Other files are not ours.
                None if path.extension().is_some_and(|extension| extension == TEMPORARY) => {
                    fs::remove_file(&path)?;
                }
                None => (),
            }
        }
        found.sort_by_key(|(modified, ..)| *modified);
        for (_, key, entry) in found {
            self.used.fetch_add(entry.bytes, Ordering::Relaxed);
            self.lock().put(key, entry);
        }
        self.make_room(0);
        Ok(())
    }

    /// Returns the length of the body of a result, if there is one.
    pub(super) fn length(&self, key: &ResultKey) -> Option<u64> {
        self.lock().peek(key).map(|entry| entry.length)
    }

    /// Reads a result, and when its source was checked. Removes it if it is damaged.
    pub(super) fn read(&self, key: &ResultKey) -> Option<(ResultBody, SystemTime)> {
        let Entry { length, checked, .. } = *self.lock().get(key)?;
        let Ok(result) = read(&self.path(key), length) else {
            self.forget(key);
            return None;
        };
        Some((result, checked))
    }

    /// Returns the turn of a result to be written; `None` if too many wait.
    pub(super) fn turn(&self) -> Option<OwnedSemaphorePermit> {
        self.writes.clone().try_acquire_owned().ok()
    }

    /// Writes a result, for which others make room, unless it was purged: `is_current` is asked while no purge removes
    /// results.
    ///
    /// # Errors
    /// Those of the file system. The folder is then as before.
    pub(super) fn write(
        &self,
        key: &ResultKey,
        result: &ResultBody,
        checked: SystemTime,
        is_current: impl FnOnce() -> bool,
    ) -> io::Result<()> {
        let head = serde_json::to_vec(&Head::new(key, result, checked))?;
        let length = result.bytes.len() as u64;
        let bytes = PREFIX_BYTES as u64 + head.len() as u64 + length;
        if self.max_bytes < bytes || MAX_HEAD_BYTES < head.len() as u32 {
            return Ok(());
        }
        let mut crc = Hasher::new();
        crc.update(&head);
        crc.update(&result.bytes);
        let prefix =
            [MAGIC.as_slice(), &(head.len() as u32).to_le_bytes(), &crc.finalize().to_le_bytes()].concat();

        let number = self.written.fetch_add(1, Ordering::Relaxed);
        let temporary = self.path(key).with_extension(format!("{number}.{TEMPORARY}"));
        self.make_room(bytes);
        let entry = Entry { bytes, length, checked };
        let written = fs::File::create(&temporary).and_then(|mut file| {
            [&prefix[..], &head, &result.bytes].into_iter().try_for_each(|part| file.write_all(part))?;
            self.publish(&temporary, key, entry, is_current)
        });
        if written.is_err() {
            // Nothing was written, or as much as fits a full disk.
            let _ = fs::remove_file(&temporary);
        }
        written
    }

    /// Renames a file that was written, and indexes it.
    fn publish(
        &self,
        temporary: &Path,
        key: &ResultKey,
        entry: Entry,
        is_current: impl FnOnce() -> bool,
    ) -> io::Result<()> {
        let mut entries = self.lock();
        if !is_current() {
            return fs::remove_file(temporary);
        }
        fs::rename(temporary, self.path(key))?;
        self.used.fetch_add(entry.bytes, Ordering::Relaxed);
        if let Some(old) = entries.put(key.clone(), entry) {
            self.used.fetch_sub(old.bytes, Ordering::Relaxed);
        }
        Ok(())
    }

    /// Notes when the source of a result was checked. A restart forgets it, and the source is checked again.
    pub(super) fn confirm(&self, key: &ResultKey, now: SystemTime) {
        if let Some(entry) = self.lock().get_mut(key) {
            entry.checked = now;
        }
    }

    /// Removes results, and returns how many.
    pub(super) fn remove(&self, pattern: &Pattern<'_>) -> usize {
        let entries = self.lock();
        let keys: Vec<_> =
            entries.iter().map(|(key, _)| key).filter(|key| pattern.matches(&key.path)).cloned().collect();
        drop(entries);
        for key in &keys {
            self.forget(key);
        }
        keys.len()
    }

    pub(super) fn bytes(&self) -> u64 {
        self.used.load(Ordering::Relaxed)
    }

    /// Removes results until there is room for `bytes`.
    fn make_room(&self, bytes: u64) {
        while self.max_bytes < self.bytes().saturating_add(bytes) {
            let Some((key, _)) = self.lock().peek_lru().map(|(key, entry)| (key.clone(), *entry)) else {
                return;
            };
            self.forget(&key);
        }
    }

    fn forget(&self, key: &ResultKey) {
        let mut entries = self.lock();
        if let Some(entry) = entries.pop(key) {
            self.used.fetch_sub(entry.bytes, Ordering::Relaxed);
            // Under the lock, so that it is not the file of a later result. If it is gone already, all is well.
            let _ = fs::remove_file(self.path(key));
        }
    }

    fn path(&self, key: &ResultKey) -> PathBuf {
        self.folder.join(key.hex())
    }

    fn lock(&self) -> MutexGuard<'_, LruCache<ResultKey, Entry>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Head {
    fn new(key: &ResultKey, result: &ResultBody, checked: SystemTime) -> Self {
        let ResultBody { content_type, meta, headers, .. } = result;
        let since_epoch = |time: SystemTime| time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let text = |(name, value): (&HeaderName, &HeaderValue)| {
            Some((name.to_string(), value.to_str().ok()?.to_owned()))
        };
        Self {
            path: key.path.to_string(),
            content_type: content_type.to_str().unwrap_or_default().to_owned(),
            checked: since_epoch(checked).as_secs(),
            size: meta.size,
            etag: meta.etag.clone(),
            last_modified: meta.last_modified.map(|time| since_epoch(time).as_nanos()),
            cache_control: meta.cache_control.clone(),
            headers: headers.iter().filter_map(text).collect(),
        }
    }

    fn into_result(self, bytes: Bytes) -> io::Result<ResultBody> {
        let time = |nanos: u128| {
            let secs = u64::try_from(nanos / 1_000_000_000).ok()?;
            let time = Duration::new(secs, (nanos % 1_000_000_000) as u32);
            SystemTime::UNIX_EPOCH.checked_add(time)
        };
        let header = |(name, value): (String, String)| {
            Some((HeaderName::try_from(name).ok()?, HeaderValue::try_from(value).ok()?))
        };
        Ok(ResultBody {
            content_type: HeaderValue::try_from(self.content_type).map_err(|_| damaged())?,
            bytes,
            meta: Meta {
                size: self.size,
                etag: self.etag,
                last_modified: self.last_modified.and_then(time),
                cache_control: self.cache_control,
            },
            headers: self.headers.into_iter().filter_map(header).collect::<HeaderMap>(),
        })
    }
}

/// Reads the path of the source, what the index needs, and the time of the last change of a file.
fn indexed(path: &Path) -> io::Result<(String, Entry, SystemTime)> {
    let mut file = fs::File::open(path)?;
    let attributes = file.metadata()?;
    let (head, _, _) = read_head(&mut file)?;
    let bytes = attributes.len();
    let before = PREFIX_BYTES as u64 + head.len() as u64;
    let length = bytes.checked_sub(before).ok_or_else(damaged)?;
    let Head { path, checked, .. } = serde_json::from_slice(&head)?;
    let checked = SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(checked)).ok_or_else(damaged)?;
    Ok((path, Entry { bytes, length, checked }, attributes.modified()?))
}

/// Reads a file with a body of `length` bytes, and checks it.
fn read(path: &Path, length: u64) -> io::Result<ResultBody> {
    let mut file = fs::File::open(path)?;
    let (head, expected, mut crc) = read_head(&mut file)?;
    let mut body = Vec::new();
    // Not more than there is memory for, should the file have grown.
    file.take(length).read_to_end(&mut body)?;
    crc.update(&body);
    if crc.finalize() != expected {
        return Err(damaged());
    }
    serde_json::from_slice::<Head>(&head)?.into_result(body.into())
}

/// Reads the head of a file. Returns it with the expected checksum, and the one of the head alone.
fn read_head(file: &mut impl Read) -> io::Result<(Vec<u8>, u32, Hasher)> {
    let mut prefix = [0; PREFIX_BYTES];
    file.read_exact(&mut prefix)?;
    let number = |at: usize| {
        let bytes = prefix[at..at + 4].try_into().expect("four bytes");
        u32::from_le_bytes(bytes)
    };
    let length = number(MAGIC.len());
    if !prefix.starts_with(MAGIC) || MAX_HEAD_BYTES < length {
        return Err(damaged());
    }
    let mut head = vec![0; length as usize];
    file.read_exact(&mut head)?;
    let mut crc = Hasher::new();
    crc.update(&head);
    Ok((head, number(MAGIC.len() + 4), crc))
}

fn damaged() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "the file is damaged")
}

/// Parses the name of a file.
fn parse_hex(name: &str) -> Option<[u8; 32]> {
    let digits = name.as_bytes();
    let mut hash = [0; 32];
    if digits.len() != 2 * hash.len() {
        return None;
    }
    for (byte, pair) in hash.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(hash)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tempfile::tempdir;

    fn key(name: &str) -> ResultKey {
        ResultKey::new(name, &[name])
    }

    fn result(bytes: usize) -> ResultBody {
        ResultBody {
            content_type: HeaderValue::from_static("image/png"),
            bytes: Bytes::from(vec![7; bytes]),
            meta: Meta {
                size: Some(9),
                etag: Some("\"a\"".to_owned()),
                last_modified: SystemTime::UNIX_EPOCH.checked_add(Duration::new(3, 141_592_653)),
                cache_control: None,
            },
            headers: HeaderMap::from_iter([(HeaderName::from_static("x-a"), HeaderValue::from_static("b"))]),
        }
    }

    fn checked() -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(1_000)
    }

    #[test]
    fn results_survive_a_restart_with_all_that_describes_them() {
        let folder = tempdir().unwrap();
        let disk = Disk::open(folder.path(), 1 << 20).unwrap();
        disk.write(&key("a"), &result(5), checked(), || true).unwrap();
        disk.write(&key("purged"), &result(5), checked(), || false).unwrap();
        let bytes = disk.bytes();
        drop(disk);
        let disk = Disk::open(folder.path(), 1 << 20).unwrap();
        assert_eq!((disk.bytes(), disk.length(&key("a"))), (bytes, Some(5)));
        let (read, time) = disk.read(&key("a")).unwrap();
        let ResultBody { content_type, bytes, meta, headers } = result(5);
        assert_eq!(
            (read.content_type, read.bytes, read.meta, read.headers),
            (content_type, bytes, meta, headers)
        );
        assert_eq!(time, checked());
        assert!(disk.read(&key("purged")).is_none());
        assert_eq!(disk.remove(&Pattern::new("a")), 1);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "only the lock is left");
    }

    #[test]
    fn any_damage_is_a_miss() {
        let folder = tempdir().unwrap();
        let disk = Disk::open(folder.path(), 1 << 20).unwrap();
        disk.write(&key("a"), &result(40), checked(), || true).unwrap();
        let path = disk.path(&key("a"));
        let whole = fs::read(&path).unwrap();
        for at in 0..whole.len() {
            let mut flipped = whole.clone();
            flipped[at] ^= 1;
            for bytes in [&flipped[..], &whole[..at]] {
                fs::write(&path, bytes).unwrap();
                assert!(read(&path, 40).is_err(), "byte {at} of {}", bytes.len());
            }
        }
        // What cannot even be indexed is removed at the start.
        fs::write(&path, &whole[..20]).unwrap();
        assert!(disk.read(&key("a")).is_none() && !path.exists());
        fs::write(&path, &whole[..20]).unwrap();
        drop(disk);
        let disk = Disk::open(folder.path(), 1 << 20).unwrap();
        assert!(!path.exists() && disk.bytes() == 0);
    }

    #[test]
    fn the_bound_holds_and_the_oldest_makes_room() {
        let folder = tempdir().unwrap();
        let disk = Disk::open(folder.path(), 3000).unwrap();
        for name in ["a", "b", "c", "d", "e"] {
            disk.write(&key(name), &result(600), checked(), || true).unwrap();
            assert!(disk.bytes() <= 3000);
        }
        assert!(disk.length(&key("a")).is_none() && disk.length(&key("e")).is_some());
        disk.write(&key("large"), &result(4000), checked(), || true).unwrap();
        assert!(disk.length(&key("large")).is_none() && disk.length(&key("e")).is_some());
        assert!(Disk::open(folder.path(), 3000).is_err(), "it is in use");
    }
}
