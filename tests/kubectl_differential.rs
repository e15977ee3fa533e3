//! What the recogniser takes gives the kubeconfig that bash and the real kubectl give in an empty home.
//!
//! A corpus is made here: the portals' own texts, every subcommand and flag, and seeded random commands. Each one that
//! the recogniser takes is run, and the two kubeconfigs are compared as documents. That covers the other direction,
//! too: what bash or kubectl fails at must not be taken.
//!
//! Three things are made equal first. kubectl sorts its lists, so that entries are compared by name (and the variables
//! of an exec plug-in, which kubectl adds in random order). kubectl writes an empty `preferences`, which doorward leaves
//! out. And kubectl writes paths where nothing told it to embed a file, while doorward embeds the command's own files:
//! so each path is replaced by what bash had written there.
//!
//! `DOORWARD_CORPUS` is the number of random commands, `DOORWARD_SEED` where they start; kubectl is that of [`kubectl`].

#![cfg(target_os = "linux")]
#![allow(clippy::expect_used, clippy::unwrap_used)]

#[path = "kubectl_differential/bench.rs"]
mod bench;

#[path = "kubectl_differential/chance.rs"]
mod chance;

#[path = "kubectl_differential/corpus.rs"]
mod corpus;

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use doorward::kubeconfig::Section;
use doorward::{Allow, Kubeconfig, KubectlCommand};
use doorward_testkit::kubectl;
use serde_json::{Value, json};

use crate::bench::{Bench, no_bash};
use crate::chance::{Dice, random_command, random_fragment, random_literal, random_structure};
use crate::corpus::{COMPLETE, written_commands};

#[test]
fn what_is_taken_is_what_bash_and_kubectl_make() {
    let Some(kubectl) = kubectl().filter(|_| !no_bash()) else {
        return;
    };
    let mut corpus = written_commands();
    let written = corpus.len();
    let mut dice = Dice::new();
    for _ in 0..wanted() {
        corpus.push(random_command(&mut dice));
    }
    let next = AtomicUsize::new(0);
    let taken = AtomicUsize::new(0);
    let problems = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let Some(text) = corpus.get(index) else {
                        return;
                    };
                    let ours = KubectlCommand::parse(text, &everything());
                    let problem = match ours {
                        Ok(command) => {
                            taken.fetch_add(1, Ordering::Relaxed);
                            difference(command.kubeconfig(), text, &kubectl)
                        }
                        Err(error) if index < written => Some(format!("not taken: {error}")),
                        Err(_) => None,
                    };
                    if let Some(problem) = problem {
                        problems.lock().unwrap().push(format!("{problem}\n{text}"));
                    }
                }
            });
        }
    });
    let (problems, taken) = (problems.into_inner().unwrap(), taken.into_inner());
    eprintln!("{} commands, {taken} of them taken and run", corpus.len());
    assert!(problems.is_empty(), "{}", problems.join("\n\n"));
    // Otherwise the random commands would prove nothing.
    assert!(
        taken - written > (corpus.len() - written) / 3,
        "{taken} were taken"
    );
}

#[test]
fn quotes_and_escapes_are_bash_s() {
    if no_bash() {
        return;
    }
    let mut dice = Dice::new();
    let mut taken = 0;
    let count = 6 * wanted();
    let texts: Vec<String> = (0..count).map(|_| random_fragment(&mut dice)).collect();
    let literals: Vec<String> = (0..count).map(|_| random_literal(&mut dice)).collect();
    let bench = Bench::new(None);
    for text in &texts {
        let command =
            format!("{COMPLETE}kubectl config set-credentials me --username=x --password={text}\n");
        let Ok(ours) = KubectlCommand::parse(&command, &Allow::nothing()) else {
            continue;
        };
        taken += 1;
        let user = ours.kubeconfig().entry(Section::Users, "me").unwrap();
        let password = user
            .get("password")
            .map_or("", |value| value.as_str().unwrap());
        let words = bench.words(&format!("kubectl --password={text}\n"));
        assert_eq!(words, [format!("--password={password}")], "{command}");
    }
    for text in &literals {
        let command = format!(
            "F=$(mktemp); {text} > $F\n\
             {COMPLETE}kubectl config set-cluster dev --certificate-authority=$F --embed-certs\n"
        );
        let Ok(ours) = KubectlCommand::parse(&command, &Allow::nothing()) else {
            continue;
        };
        taken += 1;
        let cluster = ours.kubeconfig().entry(Section::Clusters, "dev").unwrap();
        let data = cluster
            .get("certificate-authority-data")
            .map_or("", |v| v.as_str().unwrap());
        let printed = bench.output(&format!("{text}\n"));
        assert_eq!(STANDARD.decode(data).unwrap(), printed, "{command}");
    }
    assert!(taken > count / 3, "only {taken} were taken");
}

#[test]
fn statements_and_files_are_bash_s() {
    if no_bash() {
        return;
    }
    let mut dice = Dice::new();
    let mut taken = 0;
    for _ in 0..24 * wanted() {
        let text = format!(
            "F=$(mktemp)\n{}\n{COMPLETE}kubectl config set-cluster dev --certificate-authority=$F --embed-certs\n",
            random_structure(&mut dice)
        );
        let Ok(ours) = KubectlCommand::parse(&text, &Allow::nothing()) else {
            continue;
        };
        taken += 1;
        let bench = Bench::new(None);
        let (ok, errors) = bench.run(&text);
        assert!(ok, "{text}: {errors}");
        let cluster = ours.kubeconfig().entry(Section::Clusters, "dev").unwrap();
        let data = cluster.get("certificate-authority-data");
        let data = data.map_or("", |data| data.as_str().unwrap());
        let seen = fs::read(bench.path("seen")).unwrap();
        assert_eq!(STANDARD.decode(data).unwrap(), seen, "{text}");
    }
    eprintln!("{taken} texts taken and run");
    assert!(taken > wanted(), "only {taken} were taken");
}

/// What differs between the kubeconfig and the one that bash and kubectl make
fn difference(ours: &Kubeconfig, text: &str, kubectl: &Path) -> Option<String> {
    let bench = Bench::new(Some(kubectl));
    let (ok, errors) = bench.run(text);
    if !ok {
        return Some(format!("taken, but bash or kubectl fails: {errors}"));
    }
    let file = fs::read_to_string(bench.home().join(".kube/config")).unwrap();
    let theirs: Value = serde_saphyr::from_str(&file).unwrap();
    assert_eq!(theirs["preferences"], json!({}), "{text}");
    let mut entries = BTreeMap::new();
    for section in SECTIONS {
        let (list, entry) = section_names(section);
        for item in theirs[list].as_array().into_iter().flatten() {
            let name = item["name"].as_str().unwrap();
            let fields = item[entry].as_object().unwrap().clone();
            entries.insert((list, name.to_owned()), bench.embedded(fields));
        }
    }
    let mut own_entries = BTreeMap::new();
    for section in SECTIONS {
        for name in ours.names(section) {
            let fields = ours.entry(section, name).unwrap().clone();
            let key = (section_names(section).0, name.to_owned());
            let before = own_entries.insert(key, bench.embedded(fields));
            assert!(before.is_none(), "{text}");
        }
    }
    if ours.current_context() != theirs["current-context"].as_str() {
        return Some("another current context".into());
    }
    (own_entries != entries).then(|| format!("ours: {own_entries:#?}\ntheirs: {entries:#?}"))
}

fn wanted() -> usize {
    let wanted = env::var("DOORWARD_CORPUS").ok();
    wanted.and_then(|n| n.parse().ok()).unwrap_or(RANDOM)
}

fn everything() -> Allow {
    Allow::nothing()
        .auth_provider("gcp")
        .auth_provider("azure")
        .exec("plugin")
        .exec("/opt/plug in")
        .http()
        .insecure()
        .local_path()
}

fn section_names(section: Section) -> (&'static str, &'static str) {
    match section {
        Section::Clusters => ("clusters", "cluster"),
        Section::Contexts => ("contexts", "context"),
        Section::Users => ("users", "user"),
    }
}

const THREADS: usize = 2;

const RANDOM: usize = 120;

const SECTIONS: [Section; 3] = [Section::Clusters, Section::Contexts, Section::Users];
