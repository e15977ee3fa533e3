//! Runs the binary with exactly the words, variables and input that a test gives.

use std::ffi::OsStr;
use std::fs::{self, Permissions};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use doorward_testkit::{PASSWORD, Testbed, USER};
use serde_json::Value;
use tempfile::TempDir;

/// One run to be: a home folder of its own, and no variable but those of the test
pub(crate) struct Program {
    command: Command,
    input: Vec<u8>,
    home: TempDir,
}

impl Program {
    pub(crate) fn new(words: &[&str]) -> Self {
        let home = tempfile::tempdir().unwrap();
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
            home,
        }
    }

    /// A login of the testbed's user with the right password
    pub(crate) fn login(bed: &Testbed) -> Self {
        Self::login_at(bed, &bed.portal_url())
            .words(&["--username", USER, "--idp-url", &bed.okta_url()])
            .variable("DOORWARD_PASSWORD", PASSWORD)
    }

    /// A login without credentials and provider
    pub(crate) fn login_at(bed: &Testbed, portal: &str) -> Self {
        let mut program = Self::new(&["login", "--portal", portal, "--ca-only"]);
        let ca = program.file("ca.pem", bed.ca_pem());
        program.command.arg("--ca-file").arg(ca);
        for host in bed.hosts() {
            let address = bed.address();
            let entry = format!("{host}:{}:{}", address.port(), address.ip());
            program.command.args(["--resolve", &entry]);
        }
        program
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

    /// Puts a file that only its owner can read into the home folder
    pub(crate) fn file(&self, name: &str, content: &str) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
        path
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
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
    home: TempDir,
}

impl Outcome {
    fn new(output: &std::process::Output, home: TempDir) -> Self {
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
        fs::read_to_string(self.home.path().join(name)).unwrap()
    }

    /// Every line of stderr as JSON
    pub(crate) fn messages(&self) -> Vec<Value> {
        let lines = self.stderr.lines();
        lines
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }
}
