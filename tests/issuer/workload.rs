//! OpenUnison's grants for workloads: a job's or a pod's own token in place of a client's secret, and an exchange by whoever acts.

use std::ffi::OsString;
use std::sync::Arc;
use std::time::Duration;

use doorward::issuer::GrantType;
use doorward::{CiIdentity, CiPlatform, ErrorKind, FrontDoor, Issuer, Secret, SecretSource, Walk};
use doorward_testkit::{STS_CLIENT, Testbed, WORKLOAD_CLIENT};

const LIFE: Duration = Duration::from_secs(600);

/// A job whose platform leaves its token in a variable
fn job(token: &str, audience: &str) -> Arc<dyn FrontDoor> {
    let token = OsString::from(token);
    let variable = move |name: &str| (name == "JOB_JWT").then(|| token.clone());
    let platform = CiPlatform::parse("env:JOB_JWT").unwrap();
    Arc::new(CiIdentity::new(platform, variable).audience(audience))
}

fn issuer(bed: &Testbed, client: &str, grant: GrantType) -> Issuer {
    let url = format!("{}/auth/idp/k8sIdp", bed.portal_url());
    let walk = Walk::new().network(bed.network().unwrap());
    Issuer::new(&url, client, walk).unwrap().grant(grant)
}

#[tokio::test]
async fn a_jobs_token_signs_in_for_a_client_without_a_secret() {
    let bed = Testbed::start().unwrap();
    let cluster = "https://kubernetes.default.svc.cluster.local";
    let pod = "system:serviceaccount:ci:deployer";
    let job_token = bed.job_token("openunison", "repo:acme/shop", LIFE);
    for (token, audience, subject) in [
        (bed.pod_token(pod, LIFE), cluster, pod),
        (job_token, "openunison", "repo:acme/shop"),
    ] {
        let door = issuer(&bed, WORKLOAD_CLIENT, GrantType::ClientCredentials);

        let grant = door
            .bearer_from(job(&token, audience))
            .open()
            .await
            .unwrap();

        assert!(grant.refresh().is_none());
        assert_ne!(grant.id_token().expose_secret(), token);
        assert_eq!(grant.subject(), subject);
    }
    assert_eq!(bed.complaints(), Vec::<String>::new());
}

#[tokio::test]
async fn a_token_that_the_client_does_not_trust_is_refused() {
    let bed = Testbed::start().unwrap();
    let own = bed.id_token_with_amr("jdoe", LIFE);
    let by = |client, token: &str, audience| {
        let door = issuer(&bed, client, GrantType::ClientCredentials);
        door.bearer_from(job(token, audience))
    };

    let error = by(WORKLOAD_CLIENT, &own, "kubernetes")
        .open()
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Rejected);
    assert!(!format!("{error} {error:?}").contains(&own));
    let token = bed.job_token("openunison", "repo:acme/shop", LIFE);
    let error = by("kubernetes", &token, "openunison")
        .open()
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Denied);
}

#[tokio::test]
async fn an_exchange_is_made_by_whoever_acts() {
    let bed = Testbed::start().unwrap();
    let actor = bed.job_token("openunison", "repo:acme/shop", LIFE);
    let subject = bed.id_token_with_amr("jdoe", LIFE);
    let exchange = |subject: &str| {
        let subject = SecretSource::value(Secret::new(subject));
        issuer(&bed, STS_CLIENT, GrantType::TokenExchange)
            .audience("kubernetes")
            .subject_token(subject)
    };

    let door = exchange(&subject).bearer_from(job(&actor, "openunison"));
    let grant = door.open().await.unwrap();
    assert_ne!(grant.id_token().expose_secret(), subject);
    assert_eq!(bed.complaints(), Vec::<String>::new());

    let alone = exchange(&subject).open().await.unwrap_err();
    assert_eq!(alone.kind(), ErrorKind::Denied);
    let foreign = exchange(&actor).bearer_from(job(&actor, "openunison"));
    assert_eq!(foreign.open().await.unwrap_err().kind(), ErrorKind::Denied);
}

#[tokio::test]
async fn a_login_page_and_a_secret_take_no_token_of_a_job() {
    let bed = Testbed::start().unwrap();
    let token = bed.job_token("openunison", "repo:acme/shop", LIFE);
    let login = issuer(&bed, "kubernetes", GrantType::Code);
    let secret = SecretSource::value(Secret::new("s"));
    let both = issuer(&bed, WORKLOAD_CLIENT, GrantType::ClientCredentials).client_secret(secret);

    for door in [login, both] {
        let door = door.bearer_from(job(&token, "openunison"));
        assert_eq!(door.open().await.unwrap_err().kind(), ErrorKind::Config);
    }
    assert_eq!(bed.seen(), []);
}
