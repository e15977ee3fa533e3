use std::fmt;
use std::time::Duration;

use url::Url;

use crate::credentials::Credentials;
use crate::event::Event;
use crate::page::Form;
use crate::session::{Origin, Session, name_it};
use crate::{Error, Page, Request, Secret, redact};

/// One login's stay at one provider: all that an adapter may touch
///
/// Every request goes through the session, which knows the cookies, the limits, and who may have a secret.
pub struct Visit<'a> {
    session: &'a mut Session,
    progress: &'a mut Progress,
    wishes: &'a Wishes,
    credentials: Option<&'a Credentials>,
}

/// What the login has come through so far, over all visits
#[derive(Debug, Default)]
pub(crate) struct Progress {
    /// Where a password was asked for, so that none is tried twice
    asked: Vec<Origin>,
    /// Where an adapter knows that the password was taken
    accepted: Vec<Origin>,
    restarted: bool,
    /// The adapter that signed in last, and where
    pub(crate) signed_in: Option<(&'static str, String)>,
}

/// What the caller decided in advance
#[derive(Clone, Debug, Default)]
pub(crate) struct Wishes {
    pub(crate) options: Vec<String>,
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
        credentials: Option<&'a Credentials>,
    ) -> Self {
        Self {
            session,
            progress,
            wishes,
            credentials,
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
        self.credentials.map_or("", Credentials::username)
    }

    /// The password, once for each provider
    ///
    /// # Errors
    ///
    /// [`Rejected`](crate::ErrorKind::Rejected) when the provider asks again: a login form that comes back is a refusal,
    /// unless [`restarted`](Self::restarted) was called. [`Config`](crate::ErrorKind::Config) without credentials.
    /// [`UntrustedOrigin`](crate::ErrorKind::UntrustedOrigin) when the login's answer would go to an origin that nobody
    /// named, so that the password is not spent in vain.
    pub async fn password(&mut self) -> Result<Secret, Error> {
        let credentials = self.credentials.ok_or_else(|| {
            Error::config("the provider asks for a password, and there are no credentials")
                .hint("give --username, and DOORWARD_PASSWORD or --password-file")
        })?;
        let here = self.session.check_before_password()?;
        if self.progress.accepted.contains(&here) {
            return Err(Error::unexpected_page(
                "the provider accepted the password, and asks for it again",
            )
            .at("origin", here.to_string())
            .hint("its session may not hold: are cookies lost between its replicas?"));
        }
        if self.progress.asked.contains(&here) {
            return Err(Error::rejected("the provider asks for the password again: it did not accept it")
                .at("origin", here.to_string())
                .hint("check user name and password; some providers show a locked account in the same way"));
        }
        self.progress.asked.push(here);
        Ok(credentials.password().clone())
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

    /// Says that the provider took the password, in so many words
    ///
    /// If it asks for the password again after that, this is no longer taken for a refusal.
    pub fn accepted(&mut self) {
        if let Some(here) = self.session.here() {
            self.progress.accepted.push(here);
        }
    }

    /// Says that the provider began the login anew *without having tried the password*
    ///
    /// Only with positive proof. After it the password may be asked for once more.
    ///
    /// # Errors
    ///
    /// [`UnexpectedPage`](crate::ErrorKind::UnexpectedPage) the second time in one login.
    pub fn restarted(&mut self) -> Result<(), Error> {
        if self.progress.restarted {
            return Err(Error::unexpected_page(
                "the provider starts the login over again and again",
            ));
        }
        self.progress.restarted = true;
        self.progress.asked.clear();
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

impl fmt::Debug for Visit<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Visit")
            .field("progress", &self.progress)
            .finish_non_exhaustive()
    }
}

fn quoted(labels: &[&str]) -> String {
    let quoted: Vec<String> = labels
        .iter()
        .take(20)
        .map(|label| format!("\"{}\"", redact::one_line(label)))
        .collect();
    quoted.join(", ")
}
