//! A program that runs for longer than a token lives: [`TokenSource`] under a kube-rs client.
//!
//! By itself, kube-rs takes a token as a fixed text, from a file, or from a program that it calls. Here a layer under the
//! client asks the source before each request. The answer comes from memory, but for the one refresh in a token's life.
//!
//! ```text
//! export DOORWARD_PORTAL=https://k8sou.example.com DOORWARD_IDP_URL=https://acme.okta.com
//! export DOORWARD_USERNAME=ci-bot   # DOORWARD_PASSWORD: from a secret store
//! cargo run --example controller
//! ```

use std::{env, error, time::Duration};

use doorward::kubeconfig::UserAuth;
use doorward::{Credentials, Portal, Secret, TokenSource, Walk};
use doorward_providers::Okta;
use http::header::{AUTHORIZATION, HeaderValue};
use k8s_openapi::api::core::v1::Pod;
use kube::client::{Body, ClientBuilder};
use kube::config::{AuthInfo, Kubeconfig};
use kube::{Api, Client, Config};
use tower::{BoxError, buffer::BufferLayer, filter::AsyncFilterLayer};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn error::Error>> {
    let password = Secret::new(env::var("DOORWARD_PASSWORD")?);
    let walk = Walk::new()
        .credentials(Credentials::new(env::var("DOORWARD_USERNAME")?, password)?)
        .idp_url(&env::var("DOORWARD_IDP_URL")?)?
        .adapter(Okta::default());
    let source = TokenSource::new(Portal::new(&env::var("DOORWARD_PORTAL")?, walk)?);
    let pods: Api<Pod> = Api::default_namespaced(client(source).await?);
    loop {
        eprintln!("{} pods", pods.list(&Default::default()).await?.items.len());
        tokio::time::sleep(Duration::from_secs(30)).await;
    }
}

/// A client for the portal's cluster, whose every request carries a token that is good
pub(crate) async fn client(source: TokenSource) -> Result<Client, Box<dyn error::Error>> {
    let grant = source.log_in().await?; // the portal says where its cluster is, too
    let yaml = grant.kubeconfig(&UserAuth::Token)?.to_yaml();
    let kubeconfig = Kubeconfig::from_yaml(yaml.expose_secret())?;
    let mut config = Config::from_custom_kubeconfig(kubeconfig, &Default::default()).await?;
    config.auth_info = AuthInfo::default(); // this token ends; the source has the next ones
    let with_token = AsyncFilterLayer::new(move |mut request: http::Request<Body>| {
        let source = source.clone();
        async move {
            let token = source.token().await?;
            let bearer = format!("Bearer {}", token.id_token().expose_secret());
            let mut bearer = HeaderValue::try_from(bearer)?;
            bearer.set_sensitive(true);
            request.headers_mut().insert(AUTHORIZATION, bearer);
            Ok::<_, BoxError>(request)
        }
    });
    let buffer = BufferLayer::new(64); // what the filter stands on must be possible to clone
    let client = ClientBuilder::try_from(config)?.with_layer(&buffer);
    Ok(client.with_layer(&with_token).build())
}
