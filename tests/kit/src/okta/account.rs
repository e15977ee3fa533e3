//! Accounts: passwords, locks, and the user names that stand for a status or an error.

use std::collections::HashMap;

use crate::builder::PASSWORD;
use crate::fault::Trouble;
use crate::okta::limiter::{Limit, Recent};
use crate::okta::{OktaFactor, OktaSwitches};
use crate::person::Person;

pub(super) struct Accounts {
    people: Vec<Person>,
    lock_after: u32,
    factor_lock_after: u32,
    rate_limit: bool,
    wrong: HashMap<String, u32>,
    wrong_factors: HashMap<String, u32>,
    tries: HashMap<String, Recent>,
}

/// What a login with a user name and a password leads to
pub(super) enum Verdict {
    /// Signed in, with this status of the transaction
    Status(Person, &'static str),
    /// A code, its status, its summary
    Error(&'static str, u16, &'static str),
    Trouble(Trouble),
    Wrong,
    Locked,
    /// The seconds until there is room for one more
    TooFast(u64),
}

impl Accounts {
    pub(super) fn new(people: Vec<Person>, switches: &OktaSwitches) -> Self {
        Self {
            people,
            lock_after: switches.lock_after,
            factor_lock_after: switches.factor_lock_after,
            rate_limit: switches.rate_limit,
            wrong: HashMap::new(),
            wrong_factors: HashMap::new(),
            tries: HashMap::new(),
        }
    }

    pub(super) fn check(&mut self, login: &str, password: &str, now: u64) -> Verdict {
        let login = login.to_ascii_lowercase();
        let tries = self.tries.entry(login.clone()).or_default();
        if let Some(wait) = tries.count(now, LOGINS).filter(|_| self.rate_limit) {
            return Verdict::TooFast(wait.div_ceil(1000));
        }
        self.check_without_limit(&login, password)
    }

    /// The person with that user name, if there is one or it stands for something
    pub(super) fn find(&self, login: &str) -> Option<Person> {
        let login = login.to_ascii_lowercase();
        let short = login.split('@').next().unwrap_or_default();
        let person = self
            .people
            .iter()
            .find(|person| person.login.eq_ignore_ascii_case(&login))
            .cloned();
        person.or_else(|| {
            let special = special_status(short).is_some()
                || special_error(short).is_some()
                || special_trouble(short).is_some();
            special.then(|| Person::new(&login, PASSWORD))
        })
    }

    /// The same, however often it is asked
    pub(super) fn check_without_limit(&mut self, login: &str, password: &str) -> Verdict {
        let login = login.to_ascii_lowercase();
        let short = login.split('@').next().unwrap_or_default();
        let status = special_status(short);
        let Some(person) = self.find(&login) else {
            return Verdict::Wrong;
        };

        let wrong = self.wrong.entry(login.clone()).or_default();
        if *wrong >= self.lock_after {
            return Verdict::Locked;
        }
        if person.password != password {
            *wrong += 1;
            return if *wrong >= self.lock_after {
                Verdict::Locked
            } else {
                Verdict::Wrong
            };
        }
        *wrong = 0;
        if let Some(trouble) = special_trouble(short) {
            return Verdict::Trouble(trouble);
        }
        if let Some((code, status, summary)) = special_error(short) {
            return Verdict::Error(code, status, summary);
        }
        Verdict::Status(person, status.unwrap_or("SUCCESS"))
    }

    pub(super) fn is_locked(&self, login: &str) -> bool {
        let wrong = self.wrong.get(&login.to_ascii_lowercase());
        wrong.is_some_and(|&wrong| wrong >= self.lock_after)
    }

    /// Notes a wrong factor; whether that locks the account
    pub(super) fn factor_wrong(&mut self, login: &str) -> bool {
        let login = login.to_ascii_lowercase();
        let wrong = self.wrong_factors.entry(login.clone()).or_default();
        *wrong += 1;
        let locks = *wrong >= self.factor_lock_after;
        if locks {
            self.wrong.insert(login, self.lock_after);
        }
        locks
    }

    pub(super) fn factor_right(&mut self, login: &str) {
        self.wrong_factors.remove(&login.to_ascii_lowercase());
    }

    /// Whoever has an account
    pub(super) fn people(&self) -> &[Person] {
        &self.people
    }

    pub(super) fn any_factor(&self, such: impl Fn(&OktaFactor) -> bool) -> bool {
        self.people
            .iter()
            .any(|person| person.factors.iter().any(&such))
    }
}

/// `password-expired` has the status `PASSWORD_EXPIRED`, and so on
fn special_status(short: &str) -> Option<&'static str> {
    if short == "mfa-enroll-optional" {
        return Some("MFA_ENROLL");
    }
    let name = short.replace('-', "_").to_ascii_uppercase();
    STATUSES.into_iter().find(|status| *status == name)
}

/// `e0000064` gets the error E0000064, and so on
fn special_error(short: &str) -> Option<(&'static str, u16, &'static str)> {
    let name = short.to_ascii_uppercase();
    ERRORS.into_iter().find(|(code, _, _)| *code == name)
}

fn special_trouble(short: &str) -> Option<Trouble> {
    Some(match short {
        "rate-limited" | "e0000047" => Trouble::RateLimited(2),
        "too-many-at-once" => Trouble::TooManyAtOnce,
        "too-many-requests" => Trouble::TooManyRequests,
        "read-only" | "e0000010" => Trouble::ReadOnly,
        "internal-error" | "e0000009" => Trouble::InternalError,
        "empty-body" => Trouble::EmptyBody,
        "error-page" => Trouble::ErrorPage,
        "bad-gateway" => Trouble::BadGateway,
        "hang-up" => Trouble::HangUp,
        _ => return None,
    })
}

/// Four logins a second for one user name, in every org
const LOGINS: Limit = Limit {
    most: 4,
    within: 1000,
};

const STATUSES: [&str; 21] = [
    "MFA_REQUIRED",
    "MFA_CHALLENGE",
    "MFA_ENROLL",
    "MFA_ENROLL_ACTIVATE",
    "PASSWORD_WARN",
    "PASSWORD_EXPIRED",
    "PASSWORD_RESET",
    "LOCKED_OUT",
    "RECOVERY",
    "RECOVERY_CHALLENGE",
    "UNAUTHENTICATED",
    "FACTOR_REQUIRED",
    "FACTOR_CHALLENGE",
    "FACTOR_ENROLL",
    "FACTOR_ENROLL_ACTIVATE",
    "POLL",
    "CONSENT_REQUIRED",
    "ADMIN_CONSENT_REQUIRED",
    "PROFILE_REQUIRED",
    "DEVICE_ACTIVATE",
    "SOMETHING_NEW",
];

const ERRORS: [(&str, u16, &str); 17] = [
    ("E0000001", 400, "Api validation failed: authRequest"),
    ("E0000004", 401, "Authentication failed"),
    ("E0000005", 403, "Invalid session"),
    (
        "E0000006",
        403,
        "You do not have permission to perform the requested action",
    ),
    ("E0000011", 401, "Invalid token provided"),
    ("E0000014", 403, "Update of credentials failed"),
    (
        "E0000015",
        401,
        "You do not have permission to access the feature you are requesting",
    ),
    ("E0000020", 400, "Bad request."),
    ("E0000058", 403, "Access to this application requires MFA"),
    ("E0000064", 401, "Password is expired and must be changed."),
    (
        "E0000067",
        504,
        "The operation could not be completed in time",
    ),
    ("E0000069", 403, "User Locked"),
    ("E0000074", 400, "Factor Service Error"),
    (
        "E0000079",
        403,
        "This operation is not allowed in the current authentication state.",
    ),
    (
        "E0000119",
        403,
        "Your account is locked. Please contact your administrator.",
    ),
    ("E0000138", 500, "Internal service failure"),
    ("E0000207", 401, "Incorrect username or password."),
];
