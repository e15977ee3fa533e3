//! A portal of which nobody said what kind it is: the first page that makes it plain decides.

use std::sync::OnceLock;

use async_trait::async_trait;
use url::Url;

use crate::front_door::Grant;
use crate::portal::dex_k8s_authenticator::DexK8sAuthenticator;
use crate::portal::download::Download;
use crate::portal::gangway::Gangway;
use crate::portal::kind::Kind;
use crate::portal::openunison::OpenUnison;
use crate::portal::{Portal, PortalKind};
use crate::walk::{Arrival, Destination};
use crate::{Error, IdpAdapter, Page, Recognition, Request, Visit};

/// All kinds that a page can tell; where none does, OpenUnison
#[derive(Debug)]
pub(super) struct Detected {
    openunison: OpenUnison,
    gangway: Gangway,
    dex_k8s_authenticator: DexK8sAuthenticator,
    download: Download,
    /// What a page has told: later pages may not say it again
    told: OnceLock<PortalKind>,
}

impl Detected {
    pub(super) fn new(url: Url) -> Self {
        Self {
            openunison: OpenUnison::new(url.clone()),
            gangway: Gangway::new(url.clone()),
            dex_k8s_authenticator: DexK8sAuthenticator::new(url.clone()),
            download: Download::new(url),
            told: OnceLock::new(),
        }
    }

    /// The kind that `page` is plainly of, or that a page before was
    fn kind(&self, page: &Page) -> &dyn Kind {
        let told = self.told.get().copied().or_else(|| {
            let told = self.plain(page)?;
            Some(*self.told.get_or_init(|| told))
        });
        match told {
            Some(PortalKind::Gangway) => &self.gangway,
            Some(PortalKind::DexK8sAuthenticator) => &self.dex_k8s_authenticator,
            Some(PortalKind::Download) => &self.download,
            _ => &self.openunison,
        }
    }

    fn plain(&self, page: &Page) -> Option<PortalKind> {
        match page {
            _ if self.gangway.is_plain(page) => Some(PortalKind::Gangway),
            _ if self.dex_k8s_authenticator.is_plain(page) => Some(PortalKind::DexK8sAuthenticator),
            _ if self.download.is_plain(page) => Some(PortalKind::Download),
            _ => None,
        }
    }
}

impl Destination for Detected {
    fn reached(&self, page: &Page) -> Result<bool, Error> {
        self.kind(page).reached(page)
    }

    fn pages(&self) -> &dyn IdpAdapter {
        self
    }
}

#[async_trait]
impl IdpAdapter for Detected {
    fn name(&self) -> &'static str {
        "portal"
    }

    fn recognizes(&self, page: &Page) -> Recognition {
        self.kind(page).pages().recognizes(page)
    }

    async fn sign_in(&self, page: Page, visit: &mut Visit<'_>) -> Result<Page, Error> {
        self.kind(&page).pages().sign_in(page, visit).await
    }
}

#[async_trait]
impl Kind for Detected {
    fn start(&self) -> Request {
        self.openunison.start()
    }

    fn ends_all_sessions(&self) -> bool {
        self.told.get().is_none()
    }

    async fn grant(&self, portal: &Portal, arrival: &mut Arrival) -> Result<Grant, Error> {
        self.kind(&arrival.page).grant(portal, arrival).await
    }
}
