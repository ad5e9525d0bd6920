//! The memory through which a child gets its input and returns its result.

use crate::IsolateError;
use std::{
    fs::File,
    io::{self, Read},
    os::{fd::OwnedFd, unix::fs::FileExt},
};

/// An anonymous file in memory.
///
/// Neither side maps it: the parent copies the result with `read`, so that a child that changes it meanwhile can
/// cause neither a fault nor two different readings of the same byte.
#[derive(Debug)]
pub(crate) struct SharedMemory {
    file: File,
}

impl SharedMemory {
    /// Creates an empty one.
    pub(crate) fn new() -> io::Result<Self> {
        Ok(Self { file: create()? })
    }

    /// Returns a descriptor for a child.
    pub(crate) fn share(&self) -> io::Result<OwnedFd> {
        Ok(self.file.try_clone()?.into())
    }

    /// Gives the memory its final size of `bytes`, and writes `parts` to its start, one after another.
    pub(crate) fn fill(&self, parts: &[impl AsRef<[u8]>], bytes: u64) -> io::Result<()> {
        self.file.set_len(bytes)?;
        seal_size(&self.file)?;
        let mut position = 0;
        for part in parts.iter().map(AsRef::as_ref) {
            self.file.write_all_at(part, position)?;
            position += part.len() as u64;
        }
        Ok(())
    }

    /// Returns the first `bytes`, which the caller has compared with the size.
    pub(crate) fn read(&self, bytes: u64) -> io::Result<TaskResult> {
        Ok(TaskResult { file: self.file.try_clone()?, position: 0, end: bytes })
    }
}

/// The bytes that a child returned. They are read once, from start to end, and are in memory until this is dropped.
#[derive(Debug)]
pub struct TaskResult {
    file: File,
    position: u64,
    end: u64,
}

impl TaskResult {
    /// Returns the number of bytes that were not read yet.
    pub fn remaining(&self) -> u64 {
        self.end - self.position
    }

    /// Copies the bytes.
    ///
    /// # Errors
    /// [`IsolateError::Unavailable`], if the system fails.
    pub fn into_bytes(mut self) -> Result<Vec<u8>, IsolateError> {
        let mut copy = vec![0; self.remaining() as usize];
        self.read_exact(&mut copy)?;
        Ok(copy)
    }
}

impl Read for TaskResult {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = buffer.len().min(usize::try_from(self.remaining()).unwrap_or(usize::MAX));
        let count = self.file.read_at(&mut buffer[..length], self.position)?;
        self.position += count as u64;
        Ok(count)
    }
}

#[cfg(target_os = "linux")]
fn create() -> io::Result<File> {
    use rustix::{
        fs::{MemfdFlags, memfd_create},
        io::Errno,
    };
    let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
    let create = |flags| memfd_create(c"safelight", flags);
    // Kernels before 6.3 do not know the flag; some systems require it.
    let created = match create(flags | MemfdFlags::NOEXEC_SEAL) {
        Err(Errno::INVAL) => create(flags),
        created => created,
    };
    match created {
        // Some sandboxes have no such call.
        Err(Errno::NOSYS | Errno::PERM | Errno::ACCESS) => tempfile::tempfile(),
        created => Ok(created?.into()),
    }
}

/// Elsewhere a file without a name takes its place.
#[cfg(not(target_os = "linux"))]
fn create() -> io::Result<File> {
    tempfile::tempfile()
}

/// Fixes the size: a child can neither take more memory through the file nor cut off what the parent is about to
/// read.
#[cfg(target_os = "linux")]
fn seal_size(file: &File) -> io::Result<()> {
    use rustix::{
        fs::{SealFlags, fcntl_add_seals},
        io::Errno,
    };
    match fcntl_add_seals(file, SealFlags::GROW | SealFlags::SHRINK | SealFlags::SEAL) {
        // A temporary file has no seals. The child's limit on the size of files and checked reads remain.
        Err(Errno::INVAL) => Ok(()),
        sealed => Ok(sealed?),
    }
}

#[cfg(not(target_os = "linux"))]
fn seal_size(_: &File) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_follow_one_another_and_the_size_is_fixed() {
        let memory = SharedMemory::new().unwrap();
        memory.fill(&[b"ab".as_slice(), b"", b"c"], 5).unwrap();
        assert_eq!(memory.read(5).unwrap().into_bytes().unwrap(), b"abc\0\0");
        let child = File::from(memory.share().unwrap());
        child.write_all_at(b"z", 4).unwrap();
        assert_eq!(memory.read(5).unwrap().into_bytes().unwrap(), b"abc\0z");
        if cfg!(target_os = "linux") {
            assert!(
                child.set_len(4).is_err() && child.set_len(6).is_err() && child.write_at(b"z", 5).is_err()
            );
        }
    }
}
