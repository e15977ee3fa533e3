//! The Identity Engine: a page's state token is exchanged for a document, and each answer gives the next one.

mod answer;
mod authenticator;
mod document;
mod proof;
mod refusal;
mod remediation;

use doorward::{Error, Event, Factor, Page, Request, Secret, Url, Visit, one_line};
use serde_json::json;

use super::exchange::{Home, at_home, patiently, wait_out};
use super::factor::about;
use super::failure::failure;
use answer::{Answer, ION};
use authenticator::{Asked, Authenticator};
use document::{Document, Remediation};
use refusal::{Refusal, Sent, refusal, silent_refusal};
use remediation::{Proof, Step};

/// Takes the login that the page's state token stands for to its end
///
/// All requests go to the page's own host, whose cookies the last one needs.
///
/// Source: <https://developer.okta.com/docs/concepts/oie-intro/>
pub(super) async fn sign_in(
    home: Home,
    state_token: &Secret,
    visit: &mut Visit<'_>,
) -> Result<Page, Error> {
    let mut login = Login::new(home);
    let introspect = login.url("/idp/idx/introspect", visit)?;
    let request = Request::post(&introspect)
        .json(json!({ "stateToken": null }))
        .secret("/stateToken", state_token)
        .header("content-type", ION)
        .header("accept", ION);
    let mut answer = patiently(request, visit).await?;
    // Polls are no rounds: the login's deadline ends them.
    let mut rounds = 0;
    while rounds < ROUNDS {
        if login.sent != Sent::Poll {
            rounds += 1;
        }
        let next = login.next(&answer, visit).await?;
        if next.is_last {
            drop(answer);
            return visit.send(next.request).await;
        }
        if login.has_sent_totp() {
            let said = visit.send(next.request).await?;
            // The code was not looked at, and is too old after the wait: the same document gets the next one.
            match wait_out(&said, visit).await? {
                true => login.sent = Sent::Nothing,
                false => answer = said,
            }
        } else {
            drop(answer);
            answer = patiently(next.request, visit).await?;
        }
    }
    Err(
        Error::unexpected_page("Okta's login does not come to an end")
            .at("page", login.home.path)
            .at("rounds", ROUNDS.to_string()),
    )
}

/// What one login has come through at this page
struct Login {
    home: Home,
    sent: Sent,
    /// The factors that we could choose from
    offered: Vec<Factor>,
    /// Key and method of the authenticator that we took
    taken: Option<(String, Option<String>)>,
    /// The password, between the choice of it and the form for it
    password: Option<Secret>,
    is_named: bool,
    /// Why the code before was refused
    refused: Option<Refusal>,
    /// Whether a request was sent to a phone and told of, which is not done twice
    is_pushed: bool,
    number: Option<String>,
    is_foreign_told: bool,
}

/// What to send, and whether what comes back is no document any more
struct Next {
    request: Request,
    is_last: bool,
}

impl Login {
    fn new(home: Home) -> Self {
        Self {
            home,
            sent: Sent::Nothing,
            offered: Vec::new(),
            taken: None,
            password: None,
            is_named: false,
            refused: None,
            is_pushed: false,
            number: None,
            is_foreign_told: false,
        }
    }

    /// What to do about an answer
    async fn next(&mut self, answer: &Page, visit: &mut Visit<'_>) -> Result<Next, Error> {
        // 400, 401 and 403 are documents as good as any: the login goes on from them.
        let document = answer
            .json()
            .filter(|_| answer.status() < 500 && answer.status() != 429)
            .and_then(Document::read)
            .ok_or_else(|| failure(answer))?;
        let step = Step::of(&document);
        let refused = refusal(&document, &self.sent, answer).or_else(|| {
            let again = self.asks_again(&document, &step);
            again.then(|| silent_refusal(&self.sent, answer))
        });
        match (refused, &step) {
            // The link tells the application that there is no login; nobody else would say why.
            (Some(refusal), Step::Failure(href)) => {
                visit.tell(&Event::Note(&one_line(&refusal.into_error().to_string())));
                return self.leave(href, visit);
            }
            (Some(refusal), _) => {
                let refusal = self.about(refusal);
                // After a code one more may be tried, and no third.
                if !refusal.is_of_code() || self.refused.is_some() {
                    return Err(refusal.into_error());
                }
                self.refused = Some(refusal);
            }
            (None, _) if self.sent == Sent::Poll && is_waiting(&document, &step) => {}
            (None, _) => self.came_on(visit),
        }
        self.sent = Sent::Nothing;
        self.take(step, &document, answer, visit).await
    }

    async fn take(
        &mut self,
        step: Step<'_>,
        document: &Document,
        answer: &Page,
        visit: &mut Visit<'_>,
    ) -> Result<Next, Error> {
        match step {
            Step::Success(href) => {
                visit.accepted();
                self.leave(href, visit)
            }
            Step::Failure(href) => {
                match document.messages.is_empty() {
                    true => visit.tell(&Event::Note("Okta ends the login without saying why")),
                    false => repeat(document, visit),
                }
                self.leave(href, visit)
            }
            Step::Identify(form) => self.identify(form, document, visit).await,
            Step::Prove(proof) => self.prove(&proof, document, visit).await,
            Step::KeepSignedIn(form) => {
                let mut answer = Answer::to(form);
                if form.field(&["keepMeSignedIn"]).is_some() {
                    answer.put(&["keepMeSignedIn"], false.into());
                }
                self.post(form, answer, visit)
            }
            Step::Skip(form) => {
                repeat(document, visit);
                self.post(form, Answer::to(form), visit)
            }
            Step::CancelProbe(form) => self.post(form, Answer::to(form), visit),
            Step::Federate(idps) => {
                let form = match idps.as_slice() {
                    [only] => *only,
                    _ => {
                        let labels: Vec<&str> = idps
                            .iter()
                            .map(|idp| idp.idp.as_deref().unwrap_or_default())
                            .collect();
                        let chosen = visit.choose(&labels)?;
                        *idps.get(chosen).ok_or_else(|| unknown(document, answer))?
                    }
                };
                self.leave(&form.href, visit)
            }
            Step::Person(words, name) => Err(Error::account_state(format!("Okta says: {words}"))
                .at("remediation", name)
                .at("path", answer.path())
                .hint("sign in once in a browser with this account, and do what Okta asks")),
            Step::Unknown => Err(unknown(document, answer)),
        }
    }

    async fn identify(
        &mut self,
        form: &Remediation,
        document: &Document,
        visit: &mut Visit<'_>,
    ) -> Result<Next, Error> {
        if form.field(&["captchaVerify"]).is_some() || document.has_captcha {
            return Err(Error::account_state(
                "Okta asks for a captcha, which only a person can answer",
            )
            .at("remediation", &form.name)
            .hint("have the organisation exempt the pipeline's network or account from it"));
        }
        if self.is_named {
            return Err(
                Error::unexpected_page("Okta asks for the user name again and again")
                    .at("page", &self.home.path),
            );
        }
        self.is_named = true;
        self.sent = Sent::Name;
        let mut answer = Answer::to(form);
        answer.put(&["identifier"], visit.username().into());
        // An organisation that asks for the name first refuses a password here.
        if form.field(&["credentials", "passcode"]).is_some() {
            answer.put_secret(&["credentials", "passcode"], &visit.password().await?);
            self.sent = Sent::Password;
        } else if visit.username().is_empty() {
            // Says that there are no credentials.
            visit.password().await?;
        }
        self.post(form, answer, visit)
    }

    /// Whether what was answered last is asked for again, without a word
    fn asks_again(&self, document: &Document, step: &Step<'_>) -> bool {
        let Some(current) = &document.current else {
            return self.sent == Sent::Password && matches!(step, Step::Identify(_));
        };
        match step {
            Step::Identify(_) => self.sent == Sent::Password,
            Step::Prove(Proof {
                challenge: Some(form),
                ..
            }) => {
                let method = current.method_of(form);
                let asked = Asked::of(&current.key, method.as_deref());
                let answered = match &self.sent {
                    Sent::Password => Some(Asked::Password),
                    Sent::Code | Sent::Answer | Sent::Signature => {
                        let taken = self.taken.as_ref();
                        taken.map(|(key, method)| Asked::of(key, method.as_deref()))
                    }
                    Sent::Nothing | Sent::Name | Sent::Poll => None,
                };
                answered == Some(asked)
            }
            _ => false,
        }
    }

    /// The factor that we took
    fn factor(&self) -> Option<Factor> {
        let (key, method) = self.taken.as_ref()?;
        Asked::of(key, method.as_deref()).factor().cloned()
    }

    fn has_sent_totp(&self) -> bool {
        self.sent == Sent::Code && matches!(self.factor(), Some(Factor::Totp(_)))
    }

    /// Says which factor a refusal is of
    fn about(&self, refusal: Refusal) -> Refusal {
        let factor = match self.sent {
            Sent::Code | Sent::Answer | Sent::Signature | Sent::Poll => self.factor(),
            Sent::Nothing | Sent::Name | Sent::Password => None,
        };
        match factor {
            Some(factor) => refusal.map(|error| about(error, &factor, &self.offered)),
            None => refusal,
        }
    }

    /// Notes that what was sent was taken
    fn came_on(&mut self, visit: &mut Visit<'_>) {
        if matches!(self.sent, Sent::Nothing | Sent::Name) {
            return;
        }
        visit.accepted();
        self.refused = None;
        self.taken = None;
        self.is_pushed = false;
        self.number = None;
    }

    fn post(
        &mut self,
        form: &Remediation,
        answer: Answer,
        visit: &mut Visit<'_>,
    ) -> Result<Next, Error> {
        let url = self.url(&form.href, visit)?;
        Ok(Next {
            request: answer.request(&url),
            is_last: false,
        })
    }

    /// Follows a link as it is published: its token is a short form of ours, and made up it is of no use
    fn leave(&mut self, href: &str, visit: &Visit<'_>) -> Result<Next, Error> {
        let url = self.parsed(href)?;
        // The end of a login needs the cookies of its page; another provider is where it is.
        let url = match url.path().starts_with("/login/") {
            true => self.url(href, visit)?,
            false => url,
        };
        Ok(Next {
            request: Request::get(&url),
            is_last: true,
        })
    }

    /// The URL of a link at the page's own host
    fn url(&mut self, href: &str, visit: &Visit<'_>) -> Result<Url, Error> {
        let url = self.parsed(href)?;
        let own = &self.home.url;
        if url.origin() == own.origin() {
            return Ok(url);
        }
        if !self.is_foreign_told {
            self.is_foreign_told = true;
            let note = format!(
                "Okta's links lead to {}; the login stays at {}, whose cookies it has",
                url.host_str().unwrap_or_default(),
                own.host_str().unwrap_or_default()
            );
            visit.tell(&Event::Note(&one_line(&note)));
        }
        Ok(at_home(own, &url))
    }

    fn parsed(&self, href: &str) -> Result<Url, Error> {
        let url = self.home.url.join(href).ok();
        url.filter(|url| !href.is_empty() && url.scheme() == "https")
            .ok_or_else(|| no_link().at("page", &self.home.path))
    }
}

/// Tells what a document says of an end, or of something that is put off
fn repeat(document: &Document, visit: &Visit<'_>) {
    let said = document.messages.iter().map(|message| &message.text);
    for text in said.filter(|text| !text.is_empty()).take(3) {
        visit.tell(&Event::Note(&one_line(&format!("Okta says: {text}"))));
    }
}

/// Whether a request on a phone is still open
fn is_waiting(document: &Document, step: &Step<'_>) -> bool {
    let Step::Prove(Proof {
        poll: Some(form), ..
    }) = step
    else {
        return false;
    };
    let method = |current: &Authenticator| current.method_of(form);
    document.current.as_ref().and_then(method).as_deref() != Some("email")
}

fn no_link() -> Error {
    Error::unexpected_page("a link of Okta's answer is no https URL")
}

fn unknown(document: &Document, answer: &Page) -> Error {
    let names: Vec<&str> = document
        .remediations
        .iter()
        .take(20)
        .map(|form| form.name.as_str())
        .collect();
    let keys: Vec<&str> = document
        .messages
        .iter()
        .take(20)
        .map(|message| message.key.as_str())
        .collect();
    let error = match names.is_empty() {
        true => Error::unexpected_page("Okta's answer does not say how to go on"),
        false => Error::unexpected_page("Okta asks for something that doorward does not know")
            .at("remediation", names.join(", ")),
    };
    let error = match keys.is_empty() {
        true => error,
        false => error.at("code", keys.join(", ")),
    };
    error
        .at("path", answer.path())
        .at("status", answer.status().to_string())
}

/// More than the longest known way: probe, name, three factors with two requests each, three notices
const ROUNDS: u32 = 20;
