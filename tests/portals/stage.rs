//! One portal, the provider behind it, and what a test asks of both.

use doorward::{Error, FrontDoor, Grant, Portal, PortalKind, Walk};
use doorward_providers::Okta;
use doorward_testkit::{OKTA_HOST, OtherPortal, PORTAL_HOST, Testbed};

pub(crate) struct Stage {
    pub(crate) bed: Testbed,
}

impl Stage {
    pub(crate) fn new(portal: OtherPortal) -> Self {
        let bed = Testbed::builder().other_portal(portal).start().unwrap();
        Self { bed }
    }

    pub(crate) fn walk(&self) -> Walk {
        self.bed.walk().unwrap().adapter(Okta::default())
    }

    /// The portal at `path` of its host
    pub(crate) fn portal(&self, path: &str, walk: Walk) -> Portal {
        Portal::new(&format!("{}{path}", self.bed.portal_url()), walk).unwrap()
    }

    pub(crate) async fn open(&self, path: &str, kind: Option<PortalKind>) -> Result<Grant, Error> {
        let portal = self.portal(path, self.walk());
        let portal = match kind {
            Some(kind) => portal.kind(kind),
            None => portal,
        };
        portal.open().await
    }

    /// The requests that the portal got, and their statuses
    pub(crate) fn requests(&self) -> Vec<String> {
        let seen = self.bed.seen().into_iter();
        let own = seen.filter(|seen| seen.host == PORTAL_HOST);
        own.map(|seen| format!("{} {} {}", seen.method, seen.path, seen.status))
            .collect()
    }

    pub(crate) fn passwords(&self) -> usize {
        self.bed.count(OKTA_HOST, "/api/v1/authn")
    }
}

/// Nothing that the servers hold secret is in what a person gets to see
pub(crate) fn assert_shows_no_secret(stage: &Stage, error: &Error) {
    let mut shown = format!(
        "{error} {error:?} {:?} {:?}",
        error.trail(),
        error.next_step()
    );
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        shown.push_str(&format!("{cause} {cause:?}"));
        source = cause.source();
    }
    for secret in stage.bed.secrets() {
        assert!(!shown.contains(&secret), "{shown}");
    }
}
