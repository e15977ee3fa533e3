//! The Classic engine: security keys and passkeys, played by a key of the test's own.

use std::error::Error;

use doorward_testkit::{OKTA_HOST, OktaFactor, Testbed, USER};
use serde_json::json;

use crate::driver::Page;
use crate::factor_login::{Login, asking, error};
use crate::security_key::Key;

const CHALLENGE: &str = "/_embedded/factor/_embedded/challenge/challenge";

/// Asks for a challenge and answers it
fn answer(login: &mut Login<'_>, factor: &OktaFactor, key: &Key) -> Result<Page, Box<dyn Error>> {
    login.verify(factor, json!({}))?;
    assert_eq!(login.state.string("/factorResult")?, "CHALLENGE");
    let challenge = login.state.string(CHALLENGE)?;
    login.next(key.sign(&challenge)?)
}

#[test]
fn a_signature_of_the_challenge_ends_the_login() -> Result<(), Box<dyn Error>> {
    let mut key = Key::new()?;
    let factor = key.factor(b"credential");
    let bed = asking(&factor)?;
    key.origin = bed.okta_url();
    let mut login = Login::start(&bed, USER)?;

    answer(&mut login, &factor, &key)?;

    assert_eq!(login.status()?, "SUCCESS");
    assert_eq!(login.finish()?.string("/displayName")?, USER);
    assert_eq!(bed.complaints(), Vec::<String>::new());
    Ok(())
}

#[test]
fn a_signature_for_anything_else_is_refused() -> Result<(), Box<dyn Error>> {
    for spoilt in 0..6 {
        let mut key = Key::new()?;
        let factor = key.factor(b"credential");
        let bed = asking(&factor)?;
        key.origin = bed.okta_url();
        match spoilt {
            0 => key.origin = bed.evil_url(),
            1 => key.origin = format!("https://{OKTA_HOST}"),
            2 => key.rp_id = "okta.test".to_owned(),
            3 => key.kind = "webauthn.create",
            4 => key.flags = 0x04,
            _ => key.pair = Key::new()?.pair,
        }
        let mut login = Login::start(&bed, USER)?;

        let refused = answer(&mut login, &factor, &key)?;

        assert_eq!(error(&refused)?, (403, "E0000068".to_owned()));
        assert_eq!(bed.complaints().len(), 1);
    }
    Ok(())
}

#[test]
fn a_signature_of_an_earlier_challenge_is_refused() -> Result<(), Box<dyn Error>> {
    let mut key = Key::new()?;
    let factor = key.factor(b"credential");
    let bed = asking(&factor)?;
    key.origin = bed.okta_url();
    let mut login = Login::start(&bed, USER)?;
    login.verify(&factor, json!({}))?;
    let earlier = login.state.string(CHALLENGE)?;

    login.verify(&factor, json!({}))?;
    assert_ne!(login.state.string(CHALLENGE)?, earlier);
    let refused = login.next(key.sign(&earlier)?)?;

    assert_eq!(error(&refused)?.1, "E0000068");
    Ok(())
}

#[test]
fn a_counter_that_stands_still_is_a_copy() -> Result<(), Box<dyn Error>> {
    let mut key = Key::new()?;
    let factor = key.factor(b"credential");
    let bed = asking(&factor)?;
    key.origin = bed.okta_url();
    key.counter = 7;
    answer(&mut Login::start(&bed, USER)?, &factor, &key)?;

    let copy = answer(&mut Login::start(&bed, USER)?, &factor, &key)?;

    assert_eq!(error(&copy)?.1, "E0000068");
    Ok(())
}

#[test]
fn several_keys_can_be_asked_at_once() -> Result<(), Box<dyn Error>> {
    let mut keys = [Key::new()?, Key::new()?];
    let factors = [keys[0].factor(b"key a"), keys[1].factor(b"key b")];
    let user = "mfa-required@acme.test";
    let bed = Testbed::builder()
        .enroll(user, &factors[0])
        .enroll(user, &factors[1])
        .start()?;
    for key in &mut keys {
        key.origin = bed.okta_url();
        let mut login = Login::start(&bed, user)?;
        let types = "/_embedded/factorTypes/0";
        let by_type = login.state.string(&format!("{types}/_links/next/href"))?;

        login.post(&by_type, json!({}))?;
        let listed = login.state.json()?;
        let listed = listed.pointer("/_embedded/factors").cloned();
        assert_eq!(
            listed.and_then(|list| list.as_array().map(Vec::len)),
            Some(2)
        );
        let challenge = login.state.string("/_embedded/challenge/challenge")?;
        login.next(key.sign(&challenge)?)?;

        assert_eq!(login.status()?, "SUCCESS");
    }
    let mut login = Login::start(&bed, user)?;
    let refused = answer(&mut login, &factors[0], &keys[1])?;
    assert_eq!(error(&refused)?.1, "E0000068");
    Ok(())
}

#[test]
fn one_key_has_no_link_for_several() -> Result<(), Box<dyn Error>> {
    let factor = Key::new()?.factor(b"credential");
    let bed = asking(&factor)?;
    let mut login = Login::start(&bed, USER)?;
    assert!(
        login
            .state
            .json()?
            .pointer("/_embedded/factorTypes")
            .is_none()
    );

    let made_up = format!("{}/api/v1/authn/factors/webauthn/verify", bed.okta_url());
    login.post(&made_up, json!({}))?;

    assert_eq!(login.status()?, "MFA_CHALLENGE");
    assert_eq!(bed.complaints().len(), 1);
    Ok(())
}

#[test]
fn an_assertion_has_three_parts() -> Result<(), Box<dyn Error>> {
    let key = Key::new()?;
    let factor = key.factor(b"credential");
    let bed = asking(&factor)?;
    let mut login = Login::start(&bed, USER)?;
    login.verify(&factor, json!({}))?;
    let mut parts = key.sign("challenge")?;
    parts
        .as_object_mut()
        .ok_or("no object")?
        .remove("authenticatorData");

    let refused = login.next(parts)?;

    assert_eq!(error(&refused)?, (400, "E0000001".to_owned()));
    Ok(())
}
