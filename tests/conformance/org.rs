//! One organisation, the logins there, and what its servers saw of them.

use std::sync::Arc;

use doorward::{CodeSource, Credentials, Error, ErrorKind, Grant, Network, Secret, Walk};
use doorward_providers::Okta;
use doorward_testkit::{OKTA_CUSTOM_HOST, OKTA_HOST, PORTAL_HOST, Seen, Testbed};

use super::World;
use crate::stage;

/// One organisation with the account of [`USER`]
#[derive(Clone)]
pub(crate) struct Org {
    pub(crate) world: World,
    pub(crate) bed: Arc<Testbed>,
    /// Shared by its logins, which keeps them short
    pub(super) network: Network,
}

pub(crate) struct Login {
    pub(crate) outcome: Result<Grant, Error>,
    pub(crate) told: Vec<String>,
}

/// What the servers saw of all logins so far
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Counts {
    /// Passwords, codes, answers and signatures
    pub(crate) tries: usize,
    /// Codes, answers and signatures that were refused
    pub(crate) refused: usize,
    pub(crate) pushes: usize,
    pub(crate) polls: usize,
    /// Codes by message or mail
    pub(crate) sent: usize,
    /// Requests to the organisation
    pub(crate) org: usize,
    /// Requests to the portal
    pub(crate) portal: usize,
}

impl Org {
    /// A walk that names nothing but the host at which the login begins
    pub(crate) fn walk(&self, credentials: Credentials) -> Walk {
        let walk = Walk::new()
            .network(self.network.clone())
            .credentials(credentials)
            .adapter(Okta::default());
        walk.idp_url(&self.bed.url(self.world.site())).unwrap()
    }

    pub(crate) async fn log_in(&self, credentials: Credentials) -> Login {
        self.log_in_by(self.walk(credentials)).await
    }

    /// A login in which the servers had nothing to complain of
    pub(crate) async fn log_in_by(&self, walk: Walk) -> Login {
        let (outcome, told) = stage::log_in(&self.bed, walk).await;
        if let Err(error) = &outcome {
            // Shown where the test fails.
            eprintln!("{}: {error} {:?}", self.world, error.next_step());
        }
        let complaints = self.bed.complaints();
        assert!(complaints.is_empty(), "{}: {complaints:#?}", self.world);
        Login { outcome, told }
    }

    pub(crate) fn counts(&self) -> Counts {
        let seen = self.bed.seen();
        let at = |site: &str| seen.iter().filter(|seen| seen.host == site).count();
        let factors = self.bed.factor_counts();
        Counts {
            tries: seen.iter().filter(|seen| is_try(seen)).count(),
            refused: factors.wrong + factors.replayed + factors.skewed,
            pushes: factors.pushes,
            polls: factors.polls,
            sent: factors.sent,
            org: at(OKTA_HOST) + at(OKTA_CUSTOM_HOST),
            portal: at(PORTAL_HOST),
        }
    }

    /// Every code that went out by message or mail, oldest first
    pub(crate) fn codes_sent(&self) -> Vec<String> {
        let sent = self.bed.outbox().into_iter();
        sent.map(|sent| sent.code).collect()
    }

    /// Reads what came last
    pub(crate) fn inbox(&self) -> CodeSource {
        let org = self.clone();
        CodeSource::callback(move |_| {
            let code = org.codes_sent().pop().map(Secret::new);
            code.ok_or_else(|| Error::config("nothing came"))
        })
    }
}

impl Login {
    /// How it ended: with a token, or with an error of this kind
    pub(crate) fn end(&self) -> Result<(), ErrorKind> {
        let outcome = self.outcome.as_ref();
        outcome.map(|_| ()).map_err(|error| error.kind())
    }

    /// How many texts of that beginning were told
    pub(crate) fn told(&self, start: &str) -> usize {
        let told = self.told.iter();
        told.filter(|text| text.starts_with(start)).count()
    }
}

/// Whether a request holds something that can be refused: the names of both engines
fn is_try(seen: &Seen) -> bool {
    const NAMES: [&str; 5] = [
        "password",
        "passCode",
        "answer",
        "signatureData",
        "credentials",
    ];
    let mut fields = seen.fields.iter();
    fields.any(|field| NAMES.contains(&field.as_str()))
}
