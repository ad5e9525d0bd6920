//! The function as a child process. The child is this test program, started again.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![cfg(unix)]

mod common;

use common::{LONG, Reply, fetch, get_signed, send};
use safelight_local::{Builder, Cloud, body::full, sign::Service};
use std::{fs, os::unix::fs::PermissionsExt, path::PathBuf, time::Duration};
use tempfile::TempDir;
use tokio::time::timeout;

/// Writes a program that runs only the test [`function`].
fn program(folder: &TempDir) -> PathBuf {
    let path = folder.path().join("bootstrap");
    let test = std::env::current_exe().unwrap();
    fs::write(&path, format!("#!/bin/sh\nexec '{}' --exact function\n", test.display())).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    path
}

/// The child: it responds with its process id and a variable, or hangs, or exits. Without a runtime API this
/// is not the child, and the test does nothing.
#[tokio::test]
async fn function() {
    let Ok(api) = std::env::var("AWS_LAMBDA_RUNTIME_API") else { return };
    let api = api.parse().unwrap();
    loop {
        let next = fetch(api, "GET", "/2018-06-01/runtime/invocation/next", &[]).await;
        let event: serde_json::Value = serde_json::from_slice(&next.body).unwrap();
        match event["rawPath"].as_str().unwrap() {
            "/hang" => std::future::pending().await,
            "/die" => std::process::exit(1),
            _ => (),
        }
        let id = next.header("lambda-runtime-aws-request-id");
        let uri = format!("http://{api}/2018-06-01/runtime/invocation/{id}/response");
        let body = format!("{} {}", std::process::id(), std::env::var("COLOUR").unwrap());
        let response = serde_json::json!({"statusCode": 200, "body": body}).to_string();
        send(http::Request::post(uri).body(full(response)).unwrap()).await;
    }
}

async fn start(change: impl FnOnce(Builder) -> Builder) -> (TempDir, Cloud) {
    let folder = TempDir::new().unwrap();
    let builder = Cloud::builder().bootstrap(program(&folder)).env("COLOUR", "red");
    (folder, change(builder).start().await.unwrap())
}

async fn read(cloud: &Cloud, target: &str) -> Reply {
    timeout(LONG, get_signed(cloud.function_url(), target, &[], Service::Lambda)).await.unwrap()
}

#[tokio::test]
async fn a_child_processes_one_event_after_another() {
    let (_folder, cloud) = start(|builder| builder).await;
    let first = read(&cloud, "/").await;
    assert_eq!((first.status, cloud.function().starts()), (200, 1));
    assert_eq!(first.text(), format!("{} red", cloud.function().children()[0]));
    assert_eq!(read(&cloud, "/").await.text(), first.text());
}

#[tokio::test]
async fn a_dead_child_is_started_again() {
    let (_folder, cloud) = start(|builder| builder).await;
    let first = read(&cloud, "/").await;
    cloud.function().kill();
    let second = read(&cloud, "/").await;
    assert_eq!((second.status, cloud.function().starts()), (200, 2));
    assert_ne!(second.text(), first.text());

    assert_eq!(read(&cloud, "/die").await.status, 502);
    assert_eq!((read(&cloud, "/").await.status, cloud.function().starts()), (200, 3));
    cloud.faults().kill_child();
    assert_eq!(read(&cloud, "/hang").await.status, 502);
    assert_eq!((read(&cloud, "/").await.status, cloud.function().starts()), (200, 4));
}

#[tokio::test]
async fn a_child_that_hangs_is_killed_in_time() {
    let (_folder, cloud) = start(|builder| builder.timeout(Duration::from_secs(2))).await;
    assert_eq!(read(&cloud, "/hang").await.status, 502);
    assert_eq!((read(&cloud, "/").await.status, cloud.function().starts()), (200, 2));
}

#[tokio::test]
async fn several_children_run_concurrently() {
    let (_folder, cloud) = start(|builder| builder.children(2)).await;
    let hanging = get_signed(cloud.function_url(), "/hang", &[], Service::Lambda);
    tokio::pin!(hanging);
    // The hanging event goes to the first child.
    let text = tokio::select! {
        _ = &mut hanging => unreachable!("it hangs"),
        reply = read(&cloud, "/") => reply.text().to_owned(),
    };
    assert_eq!(read(&cloud, "/").await.text(), text);
    assert_eq!((cloud.function().children().len(), cloud.function().apis().len()), (2, 2));
    cloud.function().kill();
    assert_eq!(hanging.await.status, 502);
}

#[tokio::test]
async fn a_missing_program_has_an_error_of_its_own() {
    let cloud = Cloud::builder().bootstrap("/nowhere/bootstrap").start().await.unwrap();
    assert_eq!(read(&cloud, "/").await.status, 502);
    let reply = get_signed(cloud.access_point(), "/a", &[], Service::S3ObjectLambda).await;
    assert_eq!((reply.status, reply.code()), (400, "LambdaInvocationFailed"));
}
