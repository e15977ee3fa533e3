use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use url::Url;

use crate::request::Wire;
use crate::{Error, ErrorKind, Page, Secret};

use super::leak::left;
use super::redaction::{look, rewritten};
use super::stand_ins::StandIns;
use super::taking::taken;
use super::{About, Case, Exchange};

/// Listens to a login, and makes a [`Case`] of it that holds nothing secret
///
/// Give it to a walk by [`Walk::record`](crate::Walk::record), let the login happen, and ask for the [`case`](Self::case). What goes
/// over the wire is kept in memory until then, secrets included, and is gone with the recorder.
///
/// Hosts, user names, secrets, cookies, tokens and whatever else looks as if it had been made for this login are replaced by
/// made-up texts, the same wherever they occur. What is left is what an adapter reads: words, forms, and the order of the pages.
/// Pages lose their styles, drawings and comments. **Read a recording before you commit it**: a name that stands in a greeting
/// looks like any other word.
///
/// ```no_run
/// use doorward::recording::Recorder;
/// use doorward::{FrontDoor, Portal, Walk};
/// # use std::path::Path;
///
/// # async fn record(walk: Walk) -> Result<(), doorward::Error> {
/// let recorder = Recorder::new();
/// let outcome = Portal::new("k8sou.example.com", walk.record(&recorder))?.open().await;
/// let case = recorder.case("A password signs in", "Acme 1.2", outcome.err().map(|error| error.kind()))?;
/// case.write(Path::new("fixtures/acme/password-ok"))?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Default)]
pub struct Recorder(Arc<Mutex<Heard>>);

#[derive(Default)]
pub(super) struct Heard {
    about: About,
    pub(super) exchanges: Vec<Exchange>,
    /// What each page is made of
    pub(super) structures: Vec<String>,
    /// Secrets that no walk tells of, which stay from login to login
    pub(super) known: Vec<(String, Secret)>,
    /// What the caller's credentials hold, by what it is called
    secrets: Vec<(String, Secret)>,
    /// What adapters sent as secrets, by the name of the field
    tokens: Vec<(String, Secret)>,
    users: Vec<String>,
}

impl Recorder {
    /// One that has heard nothing yet
    pub fn new() -> Self {
        Self::default()
    }

    /// The recording of the last login, redacted
    ///
    /// `docs` says in a sentence what it shows, `seen_with` which server and version it was. `ended_with` is how the login ended:
    /// `None` with a token.
    ///
    /// # Errors
    ///
    /// [`Config`](ErrorKind::Config): no login was heard; a secret is too short to be told from other text; or something that must
    /// not be in a recording is left in it, which is then not made.
    pub fn case(
        &self,
        docs: &str,
        seen_with: &str,
        ended_with: Option<ErrorKind>,
    ) -> Result<Case, Error> {
        let heard = self.heard();
        if heard.exchanges.is_empty() {
            return Err(Error::config(
                "no login was heard, so that there is nothing to record",
            ));
        }
        for (what, secret) in &heard.secrets {
            let is_code = what.starts_with("code");
            if secret.expose_secret().len() < LEAST && !is_code {
                return Err(Error::config("a secret is too short to be found in a recording")
                    .at("secret", what)
                    .hint("record with an account of your own whose password has 8 characters or more"));
            }
        }
        let stand_ins = heard.stand_ins();
        let mut about = heard.about.clone();
        about.docs = docs.to_owned();
        about.seen_with = seen_with.to_owned();
        // Its day, in UTC.
        about.recorded = Timestamp::now().to_string().chars().take(10).collect();
        about.expect = ended_with;
        let rewrite = |text: &mut String| *text = stand_ins.rewrite(text);
        about.idp_urls.iter_mut().for_each(rewrite);
        about.via.iter_mut().for_each(rewrite);
        about.login_options.iter_mut().for_each(rewrite);
        for account in &mut about.accounts {
            account.username = heard.user_name(&account.username);
            account.url.iter_mut().for_each(rewrite);
        }
        let exchanges = heard
            .exchanges
            .iter()
            .map(|exchange| rewritten(exchange, &stand_ins));
        let case = Case {
            about,
            exchanges: exchanges.collect(),
        };
        for (at, exchange) in case.exchanges.iter().enumerate() {
            if let Some(what) = left(&exchange.to_text(), stand_ins.found()) {
                return Err(Error::config("the recording would still hold what must not be in it")
                    .at("what", crate::redact::one_line(what))
                    .at("exchange", (at + 1).to_string())
                    .hint("this is a page that the recorder does not understand: please report its structure, not the page"));
            }
        }
        case.check()?;
        Ok(case)
    }

    /// Begins anew, for a login of which this much is known
    pub(crate) fn begin(&self, about: About) {
        let mut heard = self.heard();
        *heard = Heard {
            known: std::mem::take(&mut heard.known),
            users: about
                .accounts
                .iter()
                .map(|account| account.username.clone())
                .collect(),
            about,
            ..Heard::default()
        };
    }

    /// Notes a secret of the credentials
    pub(crate) fn secret(&self, what: &str, secret: &Secret) {
        let mut heard = self.heard();
        if !heard
            .secrets
            .iter()
            .any(|(_, known)| known.expose_secret() == secret.expose_secret())
        {
            heard.secrets.push((what.to_owned(), secret.clone()));
        }
    }

    /// Notes a one-time code, which go by the order in which they were given
    pub(crate) fn code(&self, code: &Secret) {
        let count = self
            .heard()
            .secrets
            .iter()
            .filter(|(what, _)| what.starts_with("code"))
            .count();
        self.secret(&numbered("code", count), code);
    }

    /// Notes an exchange
    pub(crate) fn exchange(&self, wire: &Wire, page: &Page) {
        let mut heard = self.heard();
        heard.tokens.extend(page.sent().secrets());
        heard.exchanges.push(taken(wire, page));
        heard.structures.push(page.structure());
    }

    pub(super) fn heard(&self) -> MutexGuard<'_, Heard> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Recorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let exchanges = self.heard().exchanges.len();
        f.debug_struct("Recorder")
            .field("exchanges", &exchanges)
            .finish_non_exhaustive()
    }
}

impl Heard {
    /// What stands in for a user name, which may be that of several accounts
    fn user_name(&self, name: &str) -> String {
        let at = self.users.iter().position(|user| user == name);
        let user = numbered("ci-user", at.unwrap_or_default());
        match name.contains('@') {
            true => format!("{user}@people.test"),
            false => user,
        }
    }

    /// Gives each host a made-up name, by the order in which they were asked; what has cookies in common stays below one name
    fn name_hosts(&self, stand_ins: &mut StandIns) {
        let urls: Vec<Url> = self
            .exchanges
            .iter()
            .filter_map(|exchange| Url::parse(&exchange.request.url).ok())
            .collect();
        let hosts: Vec<&str> = urls.iter().filter_map(Url::host_str).collect();
        let mut companies: Vec<&str> = Vec::new();
        for name in hosts.iter().flat_map(|host| above(host, &self.exchanges)) {
            if !companies.contains(&name) {
                companies.push(name);
            }
        }
        let mut count = 0;
        for url in &urls {
            let (Some(host), authority) = (url.host_str(), url.authority()) else {
                continue;
            };
            let role = match count {
                0 => "portal".to_owned(),
                _ => numbered("provider", count - 1),
            };
            let company = companies.iter().position(|company| is_below(host, company));
            let name = match company {
                Some(at) => format!("{role}.{}.test", numbered("company", at)),
                None => format!("{role}.test"),
            };
            if stand_ins.host(authority, &name) {
                count += 1;
                stand_ins.host(host, &name);
            }
        }
        for (at, company) in companies.iter().enumerate() {
            stand_ins.host(company, &format!("{}.test", numbered("company", at)));
        }
    }

    fn stand_ins(&self) -> StandIns {
        let mut stand_ins = StandIns::default();
        self.fill(&mut stand_ins);
        stand_ins.finish();
        stand_ins
    }

    /// Shows `stand_ins` all that was heard
    pub(super) fn fill(&self, stand_ins: &mut StandIns) {
        for (what, secret) in self.secrets.iter().chain(&self.known) {
            stand_ins.secret(what, secret.expose_secret());
        }
        self.name_hosts(stand_ins);
        for user in &self.users {
            stand_ins.user(user, &self.user_name(user));
        }
        for (name, token) in &self.tokens {
            // What the caller gave is known by now.
            stand_ins.token(name, token.expose_secret());
        }
        for exchange in &self.exchanges {
            look(exchange, stand_ins);
        }
        for text in self.about.idp_urls.iter().chain(&self.about.via) {
            stand_ins.foreign_hosts(text);
        }
    }
}

/// The domains above `host` for which a server of it sets cookies
fn above<'a>(host: &str, exchanges: &'a [Exchange]) -> impl Iterator<Item = &'a str> {
    let headers = exchanges
        .iter()
        .flat_map(|exchange| &exchange.answer.headers);
    let cookies = headers.filter(|(name, _)| name == "Set-Cookie");
    let parts = cookies.flat_map(|(_, cookie)| cookie.split(';').skip(1));
    parts.filter_map(move |part| {
        let (name, domain) = part.split_once('=')?;
        let domain = domain.trim().trim_start_matches('.');
        let is_domain = name.trim().eq_ignore_ascii_case("domain");
        (is_domain && is_below(host, domain)).then_some(domain)
    })
}

fn is_below(host: &str, domain: &str) -> bool {
    let rest = host.strip_suffix(domain);
    rest.is_some_and(|rest| rest.ends_with('.'))
}

/// `password`, `password-2` and so on
pub(crate) fn numbered(name: &str, at: usize) -> String {
    match at {
        0 => name.to_owned(),
        _ => format!("{name}-{}", at + 1),
    }
}

/// A shorter secret may be a part of other text by chance
const LEAST: usize = 8;
