//! The conversion of one file. Its output appears at once and whole, or not at all.

use super::{
    Existing, SkipReason,
    names::{Target, expected_type},
};
use safelight_core::{Detection, Error, Format, Kind, Query, Result};
use safelight_service::{
    driver::SessionDriver,
    handle::Service,
    meter::Meter,
    source::{File, Reader, Stdin},
    streaming::Streaming,
};
use std::{
    collections::HashSet,
    io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};
use tempfile::NamedTempFile;
use tokio::io::{AsyncWrite, AsyncWriteExt};

/// The conversion of one file.
pub(super) struct Task {
    pub(super) service: Service,
    /// The query as it was given.
    pub(super) query: String,
    pub(super) parsed: Query,
    /// Whether the output may have another format than the input without a query that says so.
    pub(super) converts: bool,
    pub(super) input: Source,
    pub(super) target: Target,
    pub(super) existing: Existing,
    /// Whether nothing is written.
    pub(super) is_dry_run: bool,
    /// Whether a file that is not an image, or cannot be converted, is skipped instead of failing.
    pub(super) may_be_skipped: bool,
    /// The output files of the batch: the outputs of two inputs may get the same name.
    pub(super) claimed: Arc<Mutex<HashSet<PathBuf>>>,
}

/// An input.
#[derive(Clone, Debug)]
pub(super) enum Source {
    Stdin,
    File(PathBuf),
}

/// The result of a task.
pub(super) enum Outcome {
    Converted { output: Option<PathBuf>, bytes_in: u64, bytes_out: u64 },
    Skipped(SkipReason),
    Stopped,
}

impl Source {
    /// The path as it was given.
    pub(super) fn path(&self) -> &Path {
        match self {
            Self::Stdin => Path::new(super::DASH),
            Self::File(path) => path,
        }
    }
}

impl Task {
    pub(super) async fn run(self) -> Result<Outcome> {
        /// Enough for every signature.
        const HEAD_BYTES: usize = 4096;
        let Service { settings, source_timeout, decode_pool, .. } = &self.service;
        let source: Arc<dyn safelight_service::source::Source> = match &self.input {
            Source::Stdin => Arc::new(Stdin),
            Source::File(path) => Arc::new(File { path: path.clone() }),
        };
        let meter = Arc::new(Meter::new(self.service.metrics.clone()));
        let mut reader = Reader::open(source, *source_timeout, meter.clone()).await?;
        let format = match Format::detect(&reader.head(HEAD_BYTES).await?) {
            Detection::Known(format) => Some(format),
            _ if self.may_be_skipped => return Ok(Outcome::Skipped(SkipReason::NotAnImage)),
            _ => None,
        };
        if self.existing == Existing::Skip {
            let expected = expected_type(&self.parsed, format).and_then(|mime| self.path(mime));
            if expected.is_some_and(|path| path.exists()) {
                return Ok(Outcome::Skipped(SkipReason::Existing));
            }
        }

        let query = if self.converts {
            self.target.query(&self.query, &self.parsed, format)?
        } else {
            self.query.clone()
        };
        let parsed = self.service.query(&query, "")?.query;
        let (plan, _) = self.service.plan(&parsed, &meter).await?;
        let mut driver = SessionDriver::new(reader, plan.start(settings), decode_pool.clone());
        let head = match driver.commit(Streaming::default().lookahead_bytes).await {
            Err(error) if self.may_be_skipped && error.kind == Kind::UnsupportedFormat => {
                return Ok(Outcome::Skipped(SkipReason::Unsupported(error.message)));
            }
            head => head?,
        };
        self.target.check(&parsed, head.content_type)?;
        let size = driver.meta().size;
        let output = self.path(head.content_type);
        let bytes_out = match output.clone() {
            Some(path) if self.is_dry_run => {
                self.claim(&path)?;
                if self.existing == Existing::Fail && path.exists() {
                    return Err(exists(&path));
                }
                copy(driver, tokio::io::sink()).await?
            }
            None if self.is_dry_run => copy(driver, tokio::io::sink()).await?,
            None => copy(driver, tokio::io::stdout()).await?,
            Some(path) if self.existing == Existing::Skip && path.exists() => {
                return Ok(Outcome::Skipped(SkipReason::Existing));
            }
            Some(path) => {
                if let Target::Folder { path, .. } = &self.target {
                    std::fs::create_dir_all(path).map_err(unwritable)?;
                }
                self.claim(&path)?;
                write(driver, &path, self.existing == Existing::Replace).await?
            }
        };
        let bytes_in = size.unwrap_or_else(|| meter.read());
        Ok(Outcome::Converted { output, bytes_in, bytes_out })
    }

    /// Returns the path of the output; `None` for standard output.
    fn path(&self, content_type: &str) -> Option<PathBuf> {
        self.target.path(self.input.path(), &self.parsed, content_type)
    }

    /// Takes `path` for this output.
    ///
    /// # Errors
    /// [`Kind::Conflict`] if another output of the batch has it.
    fn claim(&self, path: &Path) -> Result<()> {
        if self.claimed.lock().unwrap_or_else(PoisonError::into_inner).insert(path.to_owned()) {
            return Ok(());
        }
        let message = format!("{} is already the output of another input", path.display());
        Err(Error::new(Kind::Conflict, "output", message))
    }
}

/// Writes `path` at once and whole, or not at all. Returns its length.
async fn write(driver: SessionDriver, path: &Path, force: bool) -> Result<u64> {
    if !force && path.exists() {
        return Err(exists(path));
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let (file, temporary) = temporary_in(folder).map_err(unwritable)?.into_parts();
    let bytes = copy(driver, tokio::fs::File::from_std(file)).await?;
    if force {
        temporary.persist(path).map_err(|error| unwritable(error.error))?;
        return Ok(bytes);
    }
    temporary.persist_noclobber(path).map_err(|error| match error.error.kind() {
        io::ErrorKind::AlreadyExists => exists(path),
        _ => unwritable(error.error),
    })?;
    Ok(bytes)
}

fn exists(path: &Path) -> Error {
    let message = format!("{} already exists: use --force to replace it, or --skip-existing", path.display());
    Error::new(Kind::Conflict, "output", message)
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
