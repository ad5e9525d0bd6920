//! The configuration file, its schema and its documentation.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::{Program, get, run, safelight};
use serde_json::Value;
use std::{fmt::Write, fs, path::Path};

/// Returns the standard output of a command that succeeds.
fn stdout(arguments: &[&str]) -> String {
    let output = run(arguments);
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Returns the error output of a command that fails.
fn stderr(arguments: &[&str], variables: &[(&str, &str)]) -> String {
    let output = safelight(arguments).envs(variables.iter().copied()).output().unwrap();
    assert!(!output.status.success(), "{arguments:?}");
    String::from_utf8(output.stderr).unwrap()
}

/// Compares a generated file with `expected`, and writes it if it differs.
fn check_file(path: &str, expected: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path);
    if fs::read_to_string(&path).unwrap() != expected {
        fs::write(&path, expected).unwrap();
        panic!("{} was stale and is now current: commit it", path.display());
    }
}

#[test]
fn the_schema_is_current() {
    check_file("runtime/service/config.schema.json", &stdout(&["config", "schema"]));
}

#[test]
fn the_openapi_document_is_current() {
    check_file("runtime/service/openapi.json", &safelight_service::openapi::openapi_json());
}

/// The table of `docs/configuration.md` is generated from the schema.
#[test]
fn the_documentation_lists_every_setting() {
    const START: &str = "<!-- generated: settings -->\n";
    const END: &str = "<!-- end -->\n";
    let schema: Value = serde_json::from_str(&stdout(&["config", "schema"])).unwrap();
    let mut table = "| setting | variable | default | |\n|---|---|---|---|\n".to_owned();
    for (name, property) in schema["properties"].as_object().unwrap() {
        let variable = property["x-variable"].as_str().unwrap();
        let default = property["default"].as_str().map(|default| format!("`{default}`")).unwrap_or_default();
        let default = default.replace("``", "empty");
        let text = property["description"].as_str().unwrap().replace('\n', " ").replace('*', "\\*");
        writeln!(table, "| `{name}` | `{variable}` | {default} | {text} |").unwrap();
    }
    let path = "docs/configuration.md";
    let page = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path)).unwrap();
    let (before, rest) = page.split_once(START).unwrap();
    let (_, after) = rest.split_once(END).unwrap();
    check_file(path, &format!("{before}{START}\n{table}\n{END}{after}"));
}

#[test]
fn a_valid_file_passes_the_check() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("safelight.toml");
    let path = path.to_str().unwrap();
    let file = "source = 'images'\nlisten = ':80'\nbucket = 'photos'\nonly-presets = true\n\
                [presets]\ncard = 'width=320&format=auto'\n";
    fs::write(path, file).unwrap();
    assert_eq!(stdout(&["config", "check", path]), format!("{path} is valid\n"));
    let checked = safelight(&["config", "check"]).env("SAFELIGHT_CONFIG", file).output().unwrap();
    assert_eq!(checked.stdout, b"the content of SAFELIGHT_CONFIG is valid\n");
}

#[test]
fn mistakes_are_named_with_their_remedy() {
    for (content, expected) in [
        ("max-pixel = 1", "unknown setting max-pixel: did you mean max-pixels?"),
        ("max-pixels = 'much'", "invalid value 'much' for '--max-pixels <PIXELS>'"),
        ("queue-timeout-secs = 0", "invalid value '0' for '--queue-timeout-secs <SECONDS>'"),
        ("lenient = 7", "unexpected value '7' for '--lenient'"),
        ("only-presets = true", "only-presets: must be false without presets"),
        ("[presets]\ncard = 'wdith=5'", "presets.card: unsupported key \"wdith\": did you mean width?"),
        ("[presets]\ncard = 5", "card: invalid type: integer `5`, expected a string"),
        ("[allow]\nkey = ['width']", "unknown field `key`: did you mean keys?"),
        ("[ladders]\nwidth = []", "ladders.width: must be a list of whole numbers from 1 to 16384"),
        ("[authorize]\nmode = 'tokn'", "mode: unknown variant `tokn`: did you mean token?"),
        ("require-signature = true", "--require-signature needs --signature-keys"),
        ("healthimaging-region = 'nowhere'", "invalid value 'nowhere' for '--healthimaging-region"),
        ("= 1", "the content of SAFELIGHT_CONFIG is not TOML: TOML parse error at line 1"),
    ] {
        let text = stderr(&["config", "check", content], &[]);
        assert_eq!(text.matches(expected).count(), 1, "{content}: {text}");
    }
    let serve = ["serve", ".", "--config", "max-pixels = 'much'"];
    assert!(stderr(&serve, &[]).starts_with("the content of SAFELIGHT_CONFIG: max-pixels:\n"));
    let unknown = stderr(&["serve", "."], &[("SAFELIGHT_REDCAT", "true")]);
    assert_eq!(
        unknown,
        "safelight: unknown environment variable SAFELIGHT_REDCAT: did you mean SAFELIGHT_REDACT?\n"
    );
}

#[tokio::test]
async fn flags_override_variables_which_override_the_file() {
    let folder = safelight_images::folder();
    let file = format!(
        "source = '{}'\nlenient = true\nlisten = '127.0.0.1:0'\nmax-output-side = 1",
        folder.display()
    );
    let variables = [("SAFELIGHT_CONFIG", file.as_str()), ("SAFELIGHT_MAX_OUTPUT_SIDE", "2")];
    for (flags, by_environment, expected) in [
        (&[][..], &variables[..1], "limit is 1 a"),
        (&[], &variables[..], "limit is 2 a"),
        (&["--max-output-side", "3"], &variables[..], "limit is 3 a"),
    ] {
        let mut command = safelight(&[&["serve"], flags].concat());
        let program = Program::start(command.envs(by_environment.iter().copied()));
        let reply = get(program.address, "/photo.jpg?width=30&wdith=3").await;
        assert_eq!(reply.status, 413, "{}", reply.text());
        assert!(reply.text().contains(expected), "{flags:?}: {}", reply.text());
    }
}

#[test]
fn the_documentation_has_every_kind_of_error() {
    let page =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/errors.md")).unwrap();
    let openapi: Value = serde_json::from_str(&safelight_service::openapi::openapi_json()).unwrap();
    let kinds = &openapi["components"]["schemas"]["Problem"]["properties"]["kind"]["enum"];
    for kind in kinds.as_array().unwrap() {
        let heading = format!("\n## {}\n", kind.as_str().unwrap());
        assert!(page.contains(&heading), "docs/errors.md has no{heading}");
    }
}
