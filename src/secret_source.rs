//! Where a secret comes from: a file, standard input, a command's output, a variable, or a value at hand.
//!
//! A command line is no such place, since every process of the machine can read it.

use std::env;
use std::ffi::OsString;
use std::fmt;
use std::fs::File;
use std::io::{self, IsTerminal, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use zeroize::Zeroizing;

use crate::folders::mode_for_others;
use crate::{Error, Secret};

/// A place to read a secret from, such as the file after `--password-file`
///
/// ```
/// use doorward::SecretSource;
///
/// # #[cfg(unix)] {
/// let source = SecretSource::command("printf '%s\\n' 'correct horse'");
/// assert_eq!(source.read("password")?.expose_secret(), "correct horse");
/// # }
/// # Ok::<(), doorward::Error>(())
/// ```
#[derive(Clone)]
pub struct SecretSource {
    place: Place,
    shared_files: bool,
}

#[derive(Clone)]
enum Place {
    Command(String),
    File(PathBuf),
    Stdin,
    Value(Secret),
    Variable(String),
}

impl SecretSource {
    /// The output of a program
    ///
    /// `line` is split into words as a shell would, and run without a shell: no variables, pipes or patterns. The
    /// program gets no input and none of the variables `DOORWARD_…`, and has 30 seconds; its error output is passed on.
    pub fn command(line: impl Into<String>) -> Self {
        Self::new(Place::Command(line.into()))
    }

    /// The content of a file, which nobody but its owner may read or write
    pub fn file(path: impl Into<PathBuf>) -> Self {
        Self::new(Place::File(path.into()))
    }

    /// The environment variable that it is read from, if it is one
    pub fn named_variable(&self) -> Option<&str> {
        match &self.place {
            Place::Variable(name) => Some(name),
            _ => None,
        }
    }

    /// All of standard input, unless that is a terminal
    pub fn stdin() -> Self {
        Self::new(Place::Stdin)
    }

    /// A secret that is there already, such as the value of an environment variable
    pub fn value(secret: Secret) -> Self {
        Self::new(Place::Value(secret))
    }

    /// The value of an environment variable of this process, looked up when the secret is read
    pub fn variable(name: impl Into<String>) -> Self {
        Self::new(Place::Variable(name.into()))
    }

    /// The secret, where it need not be read from anywhere
    #[cfg(feature = "login")]
    pub(crate) fn at_hand(&self) -> Option<&Secret> {
        match &self.place {
            Place::Value(secret) => Some(secret),
            _ => None,
        }
    }

    fn new(place: Place) -> Self {
        Self {
            place,
            shared_files: false,
        }
    }

    /// Takes a file that others can read or write, too
    ///
    /// For files whose folder is closed to others, as a CI system's file variables and Kubernetes' mounted secrets.
    #[must_use]
    pub fn allow_shared_files(mut self) -> Self {
        self.shared_files = true;
        self
    }

    /// Reads the secret, less one line break at its end; `what` names it in errors, such as `password`
    ///
    /// Blocks for 30 seconds at most, so that async code calls it before its runtime starts, or on a thread of its own.
    /// Nothing is kept: each call reads anew. An empty secret is no error here.
    ///
    /// # Errors
    ///
    /// [`Config`](crate::ErrorKind::Config): the source cannot be read in time, others can read or write the file, the
    /// command fails, or what comes is longer than 64 KiB or no UTF-8 text. No error holds any of it.
    pub fn read(&self, what: &str) -> Result<Secret, Error> {
        match &self.place {
            Place::Command(line) => run(line, what, None, TIME),
            Place::File(path) => self.read_file(path, what),
            Place::Stdin => read_stdin(what),
            Place::Value(secret) => Ok(secret.clone()),
            Place::Variable(name) => of_variable(shown_name(name), what, env::var_os(name)),
        }
    }

    fn read_file(&self, path: &Path, what: &str) -> Result<Secret, Error> {
        let shown = path.to_string_lossy();
        let shared_files = self.shared_files;
        let owned = path.to_owned();
        // A pipe with a name may keep even the opening waiting.
        let read = in_time(TIME, move || {
            let file = File::open(owned)?;
            match mode_for_others(&file.metadata()?).filter(|_| !shared_files) {
                Some(mode) => Ok(Err(mode)),
                None => read_limited(file).map(Ok),
            }
        });
        match read {
            Ok(Ok(bytes)) => text(bytes, what).map_err(|error| error.at("file", shown)),
            Ok(Err(mode)) => Err(Error::config(format!(
                "others can read or write the {what} file"
            ))
            .at("file", shown)
            .at("mode", format!("{mode:04o}"))
            .hint(
                "chmod 600 closes it; --allow-shared-files takes it as it is, \
                     for CI file variables and mounted Kubernetes secrets",
            )),
            Err(error) => Err(Error::config(format!("the {what} file cannot be read"))
                .at("file", shown)
                .because(error)),
        }
    }
}

impl fmt::Debug for SecretSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("SecretSource");
        match &self.place {
            // Its arguments may hold a secret, though they should not.
            Place::Command(_) => shown.field("command", &"[redacted]"),
            Place::File(path) => shown.field("file", path),
            Place::Stdin => shown.field("stdin", &true),
            Place::Value(secret) => shown.field("value", secret),
            Place::Variable(name) => shown.field("variable", &shown_name(name)),
        };
        shown.field("shared_files", &self.shared_files).finish()
    }
}

/// The secret called `what` out of a variable, which errors call `shown`
pub(crate) fn of_variable(
    shown: &str,
    what: &str,
    value: Option<OsString>,
) -> Result<Secret, Error> {
    match value.filter(|value| !value.is_empty()) {
        Some(value) => value
            .into_string()
            .map(Secret::new)
            .map_err(|_| Error::config(format!("{shown} is no UTF-8 text"))),
        None => Err(Error::config(format!(
            "the {what} comes from {shown}, which is not set here"
        ))),
    }
}

/// The name of a variable, unless it looks like a secret that stands in the name's place
fn shown_name(name: &str) -> &str {
    let is_usual = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
    match name.chars().all(is_usual) && name.contains('_') {
        true => name,
        false => "a variable whose name is not shown",
    }
}

fn read_stdin(what: &str) -> Result<Secret, Error> {
    if io::stdin().is_terminal() {
        return Err(Error::config(format!(
            "the {what} should come from standard input, which is a terminal"
        ))
        .hint("pipe it in, or name a file"));
    }
    match in_time(TIME, || read_limited(io::stdin().lock())) {
        Ok(bytes) => text(bytes, what),
        Err(error) => {
            let told = Error::config(format!("the {what} cannot be read from standard input"));
            Err(told.because(error))
        }
    }
}

/// What the program of `line` prints, as for [`SecretSource::command`], with one more variable and `left` to do it
pub(crate) fn command_output(
    line: &str,
    what: &str,
    variable: (&str, &str),
    left: Duration,
) -> Result<Secret, Error> {
    run(line, what, Some(variable), TIME.min(left))
}

fn run(
    line: &str,
    what: &str,
    variable: Option<(&str, &str)>,
    time: Duration,
) -> Result<Secret, Error> {
    let words = shlex::split(line).unwrap_or_default();
    let Some((program, arguments)) = words.split_first() else {
        return Err(Error::config(format!(
            "the {what} command is empty, or a quote in it is not closed"
        )));
    };
    let mut command = Command::new(program);
    command.args(arguments);
    without_own_variables(&mut command).envs(variable);
    output(command, what, time)
}

/// Takes the variables of doorward, which may be secrets, away from `command`
pub(crate) fn without_own_variables(command: &mut Command) -> &mut Command {
    for (name, _) in env::vars_os() {
        // Names of variables are not case-sensitive on Windows.
        if name
            .to_string_lossy()
            .to_ascii_uppercase()
            .starts_with("DOORWARD_")
        {
            command.env_remove(name);
        }
    }
    command
}

/// What `command` prints, without any input, in `time` at most
pub(crate) fn output(mut command: Command, what: &str, time: Duration) -> Result<Secret, Error> {
    let program = command.get_program().to_string_lossy().into_owned();
    let fails = |problem: &str| {
        Error::config(format!("the {what} command {problem}")).at("program", &program)
    };
    command.stdin(Stdio::null()).stdout(Stdio::piped());
    let end = Instant::now() + time;
    let mut running = Running(
        command
            .spawn()
            .map_err(|error| fails("cannot be started").because(error))?,
    );
    let Some(output) = running.0.stdout.take() else {
        return Err(fails("has no output"));
    };
    let late = |error: io::Error| match error.kind() {
        io::ErrorKind::TimedOut => fails(&format!("was not done after {} s", time.as_secs())),
        _ => fails("has an output that cannot be read").because(error),
    };
    let bytes = in_time(time, move || read_limited(output)).map_err(late)?;
    if bytes.len() > MAX_BYTES {
        return Err(fails("printed more than 64 KiB"));
    }
    let status = running.status(end).map_err(late)?;
    match status.success() {
        true => text(bytes, what).map_err(|error| error.at("program", &program)),
        // The status itself, such as `exit status: 1`, says nothing about the secret.
        false => Err(fails("failed").at("outcome", status.to_string())),
    }
}

/// A program that is killed when nobody waits for it any longer
struct Running(Child);

impl Running {
    /// Waits for the end of a program that has closed its output
    fn status(&mut self, end: Instant) -> io::Result<ExitStatus> {
        let mut pause = Duration::from_millis(1);
        loop {
            if let Some(status) = self.0.try_wait()? {
                return Ok(status);
            }
            if Instant::now() + pause >= end {
                return Err(io::ErrorKind::TimedOut.into());
            }
            thread::sleep(pause);
            pause = (pause * 2).min(Duration::from_millis(50));
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Both fail where the program has ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// What `work` gives; an error where it takes longer than `time`, and then its thread is left to itself
fn in_time<T: Send + 'static>(
    time: Duration,
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    let (sender, receiver) = mpsc::sync_channel(1);
    thread::Builder::new().spawn(move || {
        let _ = sender.send(work());
    })?;
    receiver
        .recv_timeout(time)
        .map_err(|_| io::ErrorKind::TimedOut)?
}

/// One byte more than the limit at most
fn read_limited(input: impl Read) -> io::Result<Zeroizing<Vec<u8>>> {
    // Made large enough at once: a vector that grows leaves copies behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(MAX_BYTES + 2));
    input.take(MAX_BYTES as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn text(bytes: Zeroizing<Vec<u8>>, what: &str) -> Result<Secret, Error> {
    if bytes.len() > MAX_BYTES {
        return Err(Error::config(format!("the {what} is longer than 64 KiB")));
    }
    match str::from_utf8(&bytes) {
        Ok(text) => {
            let text = text.strip_suffix('\n').unwrap_or(text);
            Ok(Secret::new(text.strip_suffix('\r').unwrap_or(text)))
        }
        Err(_) => Err(Error::config(format!("the {what} is no UTF-8 text"))),
    }
}

const MAX_BYTES: usize = 64 << 10;

const TIME: Duration = Duration::from_secs(30);

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::PermissionsExt;
    use std::path::PathBuf;
    use std::time::{Duration, Instant};

    use super::{MAX_BYTES, SecretSource, run};
    use crate::{Error, ErrorKind, Secret};

    fn file(content: impl AsRef<[u8]>, mode: u32) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("password");
        fs::write(&path, content).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
        (folder, path)
    }

    fn read(content: impl AsRef<[u8]>) -> Result<String, Error> {
        let (_folder, path) = file(content, 0o600);
        let secret = SecretSource::file(path).read("password")?;
        Ok(secret.expose_secret().to_owned())
    }

    fn shell(script: &str) -> Result<String, Error> {
        let secret = SecretSource::command(format!("sh -c '{script}'")).read("password")?;
        Ok(secret.expose_secret().to_owned())
    }

    #[test]
    fn one_line_break_at_the_end_is_no_part_of_the_secret() {
        assert_eq!(read("pw").unwrap(), "pw");
        assert_eq!(read("pw\n").unwrap(), "pw");
        assert_eq!(read("pw\r\n").unwrap(), "pw");
        assert_eq!(read(" p w \n\n").unwrap(), " p w \n");
        assert_eq!(read("").unwrap(), "");
    }

    #[test]
    fn a_file_that_others_can_read_or_write_is_refused() {
        for mode in [0o644, 0o640, 0o606, 0o620, 0o610] {
            let (_folder, path) = file("canary", mode);

            let source = SecretSource::file(&path);
            let error = source.read("password").unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Config, "{mode:o}");
            assert!(error.to_string().contains(&format!("mode {mode:04o}")));
            assert!(!format!("{error} {error:?}").contains("canary"));

            let secret = source.allow_shared_files().read("password").unwrap();
            assert_eq!(secret.expose_secret(), "canary");
        }
        let (_folder, path) = file("canary", 0o400);
        assert!(SecretSource::file(path).read("password").is_ok());
    }

    #[test]
    fn a_file_that_cannot_be_read_is_named() {
        let error = SecretSource::file("/nonexistent/pw")
            .read("password")
            .unwrap_err();

        assert_eq!(error.kind(), ErrorKind::Config);
        assert_eq!(
            error.to_string(),
            "the password file cannot be read (file /nonexistent/pw)"
        );
    }

    #[test]
    fn a_secret_is_text_of_limited_length() {
        for content in [vec![0xff, 0xfe], vec![b'x'; MAX_BYTES + 1]] {
            assert_eq!(read(content).unwrap_err().kind(), ErrorKind::Config);
        }
        assert_eq!(read(vec![b'x'; MAX_BYTES]).unwrap().len(), MAX_BYTES);
    }

    #[test]
    fn a_variable_is_looked_up_when_it_is_read_and_its_value_never_shown() {
        let path = SecretSource::variable("PATH").read("password").unwrap();
        assert_eq!(path.expose_secret(), std::env::var("PATH").unwrap());

        let unset = SecretSource::variable("DOORWARD_NOT_SET");
        let error = unset.read("password").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        let told = "the password comes from DOORWARD_NOT_SET, which is not set here";
        assert_eq!(error.to_string(), told);
    }

    #[test]
    fn a_secret_in_the_place_of_a_variables_name_is_not_shown() {
        for name in ["canary", "CANARY42", "ca=nary", ""] {
            let source = SecretSource::variable(name);
            let error = source.read("password").unwrap_err();
            let shown = format!("{error} {error:?} {source:?}").to_lowercase();
            assert!(!shown.contains("nary"), "{shown}");
        }
    }

    #[test]
    fn a_command_is_split_into_words_and_run_without_a_shell() {
        let source = SecretSource::command(r#"printf '%s-%s\n' "$HOME" 'a | b'"#);

        assert_eq!(
            source.read("password").unwrap().expose_secret(),
            "$HOME-a | b"
        );
    }

    #[test]
    fn a_command_gets_no_input() {
        assert_eq!(shell("cat; echo done").unwrap(), "done");
    }

    #[test]
    fn a_command_that_fails_is_named_without_its_arguments_and_output() {
        let error = shell("echo canary; exit 3").unwrap_err();

        assert_eq!(error.kind(), ErrorKind::Config);
        assert_eq!(
            error.to_string(),
            "the password command failed (program sh, outcome exit status: 3)"
        );
        assert!(!format!("{error:?}").contains("canary"));
    }

    #[test]
    fn a_command_that_cannot_be_run_is_a_wrong_setting() {
        for line in ["", "  ", "sh -c 'x", "/nonexistent/program --canary"] {
            let error = SecretSource::command(line).read("password").unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Config, "{line}");
            assert!(!format!("{error:?}").contains("canary"));
        }
    }

    #[test]
    fn a_command_that_takes_too_long_is_ended() {
        for script in ["sleep 20", "exec 1>&-; sleep 20"] {
            let started = Instant::now();

            let line = format!("sh -c '{script}'");
            let error = run(&line, "password", None, Duration::from_millis(100)).unwrap_err();

            assert_eq!(error.kind(), ErrorKind::Config);
            assert!(error.to_string().contains("was not done after"), "{error}");
            assert!(started.elapsed() < Duration::from_secs(10));
        }
    }

    #[test]
    fn a_command_that_prints_without_end_is_ended() {
        let started = Instant::now();

        let error = SecretSource::command("yes canary")
            .read("password")
            .unwrap_err();

        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(error.to_string().contains("printed more than 64 KiB"));
        assert!(started.elapsed() < Duration::from_secs(20));
    }

    #[test]
    fn debug_shows_no_secret() {
        for source in [
            SecretSource::value(Secret::new("canary")),
            SecretSource::command("echo canary"),
        ] {
            assert!(!format!("{source:?}").contains("canary"));
        }
    }
}
