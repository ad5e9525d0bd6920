//! The command-line door: the same sessions, from file to file.

use crate::{
    handle::Service,
    run::Run,
    source::{File, Reader, Source, Stdin},
};
use futures_util::{StreamExt, stream};
use safelight_core::{Error, Head, Kind, Plan, Result};
use std::{
    collections::HashSet,
    ffi::OsString,
    io,
    path::{Path, PathBuf},
    sync::Arc,
};
use tempfile::NamedTempFile;
use tokio::io::{AsyncWrite, AsyncWriteExt};

/// The name that stands for standard input and output.
const DASH: &str = "-";

/// Which files to make of which.
#[derive(Clone, Debug)]
pub struct Job {
    /// The query, as it would follow the question mark of a URL.
    pub query: String,
    /// Files, or `-`.
    pub inputs: Vec<PathBuf>,
    /// A file, a folder, or `-`. With several inputs it is a folder, which is made if need be.
    pub output: PathBuf,
    /// Whether files that exist are replaced. Defaults to `false`.
    pub force: bool,
}

/// A file that was not made, and why.
#[derive(Debug)]
pub struct Failure {
    /// As it was named.
    pub input: PathBuf,
    /// Why.
    pub error: Error,
}

/// Does the job, several files at a time; one that fails keeps no other from being made, and leaves
/// nothing behind.
pub async fn transform_files(service: &Service, job: &Job) -> Vec<Failure> {
    let tasks = match tasks(service, job) {
        Ok(tasks) => tasks,
        Err((input, error)) => return vec![Failure { input, error }],
    };
    let at_once = std::thread::available_parallelism().map_or(1, usize::from);
    stream::iter(tasks)
        .map(|task| async {
            let input = task.input.clone();
            let defect = |_| Err(Error::new(Kind::Internal, "run", "failed unexpectedly"));
            let made = tokio::spawn(task.run()).await.unwrap_or_else(defect);
            made.err().map(|error| Failure { input, error })
        })
        .buffered(at_once)
        .filter_map(std::future::ready)
        .collect()
        .await
}

/// One file to make.
struct Task {
    service: Service,
    query: String,
    input: PathBuf,
    target: Target,
    force: bool,
}

/// Where an answer goes.
enum Target {
    Stdout,
    File(PathBuf),
    /// Into this folder, under the input's name.
    Folder(PathBuf),
}

/// Says for each input where its answer goes.
fn tasks(service: &Service, job: &Job) -> Result<Vec<Task>, (PathBuf, Error)> {
    let wrong =
        |input: &Path, message: &str| (input.to_owned(), Error::new(Kind::InvalidParam, "output", message));
    let several = 1 < job.inputs.len();
    let is_folder = several || job.output.is_dir() || job.output.as_os_str().to_string_lossy().ends_with('/');
    let mut names = HashSet::new();
    let mut tasks = Vec::new();
    for input in &job.inputs {
        let target = if job.output == Path::new(DASH) {
            if several {
                return Err(wrong(input, "standard output takes the answer of one input only"));
            }
            Target::Stdout
        } else if is_folder {
            if input == Path::new(DASH) {
                return Err(wrong(input, "standard input needs a file as output, not a folder"));
            }
            if !names.insert(input.file_name()) {
                return Err(wrong(input, "another input of the same name goes into the same folder"));
            }
            Target::Folder(job.output.clone())
        } else {
            Target::File(job.output.clone())
        };
        let (service, query) = (service.clone(), job.query.clone());
        tasks.push(Task { service, query, input: input.clone(), target, force: job.force });
    }
    Ok(tasks)
}

impl Task {
    async fn run(self) -> Result<()> {
        let Service { registry, settings, source_timeout, workshop } = &self.service;
        let plan = Plan::new(*registry, registry.query(&self.query, "")?)?;
        let source: Arc<dyn Source> = match self.input.as_path() {
            path if path == Path::new(DASH) => Arc::new(Stdin),
            path => Arc::new(File { path: path.to_owned() }),
        };
        let reader = Reader::open(source, None, *source_timeout, Arc::default()).await?;
        let mut run = Run::new(reader, plan.start(settings), workshop.clone());
        let head = run.commit().await?;

        let path = match self.target {
            Target::Stdout => return copy(run, tokio::io::stdout()).await,
            Target::File(path) => path,
            Target::Folder(folder) => {
                std::fs::create_dir_all(&folder).map_err(unwritable)?;
                folder.join(file_name(&self.input, head))
            }
        };
        write(run, &path, self.force).await
    }
}

/// The input's name; an answer that is no picture is not named like one.
fn file_name(input: &Path, head: Head) -> OsString {
    let mut name = input.file_name().unwrap_or_default().to_owned();
    if head.content_type == "application/json" {
        name.push(".json");
    }
    name
}

/// Makes `path` appear at once and whole, or not at all.
async fn write(run: Run, path: &Path, force: bool) -> Result<()> {
    let exists = || {
        let message = format!("{} exists; --force replaces it", path.display());
        Error::new(Kind::Conflict, "output", message)
    };
    if !force && path.exists() {
        return Err(exists());
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let (file, temporary) = temporary_in(folder).map_err(unwritable)?.into_parts();
    copy(run, tokio::fs::File::from_std(file)).await?;
    if force {
        return temporary.persist(path).map_err(|error| unwritable(error.error));
    }
    temporary.persist_noclobber(path).map_err(|error| match error.error.kind() {
        io::ErrorKind::AlreadyExists => exists(),
        _ => unwritable(error.error),
    })
}

/// A file with the permissions that any new file would have, not the narrow ones of a temporary one.
fn temporary_in(folder: &Path) -> io::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    builder.prefix(".safelight-").tempfile_in(folder)
}

async fn copy(mut run: Run, mut output: impl AsyncWrite + Unpin) -> Result<()> {
    while let Some(bytes) = run.next().await? {
        output.write_all(&bytes).await.map_err(unwritable)?;
    }
    output.flush().await.map_err(unwritable)
}

fn unwritable(error: io::Error) -> Error {
    Error::new(Kind::Internal, "output", "cannot be written").with_source(error)
}
