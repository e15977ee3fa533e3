//! The commands of the pages, read as the program reads them.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use crate::args::parse;
use crate::environment::Environment;

#[test]
fn every_command_of_the_pages_is_one_that_the_program_takes() {
    let mut found = 0;
    for page in pages() {
        let text = fs::read_to_string(&page).unwrap();
        for command in commands(&text) {
            let words = words(&command);
            let outcome = parse(&words, &Environment::default());
            if let Err(error) = outcome {
                let is_help = !error.use_stderr();
                assert!(is_help, "{}: {command}\n{error}", page.display());
            }
            found += 1;
        }
    }
    assert!(found > 20, "{found}");
}

/// Those in blocks of shell, and those in the text that are complete
fn commands(text: &str) -> Vec<String> {
    let mut commands = Vec::new();
    for (at, part) in text.split("```").enumerate() {
        if let (1, Some(block)) = (at % 2, part.strip_prefix("sh\n")) {
            let lines = block.replace("\\\n", " ");
            commands.extend(lines.lines().map(str::to_owned));
        } else if at % 2 == 0 {
            let spans = part.split('`').skip(1).step_by(2);
            commands.extend(spans.map(|span| span.replace('\n', " ")));
        }
    }
    let is_whole = |command: &String| {
        let has_placeholder = command.contains(['…', '[', '|']);
        let words = command.split(' ').skip(1);
        let names = words.filter(|word| !word.starts_with('-'));
        let is_name = |word: &str| word.len() > 1 && word.chars().all(|c| c.is_ascii_uppercase());
        command.starts_with("doorward ") && !has_placeholder && !names.clone().any(is_name)
    };
    // What is named by its first words alone has its options elsewhere.
    let has_options = |command: &String| command.contains(" --") || command.contains("exit-codes");
    commands.retain(|command| is_whole(command) && has_options(command));
    commands
}

/// The words of a line, less a comment; what stands in quotes is one word
fn words(line: &str) -> Vec<OsString> {
    let line = line.split(" #").next().unwrap_or_default();
    let mut words = vec![String::new()];
    let mut quote = None;
    for letter in line.trim().chars() {
        match (quote, letter) {
            (None, ' ') => words.push(String::new()),
            (None, '\'' | '"') => quote = Some(letter),
            (Some(open), letter) if open == letter => quote = None,
            (_, letter) => words.last_mut().unwrap().push(letter),
        }
    }
    let words = words.into_iter().filter(|word| !word.is_empty());
    words.map(OsString::from).collect()
}

/// The README, and the guides
fn pages() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let guides = fs::read_dir(root.join("docs")).unwrap();
    let guides = guides.map(|entry| entry.unwrap().path());
    let pages = guides.chain([root.join("README.md"), root.join("cli/README.md")]);
    pages
        .filter(|page| page.extension().is_some_and(|end| end == "md"))
        .collect()
}
