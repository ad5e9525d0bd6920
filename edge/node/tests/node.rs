//! Runs the Node.js tests in `test/` with the addon that cargo built.
//!
//! Without Node.js, the test prints a message and is skipped.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    env::consts::{DLL_PREFIX, DLL_SUFFIX},
    path::Path,
    process::Command,
};

#[test]
fn node_tests_pass() {
    if Command::new("node").arg("--version").output().is_err() {
        eprintln!("skipped: Node.js is not installed");
        return;
    }
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("test");
    let files = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
    let tests: Vec<_> = files.filter(|path| path.to_str().unwrap().ends_with(".test.mjs")).collect();
    let addon = std::env::current_exe().unwrap();
    let addon = addon.with_file_name(format!("{DLL_PREFIX}safelight_edge_node{DLL_SUFFIX}"));
    assert!(addon.is_file(), "missing addon {}", addon.display());
    let mut node = Command::new("node");
    node.arg("--test").args(tests).env("SAFELIGHT_EDGE", addon);
    assert!(node.status().unwrap().success());
}
