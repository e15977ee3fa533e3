//! Canaries: no password, token, code, assertion or cookie of a whole login or refresh occurs where people look.

#![allow(clippy::unwrap_used, reason = "a test may fail in any line")]

#[path = "secrets/factors.rs"]
mod factors;
#[path = "secrets/issuer.rs"]
mod issuer;
#[path = "conformance/matrix.rs"]
#[allow(dead_code, reason = "the tests of conformance use the rest")]
mod matrix;
#[path = "secrets/network.rs"]
mod network;
#[path = "okta_factors/stage.rs"]
mod stage;
#[path = "okta_factors/world.rs"]
#[allow(dead_code, reason = "the tests of the factors use the rest")]
mod world;

use std::error::Error as _;
use std::io;
use std::sync::{Arc, LazyLock, Mutex};

use doorward::kubeconfig::{Section, UserAuth};
use doorward::store::{FileStore, MemoryStore, TokenStore};
use doorward::{Devices, Error, ErrorKind, FrontDoor, Portal, Rung, Secret, TokenSource};
use doorward_providers::{Okta, OpenUnison};
use doorward_testkit::{
    Builder, Fault, OKTA_HOST, OktaSwitches, PASSWORD, PORTAL_HOST, PortalIdp, PortalSwitches,
    StepUp, Testbed, TokenShape, Trouble, USER,
};
use tracing_subscriber::fmt::MakeWriter;

/// What all tests of this file log, at every level
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

/// Codes are fetched, and pages parsed, on any thread
static LOG: LazyLock<Log> = LazyLock::new(|| {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(log.clone())
        .with_ansi(false)
        // Its digits could be anything.
        .without_time()
        .finish();
    tracing::subscriber::set_global_default(subscriber).unwrap();
    log
});

impl Log {
    fn length(&self) -> usize {
        self.0.lock().unwrap().len()
    }

    /// What was logged after the log had that length, by whatever test
    fn since(&self, length: usize) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap()[length..]).into_owned()
    }
}

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

/// Everything of a failure that a program could print
fn all_of(error: &Error) -> String {
    let mut text = format!(
        "{error} {error:?} {error:#?} {:?} {} {:?}",
        error.trail(),
        error.trail(),
        error.next_step()
    );
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(&format!("{cause} {cause:?}"));
        source = cause.source();
    }
    text
}

/// A source's whole life: a login, a refresh, a refusal, what is kept, and the end
async fn life_of_a_source(bed: &Testbed, store: &FileStore) -> String {
    let walk = bed.walk().unwrap().adapter(Okta::default());
    let portal = Portal::new(&bed.portal_url(), walk).unwrap();
    let source = || TokenSource::new(portal.clone()).store(store.clone(), "k");
    let mut shown = String::new();

    let login = source().token().await.unwrap();
    let grant = source().log_in().await.unwrap();
    let kubeconfig = grant.kubeconfig(&UserAuth::AuthProvider).unwrap();
    let name = kubeconfig.names(Section::Users).next().unwrap();
    let mut pasted = kubeconfig.oidc_user(name).unwrap();
    pasted.id_token = Secret::new("");
    source().adopt(&pasted, Vec::new()).await.unwrap();
    let refresh = source().token().await.unwrap();
    assert_eq!((login.rung(), refresh.rung()), (Rung::Login, Rung::Refresh));
    let stored = store.load("k").await.unwrap();
    let fresh = store.fresh("k").unwrap().unwrap();
    shown.push_str(&format!(
        "{login:?}{refresh:#?}{fresh:?}{grant:?}{pasted:?}{stored:?}"
    ));

    let device = source().devices().await.unwrap().unwrap();
    source().adopt_devices(&device).await.unwrap();
    let devices = Devices::new();
    devices.read(&device).unwrap();
    let spoilt = device.expose_secret().replace(r#""value""#, r#""a value""#);
    let error = source().adopt_devices(&Secret::new(spoilt)).await;
    shown.push_str(&all_of(&error.unwrap_err()));
    let walk = bed.walk().unwrap().devices(devices.clone());
    shown.push_str(&format!(
        "{device:?}{devices:?}{devices:#?}{walk:?}{portal:?}"
    ));

    // The pasted refresh token is spent.
    source().adopt(&pasted, Vec::new()).await.unwrap();
    let walk = bed.walk_as(USER, "wr0ng-canary-passw0rd").unwrap();
    let wrong = Portal::new(&bed.portal_url(), walk.adapter(Okta::default())).unwrap();
    let wrong = TokenSource::new(wrong).store(store.clone(), "k");
    for _ in 0..2 {
        let error = wrong.token().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Rejected);
        shown.push_str(&all_of(&error));
    }
    let kept = store.kept("k").unwrap();
    let claim = store.claim("k").await.unwrap();
    shown.push_str(&format!("{kept:?}{claim:?}"));
    drop(claim);

    let memory = MemoryStore::new();
    let in_memory = TokenSource::new(portal.clone()).store(memory.clone(), "k");
    in_memory.token().await.unwrap();
    shown.push_str(&format!(
        "{in_memory:?}{memory:?}{:?}",
        memory.load("k").await
    ));
    in_memory.forget().await.unwrap();
    shown.push_str(&format!("{:?}{wrong:#?}{store:?}", source()));
    shown
}

#[test]
fn no_secret_of_a_token_source_occurs_where_people_look() {
    let before = LOG.length();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let bed = Testbed::builder()
        .portal(PortalSwitches {
            revokes: true,
            ..PortalSwitches::default()
        })
        .start()
        .unwrap();
    let folder = tempfile::tempdir().unwrap();
    let store = FileStore::at(folder.path().join("cache"));

    let mut shown = runtime.block_on(life_of_a_source(&bed, &store));

    shown.push_str(&LOG.since(before));
    for path in ["/auth/idp/k8sIdp/token", "/auth/idp/k8sIdp/revoke"] {
        assert!(shown.contains(path), "the hops are logged");
    }
    let mut canaries = bed.secrets();
    canaries.push("wr0ng-canary-passw0rd".to_owned());
    let of = |start: &str| {
        canaries
            .iter()
            .filter(|canary| canary.starts_with(start))
            .count()
    };
    assert!(
        of("q1bKLFOy") >= 4 && of("ey") >= 4,
        "refresh tokens and id_tokens"
    );
    assert_eq!(of("DI1"), 1, "the device is known from the first login on");
    for canary in &canaries {
        assert!(!shown.contains(canary.as_str()), "{canary}\nin\n{shown}");
        let encoded: String = url::form_urlencoded::byte_serialize(canary.as_bytes()).collect();
        assert!(!shown.contains(&encoded), "{encoded}");
    }
}

/// Every login that these tests know, good and bad
fn worlds() -> Vec<(Builder, &'static str, &'static str)> {
    let okta = |switches| Testbed::builder().okta(switches);
    let portal = |switches| Testbed::builder().portal(switches);
    vec![
        (Testbed::builder(), USER, PASSWORD),
        (Testbed::builder().idp(PortalIdp::OktaSaml), USER, PASSWORD),
        (Testbed::builder().idp(PortalIdp::Form), USER, PASSWORD),
        (Testbed::builder().satellite(), USER, PASSWORD),
        (
            okta(OktaSwitches {
                form_post: true,
                ..OktaSwitches::default()
            }),
            USER,
            PASSWORD,
        ),
        (
            okta(OktaSwitches {
                state_token: TokenShape::ModelDataBag,
                ..OktaSwitches::default()
            }),
            USER,
            PASSWORD,
        ),
        (
            okta(OktaSwitches {
                step_up: StepUp::Factor,
                ..OktaSwitches::default()
            }),
            USER,
            PASSWORD,
        ),
        (
            okta(OktaSwitches {
                step_up: StepUp::Met,
                step_up_by_redirect: true,
                ..OktaSwitches::default()
            }),
            USER,
            PASSWORD,
        ),
        (
            okta(OktaSwitches {
                identity_engine: true,
                state_token: TokenShape::Variable,
                ..OktaSwitches::default()
            }),
            USER,
            PASSWORD,
        ),
        (
            okta(OktaSwitches {
                dashboard: true,
                ..OktaSwitches::default()
            }),
            USER,
            PASSWORD,
        ),
        (
            portal(PortalSwitches {
                corrupt_command: true,
                ..PortalSwitches::default()
            }),
            USER,
            PASSWORD,
        ),
        (
            portal(PortalSwitches {
                refuse: true,
                ..PortalSwitches::default()
            }),
            USER,
            PASSWORD,
        ),
        (Testbed::builder(), USER, "wr0ng-canary-passw0rd"),
        (Testbed::builder(), "mfa-required", PASSWORD),
        (
            Testbed::builder()
                .fault(Fault::new(PORTAL_HOST, "/auth/oidc", Trouble::HangUp).times(9)),
            USER,
            PASSWORD,
        ),
        (
            Testbed::builder().fault(
                Fault::new(
                    OKTA_HOST,
                    "/login/sessionCookieRedirect",
                    Trouble::BadGateway,
                )
                .times(9),
            ),
            USER,
            PASSWORD,
        ),
    ]
}

#[test]
fn no_secret_occurs_where_people_look() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let mut outcomes = [0, 0];

    for (builder, user, password) in worlds() {
        let before = LOG.length();
        let bed = builder.start().unwrap();
        let events = Arc::new(Mutex::new(String::new()));
        let heard = Arc::clone(&events);
        let walk = bed
            .walk_as(user, password)
            .unwrap()
            .idp_url(&bed.portal_url())
            .unwrap()
            .adapter(Okta::default())
            .adapter(OpenUnison::default())
            .on_event(move |event| heard.lock().unwrap().push_str(&format!("{event:?}")));
        let portal = Portal::new(&bed.portal_url(), walk).unwrap();

        let outcome = runtime.block_on(portal.open());

        let mut shown = format!("{portal:?}{}", events.lock().unwrap());
        match &outcome {
            Ok(grant) => {
                outcomes[0] += 1;
                let kubeconfig = grant.kubeconfig(&UserAuth::Token).unwrap();
                shown.push_str(&format!(
                    "{grant:?}{grant:#?}{kubeconfig:?}{:?}{}",
                    grant.refresh(),
                    grant.trail()
                ));
            }
            Err(error) => {
                outcomes[1] += 1;
                shown.push_str(&all_of(error));
            }
        }
        shown.push_str(&LOG.since(before));
        let mut canaries = bed.secrets();
        canaries.push(password.to_owned());
        assert!(canaries.len() > 2, "the servers made secrets");
        for canary in canaries.iter().filter(|canary| canary.len() >= 8) {
            assert!(
                !shown.contains(canary.as_str()),
                "{user}: {canary}\nin\n{shown}"
            );
            let encoded: String = url::form_urlencoded::byte_serialize(canary.as_bytes()).collect();
            assert!(!shown.contains(&encoded), "{user}: {encoded}");
        }
        assert!(
            shown.contains("/k8stoken/token/user"),
            "the hops are logged"
        );
    }

    assert!(outcomes[0] >= 7 && outcomes[1] >= 7, "{outcomes:?}");
}
