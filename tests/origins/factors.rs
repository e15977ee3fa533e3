//! Codes, answers, signatures and devices: what answers a factor goes where the password may go, and nowhere else.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use doorward::passkey::{AssertionRequest, Binary, Passkey};
use doorward::{
    CodeSource, Credentials, Devices, Error, ErrorKind, Factor, IdpAdapter, Page, Recognition,
    Secret, SecretSource, Visit, Walk,
};
use doorward_testkit::{Answer, PASSWORD, Seen, Testbed, USER};

use crate::{BROKER, IDP, MALLORY, Scripted, back, bed, open, state};

/// Fills the one form's field `otp` with what a factor asks for
#[derive(Clone, Debug)]
struct OtpForm(Factor);

#[async_trait]
impl IdpAdapter for OtpForm {
    fn name(&self) -> &'static str {
        "otp-form"
    }

    fn recognizes(&self, page: &Page) -> Recognition {
        match page.form_with("otp") {
            Some(_) => Recognition::Likely("a form with otp"),
            None => Recognition::No,
        }
    }

    async fn sign_in(&self, page: Page, visit: &mut Visit<'_>) -> Result<Page, Error> {
        visit.keep_cookie("DT");
        let mut form = page.expect_form_with("otp")?;
        let secret = match &self.0 {
            Factor::Question(_) => visit.answer().await?,
            Factor::Webauthn(_) => {
                let passkey = visit.passkey().cloned();
                let asked = AssertionRequest::new(page.url(), Binary::new("canary"));
                passkey.unwrap().assert(&asked)?.to_json()
            }
            factor => visit.code(factor).await?,
        };
        form.set_secret("otp", &secret);
        visit.submit(form).await
    }
}

/// Each kind of factor, and what answers it here
fn factors() -> [Factor; 4] {
    [
        Factor::Totp(None),
        Factor::Sms(None),
        Factor::Question(None),
        Factor::Webauthn(None),
    ]
}

/// A walk that answers this factor, and how many codes its source was asked for
fn walk(bed: &Testbed, factor: &Factor, named: &[&str]) -> (Walk, Arc<AtomicUsize>) {
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    let codes = CodeSource::callback(move |_| {
        count.fetch_add(1, Ordering::Relaxed);
        Ok(Secret::new("123456"))
    });
    let credentials = Credentials::new(USER, Secret::new(PASSWORD))
        .unwrap()
        .code(codes)
        .answer(SecretSource::value(Secret::new("okra")))
        .passkey(Passkey::generate(IDP, &Binary::new("ci")).unwrap());
    let walk = Walk::new()
        .network(bed.network().unwrap())
        .credentials(credentials)
        .adapter(OtpForm(factor.clone()));
    let name = |walk: Walk, site: &&str| walk.idp_url(&bed.url(site)).unwrap();
    (named.iter().fold(walk, name), asked)
}

fn form(action: &str) -> Answer {
    let form = format!(r#"<form method="post" action="{action}"><input name="otp"></form>"#);
    Answer::html(200, form)
}

fn posts(bed: &Testbed) -> usize {
    let seen = bed.seen();
    seen.iter().filter(|seen| seen.method == "POST").count()
}

#[tokio::test]
async fn what_answers_a_factor_comes_to_the_named_provider() {
    for factor in factors() {
        let bed = bed(Scripted::at(IDP, |ask, world| match ask.method() {
            "GET" => form(""),
            _ => Answer::redirect(back(ask, world)),
        }));

        open(&bed, walk(&bed, &factor, &[IDP]).0).await.unwrap();

        assert_eq!((posts(&bed), bed.count(MALLORY, "/")), (1, 0));
    }
}

#[tokio::test]
async fn a_provider_that_nobody_named_gets_no_answer_to_a_factor() {
    for factor in factors() {
        let bed = bed(Scripted::at(IDP, |_, _| form("")));
        let (walk, asked) = walk(&bed, &factor, &[]);

        let error = open(&bed, walk).await.unwrap_err();

        assert_eq!(error.kind(), ErrorKind::UntrustedOrigin, "{factor}");
        // A code that nobody gets is not spent, nor a person bothered.
        assert_eq!((posts(&bed), asked.load(Ordering::Relaxed)), (0, 0));
    }
}

#[tokio::test]
async fn a_form_that_leads_elsewhere_gets_no_answer_to_a_factor() {
    for factor in factors() {
        let bed = bed(Scripted::at(IDP, |_, world| {
            form(&format!("{}/steal", world.origin(MALLORY)))
        }));

        let error = open(&bed, walk(&bed, &factor, &[IDP]).0).await.unwrap_err();

        assert_eq!(error.kind(), ErrorKind::UntrustedOrigin, "{factor}");
        assert!(error.to_string().contains(&bed.url(MALLORY)));
        assert_eq!((posts(&bed), requests_to(&bed, MALLORY).len()), (0, 0));
    }
}

#[tokio::test]
async fn an_answer_to_a_factor_is_not_sent_on_to_another_origin() {
    for factor in factors() {
        for status in [307, 308] {
            let bed = bed(Scripted::at(IDP, move |ask, world| match ask.method() {
                "GET" => form(""),
                _ => Answer::empty(status)
                    .header("Location", format!("{}/steal", world.origin(MALLORY))),
            }));

            let error = open(&bed, walk(&bed, &factor, &[IDP]).0).await.unwrap_err();

            assert_eq!(error.kind(), ErrorKind::UntrustedOrigin, "{factor}");
            assert_eq!((posts(&bed), requests_to(&bed, MALLORY).len()), (1, 0));
        }
    }
}

#[tokio::test]
async fn a_passkey_signs_for_no_page_of_another_host() {
    let bed = bed(Scripted::at(BROKER, |_, _| form("")));
    let factor = Factor::Webauthn(None);

    let error = open(&bed, walk(&bed, &factor, &[BROKER]).0)
        .await
        .unwrap_err();

    assert_eq!(error.kind(), ErrorKind::Config, "{error}");
    assert_eq!(posts(&bed), 0);
}

#[tokio::test]
async fn a_device_comes_from_its_host_and_goes_back_to_it_alone() {
    let double = Scripted::at(BROKER, |ask, world| match (ask.site(), ask.method()) {
        (BROKER, _) if ask.path() == "/authorize" => {
            Answer::redirect(format!("{}/login?state={}", world.origin(IDP), state(ask)))
        }
        (IDP, "GET") => form("").cookie("DT=DI1canary; Path=/; Secure; HttpOnly"),
        (IDP, _) => Answer::redirect(format!("{}/?{}", world.origin(MALLORY), ask.raw_query())),
        (MALLORY, _) => {
            Answer::redirect(format!("{}/cb?{}", world.origin(BROKER), ask.raw_query()))
        }
        _ => Answer::redirect(back(ask, world)),
    });
    let bed = bed(double);
    let devices = Devices::new();

    for _ in 0..2 {
        let (walk, _) = walk(&bed, &Factor::Totp(None), &[IDP, BROKER]);
        let walk = walk.devices(devices.clone());
        open(&bed, walk).await.unwrap();
    }

    let seen = bed.seen();
    let with: Vec<&str> = seen
        .iter()
        .filter(|seen| seen.cookies.iter().any(|name| name == "DT"))
        .map(|seen| seen.host.as_str())
        .collect();
    // The first login's post, and all of the second one's.
    assert_eq!(with, [IDP; 3]);
    assert_eq!(requests_to(&bed, MALLORY).len(), 2);
    assert_eq!(devices.hosts(), [IDP]);
}

fn requests_to(bed: &Testbed, site: &str) -> Vec<Seen> {
    let seen = bed.seen().into_iter();
    seen.filter(|seen| seen.host == site).collect()
}
