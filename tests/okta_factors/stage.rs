//! Time that passes only where a login waits, for the client and for the servers alike.

use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use doorward::{Error, Event, FrontDoor, Grant, Portal, Walk};
use doorward_testkit::Testbed;
use tokio::sync::Notify;

/// Logs in, in tests whose time is paused; gives what was told on the way, too
///
/// Time goes on, for the client and for the servers alike, only as far as something was told that the client waits for.
pub(crate) async fn log_in(bed: &Testbed, walk: Walk) -> (Result<Grant, Error>, Vec<String>) {
    let stage = Arc::new(Stage::default());
    let heard = Arc::clone(&stage);
    let walk = walk.on_event(move |event| heard.hear(event));
    let portal = Portal::new(&bed.portal_url(), walk).unwrap();
    // As long as a blocking task is at work, the runtime lets time stand.
    let (stop, stopped) = mpsc::channel::<()>();
    let still = tokio::task::spawn_blocking(move || stopped.recv());
    let outcome = tokio::select! {
        biased;
        outcome = portal.open() => outcome,
        never = stage.play(bed) => never,
    };
    drop(stop);
    let _ = still.await;
    let told = stage.told.lock().unwrap().clone();
    (outcome, told)
}

#[derive(Default)]
struct Stage {
    told: Mutex<Vec<String>>,
    due: Mutex<Duration>,
    cue: Notify,
}

impl Stage {
    fn hear(&self, event: &Event<'_>) {
        let (told, wait) = match event {
            Event::Hop(hop) if hop.path.ends_with("/poll") => (None, POLL),
            Event::Push(device) => (Some(format!("push to {device}")), POLL),
            Event::Number(number) => (Some(format!("number {number}")), Duration::ZERO),
            Event::Note(note) => (Some((*note).to_owned()), wait_in(note)),
            _ => return,
        };
        self.told.lock().unwrap().extend(told);
        *self.due.lock().unwrap() += wait;
        self.cue.notify_one();
    }

    async fn play(&self, bed: &Testbed) -> ! {
        loop {
            let is_due = {
                let mut due = self.due.lock().unwrap();
                let is_due = *due >= STEP;
                *due = due.saturating_sub(STEP);
                is_due
            };
            match is_due {
                true => {
                    bed.clock().advance(STEP);
                    tokio::time::advance(STEP).await;
                }
                false => self.cue.notified().await,
            }
        }
    }
}

/// The seconds of `waits 17 s for …`, and what is added to them at most
fn wait_in(note: &str) -> Duration {
    let mut words = note.split(' ').skip_while(|word| !word.starts_with("wait"));
    let seconds = words.nth(1).and_then(|word| word.parse().ok());
    let seconds = Duration::from_secs(seconds.unwrap_or(0));
    match seconds.is_zero() {
        true => seconds,
        false => seconds + seconds / 8 + Duration::from_secs(2),
    }
}

const STEP: Duration = Duration::from_millis(100);

/// What lies between two polls, and a little more
const POLL: Duration = Duration::from_millis(4600);
