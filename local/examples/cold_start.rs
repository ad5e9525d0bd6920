//! Measures programs as Lambda functions, in turn: how long each takes to start, what an event costs, what
//! it holds. See `benches/lambda/README.md`.

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
    /// How often each is started.
    #[arg(long, default_value_t = 30)]
    rounds: usize,
    /// How many events each gets after its first one, for each query.
    #[arg(long, default_value_t = 20)]
    events: usize,
    /// Folder of the pictures.
    #[arg(long)]
    folder: PathBuf,
    /// The picture that is asked for.
    #[arg(long, default_value = "photo.jpg")]
    picture: String,
    /// Where the measurements go, as JSON. The functions write their logs to standard output.
    #[arg(long)]
    out: PathBuf,
    /// The functions, each an executable file.
    #[arg(required = true)]
    functions: Vec<PathBuf>,
}

/// What each event asks of the picture.
const QUERIES: [&str; 2] = ["showExif=true", ""];

#[tokio::main]
async fn main() -> Result<()> {
    let args = Args::parse();
    let mut runs = Vec::new();
    for round in 0..args.rounds {
        for place in 0..args.functions.len() {
            // Who is first in one round is last in the next.
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
        ensure!(!has_ended, "ended before it asked for an event");
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
    let mut bytes = ask(&cloud, &args.picture, QUERIES[0]).await?;
    run["first_event_ms"] = json!(ms(first.elapsed()));
    for query in QUERIES {
        let before = cpu(child)?;
        let start = Instant::now();
        for _ in 0..args.events {
            bytes = ask(&cloud, &args.picture, query).await?;
        }
        let per_event = |total: Duration| ms(total) / args.events as f64;
        run[format!("?{query}")] = json!({
            "ms": per_event(start.elapsed()),
            "cpu_ms": per_event(cpu(child)?.saturating_sub(before)),
            "bytes": bytes,
        });
    }
    run["peak_kib"] = json!(peak_kib(child)?);
    ensure!(cloud.function().starts() == 1, "died on the way");
    Ok(run)
}

/// Asks the access point as its callers do; the answer's length.
async fn ask(cloud: &Cloud, picture: &str, query: &str) -> Result<usize> {
    let uri = format!("http://{}/{picture}?{query}", cloud.access_point());
    let mut request = http::Request::get(uri).body(empty())?;
    sign_request(&mut request, &USER, Service::S3ObjectLambda, Payload::Unsigned)?;

    let response = Client::builder(TokioExecutor::new()).build_http().request(request).await?;
    let status = response.status();
    let body = response.into_body().collect().await.map_err(|error| anyhow::anyhow!("{error}"))?.to_bytes();
    ensure!(status.is_success(), "answered {status}: {}", String::from_utf8_lossy(&body));
    Ok(body.len())
}

/// Time that all threads of `process` have run (`/proc/PID/task/TID/schedstat`, nanoseconds). Threads that
/// ended are not counted, so a program that starts one for each event seems cheaper than it is.
fn cpu(process: u32) -> Result<Duration> {
    let mut total = 0;
    for thread in fs::read_dir(format!("/proc/{process}/task"))? {
        let text = fs::read_to_string(thread?.path().join("schedstat"))?;
        total += text.split(' ').next().context("an empty schedstat")?.parse::<u64>()?;
    }
    Ok(Duration::from_nanos(total))
}

/// The most that was ever resident.
fn peak_kib(process: u32) -> Result<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("no VmHWM")?;
    Ok(line.trim().trim_end_matches(" kB").parse()?)
}

fn ms(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}
