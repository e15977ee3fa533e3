//! gangway, and its fork gangplank: a first page with one link, and after the login a page with commands and a download.

use async_trait::async_trait;
use url::Url;

use crate::front_door::Grant;
use crate::kubectl::KubectlCommand;
use crate::page::unavailable;
use crate::portal::download::{is_html, is_titled, refusal};
use crate::portal::kind::Kind;
use crate::portal::{Portal, foreign};
use crate::session::Origin;
use crate::walk::{Arrival, Destination};
use crate::{Error, IdpAdapter, Page, Recognition, Request, Visit};

/// The page of commands, beside which the kubeconfig is to be had
///
/// Source: <https://github.com/sighupio/gangplank>, <https://github.com/vmware-archive/gangway>
#[derive(Debug)]
pub(super) struct Gangway {
    url: Url,
}

impl Gangway {
    pub(super) fn new(url: Url) -> Self {
        Self { url }
    }

    fn is_own(&self, page: &Page) -> bool {
        Origin::of(page.url()) == Origin::of(&self.url)
    }

    /// Whether the page is one of this kind's two, by its title
    pub(super) fn is_plain(&self, page: &Page) -> bool {
        self.is_own(page) && is_titled(page, &TITLES)
    }

    /// Where the first page leads
    fn login(&self, page: &Page) -> Option<Url> {
        let is_first = self.is_own(page) && page.status() == 200 && commands(page).is_none();
        let mut links = page.links().iter().filter(|_| is_first);
        let link = links.find(|link| {
            link.url.origin() == page.url().origin() && link.url.path().ends_with("/login")
        })?;
        Some(link.url.clone())
    }

    /// The kubeconfig of the download, or of the commands where a version has none
    async fn kubeconfig(&self, portal: &Portal, arrival: &mut Arrival) -> Result<Grant, Error> {
        let Some(url) = download(&arrival.page) else {
            let commands = commands(&arrival.page).unwrap_or_default();
            let command = KubectlCommand::parse(&commands, &portal.allow)?;
            return foreign::grant(portal, &arrival.page, command.into_kubeconfig());
        };
        let page = arrival.session.send(Request::get(&url)).await?;
        if let Some(error) = unavailable(&page) {
            return Err(error);
        }
        if page.status() != 200 || is_html(&page) {
            return Err(refusal(
                &page,
                Error::portal("the portal does not give the kubeconfig that its page offers"),
            ));
        }
        foreign::grant(portal, &page, foreign::read(&page, page.body())?)
    }
}

impl Destination for Gangway {
    fn reached(&self, page: &Page) -> Result<bool, Error> {
        let has_answer = || commands(page).is_some() || download(page).is_some();
        Ok(self.is_own(page) && page.status() == 200 && is_html(page) && has_answer())
    }

    fn pages(&self) -> &dyn IdpAdapter {
        self
    }
}

#[async_trait]
impl IdpAdapter for Gangway {
    fn name(&self) -> &'static str {
        "gangway"
    }

    fn recognizes(&self, page: &Page) -> Recognition {
        if self.login(page).is_some() {
            return Recognition::Certain("gangway's first page");
        }
        let is_plain_text = self.is_own(page) && page.forms().is_empty() && page.status() >= 400;
        match is_plain_text && page.url().path().ends_with("/callback") {
            true => Recognition::Certain("gangway's refusal of an answer"),
            false => Recognition::No,
        }
    }

    async fn sign_in(&self, page: Page, visit: &mut Visit<'_>) -> Result<Page, Error> {
        if let Some(login) = self.login(&page) {
            return match visit.signed_in() {
                None => visit.get(&login).await,
                // It shows its first page to whoever has no token in a cookie.
                Some(_) => Err(refusal(
                    &page,
                    Error::portal("signed in, and the portal begins anew"),
                )
                .hint("it lost its cookies: several replicas need the same session key")),
            };
        }
        let error = match page.status() {
            429 | 501..=599 => {
                return Err(unavailable(&page).unwrap_or_else(|| page.unexpected("no answer")));
            }
            403 => Error::portal("the portal does not know the login that came back")
                .hint("it lost its cookie: several replicas need the same session key"),
            _ => Error::portal("the portal could not take the provider's answer")
                .hint("its log says why; a client secret that is wrong there is a usual reason"),
        };
        let error = refusal(&page, error);
        Err(match visit.refusal() {
            Some(said) => error.at("provider_said", said),
            None => error,
        })
    }
}

#[async_trait]
impl Kind for Gangway {
    fn start(&self) -> Request {
        Request::get(&self.url)
    }

    async fn grant(&self, portal: &Portal, arrival: &mut Arrival) -> Result<Grant, Error> {
        self.kubeconfig(portal, arrival).await
    }
}

/// The address of the download: a link in gangway, a form with a name for the file in gangplank
fn download(page: &Page) -> Option<Url> {
    let is_it =
        |url: &&Url| url.origin() == page.url().origin() && url.path().ends_with("/kubeconf");
    let mut links = page.links().iter().map(|link| &link.url);
    let mut forms = page.forms().iter().map(|form| form.action());
    links.find(is_it).or_else(|| forms.find(is_it)).cloned()
}

/// The commands: the block that writes a kubeconfig, and not the one that installs kubectl
fn commands(page: &Page) -> Option<String> {
    let mut blocks = page.verbatim("pre code").into_iter();
    blocks.find(|block| block.contains("kubectl config set-credentials"))
}

const TITLES: [&str; 2] = ["Gangway", "Gangplank"];
