//! The result of a batch.

use indicatif::HumanBytes;
use safelight_core::Error;
use safelight_service::log::chain;
use serde_json::{Value, json};
use std::{
    fmt::{self, Display, Formatter},
    path::PathBuf,
};

/// The result of a batch.
#[derive(Debug, Default)]
pub struct Report {
    /// Files that were converted, in the order of the inputs.
    pub converted: Vec<Converted>,
    /// Files and folders that were skipped, in the order of the inputs.
    pub skipped: Vec<Skipped>,
    /// Number of files that were not converted before the batch was stopped.
    pub stopped: u64,
    /// Files that failed, in the order of the inputs.
    pub failures: Vec<Failure>,
}

/// A file that was converted.
#[derive(Debug)]
pub struct Converted {
    /// Path as it was given.
    pub input: PathBuf,
    /// Path of the output; `None` for standard output.
    pub output: Option<PathBuf>,
    /// Bytes of the source.
    pub bytes_in: u64,
    /// Bytes of the output.
    pub bytes_out: u64,
}

/// A file or a folder that was skipped.
#[derive(Debug)]
pub struct Skipped {
    /// Its path.
    pub path: PathBuf,
    /// Reason.
    pub reason: SkipReason,
}

/// A reason to skip a file or a folder, which is no failure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SkipReason {
    /// Its name begins with a dot.
    Hidden,
    /// It is a symbolic link in a folder.
    Link,
    /// It is neither a file nor a folder: a device, a socket or a pipe.
    Special,
    /// It is not an image.
    NotAnImage,
    /// It is an image that the batch cannot convert, for this reason.
    Unsupported(String),
    /// Its output exists.
    Existing,
}

/// A file that failed.
#[derive(Debug)]
pub struct Failure {
    /// Path as it was given.
    pub input: PathBuf,
    /// Reason.
    pub error: Error,
}

impl SkipReason {
    /// Returns whether users have to hear of each such file. Others are only counted.
    pub fn is_notable(&self) -> bool {
        !matches!(self, Self::NotAnImage | Self::Existing)
    }

    /// Returns the reason as it counts files.
    const fn noun(&self) -> &'static str {
        match self {
            Self::Hidden => "hidden",
            Self::Link => "symbolic link",
            Self::Special => "not a file",
            Self::NotAnImage => "not an image",
            Self::Unsupported(_) => "unsupported",
            Self::Existing => "existing",
        }
    }
}

impl Display for SkipReason {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Hidden => f.write_str("hidden: its name begins with a dot"),
            Self::Unsupported(reason) => f.write_str(reason),
            _ => f.write_str(self.noun()),
        }
    }
}

impl Report {
    /// Returns the report as JSON, for other programs.
    pub fn to_json(&self) -> Value {
        let converted = self.converted.iter().map(|Converted { input, output, bytes_in, bytes_out }| {
            json!({ "input": input, "output": output, "bytesIn": bytes_in, "bytesOut": bytes_out })
        });
        let skipped = self.skipped.iter().map(|Skipped { path, reason }| {
            json!({ "input": path, "reason": reason.noun(), "message": reason.to_string() })
        });
        let failed = self.failures.iter().map(|Failure { input, error }| {
            json!({ "input": input, "kind": error.kind.name(), "message": chain(error) })
        });
        json!({
            "converted": converted.collect::<Vec<_>>(),
            "skipped": skipped.collect::<Vec<_>>(),
            "failed": failed.collect::<Vec<_>>(),
            "stopped": self.stopped,
        })
    }
}

impl Display for Report {
    /// Writes one line.
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self { converted, skipped, stopped, failures } = self;
        let bytes_in: u64 = converted.iter().map(|converted| converted.bytes_in).sum();
        let bytes_out: u64 = converted.iter().map(|converted| converted.bytes_out).sum();
        write!(f, "{} converted, {} failed, {} skipped", converted.len(), failures.len(), skipped.len())?;
        let mut counts: Vec<(&str, u64)> = Vec::new();
        for noun in skipped.iter().map(|skipped| skipped.reason.noun()) {
            match counts.iter_mut().find(|(known, _)| *known == noun) {
                Some((_, count)) => *count += 1,
                None => counts.push((noun, 1)),
            }
        }
        if !counts.is_empty() {
            let counts: Vec<_> = counts.iter().map(|(noun, count)| format!("{count} {noun}")).collect();
            write!(f, " ({})", counts.join(", "))?;
        }
        if 0 < *stopped {
            write!(f, ", {stopped} stopped")?;
        }
        if bytes_in == 0 {
            return Ok(());
        }
        let (from, to) = (HumanBytes(bytes_in), HumanBytes(bytes_out));
        let percent = 100 * bytes_in.abs_diff(bytes_out) / bytes_in;
        let word = if bytes_out <= bytes_in { "smaller" } else { "larger" };
        write!(f, "; {from} became {to}, {percent} % {word}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn skipped(reasons: &[SkipReason]) -> Vec<Skipped> {
        reasons.iter().map(|reason| Skipped { path: PathBuf::new(), reason: reason.clone() }).collect()
    }

    fn converted(count: usize) -> Vec<Converted> {
        let one = |_| Converted { input: PathBuf::from("a"), output: None, bytes_in: 0, bytes_out: 0 };
        (0..count).map(one).collect()
    }

    #[test]
    fn a_report_is_one_line() {
        let check = |bytes_in, bytes_out, expected: &str| {
            let skipped = skipped(&[SkipReason::NotAnImage]);
            let mut converted = converted(3);
            (converted[1].bytes_in, converted[1].bytes_out) = (bytes_in, bytes_out);
            let report = Report { converted, skipped, ..Report::default() };
            assert_eq!(report.to_string(), expected);
        };
        let skips = "3 converted, 0 failed, 1 skipped (1 not an image)";
        check(4096, 1024, &format!("{skips}; 4.00 KiB became 1.00 KiB, 75 % smaller"));
        check(1024, 1536, &format!("{skips}; 1.00 KiB became 1.50 KiB, 50 % larger"));
        check(0, 0, skips);
        let reasons = [SkipReason::Hidden, SkipReason::Link, SkipReason::Hidden, SkipReason::Existing];
        let report =
            Report { converted: converted(1), skipped: skipped(&reasons), stopped: 4, ..Report::default() };
        let expected = "1 converted, 0 failed, 4 skipped (2 hidden, 1 symbolic link, 1 existing), 4 stopped";
        assert_eq!(report.to_string(), expected);
        assert_eq!(Report::default().to_string(), "0 converted, 0 failed, 0 skipped");
    }
}
