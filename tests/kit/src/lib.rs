//! Doubles of what a login meets (a portal, an identity provider, an API server), and recorded logins.
//!
//! They run in this process on loopback TLS and keep state as the real ones do: a wrong field, a missing
//! cookie or a step out of order fails. Nothing here is fit for anything but tests.
//!
//! [`Testbed`] puts the doubles together. Sites have made-up names (`k8sou.example.test`), so a client needs a
//! resolver override that leads [`Testbed::hosts`] to [`Testbed::address`], and the CA of
//! [`Testbed::ca_pem`].
//!
//! [`Replay`] plays a recorded login, and [`conformance!`] finds out with recordings what holds of every adapter.

mod api_server;
mod builder;
mod ci;
mod client;
mod clock;
mod conformance;
mod doubles;
mod fault;
mod gate;
mod http;
mod idp;
mod keys;
mod kubectl;
mod okta;
mod openunison;
mod person;
mod portals;
mod provider;
mod random;
mod record;
mod replay;
mod serve;
mod testbed;
mod tls;
mod world;

pub use api_server::{ADMIN_TOKEN, READER_TOKEN, SERVICE_ACCOUNT};
pub use builder::{Builder, PASSWORD, PortalIdp, USER};
pub use ci::{CiProgram, JOB_TOKEN, MetadataServer, SERVICE_CONNECTION, ci_program};
pub use clock::Clock;
pub use conformance::{Conformance, Findings, FirstPage, first_pages};
pub use fault::{Fault, Trouble};
pub use gate::{ClientCertificate, Gate};
pub use http::{Answer, Ask};
pub use idp::{CodeRequest, IdpDouble, RelyingParty, SignOn};
pub use kubectl::{kubectl, output_within};
pub use okta::{
    Accepts, CodeError, DeviceProbe, Enrollment, ErrorStatus, Identify, IdxSwitches, LoginPage,
    Messages, MethodType, OktaFactor, OktaSwitches, OrgFactor, PollPath, PostAuth, PushAnswer,
    RateLimit, RelatesTo, Round, SentCode, StepUp, Success, TokenShape,
};
pub use openunison::{
    Affinity, CommandShape, Discovery, PortalSwitches, RefreshRefusal, Rotation, STS_CLIENT, Swap,
    WORKLOAD_CLIENT,
};
pub use person::Person;
pub use portals::{
    Challenge, ClusterCa, DexK8sAuthenticatorSwitches, DownloadSwitches, GangwaySwitches,
    OpenShiftSwitches, OtherPortal, PinnipedSwitches,
};
pub use provider::{CLIENT_ID, ClientProof, Flaw, PROVIDER_HOST, Provider, ProviderSwitches};
pub use record::{FactorCounts, IdxCounts, Refreshes, Seen};
pub use replay::Replay;
pub use testbed::Testbed;
pub use tls::TlsSwitch;
pub use world::{
    API_HOST, CONTROL_PLANE_HOST, EVIL_HOST, Names, OKTA_CUSTOM_HOST, OKTA_HOST, PARTNER_HOST,
    PORTAL_HOST, RUNNER_HOST, World,
};
