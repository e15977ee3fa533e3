//! OpenShift: a login by the challenge that `oc` answers, or else the page that shows a token to people.

mod answer;
mod metadata;
mod pages;

use std::sync::OnceLock;

use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use url::Url;

use crate::front_door::Grant;
use crate::oidc::Authorization;
use crate::page::unavailable;
use crate::portal::Portal;
use crate::portal::download::refusal;
use crate::portal::kind::Kind;
use crate::session::Origin;
use crate::walk::{Arrival, Destination};
use crate::{Error, IdpAdapter, Page, Recognition, Request, Secret, Visit};

use metadata::OAuthServer;
use pages::OwnPage;

/// The redirect with a code, or the page with a token
///
/// Source: <https://docs.redhat.com/en/documentation/openshift_container_platform/4.19/html/authentication_and_authorization/>
#[derive(Debug)]
pub(super) struct OpenShift {
    url: Url,
    /// Whether somebody says where the cluster is
    has_target: bool,
    server: OnceLock<OAuthServer>,
    authorization: OnceLock<Authorization>,
    user: OnceLock<String>,
}

impl OpenShift {
    pub(super) fn new(url: Url, has_target: bool) -> Self {
        Self {
            url,
            has_target,
            server: OnceLock::new(),
            authorization: OnceLock::new(),
            user: OnceLock::new(),
        }
    }

    /// Whether `url` is that of the page for people
    pub(super) fn is_token_page(url: &Url) -> bool {
        url.path().ends_with(TOKEN_PAGE)
    }

    /// Whether `page` is at the portal's own origin, or at that of its OAuth server
    fn is_own(&self, page: &Page) -> bool {
        let here = Origin::of(page.url());
        let server = || {
            self.server
                .get()
                .and_then(|server| Origin::of(&server.token))
        };
        here.is_some() && (here == Origin::of(&self.url) || here == server())
    }

    fn is_discovery(&self, page: &Page) -> bool {
        Origin::of(page.url()) == Origin::of(&self.url) && page.url().path() == METADATA
    }

    /// Asks for a challenge, and answers it
    async fn challenge(&self, page: &Page, visit: &mut Visit<'_>) -> Result<Page, Error> {
        let server = OAuthServer::read(page)?;
        if !self.has_target && Origin::of(&server.token) == Origin::of(&self.url) {
            return Err(Error::config("the portal's URL is that of the OAuth server, which does not say where the cluster is")
                .hint("give the URL of the API server as --portal, or the cluster as --server"));
        }
        let server = self.server.get_or_init(|| server);
        let authorization = Authorization::new(
            &server.authorization,
            &server.issuer,
            CLIENT,
            server.below_token("implicit")?.as_str(),
            "user:full",
        )?;
        let authorization = self.authorization.get_or_init(|| authorization);
        // Without this header nobody is challenged: a browser cannot set it for another site.
        let request = authorization.request().header("x-csrf-token", "1");
        let challenged = visit.send(request.clone()).await?;
        match challenged.status() {
            401 if offers_basic(&challenged) => {}
            401 => return visit.get(&server.below_token("request")?).await,
            _ => return Ok(challenged),
        }
        visit.check_named(&challenged)?;
        let user = visit.username().to_owned();
        if user.contains(':') {
            return Err(Error::config(
                "a user name with a colon cannot answer a Basic challenge",
            ));
        }
        let password = visit.password().await?;
        let pair = Secret::new(format!("{user}:{}", password.expose_secret()));
        let header = Secret::new(format!("Basic {}", STANDARD.encode(pair.expose_secret())));
        let _ = self.user.set(user);
        let answer = visit
            .send(request.secret_header("authorization", &header))
            .await?;
        match answer.status() {
            401 => Err(refusal(
                &answer,
                Error::rejected("the OAuth server refused user name or password"),
            )
            .hint("some providers show a locked account in the same way")),
            _ => Ok(answer),
        }
    }
}

impl Destination for OpenShift {
    fn reached(&self, page: &Page) -> Result<bool, Error> {
        let is_answer = match self.authorization.get() {
            Some(authorization) => authorization.reached(page)?,
            None => false,
        };
        Ok(is_answer || (self.is_own(page) && pages::shows_token(page)))
    }

    fn pages(&self) -> &dyn IdpAdapter {
        self
    }
}

#[async_trait]
impl IdpAdapter for OpenShift {
    fn name(&self) -> &'static str {
        "openshift"
    }

    fn recognizes(&self, page: &Page) -> Recognition {
        if self.is_discovery(page) {
            return Recognition::Certain("what the API server says of its OAuth server");
        }
        match self.is_own(page).then(|| OwnPage::of(page)).flatten() {
            Some(_) => Recognition::Certain("a page of the OAuth server"),
            None => Recognition::No,
        }
    }

    async fn sign_in(&self, page: Page, visit: &mut Visit<'_>) -> Result<Page, Error> {
        if self.is_discovery(&page) {
            return match unavailable(&page) {
                Some(error) => Err(error),
                None => self.challenge(&page, visit).await,
            };
        }
        match OwnPage::of(&page) {
            Some(own) => own.answer(&page, visit).await,
            None => Err(page.unexpected("this is no page of the OAuth server that doorward knows")),
        }
    }
}

#[async_trait]
impl Kind for OpenShift {
    fn start(&self) -> Request {
        let mut url = self.url.clone();
        if !Self::is_token_page(&url) {
            url.set_path(METADATA);
            url.set_query(None);
        }
        Request::get(&url)
    }

    async fn grant(&self, portal: &Portal, arrival: &mut Arrival) -> Result<Grant, Error> {
        let user = self.user.get().map(String::as_str);
        let page = &arrival.page;
        match (self.authorization.get(), self.server.get()) {
            (Some(authorization), Some(server)) if page.redirect().is_some() => {
                let token = answer::of_redirect(portal, authorization, server, page).await?;
                answer::grant(portal, page, token, user, &Origin::shown(&self.url))
            }
            _ => {
                let (token, server) = pages::token(page)?;
                answer::grant(portal, page, token, user, &server)
            }
        }
    }
}

/// Whether a password is one of the answers
fn offers_basic(page: &Page) -> bool {
    let mut challenges = page
        .headers("www-authenticate")
        .flat_map(|line| line.split(','));
    challenges.any(|challenge| {
        let scheme = challenge.trim().split(' ').next().unwrap_or_default();
        scheme.eq_ignore_ascii_case("basic")
    })
}

/// The client of `oc`, which everybody may be
const CLIENT: &str = "openshift-challenging-client";

/// Source: <https://www.rfc-editor.org/rfc/rfc8414>
const METADATA: &str = "/.well-known/oauth-authorization-server";

const TOKEN_PAGE: &str = "/oauth/token/request";
