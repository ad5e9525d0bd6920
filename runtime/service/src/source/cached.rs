//! Files whose names and bytes the system has in memory. Using them cannot block, so it needs no other thread: for a
//! file of 250 kB, four switches to a blocking thread took twice the CPU time of all other work.
//!
//! Only Linux can be asked for them (`RESOLVE_CACHED`, 5.12; `RWF_NOWAIT`, 4.14). Each function returns `None` where
//! the caller must use a thread that may block, whatever the reason.

use super::Key;
use bytes::Bytes;
use cap_std::fs::Dir;
use std::fs::File;

/// Opens `key` beneath `root`, in the same sandbox as `cap-std`: no link leads out of the folder.
#[cfg(target_os = "linux")]
pub(super) fn open(root: &Dir, key: &Key) -> Option<File> {
    use rustix::fs::{Mode, OFlags, ResolveFlags, openat2};
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC | OFlags::NOCTTY;
    let sandbox = ResolveFlags::BENEATH | ResolveFlags::NO_MAGICLINKS;
    openat2(root, key.as_str(), flags, Mode::empty(), sandbox | ResolveFlags::CACHED).ok().map(File::from)
}

/// Reads at most `length` bytes from `position` on, and at least one.
#[cfg(target_os = "linux")]
pub(super) fn read(file: &File, position: u64, length: u64) -> Option<Bytes> {
    use rustix::io::{ReadWriteFlags, preadv2};
    use std::io::IoSliceMut;
    let mut chunk = vec![0; length as usize];
    let count = preadv2(file, &mut [IoSliceMut::new(&mut chunk)], position, ReadWriteFlags::NOWAIT).ok()?;
    chunk.truncate(count);
    (0 < count).then(|| Bytes::from(chunk))
}

#[cfg(not(target_os = "linux"))]
pub(super) fn open(_: &Dir, _: &Key) -> Option<File> {
    None
}

#[cfg(not(target_os = "linux"))]
pub(super) fn read(_: &File, _: u64, _: u64) -> Option<Bytes> {
    None
}

#[cfg(all(test, target_os = "linux"))]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;
    use cap_std::ambient_authority;
    use http::{Request, request::Parts};
    use std::{fs, os::unix::fs::symlink};

    fn key(path: &str) -> Key {
        let (parts, ()): (Parts, ()) = Request::get(path).body(()).unwrap().into_parts();
        Key::from_request(&parts).unwrap()
    }

    #[test]
    fn bytes_are_those_of_the_file_or_left_to_a_blocking_read() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("a"), (0..=255).collect::<Vec<u8>>()).unwrap();
        let root = Dir::open_ambient_dir(folder.path(), ambient_authority()).unwrap();
        let file = open(&root, &key("/a")).unwrap_or_else(|| File::open(folder.path().join("a")).unwrap());
        // Some file systems do not support such reads.
        for (position, length, expected) in [(0, 3, vec![0, 1, 2]), (254, 9, vec![254, 255])] {
            assert!(read(&file, position, length).is_none_or(|bytes| bytes == expected), "{position}");
        }
        assert_eq!(read(&file, 256, 1), None);
    }

    #[test]
    fn links_out_of_the_folder_are_not_opened() {
        let (folder, outside) = (tempfile::tempdir().unwrap(), tempfile::NamedTempFile::new().unwrap());
        symlink(outside.path(), folder.path().join("absolute")).unwrap();
        let up = "../".repeat(9) + outside.path().strip_prefix("/").unwrap().to_str().unwrap();
        symlink(up, folder.path().join("relative")).unwrap();
        let root = Dir::open_ambient_dir(folder.path(), ambient_authority()).unwrap();
        // The names are cached from here on.
        for name in ["absolute", "relative"] {
            fs::read(folder.path().join(name)).unwrap();
            assert!(open(&root, &key(&format!("/{name}"))).is_none(), "{name}");
        }
    }
}
