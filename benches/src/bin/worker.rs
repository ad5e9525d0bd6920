//! The worker for Safelight of `peers/`: reads a job per line of JSON from standard input, writes a result
//! per line to standard output. `peers/README.md` describes the protocol.

use anyhow::Result;
use bytes::Bytes;
use rustix::time::{ClockId, clock_gettime};
use safelight_benches::{CHUNK_BYTES, run};
use safelight_core::{Flow, Plan, Settings, testing::Output};
use safelight_registry::REGISTRY;
use serde::{Deserialize, Serialize};
use std::{
    fs::{self, File},
    hint::black_box,
    io::{self, BufRead, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

fn main() -> Result<()> {
    let mut output = io::stdout().lock();
    writeln!(output, "ready")?;
    output.flush()?;
    let mut source = Source::default();
    for line in io::stdin().lock().lines() {
        let job: Job = serde_json::from_str(&line?)?;
        serde_json::to_writer(&mut output, &job.run(&mut source)?)?;
        output.write_all(b"\n")?;
        output.flush()?;
    }
    Ok(())
}

#[derive(Deserialize)]
struct Job {
    input: PathBuf,
    task: Task,
    /// Whether the source is in memory before the clock starts, or is read in chunks as by a server.
    from: From,
    /// Number of repeats; reported times are for one.
    repeat: u32,
    /// File for the last result.
    output: Option<PathBuf>,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum From {
    Memory,
    File,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase", tag = "kind")]
enum Task {
    Transform { width: u32, height: u32, format: String, quality: Option<u8> },
    Strip,
    Show,
}

#[derive(Serialize)]
struct Report {
    cpu_ns: u64,
    wall_ns: u64,
    bytes: usize,
}

/// The source of the last job, cached because the next job often has the same.
#[derive(Default)]
struct Source {
    path: PathBuf,
    bytes: Bytes,
}

impl Job {
    fn run(self, source: &mut Source) -> Result<Report> {
        let query = self.task.query();
        let transform: Box<dyn Fn() -> Result<Output>> = match self.from {
            From::File => Box::new(|| from_file(&query, &self.input)),
            From::Memory => {
                if source.path != self.input {
                    *source = Source { bytes: fs::read(&self.input)?.into(), path: self.input.clone() };
                }
                Box::new(|| Ok(run(&query, &source.bytes)?))
            }
        };
        let mut last = Output::default();
        let (cpu, wall) = (nanoseconds(ClockId::ProcessCPUTime), nanoseconds(ClockId::Monotonic));
        for _ in 0..self.repeat {
            last = black_box(transform()?);
        }
        let (cpu, wall) =
            (nanoseconds(ClockId::ProcessCPUTime) - cpu, nanoseconds(ClockId::Monotonic) - wall);
        let body = last.body();
        if let Some(path) = &self.output {
            fs::write(path, &body)?;
        }
        let each = |total: u64| total / u64::from(self.repeat.max(1));
        Ok(Report { cpu_ns: each(cpu), wall_ns: each(wall), bytes: body.len() })
    }
}

impl Task {
    /// Returns the query of a request for this task.
    fn query(&self) -> String {
        match self {
            Self::Strip => String::new(),
            Self::Show => "showExif=true".into(),
            Self::Transform { width, height, format, quality } => {
                let quality = quality.map(|quality| format!("&quality={quality}")).unwrap_or_default();
                format!("width={width}&height={height}&fit=fill&format={format}{quality}")
            }
        }
    }
}

/// Runs `query` on the file at `path`. Only one chunk is in memory besides the session.
fn from_file(query: &str, path: &Path) -> Result<Output> {
    let mut session = Plan::new(REGISTRY, REGISTRY.query(query, "")?)?.start(&Settings::default());
    let mut collected = Output::default();
    let mut file = File::open(path)?;
    loop {
        let mut chunk = Vec::with_capacity(CHUNK_BYTES);
        if Read::by_ref(&mut file).take(CHUNK_BYTES as u64).read_to_end(&mut chunk)? == 0 {
            break;
        }
        match session.push(chunk.into(), &mut collected)? {
            Flow::More | Flow::Keep | Flow::Reserve(_) => (),
            Flow::Skip(bytes) => drop(file.seek(SeekFrom::Current(i64::try_from(bytes)?))?),
            Flow::Done => return Ok(collected),
        }
    }
    session.reserve()?;
    session.finish(&mut collected)?;
    Ok(collected)
}

fn nanoseconds(clock: ClockId) -> u64 {
    let time = clock_gettime(clock);
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}
