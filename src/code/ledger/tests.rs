//! Logins that share a seed, in one process and in several; time is a number here.

use std::collections::BTreeSet;
use std::env;
use std::io::{self, BufRead as _, BufReader, Lines, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::Barrier;
use std::thread;
use std::time::Duration;

use jiff::Timestamp;
use proptest::prelude::{any, proptest};

use crate::code::{Ledger, NextCode, TotpSeed, Turn};
use crate::{ErrorKind, Secret};

const SEED: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";

/// A window begins here
const START: i64 = 1_800_000_000;

fn seed() -> TotpSeed {
    TotpSeed::parse(&Secret::new(SEED)).unwrap()
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(START + seconds).unwrap()
}

fn code_at(seconds: i64) -> String {
    let seconds = u64::try_from(START + seconds).unwrap();
    seed().code_at(seconds).0.expose_secret().to_owned()
}

/// The code, or the seconds to wait
fn next(turn: &mut Turn, seconds: i64) -> Result<String, u64> {
    match turn.next(at(seconds)).unwrap() {
        NextCode::Ready(code) => Ok(code.expose_secret().to_owned()),
        NextCode::Wait(time) => Err(time.as_secs()),
    }
}

/// A ledger in memory, and one in a folder; both behave alike
fn ledgers() -> (tempfile::TempDir, [Ledger; 2]) {
    let folder = tempfile::tempdir().unwrap();
    let ledger = Ledger::at(folder.path().join("deep/cache"));
    (folder, [Ledger::alone(), ledger])
}

#[test]
fn a_code_is_given_once() {
    let (_folder, ledgers) = ledgers();
    for ledger in ledgers {
        let mut turn = ledger.turn(seed());

        assert_eq!(next(&mut turn, 10), Ok(code_at(10)));
        assert_eq!(next(&mut turn, 10), Err(21));
        assert_eq!(next(&mut turn, 29), Err(2));
        assert_eq!(next(&mut turn, 31), Ok(code_at(31)));
        assert_eq!(next(&mut ledger.turn(seed()), 56), Err(5));
    }
}

#[test]
fn a_window_with_less_than_three_seconds_left_is_passed_over() {
    let (_folder, ledgers) = ledgers();
    for ledger in ledgers {
        assert_eq!(next(&mut ledger.turn(seed()), 28), Err(3));
        assert_eq!(next(&mut ledger.turn(seed()), 27), Ok(code_at(27)));

        let moment = at(57).checked_add(Duration::from_millis(1)).unwrap();
        let NextCode::Wait(time) = ledger.turn(seed()).next(moment).unwrap() else {
            panic!("a code");
        };
        assert_eq!(time, Duration::from_millis(3999));
    }
}

#[test]
fn those_who_wait_get_a_window_each_in_the_order_of_their_coming() {
    let (_folder, ledgers) = ledgers();
    for ledger in ledgers {
        let mut turns: Vec<Turn> = (0..5).map(|_| ledger.turn(seed())).collect();
        let answers: Vec<_> = turns.iter_mut().map(|turn| next(turn, 0)).collect();
        assert_eq!(
            answers,
            [Ok(code_at(0)), Err(31), Err(61), Err(91), Err(121)]
        );

        for (i, turn) in turns.iter_mut().enumerate().skip(1) {
            let seconds = 31 + 30 * (i as i64 - 1);
            assert_eq!(next(turn, seconds), Ok(code_at(seconds)), "{i}");
        }
    }
}

#[test]
fn a_window_is_free_again_when_the_one_who_waits_goes_away() {
    let (_folder, ledgers) = ledgers();
    for ledger in ledgers {
        let mut first = ledger.turn(seed());
        let mut second = ledger.turn(seed());
        let mut third = ledger.turn(seed());
        next(&mut first, 0).unwrap();
        assert_eq!(next(&mut second, 0), Err(31));
        assert_eq!(next(&mut third, 0), Err(61));

        drop(second);

        assert_eq!(next(&mut third, 5), Err(26));
        assert_eq!(next(&mut first, 5), Err(56));
    }
}

#[test]
fn one_who_sleeps_through_a_window_gets_a_later_one() {
    let (_folder, ledgers) = ledgers();
    for ledger in ledgers {
        let mut turn = ledger.turn(seed());
        next(&mut turn, 0).unwrap();
        assert_eq!(next(&mut turn, 0), Err(31));

        assert_eq!(next(&mut turn, 95), Ok(code_at(95)));
    }
}

#[test]
fn a_clock_that_was_set_back_costs_one_window() {
    let (_folder, ledgers) = ledgers();
    for ledger in ledgers {
        next(&mut ledger.turn(seed()), 3600).unwrap();
        let mut turn = ledger.turn(seed());

        assert_eq!(next(&mut turn, 0), Err(31));
        assert_eq!(next(&mut turn, 31), Ok(code_at(31)));

        assert_eq!(next(&mut ledger.turn(seed()), 61), Ok(code_at(61)));
    }
}

#[test]
fn a_window_that_a_clock_slightly_ahead_used_is_not_used_again() {
    let (_folder, ledgers) = ledgers();
    for ledger in ledgers {
        next(&mut ledger.turn(seed()), 30).unwrap();

        assert_eq!(next(&mut ledger.turn(seed()), 29), Err(32));
        assert_eq!(next(&mut ledger.turn(seed()), 61), Ok(code_at(61)));
    }
}

#[test]
fn two_seeds_do_not_wait_for_each_other() {
    let (_folder, ledgers) = ledgers();
    for ledger in ledgers {
        let other = TotpSeed::parse(&Secret::new("JBSWY3DPEHPK3PXP")).unwrap();

        next(&mut ledger.turn(seed()), 0).unwrap();

        next(&mut ledger.turn(other), 0).unwrap();
    }
}

#[test]
fn a_queue_has_an_end() {
    let ledger = Ledger::alone();
    let mut waiting: Vec<Turn> = (0..240).map(|_| ledger.turn(seed())).collect();
    for turn in &mut waiting {
        let _ = turn.next(at(0)).unwrap();
    }

    assert!(ledger.turn(seed()).next(at(0)).is_ok());
    let _held = {
        let mut turn = ledger.turn(seed());
        let _ = turn.next(at(0)).unwrap();
        turn
    };
    let error = ledger.turn(seed()).next(at(0)).unwrap_err();

    assert_eq!(error.kind(), ErrorKind::Transport);
}

#[test]
fn time_before_1970_is_no_reason_to_fail() {
    let (_folder, ledgers) = ledgers();
    for ledger in ledgers {
        let _ = ledger.turn(seed()).next(Timestamp::MIN).unwrap();
        let _ = ledger.turn(seed()).next(Timestamp::MAX).unwrap();
    }
}

#[test]
fn of_threads_that_ask_at_once_one_gets_the_code() {
    let (_folder, ledgers) = ledgers();
    for ledger in &ledgers {
        let round = &Barrier::new(8);
        let got: Vec<Vec<i64>> = thread::scope(|scope| {
            let threads: Vec<_> = (0..8)
                .map(|_| {
                    scope.spawn(move || {
                        let mut turn = ledger.turn(seed());
                        let mut got = Vec::new();
                        for second in (1..8 * 30).step_by(30) {
                            round.wait();
                            if got.is_empty() && next(&mut turn, second).is_ok() {
                                got.push(second / 30);
                            }
                        }
                        got
                    })
                })
                .collect();
            threads.into_iter().map(|t| t.join().unwrap()).collect()
        });

        let mut windows = got.concat();
        windows.sort_unstable();
        assert_eq!(windows, [0, 1, 2, 3, 4, 5, 6, 7]);
    }
}

/// The other side of [`Other`]: runs as a process of its own, and answers times with what it gets
#[test]
fn other_process() {
    let Some(folder) = env::var_os("CODE_LEDGER_FOLDER") else {
        return;
    };
    let mut turn = Ledger::at(folder).turn(seed());
    for line in io::stdin().lines() {
        let seconds = line.unwrap().parse().unwrap();
        let answer = match next(&mut turn, seconds) {
            Ok(code) => format!("code {code}"),
            Err(wait) => format!("wait {wait}"),
        };
        let mut out = io::stdout().lock();
        writeln!(out, "\nanswer {answer}").unwrap();
    }
}

/// A login in a process of its own
struct Other {
    process: Child,
    answers: Lines<BufReader<ChildStdout>>,
}

impl Other {
    fn start(folder: &Path) -> Self {
        let mut process = Command::new(env::current_exe().unwrap())
            .args([
                "--exact",
                "code::ledger::tests::other_process",
                "--nocapture",
            ])
            .env("CODE_LEDGER_FOLDER", folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let answers = BufReader::new(process.stdout.take().unwrap()).lines();
        Self { process, answers }
    }

    fn ask(&mut self, seconds: i64) {
        let input = self.process.stdin.as_mut().unwrap();
        writeln!(input, "{seconds}").unwrap();
    }

    fn answer(&mut self) -> String {
        loop {
            let line = self.answers.next().unwrap().unwrap();
            if let Some(answer) = line.strip_prefix("answer ") {
                return answer.to_owned();
            }
        }
    }

    fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

impl Drop for Other {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[test]
fn processes_that_ask_at_once_get_a_window_each() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().join("cache");
    let mut others: Vec<Other> = (0..4).map(|_| Other::start(&folder)).collect();

    others.iter_mut().for_each(|other| other.ask(0));
    let mut answers: Vec<String> = others.iter_mut().map(Other::answer).collect();

    answers.sort();
    let code = format!("code {}", code_at(0));
    assert_eq!(answers, [code.as_str(), "wait 31", "wait 61", "wait 91"]);
}

#[test]
fn a_killed_process_leaves_its_window_to_the_next() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().join("cache");
    let mut other = Other::start(&folder);
    other.ask(0);
    assert_eq!(other.answer(), format!("code {}", code_at(0)));
    other.ask(0);
    assert_eq!(other.answer(), "wait 31");
    let mut turn = Ledger::at(&folder).turn(seed());
    assert_eq!(next(&mut turn, 0), Err(61));

    other.kill();

    assert_eq!(next(&mut turn, 5), Err(26));
    assert_eq!(next(&mut turn, 31), Ok(code_at(31)));
    // What it used stays used.
    assert_eq!(next(&mut Ledger::at(&folder).turn(seed()), 31), Err(30));
}

proptest! {
    #[test]
    fn no_window_is_given_twice_while_time_goes_on(
        steps in proptest::collection::vec((0usize..4, 0i64..40, any::<bool>()), 1..40)
    ) {
        let ledger = Ledger::alone();
        let mut turns: Vec<Turn> = (0..4).map(|_| ledger.turn(seed())).collect();
        let (mut now, mut given) = (0, BTreeSet::new());
        for (who, later, goes) in steps {
            now += later;
            if goes {
                turns[who] = ledger.turn(seed());
            }
            match next(&mut turns[who], now) {
                Ok(_) => assert!(given.insert(now / 30), "{now}"),
                Err(wait) => assert!(wait <= 4 * 30 + 31, "{wait}"),
            }
        }
    }
}

#[cfg(unix)]
mod unix {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
    use std::path::Path;

    use super::{at, code_at, next, seed};
    use crate::ErrorKind;
    use crate::code::Ledger;

    fn ledger() -> (tempfile::TempDir, Ledger) {
        let folder = tempfile::tempdir().unwrap();
        let ledger = Ledger::at(folder.path().join("cache"));
        (folder, ledger)
    }

    fn listed(folder: &Path) -> Vec<String> {
        let names = fs::read_dir(folder).unwrap();
        let mut names: Vec<_> = names
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn one_small_file_is_left_for_the_owner_alone() {
        let (folder, ledger) = ledger();
        let cache = folder.path().join("cache");
        let mut turn = ledger.turn(seed());
        next(&mut turn, 0).unwrap();
        next(&mut turn, 0).unwrap_err();
        next(&mut turn, 31).unwrap();
        let file = format!("totp-{}", seed().name());

        assert_eq!(listed(&cache), [file.as_str()]);
        assert_eq!(fs::read_to_string(cache.join(&file)).unwrap(), "60000001\n");
        let mode = |path: &Path| path.metadata().unwrap().mode() & 0o777;
        assert_eq!((mode(&cache), mode(&cache.join(file))), (0o700, 0o600));
    }

    #[test]
    fn a_folder_that_others_could_get_at_is_an_error() {
        let (folder, ledger) = ledger();
        next(&mut ledger.turn(seed()), 0).unwrap();
        let cache = folder.path().join("cache");
        for wrong in [0o701, 0o750, 0o777] {
            fs::set_permissions(&cache, Permissions::from_mode(wrong)).unwrap();

            let error = ledger.turn(seed()).next(at(0)).unwrap_err();

            assert_eq!(error.kind(), ErrorKind::Storage);
            assert!(error.next_step().unwrap().contains("chmod 700"));
        }
        let error = Ledger::at("/dev/null/x").turn(seed()).next(at(0));
        assert_eq!(error.unwrap_err().kind(), ErrorKind::Storage);
    }

    #[test]
    fn what_no_doorward_wrote_says_nothing() {
        let (folder, ledger) = ledger();
        next(&mut ledger.turn(seed()), 0).unwrap();
        let file = folder.path().join(format!("cache/totp-{}", seed().name()));
        for odd in [&b""[..], b"x", b"-1", b"\xff", b"99999999999999999999999"] {
            fs::write(&file, odd).unwrap();
            assert_eq!(next(&mut ledger.turn(seed()), 0), Ok(code_at(0)), "{odd:?}");
        }

        fs::write(&file, u64::MAX.to_string()).unwrap();
        let mut turn = ledger.turn(seed());
        assert_eq!(next(&mut turn, 0), Err(31));
        assert_eq!(next(&mut turn, 31), Ok(code_at(31)));

        fs::write(&file, vec![b'1'; 5000]).unwrap();
        let error = ledger.turn(seed()).next(at(0)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Storage);
    }

    #[test]
    fn what_killed_processes_left_is_swept_away() {
        let (folder, ledger) = ledger();
        let cache = folder.path().join("cache");
        next(&mut ledger.turn(seed()), 0).unwrap();
        let name = seed().name();
        let past = format!(".totp-{name}.5.doorward-lock");
        let half = format!(".totp-{name}.x1y2.tmp");
        let future = format!(".totp-{name}.99999999.doorward-lock");
        let other = ".totp-zzzz.5.doorward-lock".to_owned();
        for left in [&past, &half, &future, &other] {
            fs::write(cache.join(left), "").unwrap();
        }

        next(&mut ledger.turn(seed()), 31).unwrap();

        assert_eq!(
            listed(&cache),
            [future.as_str(), &other, &format!("totp-{name}")]
        );
    }

    #[test]
    fn no_name_and_no_error_tells_the_seed() {
        let (folder, ledger) = ledger();
        let mut turn = ledger.turn(seed());
        next(&mut turn, 0).unwrap();
        next(&mut turn, 0).unwrap_err();
        let shown = format!(
            "{turn:?} {ledger:?} {:?}",
            listed(&folder.path().join("cache"))
        );
        assert!(
            !shown.contains("GEZD") && !shown.contains(&code_at(0)),
            "{shown}"
        );
    }
}
