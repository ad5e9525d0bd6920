//! Programs that other crates build, and what they are to answer.

use bytes::Bytes;
use safelight_core::{Plan, Settings, testing::Output};
use safelight_registry::REGISTRY;
use serde_json::Value;
use std::{
    env::consts::{DLL_PREFIX, DLL_SUFFIX},
    fs,
    path::{Path, PathBuf},
    process::Command,
};
use tempfile::TempDir;

/// The function that `SAFELIGHT_BOOTSTRAP` names, else the one beside these tests.
pub(crate) fn bootstrap() -> Option<PathBuf> {
    let beside = || std::env::current_exe().unwrap().parent().unwrap().with_file_name("bootstrap");
    let program = std::env::var_os("SAFELIGHT_BOOTSTRAP").map_or_else(beside, PathBuf::from);
    let found = program.is_file().then_some(program);
    if found.is_none() {
        eprintln!("there is no bootstrap to test: name it with SAFELIGHT_BOOTSTRAP");
    }
    found
}

/// A folder with the functions at the edge by this configuration, and the addon that `SAFELIGHT_EDGE` names,
/// else the one beside these tests.
pub(crate) fn edge(config: &Value) -> Option<TempDir> {
    let name = format!("{DLL_PREFIX}safelight_edge_node{DLL_SUFFIX}");
    let beside = || std::env::current_exe().unwrap().with_file_name(name);
    let addon = std::env::var_os("SAFELIGHT_EDGE").map_or_else(beside, PathBuf::from);
    if !addon.is_file() || Command::new("node").arg("--version").output().is_err() {
        eprintln!("there is no edge to test: it needs Node.js, and an addon that SAFELIGHT_EDGE names");
        return None;
    }
    let folder = tempfile::tempdir().unwrap();
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("../edge/node");
    for name in ["index.mjs", "key-set.mjs"] {
        fs::copy(sources.join(name), folder.path().join(name)).unwrap();
    }
    fs::copy(addon, folder.path().join("safelight-edge.node")).unwrap();
    fs::write(folder.path().join("config.json"), config.to_string()).unwrap();
    Some(folder)
}

/// What the transforms make of `source`, without any door.
pub(crate) fn expected(source: Vec<u8>, query: &str) -> Output {
    let plan = Plan::new(REGISTRY, REGISTRY.query(query, "").unwrap()).unwrap();
    Output::collect(plan.start(&Settings::default()), &Bytes::from(source), 64 << 10).unwrap()
}
