//! One line from the terminal, which does not show it.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::process::getpgrp;
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcgetpgrp, tcsetattr};
use zeroize::Zeroizing;

use crate::{Error, Secret};

/// Asks at the terminal of this process, whatever its standard streams are, and waits for `time` at most
pub(super) fn read(prompt: &str, time: Duration) -> Result<Secret, Error> {
    let opened = OpenOptions::new().read(true).write(true).open("/dev/tty");
    let terminal = opened.map_err(|error| failed("there is no terminal").because(error))?;
    // A process in the background would be stopped, without an end.
    let front = tcgetpgrp(&terminal);
    if front.is_ok_and(|front| front != getpgrp()) {
        return Err(failed("the terminal belongs to another program now"));
    }
    ask(terminal, prompt, time)
}

fn ask(mut terminal: File, prompt: &str, time: Duration) -> Result<Secret, Error> {
    let broken = |error: io::Error| failed("the terminal failed").because(error);
    let _silence = Silence::begin(&terminal).map_err(broken)?;
    terminal.write_all(prompt.as_bytes()).map_err(broken)?;
    if !is_ready(&terminal, time).map_err(broken)? {
        return Err(failed("nobody typed it in time").at("waited", format!("{} s", time.as_secs())));
    }
    // The terminal gives whole lines, and none is longer than this.
    let mut line = Zeroizing::new([0; 4096]);
    let length = terminal.read(&mut *line).map_err(broken)?;
    let line = line.get(..length).unwrap_or_default();
    match str::from_utf8(line).map(str::trim) {
        Ok("") => Err(failed("nothing was typed")),
        Ok(code) => Ok(Secret::new(code)),
        Err(_) => Err(failed("what was typed is no UTF-8 text")),
    }
}

/// Whether a line comes in time
fn is_ready(terminal: &File, time: Duration) -> io::Result<bool> {
    let end = Instant::now() + time;
    loop {
        let left = end.saturating_duration_since(Instant::now());
        let left = Timespec::try_from(left).map_err(io::Error::other)?;
        match poll(&mut [PollFd::new(terminal, PollFlags::IN)], Some(&left)) {
            // A signal, such as that of a window that changes its size.
            Err(Errno::INTR) => {}
            ready => return Ok(ready? > 0),
        }
    }
}

/// A terminal that does not show what is typed, until this is dropped
struct Silence {
    terminal: File,
    before: Termios,
}

impl Silence {
    fn begin(terminal: &File) -> io::Result<Self> {
        let before = tcgetattr(terminal)?;
        let silence = Self {
            terminal: terminal.try_clone()?,
            before: before.clone(),
        };
        let mut modes = before;
        modes.local_modes.remove(LocalModes::ECHO);
        // The end of the line is shown, and lines are whole.
        modes
            .local_modes
            .insert(LocalModes::ECHONL | LocalModes::ICANON);
        tcsetattr(terminal, OptionalActions::Flush, &modes)?;
        Ok(silence)
    }
}

impl Drop for Silence {
    fn drop(&mut self) {
        // The terminal may be gone; then there is nothing to restore.
        let _ = tcsetattr(&self.terminal, OptionalActions::Now, &self.before);
    }
}

fn failed(why: &str) -> Error {
    Error::config(format!("the one-time code could not be asked for: {why}"))
}

#[cfg(target_os = "linux")]
#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::io::{Read as _, Write as _};
    use std::thread;
    use std::time::Duration;

    use rustix::pty::{OpenptFlags, grantpt, ioctl_tiocgptpeer, openpt, unlockpt};
    use rustix::termios::{LocalModes, tcgetattr};

    use super::ask;
    use crate::ErrorKind;

    const LONG: Duration = Duration::from_secs(60);

    /// The keyboard and screen of a terminal, and its other end
    fn terminal() -> (File, File) {
        let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY;
        let person = openpt(flags).unwrap();
        grantpt(&person).unwrap();
        unlockpt(&person).unwrap();
        let terminal = ioctl_tiocgptpeer(&person, flags).unwrap();
        (person.into(), terminal.into())
    }

    fn shows(terminal: &File) -> bool {
        let modes = tcgetattr(terminal).unwrap().local_modes;
        modes.contains(LocalModes::ECHO)
    }

    #[test]
    fn what_is_typed_is_read_and_not_shown() {
        let (mut person, end) = terminal();
        let asked = end.try_clone().unwrap();
        let asking = thread::spawn(move || ask(asked, "Code: ", LONG));
        let mut screen = [0; 6];
        person.read_exact(&mut screen).unwrap();
        assert_eq!(&screen, b"Code: ");
        assert!(!shows(&end));

        person.write_all(b" 123456 \n").unwrap();

        let code = asking.join().unwrap().unwrap();
        assert_eq!(code.expose_secret(), "123456");
        let mut screen = [0; 2];
        person.read_exact(&mut screen).unwrap();
        assert_eq!(&screen, b"\r\n");
        assert!(shows(&end));
    }

    #[test]
    fn nothing_typed_and_nobody_there_are_errors() {
        let (mut person, end) = terminal();
        let error = ask(end.try_clone().unwrap(), "Code: ", Duration::ZERO).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(error.to_string().contains("in time"));
        assert!(shows(&end));

        for typed in [&b"\n"[..], b"\x04", b"\xff\n"] {
            let asked = end.try_clone().unwrap();
            let asking = thread::spawn(move || ask(asked, "Code: ", LONG));
            while shows(&end) {
                thread::yield_now();
            }
            let mut screen = [0; 6];
            person.read_exact(&mut screen).unwrap();
            person.write_all(typed).unwrap();

            let error = asking.join().unwrap().unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Config);
        }
    }
}
