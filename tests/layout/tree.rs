//! The repository as text: its files, and what a line of Rust says.

#![allow(clippy::unwrap_used, reason = "a test may fail in any line")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// What the core exports, and from which module
pub(crate) fn names_at_the_root() -> BTreeMap<String, String> {
    let mut names = BTreeMap::new();
    for line in read("src/lib.rs").lines() {
        let Some((module, list)) = line
            .strip_prefix("pub use ")
            .and_then(|line| line.split_once("::"))
        else {
            continue;
        };
        for name in list.trim_matches(['{', '}', ';']).split(", ") {
            names.insert(name.trim_end_matches("};").to_owned(), module.to_owned());
        }
    }
    names
}

/// The first part of each path that begins with `crate::`, groups in braces taken apart
pub(crate) fn used_from_the_root(code: &str) -> BTreeSet<String> {
    let mut used = BTreeSet::new();
    for rest in code_of(code).split("crate::").skip(1) {
        let Some(group) = rest.strip_prefix('{') else {
            used.insert(first_word(rest));
            continue;
        };
        let mut depth = 0;
        let ends = |c: char| {
            depth += i32::from(c == '{') - i32::from(c == '}');
            depth < 0 || (c == ',' && depth == 0)
        };
        let mut parts = group.split_inclusive(ends);
        for part in parts.by_ref() {
            let word = first_word(part.trim_start());
            if !word.is_empty() {
                used.insert(word);
            }
            if !part.ends_with(',') {
                break;
            }
        }
    }
    used
}

fn first_word(text: &str) -> String {
    text.chars()
        .take_while(|c| c.is_alphanumeric() || *c == '_')
        .collect()
}

/// The private modules of a crate's first file
pub(crate) fn modules_of(path: &str) -> BTreeSet<String> {
    let text = read(path);
    let modules = text
        .lines()
        .filter_map(|line| line.strip_prefix("mod ")?.strip_suffix(';'));
    modules.map(str::to_owned).collect()
}

/// The file up to the tests at its end
pub(crate) fn without_tests(text: &str) -> String {
    let code = text.split("\nmod tests {").next();
    code.unwrap_or_default().to_owned()
}

/// The text without its comments
pub(crate) fn code_of(text: &str) -> String {
    let code = text
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"));
    let code = code.map(|line| line.split(" // ").next().unwrap_or_default());
    code.collect::<Vec<_>>().join("\n")
}

pub(crate) fn tests_of(path: &Path) -> Vec<String> {
    let text = read(path);
    let mut tests = Vec::new();
    let mut is_test = false;
    for line in text.lines().map(str::trim) {
        match line.split_once("fn ") {
            Some((_, name)) if is_test => {
                tests.push(first_word(name));
                is_test = false;
            }
            _ => is_test |= line.starts_with("#[test]") || line.starts_with("#[tokio::test"),
        }
    }
    tests
}

/// The pages for people
pub(crate) fn pages() -> Vec<PathBuf> {
    files("", "md")
}

pub(crate) fn rust_files(folder: &str) -> Vec<PathBuf> {
    files(folder, "rs")
}

/// All files of the repository below `folder` whose name ends in `end`
pub(crate) fn files(folder: &str, end: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            match path.is_dir() {
                true if name == "target" || name.starts_with('.') => {}
                true => folders.push(path),
                false if name.ends_with(end) => found.push(path),
                false => {}
            }
        }
    }
    found.sort();
    assert!(!found.is_empty(), "no file *{end} below {folder}");
    found
}

pub(crate) fn read(path: impl AsRef<Path>) -> String {
    let path = root().join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

pub(crate) fn relative(path: &Path) -> String {
    path.strip_prefix(root())
        .unwrap()
        .to_string_lossy()
        .replace('\\', "/")
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}
