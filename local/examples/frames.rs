//! Measures CPU time and memory of two programs that deliver a study of image frames. See
//! `benches/frames/README.md`.

use anyhow::{Context, Result, ensure};
use clap::Parser;
use futures_util::{StreamExt, TryStreamExt, stream};
use http_body_util::BodyExt;
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use safelight_local::{
    HealthImaging,
    body::{Body, empty},
    sign::{REGION, USER},
};
use serde_json::{Value, json};
use std::{
    fs,
    net::{SocketAddr, TcpListener},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};
use tempfile::TempDir;

/// Measures image frames.
#[derive(Parser)]
struct Args {
    /// Number of times that each program delivers the study.
    #[arg(long, default_value_t = 10)]
    rounds: usize,
    /// Number of frames in the study.
    #[arg(long, default_value_t = 500)]
    frames: usize,
    /// Size of each frame in bytes.
    #[arg(long, default_value_t = 512 << 10)]
    bytes: usize,
    /// Number of concurrent requests.
    #[arg(long, default_value_t = 16)]
    at_once: usize,
    /// File for the measurements, as JSON.
    #[arg(long)]
    out: PathBuf,
    /// Path of the `safelight` program.
    #[arg(long)]
    safelight: PathBuf,
    /// Path of the `node` program.
    #[arg(long)]
    node: PathBuf,
    /// Script for `node`.
    #[arg(long)]
    peer: PathBuf,
}

const STORE: &str = "0123456789abcdefghijklmnopqrstuv";
const SET: &str = "11111111111111111111111111111111";

/// Number of frames that are requested before the measurement.
const WARM_UP: usize = 100;

#[tokio::main]
async fn main() -> Result<()> {
    let args = Args::parse();
    let folder = TempDir::new()?;
    let set = folder.path().join(STORE).join(SET);
    fs::create_dir_all(&set)?;
    let bytes: Vec<_> = (0..args.bytes).map(|index| (index.wrapping_mul(0x9e37_79b1) >> 16) as u8).collect();
    for index in 0..WARM_UP + args.frames {
        fs::write(set.join(format!("{index:032}.jph")), &bytes)?;
    }
    let imaging = HealthImaging::start(folder.path(), 0).await?;
    let mut runs = Vec::new();
    for round in 0..args.rounds {
        // The order alternates.
        for name in if round % 2 == 0 { ["safelight", "peer"] } else { ["peer", "safelight"] } {
            let mut run = measure(&args, &imaging, name).await.context(name)?;
            run["round"] = json!(round);
            runs.push(run);
        }
    }
    fs::write(&args.out, serde_json::to_string_pretty(&runs)?)?;
    Ok(())
}

/// A running program. Dropping the value ends it.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

async fn measure(args: &Args, imaging: &HealthImaging, name: &str) -> Result<Value> {
    let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    let mut command = match name {
        "peer" => Command::new(&args.node),
        _ => Command::new(&args.safelight),
    };
    match name {
        "peer" => command.arg(&args.peer),
        _ => command.args(["serve", &format!("healthimaging://{REGION}")]),
    };
    command
        .env("SAFELIGHT_LISTEN", address.to_string())
        .env("SAFELIGHT_HEALTHIMAGING_ENDPOINT", format!("http://{}", imaging.address()))
        .env("AWS_REGION", REGION)
        .env("AWS_ACCESS_KEY_ID", USER.id)
        .env("AWS_SECRET_ACCESS_KEY", USER.secret)
        .env_remove("AWS_SESSION_TOKEN")
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let running = Running(command.spawn()?);
    let client: Viewers = Client::builder(TokioExecutor::new()).build_http();
    let mut tries = 0;
    while get(&client, address, "/healthz").await.is_err() {
        tries += 1;
        ensure!(tries < 500, "the program does not listen on its port");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let process = running.0.id();
    study(args, &client, address, 0..WARM_UP).await?;
    let before = cpu(process)?;
    study(args, &client, address, WARM_UP..WARM_UP + args.frames).await?;
    let after = cpu(process)?;
    let per_frame = |total: Duration| total.as_secs_f64() * 1e3 / args.frames as f64;
    Ok(json!({
        "program": name,
        "frames": args.frames,
        "frame_bytes": args.bytes,
        "at_once": args.at_once,
        "cpu_ms": per_frame(after.0.saturating_sub(before.0)),
        "user_ms": per_frame(after.1.saturating_sub(before.1)),
        "peak_mib": peak_mib(process)?,
    }))
}

type Viewers = Client<HttpConnector, Body>;

/// Requests these frames, several at a time.
async fn study(
    args: &Args,
    client: &Viewers,
    address: SocketAddr,
    frames: std::ops::Range<usize>,
) -> Result<()> {
    let view = async |index: usize| {
        let path = format!("/datastore/{STORE}/imageSet/{SET}/getImageFrame?imageFrameId={index:032}");
        let length = get(client, address, &path).await?;
        ensure!(length == args.bytes, "a frame has {length} bytes");
        Ok(())
    };
    stream::iter(frames).map(view).buffer_unordered(args.at_once).try_collect::<Vec<()>>().await?;
    Ok(())
}

/// Requests `path`, and returns the length of the response.
async fn get(client: &Viewers, address: SocketAddr, path: &str) -> Result<usize> {
    let request = http::Request::get(format!("http://{address}{path}")).body(empty())?;
    let response = client.request(request).await?;
    ensure!(response.status().is_success(), "status {}", response.status());
    let mut body = response.into_body();
    let mut length = 0;
    while let Some(frame) = body.frame().await {
        length += frame?.data_ref().map_or(0, bytes::Bytes::len);
    }
    Ok(length)
}

/// Returns the CPU time of all threads of `process`, and the part in user mode from the kernel's coarser
/// counter (`/proc/PID/task/TID/schedstat`, nanoseconds; `/proc/PID/stat`, hundredths of a second).
fn cpu(process: u32) -> Result<(Duration, Duration)> {
    let mut total = 0;
    for thread in fs::read_dir(format!("/proc/{process}/task"))? {
        let text = fs::read_to_string(thread?.path().join("schedstat"))?;
        total += text.split(' ').next().context("schedstat is empty")?.parse::<u64>()?;
    }
    let stat = fs::read_to_string(Path::new("/proc").join(process.to_string()).join("stat"))?;
    // Fields are counted after the name, which may contain any character.
    let fields = stat.rsplit_once(')').context("stat has no name")?.1;
    let ticks: u64 = fields.split_whitespace().nth(11).context("stat has no user time")?.parse()?;
    Ok((Duration::from_nanos(total), Duration::from_millis(ticks * 10)))
}

/// Returns the peak resident memory in MiB.
fn peak_mib(process: u32) -> Result<f64> {
    let status = fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("status has no VmHWM")?;
    Ok(line.trim().trim_end_matches(" kB").parse::<f64>()? / 1024.0)
}
