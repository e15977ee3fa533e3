//! The real kubectl, where this machine has one, and a way to run it that ends.

use std::env;
use std::fs;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

/// The path of a real kubectl; without one, a line on stderr says that something is skipped
///
/// `DOORWARD_KUBECTL` names it; else it is the one on `PATH`. Google's SDK has a dispatcher there, which asks the
/// cluster for its version before it hands over to one of its siblings: then it is the newest sibling.
///
/// # Panics
///
/// If there is none and `DOORWARD_REQUIRE_KUBECTL=1` is set, so that a pipeline cannot skip its tests unseen.
pub fn kubectl() -> Option<PathBuf> {
    static FOUND: OnceLock<Option<PathBuf>> = OnceLock::new();
    let found = FOUND.get_or_init(find);
    if found.is_none() {
        let required = env::var_os("DOORWARD_REQUIRE_KUBECTL").is_some_and(|value| value == "1");
        assert!(!required, "DOORWARD_REQUIRE_KUBECTL=1, but {NONE}");
        // Not by `eprintln`, which the test harness keeps back when a test passes.
        let _ = writeln!(io::stderr(), "SKIPPED: {NONE}");
    }
    found.clone()
}

/// Runs a command without input, and kills it when the time is up
///
/// # Errors
///
/// `TimedOut` if it had to be killed, and what the operating system says of a program that cannot be run.
pub fn output_within(limit: Duration, command: &mut Command) -> io::Result<Output> {
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let stdout = drain(child.stdout.take());
    let stderr = drain(child.stderr.take());
    let end = Instant::now() + limit;
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        if Instant::now() >= end {
            child.kill()?;
            child.wait()?;
            return Err(io::ErrorKind::TimedOut.into());
        }
        thread::sleep(POLL);
    };
    // A child of the child may hold the pipes open.
    let rest = |pipe: Receiver<Vec<u8>>| pipe.recv_timeout(REST).map_err(io::Error::other);
    Ok(Output {
        status,
        stdout: rest(stdout)?,
        stderr: rest(stderr)?,
    })
}

/// Reads to the end in a thread of its own: a full pipe would stop the child
fn drain(pipe: Option<impl Read + Send + 'static>) -> Receiver<Vec<u8>> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(mut pipe) = pipe {
            let _ = pipe.read_to_end(&mut bytes);
        }
        let _ = sender.send(bytes);
    });
    receiver
}

fn find() -> Option<PathBuf> {
    if let Some(path) = env::var_os("DOORWARD_KUBECTL").filter(|path| !path.is_empty()) {
        return Some(path.into());
    }
    let name = format!("kubectl{}", env::consts::EXE_SUFFIX);
    let found = env::split_paths(&env::var_os("PATH")?)
        .map(|folder| folder.join(&name))
        .find(|file| file.is_file())?;
    match version(&found)?.ends_with("-dispatcher") {
        true => newest_in(found.canonicalize().ok()?.parent()?),
        false => Some(found),
    }
}

fn newest_in(folder: &Path) -> Option<PathBuf> {
    let minor = |file: &PathBuf| -> Option<u32> {
        let name = file.file_name()?.to_str()?;
        let name = name.strip_suffix(env::consts::EXE_SUFFIX)?;
        name.strip_prefix("kubectl.1.")?.parse().ok()
    };
    let files = fs::read_dir(folder).ok()?.flatten();
    files
        .map(|entry| entry.path())
        .filter(|file| minor(file).is_some())
        .max_by_key(minor)
}

fn version(kubectl: &Path) -> Option<String> {
    let mut command = Command::new(kubectl);
    command.args(["version", "--client", "--output=json"]);
    let output = output_within(LIMIT, command.env("KUBECONFIG", "none")).ok()?;
    let document: Value = serde_json::from_slice(&output.stdout).ok()?;
    let version = document.pointer("/clientVersion/gitVersion")?;
    version.as_str().map(str::to_owned)
}

const NONE: &str = "there is no kubectl on PATH, and DOORWARD_KUBECTL names none";
const POLL: Duration = Duration::from_millis(5);
const REST: Duration = Duration::from_secs(10);
const LIMIT: Duration = Duration::from_secs(60);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_sibling_is_the_one_with_the_highest_number() -> io::Result<()> {
        let name = format!("doorward-testkit-kubectl-{}", std::process::id());
        let folder = env::temp_dir().join(name);
        fs::create_dir_all(&folder)?;
        let suffix = env::consts::EXE_SUFFIX;
        for name in [
            "kubectl",
            "kubectl.1.9",
            "kubectl.1.33",
            "kubectl.1.33-beta",
            "kubectl.2.40",
        ] {
            fs::write(folder.join(format!("{name}{suffix}")), "")?;
        }

        let newest = newest_in(&folder);

        fs::remove_dir_all(&folder)?;
        assert_eq!(newest, Some(folder.join(format!("kubectl.1.33{suffix}"))));
        Ok(())
    }

    #[test]
    #[cfg(unix)]
    fn a_program_that_does_not_end_is_killed() {
        let start = Instant::now();

        let error = output_within(Duration::from_millis(20), Command::new("sleep").arg("300"));

        assert_eq!(error.unwrap_err().kind(), io::ErrorKind::TimedOut);
        assert!(start.elapsed() < Duration::from_secs(100));
    }

    #[test]
    #[cfg(unix)]
    fn more_output_than_a_pipe_holds_is_read() -> io::Result<()> {
        let mut command = Command::new("sh");
        command.args(["-c", "yes | head -c 300000; yes | head -c 300000 >&2"]);

        let output = output_within(LIMIT, &mut command)?;

        assert!(output.status.success());
        assert_eq!(
            (output.stdout.len(), output.stderr.len()),
            (300_000, 300_000)
        );
        Ok(())
    }
}
