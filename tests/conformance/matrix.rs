//! The eight worlds: each engine, behind each kind of portal, at each host of the organisation.

pub(crate) mod enrolled;

pub(crate) mod org;
pub(crate) use org::Org;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use doorward::{Credentials, Secret};
use doorward_testkit::{
    Builder, IdxSwitches, OKTA_CUSTOM_HOST, OKTA_HOST, OktaFactor, OktaSwitches, OrgFactor,
    PASSWORD, PortalIdp, RateLimit, Round, StepUp, Testbed, USER,
};

use crate::world;

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Engine {
    Classic,
    Identity,
}

/// Which of the organisation's hosts the portal knows
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Host {
    Own,
    Custom,
}

#[derive(Clone, Copy, Eq, PartialEq)]
pub(crate) struct World {
    pub(crate) engine: Engine,
    pub(crate) portal: PortalIdp,
    pub(crate) host: Host,
}

/// What the policies ask for
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Asks {
    Password,
    /// The organisation, for a factor as well
    Factor,
    /// The organisation and then the application, for a factor each
    FactorTwice,
}

/// What a fact came to in some worlds
pub(crate) struct Found<T>(Vec<(World, T)>);

impl World {
    pub(crate) const fn new(engine: Engine, portal: PortalIdp, host: Host) -> Self {
        Self {
            engine,
            portal,
            host,
        }
    }

    pub(crate) const fn site(self) -> &'static str {
        match self.host {
            Host::Own => OKTA_HOST,
            Host::Custom => OKTA_CUSTOM_HOST,
        }
    }

    /// The organisation's host that takes no part
    pub(crate) const fn other_site(self) -> &'static str {
        match self.host {
            Host::Own => OKTA_CUSTOM_HOST,
            Host::Custom => OKTA_HOST,
        }
    }

    /// Where the engine takes the password of an account that has one first
    pub(crate) const fn password_path(self) -> &'static str {
        match self.engine {
            Engine::Classic => "/api/v1/authn",
            Engine::Identity => "/idp/idx/challenge/answer",
        }
    }

    pub(crate) fn switches(self, asks: Asks) -> OktaSwitches {
        let policy: &[Round] = match asks {
            Asks::Password => &[Round::Password],
            Asks::Factor => &[Round::Password, Round::Factor],
            Asks::FactorTwice => &[Round::Password, Round::Factor, Round::Factor],
        };
        OktaSwitches {
            identity_engine: self.engine == Engine::Identity,
            custom_domain: self.host == Host::Custom,
            org_factor: match asks {
                Asks::Password => OrgFactor::Never,
                _ => OrgFactor::Always,
            },
            step_up: match asks {
                Asks::FactorTwice => StepUp::Factor,
                _ => StepUp::None,
            },
            idx: IdxSwitches {
                policy: policy.to_vec(),
                refresh: Duration::from_secs(4),
                rate_limit: RateLimit::Code,
                ..IdxSwitches::default()
            },
            ..OktaSwitches::default()
        }
    }

    pub(crate) fn org(self, asks: Asks, enrolled: &[&OktaFactor]) -> Org {
        self.org_with(self.switches(asks), enrolled)
    }

    pub(crate) fn org_with(self, switches: OktaSwitches, enrolled: &[&OktaFactor]) -> Org {
        self.build(Testbed::builder(), switches, enrolled)
    }

    /// An organisation ten seconds after a window of one-time codes began
    pub(crate) fn build(
        self,
        builder: Builder,
        switches: OktaSwitches,
        enrolled: &[&OktaFactor],
    ) -> Org {
        let builder = builder.idp(self.portal).okta(switches);
        let bed = Arc::new(world::start(builder, enrolled));
        Org {
            world: self,
            network: bed.network().unwrap(),
            bed,
        }
    }
}

/// As failures name it
impl fmt::Display for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let portal = match self.portal {
            PortalIdp::OktaSaml => "SAML",
            _ => "OIDC",
        };
        write!(
            f,
            "{:?} engine, {portal}, {:?} domain",
            self.engine, self.host
        )
    }
}

/// What a fact comes to in these worlds
pub(crate) async fn in_each<T>(
    worlds: impl IntoIterator<Item = World>,
    fact: impl AsyncFn(World) -> T,
) -> Found<T> {
    let mut found = Vec::new();
    for world in worlds {
        found.push((world, fact(world).await));
    }
    Found(found)
}

impl<T: fmt::Debug + PartialEq> Found<T> {
    /// The same in each of them
    #[track_caller]
    pub(crate) fn is(&self, said: T) {
        self.check(|_| &said);
    }

    /// What is said of each
    #[track_caller]
    pub(crate) fn is_as(&self, said: impl Fn(World) -> T) {
        let said: Vec<(World, T)> = self
            .0
            .iter()
            .map(|(world, _)| (*world, said(*world)))
            .collect();
        self.check(|place| &said[place].1);
    }

    #[track_caller]
    fn check<'a>(&self, said: impl Fn(usize) -> &'a T)
    where
        T: 'a,
    {
        let all = self.0.iter().enumerate();
        let others = all.filter(|(place, (_, found))| found != said(*place));
        let others = others.map(|(place, (world, found))| {
            format!("{world}:\n   found {found:?}\n   said  {:?}\n", said(place))
        });
        let others: String = others.collect();
        assert!(others.is_empty(), "\n{others}");
    }
}

pub(crate) fn password() -> Credentials {
    Credentials::new(USER, Secret::new(PASSWORD)).unwrap()
}

pub(crate) fn wrong_password() -> Credentials {
    Credentials::new(USER, Secret::new("wrong")).unwrap()
}
