//! The Identity Engine: one meaning in many shapes.

use std::error::Error;

use doorward_testkit::{
    Accepts, IdxSwitches, MethodType, OktaFactor, PASSWORD, PushAnswer, RelatesTo, USER,
};
use serde_json::{Value, json};

use crate::idx_driver::{Login, bed, bed_with, okta_verify, passcode, two_steps};

fn approved() -> Vec<OktaFactor> {
    okta_verify(OktaFactor::push(PushAnswer::Approved, 0))
}

#[test]
fn forms_say_what_they_take_in_many_ways() -> Result<(), Box<dyn Error>> {
    for (accepts, expected) in [
        (Accepts::Json, Some("application/json; okta-version=1.0.0")),
        (Accepts::Vendor, Some("application/vnd.okta.v1+json")),
        (
            Accepts::Expression,
            Some("application\\/(vnd\\.okta\\.v1\\+)?json(;\\s*okta-version=.*)?"),
        ),
        (Accepts::Missing, None),
    ] {
        let bed = bed(IdxSwitches {
            accepts,
            ..IdxSwitches::default()
        })?;
        let mut login = Login::start(&bed)?;
        let form = login.form("identify")?;
        assert_eq!(form.get("accepts").and_then(Value::as_str), expected);

        login.send("identify", json!({"identifier": USER}))?;
        login.send("challenge-authenticator", passcode(PASSWORD))?;
        let document = login.document.json()?;
        assert_eq!(document.pointer("/success/method"), None);
        assert_eq!(login.finish()?.string("/displayName")?, USER);
        assert_eq!(bed.complaints(), Vec::<String>::new());
    }
    Ok(())
}

#[test]
fn options_have_two_layouts() -> Result<(), Box<dyn Error>> {
    for (option_form, pointer) in [
        (false, "/value/0/options/0/value/form/value/0/name"),
        (true, "/value/0/options/0/form/value/0/name"),
    ] {
        let otp = OktaFactor::totp("GOOGLE");
        let idx = IdxSwitches {
            option_form,
            straight_to_challenge: false,
            ..two_steps()
        };
        let bed = bed_with(idx, [&otp])?;
        let mut login = Login::start(&bed)?;
        login.send("identify", json!({"identifier": USER}))?;
        let form = login.form("select-authenticator-authenticate")?;
        assert_eq!(form.pointer(pointer), Some(&json!("id")));

        login.choose("okta_password", None)?;
        login.send("challenge-authenticator", passcode(PASSWORD))?;
        login.choose("google_otp", None)?;
        login.answer_code(&otp)?;

        assert_eq!(login.finish()?.string("/displayName")?, USER);
        assert_eq!(bed.complaints(), Vec::<String>::new());
    }
    Ok(())
}

#[test]
fn methods_are_values_or_options() -> Result<(), Box<dyn Error>> {
    let mut all = approved();
    all.push(OktaFactor::email());
    for (method_type, options, email_method) in [
        (MethodType::Mixed, 2, Some("email")),
        (MethodType::Options, 2, None),
        (MethodType::Value, 4, Some("email")),
    ] {
        let idx = IdxSwitches {
            method_type,
            ..two_steps()
        };
        let bed = bed_with(idx, &all)?;
        let mut login = Login::past_password(&bed)?;
        assert_eq!(login.options()?.len(), options);
        let email = login.option("okta_email")?;
        assert_eq!(
            email.get("methodType").and_then(Value::as_str),
            email_method
        );

        // Where the form demands a method, the id alone is not enough.
        if method_type != MethodType::Mixed {
            let alone = json!({"authenticator": {"id": email.get("id")}});
            assert!(
                login
                    .send("select-authenticator-authenticate", alone)
                    .is_err()
            );
            assert_eq!(bed.complaints().len(), 1);
        }
        login.choose("okta_email", Some("email"))?;
        let sent = bed.outbox();
        login.send(
            "challenge-authenticator",
            passcode(&sent.first().ok_or("none")?.code),
        )?;
        assert_eq!(login.finish()?.string("/displayName")?, USER);
    }
    Ok(())
}

#[test]
fn several_methods_need_one_chosen() -> Result<(), Box<dyn Error>> {
    let mut factors = approved();
    factors.extend([OktaFactor::sms(), OktaFactor::call()]);
    let bed = bed_with(two_steps(), &factors)?;
    let mut login = Login::past_password(&bed)?;
    let verify = login.option("okta_verify")?;
    for authenticator in [
        verify.clone(),
        json!({"id": verify.get("id"), "methodType": "otp"}),
        json!({"id": "autUnknown", "methodType": "totp"}),
        json!({"id": verify.get("id"), "methodType": "totp", "enrollmentId": "pae"}),
        json!({"id": verify.get("id"), "methodType": "totp", "channel": "totp"}),
    ] {
        let body = json!({"authenticator": authenticator});
        assert!(
            login
                .send("select-authenticator-authenticate", body)
                .is_err()
        );
    }
    assert_eq!(bed.complaints().len(), 5);
    assert_eq!(bed.factor_counts().pushes, 0);

    // A phone may be chosen alone, and asks how.
    login.choose("phone_number", None)?;
    assert_eq!(login.names()?, ["authenticator-verification-data"]);
    assert!(bed.outbox().is_empty());
    Ok(())
}

#[test]
fn two_of_one_kind_are_told_apart_by_their_enrolment() -> Result<(), Box<dyn Error>> {
    let phone = |to: &str| [OktaFactor::sms().to(to), OktaFactor::call().to(to)];
    let phones = [phone("+15551230001"), phone("+15551230002")].concat();
    let bed = bed_with(two_steps(), &phones)?;
    let mut login = Login::past_password(&bed)?;
    let options = login.options()?;
    let [first, second] = options.as_slice() else {
        return Err("not two options".into());
    };
    assert_eq!(first.get("id"), second.get("id"));
    assert_ne!(first.get("enrollmentId"), second.get("enrollmentId"));
    let form = login.form("select-authenticator-authenticate")?;
    let label = |at: usize| {
        form.pointer(&format!("/value/0/options/{at}/label"))
            .cloned()
    };
    assert_eq!(label(0), label(1));

    let without = json!({"authenticator": {"id": second.get("id"), "methodType": "sms"}});
    assert!(
        login
            .send("select-authenticator-authenticate", without)
            .is_err()
    );
    assert_eq!(bed.complaints().len(), 1);
    let mut second = second.clone();
    second["methodType"] = json!("sms");
    login.send(
        "select-authenticator-authenticate",
        json!({"authenticator": second}),
    )?;

    let sent = bed.outbox();
    assert_eq!(
        sent.first().map(|sent| sent.to.as_str()),
        Some("+15551230002")
    );
    Ok(())
}

#[test]
fn pointers_to_authenticators_have_many_shapes() -> Result<(), Box<dyn Error>> {
    for (relates_to, expected) in [
        (RelatesTo::Path, json!("$.currentAuthenticator")),
        (RelatesTo::List, json!(["$.currentAuthenticator"])),
        (
            RelatesTo::Dangling,
            json!("$.authenticatorEnrollments.value[97]"),
        ),
        (RelatesTo::Bare, json!("currentAuthenticator")),
    ] {
        let idx = IdxSwitches {
            relates_to,
            ..two_steps()
        };
        let bed = bed_with(idx, &[OktaFactor::totp("GOOGLE")])?;
        let login = Login::past_password(&bed)?;
        let form = login.form("challenge-authenticator")?;
        assert_eq!(form.get("relatesTo"), Some(&expected));
    }
    Ok(())
}

#[test]
fn labels_may_be_in_any_language() -> Result<(), Box<dyn Error>> {
    let otp = OktaFactor::totp("GOOGLE").label("Code vom Telefon");
    let other = OktaFactor::codes("token:hotp", "CUSTOM", &["12345678"]);
    let other = other.label("Google Authenticator");
    let bed = bed_with(two_steps(), &[other, otp.clone()])?;
    let mut login = Login::past_password(&bed)?;
    assert!(login.document.text.contains("Code vom Telefon"));

    login.choose("google_otp", None)?;
    login.answer_code(&otp)?;

    assert_eq!(login.finish()?.string("/displayName")?, USER);
    Ok(())
}
