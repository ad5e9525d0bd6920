//! Expensive sources: each is rejected or served within the budget, and every client gets a response.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![cfg(target_os = "linux")]

mod common;

use common::{Program, Reply, get};
use std::{fs, path::Path};
use tempfile::TempDir;
use tokio::task::JoinSet;

/// Starts a program that serves `folder` with 256 MiB for images.
fn serve(folder: &Path) -> Program {
    Program::serve(folder.to_str().unwrap(), &[("SAFELIGHT_MEMORY_BYTES", "268435456")])
}

/// Maximum resident memory.
const MAX_KIB: u64 = 400 << 10;

#[tokio::test]
async fn a_bomb_is_rejected_by_its_header() {
    let folder = TempDir::new().unwrap();
    let bomb = png_bomb();
    assert!(bomb.len() < 80 << 10, "{} bytes", bomb.len());
    fs::write(folder.path().join("bomb.png"), bomb).unwrap();
    let program = serve(folder.path());
    for query in ["width=100", "crop=0,0,10,10", "format=webp", "blur=3&width=16384"] {
        let reply = get(program.address, &format!("/bomb.png?{query}")).await;
        assert_eq!(reply.status, 413, "{query}: {}", reply.text());
        assert!(reply.text().contains("16384 × 16384 pixels"), "{}", reply.text());
    }
    // Without a decode, it is streamed.
    assert_eq!(get(program.address, "/bomb.png").await.status, 200);
    let peak = program.peak_kib();
    assert!(peak < 40 << 10, "{peak} KiB were resident");
}

#[tokio::test]
async fn an_animation_of_ten_thousand_frames_is_rejected_or_gives_its_first() {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("film.gif"), film(10_000)).unwrap();
    let program = serve(folder.path());
    let reply = get(program.address, "/film.gif?width=100").await;
    assert_eq!(reply.status, 413, "{}", reply.text());
    assert!(reply.text().contains("the limit is 1000"), "{}", reply.text());
    for (query, format) in [("format=jpeg", "image/jpeg"), ("format=png&animated=false", "image/png")] {
        let reply = get(program.address, &format!("/film.gif?width=100&{query}")).await;
        assert_eq!((reply.status, reply.header("content-type")), (200, format));
    }
    let peak = program.peak_kib();
    assert!(peak < 64 << 10, "{peak} KiB were resident");
}

/// The image is below the limit of pixels and above the budget of bytes, unless the decoder shrinks it.
#[tokio::test]
async fn an_image_above_the_budget_is_rejected_before_it_is_decoded() {
    let Some(corpus) = safelight_images::corpus() else { return };
    let program = serve(&corpus.join("hostile"));
    for query in ["width=200", "width=9000", "rotate=90", "format=png"] {
        let reply = get(program.address, &format!("/9643x10328.jpg?{query}")).await;
        assert!(is_served_or_rejected(&reply, 413), "{query}: {} {}", reply.status, reply.text());
    }
    let peak = program.peak_kib();
    assert!(peak < MAX_KIB, "{peak} KiB were resident");
}

/// Number of concurrent clients.
const CLIENTS: usize = 64;

#[tokio::test]
async fn many_clients_are_served_within_the_budget_or_get_503() {
    let folder = TempDir::new().unwrap();
    let names = large_photos(folder.path());
    check_clients(folder.path(), &names).await;
}

/// Buffered sources of waiting images count as well.
#[tokio::test]
async fn many_clients_with_large_files_are_served_within_the_budget_or_get_503() {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("noise.png"), noise()).unwrap();
    check_clients(folder.path(), &["noise.png"]).await;
}

/// Sends concurrent requests for the files `names` in `folder`.
async fn check_clients(folder: &Path, names: &[&str]) {
    let program = serve(folder);
    let mut clients = JoinSet::new();
    for client in 0..CLIENTS {
        let address = program.address;
        let query = ["width=320", "width=800&format=webp", "height=300&fit=cover&width=300"][client % 3];
        let target = format!("/{}?{query}", names[client % names.len()]);
        clients.spawn(async move { (get(address, &target).await, target) });
    }
    let mut served = 0;
    while let Some(result) = clients.join_next().await {
        let (reply, target) = result.unwrap();
        assert!(is_served_or_rejected(&reply, 503), "{target}: {}", reply.status);
        assert!(reply.status == 200 || !reply.header("retry-after").is_empty(), "{target}: when to retry?");
        served += usize::from(reply.status == 200);
    }
    let peak = program.peak_kib();
    eprintln!("{served} of {CLIENTS} were served; {peak} KiB were resident at most");
    assert!(0 < served);
    assert!(peak < MAX_KIB, "{peak} KiB were resident");
}

/// Returns whether the response is a whole image, or an error with this status.
fn is_served_or_rejected(reply: &Reply, status: u16) -> bool {
    let is_image = reply.status == 200 && reply.header("content-type").starts_with("image/");
    let is_rejected = reply.status == status && reply.json()["title"].is_string();
    reply.whole && (is_image || is_rejected)
}

/// Copies photos of six million pixels and more into `folder`, or large samples if there is no corpus.
fn large_photos(folder: &Path) -> Vec<&'static str> {
    const REAL: [&str; 3] = [
        "sharp/2569067123_aca715a2ee_o.jpg",
        "sharp/flowers.jpeg",
        "sharp/alpha-premultiply-2048x1536-paper.png",
    ];
    const OWN: [&str; 2] = ["photo.jpg", "progressive.jpg"];
    let own = OWN.map(|name| (name, safelight_images::path(name)));
    let real = safelight_images::corpus().map(|corpus| REAL.map(|name| (name, corpus.join(name))));
    let sources = real.into_iter().flatten().chain(own);
    sources
        .map(|(name, path)| {
            let name = name.rsplit('/').next().unwrap();
            fs::copy(path, folder.join(name)).unwrap();
            name
        })
        .collect()
}

/// Returns a PNG of 1600 × 1200 pixels of noise, with some six million bytes.
fn noise() -> Vec<u8> {
    const SIDES: (u32, u32) = (1600, 1200);
    let samples = common::noise(SIDES.0 * SIDES.1 * 3);
    let mut noise = Vec::new();
    let mut encoder = png::Encoder::new(&mut noise, SIDES.0, SIDES.1);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_filter(png::Filter::NoFilter);
    let mut writer = encoder.write_header().unwrap();
    writer.write_image_data(&samples.collect::<Vec<_>>()).unwrap();
    writer.finish().unwrap();
    noise
}

/// Returns a PNG of 16 384 × 16 384 black pixels of one bit, in some sixty kilobytes.
fn png_bomb() -> Vec<u8> {
    const SIDE: u32 = 16_384;
    let mut bomb = Vec::new();
    let mut encoder = png::Encoder::new(&mut bomb, SIDE, SIDE);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(png::BitDepth::One);
    encoder.set_filter(png::Filter::NoFilter);
    encoder.set_compression(png::Compression::High);
    let mut writer = encoder.write_header().unwrap();
    writer.write_image_data(&vec![0; SIDE as usize * SIDE as usize / 8]).unwrap();
    writer.finish().unwrap();
    bomb
}

/// Returns a GIF of 100 × 100 pixels, each frame of which draws one of them (`GIF89a`, sections 17 to 27).
fn film(frames: u16) -> Vec<u8> {
    // Two colours for all frames.
    let mut film = b"GIF89a\x64\0\x64\0\x80\0\0\xff\xff\xff\0\0\0".to_vec();
    for frame in 0..frames {
        let [x, y] = [frame % 100, frame / 100 % 100].map(|at| at as u8);
        film.extend_from_slice(&[b',', x, 0, y, 0, 1, 0, 1, 0, 0]);
        // Codes of three bits: clear, the second colour, end.
        film.extend_from_slice(&[2, 2, 0x4C, 0x01, 0]);
    }
    film.push(b';');
    film
}
