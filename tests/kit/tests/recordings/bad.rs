//! Adapters that are wrong in one way each, and the facts that find it out.

use std::path::{Path, PathBuf};

use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use doorward::{Error, Event, Factor, IdpAdapter, Page, Recognition, Request, Secret, Url, Visit};
use doorward_testkit::{Conformance, Findings};

use crate::acme::accepted;

/// What is wrong with it
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Wrong {
    AsksAgain,
    AsksOutside,
    ForgetsACookie,
    KnowsAnyForm,
    KnowsNothingOfItsOwn,
    LeaksInto(Place),
    NeverEnds,
    Panics,
    SendsAnotherName,
    SendsACodeTwice,
    TakesAnyAnswer,
}

/// Where it shows the password
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Place {
    Base64,
    Cause,
    Context,
    Event,
    Hint,
    Log,
    Message,
    Query,
}

#[derive(Clone, Debug)]
struct Bad(Wrong);

#[async_trait]
impl IdpAdapter for Bad {
    fn name(&self) -> &'static str {
        "acme"
    }

    fn recognizes(&self, page: &Page) -> Recognition {
        let has = |field| page.form_with(field).is_some();
        match self.0 {
            Wrong::KnowsAnyForm if !page.forms().is_empty() => Recognition::Likely("a form"),
            Wrong::KnowsNothingOfItsOwn => Recognition::No,
            _ if has("acme_password") || has("acme_code") => Recognition::Certain("Acme's form"),
            _ => Recognition::No,
        }
    }

    async fn sign_in(&self, page: Page, visit: &mut Visit<'_>) -> Result<Page, Error> {
        if page.form_with("acme_code").is_some() {
            let mut form = page.expect_form_with("acme_code")?;
            form.set_secret("acme_code", &visit.code(&Factor::Totp(None)).await?);
            if self.0 == Wrong::SendsACodeTwice {
                visit.submit(form.clone()).await?;
            }
            return accepted(visit.submit(form).await?);
        }
        let mut form = page.expect_form_with("acme_password")?;
        let user = match self.0 {
            Wrong::SendsAnotherName => "ci-user@acme",
            _ => visit.username(),
        };
        form.set("acme_user", user);
        let password = visit.password().await?;
        form.set_secret("acme_password", &password);
        let mut request = Request::submit(form.clone());
        if self.0 == Wrong::ForgetsACookie {
            request = request.header("cookie", "");
        }
        let answer = visit.send(request).await?;
        match self.0 {
            Wrong::AsksAgain if answer.redirect().is_none() => {
                return accepted(visit.submit(form).await?);
            }
            Wrong::AsksOutside => {
                let statistics = Url::parse("https://statistics.test/login").unwrap();
                let _ = visit.get(&statistics).await;
            }
            Wrong::LeaksInto(place) => leak(place, &password, visit)?,
            Wrong::NeverEnds if answer.redirect().is_none() => {
                for number in 0.. {
                    let next = format!("https://provider.test/login?try={number}");
                    visit.get(&Url::parse(&next).unwrap()).await?;
                }
            }
            Wrong::Panics if answer.redirect().is_none() => {
                let reason = answer.attribute(".acme-error", "data-reason");
                assert_eq!(reason.as_deref(), Some("refused"), "what is it then?");
            }
            Wrong::TakesAnyAnswer if answer.redirect().is_none() => {
                return Err(Error::rejected("Acme refused the password"));
            }
            _ => {}
        }
        accepted(answer)
    }
}

fn leak(place: Place, password: &Secret, visit: &Visit<'_>) -> Result<(), Error> {
    let text = password.expose_secret();
    let rejected = || Error::rejected("refused");
    Err(match place {
        Place::Base64 => rejected().at("header", STANDARD.encode(format!("ci-user:{text}"))),
        Place::Cause => rejected().because(std::io::Error::other(text.to_owned())),
        Place::Context => rejected().at("password", text),
        Place::Event => {
            visit.tell(&Event::Note(text));
            rejected()
        }
        Place::Hint => rejected().hint(format!("check {text}")),
        Place::Log => {
            tracing::trace!(password = text, "sent");
            rejected()
        }
        Place::Message => Error::rejected(format!("{text} is wrong")),
        Place::Query => {
            let url = Url::parse_with_params("https://provider.test/", [("p", text)]);
            rejected().at("url", url.unwrap())
        }
    })
}

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/cases")
        .join(name)
}

fn conformance(wrong: Wrong) -> Conformance {
    Conformance::new(Bad(wrong), folder("acme"))
}

/// The names of the facts that do not hold, and what is told of them
fn broken(wrong: Wrong) -> Vec<(&'static str, Vec<String>)> {
    let subject = conformance(wrong);
    let facts: [(_, Result<(), Findings>); 8] = [
        (
            "cases",
            subject.the_two_cases_that_each_adapter_needs_are_there(),
        ),
        ("recorded", subject.every_case_passes_as_recorded()),
        (
            "pages",
            subject.its_own_pages_are_recognized_and_no_others(),
        ),
        (
            "rejected",
            subject.a_wrong_password_is_rejected_after_one_attempt(),
        ),
        (
            "unknown",
            subject.an_unknown_page_after_the_password_ends_the_login(),
        ),
        (
            "cut off",
            subject.answers_that_are_cut_off_or_empty_end_the_login(),
        ),
        ("secrets", subject.no_secret_is_shown()),
        ("hosts", subject.no_host_outside_the_case_is_asked()),
    ];
    let told =
        |(name, result): (_, Result<(), Findings>)| Some((name, result.err()?.lines().to_vec()));
    facts.into_iter().filter_map(told).collect()
}

/// Exactly the facts `names` are broken by `wrong`, and `line` is told of the first
fn assert_broken(wrong: Wrong, names: &[&str], line: &str) {
    let broken = broken(wrong);
    let found: Vec<&str> = broken.iter().map(|(name, _)| *name).collect();
    assert_eq!(found, names, "{wrong:?}: {broken:#?}");
    let told = &broken[0].1;
    assert!(told.iter().any(|told| told == line), "{wrong:?}: {told:#?}");
}

#[test]
fn a_password_that_is_sent_again_is_found() {
    assert_broken(
        Wrong::AsksAgain,
        &["recorded", "rejected", "unknown", "cut off"],
        "wrong-password: after the last exchange: not recorded, sent POST https://provider.test/login",
    );
    let error = conformance(Wrong::AsksAgain)
        .a_wrong_password_is_rejected_after_one_attempt()
        .unwrap_err();
    let told = "wrong-password: {{password}} was sent to provider.test 2 times";
    assert!(error.lines().contains(&told.to_owned()), "{error:?}");
}

#[test]
fn an_adapter_that_knows_pages_of_others_is_found() {
    assert_broken(
        Wrong::KnowsAnyForm,
        &["pages"],
        "keycloak's first page at https://id.acme.test/realms/corp/protocol/openid-connect/auth?client_id=kube: \
         taken for Likely(\"a form\")",
    );
}

#[test]
fn an_adapter_that_does_not_know_its_own_pages_is_found() {
    // As the only adapter it gets the form for the password all the same, but not that for the code.
    let broken = broken(Wrong::KnowsNothingOfItsOwn);
    let pages = broken.iter().find(|(name, _)| *name == "pages").unwrap();
    assert_eq!(
        pages.1,
        ["password-ok", "wrong-password"]
            .map(|name| format!("{name}: no page before the password is recognized"))
    );
}

#[test]
fn another_field_is_found() {
    assert_broken(
        Wrong::SendsAnotherName,
        &["recorded", "rejected"],
        "password-ok: exchange 03 (POST https://provider.test/login), field acme_user: recorded ci-user, \
         sent ci-user@acme",
    );
}

#[test]
fn a_lost_cookie_is_found() {
    assert_broken(
        Wrong::ForgetsACookie,
        &["recorded", "rejected"],
        "password-ok: exchange 03 (POST https://provider.test/login), cookie: recorded \
         acme_session=redacted-session-1, not sent",
    );
}

#[test]
fn a_code_that_is_sent_again_is_found() {
    assert_broken(
        Wrong::SendsACodeTwice,
        &["recorded"],
        "totp-ok: exchange 06 (POST https://provider.test/code), field acme_code: recorded {{code-2}}, sent {{code}}",
    );
}

#[test]
fn a_host_outside_is_found_though_nothing_is_sent_there() {
    assert_broken(
        Wrong::AsksOutside,
        &["recorded", "hosts"],
        "password-ok: the host statistics.test is not in the recording, and was asked",
    );
}

#[test]
fn an_unknown_page_that_counts_as_a_refusal_is_found() {
    assert_broken(
        Wrong::TakesAnyAnswer,
        &["unknown"],
        "password-ok, an unknown page answers exchange 03: expected UnexpectedPage or NoAdapter, got Rejected: \
         Acme refused the password (adapter acme)",
    );
}

#[test]
fn a_panic_on_an_unknown_or_broken_page_is_found() {
    let broken = broken(Wrong::Panics);
    let names: Vec<&str> = broken.iter().map(|(name, _)| *name).collect();
    assert_eq!(names, ["unknown", "cut off"]);
    let told = "wrong-password, the answer of exchange 03 ends after 0 bytes: the login ended with a panic: ";
    let lines = &broken[1].1;
    assert!(
        lines.iter().any(|line| line.starts_with(told)),
        "{lines:#?}"
    );
}

#[test]
fn a_login_that_asks_on_and_on_is_found() {
    let broken = broken(Wrong::NeverEnds);
    let names: Vec<&str> = broken.iter().map(|(name, _)| *name).collect();
    assert_eq!(names, ["recorded", "rejected", "unknown", "cut off"]);
    let told = "password-ok, an unknown page answers exchange 03: 60 requests were made";
    assert!(broken[2].1.contains(&told.to_owned()), "{:#?}", broken[2].1);
}

#[test]
fn a_password_that_is_shown_is_found_wherever_it_stands() {
    for (place, shown) in [
        (Place::Base64, "{{password}} stands in the error"),
        (Place::Cause, "{{password}} stands in the error's cause"),
        (Place::Context, "{{password}} stands in the error"),
        (Place::Event, "{{password}} stands in an event"),
        (Place::Hint, "{{password}} stands in the error's next step"),
        (Place::Log, "{{password}} stands in the log"),
        (Place::Message, "{{password}} stands in the error"),
        (Place::Query, "{{password}} stands in the error"),
    ] {
        let subject = conformance(Wrong::LeaksInto(place));
        let error = subject.no_secret_is_shown().unwrap_err();
        let told = format!("wrong-password: {shown}");
        assert!(error.lines().contains(&told), "{place:?}: {error:?}");
        let text = format!("{error} {error:?}");
        assert!(!text.contains("c4nary"), "{text}");
    }
}

#[test]
fn a_folder_without_the_cases_is_found() {
    let lines = |name: &str| {
        let subject = Conformance::new(Bad(Wrong::Panics), folder(name));
        let result = subject.the_two_cases_that_each_adapter_needs_are_there();
        result.unwrap_err().lines().to_vec()
    };

    let swapped = lines("swapped");
    assert_eq!(
        swapped,
        [
            "password-ok: it ends with Rejected",
            "wrong-password: there is no such recording"
        ]
    );
    assert!(lines("nowhere")[0].contains("nowhere: "));
}

#[test]
fn a_recording_with_a_token_in_it_is_found() {
    let subject = Conformance::new(Bad(Wrong::Panics), folder("leaky"));

    let error = subject.no_recording_holds_a_secret().unwrap_err();

    assert_eq!(error.lines().len(), 1, "{error}");
    assert!(error.lines()[0].contains("02.http"), "{error}");
    assert!(error.lines()[0].contains("a token"), "{error}");
}
