//! What the tests of the issuer have in common.

use doorward::{Credentials, Error, FrontDoor, Grant, Issuer, Secret, SecretSource, Walk};
use doorward_providers::LoginForm;
use doorward_testkit::{CLIENT_ID, Flaw, PASSWORD, Provider, ProviderSwitches, Testbed, USER};

pub(crate) struct Scene {
    pub(crate) bed: Testbed,
    pub(crate) provider: Provider,
}

impl Scene {
    pub(crate) fn new(switches: ProviderSwitches) -> Self {
        let provider = Provider::new(switches);
        let double = Box::new(provider.clone());
        let bed = Testbed::builder().idp_double(double).start().unwrap();
        Self { bed, provider }
    }

    pub(crate) fn usual() -> Self {
        Self::new(ProviderSwitches::default())
    }

    pub(crate) fn flawed(flaw: Flaw) -> Self {
        Self::new(ProviderSwitches {
            flaw: Some(flaw),
            ..ProviderSwitches::default()
        })
    }

    pub(crate) fn walk(&self) -> Walk {
        self.walk_with(PASSWORD)
    }

    pub(crate) fn walk_with(&self, password: &str) -> Walk {
        let credentials = Credentials::new(USER, Secret::new(password)).unwrap();
        self.bare_walk()
            .credentials(credentials)
            .adapter(LoginForm::default())
    }

    /// Without anybody who signs in
    pub(crate) fn bare_walk(&self) -> Walk {
        Walk::new().network(self.bed.network().unwrap())
    }

    pub(crate) fn issuer(&self) -> Issuer {
        self.issuer_by(self.walk())
    }

    pub(crate) fn issuer_by(&self, walk: Walk) -> Issuer {
        Issuer::new(&Provider::issuer(&self.bed), CLIENT_ID, walk).unwrap()
    }

    pub(crate) async fn open(&self) -> Result<Grant, Error> {
        self.issuer().open().await
    }

    /// Nothing that the provider would not forgive
    pub(crate) fn assert_clean(&self) {
        assert_eq!(self.bed.complaints(), Vec::<String>::new());
    }

    /// Every request, as method, path and status
    pub(crate) fn requests(&self) -> Vec<String> {
        let seen = self.bed.seen().into_iter();
        seen.map(|seen| format!("{} {} {}", seen.method, seen.path, seen.status))
            .collect()
    }
}

pub(crate) fn secret(text: &str) -> SecretSource {
    SecretSource::value(Secret::new(text))
}
