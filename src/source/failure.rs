//! What is remembered of a failure, so that a storm of calls does not repeat it.

use std::error::Error as StdError;
use std::fmt;

use aws_lc_rs::{hmac, rand};
use jiff::{SignedDuration, Timestamp};

use crate::credentials::Credentials;
use crate::digest::hex;
use crate::store::{KeptFailure, KeptFingerprint};
use crate::{Error, ErrorKind, Secret, one_line};

impl KeptFailure {
    /// What to remember of a refresh that failed by `error` at `now`
    pub(super) fn of_refresh(error: &Error, now: Timestamp) -> Self {
        Self {
            at_refresh: true,
            ..Self::of_login(error, None, now)
        }
    }

    /// What to remember of credentials that could not be had, by `error` at `now`
    pub(super) fn of_missing(error: &Error, now: Timestamp) -> Self {
        Self {
            at_secrets: true,
            ..Self::of_login(error, None, now)
        }
    }

    /// What to remember of a login that failed by `error` at `now`, with `credentials`
    pub(super) fn of_login(
        error: &Error,
        credentials: Option<&Credentials>,
        now: Timestamp,
    ) -> Self {
        let mut causes = Vec::new();
        let mut source = error.source();
        while let Some(cause) = source.filter(|_| causes.len() < MOST_CAUSES) {
            causes.push(one_line(&cause.to_string()));
            source = cause.source();
        }
        let until = now.saturating_add(hold(error)).unwrap_or(now);
        Self {
            kind: error.kind().as_str().into(),
            message: error.to_string(),
            causes,
            hint: error.next_step().map(str::to_owned),
            at_micros: now.as_microsecond(),
            until: until.as_second(),
            secret: credentials.and_then(KeptFingerprint::of),
            at_refresh: false,
            at_secrets: false,
        }
    }

    /// Whether it happened while somebody was waiting since `started`
    pub(super) fn is_since(&self, started: Timestamp, now: Timestamp) -> bool {
        // What is yet to come was written under another clock.
        started.as_microsecond() < self.at_micros && self.at_micros <= now.as_microsecond()
    }

    /// Whether somebody with these credentials would have failed in the same way
    pub(super) fn is_shared_by(&self, credentials: &Result<Option<Credentials>, Error>) -> bool {
        match credentials {
            Ok(credentials) => !self.at_secrets && self.is_with(credentials.as_ref()),
            Err(_) => self.at_secrets || self.secret.is_none(),
        }
    }

    /// Whether it is not to be tried again at `now`
    pub(super) fn holds(&self, now: Timestamp) -> bool {
        // What is held for longer than anything is held was written under another clock.
        let left = self.until - now.as_second();
        (1..=LONGEST_HOLD.as_secs()).contains(&left)
    }

    /// Whether `credentials` are those that it happened with, as far as that is known
    pub(super) fn is_with(&self, credentials: Option<&Credentials>) -> bool {
        match (&self.secret, credentials) {
            (Some(known), Some(credentials)) => known.fits(credentials),
            _ => true,
        }
    }

    /// Whether it is a rejection of the credentials
    pub(super) fn is_rejection(&self) -> bool {
        self.error_kind() == Some(ErrorKind::Rejected)
    }

    /// Whether a refresh would fail in the same way
    ///
    /// What a login was refused for is no reason against a refresh, which asks nobody for a password.
    pub(super) fn is_against_refresh(&self) -> bool {
        self.at_refresh || self.error_kind().is_some_and(ErrorKind::is_retryable)
    }

    /// Whether a login with `credentials` would fail in the same way
    pub(super) fn is_against_login(&self, credentials: Option<&Credentials>) -> bool {
        !self.at_refresh && self.is_with(credentials)
    }

    /// Whether it stays true at `now` although a refresh succeeded: a password is not better for that
    pub(super) fn outlives_refresh(&self, now: Timestamp) -> bool {
        let kinds = [Some(ErrorKind::Rejected), Some(ErrorKind::AccountState)];
        kinds.contains(&self.error_kind()) && !self.at_refresh && self.holds(now)
    }

    /// The kind, if this version knows it
    fn error_kind(&self) -> Option<ErrorKind> {
        ErrorKind::from_name(&self.kind)
    }

    /// The same error again
    pub(super) fn to_error(&self) -> Error {
        let kind = self.error_kind().unwrap_or(ErrorKind::Transport);
        let mut error = Error::new(kind, &self.message);
        if let Some(hint) = &self.hint {
            error = error.hint(hint);
        }
        match Cause::chain(&self.causes) {
            Some(cause) => error.because(cause),
            None => error,
        }
    }

    /// The same error, for somebody who came later and for whom nothing was tried
    pub(super) fn to_held_error(&self) -> Error {
        let error = self.to_error();
        let until = Timestamp::from_second(self.until).map(|until| until.to_string());
        let or_changed = match self.secret {
            Some(_) => " or with another password",
            None => "",
        };
        let held = format!(
            "this happened before, and is tried again after {}{or_changed}, or at once by --force",
            until.unwrap_or_default()
        );
        match error.next_step().map(str::to_owned) {
            Some(hint) => error.hint(format!("{hint}; {held}")),
            None => error.hint(held),
        }
    }
}

impl KeptFingerprint {
    fn of(credentials: &Credentials) -> Option<Self> {
        let password = credentials.password().at_hand()?;
        let mut key = [0; 16];
        rand::fill(&mut key).ok()?;
        Some(Self {
            key: hex(&key),
            bits: bits(&key, password),
        })
    }

    /// A password that would have to be read first counts as the same
    fn fits(&self, credentials: &Credentials) -> bool {
        let Some(password) = credentials.password().at_hand() else {
            return true;
        };
        let key = self.key.as_bytes().chunks(2).map(|pair| {
            let text = str::from_utf8(pair).ok()?;
            u8::from_str_radix(text, 16).ok()
        });
        let key: Option<Vec<u8>> = key.collect();
        key.is_some_and(|key| bits(&key, password) == self.bits)
    }
}

/// Twelve bits: of 4096 other passwords one is taken for the same, and whoever reads them is 12 bits nearer at most
fn bits(key: &[u8], password: &Secret) -> u16 {
    let key = hmac::Key::new(hmac::HMAC_SHA256, key);
    match hmac::sign(&key, password.expose_secret().as_bytes()).as_ref() {
        [high, low, ..] => u16::from_be_bytes([*high, *low]) >> 4,
        _ => 0,
    }
}

/// How long an error is not tried again
fn hold(error: &Error) -> SignedDuration {
    match error.kind() {
        // Each further try may lock the account, or keep it locked.
        ErrorKind::AccountState | ErrorKind::Rejected => LONGEST_HOLD,
        ErrorKind::Unavailable => {
            let wait = error.server_wait().and_then(|wait| wait.try_into().ok());
            let wait = wait.unwrap_or(SignedDuration::from_secs(5));
            wait.clamp(SignedDuration::from_secs(1), SignedDuration::from_mins(1))
        }
        ErrorKind::Transport => SignedDuration::from_secs(2),
        // A setting or a file may be put right at any time, and nobody was asked for a password.
        ErrorKind::Config | ErrorKind::Storage => SignedDuration::ZERO,
        _ => SignedDuration::from_secs(30),
    }
}

/// A cause that was written down
#[derive(Debug)]
struct Cause {
    text: String,
    source: Option<Box<Self>>,
}

impl Cause {
    fn chain(texts: &[String]) -> Option<Self> {
        texts.iter().rev().fold(None, |source, text| {
            Some(Self {
                text: one_line(text),
                source: source.map(Box::new),
            })
        })
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl StdError for Cause {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        let source = self.source.as_deref()?;
        Some(source)
    }
}

const LONGEST_HOLD: SignedDuration = SignedDuration::from_mins(15);

const MOST_CAUSES: usize = 8;

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::error::Error as _;
    use std::io;
    use std::time::Duration;

    use jiff::{SignedDuration, Timestamp};

    use super::{Credentials, KeptFailure, hold};
    use crate::{Error, ErrorKind, Secret, SecretSource};

    fn now() -> Timestamp {
        Timestamp::from_second(1_800_000_000).unwrap()
    }

    fn credentials(password: &str) -> Credentials {
        Credentials::new("ci", Secret::new(password)).unwrap()
    }

    fn later(seconds: i64) -> Timestamp {
        now() + SignedDuration::from_secs(seconds)
    }

    #[test]
    fn an_error_is_the_same_after_it_was_written_down() {
        let inner = Error::transport("no route").because(io::Error::other("disk on fire"));
        let error = Error::rejected("refused")
            .at("page", "/x")
            .hint("look")
            .because(inner);
        let kept = KeptFailure::of_login(&error, None, now());

        let json = serde_json::to_string(&kept).unwrap();
        let again: KeptFailure = serde_json::from_str(&json).unwrap();
        let again = again.to_error();

        assert_eq!(again.kind(), ErrorKind::Rejected);
        assert_eq!(again.to_string(), error.to_string());
        assert_eq!(again.next_step(), Some("look"));
        let cause = again.source().unwrap();
        assert_eq!(cause.to_string(), "no route");
        assert_eq!(cause.source().unwrap().to_string(), "disk on fire");
    }

    #[test]
    fn a_rejection_holds_for_a_quarter_of_an_hour() {
        let kept = KeptFailure::of_login(&Error::rejected("no"), None, now());

        assert!(kept.holds(now()) && kept.holds(later(899)));
        assert!(!kept.holds(later(900)));
        // Somebody put the clock back by a day.
        assert!(!kept.holds(later(-86_400)));
        assert!(
            kept.to_held_error()
                .next_step()
                .unwrap()
                .contains("--force")
        );
    }

    #[test]
    fn each_kind_holds_as_long_as_it_does_harm() {
        let seconds = |error: &Error| hold(error).as_secs();

        assert_eq!(seconds(&Error::account_state("locked")), 900);
        assert_eq!(seconds(&Error::denied("no group")), 30);
        assert_eq!(seconds(&Error::transport("down")), 2);
        assert_eq!(seconds(&Error::config("no password")), 0);
        assert_eq!(seconds(&Error::unavailable("busy")), 5);
        let asked = |wait| Error::unavailable("busy").retry_after(Duration::from_secs(wait));
        assert_eq!([0, 9, 3600].map(|wait| seconds(&asked(wait))), [1, 9, 60]);
    }

    #[test]
    fn a_changed_secret_is_another() {
        let kept = KeptFailure::of_login(&Error::rejected("no"), Some(&credentials("old")), now());

        assert!(kept.is_with(Some(&credentials("old"))));
        assert!(kept.is_with(None));
        let others = (0..8).filter(|i| kept.is_with(Some(&credentials(&format!("new{i}")))));
        assert!(others.count() < 2);
    }

    #[test]
    fn missing_credentials_are_shared_by_those_who_have_none_either() {
        let none = Err(Error::config("no password"));
        let some = Ok(Some(credentials("pw")));
        let missing = KeptFailure::of_missing(&Error::config("no password"), now());
        let rejected = KeptFailure::of_login(
            &Error::rejected("no"),
            some.as_ref().unwrap().as_ref(),
            now(),
        );

        assert!(missing.is_shared_by(&none) && !missing.is_shared_by(&some));
        assert!(rejected.is_shared_by(&some) && !rejected.is_shared_by(&none));
    }

    #[test]
    fn a_fingerprint_verifies_no_password() {
        // The same password has another fingerprint each time, and each has 12 bits at most.
        let kept = |_| {
            let kept =
                KeptFailure::of_login(&Error::rejected("no"), Some(&credentials("pw")), now());
            kept.secret.unwrap()
        };
        let prints: Vec<_> = (0..16).map(kept).collect();

        assert!(prints.iter().all(|print| print.bits < 1 << 12));
        let keys: BTreeSet<_> = prints.iter().map(|print| &print.key).collect();
        assert_eq!(keys.len(), 16);
    }

    #[test]
    fn whoever_was_waiting_shares_it() {
        let kept = KeptFailure::of_login(&Error::config("no"), None, now());

        assert!(kept.is_since(later(-1), now()) && kept.is_since(later(-1), later(1)));
        assert!(!kept.is_since(now(), now()) && !kept.is_since(later(1), later(2)));
        // Somebody put the clock back.
        assert!(!kept.is_since(later(-9), later(-5)));
        assert!(!kept.holds(now()));
    }

    #[test]
    fn a_password_that_is_read_later_is_taken_for_the_same() {
        let later = SecretSource::variable("DOORWARD_NOT_SET");
        let later = Credentials::with_source("ci", later).unwrap();
        let rejected = Error::rejected("no");

        let known = KeptFailure::of_login(&rejected, Some(&credentials("old")), now());
        let unknown = KeptFailure::of_login(&rejected, Some(&later), now());

        assert!(known.is_with(Some(&later)) && unknown.is_with(Some(&later)));
        assert!(unknown.is_with(Some(&credentials("new"))));
    }

    #[test]
    fn a_refresh_and_a_login_fail_each_for_itself() {
        let refused = KeptFailure::of_login(&Error::rejected("no"), None, now());
        let down = KeptFailure::of_login(&Error::transport("down"), None, now());
        let swapped = KeptFailure::of_refresh(&Error::portal("swapped"), now());

        let against_refresh = [&refused, &down, &swapped].map(KeptFailure::is_against_refresh);
        assert_eq!(against_refresh, [false, true, true]);
        let against_login = [&refused, &down, &swapped].map(|kept| kept.is_against_login(None));
        assert_eq!(against_login, [true, true, false]);
        let outlive = [&refused, &down, &swapped].map(|kept| kept.outlives_refresh(now()));
        assert_eq!(outlive, [true, false, false]);
        assert!(!refused.outlives_refresh(later(900)));
    }
}
