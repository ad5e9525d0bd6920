//! Attempts of a child to reach files, the network and other processes.

use crate::{check_next, common::Test, task};
use safelight_isolate::{IsolateError, Pool};
use std::{fs, net::TcpListener};

pub(crate) const TESTS: &[Test] = &[
    #[cfg(target_os = "linux")]
    ("nothing_is_reachable", nothing_is_reachable),
];

#[cfg(target_os = "linux")]
fn nothing_is_reachable() {
    let pool = Pool::new(1).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let parent = std::process::id().to_string();
    let folder = tempfile::tempdir().unwrap();
    let victim = folder.path().join("victim");
    fs::write(&victim, "x").unwrap();
    let new = folder.path().join("new");
    let (victim_name, new_name) = (victim.to_str().unwrap(), new.to_str().unwrap());
    for (name, argument) in [
        ("read a file", ""),
        ("write a file", new_name),
        ("list a folder", ""),
        ("delete a file", victim_name),
        ("connect", &address),
        ("listen", ""),
        ("send a datagram", ""),
        ("make a socket pair", ""),
        ("start a program", ""),
        ("start a thread", ""),
        ("kill the parent", &parent),
    ] {
        match pool.run(&task(name, argument), &|| Ok(())) {
            Err(IsolateError::Failed(error)) => {
                assert!(error.message.contains("not permitted"), "{name}: {error}");
            }
            other => panic!("{name}: {other:?}"),
        }
        check_next(&pool);
    }
    assert!(victim.exists() && !new.exists());
}
