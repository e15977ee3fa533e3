//! The examples do what they say.

#![allow(clippy::unwrap_used, reason = "a test may fail in any line")]

#[allow(dead_code, reason = "its settings are the environment's")]
#[path = "../examples/controller/main.rs"]
mod controller;

#[allow(dead_code, reason = "its settings are the environment's")]
#[path = "../examples/many_users.rs"]
mod many_users;

use std::collections::VecDeque;
use std::fs;
use std::future::pending;
use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use doorward::store::FreshToken;
use doorward::{Error, ErrorKind, FrontDoor, Grant, Portal, TokenSource};
use doorward_providers::Okta;
use doorward_testkit::{OktaSwitches, PASSWORD, Person, Testbed};
use tokio::sync::Notify;
use tokio::time::{Instant, sleep, timeout};

/// Fails with these errors, one after the other, and counts
#[derive(Clone, Debug, Default)]
struct Failing {
    errors: Arc<Mutex<VecDeque<Error>>>,
    opened: Arc<AtomicUsize>,
}

impl Failing {
    fn with(errors: impl IntoIterator<Item = Error>) -> Self {
        Self {
            errors: Arc::new(Mutex::new(errors.into_iter().collect())),
            opened: Arc::default(),
        }
    }

    fn opened(&self) -> usize {
        self.opened.load(Ordering::Relaxed)
    }
}

#[async_trait]
impl FrontDoor for Failing {
    async fn open(&self) -> Result<Grant, Error> {
        self.opened.fetch_add(1, Ordering::Relaxed);
        Err(self.errors.lock().unwrap().pop_front().unwrap())
    }
}

/// Runs the controller over `door`; nothing is remembered of a failure, so that each try is one
async fn control(door: &Failing, stop: impl Future) -> String {
    let source = TokenSource::new(door.clone()).force();
    let work = async |_: FreshToken| unreachable!();
    shown(controller::run(&source, work, stop).await)
}

fn shown(code: ExitCode) -> String {
    format!("{code:?}")
}

#[tokio::test(start_paused = true)]
async fn a_controller_goes_on_after_the_network_and_ends_with_what_does_not_pass() {
    let door = Failing::with([
        Error::transport("cut off"),
        Error::unavailable("busy").retry_after(Duration::from_secs(90)),
        Error::transport("cut off"),
        Error::denied("no group"),
    ]);
    let start = Instant::now();

    let code = control(&door, pending::<()>()).await;

    assert_eq!(code, shown(ExitCode::FAILURE));
    assert_eq!(door.opened(), 4);
    assert_eq!(start.elapsed().as_secs(), 2 + 90 + 8);
}

#[tokio::test(start_paused = true)]
async fn a_controller_whose_password_is_refused_makes_one_attempt_however_long_it_runs() {
    for error in [Error::rejected("wrong"), Error::account_state("locked")] {
        let door = Failing::with([error]);
        let day = Duration::from_secs(86_400);

        let code = timeout(2 * day, control(&door, sleep(day))).await.unwrap();

        assert_eq!(code, shown(ExitCode::FAILURE));
        assert_eq!(door.opened(), 1);
    }
}

#[tokio::test]
async fn a_controller_stops_when_it_is_told_to() {
    let bed = Testbed::start().unwrap();
    let walk = bed.walk().unwrap().adapter(Okta::default());
    let source = TokenSource::new(Portal::new(&bed.portal_url(), walk).unwrap());
    let worked = Notify::new();
    let work = async |_: FreshToken| worked.notify_one();

    let code = controller::run(&source, work, worked.notified()).await;

    assert_eq!(shown(code), shown(ExitCode::SUCCESS));
    assert_eq!(bed.logins(), 1);
}

#[cfg(unix)]
#[tokio::test]
async fn each_of_many_users_gets_a_kubeconfig_and_one_failure_is_nobody_elses() {
    use std::os::unix::fs::PermissionsExt;

    let okta = OktaSwitches {
        rate_limit: false,
        ..OktaSwitches::default()
    };
    let people = (1..=40).map(|number| format!("user-{number}"));
    let people: Vec<String> = people.collect();
    let folder = tempfile::tempdir().unwrap();
    let [secrets, kubeconfigs] = ["secrets", "kubeconfigs"].map(|name| folder.path().join(name));
    fs::create_dir(&secrets).unwrap();
    fs::create_dir(&kubeconfigs).unwrap();
    let mut builder = Testbed::builder().okta(okta);
    for name in &people {
        builder = builder.person(Person::new(name, PASSWORD));
        let password = if name == "user-7" {
            "wrong horse"
        } else {
            PASSWORD
        };
        let file = secrets.join(name);
        fs::write(&file, password).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    }
    let bed = builder.start().unwrap();
    let walk = bed.walk().unwrap().adapter(Okta::default());

    let portal = bed.portal_url();
    let failed = many_users::log_in_all(&portal, &walk, &secrets, &kubeconfigs).await;
    let failed = failed.unwrap();

    let failed: Vec<_> = failed
        .iter()
        .map(|(user, error)| (&**user, error.kind()))
        .collect();
    assert_eq!(failed, [("user-7", ErrorKind::Rejected)]);
    assert_eq!(
        fs::read_dir(&kubeconfigs).unwrap().count(),
        people.len() - 1
    );
    assert_eq!(bed.complaints(), Vec::<String>::new());
}
