//! A login's codes, over all their sources; time is a number here, and passes at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use jiff::Timestamp;

use crate::code::{CodeSource, Codes, Factor, Ledger, NextCode, TotpSeed};
use crate::{Error, ErrorKind, Secret, SecretSource};

const SEED: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";

const IDP: &str = "https://idp.example";

const TOTP: Factor = Factor::Totp(None);

const SMS: Factor = Factor::Sms(None);

const LONG: Duration = Duration::from_secs(120);

/// Who asks does it on a thread of its own
const _: fn() = || {
    fn can_move<T: Send + 'static>() {}
    can_move::<Codes>();
};

fn codes(sources: impl Into<Vec<CodeSource>>) -> Codes {
    Codes::new(sources.into(), Ledger::alone())
}

fn seed() -> CodeSource {
    CodeSource::totp(SecretSource::value(Secret::new(SEED)))
}

fn fixed(code: &str) -> CodeSource {
    CodeSource::fixed(Secret::new(code))
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(seconds).unwrap()
}

fn ready(next: Result<NextCode, Error>) -> String {
    match next.unwrap() {
        NextCode::Ready(code) => code.expose_secret().to_owned(),
        NextCode::Wait(time) => panic!("wait for {time:?}"),
    }
}

fn wait(next: Result<NextCode, Error>) -> u64 {
    match next.unwrap() {
        NextCode::Wait(time) => time.as_secs(),
        NextCode::Ready(_) => panic!("a code"),
    }
}

fn kind(next: Result<NextCode, Error>) -> ErrorKind {
    next.unwrap_err().kind()
}

fn code_at(seconds: u64) -> String {
    let seed = TotpSeed::parse(&Secret::new(SEED)).unwrap();
    seed.code_at(seconds).0.expose_secret().to_owned()
}

#[test]
fn after_a_refusal_there_is_one_more_code_from_the_next_window() {
    let mut codes = codes([seed()]);

    assert_eq!(ready(codes.next(IDP, &TOTP, at(40), LONG)), code_at(40));
    assert_eq!(wait(codes.next(IDP, &TOTP, at(41), LONG)), 20);
    assert_eq!(ready(codes.next(IDP, &TOTP, at(61), LONG)), code_at(61));

    assert_eq!(
        kind(codes.next(IDP, &TOTP, at(95), LONG)),
        ErrorKind::Rejected
    );
}

#[test]
fn a_further_step_after_an_accepted_code_has_two_tries_of_its_own() {
    let mut codes = codes([seed()]);

    ready(codes.next(IDP, &TOTP, at(10), LONG));
    ready(codes.next(IDP, &TOTP, at(40), LONG));
    codes.accepted(IDP);
    ready(codes.next(IDP, &TOTP, at(70), LONG));
    ready(codes.next(IDP, &TOTP, at(100), LONG));

    assert_eq!(
        kind(codes.next(IDP, &TOTP, at(130), LONG)),
        ErrorKind::Rejected
    );
}

#[test]
fn two_providers_in_one_window_get_two_codes() {
    let mut codes = codes([seed()]);

    let first = ready(codes.next(IDP, &TOTP, at(40), LONG));
    assert_eq!(
        wait(codes.next("https://upstream.example", &TOTP, at(40), LONG)),
        21
    );
    let second = ready(codes.next("https://upstream.example", &TOTP, at(61), LONG));

    assert_ne!(first, second);
    ready(codes.next(IDP, &TOTP, at(91), LONG));
}

#[test]
fn a_code_that_comes_after_the_deadline_is_not_waited_for() {
    let ledger = Ledger::alone();
    let login = || Codes::new(vec![seed()], ledger.clone());
    ready(login().next(IDP, &TOTP, at(0), LONG));
    let mut waiting = login();
    assert_eq!(wait(waiting.next(IDP, &TOTP, at(0), LONG)), 31);

    let mut short = login();
    let error = short
        .next(IDP, &TOTP, at(0), Duration::from_secs(60))
        .unwrap_err();

    assert_eq!(error.kind(), ErrorKind::Transport);
    let context: Vec<_> = error.context().collect();
    assert_eq!(context, [("wait", "61 s"), ("left", "60 s")]);
    // Its window is free for another, while it is still there.
    assert_eq!(wait(login().next(IDP, &TOTP, at(0), LONG)), 61);
}

#[test]
fn a_login_that_asks_for_codes_without_end_ends() {
    let mut codes = codes([seed()]);
    for step in 0..8 {
        ready(codes.next(IDP, &TOTP, at(step * 30), LONG));
        codes.accepted(IDP);
    }

    let error = codes.next(IDP, &TOTP, at(300), LONG).unwrap_err();

    assert_eq!(error.kind(), ErrorKind::UnexpectedPage);
}

#[test]
fn a_fixed_code_is_given_once_at_each_provider() {
    let mut codes = codes([fixed("123456")]);

    assert_eq!(ready(codes.next(IDP, &SMS, at(0), LONG)), "123456");
    assert_eq!(
        ready(codes.next("https://b.example", &SMS, at(0), LONG)),
        "123456"
    );
    let error = codes.next(IDP, &SMS, at(0), LONG).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Rejected);
    assert!(!format!("{error} {error:?}").contains("123456"));

    codes.accepted(IDP);
    assert_eq!(
        kind(codes.next(IDP, &SMS, at(0), LONG)),
        ErrorKind::Unsupported
    );
}

#[test]
fn the_first_source_that_answers_a_factor_gives_the_code() {
    let mut codes = codes([seed(), fixed("111111"), fixed("222222")]);

    assert_eq!(ready(codes.next(IDP, &TOTP, at(59 - 9), LONG)), code_at(50));
    assert_eq!(ready(codes.next(IDP, &SMS, at(50), LONG)), "111111");
    assert!(codes.answers(&Factor::Hotp(None)) && !codes.answers(&Factor::Push(None)));
}

#[test]
fn a_factor_without_a_source_is_unsupported() {
    for factor in [
        SMS,
        Factor::Push(None),
        Factor::Webauthn(None),
        Factor::Question(None),
    ] {
        assert_eq!(
            kind(codes([seed()]).next(IDP, &factor, at(0), LONG)),
            ErrorKind::Unsupported
        );
    }
    let error = codes([]).next(IDP, &TOTP, at(0), LONG).unwrap_err();
    assert!(error.next_step().unwrap().contains("--totp-seed-file"));
}

#[test]
fn a_callback_is_told_what_is_wanted() {
    let called = Arc::new(AtomicU32::new(0));
    let count = Arc::clone(&called);
    let mut codes = codes([CodeSource::callback(move |wanted| {
        count.fetch_add(1, Ordering::Relaxed);
        match wanted {
            Factor::Sms(_) => Ok(Secret::new(format!("code for {wanted}"))),
            _ => Err(Error::account_state("no phone")),
        }
    })]);
    let wanted = Factor::parse("sms:acme").unwrap();

    assert_eq!(
        ready(codes.next(IDP, &wanted, at(0), LONG)),
        "code for sms:acme"
    );
    assert_eq!(
        kind(codes.next(IDP, &TOTP, at(0), LONG)),
        ErrorKind::AccountState
    );
    assert_eq!(
        kind(codes.next(IDP, &wanted, at(0), LONG)),
        ErrorKind::Rejected
    );
    assert_eq!(called.load(Ordering::Relaxed), 3);
}

#[test]
fn what_cannot_be_a_code_is_not_sent() {
    for odd in ["", " ", "123456\nlog", "12\u{7}", &"1".repeat(257)] {
        assert_eq!(
            kind(codes([fixed(odd)]).next(IDP, &SMS, at(0), LONG)),
            ErrorKind::Config,
            "{odd:?}"
        );
    }
}

#[test]
fn a_wrong_seed_is_a_wrong_setting() {
    let wrong = CodeSource::totp(SecretSource::value(Secret::new("canary-0189")));
    let mut codes = codes([wrong]);

    let error = codes.next(IDP, &TOTP, at(0), LONG).unwrap_err();

    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(!format!("{error:?}").contains("canary"));
}

#[test]
fn debug_shows_no_code_and_no_seed() {
    let mut codes = codes([
        seed(),
        fixed("canary"),
        CodeSource::command("echo canary"),
        CodeSource::callback(|_| Ok(Secret::new("canary"))),
        CodeSource::prompt(),
    ]);
    ready(codes.next(IDP, &SMS, at(0), LONG));
    let next = codes.next(IDP, &TOTP, at(0), LONG);

    let shown = format!("{codes:?} {next:?}");

    assert!(
        !shown.contains("canary") && !shown.contains("GEZD"),
        "{shown}"
    );
    assert!(!shown.contains(&code_at(0)), "{shown}");
}

#[test]
fn a_waiting_time_is_never_longer_than_two_periods_for_one_login() {
    for second in 0..90 {
        let ledger = Ledger::alone();
        let seed = TotpSeed::parse(&Secret::new(SEED)).unwrap();
        ready(ledger.turn(seed.clone()).next(at(40)));

        if let NextCode::Wait(time) = ledger.turn(seed).next(at(second)).unwrap() {
            assert!(time <= Duration::from_secs(61), "{second}: {time:?}");
        }
    }
}

#[cfg(unix)]
#[test]
fn a_command_is_told_what_is_wanted_and_no_secret() {
    let script = "printf \"%s\" \"$DOORWARD_FACTOR\"; env | grep -c ^DOORWARD_";
    let mut codes = codes([CodeSource::command(format!("sh -c '{script}'"))]);
    let wanted = Factor::parse("email:acme").unwrap();

    assert_eq!(ready(codes.next(IDP, &wanted, at(0), LONG)), "email:acme1");
}

#[cfg(unix)]
#[test]
fn a_command_that_fails_is_a_wrong_setting() {
    for line in ["false", "sh -c 'echo canary; exit 3'", "", "/nonexistent"] {
        let error = codes([CodeSource::command(line)])
            .next(IDP, &SMS, at(0), LONG)
            .unwrap_err();

        assert_eq!(error.kind(), ErrorKind::Config, "{line}");
        assert!(!format!("{error} {error:?}").contains("canary"));
    }
}

#[cfg(unix)]
#[test]
fn a_command_has_no_longer_than_the_login() {
    let mut codes = codes([CodeSource::command("sleep 20")]);

    let error = codes
        .next(IDP, &SMS, at(0), Duration::from_millis(50))
        .unwrap_err();

    assert!(error.to_string().contains("was not done after"), "{error}");
}

#[cfg(unix)]
#[test]
fn a_command_with_a_new_code_for_each_call_has_two_tries() {
    let folder = tempfile::tempdir().unwrap();
    let count = folder.path().join("count");
    let script = format!("echo x >> {0}; wc -l < {0}", count.display());
    let mut codes = codes([CodeSource::command(format!("sh -c '{script}'"))]);

    assert_eq!(ready(codes.next(IDP, &SMS, at(0), LONG)).trim(), "1");
    assert_eq!(ready(codes.next(IDP, &SMS, at(0), LONG)).trim(), "2");
    assert_eq!(
        kind(codes.next(IDP, &SMS, at(0), LONG)),
        ErrorKind::Rejected
    );
    assert_eq!(std::fs::read_to_string(count).unwrap().lines().count(), 2);
}
