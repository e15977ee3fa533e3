//! One double of Dex behind a portal, and the logins there.

use async_trait::async_trait;
use doorward::{Credentials, Error, FrontDoor, Grant, IdpAdapter, Page, Portal, Recognition};
use doorward::{Secret, Visit, Walk};
use doorward_testkit::Testbed;

use crate::double::{DexDouble, PASSWORD, SITE, Switches, Theme, UPSTREAM, USER, Version};

pub(crate) struct Stage {
    pub(crate) bed: Testbed,
}

impl Stage {
    pub(crate) fn new(switches: Switches) -> Self {
        let double = Box::new(DexDouble::new(switches));
        let bed = Testbed::builder().idp_double(double).start();
        Self { bed: bed.unwrap() }
    }

    /// Every adapter there is, and both hosts named
    pub(crate) fn walk(&self) -> Walk {
        self.walk_to(&[SITE, UPSTREAM])
    }

    pub(crate) fn walk_to(&self, named: &[&str]) -> Walk {
        let walk = Walk::new()
            .network(self.bed.network().unwrap())
            .credentials(credentials(USER, PASSWORD))
            .adapter(Upstream);
        let adapters = doorward_providers::all().into_iter();
        let walk = adapters.fold(walk, Walk::shared_adapter);
        let named = named.iter().map(|site| self.bed.url(site));
        named.fold(walk, |walk, url| walk.idp_url(&url).unwrap())
    }

    /// A login of which the double had nothing to complain
    pub(crate) async fn log_in(&self, walk: Walk) -> Result<Grant, Error> {
        let outcome = Portal::new(&self.bed.portal_url(), walk)?.open().await;
        let complaints = self.bed.complaints();
        assert!(complaints.is_empty(), "{complaints:#?} {outcome:?}");
        outcome
    }

    /// What Dex saw
    pub(crate) fn requests(&self) -> Vec<String> {
        let seen = self.bed.seen().into_iter().filter(|seen| seen.host == SITE);
        let shown = seen.map(|seen| format!("{} {} {}", seen.method, seen.path, seen.status));
        shown.collect()
    }

    pub(crate) fn posts(&self, path: &str) -> usize {
        let start = format!("POST {path} ");
        let requests = self.requests();
        requests
            .iter()
            .filter(|line| line.starts_with(&start))
            .count()
    }
}

pub(crate) fn credentials(user: &str, password: &str) -> Credentials {
    Credentials::new(user, Secret::new(password)).unwrap()
}

pub(crate) fn versions_and_themes() -> impl Iterator<Item = (Version, Theme)> {
    let themes = [Theme::Stock, Theme::Own].into_iter();
    themes.flat_map(|theme| VERSIONS.map(|version| (version, theme)))
}

/// Where the form of the connector `local` is posted
pub(crate) fn form_of(version: Version) -> &'static str {
    match version {
        Version::V2_24 => "/dex/auth/local",
        _ => "/dex/auth/local/login",
    }
}

/// The requests up to the form, where there is one connector
pub(crate) fn way_to_the_form(version: Version) -> Vec<String> {
    let way: &[&str] = match version {
        Version::V2_24 => &["GET /dex/auth 302", "GET /dex/auth/local 200"],
        _ => &[
            "GET /dex/auth 302",
            "GET /dex/auth/local 302",
            "GET /dex/auth/local/login 200",
        ],
    };
    way.iter().map(|line| (*line).to_owned()).collect()
}

/// Signs in at the provider behind a connector
#[derive(Clone, Debug)]
struct Upstream;

#[async_trait]
impl IdpAdapter for Upstream {
    fn name(&self) -> &'static str {
        "upstream"
    }

    fn recognizes(&self, page: &Page) -> Recognition {
        match page.form_with("pin") {
            Some(_) => Recognition::Certain("a form with pin"),
            None => Recognition::No,
        }
    }

    async fn sign_in(&self, page: Page, visit: &mut Visit<'_>) -> Result<Page, Error> {
        let mut form = page.expect_form_with("pin")?;
        form.set("mail", visit.username());
        form.set_secret("pin", &visit.password().await?);
        visit.submit(form).await
    }
}

pub(crate) const VERSIONS: [Version; 5] = [
    Version::V2_24,
    Version::V2_30,
    Version::V2_35,
    Version::V2_45,
    Version::Next,
];
