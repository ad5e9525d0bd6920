//! Results: equal requests share a run, and the cache survives restarts, kills and purges.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![cfg(target_os = "linux")]

mod common;

use common::{Program, Reply, fetch, get, run};
use std::{
    collections::HashMap,
    fs,
    path::Path,
    time::{Duration, Instant},
};
use tempfile::TempDir;
use tokio::task::JoinSet;

/// An image whose encode takes a second or more.
const SLOW: &str = "/photo.jpg?width=900&height=900&fit=fill&format=avif";

/// A small result.
const TARGET: &str = "/photo.jpg?width=40";

/// A folder with two photos, and one for results.
fn folders() -> (TempDir, TempDir) {
    let (images, results) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    fs::create_dir(images.path().join("a")).unwrap();
    for name in ["photo.jpg", "a/photo.jpg"] {
        fs::copy(safelight_images::path("photo.jpg"), images.path().join(name)).unwrap();
    }
    (images, results)
}

fn serve(images: &Path, settings: &[(&str, &str)]) -> Program {
    let admin = ("SAFELIGHT_ADMIN_LISTEN", "127.0.0.1:0");
    let program = Program::serve(images.to_str().unwrap(), &[&[admin], settings].concat());
    program.ignore_log();
    program
}

/// Returns the number of requests with each outcome, as `hit`, `revalidated`, `coalesced` and `miss`.
async fn outcomes(program: &Program) -> [u64; 4] {
    let reply = get(program.admin_address(), "/metrics").await;
    ["hit", "revalidated", "coalesced", "miss"].map(|outcome| {
        let name = format!("safelight_results_total{{outcome=\"{outcome}\"}} ");
        reply.text().lines().find_map(|line| line.strip_prefix(&name)).unwrap().parse().unwrap()
    })
}

fn body(reply: Reply) -> Vec<u8> {
    assert!(matches!(reply.status, 200 | 206) && reply.whole, "{}", reply.status);
    reply.body
}

#[tokio::test]
async fn eight_equal_requests_are_one_decode() {
    let program = serve(safelight_images::folder(), &[]);
    let address = program.address;
    let mut requests = JoinSet::new();
    for index in 0..8 {
        // Ranges are parts of the same result, and the order of keys is no difference.
        let target = if index % 2 == 0 { SLOW } else { "/photo.jpg?format=avif&height=900&fit=fill&w=900" };
        let headers: &[(&str, &str)] = if index < 6 { &[] } else { &[("range", "bytes=10-19")] };
        requests.spawn(async move { (index, body(fetch(address, "GET", target, headers).await)) });
    }
    let bodies: HashMap<_, _> = requests.join_all().await.into_iter().collect();
    for index in 1..6 {
        assert!(bodies[&index] == bodies[&0]);
    }
    assert!(bodies[&6] == bodies[&0][10..20] && bodies[&7] == bodies[&6]);
    assert_eq!(outcomes(&program).await, [0, 0, 7, 1]);
    // Nothing is kept unless the operator says so.
    body(get(address, "/photo.jpg?width=40").await);
    body(get(address, "/photo.jpg?width=40").await);
    assert_eq!(outcomes(&program).await, [0, 0, 7, 3]);
}

#[tokio::test]
async fn a_run_ends_with_its_last_client_only() {
    let program = serve(safelight_images::folder(), &[]);
    // The second may still be opening its source when the first leaves: it then begins a run of its own.
    for begun_alone in 0..20 {
        let first = common::send(program.address, "GET", SLOW, &[]).await;
        let second = tokio::spawn(get(program.address, SLOW));
        while outcomes_begun(&program).await < 2 {}
        drop(first);
        body(second.await.unwrap());
        if outcomes(&program).await == [0, 0, 1, begun_alone] {
            return;
        }
    }
    panic!("no second request ended the run of the first: {:?}", outcomes(&program).await);
}

/// Returns the number of requests in progress.
async fn outcomes_begun(program: &Program) -> u64 {
    let reply = get(program.admin_address(), "/metrics").await;
    let name = "safelight_requests_in_progress ";
    reply.text().lines().find_map(|line| line.strip_prefix(name)).unwrap().parse().unwrap()
}

#[tokio::test]
async fn results_are_kept_until_their_source_changes_or_they_are_purged() {
    let (images, _) = folders();
    let settings =
        [("SAFELIGHT_RESULT_CACHE_BYTES", "16MiB"), ("SAFELIGHT_RESULT_CACHE_MAX_AGE_SECS", "3600")];
    let program = serve(images.path(), &settings);
    let (address, admin) = (program.address, program.admin_address().to_string());
    let first = get(address, TARGET).await;
    let etag = first.header("etag").to_owned();
    assert_eq!(body(get(address, TARGET).await), first.body);
    assert_eq!(
        body(fetch(address, "GET", TARGET, &[("range", "bytes=-5")]).await),
        first.body[first.body.len() - 5..]
    );
    let head = fetch(address, "HEAD", TARGET, &[]).await;
    assert_eq!(head.header("content-length"), first.body.len().to_string());
    assert_eq!((head.header("etag"), head.header("content-type")), (etag.as_str(), "image/jpeg"));
    assert_eq!(fetch(address, "GET", TARGET, &[("if-none-match", &etag)]).await.status, 304);
    assert_eq!(fetch(address, "GET", TARGET, &[("range", "bytes=999999-")]).await.status, 416);
    assert_eq!(outcomes(&program).await, [5, 0, 0, 1]);

    // The source is not read, so that a change shows after a purge.
    fs::copy(safelight_images::path("progressive.jpg"), images.path().join("photo.jpg")).unwrap();
    assert_eq!(body(get(address, TARGET).await), first.body);
    body(get(address, "/a/photo.jpg?width=40").await);
    let purge = |paths: &[&str]| {
        let output = run(&[&["purge", "--admin-listen", &admin], paths].concat());
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    assert_eq!(purge(&["photo.jp", "b/"]), "results purged: 0\n");
    assert_eq!(purge(&["/photo.jpg", "a/"]), "results purged: 2\n");
    let changed = get(address, TARGET).await;
    assert!(changed.header("etag") != etag && body(changed) != first.body);
}

#[tokio::test]
async fn other_spellings_share_a_result() {
    let program = serve(safelight_images::folder(), &[("SAFELIGHT_RESULT_CACHE_BYTES", "16MiB")]);
    let first = body(get(program.address, "/photo.jpg?width=30&format=png").await);
    let others =
        ["f=png&w=30", "w=0030&f=PNG", "f=%70%6e%67&%77=30.2&utm_source=x", "width=30&dpr=1&format=png"];
    for query in others {
        assert_eq!(body(get(program.address, &format!("/%70hoto.jpg?{query}")).await), first, "{query}");
    }
    assert_eq!(outcomes(&program).await, [others.len() as u64, 0, 0, 1]);
}

#[tokio::test]
async fn an_old_result_is_sent_while_its_source_is_the_same() {
    let (images, _) = folders();
    let settings = [("SAFELIGHT_RESULT_CACHE_BYTES", "16MiB"), ("SAFELIGHT_RESULT_CACHE_MAX_AGE_SECS", "0")];
    let program = serve(images.path(), &settings);
    let first = body(get(program.address, TARGET).await);
    assert_eq!(body(get(program.address, TARGET).await), first);
    assert_eq!(outcomes(&program).await, [0, 1, 0, 1]);
    fs::copy(safelight_images::path("progressive.jpg"), images.path().join("photo.jpg")).unwrap();
    assert_ne!(body(get(program.address, TARGET).await), first);
    fs::remove_file(images.path().join("photo.jpg")).unwrap();
    assert_eq!(get(program.address, TARGET).await.status, 404);
    // A failure is not kept.
    fs::copy(safelight_images::path("photo.jpg"), images.path().join("photo.jpg")).unwrap();
    assert_eq!(body(get(program.address, TARGET).await), first);
}

/// Kills the program at any moment, also in the middle of a write: what it then sends is right, and within the bound.
#[tokio::test]
async fn results_on_disk_survive_kills_and_damage() {
    const KILLS: u32 = 12;
    const MAX_BYTES: u64 = 60_000;
    let (images, results) = folders();
    let settings = [
        ("SAFELIGHT_RESULT_CACHE_BYTES", "4MiB"),
        ("SAFELIGHT_RESULT_CACHE_MAX_AGE_SECS", "3600"),
        ("SAFELIGHT_RESULT_CACHE_FOLDER", results.path().to_str().unwrap()),
        ("SAFELIGHT_RESULT_CACHE_FOLDER_BYTES", "60000"),
    ];
    let targets: Vec<_> = (30..60).map(|width| format!("/photo.jpg?width={width}&format=png")).collect();
    let mut expected = HashMap::new();
    let program = serve(images.path(), &[]);
    for target in &targets {
        expected.insert(target.clone(), body(get(program.address, target).await));
    }
    drop(program);

    let mut hits = 0;
    for kill in 0..KILLS {
        let program = serve(images.path(), &settings);
        let end = Instant::now() + Duration::from_millis(u64::from(20 + 37 * kill % 200));
        for target in targets.iter().cycle().skip(kill as usize * 7) {
            assert!(
                body(get(program.address, target).await) == expected[target],
                "{target} after {kill} kills"
            );
            if end < Instant::now() {
                break;
            }
        }
        hits += outcomes(&program).await[0];
        // By SIGKILL.
        drop(program);
        // Damage, as of a disk: a bit of a file, or its end.
        let files = fs::read_dir(results.path()).unwrap().map(|entry| entry.unwrap().path());
        if let Some(file) = files.filter(|file| file.file_name().unwrap() != "lock").max() {
            let mut bytes = fs::read(&file).unwrap();
            match (kill % 2, bytes.len()) {
                (0, length) if 2 < length => bytes[length / 2] ^= 1,
                (_, length) => bytes.truncate(length / 2),
            }
            fs::write(&file, bytes).unwrap();
        }
    }
    assert!(0 < hits, "no result was read from disk");
    // What was being written when the program was killed is removed at the next start.
    let program = serve(images.path(), &settings);
    let files = || fs::read_dir(results.path()).unwrap().map(|entry| entry.unwrap());
    assert!(files().all(|file| file.path().extension().is_none()), "{:?}", files().collect::<Vec<_>>());
    let total: u64 = files().map(|file| file.metadata().unwrap().len()).sum();
    assert!(total <= MAX_BYTES, "{total} bytes");

    // Another server must not write there, too.
    let mut second =
        common::safelight(&["serve", images.path().to_str().unwrap(), "--listen", "127.0.0.1:0"]);
    let output = second.envs(settings).output().unwrap();
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success() && text.contains("another process uses it"), "{text}");
    drop(program);
}
