//! A walk without credentials, up to the first page that somebody would have to answer.

use jiff::Timestamp;
use url::Url;

use super::{Destination, PATIENCE, Walk, own_recognition};
use crate::devices::Devices;
use crate::diagnosis::{Diagnosis, End, LoginPage, Recognized, Server, Step};
use crate::page::{PageKind, unavailable};
use crate::session::{Origin, Session, skew};
use crate::visit::{Accounts, Progress, Visit};
use crate::{Error, Page, Recognition, Request};

impl Walk {
    /// Walks from `start` to the first login page, or until something fails, and says what it saw
    ///
    /// No adapter acts, so that neither a user name nor a secret is sent, and no device is given back. The front door's own pages are
    /// answered as the caller decided in advance.
    pub(crate) async fn probe(&self, start: Request, destination: &dyn Destination) -> Diagnosis {
        let first = start.url().clone();
        let mut session = match self.session(&start, &Devices::new()) {
            Ok(session) => session,
            Err(error) => return Diagnosis::failed(Origin::shown(&first), error),
        };
        let mut seen = Seen {
            at: first,
            steps: Vec::new(),
            servers: Vec::new(),
        };
        let outcome = self.look(start, destination, &mut session, &mut seen).await;
        let end = outcome.unwrap_or_else(|error| {
            seen.failed(&session);
            End::Failed {
                origin: Origin::shown(&seen.at),
                error: error.with_trail(session.trail()),
            }
        });
        let unnamed = session.refused_returns();
        Diagnosis {
            steps: seen.steps,
            servers: seen.servers,
            end,
            unnamed_returns: unnamed.iter().map(Origin::to_string).collect(),
        }
    }

    async fn look(
        &self,
        start: Request,
        destination: &dyn Destination,
        session: &mut Session,
        seen: &mut Seen,
    ) -> Result<End, Error> {
        let mut progress = Progress::default();
        let mut page = session.send(start).await?;
        loop {
            seen.page(&page, session);
            if destination.reached(&page)? {
                return Ok(End::Arrived);
            }
            page = match page.kind() {
                PageKind::Redirect(to) => {
                    seen.at = to.clone();
                    session.follow(&page, to).await?
                }
                PageKind::AutoSubmit(form) if session.expects(&page, form) => {
                    seen.at = form.action().clone();
                    session.send(Request::submit(form.as_ref().clone())).await?
                }
                _ => {
                    let own = own_recognition(&page, destination, session);
                    let ranked = self.ranked(&page);
                    let is_own = matches!(own, Recognition::Certain(_));
                    if !is_own
                        && let Some(error) = self
                            .explained(&page, session)
                            .or_else(|| unavailable(&page))
                    {
                        return Err(error);
                    }
                    let is_login = !ranked.is_empty() || matches!(page.kind(), PageKind::Login);
                    match page.kind() {
                        _ if !is_own && is_login => {
                            return Ok(End::LoginPage(self.login_page(&page, session)));
                        }
                        PageKind::Refresh { url, delay } if !is_own && *delay <= PATIENCE => {
                            seen.at = url.clone();
                            session.send(Request::get(url)).await?
                        }
                        PageKind::Link(url) if !is_own && session.is_own(page.url()) => {
                            seen.at = url.clone();
                            session.send(Request::get(url)).await?
                        }
                        _ if own != Recognition::No => {
                            let nobody = Accounts::default();
                            let mut visit =
                                Visit::new(session, &mut progress, &self.wishes, &nobody);
                            destination.pages().sign_in(page, &mut visit).await?
                        }
                        _ => return Err(self.stranded(&page, session)),
                    }
                }
            };
        }
    }

    fn login_page(&self, page: &Page, session: &Session) -> LoginPage {
        let ranked = self.ranked(page).into_iter();
        let recognized = ranked.map(|(adapter, recognition)| Recognized {
            adapter: adapter.name(),
            how_surely: recognition.how_surely(),
            why: recognition.why(),
        });
        let adapter = match self.choose(page, session) {
            Ok(Some((adapter, _))) => Ok(adapter.name()),
            Ok(None) => Err(self.stranded(page, session)),
            Err(error) => Err(error),
        };
        LoginPage {
            origin: Origin::shown(page.url()),
            path: page.path(),
            structure: page.structure(),
            recognized: recognized.collect(),
            adapter: adapter.map_err(|error| error.with_trail(session.trail())),
            is_named: session.may_have_credentials(page.url()),
            factors: factors(page),
        }
    }
}

/// What was seen so far
struct Seen {
    /// What is asked for now
    at: Url,
    steps: Vec<Step>,
    servers: Vec<Server>,
}

impl Seen {
    /// Notes the pages that came since the last call, of which `page` is the last one
    fn page(&mut self, page: &Page, session: &Session) {
        self.at = page.url().clone();
        let origin = Origin::shown(page.url());
        let new = session.trail().hops().iter().skip(self.steps.len());
        self.steps.extend(new.map(|hop| Step {
            origin: format!("https://{}", hop.host),
            hop: hop.clone(),
        }));
        let now = Timestamp::now();
        let date = page.date();
        let server = self.server(&origin);
        server.answered = true;
        server.clock_ahead = date.map(|_| skew(date, now).as_secs());
        self.note_chain(&origin, session);
    }

    /// Notes the server that gave no page
    fn failed(&mut self, session: &Session) {
        let origin = Origin::shown(&self.at);
        if !origin.is_empty() {
            self.server(&origin);
            self.note_chain(&origin, session);
        }
    }

    fn note_chain(&mut self, origin: &str, session: &Session) {
        if let Some(shown) = session.shown_by(&self.at) {
            let server = self.server(origin);
            server.chain = shown.chain;
            server.refused = shown.refused;
        }
    }

    fn server(&mut self, origin: &str) -> &mut Server {
        let at = self.servers.iter().position(|known| known.origin == origin);
        let at = at.unwrap_or_else(|| {
            self.servers.push(Server {
                origin: origin.to_owned(),
                answered: false,
                chain: Vec::new(),
                refused: None,
                clock_ahead: None,
            });
            self.servers.len() - 1
        });
        &mut self.servers[at]
    }
}

/// What a page asks for besides a password, by its fields
fn factors(page: &Page) -> Vec<&'static str> {
    let has = |css: &str| page.attribute(css, "autocomplete").is_some();
    let is_named = |name: &&str| page.form_with(name).is_some();
    let is_code = has(r#"input[autocomplete~="one-time-code"]"#) || CODES.iter().any(is_named);
    let is_passkey = has(r#"input[autocomplete~="webauthn"]"#);
    let found = [(is_code, "totp"), (is_passkey, "webauthn")];
    found
        .into_iter()
        .filter_map(|(is_there, name)| is_there.then_some(name))
        .collect()
}

/// What fields for a one-time code are called where nothing else says it
const CODES: &[&str] = &["otp", "totp"];

#[cfg(test)]
mod tests {
    use super::factors;
    use crate::Page;

    fn asked(inputs: &str) -> Vec<&'static str> {
        let html = format!("<form><input name=p type=password>{inputs}</form>");
        factors(&Page::html("https://id.test/", &html).unwrap())
    }

    #[test]
    fn a_page_tells_what_it_asks_for_besides_a_password() {
        assert!(asked("").is_empty());
        assert!(asked("<input name=code autocomplete=off>").is_empty());
        assert_eq!(
            asked("<input name=x autocomplete='one-time-code'>"),
            ["totp"]
        );
        assert_eq!(asked("<input name=otp>"), ["totp"]);
        let passkey = "<input name=user autocomplete='username webauthn'>";
        assert_eq!(asked(passkey), ["webauthn"]);
    }
}
