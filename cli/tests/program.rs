//! Runs the binary with exactly the words, variables and input that a test gives.

use std::ffi::OsStr;
use std::fs::{self, Permissions};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::Arc;

use doorward_testkit::{PASSWORD, Testbed, USER};
use serde_json::Value;
use tempfile::TempDir;

/// A home folder, which several runs can share; it goes with the last of them
#[derive(Clone, Debug)]
pub(crate) struct Home(Arc<TempDir>);

impl Home {
    pub(crate) fn new() -> Self {
        Self(Arc::new(tempfile::tempdir().unwrap()))
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn join(&self, name: &str) -> PathBuf {
        self.path().join(name)
    }

    /// Puts a file there that only its owner can read
    pub(crate) fn file(&self, name: &str, content: &str) -> PathBuf {
        let path = self.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
        path
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.join(name)).unwrap()
    }

    /// The names in one of its folders, sorted; none where it is not there
    pub(crate) fn list(&self, folder: &str) -> Vec<String> {
        let entries = fs::read_dir(self.join(folder)).into_iter().flatten();
        let mut names: Vec<String> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }
}

/// One run to be: a home folder of its own, and no variable but those of the test
pub(crate) struct Program {
    command: Command,
    input: Vec<u8>,
    home: Home,
}

impl Program {
    pub(crate) fn new(words: &[&str]) -> Self {
        Self::in_home(&Home::new(), words)
    }

    /// A run in a home folder that others had or will have
    pub(crate) fn in_home(home: &Home, words: &[&str]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_doorward"));
        command
            .args(words)
            .env_clear()
            .env("HOME", home.path())
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .current_dir(home.path());
        Self {
            command,
            input: Vec::new(),
            home: home.clone(),
        }
    }

    /// A login of the testbed's user with the right password
    pub(crate) fn login(bed: &Testbed) -> Self {
        Self::login_in(&Home::new(), bed)
    }

    /// The same in a home folder that others had or will have
    pub(crate) fn login_in(home: &Home, bed: &Testbed) -> Self {
        Self::in_home(home, &["login"])
            .portal(bed, &bed.portal_url())
            .user(bed)
            .variable("DOORWARD_PASSWORD", PASSWORD)
    }

    /// A login without credentials and provider
    pub(crate) fn login_at(bed: &Testbed, portal: &str) -> Self {
        Self::new(&["login"]).portal(bed, portal)
    }

    /// The options by which a portal of the testbed is reached
    pub(crate) fn portal(self, bed: &Testbed, portal: &str) -> Self {
        self.words(&["--portal", portal]).network(bed)
    }

    /// The options by which the testbed's hosts are found and believed
    pub(crate) fn network(self, bed: &Testbed) -> Self {
        let ca = self.file("ca.pem", bed.ca_pem());
        let mut program = self.words(&["--ca-only"]);
        program.command.arg("--ca-file").arg(ca);
        for entry in addresses(bed) {
            program.command.args(["--resolve", &entry]);
        }
        program
    }

    /// The options that name the testbed's user, and who may have the password
    pub(crate) fn user(self, bed: &Testbed) -> Self {
        self.words(&["--username", USER, "--idp-url", &bed.okta_url()])
    }

    pub(crate) fn words(mut self, words: &[&str]) -> Self {
        self.command.args(words);
        self
    }

    pub(crate) fn variable(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    pub(crate) fn input(mut self, input: impl Into<Vec<u8>>) -> Self {
        self.input = input.into();
        self
    }

    /// As [`Home::file`]
    pub(crate) fn file(&self, name: &str, content: &str) -> PathBuf {
        self.home.file(name, content)
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.home.join(name)
    }

    /// The process, for a test that starts it by itself, without input and output; its home folder is the caller's to keep
    pub(crate) fn silent(mut self) -> Command {
        self.command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        self.command
    }

    /// The process, for a test that talks to it while it runs; its home folder is the caller's to keep
    pub(crate) fn piped(mut self) -> Command {
        self.command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        self.command
    }

    pub(crate) fn stdout(mut self, stdout: Stdio) -> Self {
        self.command.stdout(stdout);
        self
    }

    pub(crate) fn run(self) -> Outcome {
        self.run_with(Stdio::piped())
    }

    /// Runs with stdout as [`Self::stdout`] set it
    pub(crate) fn run_as_set(mut self) -> Outcome {
        self.command.stderr(Stdio::piped()).stdin(Stdio::null());
        let output = self.command.spawn().unwrap().wait_with_output().unwrap();
        Outcome::new(&output, self.home)
    }

    fn run_with(mut self, stdout: Stdio) -> Outcome {
        let pipes = self
            .command
            .stdin(Stdio::piped())
            .stdout(stdout)
            .stderr(Stdio::piped());
        let mut child = pipes.spawn().unwrap();
        // A program that does not read its input closes the pipe.
        let _ = child.stdin.take().unwrap().write_all(&self.input);
        let output = child.wait_with_output().unwrap();
        Outcome::new(&output, self.home)
    }
}

/// What came of it
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    home: Home,
}

impl Outcome {
    fn new(output: &Output, home: Home) -> Self {
        Self {
            code: output.status.code().unwrap(),
            stdout: String::from_utf8(output.stdout.clone()).unwrap(),
            stderr: String::from_utf8(output.stderr.clone()).unwrap(),
            home,
        }
    }

    /// The same, after a look at its exit code
    #[track_caller]
    pub(crate) fn ends_with(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{}", self.stderr);
        self
    }

    pub(crate) fn home(&self) -> &Path {
        self.home.path()
    }

    pub(crate) fn read(&self, name: &str) -> String {
        self.home.read(name)
    }

    /// Every line of stderr as JSON
    pub(crate) fn messages(&self) -> Vec<Value> {
        let lines = self.stderr.lines();
        lines
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }
}

/// How each host of the testbed is reached, as --resolve takes it
pub(crate) fn addresses(bed: &Testbed) -> Vec<String> {
    let address = bed.address();
    let hosts = bed.hosts().into_iter();
    hosts
        .map(|host| format!("{host}:{}:{}", address.port(), address.ip()))
        .collect()
}
