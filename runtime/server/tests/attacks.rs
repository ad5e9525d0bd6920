//! Clients that take as much as they can: memory stays within the budget, and everyone else is served.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![cfg(target_os = "linux")]

mod common;

use common::{Program, get, tiff};
use std::{fs, net::SocketAddr, path::Path, time::Duration};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    task::JoinSet,
    time::{Instant, sleep, timeout},
};

const BUDGET_BYTES: u64 = 256 << 20;
/// Resident memory beside the budget.
const SPARE_BYTES: u64 = 64 << 20;
/// The longest time for a thumbnail during an attack. The build is not optimised, and the machine is shared.
const SOON: Duration = Duration::from_secs(3);

/// Resident memory after a burst, and how long that may take.
const REST_BYTES: u64 = 96 << 20;
const REST: Duration = Duration::from_secs(10);

fn serve(folder: &Path) -> Program {
    let budget = BUDGET_BYTES.to_string();
    let settings = [
        ("SAFELIGHT_MEMORY_BYTES", &*budget),
        ("SAFELIGHT_QUEUE_TIMEOUT_SECS", "2"),
        ("SAFELIGHT_ADMIN_LISTEN", "127.0.0.1:0"),
        // Many clients come from one address here.
        ("SAFELIGHT_TRUSTED_PROXIES", "127.0.0.0/8"),
    ];
    Program::serve(folder.to_str().unwrap(), &settings)
}

fn assert_bounded(program: &Program) {
    let peak = program.peak_kib() << 10;
    assert!(peak < BUDGET_BYTES + SPARE_BYTES, "{} MiB were resident", peak >> 20);
}

/// Waits until the memory of a burst is given back.
async fn assert_rests(program: &Program) {
    let start = Instant::now();
    while REST_BYTES <= program.resident_kib() << 10 {
        assert!(start.elapsed() < REST, "{} MiB are still resident", program.resident_kib() >> 10);
        sleep(Duration::from_millis(100)).await;
    }
}

/// A client that reads the first bytes of its response, and no more. Returns the status and the open connection.
async fn read_slowly(address: SocketAddr, target: String) -> (u16, TcpStream) {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!("GET {target} HTTP/1.1\r\nHost: localhost\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut head = [0; 64];
    let count = stream.read(&mut head).await.unwrap();
    let text = String::from_utf8_lossy(&head[..count]).into_owned();
    let status = text.split(' ').nth(1).and_then(|status| status.parse().ok());
    (status.unwrap_or_else(|| panic!("no status in {text:?}")), stream)
}

/// Lets `clients` slow readers ask for `target`, and checks the memory and a thumbnail meanwhile.
async fn attack(folder: &Path, target: &str, clients: usize) {
    let program = serve(folder);
    program.ignore_log();
    let mut readers = JoinSet::new();
    for _ in 0..clients {
        readers.spawn(read_slowly(program.address, target.to_owned()));
    }
    let mut open = Vec::new();
    let mut served = 0;
    while let Some(result) = readers.join_next().await {
        let (status, stream) = result.unwrap();
        assert!(matches!(status, 200 | 503), "status {status}");
        served += usize::from(status == 200);
        open.push(stream);
    }
    assert!(0 < served, "every client was rejected");
    let thumbnail = timeout(SOON, get(program.address, "/photo.jpg?width=100")).await;
    assert_eq!(thumbnail.expect("a thumbnail must not wait").status, 200);
    assert_bounded(&program);
    drop(open);
    assert_rests(&program).await;
}

#[tokio::test]
async fn slow_readers_of_buffered_sources_stay_within_the_budget() {
    let folder = folder();
    fs::write(folder.path().join("large.tif"), tiff(19 << 20)).unwrap();
    attack(folder.path(), "/large.tif", 80).await;
    fs::write(folder.path().join("medium.tif"), tiff(7 << 20)).unwrap();
    attack(folder.path(), "/medium.tif", 270).await;
}

#[tokio::test]
async fn slow_readers_of_encoded_images_stay_within_the_budget() {
    let folder = folder();
    fs::write(folder.path().join("noise.tif"), tiff(12 << 20)).unwrap();
    attack(folder.path(), "/noise.tif?format=png&width=2000", 30).await;
}

/// Each client repeats the list of requests from a place of its own, until the time is over.
#[tokio::test]
async fn many_clients_with_heavy_requests_stay_within_the_budget() {
    const CLIENTS: usize = 256;
    const DURATION: Duration = Duration::from_mins(1);
    const REQUESTS: [&str; 10] = [
        "/noise.tif?width=1500",
        "/noise.tif?format=png",
        "/noise.tif?format=webp&width=1200",
        "/noise.tif?width=300&format=avif",
        "/noise.tif?rotate=90&format=jpeg&quality=100",
        "/noise.tif?blur=20&width=1000",
        "/photo.jpg?width=1600",
        "/photo.jpg?format=gif&width=800",
        "/photo.jpg?format=webp",
        "/noise.tif",
    ];
    let folder = folder();
    fs::write(folder.path().join("noise.tif"), tiff(12 << 20)).unwrap();
    let program = serve(folder.path());
    program.ignore_log();
    let (address, end) = (program.address, Instant::now() + DURATION);
    let mut clients = JoinSet::new();
    for client in 0..CLIENTS {
        clients.spawn(async move {
            let mut served = 0;
            for target in REQUESTS.iter().cycle().skip(client) {
                if end < Instant::now() {
                    break;
                }
                let status = get(address, target).await.status;
                assert!(matches!(status, 200 | 413 | 503), "{target}: status {status}");
                served += usize::from(status == 200);
            }
            served
        });
    }
    let mut waits = Vec::new();
    while Instant::now() < end {
        let start = Instant::now();
        assert_eq!(get(program.admin_address(), "/livez").await.status, 200);
        waits.push(start.elapsed());
        sleep(Duration::from_millis(100)).await;
    }
    let served: usize = clients.join_all().await.into_iter().sum();
    assert!(CLIENTS / 4 < served, "{served} requests were served");
    assert_bounded(&program);
    waits.sort();
    let median = waits[waits.len() / 2];
    assert!(median < Duration::from_millis(50), "/livez took {median:?}");
    assert_rests(&program).await;
}

/// One after another, so that what each format left behind adds up.
#[tokio::test]
async fn large_sources_of_every_format_stay_within_the_budget() {
    let folder = folder();
    fs::write(folder.path().join("noise.tif"), tiff(6 << 20)).unwrap();
    fs::write(folder.path().join("huge.tif"), tiff(105 << 20)).unwrap();
    let program = serve(folder.path());
    program.ignore_log();
    let mut sources = vec!["huge.tif".to_owned(), "noise.tif".to_owned()];
    for format in ["jpeg", "png", "webp", "gif"] {
        let reply = get(program.address, &format!("/noise.tif?format={format}")).await;
        assert_eq!(reply.status, 200, "{format}: {}", reply.text());
        let name = format!("noise.{format}");
        fs::write(folder.path().join(&name), &reply.body).unwrap();
        sources.push(name);
    }
    for source in &sources {
        for query in ["", "?width=200", "?format=webp", "?showExif=true"] {
            let status = get(program.address, &format!("/{source}{query}")).await.status;
            // Noise of 35 megapixels takes more than the budget to encode.
            let is_huge = source == "huge.tif" && status == 413;
            assert!(is_huge || matches!(status, 200 | 204 | 404), "{source}{query}: {status}");
        }
    }
    assert_bounded(&program);
    assert_rests(&program).await;
}

#[tokio::test]
async fn enlargements_and_costly_formats_are_rejected_by_the_name_of_their_limit() {
    let folder = folder();
    let program = serve(folder.path());
    let check = async |query: &str, setting: &str| {
        let reply = get(program.address, &format!("/pixel.png?{query}")).await;
        assert_eq!(reply.status, 413, "{query}: {}", reply.text());
        assert!(reply.text().contains(setting), "{query}: {}", reply.text());
    };
    check("width=3000&height=3000&fit=fill&format=avif&quality=100", "max-enlargement").await;
    check("width=6300&height=6300&fit=fill", "max-enlargement").await;
    check("width=9000&height=9000&fit=fill", "max-output-pixels").await;
    check("width=2000&height=2000&fit=fill&format=avif", "max-work").await;
    assert!(program.peak_kib() < 40 << 10, "a rejected image is not decoded");
}

#[tokio::test]
async fn abandoned_work_does_not_delay_a_thumbnail() {
    let folder = folder();
    fs::write(folder.path().join("noise.tif"), tiff(12 << 20)).unwrap();
    let program = serve(folder.path());
    for _ in 0..2 {
        let mut stream = TcpStream::connect(program.address).await.unwrap();
        let target = "/noise.tif?width=1000&format=avif";
        stream
            .write_all(format!("GET {target} HTTP/1.1\r\nHost: localhost\r\n\r\n").as_bytes())
            .await
            .unwrap();
        // A request that is being processed has no response yet.
        let early = timeout(Duration::from_millis(300), stream.read(&mut [0; 1])).await;
        assert!(early.is_err(), "it was too cheap");
        stream.set_zero_linger().unwrap();
    }
    let start = Instant::now();
    assert_eq!(get(program.address, "/photo.jpg?width=100").await.status, 200);
    assert!(start.elapsed() < SOON, "{:?}", start.elapsed());
}

/// A folder with a photo and an image of one pixel.
fn folder() -> TempDir {
    let folder = TempDir::new().unwrap();
    fs::copy(safelight_images::path("photo.jpg"), folder.path().join("photo.jpg")).unwrap();
    let mut pixel = Vec::new();
    let mut writer = png::Encoder::new(&mut pixel, 1, 1).write_header().unwrap();
    writer.write_image_data(&[128]).unwrap();
    writer.finish().unwrap();
    fs::write(folder.path().join("pixel.png"), pixel).unwrap();
    folder
}
