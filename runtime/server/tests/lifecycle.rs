//! The life of the server: its start by a service manager, its readiness, a changed configuration, its end.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![cfg(target_os = "linux")]

mod common;

use common::{Program, get, run, safelight};
use std::{
    fs,
    net::TcpListener,
    os::{fd::OwnedFd, unix::net::UnixDatagram},
    process::{Command, Stdio},
    time::Duration,
};
use tempfile::TempDir;
use tokio::{net::TcpStream, time::timeout};

/// Longer than any test takes.
const LONG: Duration = Duration::from_mins(1);

/// Returns a command that serves the sample images at a socket that is already open, as systemd does: it is file 3.
fn activated(listener: &TcpListener) -> Command {
    let mut command = Command::new("/bin/sh");
    command
        .args(["-c", "export LISTEN_FDS=1 LISTEN_PID=$$; exec \"$0\" \"$@\" 3<&0 </dev/null"])
        .args([env!("CARGO_BIN_EXE_safelight"), "serve", images(), "--listen", "127.0.0.1:1"])
        .env_clear()
        .stdin(Stdio::from(OwnedFd::from(listener.try_clone().unwrap())));
    command
}

fn images() -> &'static str {
    safelight_images::folder().to_str().unwrap()
}

/// Waits until `/readyz` responds with this status, and returns its text.
async fn until_ready(program: &Program, status: u16) -> String {
    let wait = async {
        loop {
            let reply = get(program.admin_address(), "/readyz").await;
            if reply.status == status {
                return reply.text().to_owned();
            }
        }
    };
    timeout(LONG, wait).await.unwrap()
}

#[tokio::test]
async fn a_server_is_ready_while_its_source_can_be_read() {
    let origin = Program::serve(images(), &[]);
    let address = origin.address;
    let settings = [("SAFELIGHT_ADMIN_LISTEN", "127.0.0.1:0"), ("SAFELIGHT_SOURCE_CHECK_SECS", "1")];
    let program = Program::serve(&format!("http://{address}"), &settings);
    until_ready(&program, 200).await;
    drop(origin);
    assert_eq!(until_ready(&program, 503).await, "the source cannot be read\n");
    assert_eq!(get(program.admin_address(), "/livez").await.status, 200, "a restart would not help");
    let _origin = Program::start(&mut safelight(&["serve", images(), "--listen", &address.to_string()]));
    assert_eq!(until_ready(&program, 200).await, "ok\n");
}

#[tokio::test]
async fn a_hangup_reads_the_configuration_again() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("safelight.toml");
    let source = images();
    let write = |presets: &str| {
        let text =
            format!("source = '{source}'\nlisten = '127.0.0.1:0'\nonly-presets = true\n[presets]\n{presets}");
        fs::write(&file, text).unwrap();
    };
    write("card = 'width=40'");
    let mut program = Program::start(&mut safelight(&["serve", "--config", file.to_str().unwrap()]));
    let address = program.address;
    let status = async |preset: &str| get(address, &format!("/photo.jpg?preset={preset}")).await.status;
    assert_eq!((status("card").await, status("hero").await), (200, 400));

    // A connection that stays open gets the new settings too.
    let kept = TcpStream::connect(address).await.unwrap();
    write("hero = 'width=60'");
    program.signal("-HUP");
    program.line("configuration read again");
    assert_eq!((status("card").await, status("hero").await), (400, 200));
    let mut kept = tokio::io::BufReader::new(kept);
    let request = "GET /photo.jpg?preset=hero HTTP/1.1\r\nhost: test\r\n\r\n";
    tokio::io::AsyncWriteExt::write_all(&mut kept, request.as_bytes()).await.unwrap();
    assert_eq!(common::read(&mut kept, "GET").await.status, 200);

    write("hero = 'nothing=60'");
    program.signal("-HUP");
    let line = program.line("configuration not changed");
    assert!(line["error"].as_str().unwrap().contains("presets.hero: "), "{line}");
    assert_eq!((status("card").await, status("hero").await), (400, 200));
}

#[tokio::test]
async fn a_service_manager_opens_the_socket_and_learns_of_start_and_stop() {
    let folder = TempDir::new().unwrap();
    let messages = UnixDatagram::bind(folder.path().join("notify")).unwrap();
    messages.set_read_timeout(Some(LONG)).unwrap();
    let message = || {
        let mut bytes = [0; 64];
        let count = messages.recv(&mut bytes).unwrap();
        String::from_utf8_lossy(&bytes[..count]).trim().to_owned()
    };
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let notify = folder.path().join("notify");
    let program = Program::start(activated(&listener).env("NOTIFY_SOCKET", notify));
    assert_eq!(program.address, address);
    assert_eq!(message(), "READY=1");
    assert_eq!(get(address, "/photo.jpg").await.status, 200);
    program.stop();
    assert_eq!(message(), "STOPPING=1");
    assert!(program.terminate());
}

#[tokio::test]
async fn a_command_checks_the_health_of_a_server() {
    let program = Program::serve(images(), &[("SAFELIGHT_ADMIN_LISTEN", "127.0.0.1:0")]);
    let address = program.admin_address().to_string();
    assert!(run(&["health", &address]).status.success());
    // The listener for viewers has no such path.
    let output = run(&["health", &program.address.to_string()]);
    assert_eq!(output.status.code(), Some(1));
    drop(program);
    let output = run(&["health", &address]);
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success() && text.contains("no response from"), "{text}");
    assert!(text.lines().count() == 1, "{text}");
}

#[tokio::test]
async fn a_rolling_restart_fails_no_request() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let start = || {
        let program = Program::start(&mut activated(&listener));
        program.ignore_log();
        program
    };
    let mut program = start();
    let load = tokio::spawn(async move {
        let mut count = 0;
        while count < 200 {
            let reply = get(address, "/photo.jpg?width=32").await;
            assert!(reply.status == 200 && reply.whole, "request {count}: {}", reply.status);
            count += 1;
        }
    });
    while !load.is_finished() {
        let next = start();
        let old = std::mem::replace(&mut program, next);
        assert!(tokio::task::spawn_blocking(move || old.terminate()).await.unwrap());
    }
    load.await.unwrap();
}
