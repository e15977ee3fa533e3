//! The facts that hold of every adapter, found out with its recordings.

mod findings;
pub use findings::Findings;

mod first_pages;
pub use first_pages::{FirstPage, first_pages};

mod performance;
use performance::{Ended, Performance};

mod shown;

mod variants;
use variants::{Variant, carries_a_password, emptied, unknown_after_the_password, without_an_end};

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use doorward::recording::{Case, Exchange};
use doorward::{ErrorKind, IdpAdapter, Page, Recognition};

/// An adapter and the folder of its recordings, whose facts [`conformance!`](crate::conformance!) tests
///
/// Each method is one fact. It plays the recordings by [`Replay`](crate::Replay), as they are or with answers that were changed, and
/// tells all that speaks against the fact, not only the first.
///
/// ```no_run
/// use doorward_testkit::{Conformance, Findings};
/// # fn check(acme: impl doorward::IdpAdapter + 'static) -> Result<(), Findings> {
/// Conformance::new(acme, "fixtures/acme").every_case_passes_as_recorded()?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Conformance {
    adapter: Arc<dyn IdpAdapter>,
    others: Vec<Arc<dyn IdpAdapter>>,
    folder: PathBuf,
}

impl Conformance {
    /// `folder` has one recording in each of its folders
    pub fn new(adapter: impl IdpAdapter + 'static, folder: impl Into<PathBuf>) -> Self {
        Self {
            adapter: Arc::new(adapter),
            others: Vec::new(),
            folder: folder.into(),
        }
    }

    /// Adds an adapter for recordings whose logins lead through more than one provider
    #[must_use]
    pub fn with(mut self, other: impl IdpAdapter + 'static) -> Self {
        self.others.push(Arc::new(other));
        self
    }

    /// There is a recording of a good login, `password-ok`, and one of a bad one, `wrong-password`
    ///
    /// # Errors
    ///
    /// Which one is missing, or ends otherwise.
    pub fn the_two_cases_that_each_adapter_needs_are_there(&self) -> Result<(), Findings> {
        let cases = self.cases()?;
        let mut findings = Findings::default();
        for (wanted, expect) in [(GOOD, None), (BAD, Some(ErrorKind::Rejected))] {
            match cases.iter().find(|(name, _)| name == wanted) {
                None => findings.add(wanted, "there is no such recording"),
                Some((_, case)) if case.about.expect != expect => {
                    let ends = case.about.expect.map_or("a token", ErrorKind::as_str);
                    findings.add(wanted, format!("it ends with {ends}"));
                }
                Some((_, case)) if !case.exchanges.iter().any(carries_a_password) => {
                    findings.add(wanted, "no request has a password");
                }
                Some(_) => {}
            }
        }
        findings.into_result()
    }

    /// No recording looks as if it held a secret, or somebody's own ([`Case::check`])
    ///
    /// # Errors
    ///
    /// Which file, and what it is.
    pub fn no_recording_holds_a_secret(&self) -> Result<(), Findings> {
        let mut findings = Findings::default();
        for (name, case) in self.cases()? {
            if let Err(error) = case.check() {
                findings.add(&name, error.to_string());
            }
        }
        findings.into_result()
    }

    /// Each login asks for exactly what was recorded, and ends as `case.toml` says
    ///
    /// # Errors
    ///
    /// For each recording, how the login ended, and what it asked for otherwise.
    pub fn every_case_passes_as_recorded(&self) -> Result<(), Findings> {
        let mut findings = Findings::default();
        for (name, case) in self.cases()? {
            let ended = self.performance(&name, &case)?.as_recorded()?;
            let expected = case.about.expect.map_or("a token", ErrorKind::as_str);
            if ended.kind_or_token() != expected {
                findings.add(&name, format!("expected {expected}, got {}", ended.told()));
            }
            for difference in ended.notes.differences {
                findings.add(&name, difference);
            }
        }
        findings.into_result()
    }

    /// It knows a page of its own recordings, and takes no other provider's for its own
    ///
    /// Of the [`first_pages()`] it must know those of its own name, and no other.
    ///
    /// # Errors
    ///
    /// Which page it takes for what it is not.
    pub fn its_own_pages_are_recognized_and_no_others(&self) -> Result<(), Findings> {
        let mut findings = Findings::default();
        let own = self.adapter.name();
        for page in first_pages() {
            let place = format!("{}'s first page at {}", page.owner, page.url);
            let Ok(read) = Page::html(page.url, page.html) else {
                findings.add(&place, "it cannot be read");
                continue;
            };
            match (self.adapter.recognizes(&read), page.owner == own) {
                (Recognition::No, false) => {}
                (Recognition::No, true) => findings.add(&place, "not recognized"),
                (_, true) => {}
                // It reads any form, and goes last.
                (Recognition::Possible(_), false) if own == "form" => {}
                (recognition, false) => findings.add(&place, format!("taken for {recognition:?}")),
            }
        }
        let needed = self.cases()?.into_iter();
        for (name, case) in needed.filter(|(name, _)| [GOOD, BAD].contains(&name.as_str())) {
            let before = case
                .exchanges
                .iter()
                .take_while(|exchange| !carries_a_password(exchange));
            let mut pages = before.filter_map(page_of);
            if !pages.any(|page| self.adapter.recognizes(&page) != Recognition::No) {
                findings.add(&name, "no page before the password is recognized");
            }
        }
        findings.into_result()
    }

    /// Each recording `wrong-password…` ends with `Rejected`, and each password was sent once
    ///
    /// # Errors
    ///
    /// How often it was sent where, and what came of it.
    pub fn a_wrong_password_is_rejected_after_one_attempt(&self) -> Result<(), Findings> {
        let mut findings = Findings::default();
        for (name, case) in self.cases()? {
            if !name.starts_with(BAD) {
                continue;
            }
            let ended = self.performance(&name, &case)?.as_recorded()?;
            if ended.kind_or_token() != ErrorKind::Rejected.as_str() {
                findings.add(&name, format!("expected Rejected, got {}", ended.told()));
            }
            let sent = ended.passwords();
            if sent.is_empty() {
                findings.add(&name, "no password was sent");
            }
            for ((password, host), times) in sent.into_iter().filter(|(_, times)| *times > 1) {
                findings.add(
                    &name,
                    format!("{password} was sent to {host} {times} times"),
                );
            }
        }
        findings.into_result()
    }

    /// A page that nobody knows, in place of the answer to a password, is an error that says so
    ///
    /// That is `UnexpectedPage` or `NoAdapter`; where the portal itself asked for the password, `Denied`, too.
    ///
    /// # Errors
    ///
    /// Where it is another error, no error, a second attempt, a panic, or a login without an end.
    pub fn an_unknown_page_after_the_password_ends_the_login(&self) -> Result<(), Findings> {
        let mut findings = Findings::default();
        for (name, case) in self.cases()? {
            let performance = self.performance(&name, &case)?;
            for variant in unknown_after_the_password(&case) {
                let ended = performance.changed(&variant)?;
                let place = format!("{name}, {}", variant.told);
                let mut kinds = vec!["UnexpectedPage", "NoAdapter"];
                // A page of the portal's own in place of a token is its refusal.
                if performance.is_at_the_portal(&variant.url) {
                    kinds.push("Denied");
                }
                if !kinds.contains(&ended.kind_or_token()) {
                    let told = format!("expected {}, got {}", kinds.join(" or "), ended.told());
                    findings.add(&place, told);
                }
                check_bounds(&mut findings, &place, &case, &variant, &ended);
            }
        }
        findings.into_result()
    }

    /// Answers that are cut off, or empty, end the login one way or another
    ///
    /// # Errors
    ///
    /// Where it is a second attempt with a password, a panic, or a login without an end.
    pub fn answers_that_are_cut_off_or_empty_end_the_login(&self) -> Result<(), Findings> {
        let mut findings = Findings::default();
        for (name, case) in self.cases()? {
            let performance = self.performance(&name, &case)?;
            for variant in without_an_end(&case) {
                let ended = performance.changed(&variant)?;
                let place = format!("{name}, {}", variant.told);
                check_bounds(&mut findings, &place, &case, &variant, &ended);
            }
        }
        findings.into_result()
    }

    /// No password, code or answer stands in an error, a trail, an event, a log or a `Debug`
    ///
    /// # Errors
    ///
    /// Where it does; without the text.
    pub fn no_secret_is_shown(&self) -> Result<(), Findings> {
        let mut findings = Findings::default();
        self.each_way(|place, ended| {
            for (secret, shown) in ended.leaks() {
                findings.add(place, format!("{secret} stands in {shown}"));
            }
        })?;
        findings.into_result()
    }

    /// Nobody is asked but the hosts of the recording
    ///
    /// # Errors
    ///
    /// Who was.
    pub fn no_host_outside_the_case_is_asked(&self) -> Result<(), Findings> {
        let mut findings = Findings::default();
        self.each_way(|place, ended| {
            for host in &ended.notes.foreign {
                findings.add(place, format!("{host} was asked"));
            }
        })?;
        findings.into_result()
    }

    /// Every login as it was recorded, with an unknown page, and with empty answers
    fn each_way(&self, mut see: impl FnMut(&str, &Ended)) -> Result<(), Findings> {
        for (name, case) in self.cases()? {
            let performance = self.performance(&name, &case)?;
            see(&name, &performance.as_recorded()?);
            for variant in unknown_after_the_password(&case).chain(emptied(&case)) {
                let place = format!("{name}, {}", variant.told);
                see(&place, &performance.changed(&variant)?);
            }
        }
        Ok(())
    }

    fn performance(&self, name: &str, case: &Case) -> Result<Performance, Findings> {
        let mut adapters = vec![Arc::clone(&self.adapter)];
        adapters.extend(self.others.iter().cloned());
        Performance::of(name, case, adapters)
    }

    /// Names and recordings, in the order of their names
    fn cases(&self) -> Result<Vec<(String, Case)>, Findings> {
        let told = self.folder.to_string_lossy().into_owned();
        let entries = fs::read_dir(&self.folder).map_err(|error| Findings::one(&told, error))?;
        let mut cases = Vec::new();
        for entry in entries {
            let path = entry.map_err(|error| Findings::one(&told, error))?.path();
            if !path.is_dir() {
                continue;
            }
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let case = Case::read(&path).map_err(|error| Findings::one(&name, error))?;
            cases.push((name.into_owned(), case));
        }
        cases.sort_by(|(a, _), (b, _)| a.cmp(b));
        match cases.is_empty() {
            true => Err(Findings::one(&told, "there is no recording")),
            false => Ok(cases),
        }
    }
}

/// Tests an adapter with its recordings: one line is its whole test suite
///
/// The folder is relative to the crate that tests. Each fact of [`Conformance`] becomes a `#[test]`. Adapters that some of the
/// recordings need besides are named after `with`. Several adapters in one file need a module each.
///
/// ```
/// # use async_trait::async_trait;
/// # use doorward::{Error, IdpAdapter, Page, Recognition, Visit};
/// # #[derive(Debug, Default)]
/// # pub struct Acme {}
/// # #[async_trait]
/// # impl IdpAdapter for Acme {
/// #     fn name(&self) -> &'static str {
/// #         "acme"
/// #     }
/// #     fn recognizes(&self, _: &Page) -> Recognition {
/// #         Recognition::No
/// #     }
/// #     async fn sign_in(&self, page: Page, _: &mut Visit<'_>) -> Result<Page, Error> {
/// #         Ok(page)
/// #     }
/// # }
/// # type Broker = Acme;
/// doorward_testkit::conformance!(Acme::default(), "fixtures/acme");
///
/// mod broker {
///     use super::{Acme, Broker};
///
///     doorward_testkit::conformance!(Broker::default(), "fixtures/broker", with = [Acme::default()]);
/// }
/// # fn main() {}
/// ```
#[macro_export]
macro_rules! conformance {
    ($adapter:expr, $folder:expr $(,)?) => {
        $crate::conformance!($adapter, $folder, with = []);
    };
    ($adapter:expr, $folder:expr, with = [$($other:expr),* $(,)?] $(,)?) => {
        $crate::conformance!(@facts ($adapter, $folder, [$($other),*])
            the_two_cases_that_each_adapter_needs_are_there
            no_recording_holds_a_secret
            every_case_passes_as_recorded
            its_own_pages_are_recognized_and_no_others
            a_wrong_password_is_rejected_after_one_attempt
            an_unknown_page_after_the_password_ends_the_login
            answers_that_are_cut_off_or_empty_end_the_login
            no_secret_is_shown
            no_host_outside_the_case_is_asked
        );
    };
    (@facts ($adapter:expr, $folder:expr, [$($other:expr),*]) $($fact:ident)*) => {
        fn conformance() -> $crate::Conformance {
            let folder = ::std::path::Path::new(::std::env!("CARGO_MANIFEST_DIR")).join($folder);
            $crate::Conformance::new($adapter, folder)$(.with($other))*
        }

        $(#[test]
        fn $fact() -> ::std::result::Result<(), $crate::Findings> {
            conformance().$fact()
        })*
    };
}

/// What no login may do, whatever it meets
fn check_bounds(
    findings: &mut Findings,
    place: &str,
    case: &Case,
    variant: &Variant,
    ended: &Ended,
) {
    if let Some(told) = ended.no_end() {
        findings.add(place, told);
    }
    let most = case.exchanges.len() + MORE_REQUESTS;
    if ended.notes.asked > most {
        findings.add(place, format!("{} requests were made", ended.notes.asked));
    }
    for ((password, host), times) in ended.passwords() {
        if times > variant.attempts(case, &password, &host) {
            findings.add(
                place,
                format!("{password} was sent to {host} {times} times"),
            );
        }
    }
}

fn page_of(exchange: &Exchange) -> Option<Page> {
    let answer = &exchange.answer;
    let headers = answer.headers.iter();
    let headers: Vec<(&str, &str)> = headers
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    Page::response(&exchange.request.url, answer.status, &headers, &answer.body).ok()
}

const GOOD: &str = "password-ok";
const BAD: &str = "wrong-password";

/// A login that finds its way no more may ask for some pages again
const MORE_REQUESTS: usize = 8;
