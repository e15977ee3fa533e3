//! dex-k8s-authenticator: a choice of clusters, and after the login one page with commands for each system.

use async_trait::async_trait;
use url::Url;

use crate::front_door::Grant;
use crate::kubectl::KubectlCommand;
use crate::page::Link;
use crate::portal::download::{is_titled, refusal};
use crate::portal::kind::Kind;
use crate::portal::{Portal, foreign};
use crate::session::Origin;
use crate::walk::{Arrival, Destination};
use crate::{Error, IdpAdapter, Page, Recognition, Request, Visit, redact};

/// The page with the commands, which newer versions show as a kubeconfig, too
///
/// Source: <https://github.com/mintel/dex-k8s-authenticator>
#[derive(Debug)]
pub(super) struct DexK8sAuthenticator {
    url: Url,
}

impl DexK8sAuthenticator {
    pub(super) fn new(url: Url) -> Self {
        Self { url }
    }

    fn is_own(&self, page: &Page) -> bool {
        Origin::of(page.url()) == Origin::of(&self.url)
    }

    /// Whether the page is one of this kind's, by its title
    pub(super) fn is_plain(&self, page: &Page) -> bool {
        self.is_own(page) && is_titled(page, &TITLES)
    }

    /// The links to clusters, by name
    fn clusters<'p>(&self, page: &'p Page) -> Vec<(&'p str, &'p Link)> {
        let cluster = |link: &'p Link| {
            let (above, name) = link.url.path().rsplit_once('/')?;
            let is_one = above.ends_with("/login")
                && !name.is_empty()
                && link.url.origin() == page.url().origin();
            is_one.then_some((name, link))
        };
        let links = page
            .links()
            .iter()
            .filter(|_| self.is_own(page) && page.status() == 200);
        let mut found: Vec<_> = links.filter_map(cluster).collect();
        found.dedup_by_key(|(_, link)| &link.url);
        found
    }
}

impl Destination for DexK8sAuthenticator {
    fn reached(&self, page: &Page) -> Result<bool, Error> {
        Ok(self.is_own(page) && page.status() == 200 && Blocks::of(page).is_some())
    }

    fn pages(&self) -> &dyn IdpAdapter {
        self
    }
}

#[async_trait]
impl IdpAdapter for DexK8sAuthenticator {
    fn name(&self) -> &'static str {
        "dex-k8s-authenticator"
    }

    fn recognizes(&self, page: &Page) -> Recognition {
        if !self.clusters(page).is_empty() {
            return Recognition::Certain("a choice of clusters");
        }
        let is_refusal = self.is_own(page) && page.status() == 400;
        match is_refusal && page.forms().is_empty() {
            true => Recognition::Certain("a refusal of the portal's"),
            false => Recognition::No,
        }
    }

    async fn sign_in(&self, page: Page, visit: &mut Visit<'_>) -> Result<Page, Error> {
        let clusters = self.clusters(&page);
        if clusters.is_empty() {
            let error = Error::portal("the portal could not take the provider's answer")
                .hint("its log says why; a client secret that is wrong there is a usual reason");
            let error = refusal(&page, error);
            return Err(match visit.refusal() {
                Some(said) => error.at("provider_said", said),
                None => error,
            });
        }
        let (_, chosen) = visit.choose_one(clusters, |(name, link)| (&link.text, name))?;
        visit.get(&chosen.url).await
    }
}

#[async_trait]
impl Kind for DexK8sAuthenticator {
    fn start(&self) -> Request {
        Request::get(&self.url)
    }

    async fn grant(&self, portal: &Portal, arrival: &mut Arrival) -> Result<Grant, Error> {
        let page = &arrival.page;
        let kubeconfig = match Blocks::of(page) {
            Some(Blocks::Kubeconfig(text)) => foreign::read(page, text.as_bytes())?,
            Some(Blocks::Commands(blocks)) => {
                let commands = commands(blocks, portal.target.is_some())?;
                KubectlCommand::parse(&commands, &portal.allow)?.into_kubeconfig()
            }
            None => {
                return Err(refusal(
                    page,
                    Error::portal("the portal's page holds no commands"),
                ));
            }
        };
        foreign::grant(portal, page, kubeconfig)
    }
}

/// What the page gives to copy
enum Blocks {
    /// A whole kubeconfig
    Kubeconfig(String),
    /// Commands, one to a block
    Commands(Vec<String>),
}

impl Blocks {
    /// Of several systems' commands, those of the first that has any: the shell's
    fn of(page: &Page) -> Option<Self> {
        let has_commands = |blocks: &Vec<String>| {
            let mut blocks = blocks.iter();
            blocks.any(|block| block.contains("kubectl config set-credentials"))
        };
        let mut tabs = SHELLS.iter().map(|css| page.verbatim(css));
        let commands = tabs.find(has_commands)?;
        let is_download = |text: &&String| {
            let lines = || text.lines().map(str::trim_end);
            lines().any(|line| line == "kind: Config") && lines().any(|line| line == "users:")
        };
        let is_of_cluster = |(_, to): (&str, &str)| !to.ends_with(IDP_CA);
        let fetches_ca = commands
            .iter()
            .any(|block| fetched(block).is_some_and(is_of_cluster));
        let all = page.verbatim("pre code");
        let whole = all.iter().find(is_download);
        // Where the certificate is fetched by a command, the kubeconfig on the page lacks it, and does not say so.
        match whole.filter(|_| !fetches_ca) {
            Some(text) => Some(Self::Kubeconfig(text.trim_start_matches('\n').to_owned())),
            None => Some(Self::Commands(commands)),
        }
    }
}

/// The commands as one text, for the recognizer
///
/// What they fetch is never fetched. The provider's certificate is left out, since it is doorward who talks to the provider, and
/// so is the cluster's where the caller says what cluster it is.
fn commands(blocks: Vec<String>, is_cluster_known: bool) -> Result<String, Error> {
    let mut text = String::new();
    for block in blocks {
        match fetched(&block) {
            Some((_, to)) if is_cluster_known || to.ends_with(IDP_CA) => {
                let folder = to.rsplit_once('/').map_or(to, |(folder, _)| folder);
                text.push_str(&format!("mkdir -p {folder} && cat << EOF > {to}\nEOF"));
            }
            Some((from, _)) => {
                return Err(Error::config("the portal's commands fetch the cluster's certificate, which doorward does not")
                    .at("from", redact::url(from))
                    .hint("look at it yourself, and give the cluster by --server and --certificate-authority, with --portal-kind dex-k8s-authenticator"));
            }
            None => text.push_str(block.trim()),
        }
        text.push('\n');
    }
    Ok(text)
}

/// The address from which a block fetches a certificate, and the file that it makes
fn fetched(block: &str) -> Option<(&str, &str)> {
    let words: Vec<&str> = block.split_whitespace().collect();
    match words[..] {
        ["curl", "--create-dirs", "-s", from, "-o", to] => Some((from, to)),
        _ => None,
    }
}

const TITLES: [&str; 2] = ["Generate Kubernetes Token", "Kubernetes Configuration"];

const IDP_CA: &str = "/idp-ca.crt";

const SHELLS: [&str; 3] = ["#Linux pre code", "#MacOS pre code", "pre code"];
