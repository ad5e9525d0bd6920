//! The conversion of one file. Its output appears at once and whole, or not at all.

use super::is_dash;
use safelight_core::{Detection, Error, Format, Head, Kind, Plan, Result};
use safelight_service::{
    driver::SessionDriver,
    handle::Service,
    meter::Meter,
    source::{File, Reader, Source, Stdin},
};
use std::{
    collections::HashSet,
    ffi::OsString,
    io::{self, Read},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};
use tempfile::NamedTempFile;
use tokio::io::{AsyncWrite, AsyncWriteExt};

/// The conversion of one file.
pub(super) struct Task {
    pub(super) service: Service,
    pub(super) query: String,
    pub(super) input: PathBuf,
    pub(super) target: Target,
    pub(super) force: bool,
    /// Whether a file that is not an image is skipped instead of failing.
    pub(super) may_be_skipped: bool,
    /// The output files of the batch: the outputs of two inputs may get the same name.
    pub(super) claimed: Arc<Mutex<HashSet<PathBuf>>>,
}

/// The destination of the output.
pub(super) enum Target {
    Stdout,
    File(PathBuf),
    /// A file in this folder, with the input's name.
    Folder(PathBuf),
}

/// The result of a task.
pub(super) enum Outcome {
    Converted { bytes_in: u64, bytes_out: u64 },
    Skipped,
    Stopped,
}

impl Task {
    pub(super) async fn run(self) -> Result<Outcome> {
        let Service { registry, settings, source_timeout, decode_pool } = &self.service;
        if self.may_be_skipped && !is_image(&self.input) {
            return Ok(Outcome::Skipped);
        }
        let plan = Plan::new(*registry, registry.query(&self.query, "")?)?;
        let source: Arc<dyn Source> = match self.input.as_path() {
            path if is_dash(path) => Arc::new(Stdin),
            path => Arc::new(File { path: path.to_owned() }),
        };
        let meter = Arc::new(Meter::default());
        let reader = Reader::open(source, *source_timeout, meter.clone()).await?;
        let mut driver = SessionDriver::new(reader, plan.start(settings), decode_pool.clone());
        let head = driver.commit().await?;
        let size = driver.meta().size;

        let path = match self.target {
            Target::Stdout => None,
            Target::File(path) => Some(path),
            Target::Folder(folder) => {
                std::fs::create_dir_all(&folder).map_err(unwritable)?;
                Some(folder.join(file_name(&self.input, head)))
            }
        };
        let bytes_out = match path {
            None => copy(driver, tokio::io::stdout()).await?,
            Some(path) => {
                let is_free =
                    self.claimed.lock().unwrap_or_else(PoisonError::into_inner).insert(path.clone());
                if !is_free {
                    let message = format!("{} is already the output of another input", path.display());
                    return Err(Error::new(Kind::Conflict, "output", message));
                }
                write(driver, &path, self.force).await?
            }
        };
        let bytes_in = size.unwrap_or_else(|| meter.read());
        Ok(Outcome::Converted { bytes_in, bytes_out })
    }
}

/// Returns whether the file begins like an image. A file that cannot be read counts as one, so that it fails.
fn is_image(path: &Path) -> bool {
    /// Enough for every signature.
    const HEAD_BYTES: u64 = 4096;
    let mut head = Vec::new();
    let read = std::fs::File::open(path).and_then(|file| file.take(HEAD_BYTES).read_to_end(&mut head));
    read.is_err() || matches!(Format::detect(&head), Detection::Known(_))
}

/// Returns the input's name with the extension of the output's type.
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

/// Returns the file extensions of a MIME type, the usual one first; none if the name stays unchanged.
fn extensions(mime: &str) -> &'static [&'static str] {
    match Format::from_mime(mime) {
        Some(format) if format.abilities().encode => format.extensions(),
        _ => &[],
    }
}

/// Writes `path` at once and whole, or not at all. Returns its length.
async fn write(driver: SessionDriver, path: &Path, force: bool) -> Result<u64> {
    let exists = || {
        let message = format!("{} already exists: use --force to replace it", path.display());
        Error::new(Kind::Conflict, "output", message)
    };
    if !force && path.exists() {
        return Err(exists());
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let (file, temporary) = temporary_in(folder).map_err(unwritable)?.into_parts();
    let bytes = copy(driver, tokio::fs::File::from_std(file)).await?;
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

/// Creates a temporary file with the permissions of any new file, instead of the narrow ones of temporary files.
fn temporary_in(folder: &Path) -> io::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    builder.prefix(".safelight-").tempfile_in(folder)
}

async fn copy(mut driver: SessionDriver, mut output: impl AsyncWrite + Unpin) -> Result<u64> {
    let mut count = 0;
    while let Some(bytes) = driver.next().await? {
        output.write_all(&bytes).await.map_err(unwritable)?;
        count += bytes.len() as u64;
    }
    output.flush().await.map_err(unwritable)?;
    Ok(count)
}

fn unwritable(error: io::Error) -> Error {
    Error::new(Kind::Internal, "output", "cannot write the output").with_source(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_the_type_of_the_output() {
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
