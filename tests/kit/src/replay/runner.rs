use std::any::Any;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::thread;
use std::time::Duration;

use doorward::{Error, FrontDoor, Grant};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::Log;

/// A thread that logs in, so that its callers need no runtime, and an endless login ends
pub(crate) struct Runner {
    jobs: UnboundedSender<Job>,
    log: Log,
    patience: Duration,
    /// Whether a login has the thread for good
    is_stuck: AtomicBool,
}

/// How a login ended
pub(crate) enum End {
    /// With a token
    Granted(Box<Grant>),
    /// With an error
    Failed(Error),
    /// With a panic
    Panicked(Box<dyn Any + Send>),
    /// Not at all
    Endless,
}

struct Job {
    door: Box<dyn FrontDoor>,
    told: Sender<End>,
}

impl Runner {
    pub(crate) fn start() -> io::Result<Self> {
        Self::with_patience(PATIENCE)
    }

    fn with_patience(patience: Duration) -> io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let (jobs, queue) = unbounded_channel();
        let log = Log::default();
        let subscriber = log.clone();
        thread::Builder::new()
            .name("doorward-replay".to_owned())
            .spawn(move || {
                let _logged = tracing::subscriber::set_default(subscriber);
                runtime.block_on(run(queue));
            })?;
        Ok(Self {
            jobs,
            log,
            patience,
            is_stuck: AtomicBool::new(false),
        })
    }

    /// Logs in, and gives what was logged meanwhile, too
    pub(crate) fn log_in(&self, door: impl FrontDoor + 'static) -> (End, String) {
        if self.is_stuck.load(Ordering::Relaxed) {
            return (End::Endless, String::new());
        }
        let (told, end) = channel();
        let door = Box::new(door);
        let _ = self.jobs.send(Job { door, told });
        let end = end.recv_timeout(self.patience).unwrap_or(End::Endless);
        let is_stuck = matches!(end, End::Endless);
        self.is_stuck.store(is_stuck, Ordering::Relaxed);
        (end, self.log.take())
    }
}

impl End {
    /// Such as `a token`, or an error with its kind
    pub(crate) fn told(&self) -> String {
        match self {
            Self::Granted(_) => "a token".to_owned(),
            Self::Failed(error) => format!("{}: {error}", error.kind()),
            Self::Panicked(panic) => {
                let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
                let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
                format!("a panic: {}", text.unwrap_or_default())
            }
            Self::Endless => "no end within a minute".to_owned(),
        }
    }
}

async fn run(mut queue: UnboundedReceiver<Job>) {
    while let Some(Job { door, told }) = queue.recv().await {
        let login = tokio::spawn(async move { door.open().await });
        let end = match login.await {
            Ok(Ok(grant)) => End::Granted(Box::new(grant)),
            Ok(Err(error)) => End::Failed(error),
            Err(error) => match error.try_into_panic() {
                Ok(panic) => End::Panicked(panic),
                Err(_) => End::Endless,
            },
        };
        let _ = told.send(end);
    }
}

/// Longer than [`LONGEST_LOGIN`], which ends all but a login that never waits for anything
const PATIENCE: Duration = Duration::from_secs(60);

/// A replay answers at once; what takes longer waits for something else
pub(crate) const LONGEST_LOGIN: Duration = Duration::from_secs(30);

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::sync::mpsc::{Receiver, channel};
    use std::time::Duration;

    use async_trait::async_trait;
    use doorward::{Error, FrontDoor, Grant};

    use super::{End, Runner};

    /// Blocks its thread until the other end is gone
    #[derive(Debug)]
    struct Blocked(Mutex<Receiver<()>>);

    #[async_trait]
    impl FrontDoor for Blocked {
        async fn open(&self) -> Result<Grant, Error> {
            let _ = self.0.lock().unwrap().recv();
            Err(Error::portal("it went on"))
        }
    }

    #[derive(Debug)]
    struct Broken {}

    #[async_trait]
    impl FrontDoor for Broken {
        async fn open(&self) -> Result<Grant, Error> {
            panic!("no way in")
        }
    }

    #[test]
    fn a_login_that_never_ends_is_given_up_and_so_are_those_behind_it() {
        let runner = Runner::with_patience(Duration::from_millis(1)).unwrap();
        let (_hold, blocked) = channel();
        let (_other, behind) = channel();

        let ends = [blocked, behind].map(|end| runner.log_in(Blocked(Mutex::new(end))).0);

        assert!(ends.iter().all(|end| matches!(end, End::Endless)));
    }

    #[test]
    fn a_panic_is_an_end_and_the_next_login_begins() {
        let runner = Runner::start().unwrap();
        let (sender, open) = channel();
        drop(sender);

        let first = runner.log_in(Broken {}).0;
        let second = runner.log_in(Blocked(Mutex::new(open))).0;

        assert_eq!(first.told(), "a panic: no way in");
        assert_eq!(second.told(), "Portal: it went on");
    }
}
