//! Enrolments and logins with doorward's passkeys, judged by a server library of others.

#![allow(clippy::unwrap_used, reason = "a test may fail in any line")]

use doorward::Secret;
use doorward::passkey::{
    AssertionRequest, Binary, Passkey, PasskeyError, RegistrationRequest, SignCounter,
};
use doorward_passkey_test::{Judgement, RelyingParty};
use url::Url;
use webauthn_rs::prelude::WebauthnError;

const PAGE: &str = "https://id.example.com/login?next=%2F";

fn page(url: &str) -> Url {
    Url::parse(url).unwrap()
}

fn asked(options: &[u8], url: &str) -> AssertionRequest {
    AssertionRequest::parse(&page(url), options).unwrap()
}

fn answer(passkey: &Passkey, options: &[u8]) -> String {
    let assertion = passkey.assert(&asked(options, PAGE)).unwrap();
    assertion.to_json().expose_secret().to_owned()
}

fn enrol(party: &mut RelyingParty) -> Passkey {
    let (options, state) = party.ask_to_enrol().unwrap();
    let request = RegistrationRequest::parse(&page(PAGE), &options).unwrap();
    let passkey = Passkey::for_request(&request).unwrap();
    let registration = passkey.register(&request).unwrap();
    party.enrol(registration.to_json(), &state).unwrap();
    passkey
}

fn sign_in(party: &mut RelyingParty, passkey: &Passkey) -> Result<u32, Judgement> {
    let (options, state) = party.ask_to_sign_in().unwrap();
    let result = party.sign_in(&answer(passkey, &options), &state)?;
    assert!(result.user_verified());
    assert_eq!(
        result.cred_id().as_slice(),
        passkey.credential_id().as_bytes()
    );
    Ok(result.counter())
}

#[test]
fn a_passkey_enrols_and_signs_in_again_and_again() {
    let mut party = RelyingParty::new().unwrap();
    let passkey = enrol(&mut party);
    assert_eq!(passkey.rp_id(), Some("example.com"));
    assert_eq!(
        passkey.user_handle().unwrap().as_bytes(),
        party.user_handle()
    );

    // As a CI job does it: from the secret, each time
    let secret = passkey.to_secret().unwrap();
    for _ in 0..5 {
        let passkey = Passkey::parse(&secret).unwrap();
        assert_eq!(sign_in(&mut party, &passkey).unwrap(), 0);
    }
}

#[test]
fn a_bare_pem_enrols_and_signs_in() {
    let mut party = RelyingParty::new().unwrap();
    let made = Passkey::generate("example.com", &Binary::new("x")).unwrap();
    let text = made.to_secret().unwrap();
    let pem = &text.expose_secret()[text.expose_secret().find("-----").unwrap()..];
    let passkey = Passkey::parse(&Secret::new(pem)).unwrap();

    let (options, state) = party.ask_to_enrol().unwrap();
    let request = RegistrationRequest::parse(&page(PAGE), &options).unwrap();
    let registration = passkey.register(&request).unwrap();
    party.enrol(registration.to_json(), &state).unwrap();

    let passkey = Passkey::parse(&Secret::new(pem)).unwrap();
    assert!(sign_in(&mut party, &passkey).is_ok());
}

#[test]
fn one_of_several_passkeys_signs_in() {
    let mut party = RelyingParty::new().unwrap();
    let passkeys = [enrol(&mut party), enrol(&mut party), enrol(&mut party)];

    for passkey in passkeys.iter().rev() {
        assert!(sign_in(&mut party, passkey).is_ok());
    }
    let stranger = Passkey::generate("example.com", &Binary::new("x")).unwrap();
    let (options, _) = party.ask_to_sign_in().unwrap();
    let refused = stranger.assert(&asked(&options, PAGE)).unwrap_err();
    assert_eq!(refused, PasskeyError::NotListed);
}

#[test]
fn a_login_without_a_list_finds_the_user_by_the_handle() {
    let mut party = RelyingParty::new().unwrap();
    let passkey = enrol(&mut party);

    let (options, state) = party.ask_who().unwrap();
    let user = party.sign_in_whoever(&answer(&passkey, &options), state);

    assert_eq!(user.unwrap().as_bytes(), party.user_handle());
}

#[test]
fn the_answer_to_another_page_is_refused() {
    let mut party = RelyingParty::new().unwrap();
    let passkey = enrol(&mut party);

    for other in ["https://other.example.com", "https://id.example.com:8443"] {
        let (options, state) = party.ask_to_sign_in().unwrap();
        let assertion = passkey.assert(&asked(&options, other)).unwrap();
        let judged = party.sign_in(assertion.to_json().expose_secret(), &state);
        assert!(
            matches!(
                judged,
                Err(Judgement::Refused(WebauthnError::InvalidRPOrigin))
            ),
            "{judged:?}"
        );
    }
    // And at a page that may not ask, nothing is signed at all.
    let (options, _) = party.ask_to_sign_in().unwrap();
    let evil = asked(&options, "https://id.example.com.evil.test");
    assert!(matches!(
        passkey.assert(&evil),
        Err(PasskeyError::ForeignRpId { .. })
    ));
}

#[test]
fn another_key_under_the_same_name_is_refused() {
    let mut party = RelyingParty::new().unwrap();
    let passkey = enrol(&mut party);
    let other = Passkey::generate("example.com", passkey.user_handle().unwrap()).unwrap();
    let text = other.to_secret().unwrap();
    let text = text.expose_secret().replace(
        &other.credential_id().to_base64url(),
        &passkey.credential_id().to_base64url(),
    );
    let forged = Passkey::parse(&Secret::new(text)).unwrap();

    let judged = sign_in(&mut party, &forged);

    assert!(
        matches!(
            judged,
            Err(Judgement::Refused(WebauthnError::AuthenticationFailure))
        ),
        "{judged:?}"
    );
}

#[test]
fn an_answer_is_good_for_one_challenge() {
    let mut party = RelyingParty::new().unwrap();
    let passkey = enrol(&mut party);
    let (options, _) = party.ask_to_sign_in().unwrap();
    let (_, other) = party.ask_to_sign_in().unwrap();

    let judged = party.sign_in(&answer(&passkey, &options), &other);

    assert!(
        matches!(
            judged,
            Err(Judgement::Refused(WebauthnError::MismatchedChallenge))
        ),
        "{judged:?}"
    );
}

#[test]
fn a_user_who_was_not_verified_is_refused() {
    let mut party = RelyingParty::new().unwrap();
    let passkey = enrol(&mut party);
    let (options, state) = party.ask_to_sign_in().unwrap();

    let request = asked(&options, PAGE).verify_user(false);
    let assertion = passkey.assert(&request).unwrap();
    let judged = party.sign_in(assertion.to_json().expose_secret(), &state);

    assert!(
        matches!(
            judged,
            Err(Judgement::Refused(WebauthnError::UserNotVerified))
        ),
        "{judged:?}"
    );
}

#[test]
fn jobs_that_overtake_each_other_all_get_in() {
    let mut party = RelyingParty::new().unwrap();
    let passkey = enrol(&mut party);
    let asked: Vec<_> = (0..4).map(|_| party.ask_to_sign_in().unwrap()).collect();
    let answers: Vec<_> = asked
        .iter()
        .map(|(options, _)| answer(&passkey, options))
        .collect();

    for (answer, (_, state)) in answers.iter().zip(&asked).rev() {
        party.sign_in(answer, state).unwrap();
    }
}

#[test]
fn the_clock_is_a_counter_that_the_server_takes() {
    let mut party = RelyingParty::new().unwrap();
    let zero = enrol(&mut party);
    let clock = zero.clone().with_sign_counter(SignCounter::Clock);

    assert_eq!(sign_in(&mut party, &zero).unwrap(), 0);
    assert!(sign_in(&mut party, &clock).unwrap() > 1_700_000_000);

    // From now on the server wants a counter that grows.
    let judged = sign_in(&mut party, &zero);
    assert!(
        matches!(
            judged,
            Err(Judgement::Refused(
                WebauthnError::CredentialPossibleCompromise
            ))
        ),
        "{judged:?}"
    );
}

#[test]
fn a_passkey_is_enrolled_once() {
    let mut party = RelyingParty::new().unwrap();
    let passkey = enrol(&mut party);

    let (options, _) = party.ask_to_enrol().unwrap();
    let request = RegistrationRequest::parse(&page(PAGE), &options).unwrap();

    assert_eq!(
        passkey.register(&request).unwrap_err(),
        PasskeyError::AlreadyRegistered
    );
}
