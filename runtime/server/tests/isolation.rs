//! The child processes of the program: the same bytes as without them, and no harm when they die.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![cfg(target_os = "linux")]

mod common;

use common::{Program, get, run};
use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
    thread::yield_now,
};
use tempfile::TempDir;

/// An image whose encode takes about two seconds.
const SLOW: &str = "/photo.jpg?width=1200&height=1200&fit=fill&format=avif";

fn serve() -> Program {
    Program::serve(safelight_images::folder().to_str().unwrap(), &[])
}

/// Sends all of `processes` a signal. Some may have ended.
fn kill(name: &str, processes: &[u32]) {
    for process in processes {
        Command::new("kill").args([name, &process.to_string()]).stderr(Stdio::null()).status().unwrap();
    }
}

#[tokio::test]
async fn server_and_command_line_encode_the_same_avif() {
    let program = serve();
    let reply = get(program.address, "/photo.jpg?width=96&format=avif").await;
    assert_eq!((reply.status, reply.header("content-type")), (200, "image/avif"), "{}", reply.text());

    let folder = TempDir::new().unwrap();
    let output = folder.path().join("out.avif");
    let input = safelight_images::path("photo.jpg");
    let (input, name) = (input.to_str().unwrap(), output.to_str().unwrap());
    assert!(run(&["transform", "width=96&format=avif", input, "-o", name]).status.success());
    assert!(fs::read(output).unwrap() == reply.body);
    assert!(program.terminate());
}

#[tokio::test]
async fn a_child_that_dies_is_an_error_of_one_request() {
    let program = serve();
    assert_eq!(get(program.address, "/photo.jpg?width=96&format=avif").await.status, 200);
    let slow = tokio::spawn(get(program.address, SLOW));
    // The one that works is among those that exist until the response.
    while !slow.is_finished() {
        kill("-SEGV", &program.children());
        tokio::task::yield_now().await;
    }
    let reply = slow.await.unwrap();
    assert_eq!(reply.status, 500, "{}", reply.text());
    assert!(!reply.text().contains("signal"), "only the log says how: {}", reply.text());
    assert_eq!(get(program.address, "/photo.jpg?width=96&format=avif").await.status, 200);
    assert!(program.terminate());
}

#[tokio::test]
async fn children_end_with_the_program_however_it_ends() {
    let program = serve();
    assert_eq!(get(program.address, "/photo.jpg?width=96&format=avif").await.status, 200);
    let slow = tokio::spawn(get(program.address, SLOW));
    // Two wait, and one works.
    while program.children().len() < 3 {
        tokio::task::yield_now().await;
    }
    let children = program.children();
    // Not by a signal that it could handle.
    drop(program);
    slow.abort();
    for child in children {
        while Path::new(&format!("/proc/{child}/exe")).exists() {
            yield_now();
        }
    }
}
