//! The example's client against the test kit's API server, for several lives of its token.

use std::time::{Duration, Instant};

use doorward::{Credentials, Network, Portal, Secret, TokenSource, Walk};
use doorward_providers::Okta;
use doorward_testkit::{Fault, PASSWORD, PORTAL_HOST, Testbed, Trouble, USER};
use k8s_openapi::api::core::v1::Pod;
use kube::{Api, Error};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::{LIFE, TIME, assert_one_refresh_per_life, bed, controller};

#[tokio::test]
async fn every_request_of_many_lifetimes_has_a_good_token() {
    let bed = bed();
    let client = controller::client(source(&bed)).await.unwrap();
    let pods: Api<Pod> = Api::all(client);
    let start = Instant::now();

    let mut tasks = JoinSet::new();
    for task in 0..8 {
        let pods = pods.clone();
        tasks.spawn(async move {
            let mut calls = 0;
            while start.elapsed() < TIME {
                // One of them often gives up before its answer is there, also while a refresh is under way.
                let patience = Duration::from_millis(if task == 0 { 2 } else { 60_000 });
                match timeout(patience, pods.list(&Default::default())).await {
                    Ok(list) => assert_eq!(list.unwrap().items.len(), 1),
                    Err(_) => assert_eq!(task, 0),
                }
                calls += 1;
                sleep(Duration::from_millis(20)).await;
            }
            calls
        });
    }
    let calls: u32 = tasks.join_all().await.into_iter().sum();

    assert!(calls > 400, "{calls}");
    assert_one_refresh_per_life("a client over a TokenSource", &bed, calls);
}

#[tokio::test]
async fn a_request_without_a_token_to_be_had_fails_with_the_reason() {
    let bed = bed();
    let client = controller::client(source(&bed)).await.unwrap();
    bed.end_sessions(USER);
    let before = bed.unauthorized();

    let down = Fault::new(PORTAL_HOST, "/k8stoken/", Trouble::Status(404));
    bed.add_fault(down.times(9));
    sleep(LIFE).await;
    let outcome = Api::<Pod>::all(client).list(&Default::default()).await;

    let Err(Error::Service(cause)) = outcome else {
        panic!("{outcome:?}");
    };
    assert!(
        cause.downcast_ref::<doorward::Error>().is_some(),
        "{cause:?}"
    );
    assert_eq!(bed.unauthorized(), before);
}

fn source(bed: &Testbed) -> TokenSource {
    let network = Network::new().ca_pem(bed.ca_pem().as_bytes()).unwrap();
    let walk = Walk::new()
        .network(network)
        .credentials(Credentials::new(USER, Secret::new(PASSWORD)).unwrap())
        .idp_url(&bed.okta_url())
        .unwrap()
        .adapter(Okta::default());
    TokenSource::new(Portal::new(&bed.portal_url(), walk).unwrap())
}
