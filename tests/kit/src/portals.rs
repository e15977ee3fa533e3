//! Portals of other kinds than OpenUnison.

mod dex_k8s_authenticator;
mod download;
mod gangway;
mod kubeconfig;
mod openshift;
mod pinniped;
mod relying;

use crate::doubles::Service;
use crate::http::{Answer, Ask};
use crate::idp::IdpDouble;
use crate::person::Person;
use crate::world::World;

pub use dex_k8s_authenticator::{ClusterCa, DexK8sAuthenticatorSwitches};
pub use download::DownloadSwitches;
pub use gangway::GangwaySwitches;
pub use openshift::{Challenge, OpenShiftSwitches};
pub use pinniped::PinnipedSwitches;

use dex_k8s_authenticator::DexK8sAuthenticator;
use download::Download;
use gangway::Gangway;
use openshift::OpenShift;
use pinniped::Pinniped;

/// A portal of another kind, in OpenUnison's place at [`crate::PORTAL_HOST`]
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum OtherPortal {
    /// dex-k8s-authenticator
    DexK8sAuthenticator(DexK8sAuthenticatorSwitches),
    /// One address that answers a kubeconfig, behind a proxy that asks for a login
    Download(DownloadSwitches),
    /// gangway or gangplank
    Gangway(GangwaySwitches),
    /// An OpenShift cluster, whose OAuth server is at [`crate::CONTROL_PLANE_HOST`]
    OpenShift(OpenShiftSwitches),
    /// Pinniped's Supervisor
    Pinniped(PinnipedSwitches),
}

impl OtherPortal {
    pub(crate) fn open(
        self,
        people: Vec<Person>,
        idp: Box<dyn IdpDouble>,
        world: &World,
    ) -> Box<dyn Service> {
        match self {
            Self::DexK8sAuthenticator(switches) => {
                Box::new(DexK8sAuthenticator::new(switches, idp, world))
            }
            Self::Download(switches) => Box::new(Download::new(switches, idp, world)),
            Self::Gangway(switches) => Box::new(Gangway::new(switches, idp, world)),
            Self::OpenShift(switches) => Box::new(OpenShift::new(switches, people, idp, world)),
            Self::Pinniped(switches) => Box::new(Pinniped::new(switches, people, idp)),
        }
    }
}

/// An answer in plain text, as Go's servers fail
fn plain(status: u16, text: &str) -> Answer {
    Answer::empty(status)
        .header("Content-Type", "text/plain; charset=utf-8")
        .body(format!("{text}\n"))
}

/// A redirect of that status
fn redirect(status: u16, location: impl Into<String>) -> Answer {
    Answer::empty(status).header("Location", location)
}

/// Nothing but a browser's GET reads these pages
fn is_get(ask: &Ask, world: &World) -> bool {
    let is_get = ask.method() == "GET";
    if !is_get {
        world.complain(format!("{} {} is no GET", ask.method(), ask.path()));
    }
    is_get
}
