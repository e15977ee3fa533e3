//! The Identity Engine: security keys and passkeys, played by a key of the test's own.

use std::error::Error;

use doorward_testkit::{IdxSwitches, OktaSwitches, USER};
use serde_json::{Value, json};

use crate::idx_driver::{Login, bed_with, enrolled, org, two_steps};
use crate::security_key::Key;

const DATA: &str = "/currentAuthenticator/value/contextualData/challengeData";

fn challenge(login: &Login<'_>) -> Result<String, Box<dyn Error>> {
    login.document.string(&format!("{DATA}/challenge"))
}

/// Answers with a signature; whether it was taken
fn answer(login: &mut Login<'_>, parts: Value) -> Result<bool, Box<dyn Error>> {
    login.send("challenge-authenticator", json!({"credentials": parts}))?;
    Ok(login.document.status == 200)
}

#[test]
fn a_key_must_sign_for_this_page_and_this_challenge() -> Result<(), Box<dyn Error>> {
    let mut key = Key::new()?;
    let okta = OktaSwitches {
        factor_lock_after: 100,
        ..org(IdxSwitches {
            user_verification: true,
            ..two_steps()
        })
    };
    let bed = enrolled(okta, &[key.factor(b"credential")])?;
    for spoilt in 0..6 {
        let mut login = Login::past_password(&bed)?;
        let told = format!("{DATA}/userVerification");
        assert_eq!(login.document.string(&told)?, "required");
        let id = "/authenticatorEnrollments/value/1/credentialId";
        assert_eq!(login.document.string(id)?, "Y3JlZGVudGlhbA");
        let mut asked = challenge(&login)?;
        key.origin = bed.okta_url();
        key.rp_id = "acme.okta.test".to_owned();
        key.flags = 5;
        match spoilt {
            0 => key.rp_id = "evil.test".to_owned(),
            1 => key.origin = bed.evil_url(),
            2 => key.flags = 1,
            3 => key.flags = 4,
            4 => asked = "AAAA".to_owned(),
            _ => {}
        }

        let good = answer(&mut login, key.sign(&asked)?)?;

        assert_eq!(good, spoilt == 5, "{spoilt}");
        match good {
            true => assert_eq!(login.finish()?.string("/displayName")?, USER),
            false => assert_eq!(login.field_message()?, "authfactor.webauthn.error"),
        }
    }
    assert_eq!(bed.complaints().len(), 5);
    assert_eq!(bed.factor_counts().wrong, 5);
    Ok(())
}

#[test]
fn any_key_of_the_account_may_sign() -> Result<(), Box<dyn Error>> {
    let mut keys = [Key::new()?, Key::new()?];
    let factors = [keys[0].factor(b"key a"), keys[1].factor(b"key b")];
    let bed = bed_with(two_steps(), &factors)?;
    for key in &mut keys {
        key.origin = bed.okta_url();
        let mut login = Login::past_password(&bed)?;
        // They are one choice, so there is none to make.
        assert_eq!(login.names()?, ["challenge-authenticator"]);
        let ids = [1, 2].map(|place| {
            let pointer = format!("/authenticatorEnrollments/value/{place}/credentialId");
            login.document.string(&pointer).unwrap_or_default()
        });
        assert_eq!(ids, ["a2V5IGE", "a2V5IGI"]);
        let own = "/currentAuthenticator/value/credentialId";
        assert!(login.document.string(own).is_err());

        let asked = challenge(&login)?;

        assert!(answer(&mut login, key.sign(&asked)?)?);
        assert_eq!(login.finish()?.string("/displayName")?, USER);
    }
    let mut stranger = Key::new()?;
    stranger.origin = bed.okta_url();
    let mut login = Login::past_password(&bed)?;
    let asked = challenge(&login)?;
    assert!(!answer(&mut login, stranger.sign(&asked)?)?);
    assert_eq!(bed.complaints().len(), 1);
    Ok(())
}

#[test]
fn a_counter_that_stands_still_is_a_copy_in_both_engines() -> Result<(), Box<dyn Error>> {
    let mut key = Key::new()?;
    key.counter = 7;
    let bed = bed_with(two_steps(), &[key.factor(b"credential")])?;
    key.origin = bed.okta_url();
    for good in [true, false] {
        let mut login = Login::past_password(&bed)?;
        let asked = challenge(&login)?;

        assert_eq!(answer(&mut login, key.sign(&asked)?)?, good);
    }
    assert_eq!(bed.complaints().len(), 1);
    Ok(())
}

#[test]
fn an_assertion_is_written_in_standard_base64() -> Result<(), Box<dyn Error>> {
    let mut key = Key::new()?;
    let bed = bed_with(two_steps(), &[key.factor(b"credential")])?;
    key.origin = bed.okta_url();
    let mut login = Login::past_password(&bed)?;
    let asked = challenge(&login)?;
    let mut parts = key.sign(&asked)?;
    for (_, part) in parts.as_object_mut().ok_or("no object")? {
        let plain = part.as_str().unwrap_or_default();
        *part = json!(
            plain
                .replace('+', "-")
                .replace('/', "_")
                .trim_end_matches('=')
        );
    }

    assert!(!answer(&mut login, parts)?);

    assert_eq!(bed.complaints().len(), 1);
    Ok(())
}
