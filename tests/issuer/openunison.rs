//! OpenUnison's own issuer is one, too, and needs no portal command.

use doorward::{Credentials, ErrorKind, FrontDoor, Issuer, Secret, Walk};
use doorward_providers::{Okta, OpenUnison};
use doorward_testkit::{PASSWORD, PortalIdp, PortalSwitches, Testbed, USER};

fn issuer(bed: &Testbed, client: &str, walk: Walk) -> Issuer {
    let url = format!("{}/auth/idp/k8sIdp", bed.portal_url());
    Issuer::new(&url, client, walk).unwrap()
}

#[tokio::test]
async fn a_portal_gives_its_tokens_without_its_command() {
    let bed = Testbed::start().unwrap();
    let walk = bed.walk().unwrap().adapter(Okta::default());

    let grant = issuer(&bed, "kubernetes", walk).open().await.unwrap();

    assert_eq!(grant.idp(), Some(bed.okta_url().as_str()));
    assert!(grant.refresh().is_some());
    assert_eq!(bed.count("k8sou", "/k8stoken/token/user"), 0);
    assert_eq!(bed.complaints(), Vec::<String>::new());
}

#[tokio::test]
async fn the_portals_own_form_and_its_chooser_are_answered() {
    let portal = PortalSwitches {
        chooser: vec!["Staff".to_owned(), "Local".to_owned()],
        ..PortalSwitches::default()
    };
    let bed = Testbed::builder()
        .portal(portal)
        .idp(PortalIdp::Form)
        .start()
        .unwrap();
    let credentials = Credentials::new(USER, Secret::new(PASSWORD)).unwrap();
    let walk = Walk::new()
        .network(bed.network().unwrap())
        .credentials(credentials)
        .adapter(OpenUnison::default())
        .login_option("Local");

    let grant = issuer(&bed, "kubernetes", walk).open().await.unwrap();

    assert!(grant.refresh().is_some());
    assert_eq!(bed.complaints(), Vec::<String>::new());
}

#[tokio::test]
async fn a_client_or_address_that_is_not_registered_is_a_setting_to_fix() {
    let bed = Testbed::start().unwrap();
    let walk = || bed.walk().unwrap().adapter(Okta::default());

    let client = issuer(&bed, "nobody", walk()).open().await.unwrap_err();
    assert_eq!(client.kind(), ErrorKind::Config);
    let address = issuer(&bed, "kubernetes", walk()).redirect_uri("http://localhost:9999");
    let address = address.unwrap().open().await.unwrap_err();
    assert_eq!(address.kind(), ErrorKind::Config);
}

#[tokio::test]
async fn a_refusal_without_a_word_is_told() {
    use doorward::issuer::GrantType;

    let bed = Testbed::start().unwrap();
    let walk = bed.walk().unwrap().idp_url(&bed.portal_url()).unwrap();
    let by = |grant| issuer(&bed, "kubernetes", walk.clone()).grant(grant);

    // OpenUnison does not know the grant, and says so.
    let error = by(GrantType::Password).open().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    // 403 without a body.
    let secret = doorward::SecretSource::value(Secret::new("client's own secret"));
    let client = by(GrantType::ClientCredentials).client_secret(secret);
    assert_eq!(client.open().await.unwrap_err().kind(), ErrorKind::Denied);
}
