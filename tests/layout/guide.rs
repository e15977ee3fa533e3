//! `ADAPTERS.md` says what is so, and adapters have what it asks of them.

use std::collections::BTreeSet;
use std::path::Path;

use doorward_testkit::first_pages;

use crate::tree::{files, modules_of, read, relative, rust_files};

/// The blocks of the guide that are marked with `kind`
fn blocks(kind: &str) -> Vec<String> {
    let guide = read("ADAPTERS.md");
    let begin = format!("\n```{kind}\n");
    let blocks = guide.split(&begin).skip(1);
    blocks
        .map(|rest| rest.split("```").next().unwrap().to_owned())
        .collect()
}

/// The first cells of the guide's table that follows `heading`
fn first_cells(heading: &str) -> Vec<String> {
    let guide = read("ADAPTERS.md");
    let (_, rest) = guide.split_once(heading).unwrap();
    let rows = rest.lines().skip_while(|line| !line.starts_with("|---"));
    let rows = rows.skip(1).take_while(|line| line.starts_with("| "));
    rows.map(|row| {
        row.trim_start_matches("| ")
            .split(" | ")
            .next()
            .unwrap()
            .to_owned()
    })
    .collect()
}

fn all_of(files: &[std::path::PathBuf]) -> String {
    files.iter().map(read).collect::<Vec<_>>().join("\n")
}

#[test]
fn the_adapter_guide_quotes_code_that_is_tested() {
    let code = all_of(&[
        "providers/template.rs".into(),
        "providers/tests/conformance.rs".into(),
        "tests/adapter_guide.rs".into(),
        "tests/adapter_guide/double.rs".into(),
    ]);
    let quotes = blocks("rust");

    assert!(quotes.len() > 5, "{}", quotes.len());
    for quote in quotes {
        assert!(
            code.contains(quote.trim()),
            "not in a file that is tested:\n{quote}"
        );
    }
}

#[test]
fn the_adapter_guide_quotes_a_recording_that_is_played() {
    let recording = all_of(&files("providers/fixtures/acme", ""));
    let about = blocks("toml")
        .into_iter()
        .filter(|block| block.contains("expect = "));
    let quotes: Vec<String> = about.chain(blocks("http")).collect();

    assert_eq!(quotes.len(), 2);
    for quote in quotes {
        assert!(
            recording.contains(quote.trim()),
            "not in fixtures/acme:\n{quote}"
        );
    }
}

#[test]
fn the_crates_that_the_adapter_guide_names_are_where_it_says() {
    let manifest = blocks("toml")
        .into_iter()
        .find(|block| block.contains("[dependencies]"));
    let manifest = manifest.unwrap();
    let paths: Vec<(&str, &str)> = manifest
        .lines()
        .filter_map(|line| line.split_once(" = { path = \"../doorward"))
        .map(|(name, path)| {
            (
                name,
                path.trim_start_matches('/').split('"').next().unwrap(),
            )
        })
        .collect();

    assert_eq!(paths.len(), 2);
    for (name, folder) in paths {
        let found = read(Path::new(folder).join("Cargo.toml"));
        assert!(
            found.contains(&format!("\nname = \"{name}\"\n")),
            "{name} in {folder}"
        );
    }
}

#[test]
fn what_the_adapter_guide_types_is_there() {
    let typed = blocks("sh").join("\n").replace("\\\n", " ");
    let mut commands = 0;
    for line in typed.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words.as_slice() {
            // Run as it stands, by cli/tests/guide.rs.
            ["doorward", "record", ..] => {}
            ["cargo", "test", "-p", package, "--test", target, name] => {
                assert_eq!(*package, "doorward-providers");
                let tests = read(format!("providers/tests/{target}.rs"));
                assert!(tests.contains(&format!("\nmod {name} {{\n")), "{name}");
            }
            ["cp", from, to] => {
                assert!(!read(from).is_empty());
                assert_eq!(Path::new(to).parent(), Some(Path::new("providers/src")));
            }
            ["export", ..] | [] => continue,
            _ => panic!("nobody checks: {line}"),
        }
        commands += 1;
    }
    assert!(commands > 3, "{commands}");
}

#[test]
fn what_the_adapter_guide_says_of_messages_is_what_they_say() {
    let recorder = all_of(&rust_files("src/recording")) + &read("cli/src/record.rs");
    for message in first_cells("### What the recorder refuses") {
        assert!(recorder.contains(&format!("\"{message}\"")), "{message}");
    }

    let kit = all_of(&rust_files("tests/kit/src"));
    for cell in first_cells("Read the last one of a recording first") {
        for quoted in cell.split('`').skip(1).step_by(2) {
            let parts = quoted.split(['…', ':', '2', ',']).map(str::trim);
            for part in parts.filter(|part| !part.is_empty() && !part.starts_with("{{")) {
                let words = part
                    .trim_start_matches("field x")
                    .trim_end_matches("UnexpectedPage");
                assert!(kit.contains(words.trim()), "{words} of {quoted}");
            }
        }
    }
}

#[test]
fn the_methods_that_the_adapter_guide_names_exist() {
    let sources = |name: &str| read(format!("src/{name}.rs"));
    let guide = read("ADAPTERS.md");
    let mut named = 0;
    for (value, file) in [
        ("visit.", "visit"),
        ("page.", "page"),
        ("form.", "page/form"),
        ("Error::", "error"),
    ] {
        let source = sources(file);
        for quoted in guide.split('`').skip(1).step_by(2) {
            let Some(rest) = quoted.strip_prefix(value) else {
                continue;
            };
            let method: String = rest
                .chars()
                .take_while(|c| c.is_alphanumeric() || *c == '_')
                .collect();
            // The constructors of errors are made by a macro.
            let is_there = source.contains(&format!("fn {method}"))
                || source.contains(&format!("{method} => "))
                || source.contains(&format!("    {method},"));
            assert!(is_there, "{value}{method}");
            named += 1;
        }
    }
    assert!(named > 20, "{named}");
}

#[test]
fn every_adapter_is_registered_as_the_adapter_guide_says() {
    let adapters = doorward_providers::all();
    let adapters: BTreeSet<&str> = adapters.iter().map(|adapter| adapter.name()).collect();
    assert_eq!(modules_of("providers/src/lib.rs").len(), adapters.len());
    let owners: BTreeSet<&str> = first_pages().iter().map(|page| page.owner).collect();
    for adapter in &adapters {
        for (file, line) in [
            ("cli/src/adapters.rs", format!("\"{adapter}\" => ")),
            ("providers/README.md", format!("` | `{adapter}` | ")),
            (
                "providers/tests/conformance.rs",
                format!("\"fixtures/{adapter}\""),
            ),
        ] {
            assert!(
                read(file).contains(&line),
                "{file} has nothing of {adapter}"
            );
        }
        let first_pages = "tests/kit/src/conformance/first_pages.rs";
        assert!(
            owners.contains(adapter),
            "{first_pages} has nothing of {adapter}"
        );
    }
}

#[test]
fn every_recording_is_played() {
    let tests = read("providers/tests/conformance.rs");
    for path in files("providers/fixtures", "case.toml") {
        let folder = path.parent().unwrap().parent().unwrap();
        let folder = relative(folder);
        let folder = folder.strip_prefix("providers/").unwrap();
        assert!(
            tests.contains(&format!("\"{folder}\"")),
            "nobody plays {folder}"
        );
    }
}
