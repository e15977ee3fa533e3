//! An issuer of the test's own: answers that no portal of the kit gives.

use std::sync::{Arc, Mutex};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use doorward::kubeconfig::OidcUser;
use doorward::store::MemoryStore;
use doorward::{Credentials, ErrorKind, Portal, Rung, Secret, TokenSource, Walk};
use doorward_providers::OpenUnison;
use doorward_testkit::{
    Answer, Ask, CodeRequest, EVIL_HOST, IdpDouble, PASSWORD, Person, PortalIdp, RelyingParty,
    SignOn, Testbed, USER, World,
};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::world::{KEY, NoPassword, age, change, kept};

const ISSUER_HOST: &str = "issuer.test";

#[tokio::test]
async fn an_answer_without_an_id_token_is_a_refusal() {
    for answer in [
        json!({"access_token": "a", "refresh_token": "r2"}),
        json!({"id_token": 3}),
        json!([]),
    ] {
        let world = issuer(move |_| Answer::json(200, &answer)).await;

        let error = world.refresh_only().token().await.unwrap_err();

        assert_eq!(error.kind(), ErrorKind::Config);
        let told =
            "the answer to the refresh token holds no id_token; there is no password for a login";
        assert_eq!(error.to_string(), told);
        assert_eq!(world.source().token().await.unwrap().rung(), Rung::Login);
        assert_eq!(world.bed.count(ISSUER_HOST, "/token"), 1);
    }
}

#[tokio::test]
async fn a_token_that_cannot_be_read_or_never_ends_is_not_kept_and_a_login_follows() {
    let never_ends = jwt(&json!({"iss": "x", "aud": "kubernetes", "sub": "ci"}));
    for id_token in ["opaque".to_owned(), never_ends] {
        let document = json!({"id_token": id_token, "refresh_token": "r2"});
        let world = issuer(move |ask| {
            let mut document = document.clone();
            if document["id_token"] != "opaque" {
                document["id_token"] = jwt(&json!({
                    "iss": ask.origin(), "aud": "kubernetes", "sub": "ci",
                }))
                .into();
            }
            Answer::json(200, &document)
        })
        .await;

        let error = world.source().token().await.unwrap_err();

        assert_eq!(error.kind(), ErrorKind::Portal);
        assert_eq!(kept(&world.store).await["refresh"], Value::Null);
        assert_eq!(world.source().token().await.unwrap().rung(), Rung::Login);
        assert_eq!(world.bed.count(ISSUER_HOST, "/token"), 1);
    }
}

#[tokio::test]
async fn a_token_without_a_date_lives_from_its_arrival() {
    let world = issuer(|ask| {
        let ends = Timestamp::now().as_second() + 60;
        Answer::json(
            200,
            &json!({"id_token": jwt(&json!({
                "iss": ask.origin(), "aud": ["other", "kubernetes"], "sub": "ci", "exp": ends,
            }))}),
        )
    })
    .await;

    let token = world.refresh_only().token().await.unwrap();

    assert_eq!((token.rung(), token.user()), (Rung::Refresh, "ci"));
    assert!(token.is_fresh(Timestamp::now()));
}

#[tokio::test]
async fn a_token_endpoint_that_leads_elsewhere_is_not_followed() {
    for status in [302, 307, 308] {
        let world = issuer(move |ask| {
            let evil = ask.origin().replace(ISSUER_HOST, EVIL_HOST);
            Answer::empty(status).header("Location", format!("{evil}/token"))
        })
        .await;

        let error = world.refresh_only().token().await.unwrap_err();

        assert_eq!(error.kind(), ErrorKind::Config, "{error}");
        assert!(world.bed.seen().iter().all(|seen| seen.host != EVIL_HOST));
    }
}

#[tokio::test]
async fn a_busy_issuer_says_when_to_come_again_and_the_refresh_token_waits() {
    for status in [429, 503] {
        let busy = Arc::new(Mutex::new(true));
        let is_busy = Arc::clone(&busy);
        let world = issuer(move |ask| match *is_busy.lock().unwrap() {
            true => Answer::empty(status).header("Retry-After", "7"),
            false => good(ask),
        })
        .await;

        let error = world.refresh_only().token().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unavailable);
        assert_eq!(error.server_wait().unwrap().as_secs(), 7);
        let again = world.refresh_only().token().await.unwrap_err();
        assert_eq!(
            (again.kind(), again.to_string()),
            (error.kind(), error.to_string())
        );
        assert_eq!(world.bed.count(ISSUER_HOST, "/token"), 1);

        *busy.lock().unwrap() = false;
        change(&world.store, |record| {
            for (name, by) in [("at_micros", 8_000_000), ("until", 8)] {
                let time = &mut record["failure"][name];
                *time = (time.as_i64().unwrap() - by).into();
            }
        })
        .await;
        assert_eq!(
            world.refresh_only().token().await.unwrap().rung(),
            Rung::Refresh
        );
        assert_eq!(kept(&world.store).await["failure"], Value::Null);
    }
}

#[tokio::test]
async fn a_busy_issuer_is_no_reason_against_a_login() {
    for status in [429, 503] {
        let world = issuer(move |_| Answer::empty(status).header("Retry-After", "7")).await;

        assert_eq!(world.source().token().await.unwrap().rung(), Rung::Login);

        assert_eq!(world.bed.count(ISSUER_HOST, "/token"), 1);
    }
}

#[tokio::test]
async fn a_client_with_a_secret_shows_it_in_the_form() {
    let world = issuer(|ask| match ask.field("client_secret").as_deref() {
        Some("s+cret&") if ask.header("authorization").is_none() => good(ask),
        _ => Answer::empty(401),
    })
    .await;
    let mut user = world.user();
    user.client_secret = Some(Secret::new("s+cret&"));
    world.refresh_only().adopt(&user, Vec::new()).await.unwrap();

    assert_eq!(
        world.refresh_only().token().await.unwrap().rung(),
        Rung::Refresh
    );
    age(&world.store).await;
    assert_eq!(
        world.refresh_only().token().await.unwrap().rung(),
        Rung::Refresh
    );
}

#[tokio::test]
async fn an_issuer_without_https_is_never_asked() {
    let world = issuer(good).await;
    let mut user = world.user();
    user.issuer = user.issuer.replace("https", "http");
    world.refresh_only().adopt(&user, Vec::new()).await.unwrap();

    let error = world.refresh_only().token().await.unwrap_err();

    assert_eq!(error.kind(), ErrorKind::Config);
    assert_eq!(world.bed.seen(), []);
}

fn good(ask: &Ask) -> Answer {
    let now = Timestamp::now().as_second();
    let id_token = jwt(&json!({
        "iss": ask.origin(), "aud": "kubernetes", "sub": "ci", "iat": now, "exp": now + 60,
    }));
    Answer::json(200, &json!({"id_token": id_token, "refresh_token": "r2"}))
}

fn jwt(claims: &Value) -> String {
    format!("e30.{}.c2ln", URL_SAFE_NO_PAD.encode(claims.to_string()))
}

/// A portal with its own form, and an issuer beside it whose refresh token is kept
struct WithIssuer {
    bed: Testbed,
    store: MemoryStore,
}

async fn issuer(token: impl Fn(&Ask) -> Answer + Send + 'static) -> WithIssuer {
    let double = Issuer {
        token: Box::new(token),
    };
    let bed = Testbed::builder()
        .idp(PortalIdp::Form)
        .idp_double(Box::new(double))
        .start()
        .unwrap();
    let world = WithIssuer {
        bed,
        store: MemoryStore::new(),
    };
    world
        .refresh_only()
        .adopt(&world.user(), Vec::new())
        .await
        .unwrap();
    world
}

impl WithIssuer {
    fn user(&self) -> OidcUser {
        let mut user = OidcUser::new(self.bed.url(ISSUER_HOST), "kubernetes", Secret::new(""));
        user.refresh_token = Some(Secret::new("r1"));
        user
    }

    fn portal(&self) -> Portal {
        let walk = Walk::new()
            .network(self.bed.network().unwrap())
            .credentials(Credentials::new(USER, Secret::new(PASSWORD)).unwrap())
            .adapter(OpenUnison::default());
        Portal::new(&self.bed.portal_url(), walk).unwrap()
    }

    fn source(&self) -> TokenSource {
        TokenSource::new(self.portal()).store(self.store.clone(), KEY)
    }

    fn refresh_only(&self) -> TokenSource {
        TokenSource::new(NoPassword(self.portal())).store(self.store.clone(), KEY)
    }
}

struct Issuer {
    token: Box<dyn Fn(&Ask) -> Answer + Send>,
}

impl IdpDouble for Issuer {
    fn sites(&self) -> Vec<String> {
        vec![ISSUER_HOST.to_owned()]
    }

    fn register(&mut self, _: &RelyingParty, world: &World) -> SignOn {
        SignOn::Oidc {
            authorize: format!("{}/authorize", world.origin(ISSUER_HOST)),
            s256: false,
        }
    }

    fn answer(&mut self, ask: &Ask, _: &World) -> Answer {
        match (ask.method(), ask.path()) {
            ("GET", "/.well-known/openid-configuration") => Answer::json(
                200,
                &json!({
                    "issuer": ask.origin(),
                    "token_endpoint": format!("{}/token", ask.origin()),
                    "token_endpoint_auth_methods_supported": ["client_secret_post"],
                }),
            ),
            ("POST", "/token") => (self.token)(ask),
            _ => Answer::empty(404),
        }
    }

    fn redeem(&mut self, _: &CodeRequest, _: &World) -> Option<Person> {
        None
    }

    fn read_assertion(&mut self, _: &str, _: &World) -> Option<Person> {
        None
    }
}
