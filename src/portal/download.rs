//! Portals in general that give a kubeconfig: any URL that answers one after the login.

use async_trait::async_trait;
use url::Url;

use crate::front_door::Grant;
use crate::page::PageKind;
use crate::portal::kind::Kind;
use crate::portal::{Portal, foreign};
use crate::session::Origin;
use crate::walk::{Arrival, Destination};
use crate::{Error, IdpAdapter, Page, Recognition, Request, Visit};

/// 200, no HTML, at the very URL that was asked for
#[derive(Debug)]
pub(super) struct Download {
    url: Url,
}

impl Download {
    pub(super) fn new(url: Url) -> Self {
        Self { url }
    }

    fn is_here(&self, page: &Page) -> bool {
        Origin::of(page.url()) == Origin::of(&self.url) && page.url().path() == self.url.path()
    }

    /// Whether the answer says by itself that it is a kubeconfig
    pub(super) fn is_plain(&self, page: &Page) -> bool {
        let is_one = || match page.json() {
            Some(json) => json.get("kind").is_some_and(|kind| kind == "Config"),
            None => {
                foreign::read(page, page.body()).is_ok_and(|it| it.root().contains_key("users"))
            }
        };
        self.is_here(page) && page.status() == 200 && !is_html(page) && is_one()
    }
}

impl Destination for Download {
    fn reached(&self, page: &Page) -> Result<bool, Error> {
        let is_answer = self.is_here(page) && page.status() == 200 && !is_html(page);
        // An empty answer, or one that holds a form without saying so, is for the walk to judge.
        Ok(is_answer
            && !page.body().is_empty()
            && matches!(page.kind(), PageKind::Other | PageKind::Json))
    }

    fn pages(&self) -> &dyn IdpAdapter {
        self
    }
}

#[async_trait]
impl IdpAdapter for Download {
    fn name(&self) -> &'static str {
        "download"
    }

    fn recognizes(&self, page: &Page) -> Recognition {
        let is_message = matches!(page.kind(), PageKind::Other) && page.forms().is_empty();
        match is_message {
            true => Recognition::Possible("a page of the portal's that is no kubeconfig"),
            false => Recognition::No,
        }
    }

    async fn sign_in(&self, page: Page, visit: &mut Visit<'_>) -> Result<Page, Error> {
        let status = page.status();
        let is_elsewhere = !self.is_here(&page) && status == 200;
        match visit.signed_in() {
            // Many portals forget where we wanted to go, and lead to their first page. A second time is a circle.
            Some(_) if is_elsewhere => visit.get(&self.url).await,
            Some(_) if matches!(status, 401 | 403) => Err(refusal(
                &page,
                Error::denied("signed in, but the portal gives this user no kubeconfig"),
            )),
            _ => Err(refusal(
                &page,
                Error::portal("the portal shows a page in place of a kubeconfig"),
            )
            .hint("is this the URL of the download itself? It is asked for by GET")),
        }
    }
}

#[async_trait]
impl Kind for Download {
    fn start(&self) -> Request {
        Request::get(&self.url)
    }

    async fn grant(&self, portal: &Portal, arrival: &mut Arrival) -> Result<Grant, Error> {
        let page = &arrival.page;
        foreign::grant(portal, page, foreign::read(page, page.body())?)
    }
}

pub(super) fn refusal(page: &Page, error: Error) -> Error {
    error
        .at("path", page.path())
        .at("status", page.status().to_string())
}

/// Whether the page is HTML with one of these titles
pub(super) fn is_titled(page: &Page, titles: &[&str]) -> bool {
    let title = || page.text_of("title").unwrap_or_default();
    is_html(page) && titles.contains(&title().trim())
}

pub(super) fn is_html(page: &Page) -> bool {
    let header = page.header("content-type").unwrap_or_default();
    header
        .trim_start()
        .get(..9)
        .is_some_and(|kind| kind.eq_ignore_ascii_case("text/html"))
}
