//! Tokens that somebody else got, out of a kubeconfig that a portal printed.

use doorward::kubeconfig::{OidcUser, Section, UserAuth};
use doorward::store::MemoryStore;
use doorward::{ErrorKind, FrontDoor, Rung, Secret};
use doorward_testkit::{PASSWORD, Person, PortalSwitches, Swap, Testbed, USER};

use crate::world::{
    DISCOVERY, TOKEN, age, bed_with, portal, portal_as, refresh_only, requests_since, source,
};

#[tokio::test]
async fn a_pasted_user_is_used_and_then_refreshed() {
    let bed = Testbed::start().unwrap();
    let store = MemoryStore::new();
    let user = pasted(&portal(&bed)).await;
    let asked = bed.seen().len();
    let source = || refresh_only(&bed, &store);

    source().adopt(&user, vec![bed.api_url()]).await.unwrap();
    let first = source().token().await.unwrap();
    assert_eq!(first.rung(), Rung::Cache);
    assert_eq!(
        first.id_token().expose_secret(),
        user.id_token.expose_secret()
    );
    assert_eq!(
        (first.user(), first.is_for(&bed.api_url())),
        (USER, Some(true))
    );
    assert_eq!(bed.seen().len(), asked);

    age(&store).await;
    let second = source().token().await.unwrap();
    assert_eq!((second.rung(), second.user()), (Rung::Refresh, USER));
    age(&store).await;
    assert_eq!(source().token().await.unwrap().rung(), Rung::Refresh);
    let expected = ["GET", "POST", "POST"]
        .into_iter()
        .zip([DISCOVERY, TOKEN, TOKEN]);
    let expected: Vec<String> = expected
        .map(|(how, path)| format!("{how} {path} 200"))
        .collect();
    assert_eq!(requests_since(&bed, asked), expected);
    assert_eq!(bed.complaints(), Vec::<String>::new());
}

#[tokio::test]
async fn a_pasted_user_without_an_id_token_is_refreshed_at_once() {
    let bed = Testbed::start().unwrap();
    let store = MemoryStore::new();
    let mut user = pasted(&portal(&bed)).await;
    user.id_token = Secret::new("");
    let asked = bed.seen().len();

    refresh_only(&bed, &store)
        .adopt(&user, Vec::new())
        .await
        .unwrap();
    let token = refresh_only(&bed, &store).token().await.unwrap();

    assert_eq!((token.rung(), token.user()), (Rung::Refresh, USER));
    assert_eq!(
        requests_since(&bed, asked),
        [format!("GET {DISCOVERY} 200"), format!("POST {TOKEN} 200")]
    );
}

#[tokio::test]
async fn without_an_id_token_issuer_and_client_are_what_the_kubeconfig_says() {
    for swap in [Swap::Issuer, Swap::Audience] {
        let bed = bed_with(PortalSwitches {
            swapped: Some(swap),
            ..PortalSwitches::default()
        });
        let store = MemoryStore::new();
        let mut user = pasted(&portal(&bed)).await;
        user.id_token = Secret::new("");

        refresh_only(&bed, &store)
            .adopt(&user, Vec::new())
            .await
            .unwrap();
        let error = refresh_only(&bed, &store).token().await.unwrap_err();

        assert_eq!(error.kind(), ErrorKind::Portal, "{swap:?}");
    }
}

#[tokio::test]
async fn a_pasted_user_takes_the_place_of_whoever_was_there() {
    let bed = Testbed::builder()
        .person(Person::new("ci", PASSWORD))
        .start()
        .unwrap();
    let source = source(&bed, &MemoryStore::new());
    assert_eq!(source.token().await.unwrap().user(), USER);
    let user = pasted(&portal_as(&bed, "ci", PASSWORD)).await;

    source.adopt(&user, Vec::new()).await.unwrap();

    assert_eq!(source.token().await.unwrap().user(), "ci");
}

async fn pasted(door: &dyn FrontDoor) -> OidcUser {
    let kubeconfig = door
        .open()
        .await
        .unwrap()
        .kubeconfig(&UserAuth::AuthProvider)
        .unwrap();
    let name = kubeconfig.names(Section::Users).next().unwrap();
    kubeconfig.oidc_user(name).unwrap()
}
