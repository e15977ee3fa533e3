//! What a provider recognizes a device by: kept beside the tokens, given back to its host alone, and taken elsewhere.

use doorward::kubeconfig::{Section, UserAuth};
use doorward::store::{FileStore, MemoryStore, TokenStore};
use doorward::{Devices, ErrorKind, FrontDoor, Rung, Secret, TokenSource, Walk};
use doorward_testkit::{OKTA_CUSTOM_HOST, OKTA_HOST, OktaSwitches, PASSWORD, Seen, Testbed, USER};
use serde_json::json;

use crate::world::{KEY, age, change, kept, portal, portal_as, portal_by, refresh_only, source};

fn bed_with(switches: OktaSwitches) -> Testbed {
    Testbed::builder().okta(switches).start().unwrap()
}

fn both_engines() -> [OktaSwitches; 2] {
    [false, true].map(|identity_engine| OktaSwitches {
        identity_engine,
        ..OktaSwitches::default()
    })
}

/// The device tokens that the organisation has issued
fn issued(bed: &Testbed) -> Vec<String> {
    let secrets = bed.secrets().into_iter();
    secrets.filter(|secret| secret.starts_with("DI1")).collect()
}

/// The requests after the first `before` ones that carried a device token, and those to the organisation
fn requests_of(bed: &Testbed, before: usize) -> (Vec<Seen>, Vec<Seen>) {
    let seen = bed.seen().into_iter().skip(before);
    let (to_org, others): (Vec<Seen>, Vec<Seen>) =
        seen.partition(|seen| [OKTA_HOST, OKTA_CUSTOM_HOST].contains(&seen.host.as_str()));
    let carries = |seen: &&Seen| seen.cookies.iter().any(|name| name == "DT");
    assert_eq!(others.iter().find(carries), None, "no other host gets it");
    let carrying = to_org.iter().filter(carries).cloned().collect();
    (carrying, to_org)
}

fn document(host: &str, value: &str) -> Secret {
    let device = json!({"host": host, "name": "DT", "value": value});
    Secret::new(json!({"format": 1, "devices": [device]}).to_string())
}

#[tokio::test]
async fn the_next_login_comes_from_the_device_of_the_first() {
    for switches in both_engines() {
        let bed = bed_with(switches);
        let store = MemoryStore::new();
        source(&bed, &store).log_in().await.unwrap();
        let (carrying, to_org) = requests_of(&bed, 0);
        assert!(
            !to_org[0].cookies.contains(&"DT".to_owned()),
            "none is made up"
        );
        assert_eq!(carrying.len(), to_org.len() - 1);
        let before = bed.seen().len();
        let [device] = issued(&bed).try_into().unwrap();

        source(&bed, &store).log_in().await.unwrap();

        // Another value would have been answered by a new one.
        assert_eq!(issued(&bed), [device.as_str()]);
        let (carrying, to_org) = requests_of(&bed, before);
        assert!(to_org.len() > 2);
        assert_eq!(carrying, to_org);
        assert_eq!(kept(&store).await["devices"], {
            let document = document(OKTA_HOST, &device);
            json!(document.expose_secret())
        });
        assert_eq!(bed.complaints(), Vec::<String>::new());
    }
}

#[tokio::test]
async fn a_device_goes_to_no_other_host() {
    for switches in both_engines() {
        let bed = bed_with(OktaSwitches {
            custom_domain: true,
            ..switches
        });
        let source = TokenSource::new(portal(&bed));
        source
            .adopt_devices(&document(OKTA_HOST, "DI1canary"))
            .await
            .unwrap();

        source.log_in().await.unwrap();

        let (_, to_org) = requests_of(&bed, 0);
        assert_eq!(to_org[0].host, OKTA_CUSTOM_HOST);
        assert!(!to_org[0].cookies.contains(&"DT".to_owned()));
        let devices = Devices::new();
        devices
            .read(&source.devices().await.unwrap().unwrap())
            .unwrap();
        assert_eq!(devices.hosts(), [OKTA_HOST, OKTA_CUSTOM_HOST]);
        assert_eq!(bed.complaints(), Vec::<String>::new());
    }
}

#[tokio::test]
async fn a_device_that_the_provider_does_not_know_is_replaced_by_its_own() {
    let bed = Testbed::start().unwrap();
    let source = TokenSource::new(portal(&bed));
    source
        .adopt_devices(&document(OKTA_HOST, "DI1canary"))
        .await
        .unwrap();

    source.log_in().await.unwrap();

    let [device] = issued(&bed).try_into().unwrap();
    let devices = source.devices().await.unwrap().unwrap();
    assert_eq!(
        devices.expose_secret(),
        document(OKTA_HOST, &device).expose_secret()
    );
}

#[tokio::test]
async fn a_device_outlives_a_login_that_failed_and_tokens_that_ended() {
    let bed = Testbed::start().unwrap();
    let store = MemoryStore::new();
    let wrong = portal_as(&bed, USER, "wr0ng");
    let wrong = TokenSource::new(wrong).store(store.clone(), KEY);
    let error = wrong.token().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Rejected);
    let [device] = issued(&bed).try_into().unwrap();

    source(&bed, &store).token().await.unwrap();
    bed.end_sessions(USER);
    age(&store).await;
    let error = refresh_only(&bed, &store).token().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    let token = source(&bed, &store).token().await.unwrap();

    assert_eq!(token.rung(), Rung::Login);
    assert_eq!(issued(&bed), [device]);
    assert_eq!(bed.logins(), 2);
}

#[tokio::test]
async fn a_device_is_taken_to_another_place_and_stays_beside_pasted_tokens() {
    let bed = Testbed::start().unwrap();
    let here = TokenSource::new(portal(&bed));
    assert!(here.devices().await.unwrap().is_none());
    let grant = here.log_in().await.unwrap();
    let taken = here.devices().await.unwrap().unwrap();

    let folder = tempfile::tempdir().unwrap();
    let store = FileStore::at(folder.path().join("cache"));
    let there = TokenSource::new(portal(&bed)).store(store.clone(), KEY);
    there.adopt_devices(&taken).await.unwrap();
    let kubeconfig = grant.kubeconfig(&UserAuth::AuthProvider).unwrap();
    let name = kubeconfig.names(Section::Users).next().unwrap();
    let pasted = kubeconfig.oidc_user(name).unwrap();
    there.adopt(&pasted, Vec::new()).await.unwrap();
    assert!(store.kept(KEY).unwrap().unwrap().has_device);
    there.adopt_devices(&taken).await.unwrap();
    assert_eq!(there.token().await.unwrap().rung(), Rung::Cache);
    there.log_in().await.unwrap();

    assert_eq!(issued(&bed).len(), 1);
    let at = there.devices().await.unwrap().unwrap();
    assert_eq!(at.expose_secret(), taken.expose_secret());
}

#[tokio::test]
async fn what_is_forgotten_is_the_device_too() {
    let bed = Testbed::start().unwrap();
    let devices = Devices::new();
    let walk: Walk = bed.walk_as(USER, PASSWORD).unwrap();
    let source = TokenSource::new(portal_by(&bed, walk.devices(devices.clone())));
    source.token().await.unwrap();
    assert_eq!(devices.hosts(), [OKTA_HOST]);

    assert!(source.forget().await.unwrap());

    assert!(devices.is_empty());
    assert!(source.devices().await.unwrap().is_none());
    source.token().await.unwrap();
    assert_eq!(issued(&bed).len(), 2);
}

#[tokio::test]
async fn a_text_that_is_no_device_changes_nothing() {
    let bed = Testbed::start().unwrap();
    let store = MemoryStore::new();
    let source = source(&bed, &store);
    source.token().await.unwrap();
    let before = store.load(KEY).await.unwrap().unwrap();

    for text in ["", "[]", "canary", &"canary".repeat(20_000)] {
        let error = source.adopt_devices(&Secret::new(text)).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(!format!("{error:?}").contains("canary"));
    }

    let after = store.load(KEY).await.unwrap().unwrap();
    assert_eq!(after.version, before.version);
}

#[tokio::test]
async fn what_is_kept_of_devices_may_be_spoilt_and_a_newer_record_is_left() {
    let bed = Testbed::start().unwrap();
    let store = MemoryStore::new();
    source(&bed, &store).token().await.unwrap();

    change(&store, |record| record["devices"] = "canary".into()).await;
    source(&bed, &store).log_in().await.unwrap();
    assert_eq!(issued(&bed).len(), 2);
    let devices = source(&bed, &store).devices().await.unwrap().unwrap();
    assert!(!devices.expose_secret().contains("canary"));

    change(&store, |record| record["format"] = 2.into()).await;
    let error = source(&bed, &store)
        .adopt_devices(&document(OKTA_HOST, "DI1canary"))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Storage);
    assert!(source(&bed, &store).devices().await.unwrap().is_none());
}

#[tokio::test]
async fn the_logins_of_one_walk_come_from_one_device() {
    let bed = Testbed::start().unwrap();
    let portal = portal(&bed);

    portal.open().await.unwrap();
    portal.clone().open().await.unwrap();

    assert_eq!(issued(&bed).len(), 1);
    assert_eq!(bed.complaints(), Vec::<String>::new());
}
