//! The signals that end a program: they are the command's, and we are there until it has ended.

#[cfg(unix)]
pub(super) use unix::{Signals, pass_on};

#[cfg(not(unix))]
pub(super) use other::{Signals, pass_on};

#[cfg(unix)]
mod unix {
    use std::fs::{self, File};
    use std::future::poll_fn;
    use std::task::Poll;

    use doorward::Error;
    use rustix::process::{Pid, Signal, getpgrp, kill_process};
    use rustix::termios::tcgetpgrp;
    use tokio::signal::unix::{self, SignalKind};

    /// What comes in place of the end of this process
    pub(in crate::exec) struct Signals(Vec<(i32, unix::Signal)>);

    impl Signals {
        /// Takes the signals from now on; those that are ignored already stay so, for the command, too
        ///
        /// A shell ignores SIGINT for what it runs in the background, and nohup SIGHUP.
        pub(in crate::exec) fn new() -> Result<Self, Error> {
            let ignored = ignored();
            let mut streams = Vec::new();
            for signal in PASSED_ON.map(Signal::as_raw) {
                if ignored & (1 << (signal - 1)) == 0 {
                    let stream = unix::signal(SignalKind::from_raw(signal)).map_err(|error| {
                        Error::config("signals cannot be passed on here").because(error)
                    })?;
                    streams.push((signal, stream));
                }
            }
            Ok(Self(streams))
        }

        /// The number of the next one
        pub(in crate::exec) async fn next(&mut self) -> i32 {
            poll_fn(|context| {
                for (number, stream) in &mut self.0 {
                    if let Poll::Ready(Some(())) = stream.poll_recv(context) {
                        return Poll::Ready(*number);
                    }
                }
                Poll::Pending
            })
            .await
        }
    }

    /// Sends a signal to the command, unless the terminal has done so
    pub(in crate::exec) fn pass_on(number: i32, child: Option<u32>) {
        let is_of_keys = [Signal::INT, Signal::QUIT]
            .map(Signal::as_raw)
            .contains(&number);
        if is_of_keys && is_at_terminal() {
            return;
        }
        let signal = PASSED_ON
            .into_iter()
            .find(|signal| signal.as_raw() == number);
        let child = child.and_then(|id| Pid::from_raw(i32::try_from(id).ok()?));
        if let (Some(signal), Some(child)) = (signal, child) {
            // It may have ended by now.
            let _ = kill_process(child, signal);
        }
    }

    /// Whether we are in the foreground of a terminal, whose keys reach the command by themselves
    fn is_at_terminal() -> bool {
        let terminal = File::open("/dev/tty").ok();
        terminal.is_some_and(|terminal| tcgetpgrp(&terminal).is_ok_and(|group| group == getpgrp()))
    }

    /// The signals that this process was started to ignore, as bits; none where that cannot be known
    fn ignored() -> u64 {
        let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
        let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
        mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
            .unwrap_or_default()
    }

    const PASSED_ON: [Signal; 6] = [
        Signal::HUP,
        Signal::INT,
        Signal::QUIT,
        Signal::TERM,
        Signal::USR1,
        Signal::USR2,
    ];
}

/// Windows sends Ctrl-C and Ctrl-Break to everything in the console, the command included
#[cfg(not(unix))]
mod other {
    use doorward::Error;

    pub(in crate::exec) struct Signals;

    impl Signals {
        pub(in crate::exec) fn new() -> Result<Self, Error> {
            Ok(Self)
        }

        /// The number that Unix has for what Ctrl-C is
        pub(in crate::exec) async fn next(&mut self) -> i32 {
            match tokio::signal::ctrl_c().await {
                Ok(()) => INTERRUPT,
                Err(_) => std::future::pending().await,
            }
        }
    }

    pub(in crate::exec) fn pass_on(_: i32, _: Option<u32>) {}

    const INTERRUPT: i32 = 2;
}
