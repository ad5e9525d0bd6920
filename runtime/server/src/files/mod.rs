//! Transforms of files: the sessions of the server, from file to file.

mod targets;
mod task;

use futures_util::FutureExt;
use indicatif::{HumanBytes, ParallelProgressIterator, ProgressBar, ProgressStyle};
use rayon::{
    ThreadPoolBuilder,
    iter::{IntoParallelIterator, ParallelIterator},
};
use safelight_core::{Error, Kind, Result};
use safelight_service::handle::Service;
use std::{
    fmt::{self, Display, Formatter},
    path::{Path, PathBuf},
};
use task::{Outcome, Task};
use tokio::{runtime::Handle, select};

/// The name of standard input and standard output.
const DASH: &str = "-";

/// A set of files to transform.
#[derive(Clone, Debug)]
pub struct Batch {
    /// Query as in a URL, after the question mark.
    pub query: String,
    /// Files, folders, or `-`. For a folder, all images in it and in its subfolders are read, except links
    /// and names that begin with a dot.
    pub inputs: Vec<PathBuf>,
    /// A file, a folder, or `-`. For several inputs, or for a folder, it is a folder, which is created if it does
    /// not exist.
    pub output: PathBuf,
    /// Whether existing files are replaced. Defaults to `false`.
    pub force: bool,
}

/// The result of a batch.
#[derive(Debug, Default)]
pub struct Report {
    /// Number of files that were converted.
    pub converted: u64,
    /// Bytes of their sources.
    pub bytes_in: u64,
    /// Bytes that were written.
    pub bytes_out: u64,
    /// Number of files in folders that are not images.
    pub skipped: u64,
    /// Number of files that were not converted before the batch was stopped.
    pub stopped: u64,
    /// Files that failed, in the order of the inputs.
    pub failures: Vec<Failure>,
}

/// A file that failed.
#[derive(Debug)]
pub struct Failure {
    /// Path as it was given.
    pub input: PathBuf,
    /// Reason.
    pub error: Error,
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
    let tasks = targets::tasks(service, batch)?;
    let no_threads = |error| {
        let error = Error::new(Kind::Internal, "files", "cannot start threads").with_source(error);
        Failure { input: batch.output.clone(), error }
    };
    // A separate pool, because its threads wait for work that runs on the common pool.
    let pool = ThreadPoolBuilder::new().build().map_err(no_threads)?;
    let progress = progress(tasks.len());
    let runtime = Handle::current();
    let stop = stop.shared();
    let convert = |task: Task| {
        let input = task.input.clone();
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
    Ok(outcomes.into_iter().fold(Report::default(), Report::with))
}

impl Report {
    fn with(mut self, (input, outcome): (PathBuf, Result<Outcome>)) -> Self {
        match outcome {
            Ok(Outcome::Converted { bytes_in, bytes_out }) => {
                self.converted += 1;
                self.bytes_in += bytes_in;
                self.bytes_out += bytes_out;
            }
            Ok(Outcome::Skipped) => self.skipped += 1,
            Ok(Outcome::Stopped) => self.stopped += 1,
            Err(error) => self.failures.push(Failure { input, error }),
        }
        self
    }
}

impl Display for Report {
    /// Writes one line.
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self { converted, bytes_in, bytes_out, skipped, stopped, failures } = self;
        write!(f, "{converted} converted, {} failed, {skipped} skipped", failures.len())?;
        match *skipped {
            0 => (),
            1 => f.write_str(" (not an image)")?,
            _ => f.write_str(" (not images)")?,
        }
        if 0 < *stopped {
            write!(f, ", {stopped} stopped")?;
        }
        if *bytes_in == 0 {
            return Ok(());
        }
        let (from, to) = (HumanBytes(*bytes_in), HumanBytes(*bytes_out));
        let percent = 100 * bytes_in.abs_diff(*bytes_out) / bytes_in;
        let word = if bytes_out <= bytes_in { "smaller" } else { "larger" };
        write!(f, "; {from} became {to}, {percent} % {word}")
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
    fn a_report_is_one_line() {
        let check = |bytes_in, bytes_out, expected: &str| {
            let report = Report { converted: 3, bytes_in, bytes_out, skipped: 1, ..Report::default() };
            assert_eq!(report.to_string(), expected);
        };
        check(
            4096,
            1024,
            "3 converted, 0 failed, 1 skipped (not an image); 4.00 KiB became 1.00 KiB, 75 % smaller",
        );
        check(
            1024,
            1536,
            "3 converted, 0 failed, 1 skipped (not an image); 1.00 KiB became 1.50 KiB, 50 % larger",
        );
        check(0, 0, "3 converted, 0 failed, 1 skipped (not an image)");
        let report = Report { converted: 1, skipped: 2, stopped: 4, ..Report::default() };
        assert_eq!(report.to_string(), "1 converted, 0 failed, 2 skipped (not images), 4 stopped");
    }

    #[test]
    fn a_progress_bar_is_for_several_files() {
        assert_eq!(progress(2).length(), Some(2));
        assert!(progress(1).is_hidden());
    }
}
