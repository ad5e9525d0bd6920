//! Transforms of files: the sessions of the server, from file to file.

mod query;
mod targets;
mod names;
mod template;
mod task;
mod report;

pub use report::{Converted, Failure, Report, SkipReason, Skipped};
pub use template::{Template, TemplateError};

use futures_util::FutureExt;
use indicatif::{ParallelProgressIterator, ProgressBar, ProgressStyle};
use rayon::{
    ThreadPoolBuilder,
    iter::{IntoParallelIterator, ParallelIterator},
};
use safelight_core::{Error, Kind, Query, Result};
use safelight_service::handle::Service;
use std::path::{Path, PathBuf};
use targets::Inputs;
use task::{Outcome, Task};
use tokio::{runtime::Handle, select};

/// The name of standard input and standard output.
const DASH: &str = "-";

/// A set of files to transform.
#[derive(Clone, Debug)]
pub struct Batch {
    /// Query as in a URL, with or without its question mark. Unknown keys are errors.
    pub query: String,
    /// Whether the extension of an output file chooses its format, where the query does not. Without, a name of
    /// another format is an error.
    pub converts: bool,
    /// Files, folders, or `-`. For a folder, all images in it and in its subfolders are read, except links
    /// and names that begin with a dot.
    pub inputs: Vec<PathBuf>,
    /// A file, a folder, or `-`. For several inputs, or for a folder, it is a folder, which is created if it does
    /// not exist.
    pub output: PathBuf,
    /// The treatment of outputs that exist. Defaults to [`Existing::Fail`].
    pub existing: Existing,
    /// Widths of several outputs for each input. Defaults to none: one output, by the query alone.
    pub widths: Vec<u32>,
    /// The names of outputs in a folder. Defaults to `None`: those of the inputs, and with widths `{stem}-{width}.{ext}`.
    pub name: Option<Template>,
    /// Whether nothing is written. Defaults to `false`.
    pub is_dry_run: bool,
    /// Whether no progress is shown. Defaults to `false`.
    pub is_quiet: bool,
}

/// The treatment of an output that exists.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Existing {
    /// It stays, and the conversion fails.
    #[default]
    Fail,
    /// It stays, and the input is skipped.
    Skip,
    /// It is replaced.
    Replace,
}

/// Transforms a batch, on each core a file at a time. A failure affects no other file and leaves no partial output.
/// When `stop` completes, the rest of the batch is abandoned. Shows progress if standard error is a terminal.
///
/// Call it on a thread that may block, within a Tokio runtime.
pub fn transform_files(
    service: &Service,
    batch: &Batch,
    stop: impl Future<Output = ()> + Send + 'static,
) -> Report {
    let failed = |failure| Report { failures: vec![failure], ..Report::default() };
    run(service, batch, stop).unwrap_or_else(failed)
}

/// Runs the batch. Fails if no file can be started.
fn run(
    service: &Service,
    batch: &Batch,
    stop: impl Future<Output = ()> + Send + 'static,
) -> Result<Report, Failure> {
    // The path of an error of the query is the query.
    let variants =
        variants(service, batch).map_err(|error| Failure { input: batch.query.clone().into(), error })?;
    let Inputs { tasks, skipped, failures } = targets::inputs(service, batch, &variants)?;
    let no_threads = |error| {
        let error = Error::new(Kind::Internal, "files", "cannot start threads").with_source(error);
        Failure { input: batch.output.clone(), error }
    };
    // A separate pool, because its threads wait for work that runs on the common pool.
    let pool = ThreadPoolBuilder::new().build().map_err(no_threads)?;
    let progress = if batch.is_quiet { ProgressBar::hidden() } else { progress(tasks.len()) };
    let runtime = Handle::current();
    let stop = stop.shared();
    let convert = |task: Task| {
        let input = task.input.path().to_owned();
        let stop = stop.clone();
        let work = async {
            select! {
                biased;
                () = stop => Ok(Outcome::Stopped),
                outcome = task.run() => outcome,
            }
        };
        let defect =
            |_| Err(Error::new(Kind::Internal, "files", "the conversion failed because of a defect"));
        (input, runtime.block_on(runtime.spawn(work)).unwrap_or_else(defect))
    };
    let outcomes: Vec<_> =
        pool.install(|| tasks.into_par_iter().progress_with(progress.clone()).map(convert).collect());
    progress.finish_and_clear();
    let report = Report { skipped, failures, ..Report::default() };
    Ok(outcomes.into_iter().fold(report, Report::with))
}

/// One of the outputs for each input.
#[derive(Clone, Debug)]
struct Variant {
    /// The query as it was given, without its question mark, and with the width.
    query: String,
    parsed: Query,
}

/// Returns the variants of the batch: one for each width, else one.
fn variants(service: &Service, batch: &Batch) -> Result<Vec<Variant>> {
    let raw = query::without_mark(&batch.query);
    let variant = |query: String| {
        let parsed = query::parse(service, &query)?;
        Ok(Variant { query, parsed })
    };
    if batch.widths.is_empty() {
        return Ok(vec![variant(raw.to_owned())?]);
    }
    let separator = if raw.is_empty() { "" } else { "&" };
    batch.widths.iter().map(|width| variant(format!("{raw}{separator}width={width}"))).collect()
}

impl Report {
    fn with(mut self, (input, outcome): (PathBuf, Result<Outcome>)) -> Self {
        match outcome {
            Ok(Outcome::Converted { output, bytes_in, bytes_out }) => {
                self.converted.push(Converted { input, output, bytes_in, bytes_out });
            }
            Ok(Outcome::Skipped(reason)) => self.skipped.push(Skipped { path: input, reason }),
            Ok(Outcome::Stopped) => self.stopped += 1,
            Err(error) => self.failures.push(Failure { input, error }),
        }
        self
    }
}

/// Returns a progress bar; a hidden one for a single file.
fn progress(files: usize) -> ProgressBar {
    if files < 2 {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{bar:40} {pos} of {len} files, {eta} left");
    ProgressBar::new(files as u64).with_style(style.expect("a test checks the template"))
}

fn is_dash(path: &Path) -> bool {
    path == Path::new(DASH)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_progress_bar_is_for_several_files() {
        assert_eq!(progress(2).length(), Some(2));
        assert!(progress(1).is_hidden());
    }
}
