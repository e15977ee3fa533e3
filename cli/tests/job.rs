//! A job that has logged in: its home folder has a kubeconfig, a profile and tokens.

use std::fs;
use std::path::PathBuf;
use std::time::SystemTime;

use doorward_testkit::{OKTA_HOST, PASSWORD, PORTAL_HOST, Testbed, USER};
use serde_json::{Value, json};

use crate::program::{Home, Program};

/// The job, and the servers that it logged in at
pub(crate) struct Job {
    pub(crate) bed: Testbed,
    pub(crate) home: Home,
}

impl Job {
    /// A login at the default world
    pub(crate) fn start() -> Self {
        Self::at(Testbed::start().unwrap())
    }

    pub(crate) fn at(bed: Testbed) -> Self {
        let home = Home::new();
        let outcome = Program::login_in(&home, &bed).run().ends_with(0);
        assert_eq!(
            outcome.read(".kube/config").matches("--profile=").count(),
            1
        );
        Self { bed, home }
    }

    /// The call that the kubeconfig's entry makes, without any password
    pub(crate) fn credential(&self) -> Program {
        self.run(&["credential", "--profile=kubernetes"])
    }

    /// The same with the right password
    pub(crate) fn credential_with_password(&self) -> Program {
        with_password(self.credential(), PASSWORD)
    }

    /// The same in words that no login writes, so that they are parsed in full
    pub(crate) fn spelled_otherwise(&self) -> Program {
        self.run(&["credential", "--profile", "kubernetes"])
    }

    pub(crate) fn run(&self, words: &[&str]) -> Program {
        Program::in_home(&self.home, words)
    }

    /// The one file with tokens
    pub(crate) fn cache_file(&self) -> PathBuf {
        let files = self.home.list(CACHE);
        let mut records = files.iter().filter(|name| name.ends_with(".json"));
        let file = records.next().unwrap();
        assert_eq!(records.next(), None);
        self.home.join(CACHE).join(file)
    }

    pub(crate) fn record(&self) -> Value {
        serde_json::from_str(&fs::read_to_string(self.cache_file()).unwrap()).unwrap()
    }

    /// Changes what is kept
    pub(crate) fn change(&self, change: impl FnOnce(&mut Value)) {
        let mut record = self.record();
        change(&mut record);
        fs::write(self.cache_file(), record.to_string()).unwrap();
    }

    /// Lets the kept token have ended an hour ago
    pub(crate) fn expire(&self) {
        self.change(|record| end(&mut record["token"]));
    }

    /// Lets only a login help
    pub(crate) fn forget_refresh_token(&self) {
        self.change(|record| drop(record.as_object_mut().unwrap().remove("refresh")));
    }

    /// How often a refresh token was sent
    pub(crate) fn refreshes(&self) -> usize {
        self.bed.count(PORTAL_HOST, "/auth/idp/k8sIdp/token")
    }

    /// How often a password was tried; the provider takes only so many in a second
    pub(crate) fn passwords(&self) -> usize {
        let seen = self.bed.seen();
        let sent = seen
            .iter()
            .filter(|seen| seen.host == OKTA_HOST && seen.path == "/api/v1/authn");
        sent.filter(|seen| seen.status != 429).count()
    }

    /// Every file below the home folder, with its age and its bytes
    pub(crate) fn files(&self) -> Vec<(PathBuf, SystemTime, Vec<u8>)> {
        let mut files = Vec::new();
        let mut folders = vec![self.home.path().to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                match path.is_dir() {
                    true => folders.push(path),
                    false => {
                        let changed = path.metadata().unwrap().modified().unwrap();
                        let bytes = fs::read(&path).unwrap();
                        files.push((path, changed, bytes));
                    }
                }
            }
        }
        files.sort();
        files
    }
}

/// Puts a kept token an hour back
pub(crate) fn end(token: &mut Value) {
    for time in ["issued", "expires", "received"] {
        token[time] = json!(token[time].as_i64().unwrap() - 3600);
    }
}

/// What kubectl says of itself and of its cluster
pub(crate) fn exec_info(version: &str, server: &str) -> String {
    json!({
        "apiVersion": format!("client.authentication.k8s.io/{version}"),
        "kind": "ExecCredential",
        "spec": {"cluster": {"server": server, "config": null}, "interactive": false},
    })
    .to_string()
}

/// The password of the testbed's user, or another one
pub(crate) fn with_password(program: Program, password: &str) -> Program {
    program.variable("DOORWARD_PASSWORD", password)
}

/// The folders of a home folder
pub(crate) const CACHE: &str = ".cache/doorward";
pub(crate) const PROFILES: &str = ".config/doorward/profiles";

#[test]
fn a_job_has_sent_one_password_and_no_refresh_token() {
    let job = Job::start();

    assert_eq!((job.passwords(), job.refreshes()), (1, 0));
    assert_eq!(job.record()["user"], USER);
    assert!(
        !fs::read_to_string(job.cache_file())
            .unwrap()
            .contains(PASSWORD)
    );
}
