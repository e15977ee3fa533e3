//! What is recorded of a login, what is not, and that it can be played again.

#![allow(clippy::unwrap_used, reason = "a test may fail in any line")]

#[path = "recording/doubles.rs"]
mod doubles;
#[path = "recording/echo.rs"]
mod echo;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use doorward::recording::{Case, RecordedBody, Recorder};
use doorward::{Credentials, ErrorKind, FrontDoor, Portal, Secret, Walk};
use doorward_testkit::{Builder, Gate, OktaSwitches, PASSWORD, PortalIdp, Replay, Testbed, USER};

use crate::echo::Echo;

/// A login with every adapter there is, and its recording
async fn record(bed: &Testbed, walk: Walk) -> Result<Case, doorward::Error> {
    let recorder = Recorder::new();
    let portal = Portal::new(&bed.portal_url(), with_all(walk).record(&recorder)).unwrap();
    let outcome = portal.open().await;
    recorder.case(
        "A login",
        "a double",
        outcome.err().map(|error| error.kind()),
    )
}

fn with_all(walk: Walk) -> Walk {
    let adapters = doorward_providers::all().into_iter();
    adapters.fold(walk, Walk::shared_adapter)
}

/// Everybody is named, the portal's own login form included
fn walk(bed: &Testbed) -> Walk {
    bed.walk().unwrap().idp_url(&bed.portal_url()).unwrap()
}

/// A portal with a login form of its own, which needs nobody named
fn form_walk(bed: &Testbed) -> Walk {
    let walk = Walk::new().network(bed.network().unwrap());
    walk.credentials(Credentials::new(USER, Secret::new(PASSWORD)).unwrap())
}

fn text(case: &Case) -> String {
    let texts = case.exchanges.iter().map(|exchange| exchange.to_text());
    texts.chain([case.about.to_text()]).collect()
}

/// What a login may meet
fn worlds() -> [Builder; 5] {
    let engine = OktaSwitches {
        identity_engine: true,
        ..OktaSwitches::default()
    };
    let form_post = OktaSwitches {
        form_post: true,
        ..OktaSwitches::default()
    };
    [
        Testbed::builder(),
        Testbed::builder().idp(PortalIdp::OktaSaml),
        Testbed::builder().okta(form_post),
        Testbed::builder().okta(engine),
        Testbed::builder().idp(PortalIdp::Form),
    ]
}

#[tokio::test]
async fn a_recorded_login_can_be_played_again() {
    for (number, world) in worlds().into_iter().enumerate() {
        let bed = world.start().unwrap();

        let case = record(&bed, walk(&bed)).await.unwrap();

        assert_eq!(case.about.expect, None, "{number}");
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("case");
        case.write(&path).unwrap();
        assert_eq!(Case::read(&path).unwrap(), case);
        let replay = Replay::start(&case).unwrap();
        let grant = tokio::task::spawn_blocking(move || {
            let grant = replay.log_in(&doorward_providers::all());
            assert_eq!(replay.finish(), Vec::<String>::new());
            grant
        });
        assert_eq!(
            grant.await.unwrap().unwrap().subject(),
            "ci-user@people.test",
            "{number}"
        );
    }
}

#[tokio::test]
async fn headers_for_the_portal_are_in_no_recording() {
    let mut gate = Gate::default();
    gate.headers = vec![("X-Canary".into(), "header-canary-77aa".into())];
    let bed = Testbed::builder().gate(gate).start().unwrap();
    let header = Secret::new("header-canary-77aa");
    let network = bed.network().unwrap();
    let network = network.header(&bed.portal_url(), "X-Canary", &header);

    let case = record(&bed, walk(&bed).network(network.unwrap())).await;

    let text = text(&case.unwrap());
    assert!(!text.to_ascii_lowercase().contains("canary"), "{text}");
    assert_eq!(bed.complaints(), Vec::<String>::new());
}

#[tokio::test]
async fn nothing_of_the_login_is_left() {
    for world in worlds() {
        let bed = world.start().unwrap();

        let case = record(&bed, walk(&bed)).await.unwrap();

        let text = text(&case);
        let hosts = bed.hosts();
        let secrets = bed.secrets();
        let own = [USER.to_owned(), PASSWORD.to_owned()];
        for secret in secrets.iter().chain(&own).chain(&hosts) {
            let packed = [
                secret.clone(),
                STANDARD.encode(secret),
                URL_SAFE_NO_PAD.encode(secret),
            ];
            for packed in packed.iter().filter(|packed| packed.len() >= 6) {
                assert!(!text.contains(packed.as_str()), "{secret} in {text}");
            }
        }
        assert!(text.contains("{{password}}") && text.contains("https://portal.test/"));
    }
}

#[tokio::test]
async fn a_recorded_request_is_what_was_sent() {
    let bed = Testbed::builder().idp(PortalIdp::Form).start().unwrap();

    let case = record(&bed, form_walk(&bed)).await.unwrap();

    let post = case
        .exchanges
        .iter()
        .find(|exchange| exchange.request.method == "POST")
        .unwrap();
    let RecordedBody::Fields(fields) = &post.request.body else {
        panic!("{post:?}");
    };
    let field = |name: &str| {
        fields
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    };
    assert_eq!(field("user"), Some("ci-user@people.test"));
    assert_eq!(field("pwd"), Some("{{password}}"));
    assert_eq!(post.request.header("origin"), Some("https://portal.test"));
    assert!(
        post.request
            .header("cookie")
            .unwrap()
            .contains("=redacted-")
    );
    assert_eq!(case.exchanges.len(), bed.seen().len());
}

#[tokio::test]
async fn a_password_that_a_page_shows_is_replaced_in_every_spelling() {
    for spell in echo::SPELLINGS {
        let bed = echo::bed(Echo::new(spell));

        let case = record(&bed, echo::walk(&bed, echo::WRONG)).await.unwrap();

        assert_eq!(case.about.expect, Some(ErrorKind::Rejected));
        let text = text(&case);
        assert!(!text.contains(&spell(echo::WRONG)), "{text}");
        assert!(text.contains("You said "), "{text}");
    }
}

#[tokio::test]
async fn what_a_page_packs_a_password_into_is_replaced() {
    for pack in echo::PACKINGS {
        let bed = echo::bed(Echo::new(pack));

        let case = record(&bed, echo::walk(&bed, echo::WRONG)).await.unwrap();

        let (text, packed) = (text(&case), pack(echo::WRONG));
        let parts = packed.as_bytes().chunks(8).filter(|part| part.len() == 8);
        for part in parts.map(|part| str::from_utf8(part).unwrap()) {
            assert!(!text.contains(part), "{part} in {text}");
        }
    }
}

#[tokio::test]
async fn a_recording_that_would_still_hold_a_password_is_not_made() {
    for riddle in echo::RIDDLES {
        let bed = echo::bed(Echo::new(riddle));

        let error = record(&bed, echo::walk(&bed, echo::WRONG))
            .await
            .unwrap_err();

        assert_eq!(error.kind(), ErrorKind::Config, "{error}");
        assert!(
            error.context().any(|found| found == ("what", "password")),
            "{error}"
        );
        assert!(!format!("{error} {error:?}").contains(echo::WRONG));
    }
}

#[tokio::test]
async fn hosts_that_have_cookies_in_common_keep_them() {
    let bed = echo::bed(Echo::new(str::to_owned).with_a_door());

    let case = record(&bed, echo::walk(&bed, echo::WRONG)).await.unwrap();

    let text = text(&case);
    assert!(!text.contains("echo.test"), "{text}");
    assert!(text.contains("Domain=company.test"), "{text}");
    assert_eq!(case.about.idp_urls, ["https://provider-2.company.test"]);
    let replay = Replay::start(&case).unwrap();
    let error = tokio::task::spawn_blocking(move || {
        let error = replay.log_in(&doorward_providers::all()).unwrap_err();
        assert_eq!(replay.finish(), Vec::<String>::new());
        error
    });
    assert_eq!(error.await.unwrap().kind(), ErrorKind::Rejected);
}

#[tokio::test]
async fn a_short_password_cannot_be_recorded() {
    let bed = echo::bed(Echo::new(str::to_owned));

    let error = record(&bed, echo::walk(&bed, "short")).await.unwrap_err();

    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(error.next_step().unwrap().contains("8 characters"));
}

#[tokio::test]
async fn the_last_login_is_the_one_that_is_recorded() {
    let bed = Testbed::builder().idp(PortalIdp::Form).start().unwrap();
    let recorder = Recorder::new();
    let walk = with_all(form_walk(&bed)).record(&recorder);
    let wrong = Credentials::new(USER, Secret::new("wrong password")).unwrap();
    let first = Portal::new(&bed.portal_url(), walk.clone().credentials(wrong)).unwrap();
    first.open().await.unwrap_err();

    Portal::new(&bed.portal_url(), walk)
        .unwrap()
        .open()
        .await
        .unwrap();

    let case = recorder.case("A login", "a double", None).unwrap();
    let passwords = text(&case).matches("{{password}}").count();
    assert_eq!(passwords, 1);
    assert_eq!(
        case.exchanges.first().unwrap().request.url,
        "https://portal.test/k8stoken/token/user"
    );
}

#[test]
fn a_recorder_that_heard_nothing_has_no_recording() {
    let error = Recorder::new()
        .case("A login", "a double", None)
        .unwrap_err();

    assert_eq!(error.kind(), ErrorKind::Config);
}

#[test]
fn a_recorder_shows_no_secret() {
    let shown = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
        .block_on(async {
            let bed = Testbed::builder().idp(PortalIdp::Form).start().unwrap();
            let recorder = Recorder::new();
            let walk = with_all(form_walk(&bed)).record(&recorder);
            let portal = Portal::new(&bed.portal_url(), walk).unwrap();
            portal.open().await.unwrap();
            format!("{recorder:?} {portal:?}")
        });

    assert!(
        !shown.contains(PASSWORD) && shown.contains("Recorder"),
        "{shown}"
    );
}

#[tokio::test]
async fn a_recording_that_somebody_put_a_secret_into_is_found_out() {
    let bed = Testbed::builder().idp(PortalIdp::Form).start().unwrap();
    let case = record(&bed, form_walk(&bed)).await.unwrap();
    case.check().unwrap();
    let token = "Zt1B0nQx9v4LrT2yGh5uVw8kAa7";
    for added in [
        token.to_owned(),
        format!("\\u003d{token}"),
        format!("x%3D{token}"),
        format!("data={}", STANDARD.encode(format!("this is {token}"))),
        "https://sso.corp.example/".to_owned(),
        "https%3A%2F%2Fsso.corp.example%2F".to_owned(),
        "-----BEGIN PRIVATE KEY-----".to_owned(),
    ] {
        let mut case = case.clone();
        case.exchanges
            .first_mut()
            .unwrap()
            .answer
            .body
            .push_str(&added);

        let error = case.check().unwrap_err();

        assert_eq!(error.kind(), ErrorKind::Config, "{added}");
        assert!(
            error.context().any(|found| found == ("file", "01.http")),
            "{error}"
        );
        assert!(!error.to_string().contains("corp.example"));
    }
}
