//! The layers of the workspace, and the cycles of imports in its crates.
//!
//! `engine` depends on no transforms; plug-ins depend on `engine` and on no other plug-in; only the registry depends
//! on all of them; `edge` and `engine` depend on neither `transforms` nor `runtime`. No crate has a cycle of more
//! than three files. A parent that uses its own children is not counted: a parent exists to join them, and a child
//! may use the types of its parent.

mod imports;

use imports::Sources;
use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    process::Command,
};

/// The largest number of files in a cycle of imports.
const MAX_CYCLE: usize = 3;

/// The folders of a workspace member, and of the members that it depends on other than in tests.
struct Member {
    folder: String,
    dependencies: Vec<String>,
}

/// Reads the members of the workspace.
fn members() -> Vec<Member> {
    let arguments = ["metadata", "--no-deps", "--format-version", "1", "--offline"];
    let mut cargo = Command::new(env!("CARGO"));
    let output = cargo.args(arguments).current_dir(env!("CARGO_MANIFEST_DIR")).output().expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let root = metadata["workspace_root"].as_str().expect("a path").to_owned();
    let list = |value: &Value| value.as_array().expect("a list").clone();
    let relative = |path: &str| Path::new(path).strip_prefix(&root).expect("inside").display().to_string();
    let packages = list(&metadata["packages"]);
    let member = |package: &Value| {
        let dependencies = list(&package["dependencies"]);
        let dependencies = dependencies.iter().filter(|dependency| dependency["kind"] != "dev");
        let manifest = package["manifest_path"].as_str().expect("a path");
        Member {
            folder: relative(manifest).trim_end_matches("/Cargo.toml").to_owned(),
            dependencies: dependencies.filter_map(|it| it["path"].as_str()).map(relative).collect(),
        }
    };
    packages.iter().map(member).collect()
}

/// Returns whether the crate in the folder `from` may depend on the one in `to`.
fn may_depend(from: &str, to: &str) -> bool {
    let layer = |folder: &str| folder.split('/').next().unwrap_or_default().to_owned();
    match (layer(from).as_str(), layer(to).as_str()) {
        ("edge", to) => matches!(to, "edge" | "engine"),
        ("transforms", "transforms") => from == "transforms/registry",
        ("engine" | "transforms", to) => to == "engine",
        ("runtime", to) => matches!(to, "edge" | "engine" | "transforms" | "runtime"),
        _ => true,
    }
}

/// Returns the groups of nodes from each of which every other node of the group can be reached.
fn cycles<'a>(graph: &'a BTreeMap<String, Vec<String>>) -> BTreeSet<Vec<&'a String>> {
    let reachable = |start| {
        let (mut seen, mut open) = (BTreeSet::new(), vec![start]);
        while let Some(node) = open.pop() {
            open.extend(graph.get(node).into_iter().flatten().filter(|next| seen.insert(*next)));
        }
        seen
    };
    let reach: BTreeMap<_, _> = graph.keys().map(|node| (node, reachable(node))).collect();
    let cycle = |(node, reached): (&&'a String, &BTreeSet<&'a String>)| -> Vec<_> {
        reached.iter().copied().filter(|other| reach[other].contains(*node)).collect()
    };
    reach.iter().map(cycle).filter(|cycle| 1 < cycle.len()).collect()
}

#[test]
fn crates_depend_only_on_the_layers_below() {
    let members = members();
    assert!(members.iter().any(|member| member.folder == "engine/core"));
    let edges = members.iter().flat_map(|from| from.dependencies.iter().map(|to| (from.folder.as_str(), to)));
    let wrong: Vec<_> = edges.filter(|(from, to)| !may_depend(from, to)).collect();
    assert!(wrong.is_empty(), "dependencies that are not allowed: {wrong:?}");
}

#[test]
fn no_crate_has_a_cycle_of_more_than_three_files() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut long = Vec::new();
    for Member { folder, .. } in members() {
        let mut sources = Sources::default();
        sources.read(&root.join(&folder).join("src"), &[]);
        let graph = sources.graph();
        let found = cycles(&graph).into_iter().filter(|cycle| MAX_CYCLE < cycle.len());
        long.extend(found.map(|cycle| format!("{folder}: {cycle:?}")));
    }
    assert!(long.is_empty(), "{}", long.join("\n"));
}

#[test]
fn forbidden_dependencies_are_detected() {
    assert!(
        may_depend("transforms/blur", "engine/filters")
            && may_depend("transforms/registry", "transforms/blur")
    );
    assert!(may_depend("runtime/server", "runtime/service") && may_depend("edge/node", "edge"));
    for (from, to) in [
        ("engine/core", "transforms/blur"),
        ("engine/core", "runtime"),
        ("transforms/blur", "transforms/registry"),
        ("transforms/blur", "transforms/crop"),
        ("transforms/registry", "runtime/service"),
        ("edge", "transforms/registry"),
        ("edge/node", "runtime/service"),
    ] {
        assert!(!may_depend(from, to), "{from} on {to}");
    }
}

#[test]
fn cycles_are_detected() {
    let edges =
        [("a", "b"), ("b", "c"), ("c", "a"), ("c", "d"), ("d", "e"), ("e", "d"), ("f", "f"), ("f", "a")];
    let mut graph = BTreeMap::<_, Vec<_>>::new();
    for (from, to) in edges {
        graph.entry(from.to_owned()).or_default().push(to.to_owned());
    }
    let found: Vec<_> = cycles(&graph)
        .into_iter()
        .map(|cycle| cycle.iter().map(|node| node.as_str()).collect::<String>())
        .collect();
    assert_eq!(found, ["abc", "de"]);
}
