//! Puts a testbed together.

use std::fmt;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;

use tokio_rustls::TlsAcceptor;

use crate::api_server::{ADMIN_TOKEN, ApiServer, READER_TOKEN};
use crate::ci::{self, JOB_TOKEN};
use crate::doubles::{Doubles, Service};
use crate::fault::Fault;
use crate::gate::Gate;
use crate::http::{Answer, Ask};
use crate::idp::IdpDouble;
use crate::keys::Keys;
use crate::okta::{Okta, OktaFactor, OktaSwitches};
use crate::openunison::{OpenUnison, PortalSwitches};
use crate::person::Person;
use crate::portals::OtherPortal;
use crate::serve::Server;
use crate::testbed::Testbed;
use crate::tls::{Certificates, TlsSwitch};
use crate::world::{
    API_HOST, CONTROL_PLANE_HOST, EVIL_HOST, Names, PORTAL_HOST, RUNNER_HOST, Site, World,
};

/// What stands behind the portal
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum PortalIdp {
    /// The Okta org, by OIDC
    #[default]
    OktaOidc,
    /// The Okta org, by SAML 2.0
    OktaSaml,
    /// The portal's own login form over its directory
    Form,
}

/// Puts a world together
///
/// ```
/// use std::time::Duration;
///
/// use doorward_testkit::{OktaSwitches, PortalIdp, PortalSwitches, StepUp, Testbed};
///
/// let bed = Testbed::builder()
///     .idp(PortalIdp::OktaSaml)
///     .okta(OktaSwitches { step_up: StepUp::Password, ..OktaSwitches::default() })
///     .portal(PortalSwitches { grace: Duration::from_secs(5), ..PortalSwitches::default() })
///     .start()?;
/// assert_eq!(bed.count("k8sou", "/k8stoken/token/user"), 0);
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Default)]
pub struct Builder {
    idp: PortalIdp,
    double: Option<Box<dyn IdpDouble>>,
    satellite: bool,
    other: Option<OtherPortal>,
    okta: OktaSwitches,
    portal: PortalSwitches,
    people: Vec<Person>,
    enrolled: Vec<(String, OktaFactor)>,
    names: Names,
    tls: TlsSwitch,
    faults: Vec<Fault>,
    gate: Gate,
}

impl Builder {
    /// Chooses what stands behind the portal
    #[must_use]
    pub fn idp(mut self, idp: PortalIdp) -> Self {
        self.idp = idp;
        self
    }

    /// Puts an identity provider of the test's own behind the portal
    #[must_use]
    pub fn idp_double(mut self, double: Box<dyn IdpDouble>) -> Self {
        self.double = Some(double);
        self
    }

    /// Makes the portal a satellite: its identity provider is another OpenUnison, which has the chosen one
    #[must_use]
    pub fn satellite(mut self) -> Self {
        self.satellite = true;
        self
    }

    /// Sets the Okta org's switches
    #[must_use]
    pub fn okta(mut self, switches: OktaSwitches) -> Self {
        self.okta = switches;
        self
    }

    /// Sets the portal's switches
    #[must_use]
    pub fn portal(mut self, switches: PortalSwitches) -> Self {
        self.portal = switches;
        self
    }

    /// Puts a portal of another kind in OpenUnison's place
    #[must_use]
    pub fn other_portal(mut self, portal: OtherPortal) -> Self {
        self.other = Some(portal);
        self
    }

    /// Adds somebody with an account; [`USER`] has one in any case
    #[must_use]
    pub fn person(mut self, person: Person) -> Self {
        self.people.push(person);
        self
    }

    /// Enrols a factor at the Okta org; somebody unknown gets an account with [`PASSWORD`]
    ///
    /// The user names that stand for a status, such as `password-expired`, are known.
    #[must_use]
    pub fn enroll(mut self, login: &str, factor: &OktaFactor) -> Self {
        self.enrolled.push((login.to_owned(), factor.clone()));
        self
    }

    /// Chooses how the sites are reached
    #[must_use]
    pub fn names(mut self, names: Names) -> Self {
        self.names = names;
        self
    }

    /// Chooses the certificate
    #[must_use]
    pub fn tls(mut self, switch: TlsSwitch) -> Self {
        self.tls = switch;
        self
    }

    /// Puts a gate before the portal
    #[must_use]
    pub fn gate(mut self, gate: Gate) -> Self {
        self.gate = gate;
        self
    }

    /// Adds a trouble
    #[must_use]
    pub fn fault(mut self, fault: Fault) -> Self {
        self.faults.push(fault);
        self
    }

    /// Opens the ports and serves
    ///
    /// # Errors
    ///
    /// When no loopback port can be opened.
    pub fn start(self) -> io::Result<Testbed> {
        let mut people = vec![Person::new(USER, PASSWORD).groups(&["admins", "k8s-users"])];
        people.extend(self.people);
        for (login, factor) in self.enrolled {
            match people.iter_mut().find(|person| person.login == login) {
                Some(person) => person.factors.push(factor),
                None => people.push(Person::new(&login, PASSWORD).factor(&factor)),
            }
        }
        let idp = self
            .double
            .unwrap_or_else(|| Box::new(Okta::new(self.okta, people.clone(), self.idp)));

        let mut names: Vec<String> = [PORTAL_HOST, API_HOST, EVIL_HOST, CONTROL_PLANE_HOST]
            .map(str::to_owned)
            .to_vec();
        names.extend(idp.sites());
        names.push(RUNNER_HOST.to_owned());
        let (listeners, sites) = open(&names, self.names)?;
        let hosts: Vec<String> = sites.iter().map(Site::host).collect();
        let certificates = Certificates::make(&hosts, self.tls, self.gate.client_certificate)?;
        let world = World::new(Keys::load()?, sites, certificates.ca_pem);
        for (_, value) in &self.gate.headers {
            world.secret(value);
        }
        for person in &people {
            world.secret(&person.password);
            for secret in person.factors.iter().flat_map(OktaFactor::secrets) {
                world.code(secret);
            }
        }

        let form = self.idp == PortalIdp::Form;
        let portal: Box<dyn Service> = if let Some(other) = self.other {
            other.open(people, idp, &world)
        } else if self.satellite {
            let behind = OpenUnison::new(
                CONTROL_PLANE_HOST,
                PortalSwitches::default(),
                people.clone(),
                idp,
                form,
                &world,
            );
            let behind = Box::new(behind);
            let satellite =
                OpenUnison::new(PORTAL_HOST, self.portal, people, behind, false, &world);
            Box::new(satellite)
        } else {
            let portal = OpenUnison::new(PORTAL_HOST, self.portal, people, idp, form, &world);
            Box::new(portal)
        };
        for secret in [ADMIN_TOKEN, READER_TOKEN, JOB_TOKEN] {
            world.secret(secret);
        }
        let api = ApiServer::new(&world.origin(PORTAL_HOST), world.origin(RUNNER_HOST));
        let doubles = Arc::new(Doubles::new(
            world,
            Box::new(Sites { portal, api }),
            self.faults,
            self.gate,
        ));
        let server = Server::start(
            listeners,
            TlsAcceptor::from(certificates.config),
            Arc::clone(&doubles),
        )?;
        Ok(Testbed::new(doubles, server, certificates.client))
    }
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("idp", &self.idp)
            .field("okta", &self.okta)
            .field("portal", &self.portal)
            .finish_non_exhaustive()
    }
}

struct Sites {
    portal: Box<dyn Service>,
    api: ApiServer,
}

impl Service for Sites {
    fn answer(&mut self, ask: &Ask, world: &World) -> Answer {
        match ask.site() {
            API_HOST => self.api.answer(ask, world),
            EVIL_HOST => evil(ask, world),
            RUNNER_HOST => ci::answer(ask, world),
            "" => {
                world.complain(format!(
                    "a request for the unknown host of {}",
                    ask.origin()
                ));
                Answer::empty(421)
            }
            _ => self.portal.answer(ask, world),
        }
    }

    fn end_sessions(&mut self, login: &str) -> usize {
        self.portal.end_sessions(login)
    }
}

/// A login form as any phisher would put up
fn evil(ask: &Ask, world: &World) -> Answer {
    if ask.method() != "GET" {
        world.complain("the evil host got a form");
    }
    Answer::html(
        200,
        "<!DOCTYPE html><html><head><title>Sign in</title></head><body>\
         <form method=\"post\" action=\"/login\"><input name=\"username\">\
         <input type=\"password\" name=\"password\"><button>Sign in</button></form></body></html>",
    )
}

fn open(names: &[String], how: Names) -> io::Result<(Vec<TcpListener>, Vec<Site>)> {
    let mut listeners: Vec<TcpListener> = Vec::new();
    let mut sites = Vec::new();
    for (place, name) in names.iter().enumerate() {
        let address = match listeners.last() {
            Some(listener) if how == Names::Hosts => listener.local_addr()?,
            _ => {
                let listener = TcpListener::bind(SocketAddr::new(Site::ip(how, place), 0))?;
                listener.set_nonblocking(true)?;
                let address = listener.local_addr()?;
                listeners.push(listener);
                address
            }
        };
        sites.push(Site {
            name: name.clone(),
            names: how,
            address,
        });
    }
    Ok((listeners, sites))
}

/// Somebody with an account everywhere
pub const USER: &str = "jdoe@acme.test";
/// The password of [`USER`]; nearly every character of it must be encoded somewhere
pub const PASSWORD: &str = "p&ss +w%rd=\"<ü>'{}\\";
