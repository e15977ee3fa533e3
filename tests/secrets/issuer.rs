//! Canaries of logins at an issuer without a portal: by each grant, with each proof of the client, and revoked.

use std::sync::Arc;

use doorward::issuer::GrantType;
use doorward::kubeconfig::{Target, UserAuth};
use doorward::signing::{Algorithm, PrivateKey, Signer};
use doorward::{Credentials, FrontDoor, Issuer, Secret, SecretSource, TokenSource, Walk};
use doorward_providers::LoginForm;
use doorward_testkit::{
    CLIENT_ID, ClientProof, PASSWORD, Provider, ProviderSwitches, Testbed, USER,
};

use crate::LOG;

const CLIENT_SECRET: &str = "client-canary-5e21";

#[test]
fn no_secret_of_an_issuers_login_occurs_where_people_look() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let key = Arc::new(PrivateKey::generate(Algorithm::Es256).unwrap());
    for proof in [
        ClientProof::Basic(CLIENT_SECRET.into()),
        ClientProof::Post(CLIENT_SECRET.into()),
        ClientProof::Key(key.jwk().to_json()),
    ] {
        let before = LOG.length();
        let is_key = matches!(proof, ClientProof::Key(_));
        let provider = Provider::new(ProviderSwitches {
            proof,
            ..ProviderSwitches::default()
        });
        let bed = Testbed::builder()
            .idp_double(Box::new(provider.clone()))
            .start()
            .unwrap();
        let subject = provider.foreign_token(&bed, "repo:acme/app");
        let issuer = || {
            let credentials = Credentials::new(USER, Secret::new(PASSWORD)).unwrap();
            let walk = Walk::new()
                .network(bed.network().unwrap())
                .credentials(credentials)
                .adapter(LoginForm::default());
            let issuer = Issuer::new(&Provider::issuer(&bed), CLIENT_ID, walk).unwrap();
            let issuer = issuer.scope("offline_access");
            match is_key {
                true => issuer.client_assertion(key.clone()),
                false => issuer.client_secret(SecretSource::value(Secret::new(CLIENT_SECRET))),
            }
        };
        let exchanged = SecretSource::value(Secret::new(&*subject));
        let doors = [
            issuer().target(Target::new(&bed.api_url()).unwrap()),
            issuer().grant(GrantType::Password),
            issuer().grant(GrantType::ClientCredentials),
            issuer()
                .grant(GrantType::TokenExchange)
                .subject_token(exchanged),
        ];

        let mut shown = String::new();
        for door in doors {
            let grant = runtime.block_on(door.open()).unwrap();
            let kubeconfig = grant.kubeconfig(&UserAuth::AuthProvider).unwrap();
            shown += &format!("{door:?}{grant:?}{grant:#?}{kubeconfig:?}");
        }
        let source = TokenSource::new(issuer());
        let token = runtime.block_on(source.token()).unwrap();
        shown += &format!("{source:?}{token:?}");
        assert!(runtime.block_on(source.forget()).unwrap());

        shown += &LOG.since(before);
        for secret in bed.secrets().iter().chain([&subject]) {
            assert!(!shown.contains(secret.as_str()), "{secret}");
        }
        for secret in [PASSWORD, CLIENT_SECRET] {
            assert!(!shown.contains(secret));
        }
        assert_eq!(bed.complaints(), Vec::<String>::new());
    }
}
