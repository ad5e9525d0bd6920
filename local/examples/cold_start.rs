//! Measures programs as Lambda functions, in turn: start time, cost of an event, memory. See
//! `benches/lambda/README.md`.

use anyhow::{Context, Result, ensure};
use clap::Parser;
use http_body_util::BodyExt;
use hyper_util::{client::legacy::Client, rt::TokioExecutor};
use safelight_local::{
    Cloud, Feature,
    body::empty,
    sign::{Payload, Service, USER, sign_request},
};
use serde_json::{Value, json};
use std::{
    fs,
    path::PathBuf,
    time::{Duration, Instant},
};

/// Measures Lambda functions in turn.
#[derive(Parser)]
struct Args {
    /// Number of starts of each function.
    #[arg(long, default_value_t = 30)]
    rounds: usize,
    /// Number of events after the first one, for each function and query.
    #[arg(long, default_value_t = 20)]
    events: usize,
    /// Folder of the images.
    #[arg(long)]
    folder: PathBuf,
    /// Name of the requested image.
    #[arg(long, default_value = "photo.jpg")]
    picture: String,
    /// File for the measurements, as JSON. The functions write their logs to standard output.
    #[arg(long)]
    out: PathBuf,
    /// The functions: paths of executable files.
    #[arg(required = true)]
    functions: Vec<PathBuf>,
}

/// Queries of the events.
const QUERIES: [&str; 2] = ["showExif=true", ""];

#[tokio::main]
async fn main() -> Result<()> {
    let args = Args::parse();
    let mut runs = Vec::new();
    for round in 0..args.rounds {
        for place in 0..args.functions.len() {
            // The order rotates with each round.
            let which = (place + round) % args.functions.len();
            let function = &args.functions[which];
            let mut run = measure(&args, function).await.with_context(|| function.display().to_string())?;
            run["round"] = json!(round);
            runs.push(run);
        }
    }
    fs::write(&args.out, serde_json::to_string_pretty(&runs)?)?;
    Ok(())
}

async fn measure(args: &Args, function: &PathBuf) -> Result<Value> {
    let builder = Cloud::builder().folder(&args.folder).bootstrap(function).features(Feature::ALL);
    let cloud = builder.start().await?;
    let init = loop {
        if let Some(init) = cloud.function().init_durations().first() {
            break *init;
        }
        let has_ended = 0 < cloud.function().starts() && cloud.function().children().is_empty();
        ensure!(!has_ended, "the function ended before it requested an event");
        tokio::time::sleep(Duration::from_millis(1)).await;
    };
    let child = cloud.function().children()[0];
    let mut run = json!({
        "function": function.file_stem().and_then(|name| name.to_str()),
        "init_ms": ms(init),
        "init_cpu_ms": ms(cpu(child)?),
        "init_peak_kib": peak_kib(child)?,
    });
    let first = Instant::now();
    let mut bytes = request(&cloud, &args.picture, QUERIES[0]).await?;
    run["first_event_ms"] = json!(ms(first.elapsed()));
    for query in QUERIES {
        let before = cpu(child)?;
        let start = Instant::now();
        for _ in 0..args.events {
            bytes = request(&cloud, &args.picture, query).await?;
        }
        let per_event = |total: Duration| ms(total) / args.events as f64;
        run[format!("?{query}")] = json!({
            "ms": per_event(start.elapsed()),
            "cpu_ms": per_event(cpu(child)?.saturating_sub(before)),
            "bytes": bytes,
        });
    }
    run["peak_kib"] = json!(peak_kib(child)?);
    ensure!(cloud.function().starts() == 1, "the function was restarted");
    Ok(run)
}

/// Sends a signed request to the access point, and returns the length of the response.
async fn request(cloud: &Cloud, picture: &str, query: &str) -> Result<usize> {
    let uri = format!("http://{}/{picture}?{query}", cloud.access_point());
    let mut signed = http::Request::get(uri).body(empty())?;
    sign_request(&mut signed, &USER, Service::S3ObjectLambda, Payload::Unsigned)?;

    let response = Client::builder(TokioExecutor::new()).build_http().request(signed).await?;
    let status = response.status();
    let body = response.into_body().collect().await.map_err(|error| anyhow::anyhow!("{error}"))?.to_bytes();
    ensure!(status.is_success(), "status {status}: {}", String::from_utf8_lossy(&body));
    Ok(body.len())
}

/// Returns the CPU time of all threads of `process` (`/proc/PID/task/TID/schedstat`, nanoseconds). Threads
/// that have ended are not counted, so a program that starts a thread for each event appears cheaper than it
/// is.
fn cpu(process: u32) -> Result<Duration> {
    let mut total = 0;
    for thread in fs::read_dir(format!("/proc/{process}/task"))? {
        let text = fs::read_to_string(thread?.path().join("schedstat"))?;
        total += text.split(' ').next().context("schedstat is empty")?.parse::<u64>()?;
    }
    Ok(Duration::from_nanos(total))
}

/// Returns the peak resident memory in KiB.
fn peak_kib(process: u32) -> Result<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("status has no VmHWM")?;
    Ok(line.trim().trim_end_matches(" kB").parse()?)
}

fn ms(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}
