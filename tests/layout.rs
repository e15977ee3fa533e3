//! What must not drift apart: the pages and the code, the code and the rules of `ARCHITECTURE.md`.

#![allow(clippy::unwrap_used, reason = "a test may fail in any line")]

#[path = "layout/guide.rs"]
mod guide;

#[path = "layout/tree.rs"]
mod tree;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use crate::tree::{code_of, files, modules_of, names_at_the_root, pages, read, relative};
use crate::tree::{rust_files, tests_of, used_from_the_root, without_tests};

/// The modules of `src/`, floor by floor; each uses only what stands before it
///
/// `page` and `request` are one idea in two files: a page knows what was asked for, and a request may carry a form.
const FLOORS: [&[&str]; 6] = [
    &["redact", "secret", "trail", "error", "digest"],
    &[
        "page",
        "request",
        "exec_credential",
        "kubeconfig",
        "kubectl",
        "token",
        "audit",
        "passkey",
        "signing",
        "url_prefix",
        "proxy",
    ],
    &[
        "folders",
        "whole_file",
        "kubeconfig/file",
        "secret_source",
        "pkcs11",
        "key_source",
        "publication",
        "code",
        "profile",
        "store",
        "credentials",
        "devices",
        "event",
        "recording",
        "session",
    ],
    &["visit", "adapter"],
    &[
        "portal_pages",
        "diagnosis",
        "walk",
        "front_door",
        "oidc",
        "source",
    ],
    &[
        "portal",
        "issuer",
        "own_key",
        "ci_identity",
        "service_account",
    ],
];

#[test]
fn a_module_uses_only_what_stands_below_it() {
    let order: Vec<&str> = FLOORS.concat();
    let place = |module: &str| {
        let found = order.iter().position(|known| *known == module);
        found.unwrap_or_else(|| panic!("the module {module} has no floor in tests/layout.rs"))
    };
    let names = names_at_the_root();
    for path in rust_files("src") {
        let inside = relative(&path).strip_prefix("src/").unwrap().to_owned();
        if inside == "lib.rs" {
            continue;
        }
        let module = match inside.split('/').next().unwrap().trim_end_matches(".rs") {
            "kubeconfig" if inside.starts_with("kubeconfig/file") => "kubeconfig/file",
            module => module,
        };
        for used in used_from_the_root(&without_tests(&read(&path))) {
            let used = names.get(&used).unwrap_or(&used).as_str();
            let is_pair = module == "page" && used == "request";
            assert!(
                used == module || is_pair || place(used) < place(module),
                "{inside} uses {used}, which does not stand below {module}"
            );
        }
    }
}

#[test]
fn the_code_map_names_every_module() {
    let page = read("ARCHITECTURE.md");
    for module in FLOORS.concat() {
        assert!(
            page.contains(&format!("`{module}`")),
            "ARCHITECTURE.md says nothing of {module}"
        );
    }
}

#[test]
fn no_provider_has_a_name_in_the_core() {
    let files = rust_files("src");
    // Tests quote what portals and providers send.
    for path in files.iter().filter(|path| !path.ends_with("tests.rs")) {
        let code = code_of(&without_tests(&read(path))).to_lowercase();
        // A portal that is called after a provider.
        let code = code
            .replace("dex_k8s_authenticator", "")
            .replace("dex-k8s-authenticator", "");
        let words: BTreeSet<&str> = code.split(|c: char| !c.is_alphanumeric()).collect();
        for name in PROVIDERS {
            assert!(!words.contains(name), "{} names {name}", relative(path));
        }
    }
}

#[test]
fn no_adapter_uses_another_but_form() {
    let modules = modules_of("providers/src/lib.rs");
    for path in rust_files("providers/src") {
        let inside = relative(&path)
            .strip_prefix("providers/src/")
            .unwrap()
            .to_owned();
        let own = inside
            .split('/')
            .next()
            .unwrap()
            .trim_end_matches(".rs")
            .to_owned();
        if own == "lib" {
            continue;
        }
        for used in used_from_the_root(&read(&path)) {
            let is_other = modules.contains(&used) && used != own && used != "form";
            assert!(!is_other, "{inside} uses the adapter {used}");
        }
    }
}

#[test]
fn no_adapter_weighs_more_than_it_may() {
    let page = read("ARCHITECTURE.md");
    let (_, section) = page.split_once("\n## What an adapter weighs\n").unwrap();
    let (section, _) = section.split_once("\n## ").unwrap();
    let rows = section
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split_once("` | "));
    let mut heavy: BTreeMap<&str, usize> = rows
        .map(|(name, rest)| (name, rest.split_once(" |").unwrap().0.parse().unwrap()))
        .collect();

    for adapter in modules_of("providers/src/lib.rs") {
        let most = heavy.remove(adapter.as_str());
        let lines = lines_of_adapter(&adapter);
        let allowed = most.unwrap_or(150);
        assert!(lines <= allowed, "{adapter} has {lines} lines of code");
        // A row that says far more than there is would be no ceiling.
        assert!(
            most.is_none() || lines > 150 && lines * 10 > allowed * 9,
            "{adapter} has {lines} lines only"
        );
    }
    assert!(heavy.is_empty(), "{heavy:?}");
}

fn lines_of_adapter(adapter: &str) -> usize {
    let own = [format!("{adapter}.rs"), format!("{adapter}/")];
    let is_own = |path: &PathBuf| {
        let name = relative(path).replace("providers/src/", "");
        (name == own[0] || name.starts_with(&own[1])) && !name.ends_with("/tests.rs")
    };
    let files = rust_files("providers/src").into_iter().filter(is_own);
    let code = files.map(|path| code_of(&without_tests(&read(path))));
    let is_code = |line: &&str| !["", "#[cfg(test)]", "mod tests;"].contains(&line.trim());
    code.map(|code| code.lines().filter(is_code).count()).sum()
}

#[test]
fn no_adapter_has_a_library_for_http_or_html() {
    let manifest = read("providers/Cargo.toml");
    for name in ["cookie", "html5ever", "hyper", "reqwest", "scraper", "ureq"] {
        assert!(!manifest.contains(name), "{name}");
    }
}

#[test]
fn files_are_short_and_none_is_called_mod() {
    for path in rust_files("") {
        let name = relative(&path);
        assert!(
            !name.ends_with("/mod.rs"),
            "{name}: the folder's name with .rs is this module's"
        );
        let lines = without_tests(&read(&path)).lines().count();
        let is_test = name.ends_with("/tests.rs")
            || (name.starts_with("tests/") && !name.starts_with("tests/kit/src/"));
        let ceiling = match name.starts_with("examples/") {
            true => 60,
            false => 600,
        };
        assert!(
            is_test || lines <= ceiling,
            "{name} has {lines} lines besides its tests"
        );
    }
}

#[test]
fn nothing_is_imported_by_a_star() {
    for path in rust_files("") {
        let code = without_tests(&read(&path));
        let mut imports = code
            .split(';')
            .filter(|part| part.trim_start().starts_with("use "));
        assert!(
            !imports.any(|import| import.contains('*')),
            "{} uses a star",
            relative(&path)
        );
    }
}

#[test]
fn every_dependency_says_why_it_is_there() {
    for path in files("", "Cargo.toml") {
        let text = read(&path);
        let mut before = "";
        let mut in_dependencies = false;
        for line in text.lines() {
            if let Some(section) = line.strip_prefix('[') {
                let section = section.trim_end_matches(']');
                in_dependencies =
                    section.ends_with("dependencies") && !section.starts_with("workspace");
            }
            let is_entry = in_dependencies
                && line.starts_with(|c: char| c.is_ascii_alphabetic())
                && line.contains('=');
            let says_why = before.starts_with("# ");
            assert!(
                !is_entry || says_why,
                "{}: no reason above {line}",
                relative(&path)
            );
            before = line;
        }
    }
}

#[test]
fn every_crate_has_the_workspaces_lints() {
    assert!(read("Cargo.toml").contains("\nunsafe_code = \"forbid\"\n"));
    for folder in ["", "cli/", "providers/", "tests/kit/"] {
        let text = read(format!("{folder}Cargo.toml"));
        assert!(
            text.contains("\n[lints]\nworkspace = true\n"),
            "{folder}Cargo.toml"
        );
    }
}

#[test]
fn the_stated_rust_version_is_the_same_everywhere() {
    let manifest = read("Cargo.toml");
    let version = manifest
        .split_once("\nrust-version = \"")
        .unwrap()
        .1
        .split('"')
        .next()
        .unwrap();
    for page in ["README.md", "CONTRIBUTING.md"] {
        assert!(
            read(page).contains(version),
            "{page} does not say {version}"
        );
    }
    assert!(read("README.md").contains(&format!("image: rust:{version}")));
}

#[test]
fn the_readme_lists_the_adapters_that_there_are() {
    let readme = read("README.md");
    let table = readme
        .split_once("\n## Providers\n")
        .unwrap()
        .1
        .split_once("\n## ")
        .unwrap()
        .0;
    let rows: Vec<(String, String)> = table
        .lines()
        .filter_map(|line| line.strip_prefix("| `"))
        .map(|row| {
            let mut cells = row
                .split(" | ")
                .map(|cell| cell.trim_matches('`').to_owned());
            (cells.next().unwrap(), cells.next().unwrap())
        })
        .collect();

    let adapters: Vec<&str> = doorward_providers::all()
        .iter()
        .map(|adapter| adapter.name())
        .collect();
    let named: Vec<&str> = rows.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(named, adapters);

    let manifest = read("providers/Cargo.toml");
    let features = manifest
        .split_once("\n[features]\n")
        .unwrap()
        .1
        .split_once("\n[")
        .unwrap()
        .0;
    let features: Vec<&str> = features
        .lines()
        .filter(|line| !line.starts_with('#') && !line.starts_with("default"))
        .filter_map(|line| Some(line.split_once(" = ")?.0))
        .collect();
    let named: Vec<&str> = rows.iter().map(|(_, feature)| feature.as_str()).collect();
    assert_eq!(named, features);
}

#[test]
fn the_readme_lists_every_kind_with_its_exit_code() {
    let readme = read("README.md");
    let table = readme
        .split_once("\n## Exit codes\n")
        .unwrap()
        .1
        .split_once("\n## ")
        .unwrap()
        .0;
    let listed: BTreeSet<&str> = table
        .lines()
        .filter_map(|line| {
            let kind = line.strip_prefix("| ")?.split(" | ").nth(1)?;
            kind.strip_prefix('`')?.strip_suffix('`')
        })
        .collect();

    let kinds = read("src/error.rs");
    let kinds = kinds
        .lines()
        .filter_map(|line| line.trim().strip_prefix("Self::")?.split_once(" => \""));
    let kinds: BTreeSet<&str> = kinds.map(|(kind, _)| kind).collect();
    assert_eq!(kinds, listed);
}

#[test]
fn options_that_the_pages_name_exist() {
    let sources: String = rust_files("cli/src").iter().map(read).collect();
    for page in pages() {
        for quoted in read(&page).split('`').skip(1).step_by(2) {
            let Some(option) = quoted.strip_prefix("--") else {
                continue;
            };
            let option = option.split([' ', '\n', '=']).next().unwrap();
            let field = format!("{}:", option.replace('-', "_"));
            let is_cargo = ["locked", "workspace"].contains(&option);
            assert!(
                is_cargo || sources.contains(&field),
                "{}: --{option}",
                relative(&page)
            );
        }
    }
}

#[test]
fn every_yaml_block_of_the_pages_can_be_read() {
    let mut found = 0;
    for page in pages() {
        let text = read(&page);
        for block in text.split("```yaml\n").skip(1) {
            let block = block.split("```").next().unwrap();
            let read = serde_saphyr::from_str::<serde_json::Value>(block);
            assert!(read.is_ok(), "{}: {read:?}", relative(&page));
            found += 1;
        }
    }
    assert!(found > 3, "{found}");
}

#[test]
fn the_readme_names_every_command() {
    let source = read("cli/src/args.rs");
    let (_, actions) = source.split_once("pub(crate) enum Action {\n").unwrap();
    let (actions, _) = actions.split_once("\n}\n").unwrap();
    let names = actions
        .lines()
        .filter_map(|line| line.strip_prefix("    "))
        .filter(|line| line.starts_with(|c: char| c.is_ascii_uppercase()));
    let names = names.map(|line| kebab(line.split([' ', '(', ',']).next().unwrap()));
    let names: Vec<String> = names.collect();
    let readme = read("README.md");

    assert!(names.len() > 9, "{names:?}");
    for name in names {
        let is_named =
            readme.contains(&format!("`{name}`")) || readme.contains(&format!("`doorward {name}"));
        assert!(is_named, "README.md says nothing of {name}");
    }
}

/// `ExitCodes` as the command line has it
fn kebab(name: &str) -> String {
    let each = name.chars().enumerate().map(|(at, sign)| match sign {
        'A'..='Z' if at > 0 => format!("-{}", sign.to_ascii_lowercase()),
        _ => sign.to_ascii_lowercase().to_string(),
    });
    each.collect()
}

#[test]
fn the_readmes_example_has_twelve_lines_at_most() {
    let readme = read("README.md");
    let example = readme
        .split_once("```rust")
        .unwrap()
        .1
        .split_once("```")
        .unwrap()
        .0;

    let lines = example.lines().skip(1).count();

    assert!(lines <= 12, "{lines} lines");
}

#[test]
fn every_proof_in_the_security_page_is_a_test() {
    let tests: BTreeSet<String> = rust_files("")
        .iter()
        .flat_map(|path| tests_of(path))
        .collect();
    let page = read("SECURITY.md");
    let quoted = page.split('`').skip(1).step_by(2);
    let proofs: Vec<&str> = quoted
        .filter(|word| word.matches('_').count() > 1 && is_a_name(word))
        .collect();

    assert!(proofs.len() > 40, "{}", proofs.len());
    for proof in proofs {
        assert!(tests.contains(proof), "there is no test {proof}");
    }
}

#[test]
fn links_between_the_pages_lead_somewhere() {
    for page in pages() {
        let text = read(&page);
        for link in text
            .split("](")
            .skip(1)
            .map(|rest| rest.split(')').next().unwrap())
        {
            if link.contains("://") {
                continue;
            }
            let (file, heading) = link.split_once('#').unwrap_or((link, ""));
            let target = match file {
                "" => page.clone(),
                file => page.parent().unwrap().join(file),
            };
            assert!(target.is_file(), "{}: {link}", relative(&page));
            let mut headings = read(&target);
            headings.retain(|c| c.is_alphanumeric() || " \n#-".contains(c));
            let headings = headings.to_lowercase().replace(' ', "-");
            assert!(
                heading.is_empty() || headings.contains(&format!("#-{heading}\n")),
                "{link}"
            );
        }
    }
}

/// Whether `word` could be the name of a test
fn is_a_name(word: &str) -> bool {
    word.chars()
        .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}

/// Providers that an adapter stands for, or could
const PROVIDERS: &[&str] = &[
    "adfs",
    "auth0",
    "authelia",
    "authentik",
    "dex",
    "entra",
    "keycloak",
    "lemonldap",
    "okta",
    "onelogin",
    "pingfederate",
    "shibboleth",
    "zitadel",
];
