//! One file made of another: at once and whole, or not at all.

use super::is_dash;
use crate::{
    handle::Service,
    request::Meter,
    run::Run,
    source::{File, Reader, Source, Stdin},
};
use safelight_core::{Detection, Error, Format, Head, Kind, Plan, Result};
use std::{
    collections::HashSet,
    ffi::OsString,
    io::{self, Read},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};
use tempfile::NamedTempFile;
use tokio::io::{AsyncWrite, AsyncWriteExt};

/// One file to make.
pub(super) struct Task {
    pub(super) service: Service,
    pub(super) query: String,
    pub(super) input: PathBuf,
    pub(super) target: Target,
    pub(super) force: bool,
    /// Whether nothing is to be made, and nothing is wrong, if it is no picture.
    pub(super) may_be_left_out: bool,
    /// Every file that this batch makes: the answers of two inputs may come to have one name.
    pub(super) claimed: Arc<Mutex<HashSet<PathBuf>>>,
}

/// Where an answer goes.
pub(super) enum Target {
    Stdout,
    File(PathBuf),
    /// Into this folder, under the input's name.
    Folder(PathBuf),
}

/// What became of it.
pub(super) enum Outcome {
    Made { bytes_in: u64, bytes_out: u64 },
    LeftOut,
    Stopped,
}

impl Task {
    pub(super) async fn run(self) -> Result<Outcome> {
        let Service { registry, settings, source_timeout, workshop } = &self.service;
        if self.may_be_left_out && !is_picture(&self.input) {
            return Ok(Outcome::LeftOut);
        }
        let plan = Plan::new(*registry, registry.query(&self.query, "")?)?;
        let source: Arc<dyn Source> = match self.input.as_path() {
            path if is_dash(path) => Arc::new(Stdin),
            path => Arc::new(File { path: path.to_owned() }),
        };
        let meter = Arc::new(Meter::default());
        let reader = Reader::open(source, None, *source_timeout, meter.clone()).await?;
        let mut run = SessionDriver::new(reader, plan.start(settings), decode_pool.clone());
        let head = run.commit().await?;
        let size = run.meta().size;

        let path = match self.target {
            Target::Stdout => None,
            Target::File(path) => Some(path),
            Target::Folder(folder) => {
                std::fs::create_dir_all(&folder).map_err(unwritable)?;
                Some(folder.join(file_name(&self.input, head)))
            }
        };
        let bytes_out = match path {
            None => copy(run, tokio::io::stdout()).await?,
            Some(path) => {
                let is_free =
                    self.claimed.lock().unwrap_or_else(PoisonError::into_inner).insert(path.clone());
                if !is_free {
                    let message = format!("{} is made of another input already", path.display());
                    return Err(Error::new(Kind::Conflict, "output", message));
                }
                write(run, &path, self.force).await?
            }
        };
        let bytes_in = size.unwrap_or_else(|| meter.read());
        Ok(Outcome::Made { bytes_in, bytes_out })
    }
}

/// Whether the file starts as a picture does. What cannot be read may be one.
fn is_picture(path: &Path) -> bool {
    /// Enough for every signature.
    const HEAD_BYTES: u64 = 4096;
    let mut head = Vec::new();
    let read = std::fs::File::open(path).and_then(|file| file.take(HEAD_BYTES).read_to_end(&mut head));
    read.is_err() || matches!(Format::detect(&head), Detection::Known(_))
}

/// The input's name, with the extension of what the answer is.
fn file_name(input: &Path, head: Head) -> OsString {
    let name = input.file_name().unwrap_or_default();
    if head.content_type == "application/json" {
        let mut name = name.to_owned();
        name.push(".json");
        return name;
    }
    let own = input.extension().map(|extension| extension.to_string_lossy().to_ascii_lowercase());
    match extensions(head.content_type) {
        [usual, ..] if own.is_none_or(|own| !extensions(head.content_type).contains(&own.as_str())) => {
            Path::new(name).with_extension(usual).into_os_string()
        }
        _ => name.to_owned(),
    }
}

/// The usual file extensions of a MIME type, the most common first; none where the name is kept as it is.
fn extensions(mime: &str) -> &'static [&'static str] {
    match Format::from_mime(mime) {
        Some(format) if format.abilities().encode => format.extensions(),
        _ => &[],
    }
}

/// Makes `path` appear at once and whole, or not at all. How many bytes it has.
async fn write(run: SessionDriver, path: &Path, force: bool) -> Result<u64> {
    let exists = || {
        let message = format!("{} exists; --force replaces it", path.display());
        Error::new(Kind::Conflict, "output", message)
    };
    if !force && path.exists() {
        return Err(exists());
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let (file, temporary) = temporary_in(folder).map_err(unwritable)?.into_parts();
    let bytes = copy(run, tokio::fs::File::from_std(file)).await?;
    if force {
        temporary.persist(path).map_err(|error| unwritable(error.error))?;
        return Ok(bytes);
    }
    temporary.persist_noclobber(path).map_err(|error| match error.error.kind() {
        io::ErrorKind::AlreadyExists => exists(),
        _ => unwritable(error.error),
    })?;
    Ok(bytes)
}

/// A file with the permissions that any new file would have, not the narrow ones of a temporary one.
fn temporary_in(folder: &Path) -> io::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    builder.prefix(".safelight-").tempfile_in(folder)
}

async fn copy(mut run: SessionDriver, mut output: impl AsyncWrite + Unpin) -> Result<u64> {
    let mut count = 0;
    while let Some(bytes) = run.next().await? {
        output.write_all(&bytes).await.map_err(unwritable)?;
        count += bytes.len() as u64;
    }
    output.flush().await.map_err(unwritable)?;
    Ok(count)
}

fn unwritable(error: io::Error) -> Error {
    Error::new(Kind::Internal, "output", "cannot be written").with_source(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_what_the_answer_is() {
        let check = |input: &str, content_type, expected: &str| {
            assert_eq!(file_name(Path::new(input), Head { content_type }), expected);
        };
        check("a/in.jpg", "image/webp", "in.webp");
        check("a/in.JPEG", "image/jpeg", "in.JPEG");
        check("in.tar.png", "image/avif", "in.tar.avif");
        check("in", "image/png", "in.png");
        check("in.heic", "image/heif", "in.heic");
        check("in.jpg", "application/json", "in.jpg.json");
    }
}
