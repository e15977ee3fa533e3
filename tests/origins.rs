//! Who gets what: passwords, codes and assertions go only where the caller said, however a server asks.

#![allow(clippy::unwrap_used, reason = "a test may fail in any line")]

#[path = "origins/engine.rs"]
mod engine;
#[path = "origins/factors.rs"]
mod factors;
#[path = "origins/okta.rs"]
mod okta;
#[path = "origins/realms.rs"]
mod realms;

use std::fmt;

use async_trait::async_trait;
use doorward::{
    Credentials, Error, ErrorKind, FrontDoor, Grant, IdpAdapter, Page, Portal, Recognition, Secret,
    Visit, Walk,
};
use doorward_testkit::{
    Answer, Ask, CodeRequest, IdpDouble, PASSWORD, PORTAL_HOST, Person, RelyingParty, SignOn,
    Testbed, USER, World,
};

const IDP: &str = "idp.test";
const BROKER: &str = "broker.test";
const MALLORY: &str = "mallory.test";

/// A provider that does what the test says, at three hosts
struct Scripted {
    answer: Box<dyn Script>,
    entry: &'static str,
}

trait Script: FnMut(&Ask, &World) -> Answer + Send {}

impl<F: FnMut(&Ask, &World) -> Answer + Send> Script for F {}

impl Scripted {
    fn at(
        entry: &'static str,
        answer: impl FnMut(&Ask, &World) -> Answer + Send + 'static,
    ) -> Box<Self> {
        Box::new(Self {
            answer: Box::new(answer),
            entry,
        })
    }
}

impl fmt::Debug for Scripted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Scripted")
    }
}

impl IdpDouble for Scripted {
    fn sites(&self) -> Vec<String> {
        [IDP, BROKER, MALLORY].map(str::to_owned).to_vec()
    }

    fn register(&mut self, _: &RelyingParty, world: &World) -> SignOn {
        SignOn::Oidc {
            authorize: format!("{}/authorize", world.origin(self.entry)),
            s256: false,
        }
    }

    fn answer(&mut self, ask: &Ask, world: &World) -> Answer {
        (self.answer)(ask, world)
    }

    fn redeem(&mut self, request: &CodeRequest, _: &World) -> Option<Person> {
        (request.code == "good").then(|| Person::new(USER, PASSWORD))
    }

    fn read_assertion(&mut self, _: &str, _: &World) -> Option<Person> {
        None
    }
}

/// Fills the one form with a field `pw`
#[derive(Clone, Debug, Default)]
struct PwForm;

#[async_trait]
impl IdpAdapter for PwForm {
    fn name(&self) -> &'static str {
        "pw-form"
    }

    fn recognizes(&self, page: &Page) -> Recognition {
        match page.form_with("pw") {
            Some(_) => Recognition::Likely("a form with pw"),
            None => Recognition::No,
        }
    }

    async fn sign_in(&self, page: Page, visit: &mut Visit<'_>) -> Result<Page, Error> {
        let mut form = page.expect_form_with("pw")?;
        form.set_secret("pw", &visit.password().await?);
        visit.submit(form).await
    }
}

fn form(action: &str) -> Answer {
    Answer::html(
        200,
        format!(
            r#"<form method="post" action="{action}"><input name="pw" type="password"></form>"#
        ),
    )
}

/// `/authorize` shows a form; what follows its POST is the test's
fn idp(after: impl Fn(&Ask, &World) -> Answer + Send + 'static) -> Box<Scripted> {
    Scripted::at(IDP, move |ask, world| match (ask.method(), ask.path()) {
        ("GET", "/authorize") => form(""),
        _ => after(ask, world),
    })
}

/// The request's `state`, encoded for another query
fn state(ask: &Ask) -> String {
    let state = ask.query("state").unwrap_or_default();
    url::form_urlencoded::byte_serialize(state.as_bytes()).collect()
}

fn back(ask: &Ask, world: &World) -> String {
    let state = state(ask);
    format!(
        "{}/auth/oidc?code=good&state={state}",
        world.origin(PORTAL_HOST)
    )
}

fn bed(double: Box<Scripted>) -> Testbed {
    Testbed::builder().idp_double(double).start().unwrap()
}

fn walk(bed: &Testbed, named: &[&str]) -> Walk {
    let credentials = Credentials::new(USER, Secret::new(PASSWORD)).unwrap();
    let walk = Walk::new()
        .network(bed.network().unwrap())
        .credentials(credentials)
        .adapter(PwForm);
    named
        .iter()
        .fold(walk, |walk, site| walk.idp_url(&bed.url(site)).unwrap())
}

async fn open(bed: &Testbed, walk: Walk) -> Result<Grant, Error> {
    Portal::new(&bed.portal_url(), walk).unwrap().open().await
}

fn posts(bed: &Testbed) -> usize {
    bed.seen()
        .iter()
        .filter(|seen| seen.method == "POST")
        .count()
}

#[tokio::test]
async fn a_login_at_a_named_provider_comes_back() {
    let bed = bed(idp(|ask, world| Answer::redirect(back(ask, world))));

    open(&bed, walk(&bed, &[IDP])).await.unwrap();

    assert_eq!(bed.complaints(), Vec::<String>::new());
}

#[tokio::test]
async fn a_provider_that_nobody_named_gets_no_password() {
    let bed = bed(idp(|ask, world| Answer::redirect(back(ask, world))));

    let error = open(&bed, walk(&bed, &[])).await.unwrap_err();

    assert_eq!(error.kind(), ErrorKind::UntrustedOrigin);
    assert!(error.to_string().contains(&bed.url(IDP)), "{error}");
    assert!(
        error
            .next_step()
            .unwrap()
            .contains(&format!("--idp-url {}", bed.url(IDP)))
    );
    assert_eq!(posts(&bed), 0);
}

#[tokio::test]
async fn a_form_that_leads_elsewhere_gets_no_password() {
    let bed = bed(Scripted::at(IDP, |_, world| {
        form(&format!("{}/steal", world.origin(MALLORY)))
    }));

    let error = open(&bed, walk(&bed, &[IDP])).await.unwrap_err();

    assert_eq!(error.kind(), ErrorKind::UntrustedOrigin);
    assert!(error.to_string().contains(&bed.url(MALLORY)));
    assert_eq!(bed.count(MALLORY, "/"), 0);
    assert_eq!(posts(&bed), 0);
}

#[tokio::test]
async fn a_password_is_not_sent_on_to_another_origin() {
    for status in [307, 308] {
        let bed = bed(idp(move |_, world| {
            Answer::empty(status).header("Location", format!("{}/steal", world.origin(MALLORY)))
        }));

        let error = open(&bed, walk(&bed, &[IDP])).await.unwrap_err();

        assert_eq!(error.kind(), ErrorKind::UntrustedOrigin);
        assert_eq!(bed.count(MALLORY, "/"), 0);
        assert_eq!(posts(&bed), 1);
    }
}

#[tokio::test]
async fn a_password_is_sent_on_within_its_origin() {
    let bed = bed(idp(|ask, world| match ask.path() {
        "/authorize" => {
            Answer::empty(307).header("Location", format!("/second?{}", ask.raw_query()))
        }
        _ => match ask.field("pw").as_deref() {
            Some(PASSWORD) => Answer::redirect(back(ask, world)),
            _ => Answer::empty(400),
        },
    }));

    open(&bed, walk(&bed, &[IDP])).await.unwrap();
}

#[tokio::test]
async fn a_code_for_somebody_else_is_not_delivered() {
    let bed = bed(idp(|_, world| {
        Answer::redirect(format!("{}/cb?code=good&state=1", world.origin(MALLORY)))
    }));

    let error = open(&bed, walk(&bed, &[IDP])).await.unwrap_err();

    assert_eq!(error.kind(), ErrorKind::UntrustedOrigin);
    assert!(
        error
            .next_step()
            .unwrap()
            .contains(&format!("--via {}", bed.url(MALLORY)))
    );
    assert_eq!(bed.count(MALLORY, "/"), 0);
}

#[tokio::test]
async fn a_named_relay_gets_a_code_but_no_password() {
    let double = Scripted::at(IDP, |ask, world| {
        match (ask.site(), ask.method(), ask.path()) {
            (IDP, "GET", "/authorize") => form(""),
            (IDP, ..) => {
                let state = state(ask);
                Answer::redirect(format!(
                    "{}/cb?code=good&state={state}",
                    world.origin(BROKER)
                ))
            }
            (_, _, "/cb") => Answer::redirect(back(ask, world)),
            _ => Answer::empty(404),
        }
    });
    let bed = bed(double);

    let via = walk(&bed, &[IDP]).via(&bed.url(BROKER)).unwrap();

    open(&bed, via).await.unwrap();
    let error = open(&bed, walk(&bed, &[]).via(&bed.url(IDP)).unwrap())
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UntrustedOrigin);
}

/// The broker asks the provider in its own name, as its `redirect_uri` shows
fn brokered(return_to: &'static str) -> Box<Scripted> {
    Scripted::at(BROKER, move |ask, world| {
        match (ask.site(), ask.method(), ask.path()) {
            (BROKER, _, "/authorize") => {
                let state = state(ask);
                let back_to = format!("{}/cb", world.origin(return_to));
                Answer::redirect(format!(
                    "{}/login?redirect_uri={back_to}&state={state}",
                    world.origin(IDP)
                ))
            }
            (IDP, "GET", "/login") => form(""),
            (IDP, "POST", "/login") => {
                let state = state(ask);
                Answer::redirect(format!(
                    "{}/cb?code=inner&state={state}",
                    world.origin(return_to)
                ))
            }
            (_, _, "/cb") => Answer::redirect(back(ask, world)),
            _ => Answer::empty(404),
        }
    })
}

#[tokio::test]
async fn a_broker_gets_the_code_that_it_asked_for() {
    let bed = bed(brokered(BROKER));

    open(&bed, walk(&bed, &[IDP])).await.unwrap();
}

#[tokio::test]
async fn a_return_address_that_would_be_refused_is_refused_before_the_password() {
    let bed = bed(brokered(MALLORY));

    let error = open(&bed, walk(&bed, &[IDP])).await.unwrap_err();

    assert_eq!(error.kind(), ErrorKind::UntrustedOrigin);
    assert!(
        error
            .next_step()
            .unwrap()
            .contains(&format!("--via {}", bed.url(MALLORY)))
    );
    assert_eq!(posts(&bed), 0);
}

#[tokio::test]
async fn https_never_falls_back_and_no_user_name_is_followed() {
    for location in [
        "http://idp.test/x".to_owned(),
        "https://portal@mallory.test/x".to_owned(),
    ] {
        let shown = location.clone();
        let bed = bed(Scripted::at(IDP, move |_, _| {
            Answer::redirect(location.clone())
        }));

        let error = open(&bed, walk(&bed, &[IDP])).await.unwrap_err();

        assert_eq!(error.kind(), ErrorKind::UntrustedOrigin, "{shown}");
        assert_eq!(bed.count(MALLORY, "/"), 0);
    }
}

#[tokio::test]
async fn a_token_document_from_elsewhere_is_none() {
    let bed = bed(Scripted::at(IDP, |_, _| {
        Answer::json(
            200,
            &serde_json::json!({"token": {"id_token": "a.b.c", "kubectl Command": "true"}}),
        )
    }));

    let error = open(&bed, walk(&bed, &[IDP])).await.unwrap_err();

    assert_eq!(error.kind(), ErrorKind::UntrustedOrigin);
}

#[tokio::test]
async fn an_assertion_from_a_page_that_nobody_named_is_not_submitted() {
    let double = Scripted::at(IDP, |ask, world| match ask.site() {
        IDP => Answer::redirect(format!("{}/", world.origin(MALLORY))),
        _ => Answer::html(
            200,
            format!(
                r#"<form method="post" action="{}/auth/saml2"><input type="hidden" name="SAMLResponse" value="x"></form>"#,
                world.origin(PORTAL_HOST)
            ),
        ),
    });
    let bed = bed(double);

    let error = open(&bed, walk(&bed, &[IDP])).await.unwrap_err();

    assert_eq!(error.kind(), ErrorKind::UntrustedOrigin);
    assert_eq!(posts(&bed), 0);
}

#[tokio::test]
async fn only_a_form_post_within_an_origin_says_where_it_comes_from() {
    let bed = bed(idp(|ask, world| Answer::redirect(back(ask, world))));

    open(&bed, walk(&bed, &[IDP])).await.unwrap();

    for seen in bed.seen() {
        let names_origin = seen
            .headers
            .iter()
            .filter(|name| *name == "referer" || *name == "origin")
            .count();
        assert_eq!(
            names_origin,
            if seen.method == "POST" { 2 } else { 0 },
            "{} {}",
            seen.method,
            seen.path
        );
    }
}

#[tokio::test]
async fn a_login_form_that_comes_back_is_a_rejection() {
    for redirects in [false, true] {
        let bed = bed(idp(move |_, _| match redirects {
            true => Answer::redirect("/authorize?again=1"),
            false => form(""),
        }));

        let error = open(&bed, walk(&bed, &[IDP])).await.unwrap_err();

        assert_eq!(error.kind(), ErrorKind::Rejected);
        assert_eq!(posts(&bed), 1);
    }
}

/// Recognizes what `PwForm` recognizes, equally well
#[derive(Debug)]
struct Twin;

#[async_trait]
impl IdpAdapter for Twin {
    fn name(&self) -> &'static str {
        "twin"
    }

    fn recognizes(&self, page: &Page) -> Recognition {
        match page.form_with("pw") {
            Some(_) => Recognition::Likely("the same form"),
            None => Recognition::No,
        }
    }

    async fn sign_in(&self, page: Page, _: &mut Visit<'_>) -> Result<Page, Error> {
        Ok(page)
    }
}

#[tokio::test]
async fn a_tie_between_adapters_shows_both_reasons() {
    let bed = bed(idp(|ask, world| Answer::redirect(back(ask, world))));

    let error = open(&bed, walk(&bed, &[IDP]).adapter(Twin))
        .await
        .unwrap_err();

    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(
        error.to_string().contains("a form with pw") && error.to_string().contains("the same form")
    );
    assert_eq!(posts(&bed), 0);
}

#[tokio::test]
async fn an_adapter_that_does_nothing_is_a_bug_and_no_loop() {
    let bed = bed(idp(|ask, world| Answer::redirect(back(ask, world))));
    let walk = Walk::new()
        .network(bed.network().unwrap())
        .adapter(Twin)
        .idp_url(&bed.url(IDP))
        .unwrap();

    let error = open(&bed, walk).await.unwrap_err();

    assert_eq!(error.kind(), ErrorKind::UnexpectedPage);
}

#[tokio::test]
async fn a_page_that_nobody_knows_is_described_without_its_text() {
    let bed = bed(Scripted::at(IDP, |_, _| {
        Answer::html(
            200,
            r#"<title>Geheim</title><form method=post action=/x><input name=otp><input name=csrf type=hidden value=s3cr3t>"#,
        )
    }));

    let error = open(&bed, walk(&bed, &[IDP])).await.unwrap_err();

    assert_eq!(error.kind(), ErrorKind::NoAdapter);
    let text = error.to_string();
    assert!(
        text.contains("otp") && text.contains("csrf") && text.contains("/authorize"),
        "{text}"
    );
    assert!(!text.contains("Geheim") && !text.contains("s3cr3t"));
    assert!(error.next_step().is_some());
}

/// A page of hidden fields with one button, posted to its own origin
fn hidden_fields(action: &str, state: &str) -> Answer {
    Answer::html(
        200,
        format!(
            r#"<form method="post" action="{action}"><input type="hidden" name="code" value="good">
            <input type="hidden" name="state" value="{state}"><button>OK</button></form>"#
        ),
    )
}

#[tokio::test]
async fn hidden_fields_called_code_and_state_are_not_yet_an_answer_that_somebody_asked_for() {
    let bed = bed(Scripted::at(IDP, |ask, _| {
        hidden_fields("/grant", &ask.query("state").unwrap_or_default())
    }));

    let error = open(&bed, walk(&bed, &[IDP])).await.unwrap_err();

    assert_eq!(error.kind(), ErrorKind::NoAdapter, "{error}");
    assert_eq!(posts(&bed), 0);
}

#[tokio::test]
async fn an_answer_to_a_broker_at_the_same_origin_is_submitted() {
    let bed = bed(Scripted::at(IDP, |ask, world| {
        match (ask.method(), ask.path()) {
            ("GET", "/authorize") => {
                let back = format!("{}/callback", world.origin(IDP));
                Answer::redirect(format!(
                    "/upstream?redirect_uri={back}&state={}",
                    state(ask)
                ))
            }
            ("GET", "/upstream") => {
                hidden_fields("/callback", &ask.query("state").unwrap_or_default())
            }
            _ => {
                let state = ask.field("state").unwrap_or_default();
                let state: String =
                    url::form_urlencoded::byte_serialize(state.as_bytes()).collect();
                let portal = world.origin(PORTAL_HOST);
                Answer::redirect(format!("{portal}/auth/oidc?code=good&state={state}"))
            }
        }
    }));

    open(&bed, walk(&bed, &[IDP])).await.unwrap();

    assert_eq!(posts(&bed), 1);
}
