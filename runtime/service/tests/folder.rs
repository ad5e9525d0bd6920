//! A folder as origin: its files are readable, and nothing else is.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use bytes::Bytes;
use common::{fetch, get, start, toy};
use futures_util::{StreamExt, TryStreamExt};
use safelight_core::Kind;
use safelight_service::{
    StartError,
    source::{Directory, Opened, Origin, Source},
};
use std::{fs, io::Write, path::Path, sync::Arc};
use tempfile::TempDir;

/// Creates a folder `root` with an image, beside a private folder.
fn folder() -> (TempDir, Arc<Directory>) {
    let top = TempDir::new().unwrap();
    let root = top.path().join("root");
    for folder in ["root/sub dir", "root/.git", "private"] {
        fs::create_dir_all(top.path().join(folder)).unwrap();
    }
    let names =
        ["a.toy", "sub dir/ü.toy", "100%.toy", "%2e%2e", "a#1.toy", "a+b.toy", ".hidden.toy", ".git/config"];
    for name in names {
        fs::write(root.join(name), toy(100)).unwrap();
    }
    fs::write(top.path().join("private/secret.toy"), toy(100)).unwrap();
    let directory = Directory::open(&root).unwrap();
    (top, Arc::new(directory))
}

/// Returns the source of the file at `path`.
fn source(directory: &Directory, path: &str) -> Arc<dyn Source> {
    let (parts, ()) = http::Request::get(path).body(()).unwrap().into_parts();
    directory.resolve(&parts, b"").unwrap().source
}

#[tokio::test]
async fn files_are_found_by_their_names() {
    let (_top, directory) = folder();
    let server = start(directory).await;
    for target in [
        "/a.toy",
        "/sub%20dir/%C3%BC.toy",
        "/%73ub%20dir/%c3%bc.toy",
        "/100%25.toy",
        "/100%.toy",
        "/%252e%252e",
        "/a%231.toy",
        "/a+b.toy",
    ] {
        let reply = get(server.address, target).await;
        assert_eq!((reply.status, reply.body), (200, toy(100).to_ascii_uppercase()), "{target}");
    }
}

#[tokio::test]
async fn nothing_else_is_found() {
    let (_top, directory) = folder();
    let server = start(directory).await;
    for target in [
        "/",
        "/b.toy",
        "/A.toy",
        "/a.toy/",
        "/a.toy/b",
        "/sub%20dir",
        "/sub%20dir/",
        "//a.toy",
        "/./a.toy",
        "/sub%20dir/../a.toy",
        "/sub%20dir/%2e%2e/a.toy",
        "/../private/secret.toy",
        "/%2e%2e/private/secret.toy",
        "/..%2fprivate%2fsecret.toy",
        "/..%5cprivate%5csecret.toy",
        "/sub%20dir%2f%C3%BC.toy",
        "/a.toy%00",
        "/a.toy%00.jpg",
        "/a%20b.toy",
        "/%ff",
        "/.hidden.toy",
        "/%2ehidden.toy",
        "/.git/config",
        "/%2e%2e",
        "/etc/passwd",
        "/proc/self/environ",
        "http://elsewhere/b.toy",
    ] {
        let reply = get(server.address, target).await;
        assert_eq!((reply.status, reply.json()["kind"].as_str()), (404, Some("not-found")), "{target}");
        assert_eq!(
            fetch(server.address, "HEAD", target, &[("if-none-match", "*")]).await.status,
            404,
            "{target}"
        );
    }
    let long = format!("/{}", "x".repeat(5000));
    assert_eq!(get(server.address, &long).await.status, 404);
    let deep = "/x".repeat(5000);
    assert_eq!(get(server.address, &deep).await.status, 404);
}

#[cfg(unix)]
#[tokio::test]
async fn a_link_is_followed_only_within_the_folder() {
    use std::os::unix::fs::symlink;
    let (top, directory) = folder();
    let root = top.path().join("root");
    symlink("a.toy", root.join("inside.toy")).unwrap();
    symlink("sub dir", root.join("inside")).unwrap();
    symlink("../root/a.toy", root.join("out-and-in.toy")).unwrap();
    symlink("../private/secret.toy", root.join("outside.toy")).unwrap();
    symlink(top.path().join("private/secret.toy"), root.join("absolute.toy")).unwrap();
    symlink("../private", root.join("outside")).unwrap();
    symlink("/proc/self/cwd", root.join("magic")).unwrap();
    symlink("nowhere", root.join("dangling.toy")).unwrap();
    symlink("loop.toy", root.join("loop.toy")).unwrap();
    symlink("ping.toy", root.join("pong.toy")).unwrap();
    symlink("pong.toy", root.join("ping.toy")).unwrap();

    let server = start(directory).await;
    for (target, status) in [
        ("/inside.toy", 200),
        ("/inside/%C3%BC.toy", 200),
        ("/out-and-in.toy", 404),
        ("/outside.toy", 404),
        ("/absolute.toy", 404),
        ("/outside/secret.toy", 404),
        ("/magic/Cargo.toml", 404),
        ("/dangling.toy", 404),
        ("/loop.toy", 404),
        ("/ping.toy", 404),
    ] {
        assert_eq!(get(server.address, target).await.status, status, "{target}");
    }

    // The folder is the one that was opened, even if its path names another by now.
    fs::rename(&root, top.path().join("moved")).unwrap();
    symlink("private", &root).unwrap();
    assert_eq!(get(server.address, "/a.toy").await.status, 200);
    assert_eq!(get(server.address, "/secret.toy").await.status, 404);
}

#[cfg(unix)]
#[tokio::test]
async fn pipes_and_sockets_do_not_block() {
    let (top, directory) = folder();
    let pipe = top.path().join("root/pipe.toy");
    assert!(std::process::Command::new("mkfifo").arg(pipe).status().unwrap().success());
    let socket = std::os::unix::net::UnixListener::bind(top.path().join("root/socket.toy")).unwrap();
    let server = start(directory).await;
    assert_eq!(get(server.address, "/pipe.toy").await.status, 404);
    assert_eq!(get(server.address, "/socket.toy").await.status, 404);
    drop(socket);
}

#[tokio::test]
async fn a_file_has_a_version() {
    let (top, directory) = folder();
    let server = start(directory).await;
    let path = top.path().join("root/a.toy");
    let first = get(server.address, "/a.toy").await;
    let again = get(server.address, "/a.toy").await;
    assert_eq!(first.header("etag"), again.header("etag"));
    assert_ne!(first.header("last-modified"), "");
    assert_eq!(
        fetch(server.address, "GET", "/a.toy", &[("if-none-match", first.header("etag"))]).await.status,
        304
    );

    // A copy that is moved over the file may have the same size and time.
    let modified = fs::metadata(&path).unwrap().modified().unwrap();
    let copy = top.path().join("copy");
    fs::write(&copy, toy(100)).unwrap();
    fs::File::options().write(true).open(&copy).unwrap().set_modified(modified).unwrap();
    fs::rename(&copy, &path).unwrap();
    let moved = get(server.address, "/a.toy").await;
    assert_ne!(first.header("etag"), moved.header("etag"));
    assert_eq!(first.header("last-modified"), moved.header("last-modified"));
}

#[tokio::test]
async fn a_file_that_changes_while_it_is_read_is_an_error() {
    let (top, directory) = folder();
    let path = top.path().join("root/big.toy");
    let rewrite = |path: &Path| fs::write(path, vec![b'x'; 1 << 20]).unwrap();
    let truncate = |path: &Path| fs::write(path, b"").unwrap();
    let append = |path: &Path| {
        fs::File::options().append(true).open(path).unwrap().write_all(b"more").unwrap();
    };
    for change in [&rewrite as &dyn Fn(&Path), &truncate, &append] {
        fs::write(&path, toy(1 << 20)).unwrap();
        let source = source(&directory, "/big.toy");
        let Opened { meta, mut chunks, .. } = source.open(0, None).await.unwrap();
        assert_eq!(chunks.next().await.unwrap().unwrap().len(), 64 << 10);
        change(&path);
        assert_eq!(chunks.try_collect::<Vec<_>>().await.unwrap_err().kind, Kind::Upstream);
        let reopened = source.open(10, Some(&meta)).await.map(|_| ());
        assert_eq!(reopened.unwrap_err().kind, Kind::PreconditionFailed);
    }
}

#[tokio::test]
async fn a_file_is_read_from_anywhere() {
    let (top, directory) = folder();
    let bytes = toy(500_000);
    fs::write(top.path().join("root/big.toy"), &bytes).unwrap();
    let source = source(&directory, "/big.toy");
    let meta = source.open(0, None).await.unwrap().meta;
    let chunks = source.open(0, None).await.unwrap().chunks;
    let lengths: Vec<usize> = chunks.map_ok(|chunk| chunk.len()).try_collect().await.unwrap();
    assert_eq!(lengths, [64 << 10, 64 << 10, 128 << 10, 128 << 10, 500_000 - (384 << 10)]);
    for from in [0, 1, 65_536, 499_999, 500_000, 500_001] {
        let chunks = source.open(from, Some(&meta)).await.unwrap().chunks;
        let read: Vec<Bytes> = chunks.try_collect().await.unwrap();
        assert!(read.concat() == bytes[(from as usize).min(bytes.len())..], "{from}");
    }
}

#[test]
fn only_a_folder_can_be_opened() {
    let (top, _) = folder();
    for name in ["nowhere", "root/a.toy"] {
        let error = Directory::open(&top.path().join(name)).unwrap_err();
        assert!(matches!(error, StartError::Folder { .. }), "{error:?}");
        assert!(error.to_string().contains(name), "{error}");
    }
}
