//! Many processes at once, and processes that are killed at any moment.

use std::fs;
use std::process::Child;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use doorward_testkit::{PASSWORD, PortalIdp, Testbed, USER};
use serde_json::Value;

use crate::job::{CACHE, Job, PROFILES, end, with_password};
use crate::program::{Home, Outcome, Program};

/// What 64 processes say that start at once
fn all_at_once(program: impl Fn() -> Program) -> Vec<Outcome> {
    let programs: Vec<Program> = (0..64).map(|_| program()).collect();
    thread::scope(|scope| {
        let runs = programs
            .into_iter()
            .map(|program| scope.spawn(|| program.run()));
        let runs: Vec<_> = runs.collect();
        runs.into_iter().map(|run| run.join().unwrap()).collect()
    })
}

#[track_caller]
fn assert_same(outcomes: &[Outcome], of: impl Fn(&Outcome) -> &str) {
    for outcome in outcomes {
        assert_eq!(of(outcome), of(&outcomes[0]));
    }
}

fn message(outcome: &Outcome) -> &str {
    outcome.stderr.lines().next().unwrap_or_default()
}

#[test]
fn of_64_with_an_ended_token_one_refreshes_and_all_get_the_same() {
    let job = Job::start();
    job.expire();
    let asked = job.bed.seen().len();

    let outcomes = all_at_once(|| job.credential());

    for outcome in &outcomes {
        assert_eq!((outcome.code, outcome.stderr.as_str()), (0, ""));
    }
    assert_same(&outcomes, |outcome| &outcome.stdout);
    assert_eq!(job.bed.seen().len(), asked + 1);
    assert_eq!(job.bed.refreshes().granted, 1);
    assert_eq!(job.home.list(CACHE).len(), 2);
}

#[test]
fn of_64_without_a_token_one_logs_in_and_all_get_the_same() {
    let job = Job::start();
    job.expire();
    job.forget_refresh_token();

    let outcomes = all_at_once(|| job.credential_with_password());

    for outcome in &outcomes {
        assert_eq!((outcome.code, outcome.stderr.as_str()), (0, ""));
    }
    assert_same(&outcomes, |outcome| &outcome.stdout);
    assert_eq!((job.passwords(), job.bed.logins()), (2, 2));
}

#[test]
fn of_64_at_a_dead_session_one_tries_and_all_fail_alike() {
    let job = Job::start();
    job.expire();
    job.bed.end_sessions(USER);
    let asked = job.bed.seen().len();

    let outcomes = all_at_once(|| job.credential());

    for outcome in &outcomes {
        assert_eq!((outcome.code, outcome.stdout.as_str()), (10, ""));
        assert!(message(outcome).contains("the refresh token was refused (status 401)"));
    }
    assert_same(&outcomes, message);
    assert_eq!(job.bed.seen().len(), asked + 1);
}

#[test]
fn of_64_with_a_wrong_password_one_tries_it_and_all_fail_alike() {
    let job = Job::start();
    job.expire();
    job.bed.end_sessions(USER);

    let outcomes = all_at_once(|| with_password(job.credential(), "wrong-canary"));

    for outcome in &outcomes {
        assert_eq!((outcome.code, outcome.stdout.as_str()), (11, ""));
        assert!(!outcome.stderr.contains("canary"));
    }
    assert_same(&outcomes, message);
    assert_eq!((job.refreshes(), job.passwords()), (1, 2));
}

#[test]
fn kills_at_any_moment_do_no_harm() {
    kill(50, 1);
}

/// Run by name: `cargo test -p doorward-cli --test cli -- --ignored kills`
#[test]
#[ignore = "takes a minute"]
fn a_thousand_kills_at_any_moment_do_no_harm() {
    kill(1000, 2);
}

/// Kills that many processes on their way, four at a time, each with a folder of its own
fn kill(kills: u64, seed: u64) {
    // The portal's own form is quicker than a provider, and takes any number of logins.
    let bed = Arc::new(Testbed::builder().idp(PortalIdp::Form).start().unwrap());
    thread::scope(|scope| {
        for lane in 0..LANES {
            let bed = Arc::clone(&bed);
            let kills = kills / LANES + u64::from(lane < kills % LANES);
            scope.spawn(move || Victim::new(&bed, seed * LANES + lane).die(kills));
        }
    });
    assert_eq!(bed.complaints(), Vec::<String>::new());
}

/// A plug-in that is killed again and again
struct Victim {
    home: Home,
    random: u64,
    /// How long a refresh and a login take, undisturbed
    refresh: Duration,
    login: Duration,
}

impl Victim {
    fn new(bed: &Testbed, seed: u64) -> Self {
        let home = Home::new();
        Program::in_home(&home, &["profile", "add", "p", "--username", USER])
            .portal(bed, &bed.portal_url())
            .run()
            .ends_with(0);
        let mut victim = Self {
            home,
            random: seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1,
            refresh: Duration::ZERO,
            login: Duration::ZERO,
        };
        victim.login = victim.time();
        victim.expire(false);
        victim.refresh = victim.time();
        victim
    }

    fn die(mut self, kills: u64) {
        for _ in 0..kills {
            let is_login = self.below(3) == 0;
            match self.below(16) {
                0 => self.forget(),
                _ => self.expire(is_login),
            }
            let whole = if is_login { self.login } else { self.refresh };
            let moment = Duration::from_micros(self.below(whole.as_micros() as u64 * 5 / 4));
            let mut child = self.call().silent().spawn().unwrap();
            thread::sleep(moment);
            stop(&mut child);

            // Whatever it was about: all or nothing is there, and whoever comes next goes on.
            self.expire(false);
            self.call().run().ends_with(0);
            let left = self.home.list(CACHE);
            let others = left
                .iter()
                .filter(|name| Some(*name) != self.record().as_ref());
            assert_eq!(others.collect::<Vec<_>>(), ["CACHEDIR.TAG"]);
            assert_eq!(left.len(), 2);
            assert_eq!(self.home.list(PROFILES), ["p.json"]);
        }
    }

    fn call(&self) -> Program {
        with_password(
            Program::in_home(&self.home, &["credential", "--profile=p"]),
            PASSWORD,
        )
    }

    fn time(&self) -> Duration {
        let start = Instant::now();
        self.call().run().ends_with(0);
        start.elapsed()
    }

    /// The name of the file with the tokens
    fn record(&self) -> Option<String> {
        let mut files = self.home.list(CACHE).into_iter();
        files.find(|name| !name.starts_with('.') && name.ends_with(".json"))
    }

    fn forget(&self) {
        let file = self.record().unwrap();
        fs::remove_file(self.home.join(CACHE).join(file)).unwrap();
    }

    /// Lets the kept token have ended, and perhaps the refresh token be gone; nothing may be kept, but no half of a record
    fn expire(&self, without_refresh: bool) {
        let Some(file) = self.record() else {
            return;
        };
        let path = format!("{CACHE}/{file}");
        let mut record: Value = serde_json::from_str(&self.home.read(&path)).unwrap();
        assert_eq!(record["format"], 1);
        end(&mut record["token"]);
        if without_refresh {
            record.as_object_mut().unwrap().remove("refresh");
        }
        self.home.file(&path, &record.to_string());
    }

    /// The next number of a series that is the same in each run (xorshift)
    fn below(&mut self, limit: u64) -> u64 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        self.random % limit.max(1)
    }
}

fn stop(child: &mut Child) {
    child.kill().unwrap();
    child.wait().unwrap();
}

const LANES: u64 = 4;
