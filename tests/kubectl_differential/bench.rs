//! An empty home in which bash and kubectl run.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};
use tempfile::TempDir;

/// An empty home, and a folder of programs that say when one fails
pub(crate) struct Bench {
    folder: TempDir,
}

impl Bench {
    pub(crate) fn new(kubectl: Option<&Path>) -> Self {
        let folder = TempDir::new().unwrap();
        let bench = Self { folder };
        for name in ["home", "bin", "work", "tmp", "removed"] {
            fs::create_dir(bench.path(name)).unwrap();
        }
        let real = kubectl.map(|path| format!("'{}' \"$@\"", path.display()));
        // Prints its words, and keeps what is in a certificate's file.
        let words = "printf '%s\\0' \"$@\"; for word; do case \"$word\" in \
                     --certificate-authority=*) /bin/cp \"${word#*=}\" \"$SEEN\";; esac; done";
        bench.program("kubectl", real.as_deref().unwrap_or(words));
        // What is removed is kept elsewhere: a kubeconfig may still name it.
        bench.program(
            "rm",
            "for f; do [ -f \"$f\" ] && /bin/cp --parents \"$(/usr/bin/realpath \"$f\")\" \"$REMOVED\"; done\n/bin/rm \"$@\"",
        );
        for name in ["mktemp", "mkdir", "base64", "cat"] {
            bench.program(name, &format!("'{}' \"$@\"", which(name).display()));
        }
        bench
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn home(&self) -> PathBuf {
        self.path("home")
    }

    fn program(&self, name: &str, body: &str) {
        let file = self.path("bin").join(name);
        let fails = format!("[ $code = 0 ] || echo \"{name} $code\" >> \"$FAILED\"");
        let text = format!("#!/bin/bash\n{body}\ncode=$?\n{fails}\nexit $code\n");
        fs::write(&file, text).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
    }

    fn bash(&self, text: &str) -> Command {
        let mut bash = Command::new(BASH);
        bash.args(["--norc", "--noprofile", "-c", text])
            .env_clear()
            .env("PATH", self.path("bin"))
            .env("HOME", self.home())
            .env("TMPDIR", self.path("tmp"))
            .env("REMOVED", self.path("removed"))
            .env("FAILED", self.path("failed"))
            .env("SEEN", self.path("seen"))
            .current_dir(self.path("work"))
            .stdin(Stdio::null());
        bash
    }

    /// Whether every statement succeeds, and what was said
    pub(crate) fn run(&self, text: &str) -> (bool, String) {
        let output = self.bash(text).output().unwrap();
        let mut errors = String::from_utf8_lossy(&output.stderr).into_owned();
        errors.push_str(&fs::read_to_string(self.path("failed")).unwrap_or_default());
        let failed = self.path("failed").exists()
            || errors.lines().any(|line| line.starts_with("/bin/bash:"))
            || !output.status.success();
        (!failed, errors)
    }

    pub(crate) fn output(&self, text: &str) -> Vec<u8> {
        let output = self.bash(text).output().unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(
            output.status.success() && errors.is_empty(),
            "{text}: {errors}"
        );
        output.stdout
    }

    pub(crate) fn words(&self, text: &str) -> Vec<String> {
        let output = String::from_utf8(self.output(text)).unwrap();
        output.split_terminator('\0').map(str::to_owned).collect()
    }

    /// The fields with each path replaced by what is, or was, in the file
    pub(crate) fn embedded(&self, mut fields: Map<String, Value>) -> Map<String, Value> {
        let beside = self.home().join(".kube");
        for (path, data) in FILES {
            self.embed(&mut fields, path, data, &beside);
        }
        if let Some(config) = fields
            .get_mut("auth-provider")
            .and_then(|p| p.get_mut("config"))
        {
            let config = config.as_object_mut().unwrap();
            let (path, data) = IDP_FILE;
            self.embed(config, path, data, &self.path("work"));
        }
        if let Some(Value::Array(variables)) = fields.get_mut("exec").and_then(|e| e.get_mut("env"))
        {
            variables.sort_by_key(|variable| variable["name"].to_string());
        }
        fields
    }

    fn embed(&self, fields: &mut Map<String, Value>, path: &str, data: &str, base: &Path) {
        let Some(file) = fields.remove(path) else {
            return;
        };
        let file = base.join(file.as_str().unwrap());
        let removed = self.path("removed").join(file.strip_prefix("/").unwrap());
        let content = fs::read(&file).or_else(|_| fs::read(&removed));
        let content = content.unwrap_or_else(|_| panic!("no file {}", file.display()));
        let given = fields.get(data).is_some_and(|data| data != "");
        if !given && !content.is_empty() {
            fields.insert(data.to_owned(), STANDARD.encode(content).into());
        }
    }
}

/// Whether there is no bash to compare with, which is said
pub(crate) fn no_bash() -> bool {
    let missing = !Path::new(BASH).is_file();
    if missing {
        eprintln!("SKIPPED: no {BASH} to compare with");
    }
    missing
}

fn which(name: &str) -> PathBuf {
    let folders = ["/usr/bin", "/bin", "/usr/local/bin"];
    let mut files = folders.iter().map(|folder| Path::new(folder).join(name));
    files
        .find(|file| file.is_file())
        .expect("coreutils are there")
}

const FILES: [(&str, &str); 3] = [
    ("certificate-authority", "certificate-authority-data"),
    ("client-certificate", "client-certificate-data"),
    ("client-key", "client-key-data"),
];

const IDP_FILE: (&str, &str) = (
    "idp-certificate-authority",
    "idp-certificate-authority-data",
);

const BASH: &str = "/bin/bash";
