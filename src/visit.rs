mod accounts;
pub(crate) use accounts::Accounts;

mod named;

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use url::Url;

use crate::code::{Codes, Factor, Ledger, NextCode};
use crate::credentials::{Credentials, check_password};
use crate::event::Event;
use crate::page::Form;
use crate::passkey::Passkey;
#[cfg(feature = "record")]
use crate::recording::numbered;
use crate::session::{Origin, Place, Session, name_it};
use crate::url_prefix::UrlPrefix;
use crate::{Error, Page, Request, Secret, SecretSource, redact};

/// One login's stay at one provider: all that an adapter may touch
///
/// Every request goes through the session, which knows the cookies, the limits, and who may have a secret.
pub struct Visit<'a> {
    session: &'a mut Session,
    progress: &'a mut Progress,
    wishes: &'a Wishes,
    accounts: &'a Accounts,
    /// Where the last secret was given out, which goes to no other place
    given: Option<Place>,
}

/// What the login has come through so far, over all visits
#[derive(Debug, Default)]
pub(crate) struct Progress {
    /// Where a password was asked for, so that none is tried twice
    asked: Vec<Asked>,
    /// Where an adapter knows that the password was taken
    accepted: Vec<Place>,
    /// Where a login was begun anew
    restarted: Vec<Place>,
    /// The one-time codes of this login, by whose they are; a source may block, and is asked on a thread of its own
    codes: Vec<(Option<UrlPrefix>, Arc<Mutex<Codes>>)>,
    /// Where the security question was answered
    answered: Vec<Place>,
    /// Where a page asked for the user name alone
    identified: Vec<Place>,
    /// The adapter that signed in last, and where
    pub(crate) signed_in: Option<(&'static str, String)>,
}

/// A password that was given out
#[derive(Debug)]
struct Asked {
    place: Place,
    /// How many codes and assertions had gone back by then
    assertions: usize,
}

/// What the caller decided in advance
#[derive(Clone, Debug, Default)]
pub(crate) struct Wishes {
    pub(crate) options: Vec<String>,
    pub(crate) factors: Vec<Factor>,
    pub(crate) terms: bool,
    pub(crate) consent: bool,
}

/// Something that only the caller may decide
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Decision {
    /// To let an application have the account's data: `--accept-consent`
    Consent,
    /// To accept terms of use: `--accept-terms`
    Terms,
}

impl<'a> Visit<'a> {
    pub(crate) fn new(
        session: &'a mut Session,
        progress: &'a mut Progress,
        wishes: &'a Wishes,
        accounts: &'a Accounts,
    ) -> Self {
        Self {
            session,
            progress,
            wishes,
            accounts,
            given: None,
        }
    }

    /// Fetches `url`
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    pub async fn get(&mut self, url: &Url) -> Result<Page, Error> {
        self.send(Request::get(url)).await
    }

    /// Submits `form`
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    pub async fn submit(&mut self, form: Form) -> Result<Page, Error> {
        self.send(Request::submit(form)).await
    }

    /// Makes one exchange; a redirect comes back as a page, and so does any status
    ///
    /// # Errors
    ///
    /// [`UntrustedOrigin`](crate::ErrorKind::UntrustedOrigin), before anything is sent, for a secret or a form to an
    /// origin that the caller did not name; [`Transport`](crate::ErrorKind::Transport) for the network and the deadline;
    /// [`UnexpectedPage`](crate::ErrorKind::UnexpectedPage) for a limit or a loop.
    pub async fn send(&mut self, request: Request) -> Result<Page, Error> {
        if request.has_body() && !self.session.is_on_the_way(request.url()) {
            let origin = Origin::shown(request.url());
            return Err(
                Error::untrusted_origin(format!("{origin} would have got a login form"))
                    .at("path", redact::path(request.url().path()))
                    .hint(name_it("--idp-url", &origin)),
            );
        }
        if let Some(given) = self.given.as_ref().filter(|_| request.has_secret()) {
            self.session.check_same_place(Some(given), request.url())?;
        }
        self.session.send(request).await
    }

    /// Sends what led to `page` once more
    ///
    /// For providers whose login begins at the very request that the page answers, such as a SAML request by POST.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    pub async fn again(&mut self, page: &Page) -> Result<Page, Error> {
        self.session.send(page.sent().clone()).await
    }

    /// The user name
    ///
    /// Empty where the caller gave no credentials; then [`password`](Self::password) says so.
    pub fn username(&self) -> &str {
        self.credentials().map_or("", Credentials::username)
    }

    /// The user name for a page that asks for it alone, once for each provider
    ///
    /// # Errors
    ///
    /// [`Rejected`](crate::ErrorKind::Rejected) when the provider asks again, unless [`restarted`](Self::restarted) was
    /// called. Others as [`password`](Self::password).
    pub fn identify(&mut self) -> Result<&str, Error> {
        let here = self.session.check_before_password()?;
        let credentials = self.credentials().ok_or_else(|| no_credentials(&here))?;
        if self.progress.identified.contains(&here) {
            let message = match self.progress.was_asked(&here) {
                true => "the provider begins anew: it did not accept user name or password",
                false => "the provider asks for the user name again: it does not know it",
            };
            return Err(Error::rejected(message)
                .at("origin", here.to_string())
                .hint(
                    "check the user name; some providers show a locked account in the same way",
                ));
        }
        self.progress.identified.push(here);
        Ok(credentials.username())
    }

    /// The password, once for each provider
    ///
    /// It is that of the longest URL prefix of the page ([`Walk::credentials_at`](crate::Walk::credentials_at)), or else that of the
    /// whole login. Two parts of one origin with credentials of their own are two providers.
    ///
    /// # Errors
    ///
    /// [`Rejected`](crate::ErrorKind::Rejected) when the provider asks again: a login form that comes back is a refusal,
    /// unless [`restarted`](Self::restarted) was called. [`Config`](crate::ErrorKind::Config) without credentials.
    /// [`UntrustedOrigin`](crate::ErrorKind::UntrustedOrigin) when the login's answer would go to an origin that nobody
    /// named, so that the password is not spent in vain.
    pub async fn password(&mut self) -> Result<Secret, Error> {
        let here = self.session.check_before_password()?;
        let source = self.credentials().map(Credentials::password).cloned();
        let source = source.ok_or_else(|| no_credentials(&here))?;
        self.check_asked(&here)?;
        self.progress.asked.push(Asked {
            place: here.clone(),
            assertions: self.session.assertions(),
        });
        self.given = Some(here);
        let password = match source.at_hand() {
            Some(password) => password.clone(),
            None => read(source, "password").await?,
        };
        check_password(&password)?;
        #[cfg(feature = "record")]
        self.note("password", &password);
        Ok(password)
    }

    /// The index of the factor to answer, out of those that the provider offers
    ///
    /// By the caller's order of preference (`--factor`), or else the first that can be answered without a person, or by somebody
    /// at the terminal.
    ///
    /// # Errors
    ///
    /// [`Unsupported`](crate::ErrorKind::Unsupported), listing what is offered, if there is none.
    pub fn pick(&self, offered: &[Factor]) -> Result<usize, Error> {
        let wishes = &self.wishes.factors;
        let wished = wishes.iter().find_map(|wish| {
            let fits = |factor: &Factor| wish.fits(factor) && self.may_answer(factor);
            offered.iter().position(fits)
        });
        let credentials = self.credentials();
        let is_alone = |factor: &Factor| {
            credentials.is_some_and(|credentials| credentials.answers_alone(factor))
        };
        let alone = offered.iter().position(is_alone);
        let any = || offered.iter().position(|factor| self.answers(factor));
        let picked = match wishes.is_empty() {
            true => alone.or_else(any),
            false => wished,
        };
        picked.ok_or_else(|| unanswered(offered, wishes))
    }

    /// Whether the caller configured what `factor` asks for, be it somebody at the terminal
    pub fn answers(&self, factor: &Factor) -> bool {
        self.credentials()
            .is_some_and(|credentials| credentials.answers(factor))
    }

    /// A one-time code for `wanted`, which no other login on this machine gets, too
    ///
    /// May wait for the next window of a seed. The second call for the same factor at one provider is the second try after
    /// a refusal, or the second step of a login after [`accepted`](Self::accepted), and gives another code.
    ///
    /// # Errors
    ///
    /// [`Unsupported`](crate::ErrorKind::Unsupported): there is no source for it. [`Rejected`](crate::ErrorKind::Rejected):
    /// two codes were refused. [`Transport`](crate::ErrorKind::Transport): no window is free before the deadline. Others as
    /// [`Codes::next`] and [`password`](Self::password).
    pub async fn code(&mut self, wanted: &Factor) -> Result<Secret, Error> {
        let here = self.session.check_before_password()?;
        let place = here.to_string();
        let codes = self.codes(&here);
        self.given = Some(here);
        loop {
            let (codes, place, wanted) = (Arc::clone(&codes), place.clone(), wanted.clone());
            let (now, left) = (self.session.server_time(), self.session.left());
            let asked = tokio::task::spawn_blocking(move || {
                let mut codes = codes.lock().unwrap_or_else(PoisonError::into_inner);
                codes.next(&place, &wanted, now, left)
            });
            let asked = tokio::time::timeout(left, asked).await;
            let asked = asked.map_err(|_| Error::transport("the one-time code came too late"))?;
            match asked
                .map_err(|error| Error::config("the source of codes broke off").because(error))??
            {
                NextCode::Ready(code) => {
                    #[cfg(feature = "record")]
                    if let Some(recorder) = self.session.recorder() {
                        recorder.code(&code);
                    }
                    return Ok(code);
                }
                NextCode::Wait(time) => {
                    let text = format!("waits {} s for the next one-time code", time.as_secs() + 1);
                    self.session.tell(&Event::Note(&text));
                    self.session.pause(time).await?;
                }
            }
        }
    }

    /// The answer to the account's security question, once for each provider
    ///
    /// # Errors
    ///
    /// [`Unsupported`](crate::ErrorKind::Unsupported): there is none. [`Rejected`](crate::ErrorKind::Rejected): it was refused.
    /// Others as [`password`](Self::password).
    pub async fn answer(&mut self) -> Result<Secret, Error> {
        let here = self.session.check_before_password()?;
        let source = self.credentials().and_then(Credentials::security_answer);
        let source = source.cloned().ok_or_else(|| {
            Error::unsupported("the provider asks a security question")
                .hint("give DOORWARD_SECURITY_ANSWER, --security-answer-file or --security-answer-command")
        })?;
        if self.progress.answered.contains(&here) {
            return Err(
                Error::rejected("the answer to the security question was refused")
                    .at("origin", here.to_string()),
            );
        }
        self.progress.answered.push(here.clone());
        self.given = Some(here);
        let answer = read(source, "security answer").await?;
        #[cfg(feature = "record")]
        self.note("answer", &answer);
        Ok(answer)
    }

    /// The caller's passkey
    pub fn passkey(&self) -> Option<&Passkey> {
        self.credentials().and_then(Credentials::own_passkey)
    }

    /// Keeps the cookie `name` of the page's host for the next login: this provider recognizes a device by it
    ///
    /// It is given back, to this host alone, with the first request of that login. Never for a cookie that is a session.
    pub fn keep_cookie(&mut self, name: &'static str) {
        self.session.keep_cookie(name);
    }

    /// The index of the one of `labels` that the caller chose by `--login-option`
    ///
    /// # Errors
    ///
    /// [`Config`](crate::ErrorKind::Config), listing the labels, if none or more than one of them was chosen.
    pub fn choose(&self, labels: &[&str]) -> Result<usize, Error> {
        let is_chosen = |label: &&str| {
            self.wishes
                .options
                .iter()
                .any(|option| option.trim() == label.trim())
        };
        let chosen: Vec<usize> = (0..labels.len())
            .filter(|at| labels.get(*at).is_some_and(is_chosen))
            .collect();
        match chosen.as_slice() {
            [one] => Ok(*one),
            [] => Err(Error::config("the page offers several ways to log in")
                .at("labels", quoted(labels))
                .hint("choose one with --login-option LABEL")),
            _ => Err(Error::config("more than one --login-option fits this page")
                .at("labels", quoted(labels))),
        }
    }

    /// The one of `offered` that the caller chose by `--login-option`: by its label, or else by its id; an only one as it is
    ///
    /// `names` gives both: the label is what a person reads, and the id what a server calls it, which no theme changes.
    ///
    /// # Errors
    ///
    /// As [`choose`](Self::choose), listing the ids, too.
    pub fn choose_one<T>(
        &self,
        mut offered: Vec<T>,
        names: impl Fn(&T) -> (&str, &str),
    ) -> Result<T, Error> {
        if offered.len() == 1 {
            return Ok(offered.swap_remove(0));
        }
        let (labels, ids): (Vec<&str>, Vec<&str>) = offered.iter().map(names).unzip();
        let chosen = self.choose(&labels).or_else(|error| {
            let by_id = self.choose(&ids);
            by_id.map_err(|_| error.at("ids", ids.join(", ")))
        })?;
        Ok(offered.swap_remove(chosen))
    }

    /// Submits `form`, which lets an application have the account's data, if the caller allowed that
    ///
    /// # Errors
    ///
    /// [`AccountState`](crate::ErrorKind::AccountState) if not, before anything is sent. Others as [`send`](Self::send).
    pub async fn consent(&mut self, form: Form) -> Result<Page, Error> {
        if !self.allows(Decision::Consent) {
            let told = "the provider asks for consent to share the account's data";
            let error = Error::account_state(told)
                .hint("read in a browser what is asked for, then add --accept-consent");
            return Err(self.session.on_page(error));
        }
        self.submit(form).await
    }

    /// Whether the caller allowed it
    pub fn allows(&mut self, what: Decision) -> bool {
        match what {
            Decision::Consent => {
                if self.wishes.consent {
                    self.session.consent_given();
                }
                self.wishes.consent
            }
            Decision::Terms => self.wishes.terms,
        }
    }

    /// Says that the provider took the password, and whatever else it asked for, in so many words
    ///
    /// If it asks for the password again after that, this is no longer taken for a refusal; a code or an answer that it asks
    /// for then is of a further step.
    pub fn accepted(&mut self) {
        let Some(here) = self.session.place() else {
            return;
        };
        let mut codes = self.progress.codes.iter();
        if let Some((_, codes)) = codes.find(|(whose, _)| whose.as_ref() == here.prefix()) {
            let mut codes = codes.lock().unwrap_or_else(PoisonError::into_inner);
            codes.accepted(&here.to_string());
        }
        self.progress.answered.retain(|answered| *answered != here);
        // What it took may have been a code, before it asks for the password.
        if self.progress.was_asked(&here) {
            self.progress.accepted.push(here);
        }
    }

    /// Says that the provider began the login anew *without having tried the password*
    ///
    /// Only with positive proof. After it this provider may ask for the password once more, and no other.
    ///
    /// # Errors
    ///
    /// [`UnexpectedPage`](crate::ErrorKind::UnexpectedPage) the second time at one provider.
    pub fn restarted(&mut self) -> Result<(), Error> {
        let Some(here) = self.session.place() else {
            return Ok(());
        };
        if self.progress.restarted.contains(&here) {
            return Err(Error::unexpected_page(
                "the provider starts the login over again and again",
            ));
        }
        self.progress.identified.retain(|place| *place != here);
        self.progress.asked.retain(|asked| asked.place != here);
        self.progress.restarted.push(here);
        Ok(())
    }

    /// Waits, within the login's deadline
    ///
    /// # Errors
    ///
    /// [`Transport`](crate::ErrorKind::Transport), at once, if the deadline would pass meanwhile.
    pub async fn pause(&mut self, time: Duration) -> Result<(), Error> {
        self.session.pause(time).await
    }

    /// Tells the caller something, such as the number to press on a phone; never a secret
    pub fn tell(&self, event: &Event<'_>) {
        self.session.tell(event);
    }

    /// Whether the caller named `factor` itself, so that a person may be needed
    fn may_answer(&self, factor: &Factor) -> bool {
        matches!(factor, Factor::Push(_)) || self.answers(factor)
    }

    /// Tells a recorder that `secret` is one of the credentials for the page that we are on
    #[cfg(feature = "record")]
    fn note(&self, what: &str, secret: &Secret) {
        if let (Some(recorder), Some(here)) = (self.session.recorder(), self.session.place()) {
            recorder.secret(&numbered(what, self.accounts.number(&here)), secret);
        }
    }

    /// Those for the page that we are on
    fn credentials(&self) -> Option<&'a Credentials> {
        self.accounts.of(&self.session.place()?)
    }

    /// Whether the password for `here` may be given out
    fn check_asked(&self, here: &Place) -> Result<(), Error> {
        let progress = &self.progress;
        if progress.accepted.contains(here) {
            return Err(Error::unexpected_page(
                "the provider accepted the password, and asks for it again",
            )
            .at("origin", here.to_string())
            .hint("its session may not hold: are cookies lost between its replicas?"));
        }
        let rejected =
            "check user name and password; some providers show a locked account in the same way";
        if progress.was_asked(here) {
            return Err(Error::rejected(
                "the provider asks for the password again: it did not accept it",
            )
            .at("origin", here.to_string())
            .hint(rejected));
        }
        // A refusal may lead to a page outside of the prefix, which has credentials of its own: none is tried in another's place.
        let is_unanswered = |asked: &&Asked| {
            here.is_above(&asked.place)
                && asked.assertions == self.session.assertions()
                && !progress.accepted.contains(&asked.place)
        };
        match progress.asked.iter().find(is_unanswered) {
            None => Ok(()),
            Some(asked) => Err(Error::rejected(
                "the provider asks for a password again, at a page that has other credentials: it did not accept the first",
            )
            .at("first", asked.place.to_string())
            .at("origin", here.to_string())
            .hint(rejected)),
        }
    }

    /// The codes for `place`, begun when they are first asked for
    fn codes(&mut self, place: &Place) -> Arc<Mutex<Codes>> {
        let all = &mut self.progress.codes;
        let known = all
            .iter()
            .find(|(whose, _)| whose.as_ref() == place.prefix());
        if let Some((_, codes)) = known {
            return Arc::clone(codes);
        }
        let codes = match self.accounts.of(place).map(Credentials::sources) {
            Some((sources, ledger)) => Codes::new(sources.to_vec(), ledger.clone()),
            None => Codes::new(Vec::new(), Ledger::in_process()),
        };
        let codes = Arc::new(Mutex::new(codes));
        all.push((place.prefix().cloned(), Arc::clone(&codes)));
        codes
    }

    /// The adapter that signed in before, if one did
    pub(crate) fn signed_in(&self) -> Option<&str> {
        self.progress
            .signed_in
            .as_ref()
            .map(|(adapter, _)| *adapter)
    }

    /// What the provider said when it sent us back
    pub(crate) fn refusal(&self) -> Option<&str> {
        self.session.refusal()
    }
}

impl Progress {
    fn was_asked(&self, place: &Place) -> bool {
        self.asked.iter().any(|asked| asked.place == *place)
    }
}

impl fmt::Debug for Visit<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Visit")
            .field("progress", &self.progress)
            .finish_non_exhaustive()
    }
}

/// Reads a secret on a thread of its own, since a command takes its time
async fn read(source: SecretSource, what: &'static str) -> Result<Secret, Error> {
    let read = tokio::task::spawn_blocking(move || source.read(what));
    read.await
        .map_err(|error| Error::config(format!("the {what} was not read")).because(error))?
}

fn no_credentials(here: &Place) -> Error {
    Error::config("the provider asks for a password, and there are no credentials for it")
        .at("origin", here.to_string())
        .hint(
            "give --username, and DOORWARD_PASSWORD or --password-file, or a table for it in the --credentials-file",
        )
}

fn unanswered(offered: &[Factor], wishes: &[Factor]) -> Error {
    let list = |factors: &[Factor]| {
        let names: Vec<String> = factors.iter().take(20).map(Factor::to_string).collect();
        match names.is_empty() {
            true => "none that doorward knows".to_owned(),
            false => redact::one_line(&names.join(", ")),
        }
    };
    let error = Error::unsupported("the provider asks for a second factor that nobody configured")
        .at("offered", list(offered));
    let error = match wishes.is_empty() {
        true => error,
        false => error.at("wanted", list(wishes)),
    };
    error.hint(
        "a seed (DOORWARD_TOTP_SEED), a program that prints codes (--code-command), a security answer or a passkey answers \
         without a person; --factor push asks one",
    )
}

fn quoted(labels: &[&str]) -> String {
    let quoted: Vec<String> = labels
        .iter()
        .take(20)
        .map(|label| format!("\"{}\"", redact::one_line(label)))
        .collect();
    quoted.join(", ")
}
