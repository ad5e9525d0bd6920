//! The imports between the files of one crate, read from the text of its sources.
//!
//! A path that begins with `crate` or `super` is an import from the file that defines the item: re-exports are
//! followed. A module's uses of its own children are not counted, since a parent exists to join them.

use std::{collections::BTreeMap, fs, path::Path};

/// A path from the root of the crate: the names of modules, and of an item if it ends in one.
type ItemPath = Vec<String>;

/// The files of a crate, by module.
#[derive(Default)]
pub(super) struct Sources(BTreeMap<ItemPath, File>);

#[derive(Default)]
struct File {
    /// Every path that begins with `crate` or `super`, in `use` and elsewhere.
    paths: Vec<ItemPath>,
    /// The names that `use` brings into scope, re-exports included, and what they name.
    names: BTreeMap<String, ItemPath>,
}

impl Sources {
    /// Reads the Rust files in `folder`, whose files are children of `module`.
    pub(super) fn read(&mut self, folder: &Path, module: &[String]) {
        for entry in fs::read_dir(folder).expect("a folder of sources") {
            let path = entry.expect("a readable folder").path();
            let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
            let child = [module, std::slice::from_ref(&name)].concat();
            if path.is_dir() {
                self.read(&path, &child);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let is_root = name == "lib" || (name == "main" && !folder.join("lib.rs").exists());
                let is_parent = name == "mod" || (is_root && module.is_empty());
                let text = fs::read_to_string(&path).expect("a readable file");
                self.add(if is_parent { module } else { &child }, &text);
            }
        }
    }

    /// Adds the file of a module.
    pub(super) fn add(&mut self, module: &[String], text: &str) {
        let tokens = tokens(text);
        let declarations = tokens.windows(3).filter(|window| window[0] == "mod" && window[2] == ";");
        let children: Vec<_> = declarations.map(|window| window[1]).collect();
        let mut file = File::default();
        for (at, token) in tokens.iter().enumerate() {
            let before = at.checked_sub(1).map_or("", |before| tokens[before]);
            let is_local = matches!(*token, "crate" | "super" | "self") || children.contains(token);
            if !is_local || before == "::" || tokens.get(at + 1) != Some(&"::") {
                continue;
            }
            let mut found = Vec::new();
            read_tree(&tokens, at, &[], &mut found);
            for (name, path) in found {
                let path = absolute(module, &path);
                if before == "use" {
                    file.names.insert(name.to_owned(), path.clone());
                }
                if matches!(*token, "crate" | "super") {
                    file.paths.push(path);
                }
            }
        }
        self.0.insert(module.to_vec(), file);
    }

    /// Returns the modules that each module imports from.
    pub(super) fn graph(&self) -> BTreeMap<String, Vec<String>> {
        let name = |module: &[String]| [&["crate".to_owned()], module].concat().join("::");
        let imports = |file: &File| file.paths.iter().map(|path| name(self.definition(path, 8))).collect();
        self.0.iter().map(|(module, file)| (name(module), imports(file))).collect()
    }

    /// Returns the module that defines the item `path`, after at most `hops` re-exports.
    fn definition(&self, path: &[String], hops: usize) -> &[String] {
        let prefixes = (0..=path.len()).rev().map(|length| &path[..length]);
        let Some((module, file)) = prefixes.into_iter().find_map(|prefix| self.0.get_key_value(prefix))
        else {
            return &[];
        };
        let rest = &path[module.len()..];
        match rest.first().and_then(|name| file.names.get(name)) {
            Some(original) if 0 < hops => self.definition(&[original, &rest[1..]].concat(), hops - 1),
            _ => module,
        }
    }
}

/// Returns the identifiers and punctuation of a source, without comments and without inline modules, which contain
/// tests or constants. It relies on the layout of rustfmt.
fn tokens(text: &str) -> Vec<&str> {
    let mut is_inline = false;
    let is_code = |line: &&str| {
        let begins_module = !line.starts_with(' ') && line.contains("mod ") && line.ends_with('{');
        let is_skipped = is_inline || begins_module;
        is_inline = is_skipped && *line != "}";
        !is_skipped && !line.trim_start().starts_with("//")
    };
    let mut tokens = Vec::new();
    for mut rest in text.lines().filter(is_code) {
        while let Some(first) = rest.chars().next() {
            let word = rest.find(|letter: char| !letter.is_alphanumeric() && letter != '_');
            let length =
                if rest.starts_with("::") { 2 } else { word.unwrap_or(rest.len()).max(first.len_utf8()) };
            tokens.push(&rest[..length]);
            rest = &rest[length..];
        }
    }
    tokens.retain(|token| !token.trim().is_empty());
    tokens
}

/// Reads the path, or the tree of paths, that begins at a token; returns the place of the token after it.
///
/// Each path comes with the name that it has in scope.
fn read_tree<'a>(
    tokens: &[&'a str],
    mut at: usize,
    prefix: &[&'a str],
    found: &mut Vec<(&'a str, Vec<&'a str>)>,
) -> usize {
    let name = tokens.get(at).copied().unwrap_or_default();
    if name == "{" {
        at += 1;
        while tokens.get(at).is_some_and(|token| *token != "}") {
            at = read_tree(tokens, at, prefix, found);
            at += usize::from(tokens.get(at) == Some(&","));
        }
        return at + 1;
    }
    let path = [prefix, &[name]].concat();
    let own_name = if name == "self" { prefix.last().copied().unwrap_or(name) } else { name };
    match tokens.get(at + 1..) {
        Some([separator, ..]) if *separator == "::" => read_tree(tokens, at + 2, &path, found),
        Some([keyword, alias, ..]) if *keyword == "as" => {
            found.push((alias, path));
            at + 3
        }
        _ => {
            found.push((own_name, path));
            at + 1
        }
    }
}

/// Returns the path from the root of the crate, if `path` is written in the file of `module`.
fn absolute(module: &[String], path: &[&str]) -> ItemPath {
    let mut absolute = if path.first() == Some(&"crate") { Vec::new() } else { module.to_vec() };
    for segment in path {
        match *segment {
            "crate" | "self" => (),
            "super" => drop(absolute.pop()),
            segment => absolute.push(segment.to_owned()),
        }
    }
    absolute
}

#[test]
fn imports_are_resolved_to_the_file_that_defines_the_item() {
    let mut sources = Sources::default();
    let path = |module: &str| module.split("::").map(str::to_owned).collect::<Vec<_>>();
    sources.add(&[], "mod a;\nmod b;\n// use crate::missing::X;\npub use a::Shape;\npub struct Own;\n");
    sources.add(&path("a"), "mod c;\npub use c::{Inner, self as other};\npub struct Shape;\n");
    sources.add(&path("a::c"), "use super::Shape;\nuse super::super::b::{self, B};\n");
    let text = "use crate::{\n    Own, a::Inner,\n};\nfn f() -> crate::Shape {}\nmod tests {\n    use super::*;\n}\n";
    sources.add(&path("b"), text);
    let graph = sources.graph();
    assert!(graph["crate"].is_empty() && graph["crate::a"].is_empty());
    assert_eq!(graph["crate::a::c"], ["crate::a", "crate::b", "crate::b"]);
    assert_eq!(graph["crate::b"], ["crate", "crate::a::c", "crate::a"]);
}
