//! Programs of other crates, built before a test uses them, and the responses expected of them.

use bytes::Bytes;
use safelight_core::{Plan, Settings, testing::Output};
use safelight_registry::REGISTRY;
use serde_json::Value;
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
};
use tempfile::TempDir;

/// Arguments of `cargo` that build the Lambda program and the addon. The whole workspace is selected, and a
/// test besides the program, so that dependencies have the same features as in `cargo test`, and are not
/// built twice.
/// `node` is the test of the addon's crate, which builds the addon.
const BUILD: [&str; 7] = ["build", "--locked", "--workspace", "--bin", LAMBDA, "--test", "node"];

/// Name of the Lambda program.
const LAMBDA: &str = "bootstrap";

/// Name of the addon's crate.
const ADDON: &str = "safelight_edge_node";

/// The built files.
struct Built {
    lambda: PathBuf,
    addon: PathBuf,
}

/// Returns the path of the Lambda program: the one in `SAFELIGHT_BOOTSTRAP`, or else one built from the
/// current sources.
pub(crate) fn bootstrap() -> PathBuf {
    overridden("SAFELIGHT_BOOTSTRAP").unwrap_or_else(|| built().lambda.clone())
}

/// Returns a folder with the edge functions for this configuration, and with the addon in `SAFELIGHT_EDGE`,
/// or else one built from the current sources. Returns `None` if Node.js is missing; in CI that fails the
/// test.
pub(crate) fn edge(config: &Value) -> Option<TempDir> {
    safelight_images::program("node")?;
    let addon = overridden("SAFELIGHT_EDGE").unwrap_or_else(|| built().addon.clone());
    let folder = tempfile::tempdir().unwrap();
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("../edge/node");
    for name in ["index.mjs", "key-set.mjs"] {
        fs::copy(sources.join(name), folder.path().join(name)).unwrap();
    }
    fs::copy(addon, folder.path().join("safelight-edge.node")).unwrap();
    fs::write(folder.path().join("config.json"), config.to_string()).unwrap();
    Some(folder)
}

/// Returns the output of the transforms for `source`, without a server.
pub(crate) fn expected(source: Vec<u8>, query: &str) -> Output {
    let plan = Plan::new(REGISTRY, REGISTRY.query(query, "").unwrap()).unwrap();
    Output::collect(plan.start(&Settings::default()), &Bytes::from(source), 64 << 10).unwrap()
}

fn overridden(variable: &str) -> Option<PathBuf> {
    let path = PathBuf::from(std::env::var_os(variable)?);
    assert!(path.is_file(), "{variable}: no file at {}", path.display());
    Some(path)
}

/// Builds both, once per process, with the profile and into the folder of this test. `cargo` holds no lock on
/// that folder while tests run, and has nothing to do if `cargo test` has built both already.
fn built() -> &'static Built {
    static BUILT: OnceLock<Built> = OnceLock::new();
    BUILT.get_or_init(build)
}

fn build() -> Built {
    // {target}[/{triple}]/{profile}/deps/{test}
    let test = std::env::current_exe().unwrap();
    let profile = test.ancestors().nth(2).unwrap();
    let mut target = profile.parent().unwrap();
    let mut cargo = Command::new(env!("CARGO"));
    cargo.current_dir(env!("CARGO_MANIFEST_DIR")).args(BUILD).arg("--message-format=json-render-diagnostics");
    // cargo marks the root of a target folder with this file.
    if !target.join("CACHEDIR.TAG").is_file() {
        cargo.arg("--target").arg(target.file_name().unwrap());
        target = target.parent().unwrap();
    }
    let name = profile.file_name().and_then(|name| name.to_str()).unwrap();
    cargo.args(["--profile", if name == "debug" { "dev" } else { name }]).arg("--target-dir").arg(target);

    let output = cargo.output().unwrap();
    assert!(output.status.success(), "{cargo:?}:\n{}", String::from_utf8_lossy(&output.stderr));
    let lines = output.stdout.split(|byte| *byte == b'\n');
    let messages: Vec<Value> = lines.filter_map(|line| serde_json::from_slice(line).ok()).collect();
    Built { lambda: artifact(&messages, LAMBDA, "bin"), addon: artifact(&messages, ADDON, "cdylib") }
}

/// Returns the file of the target `name`, from messages of `cargo`.
fn artifact(messages: &[Value], name: &str, kind: &str) -> PathBuf {
    let is_target = |message: &&Value| {
        let kinds = message["target"]["crate_types"].as_array();
        message["reason"] == "compiler-artifact"
            && message["target"]["name"] == name
            && message["profile"]["test"] == false
            && kinds.is_some_and(|kinds| kinds.iter().any(|found| found == kind))
    };
    let message = messages.iter().rfind(is_target);
    let message = message.unwrap_or_else(|| panic!("cargo has built no {kind} {name}"));
    let files = message["filenames"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let is_artifact = |path: &PathBuf| {
        kind == "bin" || path.extension() == Path::new(std::env::consts::DLL_EXTENSION).file_name()
    };
    files
        .map(PathBuf::from)
        .find(is_artifact)
        .unwrap_or_else(|| panic!("cargo lists no file of {kind} {name}"))
}
