//! The command-line door: the same sessions, from file to file.

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

/// The name that stands for standard input and output.
const DASH: &str = "-";

/// Which files to make of which.
#[derive(Clone, Debug)]
pub struct Batch {
    /// The query, as it would follow the question mark of a URL.
    pub query: String,
    /// Files, folders, or `-`. Of a folder every picture is taken, in folders within it too, but nothing
    /// whose name starts with a dot, and no link is followed.
    pub inputs: Vec<PathBuf>,
    /// A file, a folder, or `-`. With several inputs, or a folder, it is a folder, which is made if need
    /// be.
    pub output: PathBuf,
    /// Whether files that exist are replaced. Defaults to `false`.
    pub force: bool,
}

/// What became of a batch.
#[derive(Debug, Default)]
pub struct Report {
    /// Files that were made.
    pub made: u64,
    /// Bytes of the sources of those.
    pub bytes_in: u64,
    /// Bytes of what was made.
    pub bytes_out: u64,
    /// Files in folders that are no pictures.
    pub left_out: u64,
    /// Files that were not made, or looked at, before the work was stopped.
    pub stopped: u64,
    /// Those that were not made, in the order of the inputs.
    pub failures: Vec<Failure>,
}

/// A file that was not made, and why.
#[derive(Debug)]
pub struct Failure {
    /// As it was named.
    pub input: PathBuf,
    /// Why.
    pub error: Error,
}

/// Does the batch, a file on each core at a time; one that fails keeps no other from being made, and leaves
/// nothing behind. When `stop` is done, what is not made yet is given up. Progress is shown where standard
/// error is a terminal.
///
/// To be called on a thread that may block, within a Tokio runtime.
pub fn transform_files(
    service: &Service,
    batch: &Batch,
    stop: impl Future<Output = ()> + Send + 'static,
) -> Report {
    let failed = |failure| Report { failures: vec![failure], ..Report::default() };
    run(service, batch, stop).unwrap_or_else(failed)
}

/// Fails if no file can be begun.
fn run(
    service: &Service,
    batch: &Batch,
    stop: impl Future<Output = ()> + Send + 'static,
) -> Result<Report, Failure> {
    let tasks = targets::tasks(service, batch)?;
    let no_threads = |error| {
        let error = Error::new(Kind::Internal, "files", "no threads can be started").with_source(error);
        Failure { input: batch.output.clone(), error }
    };
    // A pool of its own: its threads wait for work that may be shared out over the common one.
    let pool = ThreadPoolBuilder::new().build().map_err(no_threads)?;
    let progress = progress(tasks.len());
    let runtime = Handle::current();
    let stop = stop.shared();
    let make = |task: Task| {
        let input = task.input.clone();
        let stop = stop.clone();
        let work = async {
            select! {
                biased;
                () = stop => Ok(Outcome::Stopped),
                outcome = task.run() => outcome,
            }
        };
        let defect = |_| Err(Error::new(Kind::Internal, "run", "failed unexpectedly"));
        (input, runtime.block_on(runtime.spawn(work)).unwrap_or_else(defect))
    };
    let done: Vec<_> =
        pool.install(|| tasks.into_par_iter().progress_with(progress.clone()).map(make).collect());
    progress.finish_and_clear();
    Ok(done.into_iter().fold(Report::default(), Report::with))
}

impl Report {
    fn with(mut self, (input, outcome): (PathBuf, Result<Outcome>)) -> Self {
        match outcome {
            Ok(Outcome::Made { bytes_in, bytes_out }) => {
                self.made += 1;
                self.bytes_in += bytes_in;
                self.bytes_out += bytes_out;
            }
            Ok(Outcome::LeftOut) => self.left_out += 1,
            Ok(Outcome::Stopped) => self.stopped += 1,
            Err(error) => self.failures.push(Failure { input, error }),
        }
        self
    }
}

impl Display for Report {
    /// One line.
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self { made, bytes_in, bytes_out, left_out, stopped, failures } = self;
        write!(f, "{made} made, {} failed, {left_out} left out that are no pictures", failures.len())?;
        if 0 < *stopped {
            write!(f, ", {stopped} not made before it was stopped")?;
        }
        if *bytes_in == 0 {
            return Ok(());
        }
        let (from, to) = (HumanBytes(*bytes_in), HumanBytes(*bytes_out));
        let percent = 100 * bytes_in.abs_diff(*bytes_out) / bytes_in;
        let saved = if bytes_out <= bytes_in { "saved" } else { "more" };
        write!(f, "; {from} became {to}, {percent} % {saved}")
    }
}

/// A bar, unless there is but one file.
fn progress(files: usize) -> ProgressBar {
    if files < 2 {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{bar:40} {pos} of {len} files, {eta} left");
    ProgressBar::new(files as u64).with_style(style.expect("the template is right, as a test says"))
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
            let report = Report { made: 3, bytes_in, bytes_out, left_out: 1, ..Report::default() };
            assert_eq!(report.to_string(), expected);
        };
        check(
            4096,
            1024,
            "3 made, 0 failed, 1 left out that are no pictures; 4.00 KiB became 1.00 KiB, 75 % saved",
        );
        check(
            1024,
            1536,
            "3 made, 0 failed, 1 left out that are no pictures; 1.00 KiB became 1.50 KiB, 50 % more",
        );
        check(0, 0, "3 made, 0 failed, 1 left out that are no pictures");
        let report = Report { made: 1, stopped: 4, ..Report::default() };
        let expected = "1 made, 0 failed, 0 left out that are no pictures, 4 not made before it was stopped";
        assert_eq!(report.to_string(), expected);
    }

    #[test]
    fn a_bar_is_for_several_files() {
        assert_eq!(progress(2).length(), Some(2));
        assert!(progress(1).is_hidden());
    }
}
