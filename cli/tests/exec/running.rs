//! A run of `exec` that a test talks to while it is under way.

use std::io::{Read, Write as _};
use std::os::unix::process::CommandExt as _;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use doorward_testkit::{PortalIdp, Testbed};

use crate::job::with_password;
use crate::program::{Home, Program};

/// Where the private folders are, in the home folder
pub(super) const RUNTIME: &str = "run";

/// A portal with a form of its own, which takes any number of logins at once
pub(super) fn quick() -> Testbed {
    Testbed::builder().idp(PortalIdp::Form).start().unwrap()
}

/// A run in a home folder of its own; `words` are options and the command
pub(super) fn exec(bed: &Testbed, words: &[&str]) -> Program {
    exec_in(&Home::new(), bed, words)
}

/// The same in a home folder that others had or will have
pub(super) fn exec_in(home: &Home, bed: &Testbed, words: &[&str]) -> Program {
    std::fs::create_dir_all(home.join(RUNTIME)).unwrap();
    let program = Program::in_home(home, &["exec", "--runtime-dir"])
        .words(&[home.join(RUNTIME).to_str().unwrap()])
        .portal(bed, &bed.portal_url())
        .words(&["--idp-url", &bed.portal_url()])
        .user(bed);
    with_password(program, doorward_testkit::PASSWORD).words(words)
}

/// The words of a command that runs a script
pub(super) fn shell(script: &str) -> [&str; 4] {
    ["--", "sh", "-c", script]
}

/// `command` in the place of `exec`, whose words it gets, with the same variables and folder
pub(super) fn as_in(command: Command, exec: &Command) -> Command {
    let mut command = in_place_of(command, exec);
    command.arg(exec.get_program()).args(exec.get_args());
    command
}

/// The same without the words
pub(super) fn in_place_of(mut command: Command, exec: &Command) -> Command {
    let variables = exec.get_envs();
    command
        .env_clear()
        .envs(variables.filter_map(|(name, value)| Some((name, value?))))
        .current_dir(exec.get_current_dir().unwrap())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// The process, and what it has said so far
pub(super) struct Running {
    child: Child,
    input: Option<ChildStdin>,
    stdout: Arc<Mutex<String>>,
    stderr: Arc<Mutex<String>>,
    readers: [JoinHandle<()>; 2],
}

impl Running {
    /// Starts it, and waits until the command says `ready`
    pub(super) fn start(program: Program) -> Self {
        let running = Self::spawn(program.piped());
        running.says("ready");
        running
    }

    /// Starts it in a group of its own, so that a terminal's keys are not meant
    pub(super) fn spawn(mut command: Command) -> Self {
        let mut child = command.process_group(0).spawn().unwrap();
        let (stdout, said) = collect(child.stdout.take().unwrap());
        let (stderr, complained) = collect(child.stderr.take().unwrap());
        Self {
            input: child.stdin.take(),
            stdout,
            stderr,
            readers: [said, complained],
            child,
        }
    }

    pub(super) fn says(&self, text: &str) {
        wait_until(|| self.stdout().contains(text), || self.stderr());
    }

    pub(super) fn complains(&self, text: &str) {
        wait_until(|| self.stderr().contains(text), || self.stderr());
    }

    pub(super) fn stdout(&self) -> String {
        self.stdout.lock().unwrap().clone()
    }

    pub(super) fn stderr(&self) -> String {
        self.stderr.lock().unwrap().clone()
    }

    /// Gives the command a line to read
    pub(super) fn tell(&mut self, line: &str) {
        let input = self.input.as_mut().unwrap();
        writeln!(input, "{line}").unwrap();
    }

    pub(super) fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        assert!(
            Command::new("kill")
                .args(["-s", name, &id])
                .status()
                .unwrap()
                .success()
        );
    }

    /// Ends the input, and waits; gives the exit code, or 128 and the signal
    pub(super) fn end(&mut self) -> i32 {
        self.input = None;
        self.wait()
    }

    /// Waits while the input stays open, also for the last words
    pub(super) fn wait(&mut self) -> i32 {
        let code = self.status();
        wait_until(
            || self.readers.iter().all(JoinHandle::is_finished),
            || "somebody holds the output open".into(),
        );
        code
    }

    /// Waits for the process alone, whose command may go on
    pub(super) fn status(&mut self) -> i32 {
        use std::os::unix::process::ExitStatusExt as _;

        let mut status = None;
        let child = &mut self.child;
        wait_until(
            || {
                status = child.try_wait().unwrap();
                status.is_some()
            },
            || "it does not end".into(),
        );
        let status = status.unwrap();
        status
            .code()
            .unwrap_or_else(|| 128 + status.signal().unwrap())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // A test that failed leaves nothing behind; one that ended has none to kill.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Waits for something that another process does
pub(super) fn wait_until(mut done: impl FnMut() -> bool, told: impl Fn() -> String) {
    let end = Instant::now() + Duration::from_secs(60);
    while !done() {
        assert!(Instant::now() < end, "{}", told());
        thread::sleep(Duration::from_millis(10));
    }
}

fn collect(mut pipe: impl Read + Send + 'static) -> (Arc<Mutex<String>>, JoinHandle<()>) {
    let text = Arc::new(Mutex::new(String::new()));
    let said = Arc::clone(&text);
    let reader = thread::spawn(move || {
        let mut bytes = [0; 4096];
        while let Ok(length @ 1..) = pipe.read(&mut bytes) {
            said.lock()
                .unwrap()
                .push_str(&String::from_utf8_lossy(&bytes[..length]));
        }
    });
    (text, reader)
}
