//! The identity of a job, at each platform's double: what is asked, what is believed, and what helps where there is none.

#![allow(clippy::unwrap_used, reason = "a test may fail in any line")]

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::time::Duration;

use doorward::kubeconfig::{Section, Target, UserAuth};
use doorward::{CiIdentity, CiPlatform, Error, ErrorKind, FrontDoor, Network, Proxy};
use doorward_testkit::{
    EVIL_HOST, Fault, JOB_TOKEN, MetadataServer, RUNNER_HOST, SERVICE_CONNECTION, Testbed, Trouble,
};

const AUDIENCE: &str = "kubernetes";

fn job(bed: &Testbed, platform: &str, variables: &[(&str, &str)]) -> CiIdentity {
    let owned = variables.iter();
    let owned = owned.map(|(name, value)| ((*name).to_owned(), OsString::from(value)));
    let variables: BTreeMap<String, OsString> = owned.collect();
    let platform = CiPlatform::parse(platform).unwrap();
    CiIdentity::new(platform, move |name| variables.get(name).cloned())
        .network(bed.network().unwrap())
}

fn github(bed: &Testbed) -> CiIdentity {
    github_with(bed, &bed.github_url(), JOB_TOKEN)
}

fn github_with(bed: &Testbed, url: &str, token: &str) -> CiIdentity {
    let variables = [
        ("ACTIONS_ID_TOKEN_REQUEST_URL", url),
        ("ACTIONS_ID_TOKEN_REQUEST_TOKEN", token),
    ];
    job(bed, "github", &variables).audience(AUDIENCE)
}

fn azure_devops(bed: &Testbed, platform: &str, token: &str) -> CiIdentity {
    let url = bed.azure_devops_url();
    let variables = [
        ("SYSTEM_OIDCREQUESTURI", url.as_str()),
        ("SYSTEM_ACCESSTOKEN", token),
    ];
    job(bed, platform, &variables)
}

async fn refusal(identity: &CiIdentity) -> Error {
    let error = identity.token().await.unwrap_err();
    let shown = format!("{error} {error:?} {identity:?}");
    assert!(
        !shown.contains("canary") && !shown.contains("eyJ"),
        "{shown}"
    );
    error
}

#[tokio::test]
async fn github_is_asked_once_for_the_audience() {
    let bed = Testbed::start().unwrap();
    let target = Target::new(&bed.api_url()).unwrap().named("prod");

    let grant = github(&bed).target(target).open().await.unwrap();

    assert_eq!(bed.complaints(), Vec::<String>::new());
    assert_eq!(bed.seen().len(), 1);
    assert_eq!(grant.subject(), "repo:acme/shop:ref:refs/heads/main");
    assert!(grant.expires().is_some());
    assert!(grant.refresh().is_none());
    assert_eq!(grant.trail().hops().len(), 1);
    let kubeconfig = grant.kubeconfig(&UserAuth::Token).unwrap();
    let user = "repo:acme/shop:ref:refs/heads/main@prod";
    let entry = kubeconfig.entry(Section::Users, user).unwrap();
    assert_eq!(entry["token"], grant.id_token().expose_secret());
}

#[tokio::test]
async fn a_job_of_github_without_the_permission_is_told_the_line() {
    let bed = Testbed::start().unwrap();
    let job = job(&bed, "github", &[]).audience(AUDIENCE);

    let error = refusal(&job).await;

    assert_eq!(error.kind(), ErrorKind::Config);
    let hint = error.next_step().unwrap();
    assert!(
        hint.contains("permissions: { contents: read, id-token: write }"),
        "{hint}"
    );
    assert_eq!(bed.seen(), []);
}

#[tokio::test]
async fn a_request_token_that_ended_is_no_rejected_password() {
    let bed = Testbed::start().unwrap();

    let error = refusal(&github_with(
        &bed,
        &bed.github_url(),
        "canary-of-another-job",
    ))
    .await;

    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(error.to_string().contains("status 401"), "{error}");
}

#[tokio::test]
async fn a_platform_that_is_overloaded_is_asked_again() {
    let bed = Testbed::start().unwrap();
    bed.add_fault(Fault::new(RUNNER_HOST, "/idtoken", Trouble::Unavailable));

    assert!(github(&bed).token().await.is_ok());

    bed.add_fault(Fault::new(RUNNER_HOST, "/idtoken", Trouble::Unavailable).times(9));
    let error = refusal(&github(&bed)).await;
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert_eq!(bed.seen().len(), 2 + 3);
}

#[tokio::test]
async fn a_request_token_goes_to_the_origin_of_the_runner_and_nowhere_else() {
    let bed = Testbed::start().unwrap();
    let plain = bed.github_url().replace("https://", "http://");
    let error = refusal(&github_with(&bed, &plain, JOB_TOKEN)).await;
    assert_eq!(error.kind(), ErrorKind::Config);
    assert_eq!(bed.seen(), []);

    let away = Trouble::Redirect(format!("{}/idtoken", bed.evil_url()));
    bed.add_fault(Fault::new(RUNNER_HOST, "/idtoken", away));
    let error = refusal(&github(&bed)).await;
    assert_eq!(error.kind(), ErrorKind::UnexpectedPage);
    assert!(bed.seen().iter().all(|seen| seen.host != EVIL_HOST));
}

#[tokio::test]
async fn an_answer_without_a_token_is_none() {
    for trouble in [Trouble::EmptyBody, Trouble::ErrorPage] {
        let bed = Testbed::start().unwrap();
        bed.add_fault(Fault::new(RUNNER_HOST, "/idtoken", trouble));

        let error = refusal(&github(&bed)).await;

        assert_eq!(error.kind(), ErrorKind::UnexpectedPage);
    }
}

#[tokio::test]
async fn a_default_audience_is_never_taken() {
    let bed = Testbed::start().unwrap();
    for platform in [
        "github",
        "gitlab",
        "circleci",
        "buildkite",
        "gcp",
        "env:A_B",
        "file:/x",
    ] {
        let error = refusal(&job(&bed, platform, &[])).await;

        assert_eq!(error.kind(), ErrorKind::Config, "{platform}");
        assert!(
            error.next_step().unwrap().contains("--audience"),
            "{platform}"
        );
    }
    let two = github(&bed).audience("vault");
    assert_eq!(refusal(&two).await.kind(), ErrorKind::Config);
    assert_eq!(bed.seen(), []);
}

#[tokio::test]
async fn azure_devops_is_asked_for_a_service_connection_or_without() {
    let bed = Testbed::start().unwrap();
    let with_connection = format!("azure-devops:{SERVICE_CONNECTION}");

    for platform in ["azure-devops", &with_connection] {
        let grant = azure_devops(&bed, platform, JOB_TOKEN)
            .open()
            .await
            .unwrap();
        assert_eq!(grant.subject(), "sc://acme/shop/kubernetes");
    }

    assert_eq!(bed.complaints(), Vec::<String>::new());
    let queries: Vec<usize> = bed.seen().iter().map(|seen| seen.queries.len()).collect();
    assert_eq!(queries, [1, 2]);
    let other = azure_devops(&bed, "azure-devops:0000", JOB_TOKEN);
    assert_eq!(refusal(&other).await.kind(), ErrorKind::Config);
}

#[tokio::test]
async fn a_refusal_of_azure_devops_is_no_page_for_people() {
    let bed = Testbed::start().unwrap();

    let error = refusal(&azure_devops(&bed, "azure-devops", "canary-wrong")).await;

    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(error.to_string().contains("status 401"), "{error}");
    let hint = error.next_step().unwrap();
    assert!(
        hint.contains("SYSTEM_ACCESSTOKEN: $(System.AccessToken)"),
        "{hint}"
    );

    let for_another = azure_devops(&bed, "azure-devops", JOB_TOKEN).audience(AUDIENCE);
    let error = refusal(&for_another).await;
    assert!(
        error
            .to_string()
            .contains("audience api://AzureADTokenExchange"),
        "{error}"
    );
}

#[tokio::test]
async fn the_metadata_server_is_spoken_to_without_tls_and_without_a_proxy() {
    let bed = Testbed::start().unwrap();
    let server = MetadataServer::start().unwrap();
    let proxy = Proxy::parse("http://127.0.0.1:1").unwrap();
    let network = Network::new().resolve(&server.resolve()).unwrap();

    let job = job(&bed, "gcp", &[]).network(network.proxy(proxy));
    let grant = job
        .audience("https://k8s.example.test")
        .open()
        .await
        .unwrap();

    assert_eq!(server.complaints(), Vec::<String>::new());
    assert_eq!(grant.subject(), "113774264463038321964");
}

#[tokio::test]
async fn a_machine_without_an_account_and_another_server_give_no_identity() {
    let bed = Testbed::start().unwrap();
    let ask = async |server: &MetadataServer| {
        let network = Network::new().resolve(&server.resolve()).unwrap();
        let job = job(&bed, "gcp", &[]).network(network).audience(AUDIENCE);
        refusal(&job).await
    };

    let error = ask(&MetadataServer::without_account().unwrap()).await;
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(error.next_step().unwrap().contains("service account"));

    let error = ask(&MetadataServer::impostor().unwrap()).await;
    assert_eq!(error.kind(), ErrorKind::UnexpectedPage);
}

#[tokio::test]
async fn a_variable_holds_the_identity_of_gitlab_bitbucket_and_others() {
    let bed = Testbed::start().unwrap();
    let life = Duration::from_secs(600);
    let audience = "https://k8s.example.test/ci";
    let token = bed.job_token(audience, "project_path:acme/shop", life);
    for (platform, name) in [
        ("gitlab", "HTTPS___K8S_EXAMPLE_TEST_CI_ID_TOKEN"),
        ("bitbucket", "BITBUCKET_STEP_OIDC_TOKEN"),
        ("env:MY_JWT", "MY_JWT"),
    ] {
        let with = job(&bed, platform, &[(name, &token)]).audience(audience);
        let grant = with.open().await.unwrap();
        assert_eq!(grant.subject(), "project_path:acme/shop", "{platform}");

        let without = job(&bed, platform, &[("OTHER", &token)]).audience(audience);
        let error = refusal(&without).await;
        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(error.to_string().contains(name), "{error}");
    }
    assert_eq!(bed.seen(), []);
}

#[tokio::test]
async fn a_job_of_gitlab_without_the_keyword_is_told_the_line() {
    let bed = Testbed::start().unwrap();

    let error = refusal(&job(&bed, "gitlab", &[]).audience("k8s.prod")).await;

    assert_eq!(error.kind(), ErrorKind::Config);
    let hint = error.next_step().unwrap();
    assert!(
        hint.contains("id_tokens: { K8S_PROD_ID_TOKEN: { aud: k8s.prod } }"),
        "{hint}"
    );
}

#[tokio::test]
async fn a_file_is_read_again_each_time() {
    let bed = Testbed::start().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("token");
    let path_text = path.to_str().unwrap();
    let life = Duration::from_secs(600);
    let azure = job(&bed, "azure", &[("AZURE_FEDERATED_TOKEN_FILE", path_text)]);
    let file = job(&bed, &format!("file:{path_text}"), &[]).audience(AUDIENCE);
    let svid = job(&bed, &format!("spiffe-file:{path_text}"), &[]).audience(AUDIENCE);
    let named = job(&bed, "spiffe-file", &[("DOORWARD_SPIFFE_FILE", path_text)]).audience(AUDIENCE);

    for subject in ["spiffe://ci.test/one", "spiffe://ci.test/two"] {
        let token = bed.job_token(AUDIENCE, subject, life);
        fs::write(&path, format!("{token}\n")).unwrap();
        for job in [&azure, &file, &svid, &named] {
            assert_eq!(job.open().await.unwrap().subject(), subject);
        }
    }

    fs::remove_file(&path).unwrap();
    assert_eq!(refusal(&file).await.kind(), ErrorKind::Config);
}

#[tokio::test]
async fn a_token_that_has_ended_is_not_used() {
    let bed = Testbed::start().unwrap();
    bed.clock().set_back(Duration::from_secs(3600));
    let token = bed.job_token(AUDIENCE, "job", Duration::from_secs(600));

    let error = refusal(&job(&bed, "env:MY_JWT", &[("MY_JWT", &token)]).audience(AUDIENCE)).await;

    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(error.to_string().contains("has ended"), "{error}");
}
