//! A client that disconnects: the work for it ends soon, for every format, whatever step it is in.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![cfg(target_os = "linux")]

mod common;

use common::{Program, get, tiff};
use std::{fs, path::Path, time::Duration};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::{sleep, timeout},
};

/// CPU time that the work may take after its client disconnected: 100 ms, and four times that because this build is not
/// optimised. Time on a clock would depend on what else the machine does.
const MAX_AFTER: Duration = Duration::from_millis(400);

/// The time without work after which it has ended.
const REST: Duration = Duration::from_millis(300);

/// The moments of the disconnection, after the request.
const MOMENTS: [u64; 3] = [60, 250, 700];

fn serve(folder: &Path) -> Program {
    let settings = [("SAFELIGHT_MAX_WORK", "60000"), ("SAFELIGHT_MEMORY_BYTES", "4294967296")];
    let program = Program::serve(folder.to_str().unwrap(), &settings);
    program.ignore_log();
    program
}

/// Waits until the program does no more work, and returns its CPU time.
async fn at_rest(program: &Program) -> Duration {
    let mut last = program.cpu_time();
    loop {
        sleep(REST).await;
        let now = program.cpu_time();
        // A timer or two is no work.
        if now.saturating_sub(last) <= Duration::from_millis(10) {
            return now;
        }
        last = now;
    }
}

/// Requests `target` and disconnects after `moment`. Returns the CPU time that it took afterwards, or `None` if the
/// response had begun.
async fn abandon(program: &Program, target: &str, moment: Duration) -> Option<Duration> {
    let mut stream = TcpStream::connect(program.address).await.unwrap();
    stream.write_all(format!("GET {target} HTTP/1.1\r\nHost: localhost\r\n\r\n").as_bytes()).await.unwrap();
    let has_begun = timeout(moment, stream.read(&mut [0; 1])).await.is_ok();
    let before = program.cpu_time();
    stream.set_zero_linger().unwrap();
    drop(stream);
    let after = at_rest(program).await;
    (!has_begun).then(|| after.saturating_sub(before))
}

async fn check(program: &Program, target: &str) {
    let mut abandoned = 0;
    for moment in MOMENTS {
        let Some(used) = abandon(program, target, Duration::from_millis(moment)).await else { break };
        assert!(used <= MAX_AFTER, "{target}, after {moment} ms: {used:?} of CPU time");
        abandoned += 1;
    }
    assert!(0 < abandoned, "{target} took less than {} ms: choose a larger image", MOMENTS[0]);
}

/// A folder with images of noise, the same in every format that is encoded here.
async fn folder() -> TempDir {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("noise.tiff"), tiff(36 << 20)).unwrap();
    let program = serve(folder.path());
    for format in ["jpeg", "png", "webp", "gif"] {
        let reply = get(program.address, &format!("/noise.tiff?format={format}")).await;
        assert_eq!(reply.status, 200, "{format}: {}", reply.text());
        fs::write(folder.path().join(format!("noise.{format}")), &reply.body).unwrap();
    }
    let reply = get(program.address, "/noise.tiff?format=jpeg&progressive=true").await;
    fs::write(folder.path().join("progressive.jpeg"), &reply.body).unwrap();
    folder
}

#[tokio::test]
async fn work_ends_soon_after_its_client() {
    let folder = folder().await;
    let program = serve(folder.path());
    for source in ["noise.jpeg", "progressive.jpeg", "noise.png", "noise.webp", "noise.gif", "noise.tiff"] {
        check(&program, &format!("/{source}?width=3000&blur=5")).await;
    }
    for query in [
        "format=jpeg&quality=100",
        "format=jpeg&progressive=true",
        "format=png",
        "format=webp",
        "format=webp&compression=lossless",
        "format=gif",
        "format=avif&width=1500",
        "rotate=90&format=png",
        "blur=50&format=png",
        "sharpen=20&format=png",
    ] {
        check(&program, &format!("/noise.tiff?{query}")).await;
    }
}
