//! Watermarks: how responses depend on them, and files as watermarks on the command line.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::{Program, Reply, get, safelight};
use std::fs;
use tempfile::TempDir;

fn photo() -> Vec<u8> {
    safelight_images::read("photo.jpg")
}

#[tokio::test]
async fn responses_depend_on_the_pixels_of_the_watermark() {
    let folder = TempDir::new().unwrap();
    let logo = folder.path().join("logo.png");
    fs::write(folder.path().join("photo.jpg"), photo()).unwrap();
    let serve = || {
        let mut command =
            safelight(&["serve", "--listen", "127.0.0.1:0", "--watermarks", r#"{"logo": "/logo.png"}"#]);
        Program::start(command.arg(folder.path()))
    };
    let tag = |reply: &Reply| reply.header("etag").to_owned();
    let target = "/photo.jpg?width=60&watermark=logo";
    let mut tags = Vec::new();
    for sample in ["orientation-6.png", "orientation-6.png", "animated.png"] {
        fs::write(&logo, safelight_images::read(sample)).unwrap();
        let program = serve();
        let reply = get(program.address, target).await;
        assert_eq!(reply.status, 200);
        tags.push(tag(&reply));
    }
    assert!(tags[0] == tags[1] && tags[1] != tags[2], "{tags:?}");
    // Without an image there is no response, rather than one without a watermark.
    fs::remove_file(&logo).unwrap();
    let program = serve();
    assert_eq!(get(program.address, target).await.status, 404);
    fs::write(&logo, b"no image").unwrap();
    assert_eq!(get(program.address, target).await.status, 415);
}

#[test]
fn files_are_watermarks_of_the_command_line() {
    let folder = TempDir::new().unwrap();
    let mark = folder.path().join("mark.png");
    fs::write(&mark, safelight_images::read("orientation-6.png")).unwrap();
    let photo = safelight_images::folder().join("photo.jpg");
    let convert = |query: &str, name: &str| {
        let output = folder.path().join(name);
        let mut command = safelight(&["transform", query]);
        let run = command.arg(&photo).arg("-o").arg(&output).output().unwrap();
        assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
        fs::read(output).unwrap()
    };
    let plain = convert("width=60", "plain.jpg");
    assert_ne!(convert(&format!("width=60&watermark={}", mark.display()), "marked.jpg"), plain);
}
