//! The functions of `docs/signed-urls`, in five languages, sign as the program does.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::run;
use std::{
    fs,
    io::ErrorKind,
    path::{Path, PathBuf},
    process::Command,
};

const SECRET: &str = "0123456789abcdef0123456789abcdef";

/// Paths and queries, each signed with an expiry and without.
const VECTORS: [(&str, &str); 9] = [
    ("/photo.jpg", ""),
    ("/photo.jpg", "width=300"),
    ("/photo.jpg", "width=300&format=webp&blur=2"),
    ("/a/b%20c/d+e.jpg", "w=1&w=03&w=2"),
    ("/caf%C3%A9/%E2%82%AC.jpg", "background=%23ff00ff&x=%E2%82%AC"),
    ("/a%25b/(1)!*'~-_.jpg", "x=(1)!*'~-_.&y=%2F%26%3D%25"),
    ("/a", "space=a+b%20c&plus=%2B"),
    ("/a", "flag&empty=&a=b=c"),
    ("/a", "%77idth=3&Z=1&a=2&B=3"),
];
const EXPIRY: &str = "1800000000";

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/signed-urls")
}

/// Checks a program that prints the signed query of its arguments: path, query and, if there is one, expiry.
fn check(language: &str, command: impl Fn() -> Command) {
    let keys = format!("k1:{SECRET}");
    for (path, query) in VECTORS {
        for expiry in [None, Some(EXPIRY)] {
            let mut command = command();
            command.args([path, query]).args(expiry);
            let output = match command.output() {
                Err(error) if error.kind() == ErrorKind::NotFound => {
                    return eprintln!("skipped: {language} is not installed");
                }
                output => output.unwrap(),
            };
            let found = String::from_utf8(output.stdout).unwrap();
            let url = format!("{path}?{query}");
            let expiry = expiry.map(|expiry| ["--expires-at", expiry]);
            let own = run(&[
                &["sign", &url, "--signature-keys", &keys][..],
                expiry.as_ref().map_or(&[], |it| &it[..]),
            ]
            .concat());
            let own = String::from_utf8(own.stdout).unwrap();
            let expected = own.split_once('?').unwrap().1;
            let errors = String::from_utf8_lossy(&output.stderr);
            assert_eq!(found.trim_end(), expected.trim_end(), "{language}, {url}, {expiry:?}: {errors}");
        }
    }
}

/// Returns a command that runs `code` with an interpreter.
fn script(interpreter: &str, options: &[&str], code: &str) -> Command {
    let mut command = Command::new(interpreter);
    command.args(options).arg(code).current_dir(folder()).env("PYTHONDONTWRITEBYTECODE", "1");
    command
}

#[test]
fn python_signs() {
    let code = format!(
        "import sys; from sign import sign; path, query, *expires = sys.argv[1:]\n\
         print(sign(path, query, 'k1', '{SECRET}', *map(int, expires)))"
    );
    check("Python", || script("python3", &["-c"], &code));
}

#[test]
fn node_signs() {
    let code = format!(
        "import {{ sign }} from './sign.mjs'; const [path, query, expires] = process.argv.slice(1);\n\
         console.log(sign(path, query, 'k1', '{SECRET}', expires === undefined ? undefined : Number(expires)));"
    );
    check("Node.js", || {
        let mut command = script("node", &["--input-type=module", "-e"], &code);
        command.arg("--");
        command
    });
}

#[test]
fn ruby_signs() {
    let code = format!(
        "require './sign'; path, query, expires = ARGV\n\
         puts Safelight.sign(path, query, 'k1', '{SECRET}', expires: expires)"
    );
    check("Ruby", || script("ruby", &["-e"], &code));
}

#[test]
fn php_signs() {
    let code = format!(
        "require './sign.php'; [, $path, $query, $expires] = $argv + [3 => null];\n\
         echo safelight_sign($path, $query, 'k1', '{SECRET}', $expires === null ? null : (int) $expires);"
    );
    check("PHP", || {
        let mut command = script("php", &["-r"], &code);
        command.arg("--");
        command
    });
}

#[test]
fn go_signs() {
    let module = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| fs::write(module.path().join(name), text).unwrap();
    fs::create_dir(module.path().join("safelight")).unwrap();
    fs::copy(folder().join("sign.go"), module.path().join("safelight/sign.go")).unwrap();
    write("go.mod", "module example.test/signing\n\ngo 1.18\n");
    write(
        "main.go",
        &format!(
            "package main\n\nimport (\n\t\"fmt\"\n\t\"os\"\n\t\"strconv\"\n\n\t\"example.test/signing/safelight\"\n)\n\n\
             func main() {{\n\tvar expires int64\n\tif len(os.Args) > 3 {{\n\t\texpires, _ = strconv.ParseInt(os.Args[3], 10, 64)\n\t}}\n\
             \tquery, err := safelight.Sign(os.Args[1], os.Args[2], \"k1\", \"{SECRET}\", expires)\n\
             \tif err != nil {{\n\t\tpanic(err)\n\t}}\n\tfmt.Println(query)\n}}\n"
        ),
    );
    let program = module.path().join("sign");
    let build =
        Command::new("go").args(["build", "-o"]).arg(&program).arg(".").current_dir(module.path()).output();
    match build {
        Err(error) if error.kind() == ErrorKind::NotFound => eprintln!("skipped: Go is not installed"),
        build => {
            let build = build.unwrap();
            assert!(build.status.success(), "{}", String::from_utf8_lossy(&build.stderr));
            check("Go", || Command::new(&program));
        }
    }
}
